import { type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import type { Call } from "../../../operator/provider/provider.ts";
import type { AnyProvider } from "../../../operator/reconcile/environment-view.ts";
import { sleep } from "../../../operator/runtime/clock.ts";
import type { Lane } from "../lane.ts";
import { pass } from "../oracles.ts";
import { among, inRoom, type Room } from "../room.ts";
import type { Scenario } from "../scenario.ts";
import type { LiveSubject } from "../subject.ts";

const HOUR_MS = 3_600_000;

/** Something done before each look of a provider. */
type Before = (kind: string, call: Call) => Promise<void>;

const looking =
  (before: Before) =>
  (kind: string, provider: AnyProvider): AnyProvider => ({
    ...provider,
    async observe(at, call) {
      await before(kind, call);
      return provider.observe(at, call);
    },
  });

/** What goes wrong with one object until the signal is aborted. */
type Poison = (call: Call, lane: Lane, over: AbortSignal) => Promise<void>;

const POISONS: Readonly<Record<string, Poison>> = {
  throws: () => {
    throw new TypeError("Cannot read properties of undefined (reading 'Attributes')");
  },
  "rejects with a word": () => Promise.reject("a word instead of an error"),
  "hangs until its deadline": ({ signal }, lane) => sleep(lane.clock, 24 * HOUR_MS, signal),
  "hangs, deaf to its deadline": (_call, _lane, over) =>
    new Promise((resolve) => over.addEventListener("abort", () => resolve(), { once: true })),
};

/** In this time of the lane what is well is Ready: a worker is held no longer by one attempt, and there are others. */
const WELL_WITHIN_MS = 60_000;
/** By waits that double up to ten minutes: so often at most in an hour. */
const MOST_TRIES = 24;

export const poison: Scenario = {
  faults: [35],
  title: "the operator itself fails at one object",
  async *run(lane, options) {
    const kinds = among(lane.kinds.filter(isPlain), options, 1);
    if (kinds.length === 0) return;
    const poisoned = new Map<string, (call: Call) => Promise<void>>();
    const before: Before = async (_kind, call) => poisoned.get(call.owner.name)?.(call);
    yield await inRoom(
      lane,
      this.title,
      async (room) => {
        for (const tried of kinds)
          for (const [what, poison] of Object.entries(POISONS))
            await room.plan(`${titleOf(tried)} ${what}`, async () => {
              const [bad, over] = [await room.subject(tried), new AbortController()];
              let tries = 0;
              poisoned.set(bad.name, (call) => {
                tries++;
                return poison(call, lane, over.signal);
              });
              await bad.apply();
              await lane.until("it is tried", () => tries > 0);
              room.scribe.hit();
              await expectWell(room, [await room.subject(tried), await room.subject(tried)]);
              await pass(lane, HOUR_MS);
              room.holds("it is tried ever more rarely", tries <= MOST_TRIES, () => `${tries} tries in an hour`);
              poisoned.delete(bad.name);
              over.abort();
              await lane.until(`${bad.title} Ready`, bad.isReady, { explain: bad.told });
            });
      },
      { provider: looking(before) },
    );
  },
};

/** It refers to nothing, so that it is alone with its trouble. */
const isPlain = ({ kind }: Tried): boolean => kind.leaf.references(kind.spec()).length === 0;

async function expectWell({ lane, holds }: Room, subjects: readonly LiveSubject[]): Promise<void> {
  const since = lane.clock.monotonic();
  for (const one of subjects) await one.apply();
  const areReady = async () => (await Promise.all(subjects.map((one) => one.isReady()))).every(Boolean);
  await lane.until("the others are Ready", areReady, {
    explain: () => subjects.map((one) => one.told()).join("\n"),
    stepMs: 1_000,
  });
  const took = lane.clock.monotonic() - since;
  holds("the others are well", took <= WELL_WITHIN_MS, () => `Ready after ${Math.round(took / 1000)} s`);
}

/** How long each call of the slow kind takes, in ms. */
const SLOW_MS = 30_000;
/** More of the slow kind than are worked on at once. */
const CROWD = 8;

export const slowCloud: Scenario = {
  faults: [36],
  title: "every call about one kind takes half a minute",
  async *run(lane, options) {
    const plain = lane.kinds.filter(isPlain);
    const kinds = among(plain, options, 1);
    if (kinds.length === 0) return;
    for (const slow of kinds) yield await inTheSlow(lane, slow, plain, `${this.title}: ${titleOf(slow)}`);
  },
};

function inTheSlow(lane: Lane, slow: Tried, plain: readonly Tried[], title: string) {
  let isSlow = true;
  const before: Before = async (kind, { signal }) => {
    if (isSlow && kind === slow.kind.leaf.kind) await sleep(lane.clock, SLOW_MS, signal);
  };
  const others = plain.filter(({ kind }) => kind.leaf.kind !== slow.kind.leaf.kind);
  return inRoom(
    lane,
    title,
    (room) =>
      room.plan(`${CROWD} of ${titleOf(slow)}, and one of each other kind`, async () => {
        const slowOnes: LiveSubject[] = [];
        for (let n = 0; n < CROWD; n++) slowOnes.push(await room.subject(slow));
        for (const one of slowOnes) await one.apply();
        room.scribe.hit();
        const well: LiveSubject[] = [];
        for (const other of others) well.push(await room.subject(other));
        await expectWell(room, well);
        const areReady = async () => (await Promise.all(slowOnes.map((one) => one.isReady()))).every(Boolean);
        const explain = () => slowOnes.map((one) => one.told()).join("\n");
        await lane.until("the slow ones are Ready all the same", areReady, { explain });
        isSlow = false;
      }),
    { provider: looking(before) },
  );
}
