/** Undoes a scheduled call. Calling it twice, or after the call was made, does nothing. */
export type Cancel = () => void;

/** Time as the runtime sees it. Everything that waits or measures takes one, so tests can turn the hands. */
export interface Clock {
  /** Wall-clock time in epoch milliseconds: for timestamps that people or the API server read, never for durations. */
  now(): number;
  /** Milliseconds since some fixed moment. Never goes back, and ignores changes of the wall clock. */
  monotonic(): number;
  /** Calls `fn` once, `ms` milliseconds from now. */
  setTimeout(ms: number, fn: () => void): Cancel;
  /** Calls `fn` once, after the events that are already waiting (input and output get their turn). */
  setImmediate(fn: () => void): Cancel;
}

/** The longest delay that the platform's timers take; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export function createClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimeout(ms, fn) {
      const timer = setTimeout(fn, Math.min(Math.max(ms, 0), LONGEST_DELAY_MS));
      return () => clearTimeout(timer);
    },
    setImmediate(fn) {
      const immediate = setImmediate(fn);
      return () => clearImmediate(immediate);
    },
  };
}

/**
 * Resolves after `ms` milliseconds.
 * @throws the signal's reason, as soon as the signal is aborted
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = clock.setTimeout(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
