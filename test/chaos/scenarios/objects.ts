import { type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import { expectCount, pass } from "../oracles.ts";
import { among, inRoom, operations, type Room } from "../room.ts";
import type { Scenario } from "../scenario.ts";

export const immutableField: Scenario = {
  faults: [29],
  title: "a field is changed that no living resource can change",
  async *run(lane, options) {
    const cloud = lane.side.name;
    const frozen = ({ kind }: Tried) => kind.immutable.filter(({ on }) => on.includes(cloud));
    const kinds = among(
      lane.kinds.filter((one) => frozen(one).length > 0),
      options,
      2,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        const fields = frozen(tried);
        for (const { spec, field } of options.short ? options.dice.shuffled(fields).slice(0, 1) : fields)
          await room.plan(`${titleOf(tried)}: ${field}`, async () => {
            const subject = await room.subject(tried, spec);
            await room.ready(subject);
            const written = room.mark();
            room.scribe.hit();
            // Refused at admission: nobody ever sees it.
            if (!(await subject.accepts(spec))) return;
            const id = subject.seen().object.status?.externalId;
            await subject.apply(spec);
            const isTold = async () => {
              await subject.find();
              return subject.says("Synced")?.reason === "Immutable";
            };
            await lane.until("it is told", isTold, { explain: subject.told });
            await pass(lane, 40 * 60_000);
            await subject.find();
            const message = subject.says("Synced")?.message ?? "";
            room.holds("the condition names the field", message.includes(field), () => message);
            room.holds("what worked works on", subject.says("Ready")?.status === "True", subject.told);
            room.holds("no replacement unasked", written().length === 0, () => operations(written()));
            await room.ready(subject);
            const after = subject.seen().object.status?.externalId;
            room.holds("it is the same one", after === id, () => `${id} became ${after}`);
          });
      }
    });
  },
};

export const deletedMeanwhile: Scenario = {
  faults: [32],
  title: "changed while it goes, deleted while it is made, its finalizer taken off by hand",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => on.makes.length > 0 && on.unmakes.length > 0),
      options,
      3,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        await room.plan(`${titleOf(tried)}, changed while it goes`, () => changedOnItsWayOut(room, tried));
        await room.plan(`${titleOf(tried)}, deleted while it is made`, () => deletedInTheMaking(room, tried));
        await room.plan(`${titleOf(tried)}, without its finalizer`, () => unguarded(room, tried));
      }
    });
  },
};

/** So often a delete is refused, so that there is time to change something. */
const REFUSALS = 4;

async function changedOnItsWayOut(room: Room, tried: Tried): Promise<void> {
  const { lane, holds } = room;
  const [edit] = tried.kind.edits;
  const subject = await room.subject(tried, edit?.spec ?? {});
  await room.ready(subject);
  await pass(lane, 2 * 60_000);
  const [first = ""] = tried.on.unmakes;
  lane.side.cloud.troubleWrite(first, "unavailable", 0, REFUSALS);
  const written = room.mark();
  await subject.remove();
  const isTried = async () => {
    await subject.isGone();
    return written().some(({ operation }) => operation === first);
  };
  await lane.until("the delete is tried", isTried, { explain: subject.told });
  room.scribe.hit();
  if (edit && (await subject.accepts(edit.spec))) await subject.apply(edit.spec);
  await lane.until(`${subject.title} gone`, subject.isGone, { explain: subject.told });
  const beside = written().filter(({ operation }) => !tried.on.unmakes.includes(operation));
  holds("no update once it goes", beside.length === 0, () => operations(beside));
}

async function deletedInTheMaking(room: Room, tried: Tried): Promise<void> {
  const { lane, scribe } = room;
  const subject = await room.subject(tried);
  let removed: Promise<void> | undefined;
  const written = room.mark();
  lane.wire.tap({
    asked({ side, mutating }) {
      if (side === "cloud" && mutating && !removed) {
        scribe.hit();
        removed = subject.remove();
      }
      return "pass";
    },
    done: () => "pass",
  });
  await subject.apply();
  await lane.until(`${subject.title} made and gone`, async () => removed !== undefined && (await subject.isGone()), {
    explain: subject.told,
  });
  await removed;
  const left = (await tried.on.list(subject.seen())).length;
  room.holds("U2 one resource for one object", left === 0, () => `${left} left after ${operations(written())}`);
}

/** Nobody may guess what such a resource is for: it stays, and the same object made again has it back. */
async function unguarded(room: Room, tried: Tried): Promise<void> {
  const { lane, scribe, holds } = room;
  const subject = await room.subject(tried);
  await room.ready(subject);
  await pass(lane, 2 * 60_000);
  const [first = ""] = tried.on.unmakes;
  lane.side.cloud.troubleWrite(first, "denied", 0, Number.POSITIVE_INFINITY);
  const tries = room.mark();
  await subject.remove();
  const isTried = async () => {
    await subject.isGone();
    return tries().length > 0;
  };
  await lane.until("the delete is tried", isTried, { explain: subject.told });
  await subject.patch({ metadata: { finalizers: null } });
  scribe.hit();
  lane.side.cloud.heal();
  await lane.until("the object is gone", async () => (await subject.find()) === undefined, { explain: subject.told });
  const written = room.mark();
  await pass(lane, 40 * 60_000);
  holds("nothing is written for what is gone", written().length === 0, () => operations(written()));
  await room.ready(subject);
  const made = written().filter(({ operation }) => operation.startsWith("Create"));
  holds("U2 one resource for one object", made.length === 0, () => operations(written()));
  await expectCount(subject, 1, scribe);
  await room.gone(subject);
}
