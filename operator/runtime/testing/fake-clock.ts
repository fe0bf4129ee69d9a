import type { Cancel, Clock } from "../clock.ts";

/** A clock that moves only when a test says so. */
export interface FakeClock extends Clock {
  /** How many timers are waiting. */
  readonly pending: number;
  /**
   * Moves time on, making each call at its own moment and letting promises and sockets settle in between.
   * @param ms how far, in milliseconds
   */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock alone, as a time server or an administrator would. */
  stepWallClock(ms: number): void;
  /** Moves both clocks on without making any call: what a process that was stopped sees when it goes on. */
  freeze(ms: number): void;
}

interface Timer {
  due: number;
  order: number;
  fn: () => void;
}

/** Lets everything that is ready run: promise chains, immediates, and input from sockets that has arrived. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** @param epochMs what `now()` starts with */
export function createFakeClock(epochMs = Date.UTC(2026, 0, 1)): FakeClock {
  let mono = 1_000;
  let wallOffset = epochMs - mono;
  let order = 0;
  const timers = new Set<Timer>();

  function next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.due > until) continue;
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order)) first = timer;
    }
    return first;
  }

  function schedule(ms: number, fn: () => void): Cancel {
    const timer = { due: mono + Math.max(ms, 0), order: order++, fn };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  return {
    get pending() {
      return timers.size;
    },
    now: () => mono + wallOffset,
    monotonic: () => mono,
    setTimeout: schedule,
    setImmediate(fn) {
      const immediate = setImmediate(fn);
      return () => clearImmediate(immediate);
    },
    async advance(ms) {
      const until = mono + ms;
      await settle();
      for (let timer = next(until); timer; timer = next(until)) {
        timers.delete(timer);
        mono = Math.max(mono, timer.due);
        timer.fn();
        await settle();
      }
      mono = until;
    },
    stepWallClock(ms) {
      wallOffset += ms;
    },
    freeze(ms) {
      mono += ms;
    },
  };
}
