import { isDeepStrictEqual } from "node:util";
import { type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import { ANNOTATIONS } from "../../../operator/reconcile/object.ts";
import { expectCount, pass } from "../oracles.ts";
import { among, inRoom, operations, type Room } from "../room.ts";
import type { RunOptions, Scenario } from "../scenario.ts";
import type { LiveSubject } from "../subject.ts";

/** The operators' resync, ten minutes, with what it is spread by and a minute to put things right. */
const RESYNC_MS = 13 * 60_000;

export const drift: Scenario = {
  faults: [24],
  title: "somebody changes what is ours, past us",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => Object.keys(on.tamper).length > 0),
      options,
      4,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        const subject = await room.subject(tried);
        await room.ready(subject);
        for (const part of partsOf(tried, options)) {
          await room.plan(`${titleOf(tried)}: ${part}, to be put right`, () => corrected(room, subject, part));
          await room.plan(`${titleOf(tried)}: ${part}, to be told`, () => reported(room, subject, part));
        }
      }
    });
  },
};

const partsOf = ({ on }: Tried, { short, dice }: RunOptions): readonly string[] =>
  short ? [dice.oneOf(Object.keys(on.tamper))] : Object.keys(on.tamper);

const fieldOf = (part: string): string => part.split(":")[0] ?? part;

async function corrected(room: Room, subject: LiveSubject, part: string): Promise<void> {
  const { lane, scribe, holds } = room;
  const { on } = subject.tried;
  await pass(lane, 2 * 60_000);
  await on.tamper[part]?.(subject.seen());
  const [written, since, from] = [room.mark(), lane.clock.monotonic(), lane.evidence.told.length];
  await lane.until("it is put right", () => written().length > 0, { explain: subject.told });
  const took = lane.clock.monotonic() - since;
  scribe.hit();
  holds("within one resync", took <= RESYNC_MS, () => `after ${Math.round(took / 1000)} s`);
  await lane.until(`${subject.title} Ready`, subject.isReady, { explain: subject.told });
  await pass(lane, 2 * RESYNC_MS);
  // What a cloud has no field for stands in a tag, so it is what was told that names it.
  const touched = new Set(written().flatMap((write) => on.touches(write)));
  holds("only what differs is written", touched.size <= 1, () => [...touched].join());
  const told = lane.evidence.told.slice(from).filter((one) => one.includes('"DriftCorrected"'));
  const isRight = told.length <= 1 && told.every((one) => one.includes(fieldOf(part)));
  holds("it is told once, by its name", isRight, () => told.join());
  holds(
    "by one update",
    isEachOnce(written().map(({ operation, request }) => `${operation} ${JSON.stringify(request)}`)),
    () => operations(written()),
  );
}

const isEachOnce = (writes: readonly string[]): boolean => new Set(writes).size === writes.length;

async function reported(room: Room, subject: LiveSubject, part: string): Promise<void> {
  const { lane, scribe, holds } = room;
  await room.ready(subject, { driftPolicy: "Report" });
  await subject.tried.on.tamper[part]?.(subject.seen());
  const written = room.mark();
  const isTold = async () => {
    await subject.find();
    return subject.says("Drifted")?.status === "True";
  };
  await lane.until("it is told", isTold, { explain: subject.told });
  scribe.hit();
  await pass(lane, RESYNC_MS);
  holds("nothing is written", written().length === 0, () => operations(written()));
  const fields = (subject.seen().object.status?.drift ?? []).map(({ field }) => field);
  holds("status names the field", isDeepStrictEqual(fields, [fieldOf(part)]), () => fields.join());
  await room.ready(subject);
  const isPutRight = async () => {
    await subject.find();
    return subject.says("Drifted") === undefined;
  };
  await lane.until("it is put right after all", isPutRight, { explain: subject.told });
}

export const others: Scenario = {
  faults: [25],
  title: "somebody changes what we do not manage",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => on.tag),
      options,
      4,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      const subjects: LiveSubject[] = [];
      for (const tried of kinds) {
        const subject = await room.subject(tried);
        subjects.push(subject);
        await room.ready(subject);
      }
      await room.plan(kinds.map(titleOf).join(", "), async () => {
        for (const { tried, seen } of subjects) await tried.on.tag?.(seen(), "theirs", "x");
        room.scribe.hit();
        const before = await Promise.all(subjects.map((one) => one.snapshot()));
        const written = room.mark();
        await pass(lane, 3 * RESYNC_MS);
        room.holds("nothing is written", written().length === 0, () => operations(written()));
        const after = await Promise.all(subjects.map((one) => one.snapshot()));
        for (const [index, { title }] of subjects.entries())
          room.holds("theirs stays", isDeepStrictEqual(before[index], after[index]), () => title);
      });
    });
  },
};

export const deletedBehind: Scenario = {
  faults: [26],
  title: "somebody deletes what is ours, past us",
  async *run(lane, options) {
    const withData = lane.kinds.filter(({ kind }) => kind.leaf.dataBearing);
    const without = lane.kinds.filter(({ kind }) => !kind.leaf.dataBearing);
    const kinds = [...among(withData, options, 2), ...among(without, options, 3)];
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) await room.plan(titleOf(tried), () => removed(room, tried));
    });
  },
};

async function removed(room: Room, tried: Tried): Promise<void> {
  const { lane, scribe, holds } = room;
  const subject = await room.subject(tried);
  await room.ready(subject);
  // What is young is waited for: that is another fault.
  await pass(lane, 2 * 60_000);
  await tried.on.remove(subject.seen());
  scribe.hit();
  const written = room.mark();
  const isLost = async () => {
    await subject.find();
    return subject.says("Ready")?.reason === "DataLost";
  };
  if (tried.kind.leaf.dataBearing && !tried.on.restores) {
    await lane.until("the loss is told", isLost, { explain: subject.told });
    await pass(lane, RESYNC_MS);
    holds("no empty one is made in silence", written().length === 0, () => operations(written()));
    const word = subject.seen().object.status?.approval?.word ?? "";
    await subject.patch({ metadata: { annotations: { [ANNOTATIONS.approve]: word } } });
  }
  if (tried.on.nameHeld) lane.side.cloud.advance(tried.on.nameHeld.ms);
  await lane.until("it is made again", () => written().length > 0, { explain: subject.told });
  await lane.until(`${subject.title} Ready`, subject.isReady, { explain: subject.told });
  await expectCount(subject, 1, scribe);
}
