import { type Random, spread } from "./backoff.ts";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { createQueue, type Outcome, PRIORITY, type Priority, type QueueMetrics, type WorkQueue } from "./queue.ts";
import type { Reflector, ReflectorEvent } from "./reflector.ts";
import { type KubeObject, nameOfKey, type ObjectName } from "./resource.ts";

/** A cache whose changes are reasons to reconcile. */
export interface Source<T extends KubeObject = KubeObject> {
  readonly reflector: Reflector<T>;
  /** What to reconcile because of a change: the object itself if left out. */
  readonly keys?: (event: ReflectorEvent<T>) => readonly string[];
  /** Whether a change is a reason at all; every one is if left out. */
  readonly predicate?: (event: ReflectorEvent<T>) => boolean;
  /** How urgent a change is; `priorityOf` if left out. */
  readonly priority?: (event: ReflectorEvent<T>) => Priority;
}

/** The object to bring in order. It may be gone. */
export interface Request extends ObjectName {
  readonly key: string;
}

export interface ReconcileContext {
  /** Aborted when the time is up or the process ends: hand it to every call. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** 1, or more after failures. */
  readonly attempt: number;
  /**
   * Says that the reconcile wrote, and got this resource version; of an object of another cache, if that is given.
   * The key is not reconciled again before the cache shows the write.
   */
  wrote(resourceVersion: string, reflector?: Pick<Reflector, "observed" | "waitForRV">): void;
}

/** What a reconcile may ask for; it fails by throwing. */
export type Result = Pick<Outcome, "requeueAfterMs" | "retry">;

export interface ControllerOptions {
  readonly name: string;
  readonly client: Pick<Client, "find">;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: Random;
  readonly metrics?: QueueMetrics | undefined;
  /** The first is the cache of the objects that are reconciled. */
  // biome-ignore lint/suspicious/noExplicitAny: each source has objects of its own
  readonly sources: readonly [Source<any>, ...Source<any>[]];
  readonly reconcile: (request: Request, context: ReconcileContext) => Promise<Result | undefined>;
  /** How many objects are reconciled at once. */
  readonly concurrency: number;
  /** How long one reconcile may take, in milliseconds. */
  readonly deadlineMs?: number;
  /** Every object is reconciled this often even if nothing happens, give or take a fifth. */
  readonly resyncMs?: number;
}

/**
 * Reconciles objects whenever something changed that concerns them. Guarantees: one reconcile an object at a time; a
 * change during a reconcile leads to another; a failure leads to another after a back-off; no reconcile works on a
 * cache that lacks this process's own last write to the object.
 */
export interface Controller {
  readonly name: string;
  readonly queue: WorkQueue;
  /** Begins to reconcile. The caches should have synced. */
  start(): void;
  /** Listens no more, begins nothing, and waits for what is under way. @returns how many reconciles did not end */
  drain(timeoutMs: number): Promise<number>;
}

const RESYNC_SPREAD = 0.2;

export function createController(options: ControllerOptions): Controller {
  const { name, client, clock, metrics, sources, reconcile, resyncMs, random = Math.random } = options;
  const primary = sources[0].reflector;
  const log = options.log.child({ controller: name });
  const behind = new Set<string>();

  const queue = createQueue({
    name,
    clock,
    log,
    random,
    metrics,
    concurrency: options.concurrency,
    deadlineMs: options.deadlineMs,
    async work(key, { signal, number }) {
      if (behind.has(key) && !(await catchUp(key, signal))) return { retry: {} };
      const writes: Promise<boolean>[] = [];
      const context: ReconcileContext = {
        signal,
        log: log.child({ key }),
        attempt: number,
        wrote(resourceVersion, reflector = primary) {
          if (!reflector.observed(resourceVersion)) writes.push(reflector.waitForRV(resourceVersion));
        },
      };
      try {
        const result = await reconcile({ key, ...nameOfKey(key) }, context);
        return { ...later(key, result), hold: holdFor(key, writes) };
      } catch (err) {
        if (writes.length === 0) throw err;
        log.warn({ err, key, attempt: number }, "a reconcile failed after it had written; it is repeated");
        const atLeastMs = (err as { retryAfterMs?: number } | undefined)?.retryAfterMs;
        return { retry: { atLeastMs }, hold: holdFor(key, writes) };
      }
    },
  });

  function later(key: string, result: Result = {}): Result {
    const wanted = result.requeueAfterMs !== undefined || result.retry !== undefined;
    if (wanted || resyncMs === undefined || !primary.get(key)) return result;
    return { requeueAfterMs: spread(resyncMs, RESYNC_SPREAD, random) };
  }

  function holdFor(key: string, writes: readonly Promise<boolean>[]): Promise<unknown> | undefined {
    if (writes.length === 0) return undefined;
    return Promise.all(writes).then((shown) => {
      if (shown.includes(false)) behind.add(key);
    });
  }

  /** The cache did not show our write in time: so the object is read directly. */
  async function catchUp(key: string, signal: AbortSignal): Promise<boolean> {
    const object = await client.find(primary.type, nameOfKey(key), { signal });
    if (!object) return primary.get(key) === undefined && behind.delete(key);
    primary.offer(object);
    behind.delete(key);
    return true;
  }

  const unsubscribes = sources.map(({ reflector, keys, predicate, priority = priorityOf }) =>
    reflector.subscribe((event) => {
      if (predicate && !predicate(event)) return;
      for (const key of keys ? keys(event) : [event.key]) queue.add(key, { priority: priority(event) });
    }),
  );

  return {
    name,
    queue,
    start: queue.start,
    drain(timeoutMs) {
      for (const unsubscribe of unsubscribes) unsubscribe();
      return queue.drain(timeoutMs);
    },
  };
}

/** What the first state brings is routine; then come what is new and what was changed. */
export function priorityOf(event: Pick<ReflectorEvent<KubeObject>, "type" | "initial">): Priority {
  if (event.initial) return PRIORITY.resync;
  return event.type === "added" ? PRIORITY.created : PRIORITY.changed;
}
