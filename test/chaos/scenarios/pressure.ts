import type { Trouble } from "../../../operator/provider/conformance/cloud-under-test.ts";
import { type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import type { Lane } from "../lane.ts";
import { expectCount, expectNoSurprise, pass } from "../oracles.ts";
import { among, inRoom, type Room } from "../room.ts";
import type { Scenario } from "../scenario.ts";
import type { LiveSubject } from "../subject.ts";

/** How long the trouble goes on, in the lane's time. */
const THROTTLED_MS = 2 * 60_000;
const THROTTLED_SHARE = 0.8;
/** So many objects of each kind. */
const EACH = 3;
/** Of one object in two minutes, by waits that double from one second: 1, 2, 4, … 64. */
const TRIES = 8;

async function crowd(room: Room, kinds: readonly Tried[], each: number): Promise<LiveSubject[]> {
  const subjects: LiveSubject[] = [];
  for (const tried of kinds) for (let n = 0; n < each; n++) subjects.push(await room.subject(tried));
  return subjects;
}

async function allReady({ lane }: Room, subjects: readonly LiveSubject[], what: string): Promise<void> {
  const areReady = async () => (await Promise.all(subjects.map((one) => one.isReady()))).every(Boolean);
  await lane.until(what, areReady, { explain: () => subjects.map((one) => one.told()).join("\n") });
}

export const throttled: Scenario = {
  faults: [18],
  title: "the cloud refuses four of five calls for being too many",
  async *run(lane, options) {
    const plain = lane.kinds.filter(({ kind }) => kind.leaf.references(kind.spec()).length === 0);
    const kinds = among(plain, options, 3);
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, (room) =>
      room.plan(`${EACH} each of ${kinds.map(titleOf).join(", ")}`, async () => {
        const usual = await crowd(room, kinds, EACH);
        const needed = countCalls(lane);
        for (const one of usual) await one.apply();
        await allReady(room, usual, "all Ready, as a measure");
        const least = needed();
        const subjects = await crowd(room, kinds, EACH);
        const made = countCalls(lane);
        lane.side.cloud.troubleSome("throttled", THROTTLED_SHARE);
        for (const one of subjects) await one.apply();
        await pass(lane, THROTTLED_MS, 1_000);
        lane.side.cloud.heal();
        await allReady(room, subjects, "all Ready after the throttling");
        room.scribe.hit();
        const calls = made();
        const most = 1.5 * (least + subjects.length * TRIES);
        room.holds("few calls are wasted", calls <= most, () => `${calls} calls, where ${least} do: more than ${most}`);
        for (const one of subjects) {
          const said = [...room.truth.said(one)];
          room.holds(
            "nobody has to do anything",
            !said.some((word) => word.startsWith("Stalled=True")),
            () => `${one.title} said ${said.join(" ")}`,
          );
          await expectCount(one, 1, room.scribe);
        }
      }),
    );
  },
};

/** Counts calls from now on: those too that are refused at the cloud's door, which no tap sees. */
function countCalls({ side, wire }: Lane): () => number {
  if (side.name === "aws") {
    const { calls } = side.cloud.proxy;
    const from = calls.length;
    return () => calls.length - from;
  }
  const from = wire.passed.length;
  return () => wire.passed.slice(from).filter((one) => one.side === "cloud").length;
}

/** How long the cloud is unwell, in the lane's time. */
const UNWELL_MS = 5 * 60_000;
const UNWELL: readonly Trouble[] = ["unavailable", "refused", "lost", "cut", "empty"];

export const unwell: Scenario = {
  faults: [19],
  title: "the cloud fails: its errors, broken connections, answers cut off or empty",
  async *run(lane, options) {
    const kinds = among(lane.kinds, options, 2);
    if (kinds.length === 0) return;
    const troubles = UNWELL.filter((one) => lane.side.cloud.troubles.has(one));
    yield await inRoom(lane, this.title, async (room) => {
      for (const trouble of troubles)
        await room.plan(`${trouble}: ${kinds.map(titleOf).join(", ")}`, () => outage(room, kinds, trouble));
    });
  },
};

async function outage(room: Room, kinds: readonly Tried[], trouble: Trouble): Promise<void> {
  const { lane, scribe, truth, holds } = room;
  const [living, young] = [await crowd(room, kinds, 1), await crowd(room, kinds, 1)];
  for (const one of living) await one.apply();
  await allReady(room, living, "all Ready");
  await pass(lane, 2 * 60_000);
  const turnsBefore = living.map((one) => truth.turns(one));
  const [told, from] = [lane.evidence.told.length, lane.wire.passed.length];
  lane.side.cloud.troubleSome(trouble, 1);
  for (const one of young) await one.apply();
  for (const one of living)
    await one.patch({ metadata: { annotations: { "onyx.onelens.io/reconcile-requested-at": trouble } } });
  const isTold = async () => {
    await Promise.all([...living, ...young].map((one) => one.find()));
    return [...living, ...young].every((one) => one.says("Synced")?.reason === "CloudError");
  };
  await lane.until("it is told", isTold, { explain: () => [...living, ...young].map((one) => one.told()).join("\n") });
  scribe.hit();
  await pass(lane, UNWELL_MS, 5_000);
  for (const [index, one] of living.entries()) {
    await one.find();
    holds("what worked works on", one.says("Ready")?.status === "True", one.told);
    const turns = truth.turns(one) - (turnsBefore[index] ?? 0);
    holds(
      "status says so once",
      turns === 1,
      () => `${one.title} said something else ${turns} times: ${[...truth.said(one)]}`,
    );
  }
  for (const { title, name } of [...living, ...young]) {
    const events = lane.evidence.told.slice(told).filter((one) => one.includes(`"${name}"`));
    holds(
      "no more than an event a minute",
      events.length <= UNWELL_MS / 60_000,
      () => `${title}: ${events.length} events`,
    );
  }
  expectNoSurprise(lane.wire.passed.slice(from), [], scribe);
  lane.side.cloud.heal();
  await allReady(room, [...living, ...young], "all Ready after the outage");
  for (const one of [...living, ...young]) await expectCount(one, 1, scribe);
}
