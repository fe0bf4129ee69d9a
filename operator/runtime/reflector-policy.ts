import { type BackoffOptions, fullJitter, type Random } from "./backoff.ts";
import { ApiError, isExpired, isNotFound, isTooLargeResourceVersion, StreamError, TransportError } from "./errors.ts";

/** How a reflector comes by its data: a watch that begins with the whole state, a list in pages, or a watch that goes on. */
export type Step = "watchList" | "list" | "watch";

/** How often in a row a step ended too early. */
export interface History {
  readonly failures: number;
  /** How often of these because the resource version had expired. */
  readonly expirations: number;
}

/** What follows from a failed step. */
export interface Verdict {
  /** In one word, for metrics. */
  readonly cause: string;
  /** How long to wait before the next step, in milliseconds. */
  readonly delayMs: number;
  /** The whole state has to be read again: events may have been missed. */
  readonly resync: boolean;
  /** The server can't do a watch that begins with the whole state. */
  readonly withoutWatchList: boolean;
  /** The server has never reached our resource version: ask for its latest state instead. */
  readonly forgetPosition: boolean;
  /** The server doesn't know the resource: its definition may not be installed yet. */
  readonly notServed: boolean;
}

const BACKOFF: BackoffOptions = { baseMs: 500, capMs: 30_000, floorMs: 100 };
const GENTLE: BackoffOptions = { baseMs: 2_000, capMs: 30_000, floorMs: 1_000 };
const REFUSALS_OF_WATCH_LIST = new Set([400, 405, 406, 415, 422, 501]);

/**
 * Every failure is followed by another try, for ever. Only two are followed at once: the first expired resource
 * version, and a server that refuses the form of the request, which is then asked in the older form.
 */
export function judge(step: Step, error: unknown, history: History, random: Random): Verdict {
  const verdict = {
    cause: causeOf(error),
    resync: false,
    withoutWatchList: false,
    forgetPosition: false,
    notServed: false,
  };
  const retryAfterMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  const delayMs = Math.max(fullJitter(BACKOFF, history.failures, random), retryAfterMs * (1 + random() / 4));

  if (isTooLargeResourceVersion(error)) return { ...verdict, delayMs, forgetPosition: true };
  if (isExpired(error)) return { ...verdict, resync: true, delayMs: history.expirations <= 1 ? 0 : delayMs };
  if (isNotFound(error)) return { ...verdict, notServed: true, delayMs: fullJitter(GENTLE, history.failures, random) };
  if (error instanceof StreamError) return { ...verdict, delayMs, resync: error.kind !== "truncated" };
  if (step === "watchList" && error instanceof InitialEventsError)
    return { ...verdict, delayMs, withoutWatchList: true };
  if (step === "watchList" && error instanceof ApiError && REFUSALS_OF_WATCH_LIST.has(error.status)) {
    return { ...verdict, delayMs: 0, withoutWatchList: true };
  }
  return { ...verdict, delayMs };
}

/** A watch that was to begin with the whole state never said that it was complete. */
export class InitialEventsError extends Error {
  override readonly name = "InitialEventsError";
}

/** The connection was silent for longer than a living one would be. */
export class SilenceError extends Error {
  override readonly name = "SilenceError";
}

/** The server closed the watch right after it had opened. */
export class ShortWatchError extends Error {
  override readonly name = "ShortWatchError";
}

/** The server offered a state that is older than the one that is known. */
export class StaleStateError extends Error {
  override readonly name = "StaleStateError";
}

const CAUSES: readonly [new (...args: never[]) => Error, string][] = [
  [TransportError, "connection"],
  [SilenceError, "silence"],
  [ShortWatchError, "short"],
  [InitialEventsError, "incomplete"],
  [StaleStateError, "stale"],
];

function causeOf(error: unknown): string {
  if (error instanceof ApiError) return `status-${error.status}`;
  if (error instanceof StreamError) return `line-${error.kind}`;
  return CAUSES.find(([type]) => error instanceof type)?.[1] ?? "other";
}
