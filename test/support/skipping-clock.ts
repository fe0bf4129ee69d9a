import { type Cancel, type Clock, createClock } from "../../operator/runtime/clock.ts";

/** The machine's clock, which a test can have leap over time in which nothing happens. */
export interface SkippingClock extends Clock {
  /** All time that was leapt over, in ms. */
  skipped(): number;
  /** Leaps forward: what is due by then is called, in its order, each at its own moment. */
  skip(ms: number): void;
}

interface Timer {
  readonly due: number;
  readonly fn: () => void;
  cancel: Cancel;
}

export function createSkippingClock(machine: Clock = createClock()): SkippingClock {
  const waiting = new Set<Timer>();
  let skipped = 0;
  const monotonic = () => machine.monotonic() + skipped;

  const arm = (timer: Timer) => {
    timer.cancel = machine.setTimeout(timer.due - monotonic(), () => {
      if (waiting.delete(timer)) timer.fn();
    });
  };
  const first = () => [...waiting].reduce<Timer | undefined>((a, b) => (a && a.due <= b.due ? a : b), undefined);

  return {
    now: () => machine.now() + skipped,
    monotonic,
    setTimeout(ms, fn) {
      const timer: Timer = { due: monotonic() + Math.max(ms, 0), fn, cancel: () => {} };
      waiting.add(timer);
      arm(timer);
      return () => {
        waiting.delete(timer);
        timer.cancel();
      };
    },
    setImmediate: machine.setImmediate,
    skipped: () => skipped,
    skip(ms) {
      const until = monotonic() + ms;
      for (let next = first(); next && next.due <= until; next = first()) {
        skipped += Math.max(0, next.due - monotonic());
        waiting.delete(next);
        next.cancel();
        next.fn();
      }
      skipped += Math.max(0, until - monotonic());
      for (const timer of waiting) {
        timer.cancel();
        arm(timer);
      }
    },
  };
}
