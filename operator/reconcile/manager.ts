import type { Wanted } from "../provider/provider.ts";
import { type Random, spread } from "../runtime/backoff.ts";
import type { Client } from "../runtime/client.ts";
import type { Clock } from "../runtime/clock.ts";
import {
  type Controller,
  createController,
  priorityOf,
  type ReconcileContext,
  type Result,
} from "../runtime/controller.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { PRIORITY, type Priority } from "../runtime/queue.ts";
import { createReflector, type Reflector, type ReflectorEvent } from "../runtime/reflector.ts";
import { keyOf, type ResourceType } from "../runtime/resource.ts";
import { SECRETS } from "../runtime/secrets.ts";
import { createAttempts } from "./attempts.ts";
import { CHILD_MARKS, MANAGED_BY } from "./children.ts";
import { compositeReconciler, typeOfChild } from "./composite-controller.ts";
import type { Composite, CompositeSpec } from "./composite-object.ts";
import { environmentReconciler, monthlyCostOf } from "./environment-controller.ts";
import type { EnvironmentRegistry } from "./environments.ts";
import {
  BLUEPRINT_KIND,
  blueprintKeys,
  blueprintsIn,
  concerns,
  copiesOther,
  copyKeys,
  countsOther,
  type Definition,
  endsRun,
  givesOther,
  parentOf,
  referenceKeys,
  referencesIn,
  refersOther,
  tellsOther,
  urgencyOf,
  usesOther,
  wholeKey,
  wholesIn,
  wholesOf,
} from "./events-of-objects.ts";
import type { Next } from "./gather.ts";
import { type Cached, cacheOf, leafReconciler, type Run, type Shared } from "./leaf-controller.ts";
import type { Leaf, LeafSpec, LeafStatus } from "./leaf-object.ts";
import type { KubeObject } from "./object.ts";
import { createProgressMemory, type ProgressMemory } from "./progress.ts";
import { runReconciler } from "./run-controller.ts";
import type { RunKind, RunSpec } from "./run-object.ts";
import { createRunPlaces } from "./run-places.ts";
import { createStartVersions } from "./start-versions.ts";

/** A kind of ours with its type at the API server. */
export interface OwnKind {
  readonly kind: string;
  readonly type: ResourceType;
}

export interface ManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** Of the caches, whose time is that of the connection to the API server. Absent: `clock`. */
  readonly cacheClock?: Clock;
  readonly log: Log;
  readonly registry: EnvironmentRegistry;
  /** How the services of an account were used in the last minute. Absent: it is not told. */
  readonly budgets?: Shared["budgets"];
  /** Every kind of ours by name; Environment is among them. */
  readonly types: ReadonlyMap<string, ResourceType>;
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a spec of its own
  readonly leaves: readonly Leaf<any, any>[];
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a spec of its own
  readonly composites: readonly Composite<any>[];
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a spec of its own
  readonly runs: readonly RunKind<any>[];
  readonly serves: (type: ResourceType) => Promise<boolean>;
  /** Ends what is under way once this process no longer leads. */
  readonly fence: AbortSignal;
  readonly tell: Shared["tell"];
  /** Runs a pass within a span of the trace. */
  readonly span?:
    | (<T>(name: string, attributes: Readonly<Record<string, string>>, run: () => Promise<T>) => Promise<T>)
    | undefined;
  readonly now: () => Date;
  readonly random?: Random;
  /** So many bytes that nobody can guess. */
  readonly randomBytes: (bytes: number) => Uint8Array;
  /** How many objects of one kind are worked on at once. */
  readonly concurrency: number;
  readonly resyncMs: number;
  /** Only objects of this namespace; Environments are cluster-scoped either way. */
  readonly namespace?: string | undefined;
  readonly metrics?: Pick<Metrics, "queue" | "reflector" | "watch"> | undefined;
}

/** All controllers of this process. */
export interface Manager {
  readonly caches: ReadonlyMap<string, Reflector<Cached>>;
  /** Fills the caches and keeps them up to date until the signal is aborted. Resolves when the first state is complete. */
  watch(signal: AbortSignal): Promise<void>;
  /** Begins to work: only while this process leads. */
  start(): void;
  /** Ends what is under way. @returns how many attempts did not end in time */
  drain(timeoutMs: number): Promise<number>;
}

const REFERENCES = "references";
const COPIES = "copies";
const BLUEPRINT = "blueprint";
const PART_OF = "partOf";
const NAMESPACE = "Namespace";
const ENVIRONMENT = "Environment";
/** Counts of an Environment follow changes of its objects after this time, so a burst makes one write. */
const COUNT_AFTER_MS = 2_000;
/** From here on a wait is a routine look. */
const ROUTINE_MS = 60_000;
/** While a cloud says that it is at work, it is looked at this often at least. */
const WORKING_MS = 30_000;

/** Puts caches, queues and passes together: one queue a kind, one worker a key. */
export function createManager(options: ManagerOptions): Manager {
  const { client, clock, log, registry, types, leaves, composites, runs, metrics, random = Math.random } = options;
  const caches = new Map<string, Reflector<Cached>>();
  const controllers = new Map<string, Controller>();
  const attempts = createAttempts(() => clock.monotonic());
  const startVersions = createStartVersions({
    client,
    types: leaves.flatMap(({ kind }) => types.get(kind) ?? []),
    namespace: options.namespace,
    signal: options.fence,
    log,
  });
  const shared: Shared & { readonly serves: ManagerOptions["serves"] } = {
    client,
    caches,
    environments: registry,
    leafKinds: leaves.map(({ kind }) => kind),
    startVersions,
    budgets: options.budgets ?? (() => []),
    tell: options.tell,
    now: options.now,
    attempts,
    resyncMs: options.resyncMs,
    random: options.randomBytes,
    referrers({ kind, name, referredBy }, namespace) {
      const key = `${kind}/${keyOf({ namespace, name })}`;
      return referredBy ? (caches.get(referredBy.kind)?.byIndex(REFERENCES, key) ?? []) : [];
    },
    users(kind, name, namespace) {
      const key = `${kind}/${keyOf({ namespace, name })}`;
      return definitions.flatMap((one) => caches.get(one.kind)?.byIndex(REFERENCES, key) ?? []);
    },
    monthlyCost: (namespace) => monthlyCostOf(leafKinds.flatMap((kind) => caches.get(kind)?.list(namespace) ?? [])),
    within: (namespace) => kept.flatMap((kind) => caches.get(kind)?.list(namespace) ?? []),
    blueprint: (namespace, name) =>
      kept.flatMap((kind) => caches.get(kind)?.byIndex(BLUEPRINT, keyOf({ namespace, name })) ?? []),
    parts: (whole) => partial.flatMap((kind) => caches.get(kind)?.byIndex(PART_OF, wholeKey(whole)) ?? []),
    secretVersion(name, namespace) {
      const keepers: KubeObject<unknown, LeafStatus>[] = copying.flatMap(
        (kind) => caches.get(kind)?.byIndex(COPIES, keyOf({ namespace, name })) ?? [],
      );
      return keepers.map(({ status }) => status?.syncedTo?.version).find((version) => version !== undefined);
    },
    serves: options.serves,
  };
  const definitions: readonly Definition[] = [...leaves, ...composites, ...runs.map(definitionOf)];
  /** What is made in a namespace: leaves and the composites that belong to one. */
  const kept = definitions.map(({ kind }) => kind).filter((kind) => types.get(kind)?.namespaced);
  const partial = composites.filter((one) => one.partOf).map(({ kind }) => kind);
  const copying = leaves.filter((leaf) => leaf.copy).map((leaf) => leaf.kind);
  const { leafKinds } = shared;
  const runKinds = runs.map(({ kind }) => kind);
  const held = leaves.filter((leaf) => leaf.heldByUsers).map((leaf) => leaf.kind);

  const cache = (type: ResourceType, labelSelector?: string) => {
    if (caches.has(type.kind)) return;
    const definition = definitions.find((one) => one.kind === type.kind);
    caches.set(
      type.kind,
      createReflector<Cached>({
        client,
        type,
        clock: options.cacheClock ?? clock,
        log,
        labelSelector,
        namespace: type.namespaced ? options.namespace : undefined,
        metrics: metrics?.reflector,
        indexers: {
          ...(kept.includes(type.kind) ? { [BLUEPRINT]: blueprintKeys } : {}),
          ...(definition ? { [REFERENCES]: (object) => referenceKeys(definition, object) } : {}),
          ...(copying.includes(type.kind) ? { [COPIES]: copyKeys } : {}),
          ...(definition?.partOf ? { [PART_OF]: (object) => wholesOf(definition, object).map(wholeKey) } : {}),
        },
      }),
    );
  };
  for (const type of types.values()) cache(type);
  for (const composite of composites) {
    for (const use of composite.uses) cache(typeOfChild(use), `${CHILD_MARKS.managedBy}=${MANAGED_BY}`);
  }

  const control = (kind: string, run: Run) => {
    const reflector = cacheOf({ caches }, kind);
    const progress = createProgressMemory();
    const reconcile = async ({ key }: { readonly key: string }, context: ReconcileContext) => {
      const signal = AbortSignal.any([context.signal, options.fence]);
      const pass = () => run(key, { signal, log: context.log, wrote: (version) => context.wrote(version) });
      const next = await (options.span?.(`reconcile ${kind}`, { "onyx.key": key }, pass) ?? pass());
      return resultOf(random, progress, key, next);
    };
    const controller = createController({
      name: kind,
      client,
      clock,
      log,
      metrics: metrics?.queue,
      sources: [
        {
          reflector,
          predicate: concerns,
          priority: (event) => (event.initial ? urgencyOf(event.object) : priorityOf(event)),
        },
      ],
      reconcile,
      concurrency: kind === ENVIRONMENT ? 2 : options.concurrency,
    });
    controllers.set(kind, controller);
  };
  const typeOf = (kind: string): ResourceType => {
    const type = types.get(kind);
    if (!type) throw new Error(`There is no type for ${kind}.`);
    return type;
  };
  control(ENVIRONMENT, environmentReconciler(typeOf(ENVIRONMENT), leafKinds, shared));
  for (const leaf of leaves as readonly Leaf<LeafSpec, Wanted>[])
    control(leaf.kind, leafReconciler(leaf, typeOf(leaf.kind), shared));
  for (const composite of composites as readonly Composite<CompositeSpec>[])
    control(composite.kind, compositeReconciler(composite, typeOf(composite.kind), shared));
  const places = createRunPlaces();
  for (const kind of runs as readonly RunKind<RunSpec>[])
    control(kind.kind, runReconciler(kind, typeOf(kind.kind), places, shared));

  for (const reflector of caches.values()) metrics?.watch({ reflector });
  for (const { queue } of controllers.values()) metrics?.watch({ queue });

  const add = (kind: string, key: string, priority: Priority, afterMs?: number) =>
    controllers.get(kind)?.queue.add(key, afterMs === undefined ? { priority } : { priority, afterMs });
  const addDependentsOf = (dependents: readonly string[], reference: string) => {
    for (const dependent of dependents) {
      const objects: KubeObject[] = caches.get(dependent)?.byIndex(REFERENCES, reference) ?? [];
      for (const object of objects) add(dependent, keyOf(object.metadata), PRIORITY.changed);
    }
  };
  const addDependents = (kind: string, key: string) =>
    addDependentsOf(
      definitions.map((one) => one.kind),
      `${kind}/${key}`,
    );
  /** A place has become free: the oldest that waits for one may begin. */
  const addNextRun = (kind: string, references: readonly string[]) => {
    for (const reference of references) {
      const next = places.next(caches.get(kind)?.byIndex(REFERENCES, reference) ?? []);
      if (next) add(kind, keyOf(next.metadata), PRIORITY.changed);
    }
  };
  const addParent = (object: KubeObject | undefined, priority: Priority, afterMs?: number) => {
    const parent = object && parentOf(object);
    const type = parent && controllers.has(parent.kind) && types.get(parent.kind);
    if (!type) return;
    const namespace = type.namespaced ? object.metadata.namespace : undefined;
    add(parent.kind, keyOf({ namespace, name: parent.name }), priority, afterMs);
  };
  /** The object of its namespace, if that is one that a composite makes. */
  const namespaceOf = ({ metadata }: KubeObject): KubeObject | undefined =>
    caches.get(NAMESPACE)?.get(metadata.namespace ?? "");
  const copyists = composites.filter(({ blueprint }) => blueprint).map(({ kind }) => kind);
  const recount = () => {
    for (const environment of caches.get(ENVIRONMENT)?.list() ?? [])
      add(ENVIRONMENT, environment.metadata.name, PRIORITY.resync, COUNT_AFTER_MS);
  };

  for (const [kind, reflector] of caches) {
    reflector.subscribe((event: ReflectorEvent<Cached>) => {
      const { object } = event;
      if (leafKinds.includes(kind) && givesOther(event)) addDependents(kind, event.key);
      if (runKinds.includes(kind)) {
        places.seen(object, event.type === "deleted");
        if (endsRun(event)) addNextRun(kind, referencesIn(event, definitions));
      }
      const concerned = leaves
        .filter(({ referrerKinds = [] }) => referrerKinds.includes(kind))
        .map((leaf) => leaf.kind);
      if (concerned.length > 0 && (givesOther(event) || refersOther(event, definitions)))
        for (const key of referencesIn(event, definitions)) addDependentsOf(concerned, key);
      for (const [usedKind, key] of usesOther(event, definitions))
        if (held.includes(usedKind)) add(usedKind, key, PRIORITY.changed);
      if (copying.includes(kind)) for (const key of copiesOther(event)) addDependents(SECRETS.kind, key);
      addParent(object, PRIORITY.changed);
      const around = namespaceOf(object);
      if (partial.includes(kind) && tellsOther(event)) {
        for (const whole of wholesIn(event, definitions)) add(whole.kind, whole.name, PRIORITY.changed);
        addParent(around, PRIORITY.changed);
      }
      if (!kept.includes(kind)) return;
      for (const name of blueprintsIn(event)) addDependentsOf(copyists, `${BLUEPRINT_KIND}/${name}`);
      const isLeaf = leafKinds.includes(kind);
      if ((!isLeaf && !around) || !countsOther(event)) return;
      if (isLeaf) recount();
      addParent(around, PRIORITY.resync, COUNT_AFTER_MS);
    });
  }
  registry.subscribe(() => {
    for (const { kind } of definitions) {
      for (const object of caches.get(kind)?.list() ?? []) add(kind, keyOf(object.metadata), urgencyOf(object));
    }
  });

  return {
    caches,
    async watch(signal) {
      for (const reflector of caches.values()) void reflector.start(signal);
      await Promise.all([...types.keys()].map((kind) => caches.get(kind)?.synced()));
    },
    start() {
      attempts.begin();
      startVersions.begin();
      for (const one of controllers.values()) one.start();
    },
    async drain(timeoutMs) {
      const left = await Promise.all([...controllers.values()].map((one) => one.drain(timeoutMs)));
      return left.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** A run refers to what it runs. */
const definitionOf = (kind: RunKind<RunSpec>): Definition => ({
  kind: kind.kind,
  references: (spec) => [kind.of(spec as RunSpec)],
});

/** Routine looks are spread by a fifth, so that objects made together are not looked at together for ever. */
function resultOf(random: Random, memory: ProgressMemory, key: string, next: Next): Result {
  if (next.when !== "backoff") memory.forget(key);
  if (next.when === "backoff") {
    if (!next.progress) return { retry: { atMostMs: next.atMostMs } };
    const { mark, working } = next.progress;
    return { retry: { anew: memory.isNew(key, mark), atMostMs: working ? WORKING_MS : undefined } };
  }
  if (next.when === "change") return {};
  return { requeueAfterMs: next.ms < ROUTINE_MS ? next.ms : spread(next.ms, 0.2, random) };
}
