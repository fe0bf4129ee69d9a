import { type BackoffOptions, equalJitter, type Random } from "./backoff.ts";
import type { Cancel, Clock } from "./clock.ts";
import { DeadlineError } from "./errors.ts";
import type { Log } from "./log.ts";
import { createReadyList } from "./ready-list.ts";
import { nameOfKey } from "./resource.ts";
import { createTimers } from "./timers.ts";

/** What comes first: something new, something that a user changed, something that failed before, a routine check. */
export const PRIORITY = { created: 0, changed: 1, retry: 2, resync: 3 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

/** How an attempt ended. An attempt that throws failed, and is repeated after a back-off. */
export interface Outcome {
  /** Look again after this time, in milliseconds, even if nothing happens. */
  readonly requeueAfterMs?: number | undefined;
  /**
   * It failed, and that was dealt with: repeat it after a back-off, or after `atLeastMs` if that is longer. `anew`: as
   * after a first failure. `atMostMs`: the back-off grows no longer than that.
   */
  readonly retry?:
    | {
        readonly atLeastMs?: number | undefined;
        readonly atMostMs?: number | undefined;
        readonly anew?: boolean | undefined;
      }
    | undefined;
  /** The key is not worked on again before this has settled; other keys are. */
  readonly hold?: Promise<unknown> | undefined;
}

export interface Attempt {
  /** Aborted when the time is up, or when the queue is drained and can't wait any longer. */
  readonly signal: AbortSignal;
  /** 1, or more after failures. */
  readonly number: number;
  readonly priority: Priority;
}

export interface WorkQueue {
  readonly name: string;
  /** Has the key worked on: now, or after `afterMs`. One that waits already waits for the sooner of the two. */
  add(key: string, options?: { readonly priority?: Priority; readonly afterMs?: number }): void;
  /** Begins to work; keys may be added before. */
  start(): void;
  /**
   * Begins no more work, and waits for what is under way. That is aborted after `timeoutMs`, and has a quarter of that
   * time, at most ten seconds, to end.
   * @returns how many attempts did not end
   */
  drain(timeoutMs: number): Promise<number>;
  /** How many keys are ready, at one priority or at all. */
  depth(priority?: Priority): number;
  /** How many keys wait for their time. */
  delayed(): number;
  /** How many attempts are under way. */
  running(): number;
  /** For how long the oldest attempt has been under way, in milliseconds; 0 without one. */
  longestRunningMs(): number;
}

export interface QueueMetrics {
  started(queue: string, waitedMs: number): void;
  finished(queue: string, result: "done" | "failed" | "timeout", durationMs: number): void;
  stuck(queue: string): void;
}

export interface QueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: Random;
  readonly metrics?: QueueMetrics | undefined;
  /** How many keys are worked on at once. */
  readonly concurrency: number;
  /** How long one attempt may take, in milliseconds; 120,000 if left out. */
  readonly deadlineMs?: number | undefined;
  /** Namespaces take turns; the part of the key before its slash if left out. */
  readonly namespaceOf?: (key: string) => string;
  readonly work: (key: string, attempt: Attempt) => Promise<Outcome>;
}

const BACKOFF: BackoffOptions = { baseMs: 1_000, capMs: 600_000, floorMs: 500 };
const DEADLINE_MS = 120_000;
/** An attempt that goes on for so long after its abort loses its place, but keeps its key. */
const GRACE_MS = 10_000;
/** After so long, input and output get their turn. */
const SLICE_MS = 10;

interface Entry {
  readonly key: string;
  failures: number;
  /** Locked from the start of an attempt until its end, and of its hold. */
  locked: boolean;
  /** Set while it is in the ready list, or shall be once it is unlocked. */
  priority: Priority | undefined;
  readyAt: number;
  unlist: () => void;
  delay: { readonly due: number; readonly cancel: Cancel } | undefined;
}

interface Run {
  readonly startedAt: number;
  readonly abort: AbortController;
}

export function createQueue(options: QueueOptions): WorkQueue {
  const { name, clock, log, metrics, concurrency, work, random = Math.random, deadlineMs = DEADLINE_MS } = options;
  const namespaceOf = options.namespaceOf ?? ((key: string) => nameOfKey(key).namespace ?? "");
  const entries = new Map<string, Entry>();
  const ready = createReadyList(Object.keys(PRIORITY).length);
  const delays = createTimers(clock);
  const deadlines = createTimers(clock);
  const runs = new Set<Run>();
  let started = false;
  let draining = false;
  let slots = concurrency;
  let sliceStart = Number.NEGATIVE_INFINITY;
  let pumpIsDue = false;
  let onIdle = () => {};

  function enlist(entry: Entry, priority: Priority): void {
    entry.delay?.cancel();
    entry.delay = undefined;
    if (entry.priority !== undefined && entry.priority <= priority) return;
    entry.unlist();
    if (entry.priority === undefined) entry.readyAt = clock.monotonic();
    entry.priority = priority;
    if (!entry.locked) entry.unlist = ready.push(entry.key, namespaceOf(entry.key), priority);
    pump();
  }

  function delay(entry: Entry, ms: number, priority: Priority): void {
    const due = clock.monotonic() + ms;
    if (entry.priority !== undefined || (entry.delay && entry.delay.due <= due)) return;
    entry.delay?.cancel();
    entry.delay = { due, cancel: delays.schedule(ms, () => enlist(entry, priority)) };
  }

  function unlock(entry: Entry): void {
    entry.locked = false;
    const { priority } = entry;
    if (priority !== undefined) {
      entry.unlist = ready.push(entry.key, namespaceOf(entry.key), priority);
      pump();
    } else if (!entry.delay && entry.failures === 0) {
      entries.delete(entry.key);
    }
  }

  function settle(entry: Entry, outcome: Outcome): void {
    if (outcome.retry) {
      const { atLeastMs = 0, atMostMs = BACKOFF.capMs, anew } = outcome.retry;
      entry.failures = anew ? 1 : entry.failures + 1;
      if (entry.priority !== undefined && entry.priority >= PRIORITY.retry) entry.priority = undefined;
      const backoff = { ...BACKOFF, capMs: Math.min(atMostMs, BACKOFF.capMs) };
      const ms = Math.max(equalJitter(backoff, entry.failures, random), atLeastMs);
      delay(entry, ms, PRIORITY.retry);
    } else {
      entry.failures = 0;
      if (outcome.requeueAfterMs !== undefined) delay(entry, outcome.requeueAfterMs, PRIORITY.resync);
    }
    const release = () => unlock(entry);
    if (outcome.hold) outcome.hold.then(release, release);
    else release();
  }

  async function run(entry: Entry, priority: Priority): Promise<void> {
    const abort = new AbortController();
    const current: Run = { startedAt: clock.monotonic(), abort };
    let hasSlot = true;
    const freeSlot = () => {
      if (hasSlot) slots++;
      hasSlot = false;
      pump();
    };
    const onDeadline = () => {
      abort.abort(new DeadlineError(`${name} "${entry.key}": the attempt took longer than ${deadlineMs} ms`));
      cancel = deadlines.schedule(GRACE_MS, () => {
        metrics?.stuck(name);
        log.error({ queue: name, key: entry.key }, "an attempt goes on although it was aborted; its key stays locked");
        freeSlot();
      });
    };
    let cancel = deadlines.schedule(deadlineMs, onDeadline);
    slots--;
    runs.add(current);
    metrics?.started(name, current.startedAt - entry.readyAt);
    const outcome = await attempt(entry, { signal: abort.signal, number: entry.failures + 1, priority });
    cancel();
    runs.delete(current);
    const result = abort.signal.aborted ? "timeout" : outcome.retry ? "failed" : "done";
    metrics?.finished(name, result, clock.monotonic() - current.startedAt);
    settle(entry, outcome);
    freeSlot();
    if (runs.size === 0) onIdle();
  }

  async function attempt(entry: Entry, details: Attempt): Promise<Outcome> {
    try {
      return await work(entry.key, details);
    } catch (error) {
      log.warn(
        { err: error, queue: name, key: entry.key, attempt: details.number },
        "an attempt failed; it is repeated",
      );
      return { retry: { atLeastMs: (error as { retryAfterMs?: number } | undefined)?.retryAfterMs } };
    }
  }

  /** Work that never waits for anything would keep sockets and timers from their turn; so it goes slice by slice. */
  function pump(): void {
    if (!started || draining || pumpIsDue) return;
    while (slots > 0 && ready.size > 0) {
      if (clock.monotonic() - sliceStart > SLICE_MS) {
        pumpIsDue = true;
        clock.setImmediate(() => {
          pumpIsDue = false;
          sliceStart = clock.monotonic();
          pump();
        });
        return;
      }
      const entry = entries.get(ready.pop()!)!;
      const priority = entry.priority!;
      entry.priority = undefined;
      entry.locked = true;
      void run(entry, priority);
    }
  }

  return {
    name,
    add(key, { priority = PRIORITY.changed, afterMs = 0 } = {}) {
      if (draining) return;
      let entry = entries.get(key);
      if (!entry) {
        entry = {
          key,
          failures: 0,
          locked: false,
          priority: undefined,
          readyAt: 0,
          unlist: () => {},
          delay: undefined,
        };
        entries.set(key, entry);
      }
      const backsOff = entry.failures > 0 && entry.delay !== undefined;
      if (afterMs > 0) delay(entry, afterMs, priority);
      else if (!backsOff || priority < PRIORITY.retry) enlist(entry, priority);
    },
    start() {
      started = true;
      pump();
    },
    async drain(timeoutMs) {
      draining = true;
      delays.clear();
      if (runs.size === 0) return 0;
      const idle = Promise.withResolvers<void>();
      onIdle = idle.resolve;
      let cancel = clock.setTimeout(timeoutMs, () => {
        for (const { abort } of runs) abort.abort(new DeadlineError(`${name}: the process is shutting down`));
        cancel = clock.setTimeout(Math.min(GRACE_MS, timeoutMs / 4), idle.resolve);
      });
      await idle.promise;
      cancel();
      deadlines.clear();
      return runs.size;
    },
    depth: (priority) => (priority === undefined ? ready.size : ready.depth(priority)),
    delayed: () => delays.size,
    running: () => runs.size,
    longestRunningMs() {
      const [oldest] = runs;
      return oldest ? clock.monotonic() - oldest.startedAt : 0;
    },
  };
}
