import { ProviderError } from "./fault.ts";

/** One object of a bucket as it shall be in the copy. */
export interface Item {
  readonly name: string;
  readonly bytes: number;
}

/** How far a copy is. Objects and bytes of the run before this one count as `there`. */
export interface Progress {
  readonly copied: number;
  readonly there: number;
  readonly bytes: number;
}

/** What whoever asks for a copy gives to it. */
export type Watching = Pick<Copying<Item>, "tell" | "pause">;

export interface Copied extends Progress {
  /** Objects that can't be copied, and why: the first of them. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  readonly leftOutCount: number;
}

export interface Copying<One extends Item> {
  /** What the copy shall hold: each name once, in the order of the names' UTF-8 bytes, as both clouds list. */
  readonly wanted: AsyncIterable<One>;
  /** Names that it holds already, in the same order. It may miss or show what is copied meanwhile. */
  readonly there: AsyncIterable<string>;
  /** Copies one, as a whole or not at all. @returns why this one can't be copied, ever */
  copy(one: One): Promise<string | undefined>;
  /** Most copies that run at a time. */
  readonly atOnce: number;
  tell(progress: Progress): void;
  /** Waits so many ms; rejects when the copy is to stop. */
  pause(ms: number): Promise<void>;
}

/** The mark of a copy that is being made: which moment it shows, in ms since the epoch, or `latest`. */
export const RESTORED_AT = "onyx-restored-at";
const LATEST = "latest";

/** The value of RESTORED_AT. @param moment null: what there is now */
export const restoreMark = (moment: Date | null): string => (moment === null ? LATEST : String(moment.getTime()));

/**
 * The moment of a copy that was begun, by its mark; null: what there was then. A run that was broken off is taken up where
 * the same moment is asked for, or none.
 *
 * @throws ProviderError conflict: it is no such copy, or one of another moment
 */
export function momentBegun(bucket: string, mark: string | undefined, asked: Date | undefined): Date | null {
  const moment = mark === LATEST ? null : new Date(/^\d+$/.test(mark ?? "") ? Number(mark) : Number.NaN);
  if (moment !== null && Number.isNaN(moment.getTime()))
    throw new ProviderError("conflict", `The bucket ${bucket} is there and no restore that was begun.`, {
      code: "AlreadyThere",
    });
  if (asked && asked.getTime() !== moment?.getTime())
    throw new ProviderError(
      "conflict",
      `The bucket ${bucket} is being restored to ${moment?.toISOString() ?? "what there was"}. Go on with that, or choose another name.`,
      { code: "OtherMoment" },
    );
  return moment;
}

const NAMED = 50;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Copies what is wanted and not there yet. Nothing is kept in memory but what is under way, so a bucket may be of any size;
 * and each object is copied as a whole, so a run that was broken off is taken up by the next.
 *
 * @throws ProviderError the first that no other attempt could mend; what was under way has ended by then
 */
export async function copyAll<One extends Item>(job: Copying<One>): Promise<Copied> {
  const leftOut: { name: string; why: string }[] = [];
  let [copied, there, bytes, leftOutCount] = [0, 0, 0, 0];
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const one = async (item: One) => {
    const why = await patiently(() => job.copy(item), job.pause);
    if (why === undefined) {
      copied += 1;
      bytes += item.bytes;
    } else {
      leftOutCount += 1;
      if (leftOut.length < NAMED) leftOut.push({ name: item.name, why });
    }
    job.tell({ copied, there, bytes });
  };
  try {
    for await (const { item, isThere } of missing(job.wanted, job.there)) {
      if (failures.length > 0) break;
      if (isThere) {
        there += 1;
        continue;
      }
      const run: Promise<void> = one(item)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(run));
      running.add(run);
      if (running.size >= job.atOnce) await Promise.race(running);
    }
  } finally {
    await Promise.all(running);
  }
  if (failures.length > 0) throw failures[0];
  return { copied, there, bytes, leftOut, leftOutCount };
}

/** Both lists side by side: they are in the same order. */
async function* missing<One extends Item>(
  wanted: AsyncIterable<One>,
  there: AsyncIterable<string>,
): AsyncGenerator<{ readonly item: One; readonly isThere: boolean }> {
  const names = there[Symbol.asyncIterator]();
  let name = await names.next();
  for await (const item of wanted) {
    while (!name.done && byBytes(name.value, item.name) < 0) name = await names.next();
    yield { item, isThere: !name.done && name.value === item.name };
  }
}

/** The order in which both clouds list objects. UTF-16 has another one for what lies beyond the basic plane. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Again while the cloud is busy or can't be reached, with longer and longer pauses. */
export async function patiently<T>(run: () => Promise<T>, pause: (ms: number) => Promise<void>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await run();
    } catch (error) {
      const passing = error instanceof ProviderError && (error.fault === "throttled" || error.fault === "transient");
      if (!passing || attempt === ATTEMPTS) throw error;
      await pause(error.retryAfterMs ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt));
    }
}
