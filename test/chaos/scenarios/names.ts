import { isDeepStrictEqual } from "node:util";
import type { Over, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import type { LeafObject } from "../../../operator/reconcile/leaf-object.ts";
import type { Lane } from "../lane.ts";
import { expectCount, pass } from "../oracles.ts";
import { among, inRoom, operations, type Room } from "../room.ts";
import type { Scenario } from "../scenario.ts";
import { type LiveSubject, liveSubject } from "../subject.ts";

export const nameHeld: Scenario = {
  faults: [22],
  title: "deleted and made again, while the cloud still keeps the name, or the thing",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => on.nameHeld ?? on.restores),
      options,
      3,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds)
        await room.plan(titleOf(tried), () => (tried.on.nameHeld ? held(room, tried) : broughtBack(room, tried)));
    });
  },
};

/** So often at most may be asked for a name while it is held: by waits that double. */
const MOST_TRIES = 20;

async function held(room: Room, tried: Tried): Promise<void> {
  const { lane, scribe, holds } = room;
  const { nameHeld } = tried.on;
  const subject = await room.subject(tried);
  await room.ready(subject);
  await room.gone(subject);
  nameHeld?.hold();
  const written = room.mark();
  await subject.apply();
  const isWaiting = async () => {
    const found = await subject.find();
    const since = Date.parse(found?.metadata.creationTimestamp ?? "");
    return Number.isFinite(since) && subject.says("Ready")?.status === "False";
  };
  await lane.until("it waits", isWaiting, { explain: subject.told });
  await pass(lane, nameHeld?.ms ?? 0, 5_000);
  scribe.hit();
  await subject.find();
  holds("waits with the reason", (subject.says("Ready")?.message ?? "") !== "", subject.told);
  holds("nobody has to do anything", subject.says("Stalled") === undefined, subject.told);
  holds("no hot loop", written().length <= MOST_TRIES, () => operations(written()));
  lane.side.cloud.heal();
  lane.side.cloud.advance(nameHeld?.ms ?? 0);
  await lane.until(`${subject.title} Ready`, subject.isReady, { explain: subject.told });
  await expectCount(subject, 1, scribe);
}

/** What the cloud keeps for days is had back by the same object made again. */
async function broughtBack(room: Room, tried: Tried): Promise<void> {
  const { scribe, holds } = room;
  const subject = await room.subject(tried);
  await room.ready(subject);
  const before = subject.seen().object.status?.externalId;
  await pass(room.lane, 2 * 60_000);
  await room.gone(subject);
  scribe.hit();
  await room.ready(subject);
  const after = subject.seen().object.status?.externalId;
  holds("the same one comes back", before === after, () => `${before} became ${after}`);
  holds("it is usable", (await tried.on.restores?.usable(subject.seen())) === true, subject.told);
  await expectCount(subject, 1, scribe);
}

/** Where a kind carries no marks there is nothing of it that would be foreign. */
const canBeForeign =
  (cloud: string) =>
  ({ kind }: Tried): boolean =>
    !Object.keys(kind.doesNotApply).some((id) => id === "L19" || id === `L19 ${cloud}`);

/** With the beginning of our own names, by which the helpers of a cloud look for what is ours. */
const nameFor = ({ lane, namespace }: Room, tried: Tried, n: number): string =>
  `${lane.side.name}-theirs-${titleOf(tried).toLowerCase().replaceAll(" ", "-")}-${namespace}-${n}`;

/** What of its spec gives the subject a name that somebody else may have taken. */
const naming = (room: Room, tried: Tried, { name }: LiveSubject, n: number): Over =>
  tried.kind.leaf.nameOf ? (tried.kind.own?.(name) ?? {}) : { externalName: nameFor(room, tried, n) };

/** The resource of that name, as the helpers of a cloud take it before an object tells it. */
const named = ({ namespace }: Room, { kind }: Tried, over: Over): Subject => ({
  name: String(over.externalName ?? ""),
  object: {
    kind: kind.leaf.kind,
    metadata: { name: "theirs", namespace },
    spec: kind.spec(over),
  } as unknown as LeafObject,
});

const inConflict = (lane: Lane, subject: LiveSubject): Promise<void> => {
  const holds = async () => {
    await subject.find();
    return subject.says("Stalled")?.reason === "Conflict";
  };
  return lane.until(`${subject.title} in conflict`, holds, { explain: subject.told });
};

export const taken: Scenario = {
  faults: [27],
  title: "there is one of that name already, and it is not ours",
  async *run(lane, options) {
    const kinds = among(lane.kinds.filter(canBeForeign(lane.side.name)), options, 3);
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        await room.plan(`${titleOf(tried)}, let alone`, () => refused(room, tried));
        await room.plan(`${titleOf(tried)}, taken over`, () => adopted(room, tried));
      }
    });
  },
};

async function refused(room: Room, tried: Tried): Promise<void> {
  const { lane, scribe, holds } = room;
  const subject = await room.subject(tried);
  const over = naming(room, tried, subject, 1);
  const theirs = named(room, tried, over);
  await tried.on.createForeign(theirs);
  const before = await tried.on.snapshot(theirs);
  const written = room.mark();
  await subject.apply(over);
  await inConflict(lane, subject);
  scribe.hit();
  await pass(lane, 40 * 60_000);
  holds("a conflict", subject.says("Ready")?.reason === "Conflict", subject.told);
  await room.gone(subject);
  holds("nothing is written", written().length === 0, () => operations(written()));
  const after = await tried.on.snapshot(theirs);
  holds("U3 no foreign writes", isDeepStrictEqual(after, before), () => JSON.stringify([before, after]));
  await tried.on.remove(theirs);
}

async function adopted(room: Room, tried: Tried): Promise<void> {
  const { lane, scribe } = room;
  const subject = await room.subject(tried);
  const over = naming(room, tried, subject, 2);
  await tried.on.createForeign(named(room, tried, over));
  await subject.apply(over);
  await inConflict(lane, subject);
  scribe.hit();
  await room.ready(subject, { ...over, adoptionPolicy: "Adopt" });
  await expectCount(subject, 1, scribe);
  await room.gone(subject);
}

export const sameName: Scenario = {
  faults: [28],
  title: "two objects of two namespaces claim the same name",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(
        (one) => canBeForeign(lane.side.name)(one) && one.kind.leaf.references(one.kind.spec()).length === 0,
      ),
      options,
      3,
    );
    if (kinds.length === 0) return;
    const elsewhere = await lane.namespace();
    yield await inRoom(
      lane,
      this.title,
      async (room) => {
        for (const tried of kinds) await room.plan(titleOf(tried), () => contested(room, tried, elsewhere));
      },
      { everywhere: true },
    );
    await lane.leave(elsewhere);
  },
};

async function contested(room: Room, tried: Tried, elsewhere: string): Promise<void> {
  const { lane, scribe, holds } = room;
  const externalName = nameFor(room, tried, 3);
  const here = await room.subject(tried);
  const there = liveSubject(lane, tried, elsewhere, here.name);
  await Promise.all([here.apply({ externalName }), there.apply({ externalName })]);
  const isSettled = async () => {
    const ready = [await here.isReady(), await there.isReady()];
    const refused = [here, there].map((one) => one.says("Ready")?.reason === "Conflict");
    return ready.includes(true) && refused.includes(true);
  };
  const told = () => `${here.told()}\n${there.told()}`;
  await lane.until("one has it, the other is told", isSettled, { explain: told });
  scribe.hit();
  const [winner, loser] = (await here.isReady()) ? [here, there] : [there, here];
  holds("the other one has a conflict", loser.says("Ready")?.reason === "Conflict", told);
  await expectCount(winner, 1, scribe);
  await pass(lane, 2 * 60_000);
  const before = await winner.snapshot();
  // Where the cloud gives ids, the loser may have made one of its own, which only lacks the name.
  const own = await loser.count();
  const written = room.mark();
  await room.gone(loser);
  holds("deleting the loser deletes nothing", written().length === 0 || own > 0, () => operations(written()));
  holds("U3 no foreign writes", isDeepStrictEqual(await winner.snapshot(), before), () => winner.title);
  await room.gone(winner);
}
