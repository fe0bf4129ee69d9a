import type { Firestore, Operation } from "./firestore.ts";

/** Something that Firestore still does for us. */
export interface Running {
  readonly operation: string;
  readonly doing: "create" | "change" | "delete";
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/**
 * Which long-running operations this process has started. Only for what people read and for patience: a restart loses
 * nothing but those.
 */
export interface Progress {
  /** @throws ProviderError of an operation that has failed at once */
  started(database: string, doing: Running["doing"], operation: Operation): void;
  /**
   * True when what was begun is through at once, or there was nothing to do; else it is remembered.
   *
   * @throws ProviderError when it has failed
   */
  through(
    database: string,
    doing: Running["doing"],
    begun: Operation | undefined,
    signal: AbortSignal,
  ): Promise<boolean>;
  /** What was last started and not yet seen to be through; nothing is asked. */
  remembered(database: string): Running | undefined;
  remember(database: string, running: Running): void;
  /**
   * What still runs. What is through is forgotten.
   *
   * @throws ProviderError of an operation that has failed: told once
   */
  running(database: string, signal: AbortSignal): Promise<Running | undefined>;
}

export function createProgress(firestore: Pick<Firestore, "operation">, now: () => number): Progress {
  const known = new Map<string, Running>();
  const started: Progress["started"] = (database, doing, operation) => {
    if (operation.error) throw operation.error;
    // A new database may stay invisible for a while after its operation is through.
    if (!operation.done || doing === "create") known.set(database, { operation: operation.name, doing, since: now() });
  };
  return {
    started,
    async through(database, doing, begun, signal) {
      const operation = begun && (await lookAgain(firestore, begun, signal));
      if (!operation || operation.done) return true;
      started(database, doing, operation);
      return false;
    },
    remembered: (database) => known.get(database),
    remember: (database, running) => void known.set(database, running),
    async running(database, signal) {
      const last = known.get(database);
      if (!last) return undefined;
      const operation = await firestore.operation(last.operation, signal);
      if (operation && !operation.done) return last;
      known.delete(database);
      if (operation?.error) throw operation.error;
      return undefined;
    },
  };
}

/** An operation as it is after one more look: a short one is through by then. @throws ProviderError when it has failed */
export async function lookAgain(
  service: Pick<Firestore, "operation">,
  begun: Operation,
  signal: AbortSignal,
): Promise<Operation> {
  if (begun.error) throw begun.error;
  if (begun.done) return begun;
  const now = (await service.operation(begun.name, signal)) ?? begun;
  if (now.error) throw now.error;
  return now;
}
