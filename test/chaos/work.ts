/** What the operators of a lane are doing: while they are at it, its time does not leap. */
export interface Work {
  /** The same thing, whose calls count as work until their promises are settled. */
  during<T extends object>(thing: T): T;
  /** Something is under way. What takes longer than five seconds of the machine's time counts no more: it hangs. */
  isUnderWay(): boolean;
}

const PATIENCE_MS = 5_000;

export function createWork(): Work {
  const begun = new Map<object, number>();
  const count = (result: unknown): unknown => {
    if (!(result instanceof Promise)) return result;
    const mark = {};
    begun.set(mark, performance.now());
    return result.finally(() => begun.delete(mark));
  };
  return {
    during: (thing) =>
      new Proxy(thing, {
        get(target, name) {
          const value = Reflect.get(target, name);
          return typeof value === "function" ? (...args: unknown[]) => count(value.apply(target, args)) : value;
        },
      }),
    isUnderWay() {
      for (const [mark, since] of begun) if (performance.now() - since > PATIENCE_MS) begun.delete(mark);
      return begun.size > 0;
    },
  };
}
