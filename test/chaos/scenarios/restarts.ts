import type { Over } from "../../../operator/provider/conformance/kind-under-test.ts";
import { byKind, type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import type { LeafSpec } from "../../../operator/reconcile/leaf-object.ts";
import { applyTo } from "../../support/managed.ts";
import { secretOf } from "../../support/side.ts";
import type { Lane } from "../lane.ts";
import { beginShift, type Shift } from "../life.ts";
import { expectCount, expectNoSecrets, expectQuiet } from "../oracles.ts";
import { createScribe, type Outcome, type Scribe } from "../report.ts";
import type { RunOptions, Scenario } from "../scenario.ts";
import { type LiveSubject, liveSubject } from "../subject.ts";

interface Play {
  readonly lane: Lane;
  readonly scribe: Scribe;
  readonly namespace: string;
  readonly shift: Shift;
}

/** A scenario in a namespace of its own, with an operator of its own in this process. */
const inNamespace = (
  faults: readonly number[],
  title: string,
  play: (play: Play, options: RunOptions) => Promise<void>,
  notOn: Scenario["notOn"] = {},
): Scenario => ({
  faults,
  title,
  notOn,
  async *run(lane, options): AsyncIterable<Outcome> {
    const scribe = createScribe(title, lane.side.name);
    const namespace = await lane.namespace();
    const shift = await beginShift(lane, namespace);
    try {
      await play({ lane, scribe, namespace, shift }, options);
    } catch (error) {
      scribe.violation("U1 it converges", (error as Error).stack ?? String(error));
    } finally {
      await shift.end();
      await lane.cluster.kubectl(["delete", "namespace", namespace, "--wait=false"]);
    }
    yield scribe.outcome();
  },
});

const kindNamed = (lane: Lane, title: string): Tried => {
  const found = lane.kinds.find((one) => titleOf(one) === title);
  if (!found) throw new Error(`There is no kind ${title}.`);
  return found;
};

/** One object of each kind, with what it refers to, all Ready. */
async function oneOfEach({ lane, namespace }: Play): Promise<readonly LiveSubject[]> {
  const known = byKind(lane.kinds);
  const subjects = new Map<string, { readonly one: LiveSubject; readonly over: Over | undefined }>();
  const add = (tried: Tried, name: string, over?: Over): void => {
    const key = `${tried.kind.leaf.kind}/${name}`;
    if (subjects.has(key)) return;
    for (const reference of tried.kind.leaf.references(tried.kind.spec(over) as LeafSpec)) {
      const other = known.get(reference.kind);
      if (!other) throw new Error(`${titleOf(tried)} refers to a ${reference.kind}, which is not among the kinds.`);
      add(other, reference.name, tried.kind.companions?.[`${reference.kind}/${reference.name}`]);
    }
    subjects.set(key, { one: liveSubject(lane, tried, namespace, name), over });
  };
  for (const [index, tried] of lane.kinds.entries()) add(tried, `one-${index}`);
  for (const { one, over } of subjects.values()) await one.apply(over);
  const all = [...subjects.values()].map(({ one }) => one);
  for (const one of all) await lane.until(`${one.title}`, one.isReady, { explain: one.told });
  return all;
}

export const restarted = inNamespace(
  [39],
  "another version of the operator takes over, and the one before it again",
  async (play) => {
    const { lane, scribe, shift } = play;
    const subjects = await oneOfEach(play);
    await expectQuiet(lane, scribe);
    for (const version of ["the next", "the one before"]) {
      scribe.plan(`${version} finds ${subjects.length} objects of all kinds`);
      const from = lane.wire.passed.length;
      await shift.relieve();
      scribe.hit();
      await expectQuiet(lane, scribe);
      for (const { side, operation, mutating, target, body } of lane.wire.passed.slice(from))
        if (mutating && !operation.includes("environments"))
          scribe.violation("an upgrade writes nothing", `${side}: ${operation} ${target} ${body.slice(0, 400)}`);
      for (const one of subjects) await expectCount(one, 1, scribe);
    }
  },
);

const ROTATED = "111111111111";

export const rotatedCredentials = inNamespace(
  [38],
  "the credentials of an Environment are replaced while it works",
  async ({ lane, scribe, namespace }) => {
    if (lane.side.name !== "aws") throw new Error("There are no credentials to see.");
    const { proxy } = lane.side.cloud;
    const before = liveSubject(lane, kindNamed(lane, "Queue"), namespace, "before");
    await before.apply();
    await lane.until("a Queue by the old credentials", before.isReady, { explain: before.told });
    scribe.plan("another key id and another secret key");
    const [first = ""] = lane.canaries;
    const renewed = `${first}-renewed`;
    lane.canaries.push(renewed);
    const credentials = (id: string, secret: string) =>
      applyTo(lane.cluster, secretOf({ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret }));
    const signedBy = (id: string, from: number) =>
      proxy.calls.slice(from).some(({ headers }) => headers.authorization?.includes(`Credential=${id}/`));
    const from = proxy.calls.length;
    await credentials(ROTATED, renewed);
    await lane.until("a call with the new credentials", () => signedBy(ROTATED, from));
    scribe.hit();
    const later = proxy.calls.length;
    await credentials("test", first);
    await lane.until("a call with the old ones again", () => signedBy("test", later));
    await expectNoSecrets(lane, scribe);
  },
  { gcp: "the emulator asks for no credentials; adapters/gcp/credentials.test.ts has them" },
);

/** So many of the waiting objects may have been looked at before a user is served: those that were under way, and some. */
const SERVED_WITHIN = 25;

export const userFirst = inNamespace(
  [40],
  "a user's change comes first while everything is looked at anew",
  async ({ lane, scribe, namespace, shift }, { short }) => {
    const tried = kindNamed(lane, "Queue");
    const many = Array.from({ length: short ? 60 : 300 }, (_, n) => liveSubject(lane, tried, namespace, `many-${n}`));
    await Promise.all(many.map((one) => one.apply()));
    for (const one of many) await lane.until("many Queues", one.isReady, { explain: one.told });
    const user = liveSubject(lane, tried, namespace, "user");
    scribe.plan(`a restart with ${many.length} Queues, and a new one`);
    const from = lane.wire.passed.length;
    await shift.relieve();
    await user.apply();
    scribe.hit();
    await lane.until("the user's Queue", user.isReady, { explain: user.told });
    const cloud = lane.wire.passed.slice(from).filter(({ side }) => side === "cloud");
    const served = cloud.findIndex(({ operation }) => operation === tried.on.makes[0]);
    const [look] = LOOKS[lane.side.name];
    const asked = cloud.findIndex(({ target, body }) => `${target} ${body}`.includes("user-"));
    const before = cloud.slice(0, asked < 0 ? served : asked).filter(({ operation }) => operation === look).length;
    if (before > SERVED_WITHIN && before < many.length)
      scribe.violation("users come before resyncs", `${before} of ${many.length} were looked at first`);
    for (const one of many) await expectCount(one, 1, scribe);
  },
);

/** The first thing that is asked of a queue. */
const LOOKS = { aws: ["GetQueueAttributes"], gcp: ["GetSubscription"] } as const;
