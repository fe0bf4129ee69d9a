/** Runs things one after the other that go by the same name; those of other names don't wait. */
export type InTurn = <T>(name: string, run: () => Promise<T>) => Promise<T>;

/**
 * For documents that are read, changed and written as a whole, and that several objects have a part in: the cloud takes the
 * last one that comes, whatever it was read from. Only one process of the operator works at a time, so that turns in it are
 * enough.
 */
export function inTurn(): InTurn {
  const last = new Map<string, Promise<unknown>>();
  return async (name, run) => {
    const mine = (last.get(name) ?? Promise.resolve()).then(run, run);
    const settled = mine.catch(() => undefined);
    last.set(name, settled);
    try {
      return await mine;
    } finally {
      if (last.get(name) === settled) last.delete(name);
    }
  };
}
