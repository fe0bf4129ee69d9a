import { createMeter, type Use } from "./budget-use.ts";
import { ProviderError } from "./fault.ts";
import { createLanes } from "./lanes.ts";

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
   * Runs `call` when there is room: lanes take turns, each in the order of coming. So a namespace with a thousand
   * objects does not keep the one object of another waiting. A call that the cloud throttles goes to the end of its lane,
   * a few times, as long as the line is short and no step of it was done: what it could do is not lost with it.
   * @param lane such as the namespace of the object
   * @throws the signal's reason when it is aborted while waiting
   */
  run<T>(signal: AbortSignal, lane: string, call: () => Promise<T>): Promise<T>;
  /** From now on so many verbs a second. */
  limit(perSecond: number): void;
  /** The limit, however much less is let through now. */
  perSecond(): number;
  /** How the last minute went. */
  use(): Use;
  /** Verbs a second that are let through now: less than the limit after the cloud asked us to slow down. */
  rate(): number;
  waiting(): number;
}

/** After a throttled call the rate is halved, at most this often. */
const HALVE_EVERY_MS = 1_000;
/** Part of the limit that is won back each second without a throttled call. */
const RECOVER_PER_SECOND = 0.05;
/** The rate rises while one waits for it: so often one looks again. */
const LOOK_AGAIN_MS = 1_000;
/** So often a throttled call is sent in all before it is given back. */
const TRIES = 4;
/** It is given back at once where the line is longer than that: whoever waits holds a worker that others may need. */
const SHORT_LINE_MS = 5_000;

/**
 * A token bucket with a bound on concurrency. It starts full (a second's worth), and answers throttling as TCP does:
 * half the rate at once, back up slowly.
 */
export function createBucket(limits: Limits, clock: BudgetClock): Bucket {
  const waiters = createLanes<() => void>();
  const meter = createMeter(() => clock.monotonic());
  let { perSecond } = limits;
  let rate = perSecond;
  let tokens = perSecond;
  let running = 0;
  let refilledAt = clock.monotonic();
  let halvedAt = Number.NEGATIVE_INFINITY;
  let wake: (() => void) | undefined;

  const refill = () => {
    const now = clock.monotonic();
    const seconds = (now - refilledAt) / 1000;
    refilledAt = now;
    rate = Math.min(perSecond, rate + perSecond * RECOVER_PER_SECOND * seconds);
    tokens = Math.min(perSecond, tokens + rate * seconds);
  };
  const pump = () => {
    refill();
    while (waiters.size() > 0 && running < limits.concurrent && tokens >= 1) {
      tokens -= 1;
      running += 1;
      waiters.next()?.();
    }
    if (waiters.size() > 0 && running < limits.concurrent && !wake) {
      const wait = Math.min(LOOK_AGAIN_MS, Math.max(1, Math.ceil(((1 - tokens) / rate) * 1000)));
      wake = clock.setTimeout(wait, () => {
        wake = undefined;
        pump();
      });
    }
  };
  const slowDown = () => {
    const now = clock.monotonic();
    meter.throttled();
    if (now - halvedAt < HALVE_EVERY_MS) return;
    halvedAt = now;
    rate = Math.max(perSecond / 64, rate / 2);
    tokens = Math.min(tokens, 0);
  };
  const turn = (signal: AbortSignal, lane: string) =>
    new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const since = clock.monotonic();
      const go = () => {
        signal.removeEventListener("abort", leave);
        meter.let(clock.monotonic() - since);
        resolve();
      };
      const leave = () => {
        waiters.remove(lane, go);
        meter.gaveUp(clock.monotonic() - since);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      waiters.add(lane, go);
      pump();
    });

  const lineIsShort = () => ((waiters.size() + 1) / rate) * 1000 <= SHORT_LINE_MS;
  const once = async <T>(signal: AbortSignal, lane: string, call: () => Promise<T>): Promise<T> => {
    await turn(signal, lane);
    try {
      return await call();
    } catch (error) {
      if (isThrottled(error)) slowDown();
      throw error;
    } finally {
      running -= 1;
      pump();
    }
  };

  return {
    async run(signal, lane, call) {
      for (let tries = 1; ; tries++) {
        try {
          return await once(signal, lane, call);
        } catch (error) {
          if (tries === TRIES || !isThrottled(error) || !maySoonBeRepeated(error) || !lineIsShort()) throw error;
        }
      }
    },
    limit(next) {
      if (next === perSecond) return;
      refill();
      // What was halved stays halved in the same measure.
      rate = (rate / perSecond) * next;
      perSecond = next;
      tokens = Math.min(tokens, perSecond);
      pump();
    },
    perSecond: () => perSecond,
    use: () => meter.use(perSecond),
    rate: () => rate,
    waiting: () => waiters.size(),
  };
}

const isThrottled = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && error.fault === "throttled";

/** Nothing of it was done, and the cloud did not say when to come back. */
const maySoonBeRepeated = ({ step, retryAfterMs }: ProviderError): boolean =>
  step === undefined && retryAfterMs === undefined;
