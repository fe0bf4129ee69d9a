/** Those who wait, in lanes that take turns. */
export interface Lanes<T> {
  add(lane: string, one: T): void;
  /** The first of the lane whose turn it is; that lane then comes last. Undefined when nobody waits. */
  next(): T | undefined;
  /** Takes one out that won't wait any longer. */
  remove(lane: string, one: T): void;
  size(): number;
}

export function createLanes<T>(): Lanes<T> {
  // A Map keeps the order in which keys were put in: that is the order of turns.
  const lanes = new Map<string, Set<T>>();
  let size = 0;
  const drop = (lane: string, waiting: Set<T>, one: T): boolean => {
    if (!waiting.delete(one)) return false;
    size -= 1;
    if (waiting.size === 0) lanes.delete(lane);
    return true;
  };
  return {
    add(lane, one) {
      const waiting = lanes.get(lane) ?? new Set<T>();
      lanes.set(lane, waiting.add(one));
      size += 1;
    },
    next() {
      for (const [lane, waiting] of lanes)
        for (const one of waiting) {
          drop(lane, waiting, one);
          if (lanes.delete(lane)) lanes.set(lane, waiting);
          return one;
        }
      return undefined;
    },
    remove(lane, one) {
      const waiting = lanes.get(lane);
      if (waiting) drop(lane, waiting, one);
    },
    size: () => size,
  };
}
