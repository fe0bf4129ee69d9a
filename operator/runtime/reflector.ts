import type { Random } from "./backoff.ts";
import type { Client } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import { createListeners } from "./listeners.ts";
import type { Log } from "./log.ts";
import { type History, judge, SilenceError, StaleStateError, type Step } from "./reflector-policy.ts";
import { collectionPath, type KubeObject, keyOf, nameOfType, type ResourceType } from "./resource.ts";
import { isOlder } from "./resource-version.ts";
import { createResourceVersionWaiters } from "./rv-waiters.ts";
import { slim } from "./slim.ts";
import { type Change, createStore, type Indexer, type Store } from "./store.ts";
import { createTimers } from "./timers.ts";
import type { WatchEvent } from "./watch-event.ts";
import { incomplete, watchOnce } from "./watch-session.ts";

/**
 * `Starting` until the first complete state, `Synced` while a watch is open, `Retrying` after a failure, `NotServed`
 * while the server doesn't know the resource, `Stopped` for good.
 */
export type ReflectorState = "Starting" | "Synced" | "Retrying" | "NotServed" | "Stopped";

/** A change, and whether it belongs to the first complete state (then nothing has changed in the cluster). */
export type ReflectorEvent<T> = Change<T> & { readonly initial: boolean };

/** A copy of all objects of one type, kept up to date by a watch. */
export interface Reflector<T extends KubeObject = KubeObject>
  extends Pick<Store<T>, "get" | "list" | "byIndex" | "size"> {
  readonly type: ResourceType;
  /** Runs until the signal is aborted; then resolves. A second call joins the first. */
  start(signal: AbortSignal): Promise<void>;
  state(): ReflectorState;
  /** Whether there was a complete state. It stays true through failures after that: the copy is then older, not empty. */
  hasSynced(): boolean;
  /** Resolves at the first complete state. @throws the reflector's stop reason */
  synced(): Promise<void>;
  /** The resource version that the copy has reached; undefined before the first complete state. */
  lastSyncedRV(): string | undefined;
  /** Milliseconds since the last event or bookmark; undefined before the first. */
  lastEventAge(): number | undefined;
  /** Whether the copy shows a write that got this resource version. */
  observed(resourceVersion: string): boolean;
  /** Resolves to true once it does, to false after `timeoutMs` (5,000 if left out) or when stopped. */
  waitForRV(resourceVersion: string, timeoutMs?: number): Promise<boolean>;
  /** Takes an object that was read from the server directly, unless a newer state, or its deletion, is known. */
  offer(object: T): void;
  /** Calls `listener` at each change, after the copy has it. What a listener throws is logged. @returns how to end that */
  subscribe(listener: (event: ReflectorEvent<T>) => void): () => void;
}

export interface ReflectorMetrics {
  event(resource: string, type: WatchEvent["type"] | "stale"): void;
  failure(resource: string, cause: string): void;
  synced(resource: string, step: Step, durationMs: number): void;
  size(resource: string, objects: number): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Pick<Client, "transport" | "pages">;
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: Random;
  readonly metrics?: ReflectorMetrics | undefined;
  /** Only objects of this namespace. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** What is kept of an object, after managed fields and kubectl's annotation were dropped. */
  readonly transform?: (object: T) => T;
  /** How long a watch may be silent; servers send a bookmark about once a minute. */
  readonly silenceLimitMs?: number;
}

const SILENCE_LIMIT_MS = 90_000;
const INITIAL_SILENCE_LIMIT_MS = 30_000;
const WATCH_SECONDS = { least: 300, most: 600 };
const HEALTHY_AFTER_MS = 10_000;
const WAIT_FOR_RV_MS = 5_000;
/** So often a state is refused that lies before ours; a cluster that was restored from a backup really went back. */
const STALE_REFUSALS = 5;

export function createReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> {
  const { client, type, clock, metrics, random = Math.random, namespace, labelSelector, fieldSelector } = options;
  const resource = nameOfType(type);
  const path = collectionPath(type, namespace);
  const silenceMs = options.silenceLimitMs ?? SILENCE_LIMIT_MS;
  const session = { transport: client.transport, clock, path };
  const log = options.log.child({ resource, ...(namespace && { namespace }) });
  const store = createStore<T>({
    ...(options.indexers && { indexers: options.indexers }),
    onIndexError: (index, key, err) => log.error({ err, index, key }, "an indexer failed; the index lacks this object"),
  });
  const waiters = createResourceVersionWaiters(createTimers(clock));
  const listeners = createListeners<ReflectorEvent<T>>((err, { key }) => {
    metrics?.failure(resource, "listener");
    log.error({ err, key }, "a listener failed; the others were told");
  });
  const firstSync = Promise.withResolvers<void>();
  firstSync.promise.catch(() => {});

  let running: Promise<void> | undefined;
  let state: ReflectorState = "Starting";
  let position: string | undefined;
  let mustSync = true;
  let mustBeNewest = false;
  let watchListWorks = true;
  let staleStates = 0;
  let lastEventAt: number | undefined;

  function keep(object: KubeObject): T {
    const slimmed = slim(object) as T;
    try {
      return options.transform ? options.transform(slimmed) : slimmed;
    } catch (err) {
      log.error({ err, object: object.metadata.name }, "the transform failed; the object is kept as it came");
      return slimmed;
    }
  }

  function emit(changes: readonly Change<T>[], initial: boolean): void {
    for (const change of changes) listeners.tell({ ...change, initial });
    if (changes.length > 0) metrics?.size(resource, store.size);
  }

  function advance(resourceVersion: string): void {
    if (position !== undefined && isOlder(resourceVersion, position)) return;
    position = resourceVersion;
    waiters.reached(resourceVersion);
  }

  function replace(objects: readonly T[], resourceVersion: string, step: Step, startedAt: number): void {
    const rewound = position !== undefined && isOlder(resourceVersion, position);
    if (rewound && ++staleStates < STALE_REFUSALS) {
      throw new StaleStateError(`LIST ${path}: the server's state ${resourceVersion} is older than ours, ${position}`);
    }
    if (rewound)
      log.warn({ from: position, to: resourceVersion }, "the cluster's state went back; it counts as restored");
    const initial = position === undefined;
    staleStates = 0;
    position = resourceVersion;
    mustSync = false;
    mustBeNewest = false;
    emit(store.replace(objects, resourceVersion, rewound), initial);
    waiters.reached(resourceVersion);
    metrics?.synced(resource, step, clock.monotonic() - startedAt);
    metrics?.size(resource, store.size);
    state = "Synced";
    firstSync.resolve();
    log.info({ objects: store.size, resourceVersion, step }, "the cache has the complete state");
  }

  function follow(event: WatchEvent): void {
    lastEventAt = clock.monotonic();
    if (event.type === "error") return;
    if (event.type === "bookmark") {
      metrics?.event(resource, "bookmark");
      advance(event.resourceVersion);
      return;
    }
    const { resourceVersion } = event.object.metadata;
    if (position !== undefined && (resourceVersion === position || isOlder(resourceVersion, position))) {
      metrics?.event(resource, "stale");
      return;
    }
    metrics?.event(resource, event.type);
    const object = keep(event.object);
    const changes = event.type === "deleted" ? store.remove(object) : store.put(object);
    advance(resourceVersion);
    emit(changes, false);
  }

  function watchQuery() {
    const seconds = WATCH_SECONDS.least + random() * (WATCH_SECONDS.most - WATCH_SECONDS.least);
    return { labelSelector, fieldSelector, allowWatchBookmarks: true, timeoutSeconds: Math.round(seconds) };
  }

  async function watch(signal: AbortSignal): Promise<void> {
    const query = { ...watchQuery(), resourceVersion: position };
    const silenceLimitMs = () => silenceMs;
    const onOpen = () => {
      state = "Synced";
    };
    await watchOnce({ ...session, query, signal, silenceLimitMs, onOpen, onEvent: follow });
  }

  /** The server sends the complete state as events, says where it ends, and goes on with what happens. */
  async function watchList(signal: AbortSignal): Promise<void> {
    const startedAt = clock.monotonic();
    const collected = new Map<string, T>();
    let complete = false;
    const onEvent = (event: WatchEvent) => {
      if (complete) return follow(event);
      if (event.type === "bookmark" && event.endsInitialEvents) {
        complete = true;
        lastEventAt = clock.monotonic();
        replace([...collected.values()], event.resourceVersion, "watchList", startedAt);
        collected.clear();
      } else if (event.type === "deleted") {
        collected.delete(keyOf(event.object.metadata));
      } else if (event.type !== "bookmark" && event.type !== "error") {
        collected.set(keyOf(event.object.metadata), keep(event.object));
      }
    };
    const query = {
      ...watchQuery(),
      sendInitialEvents: true,
      resourceVersionMatch: "NotOlderThan",
      resourceVersion: mustBeNewest ? undefined : position,
    };
    const silenceLimitMs = () => Math.min(silenceMs, complete ? Number.POSITIVE_INFINITY : INITIAL_SILENCE_LIMIT_MS);
    try {
      await watchOnce({ ...session, query, signal, silenceLimitMs, onEvent });
    } catch (error) {
      throw !complete && error instanceof SilenceError ? incomplete(`WATCH ${path}`) : error;
    }
    if (!complete) throw incomplete(`WATCH ${path}`);
  }

  /**
   * Without a position the list asks for the newest state: a server may lag behind the one that this process's
   * predecessor talked to, and a state from before our own writes would be acted on.
   */
  async function list(signal: AbortSignal): Promise<void> {
    const startedAt = clock.monotonic();
    const objects: T[] = [];
    let resourceVersion = "";
    const from = { resourceVersion: mustBeNewest ? undefined : position };
    for await (const page of client.pages<T>(type, { namespace, labelSelector, fieldSelector, signal, ...from })) {
      for (const item of page.items) objects.push(keep(item));
      resourceVersion = page.resourceVersion;
    }
    lastEventAt = clock.monotonic();
    replace(objects, resourceVersion, "list", startedAt);
    watchListWorks = true;
  }

  const steps = { watch, watchList, list };

  async function run(signal: AbortSignal): Promise<void> {
    let history: History = { failures: 0, expirations: 0 };
    while (!signal.aborted) {
      const step: Step = !mustSync ? "watch" : watchListWorks ? "watchList" : "list";
      const startedAt = clock.monotonic();
      try {
        await steps[step](signal);
        if (step !== "list") history = { failures: 0, expirations: 0 };
      } catch (error) {
        if (signal.aborted) return;
        const expired = (error as { status?: number }).status === 410 ? 1 : 0;
        const healthy = clock.monotonic() - startedAt >= HEALTHY_AFTER_MS;
        const { failures, expirations } = healthy ? { failures: 0, expirations: 0 } : history;
        history = { failures: failures + 1, expirations: expirations + expired };
        const { cause, delayMs, ...verdict } = judge(step, error, history, random);
        mustSync ||= verdict.resync;
        mustBeNewest ||= verdict.forgetPosition;
        if (verdict.forgetPosition) mustSync = true;
        if (verdict.withoutWatchList) watchListWorks = false;
        metrics?.failure(resource, cause);
        if (!verdict.notServed)
          log.warn({ err: error, cause, step, delayMs: Math.round(delayMs) }, "watching failed; it is tried again");
        else if (state !== "NotServed")
          log.warn("the server does not know this resource: its definition is not installed; it is asked for again");
        state = verdict.notServed ? "NotServed" : "Retrying";
        if (delayMs > 0) await sleep(clock, delayMs, signal).catch(() => {});
      }
    }
  }

  return {
    type,
    get: store.get,
    list: store.list,
    byIndex: store.byIndex,
    get size() {
      return store.size;
    },
    start(signal) {
      running ??= run(signal).finally(() => {
        state = "Stopped";
        waiters.stop();
        firstSync.reject(signal.reason);
      });
      return running;
    },
    state: () => state,
    hasSynced: () => position !== undefined,
    synced: () => firstSync.promise,
    lastSyncedRV: () => position,
    lastEventAge: () => (lastEventAt === undefined ? undefined : clock.monotonic() - lastEventAt),
    observed: (resourceVersion) => position !== undefined && !isOlder(position, resourceVersion),
    waitForRV(resourceVersion, timeoutMs = WAIT_FOR_RV_MS) {
      if (position !== undefined && !isOlder(position, resourceVersion)) return Promise.resolve(true);
      return state === "Stopped" ? Promise.resolve(false) : waiters.wait(resourceVersion, timeoutMs);
    },
    offer(object) {
      const { namespace: home, name, resourceVersion } = object.metadata;
      const gone =
        !store.get(keyOf({ namespace: home, name })) && position !== undefined && !isOlder(position, resourceVersion);
      if (!gone) emit(store.put(keep(object)), false);
    },
    subscribe: listeners.add,
  };
}
