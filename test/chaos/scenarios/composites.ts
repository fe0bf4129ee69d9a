import { isDeepStrictEqual } from "node:util";
import type { Over } from "../../../operator/provider/conformance/kind-under-test.ts";
import { type CrashPoint, pointsOf } from "../crash.ts";
import type { Lane } from "../lane.ts";
import { ACTS, type Act, beginShift, run, type Shift } from "../life.ts";
import { expectNoSecrets, expectQuiet, pass } from "../oracles.ts";
import { createScribe, type Outcome, type Scribe } from "../report.ts";
import type { RunOptions, Scenario } from "../scenario.ts";
import { boundQueue, type LiveComposite, liveService, OTHER_SERVICE } from "../services.ts";
import { liveTenant, OTHER_TENANT, tenancyIn } from "../tenants.ts";
import type { Passing } from "../wire.ts";

/** So many lives in the short form. */
const SHORT = 3;
/** Time of the lane after which nothing more comes of an act, in ms. */
const SETTLED_MS = 60_000;

/** What the API server gives by chance, and what hangs on the ports through which an operator reaches its cloud. */
const CHANCE = [/10\.96\.\d+\.\d+/g, /127\.0\.0\.1:\d+/g, /(?<=config-hash":")[0-9a-f]+/g];

type Children = ReadonlyMap<string, unknown>;
/** What an act comes to when nothing goes wrong. */
interface Usual {
  readonly writes: readonly Passing[];
  readonly children: Children;
}

/** A composite kind that is tried. */
interface Composite {
  readonly kind: string;
  /** What the update asks for. */
  readonly edit: Over;
  /** Which objects its operators look after. */
  readonly everywhere: boolean;
  /** Makes what each one needs. @returns what every spec has besides */
  provide(lane: Lane, namespace: string): Promise<Over>;
  live(lane: Lane, namespace: string, name: string, always: Over): LiveComposite;
}

const COMPOSITES: readonly Composite[] = [
  { kind: "OnyxService", edit: OTHER_SERVICE, everywhere: false, provide: boundQueue, live: liveService },
  {
    kind: "Tenant",
    edit: OTHER_TENANT,
    everywhere: true,
    provide: tenancyIn,
    live: (lane, _namespace, name, always) => liveTenant(lane, name, always),
  },
];

interface Life {
  readonly lane: Lane;
  readonly shift: Shift;
  readonly composite: Composite;
  readonly namespace: string;
  readonly name: string;
  readonly always: Over;
  readonly scribe: Scribe;
  readonly usual?: Readonly<Record<Act, Usual>>;
  readonly points?: Readonly<Partial<Record<Act, CrashPoint | undefined>>>;
}

/** A composite from its first to its last day, with a crash in each act. */
async function live(life: Life): Promise<Record<Act, Usual>> {
  const { lane, shift, scribe, composite, namespace, name, always, usual, points } = life;
  const subject = composite.live(lane, namespace, name, always);
  /** Without the name, and without what the API server gives by chance. */
  const children = async (): Promise<Children> =>
    new Map(
      [...(await subject.children())].map(([title, said]) => [
        title.replaceAll(name, "its"),
        JSON.parse(
          CHANCE.reduce((text, one) => text.replaceAll(one, "any"), JSON.stringify(said).replaceAll(name, "its")),
        ),
      ]),
    );
  const made = {} as Record<Act, Usual>;
  for (const act of ACTS) {
    const point = points?.[act];
    const before = usual?.[act];
    if (point)
      scribe.plan(`${act}, ${point.moment} write ${point.write} (${before?.writes[point.write - 1]?.operation})`);
    const options = { lane, shift, subject, act, edit: composite.edit, point, scribe, usual: before?.writes };
    const { writes } = await run(options);
    if (!before) {
      await pass(lane, SETTLED_MS);
      made[act] = { writes, children: await children() };
      continue;
    }
    const same = async () => isDeepStrictEqual(await children(), before.children);
    await lane.until("the same children as ever", same).catch(async () => {
      scribe.violation("it is made of what it is always made of", differences(await children(), before.children));
    });
  }
  return made;
}

/** Where two sets of children differ. */
function differences(found: Children, wanted: Children): string {
  const titles = [...new Set([...found.keys(), ...wanted.keys()])];
  return titles
    .filter((title) => !isDeepStrictEqual(found.get(title), wanted.get(title)))
    .map((title) => `${title}: ${JSON.stringify(found.get(title))}, not ${JSON.stringify(wanted.get(title))}`)
    .join("; ");
}

async function crashesOf(composite: Composite, lane: Lane, { short, dice }: RunOptions): Promise<Outcome> {
  const namespace = await lane.namespace();
  const scribe = createScribe(`crash at every write: ${composite.kind}`, lane.side.name);
  const shift = await beginShift(lane, composite.everywhere ? undefined : namespace);
  try {
    const always = await composite.provide(lane, namespace);
    const common = { lane, shift, composite, namespace, scribe, always };
    const usual = await live({ ...common, name: "the-usual-one" });
    for (const act of ACTS)
      if (usual[act].writes.length === 0) scribe.violation("U1 it converges", `${act}: nothing is written at all`);
    if (usual.delete.children.size > 0)
      scribe.violation("nothing is left after deletion", [...usual.delete.children.keys()].join(", "));
    const points = ACTS.map((act) => dice.shuffled(pointsOf(usual[act].writes)));
    const lives = Math.min(short ? SHORT : Number.POSITIVE_INFINITY, Math.max(...points.map((of) => of.length)));
    for (let n = 0; n < lives; n++) {
      const at = Object.fromEntries(ACTS.map((act, index) => [act, points[index]?.[n]]));
      await live({ ...common, name: `the-crashed-one-${n}`, usual, points: at });
    }
    await expectQuiet(lane, scribe);
    await expectNoSecrets(lane, scribe);
  } catch (error) {
    scribe.violation("the harness itself", (error as Error).stack ?? String(error));
  } finally {
    lane.wire.tap(undefined);
    await shift.end();
    await lane.leave(namespace);
  }
  return scribe.outcome();
}

export const compositeCrashes: Scenario = {
  faults: [1, 2, 3],
  title: "the operator dies at each write of a service or tenant and of its children",
  async *run(lane, options) {
    for (const composite of COMPOSITES)
      if (!options.kinds || options.kinds.has(composite.kind)) yield await crashesOf(composite, lane, options);
  },
};
