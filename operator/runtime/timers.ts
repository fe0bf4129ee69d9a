import type { Cancel, Clock } from "./clock.ts";
import { createHeap } from "./heap.ts";

/** Any number of deadlines on a single timer of the clock. */
export interface Timers {
  /** How many calls are waiting. */
  readonly size: number;
  /** Calls `fn` once, `ms` milliseconds from now. Calls due at the same moment come in the order they were scheduled. */
  schedule(ms: number, fn: () => void): Cancel;
  /** Forgets every call. */
  clear(): void;
}

interface Entry {
  due: number;
  order: number;
  fn: (() => void) | undefined;
}

/**
 * A cancelled call leaves its entry in the heap until it comes to the top or half of the entries are dead, so
 * cancelling costs little and memory stays in proportion to what waits.
 */
export function createTimers(clock: Clock): Timers {
  const heap = createHeap<Entry>((a, b) => a.due < b.due || (a.due === b.due && a.order < b.order));
  let order = 0;
  let dead = 0;
  let armedFor = Number.POSITIVE_INFINITY;
  let disarm: Cancel = () => {};

  function arm(): void {
    for (let first = heap.peek(); first && !first.fn; first = heap.peek()) {
      heap.pop();
      dead--;
    }
    const due = heap.peek()?.due ?? Number.POSITIVE_INFINITY;
    if (due === armedFor) return;
    disarm();
    armedFor = due;
    disarm = due === Number.POSITIVE_INFINITY ? () => {} : clock.setTimeout(due - clock.monotonic(), fire);
  }

  function fire(): void {
    armedFor = Number.POSITIVE_INFINITY;
    const now = clock.monotonic();
    try {
      for (let entry = heap.peek(); entry && entry.due <= now; entry = heap.peek()) {
        heap.pop();
        const { fn } = entry;
        entry.fn = undefined;
        if (fn) fn();
        else dead--;
      }
    } finally {
      arm();
    }
  }

  function sweep(): void {
    if (dead < 64 || dead * 2 < heap.size) return;
    const alive: Entry[] = [];
    for (let entry = heap.pop(); entry; entry = heap.pop()) if (entry.fn) alive.push(entry);
    for (const entry of alive) heap.push(entry);
    dead = 0;
  }

  return {
    get size() {
      return heap.size - dead;
    },
    schedule(ms, fn) {
      const entry: Entry = { due: clock.monotonic() + Math.max(ms, 0), order: order++, fn };
      heap.push(entry);
      arm();
      return () => {
        if (!entry.fn) return;
        entry.fn = undefined;
        dead++;
        sweep();
        arm();
      };
    },
    clear() {
      heap.clear();
      dead = 0;
      arm();
    },
  };
}
