import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { type Tried, titleOf } from "../../operator/provider/conformance/tried.ts";
import { companionsIn } from "./companions.ts";
import { type CrashPoint, pointsOf } from "./crash.ts";
import type { Lane } from "./lane.ts";
import { ACTS, type Act, beginShift, run, type Shift } from "./life.ts";
import { expectNoSecrets, expectQuiet } from "./oracles.ts";
import { createScribe, type Outcome, type Scribe } from "./report.ts";
import { type LiveSubject, liveSubject } from "./subject.ts";
import { watchTruth } from "./truth.ts";
import type { Passing } from "./wire.ts";

/** What is written in each act when nothing goes wrong. */
type Learnt = Readonly<Record<Act, readonly Passing[]>>;

export interface CrashOptions {
  /** So many lives of each kind at most; absent: all points of all acts. */
  readonly lives?: number | undefined;
  /** Which of the points come first, where not all are tried. */
  readonly shuffled: <T>(items: readonly T[]) => T[];
}

/**
 * Faults 1 to 3: the operator dies at each write of a create, an update and a delete, before it is sent, before it is
 * answered and after that; after Sieve (Sun et al., OSDI 2022). One life of an object goes through all three acts, with one
 * crash in each.
 */
export async function crashes(lane: Lane, tried: Tried, options: CrashOptions): Promise<readonly Outcome[]> {
  const namespace = await lane.namespace();
  const scribes = {} as Record<Act, Scribe>;
  for (const act of ACTS)
    scribes[act] = createScribe(`crash at every write, ${act}: ${titleOf(tried)}`, lane.side.name);
  const truth = await watchTruth(lane, namespace);
  const shift = await beginShift(lane, namespace);
  try {
    const edit = await prepare(lane, tried, namespace);
    const usual = await live({ lane, shift, subject: liveSubject(lane, tried, namespace, "usual"), edit, scribes });
    for (const act of ACTS)
      if (usual[act].length === 0) scribes[act].violation("U1 it converges", "nothing is written at all");
    const points = ACTS.map((act) => options.shuffled(pointsOf(usual[act])));
    const lives = Math.min(options.lives ?? Number.POSITIVE_INFINITY, Math.max(...points.map((of) => of.length)));
    for (let n = 0; n < lives; n++) {
      const subject = liveSubject(lane, tried, namespace, `life-${n}`);
      const at = Object.fromEntries(ACTS.map((act, index) => [act, points[index]?.[n]]));
      await live({ lane, shift, subject, edit, scribes, usual, points: at });
    }
    await expectQuiet(lane, scribes.delete);
    await expectNoSecrets(lane, scribes.delete);
  } catch (error) {
    scribes.create.violation("the harness itself", (error as Error).stack ?? String(error));
  } finally {
    lane.wire.tap(undefined);
    await shift.end();
    await truth.stop();
    truth.judge(scribes.delete);
    await lane.leave(namespace);
  }
  return ACTS.map((act) => scribes[act].outcome());
}

/** What the object refers to is there, and Ready. @returns an edit of as many fields as can be changed at once */
export async function prepare(lane: Lane, tried: Tried, namespace: string): Promise<Over> {
  await companionsIn(lane, namespace).provide(tried, [undefined, ...tried.kind.edits.map(({ spec }) => spec)]);
  const subject = liveSubject(lane, tried, namespace, "edits");
  let edit: Over = {};
  // What a cloud keeps for days after its deletion can't be told from what was left behind.
  const edits = tried.kind.edits.filter(({ fields }) => !fields.includes("recoveryDays"));
  for (const { spec } of edits) if (await subject.accepts({ ...edit, ...spec })) edit = { ...edit, ...spec };
  return edit;
}

interface LifeOptions {
  readonly lane: Lane;
  readonly shift: Shift;
  readonly subject: LiveSubject;
  readonly edit: Over;
  readonly scribes: Readonly<Record<Act, Scribe>>;
  readonly usual?: Learnt;
  readonly points?: Readonly<Partial<Record<Act, CrashPoint | undefined>>>;
}

async function live({ usual, points, scribes, ...life }: LifeOptions): Promise<Learnt> {
  const written = {} as Record<Act, readonly Passing[]>;
  for (const act of ACTS) {
    const point = points?.[act];
    const scribe = scribes[act];
    if (point)
      scribe.plan(
        `${act} ${life.subject.title}, ${point.moment} write ${point.write} (${usual?.[act][point.write - 1]?.operation})`,
      );
    written[act] = (await run({ ...life, act, point, scribe, usual: usual?.[act] })).writes;
  }
  return written;
}
