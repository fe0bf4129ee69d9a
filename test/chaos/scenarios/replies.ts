import { type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import type { Lane } from "../lane.ts";
import { expectCount, pass } from "../oracles.ts";
import { among, inRoom, operations, type Room } from "../room.ts";
import type { Scenario } from "../scenario.ts";
import type { LiveSubject } from "../subject.ts";
import type { Passing } from "../wire.ts";

const isCloudWrite = ({ side, mutating }: Passing): boolean => side === "cloud" && mutating;

/** Calls `then` when so manyeth a write to the cloud is about to be sent, and again once it was done. */
function onWrite(lane: Lane, nth: number, at: { asked?: () => void; done?: () => "pass" | "drop" }): void {
  let writes = 0;
  let hit: Passing | undefined;
  lane.wire.tap({
    asked(passing) {
      if (isCloudWrite(passing) && ++writes === nth) {
        hit = passing;
        at.asked?.();
      }
      return "pass";
    },
    done: (passing) => (passing === hit ? (at.done?.() ?? "pass") : "pass"),
  });
}

const made = ({ on }: Tried): readonly number[] => on.makes.map((_, index) => index + 1);

export const lostReply: Scenario = {
  faults: [20],
  title: "the cloud does what it is asked for, and the reply is lost",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => on.makes.length > 0),
      options,
      4,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        const writes = options.short ? options.dice.shuffled(made(tried)).slice(0, 1) : made(tried);
        for (const nth of writes)
          await room.plan(`${titleOf(tried)}, write ${nth} (${tried.on.makes[nth - 1]})`, async () => {
            const subject = await room.subject(tried);
            const written = room.mark();
            onWrite(lane, nth, {
              done() {
                room.scribe.hit();
                return "drop";
              },
            });
            await room.ready(subject);
            expectMadeOnce(room, subject, written());
            await expectCount(subject, 1, room.scribe);
          });
      }
    });
  },
};

/** Nothing that makes something was done more often than when nothing goes wrong. */
function expectMadeOnce({ holds }: Room, { tried }: LiveSubject, written: ReturnType<ReturnType<Room["mark"]>>): void {
  const makers = tried.on.makes.filter((one) => one.startsWith("Create"));
  const times = (all: readonly string[], one: string) => all.filter((other) => other === one).length;
  const done = written.filter(({ ok }) => ok).map(({ operation }) => operation);
  for (const one of new Set(makers))
    holds(
      "U2 one resource for one object",
      times(done, one) <= times(makers, one),
      () => `${one} was done ${times(done, one)} times: ${operations(written)}`,
    );
}

/** So long the cloud shows nothing of what it made, in ms. */
const HIDDEN_MS = 30_000;

export const shownLate: Scenario = {
  faults: [21],
  title: "what was made is not shown for a while, or without its marks",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => on.makes.length > 0),
      options,
      4,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        await room.plan(`${titleOf(tried)}, not there for 30 s`, () =>
          hidden(room, tried, () => lane.side.cloud.freezeReads()),
        );
        if (lane.side.name === "aws" && tried.on.tag)
          await room.plan(`${titleOf(tried)}, without tags for 30 s`, () => hidden(room, tried, () => hideTags(lane)));
      }
    });
  },
};

async function hidden(room: Room, tried: Tried, hide: () => void): Promise<void> {
  const { lane, scribe, truth, holds } = room;
  const subject = await room.subject(tried);
  const written = room.mark();
  onWrite(lane, 1, {
    asked() {
      scribe.hit();
      hide();
    },
  });
  await subject.apply();
  await lane.until("the first write", () => written().length > 0);
  await pass(lane, HIDDEN_MS, 5_000);
  lane.side.cloud.heal();
  await lane.until(`${subject.title} Ready`, subject.isReady, { explain: subject.told });
  lane.wire.tap(undefined);
  expectMadeOnce(room, subject, written());
  for (const word of truth.said(subject))
    holds(
      "what is young is waited for",
      !/\/(NotFound|DataLost|Conflict)$/.test(word),
      () => `${subject.title} said ${word}`,
    );
  await expectCount(subject, 1, scribe);
}

/** The tags that AWS tells apart from what carries them are empty, in each of its protocols. */
function hideTags(lane: Lane): void {
  if (lane.side.name !== "aws") return;
  lane.side.cloud.proxy.inject({
    when: ({ operation, mutating }) => !mutating && /Tag/.test(operation),
    trouble: {
      do: "rewrite",
      body: (body) => {
        if (!body.startsWith("{")) return body.replace(/<(Tags|TagSet)>.*?<\/\1>/s, "<$1></$1>");
        const { Tags, ...rest } = JSON.parse(body) as { Tags?: unknown };
        return JSON.stringify(Tags === undefined ? rest : { ...rest, Tags: Array.isArray(Tags) ? [] : {} });
      },
    },
  });
}

export const partialCreate: Scenario = {
  faults: [23],
  title: "a later step of the create fails for good",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => on.makes.length > 1),
      options,
      3,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        const { makes } = tried.on;
        const later = makes.map((operation, index) => ({ operation, index })).slice(1);
        for (const { operation, index } of options.short ? options.dice.shuffled(later).slice(0, 1) : later)
          await room.plan(`${titleOf(tried)}, step ${index + 1} (${operation})`, () => stuck(room, tried, index));
      }
    });
  },
};

async function stuck(room: Room, tried: Tried, index: number): Promise<void> {
  const { lane, holds } = room;
  const operation = tried.on.makes[index] as string;
  const before = tried.on.makes.slice(0, index).filter((one) => one === operation).length;
  const subject = await room.subject(tried);
  lane.side.cloud.troubleWrite(operation, "denied", before, Number.POSITIVE_INFINITY);
  await subject.apply();
  const isStuck = async () => {
    await subject.find();
    return subject.says("Stalled")?.reason === "AccessDenied";
  };
  await lane.until("the step is given up", isStuck, { explain: subject.told });
  room.scribe.hit();
  const said = subject.says("Synced")?.message ?? "";
  holds("the condition names the step", !/^Could not (create|update|look at) it/.test(said), () => said);
  holds("not Ready without the step", subject.says("Ready")?.status === "False", subject.told);
  // What the delete needs too would keep it from going.
  if (tried.on.unmakes.includes(operation)) lane.side.cloud.heal();
  await room.gone(subject);
}

export const unknownState: Scenario = {
  faults: [43],
  title: "the cloud reports a state that nobody knows yet",
  notOn: { gcp: "the emulator can't report a state that its API does not have" },
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => on.states?.unknown),
      options,
      2,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds)
        await room.plan(titleOf(tried), async () => {
          const subject = await room.subject(tried);
          await room.ready(subject);
          const written = room.mark();
          tried.on.states?.unknown?.();
          await subject.apply(tried.kind.edits[0]?.spec);
          await pass(lane, 20 * 60_000);
          room.scribe.hit();
          await subject.find();
          room.holds("nothing is written meanwhile", written().length === 0, () => operations(written()));
          room.holds("what worked works on", subject.says("Ready")?.status === "True", subject.told);
          lane.side.cloud.heal();
          await lane.until(`${subject.title} Ready`, subject.isReady, { explain: subject.told });
        });
    });
  },
};
