import { ProviderError } from "./fault.ts";

/** Time as the budget sees it: a part of the runtime's Clock. */
export interface BudgetClock {
  monotonic(): number;
  setTimeout(ms: number, fn: () => void): () => void;
}

/** How fast and how wide one cloud service of one account may be called. */
export interface Limits {
  /** Verbs a second on average. */
  readonly perSecond: number;
  /** Verbs at once: a slow service holds no more than these. */
  readonly concurrent: number;
}

/** The budget of one service of one account. All objects draw from the same one. */
export interface Bucket {
  /**
   * Runs `call` when there is room, first come first served.
   * @throws the signal's reason when it is aborted while waiting
   */
  run<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T>;
  /** Verbs a second that are let through now: less than the limit after the cloud asked us to slow down. */
  rate(): number;
  waiting(): number;
}

/** After a throttled call the rate is halved, at most this often. */
const HALVE_EVERY_MS = 1_000;
/** Part of the limit that is won back each second without a throttled call. */
const RECOVER_PER_SECOND = 0.05;

/**
 * A token bucket with a bound on concurrency. It starts full (a second's worth), and answers throttling as TCP does:
 * half the rate at once, back up slowly.
 */
export function createBucket(limits: Limits, clock: BudgetClock): Bucket {
  const waiters: (() => void)[] = [];
  let rate = limits.perSecond;
  let tokens = limits.perSecond;
  let running = 0;
  let refilledAt = clock.monotonic();
  let halvedAt = Number.NEGATIVE_INFINITY;
  let wake: (() => void) | undefined;

  const refill = () => {
    const now = clock.monotonic();
    const seconds = (now - refilledAt) / 1000;
    refilledAt = now;
    rate = Math.min(limits.perSecond, rate + limits.perSecond * RECOVER_PER_SECOND * seconds);
    tokens = Math.min(limits.perSecond, tokens + rate * seconds);
  };
  const pump = () => {
    refill();
    while (waiters.length > 0 && running < limits.concurrent && tokens >= 1) {
      tokens -= 1;
      running += 1;
      waiters.shift()?.();
    }
    if (waiters.length > 0 && running < limits.concurrent && !wake) {
      const wait = Math.max(1, Math.ceil(((1 - tokens) / rate) * 1000));
      wake = clock.setTimeout(wait, () => {
        wake = undefined;
        pump();
      });
    }
  };
  const slowDown = () => {
    const now = clock.monotonic();
    if (now - halvedAt < HALVE_EVERY_MS) return;
    halvedAt = now;
    rate = Math.max(limits.perSecond / 64, rate / 2);
    tokens = Math.min(tokens, 0);
  };
  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const go = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        const place = waiters.indexOf(go);
        if (place >= 0) waiters.splice(place, 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      waiters.push(go);
      pump();
    });

  return {
    async run(signal, call) {
      await turn(signal);
      try {
        return await call();
      } catch (error) {
        if (error instanceof ProviderError && error.fault === "throttled") slowDown();
        throw error;
      } finally {
        running -= 1;
        pump();
      }
    },
    rate: () => rate,
    waiting: () => waiters.length,
  };
}
