import type { Wanted } from "../provider/provider.ts";
import type { Client } from "../runtime/client.ts";
import type { Log } from "../runtime/log.ts";
import type { Reflector } from "../runtime/reflector.ts";
import { keyOf, type ResourceType, type KubeObject as ServerObject } from "../runtime/resource.ts";
import type { Attempts } from "./attempts.ts";
import type { Whole } from "./composite-object.ts";
import { createCopies } from "./copies.ts";
import { isStill } from "./current.ts";
import type { EnvironmentHost } from "./environment.ts";
import type { EnvironmentRegistry } from "./environments.ts";
import type { Next } from "./gather.ts";
import { type LeafHost, leafPass } from "./leaf.ts";
import type { Leaf, LeafObject, LeafSpec, LeafStatus, Reference } from "./leaf-object.ts";
import { FINALIZER, hasFinalizer, isDeleting, type KubeObject, mergePatch } from "./object.ts";
import type { Notice } from "./report.ts";
import { createMeans, lookAtSources, SOURCE_RESYNC_MS } from "./sources.ts";
import type { StartVersions } from "./start-versions.ts";

/** An object of the cache as core sees it. */
// biome-ignore lint/suspicious/noExplicitAny: the caches hold every kind; each pass knows its own
export type Cached = any;

/** What the controllers of our kinds share. */
export interface Shared {
  readonly client: Client;
  /** By kind: every kind of ours, and the kinds that composites make. */
  readonly caches: ReadonlyMap<string, Reflector<Cached>>;
  readonly environments: EnvironmentRegistry;
  /** Every kind of cloud resource. */
  readonly leafKinds: readonly string[];
  readonly startVersions: Pick<StartVersions, "isSince">;
  /** Tells of something once; never throws, never waits. */
  readonly tell: (object: KubeObject, notice: Notice) => void;
  /** How the services of an account were used in the last minute. */
  readonly budgets: EnvironmentHost["budgets"];
  readonly now: () => Date;
  readonly attempts: Attempts;
  readonly resyncMs: number;
  /** The version of the value that an object of ours keeps in a Secret. Undefined: none does. */
  readonly secretVersion: (name: string, namespace: string) => string | undefined;
  /** As `Seen.within`. */
  readonly within: (namespace: string) => readonly KubeObject[];
  /** As `Seen.monthlyCost`. */
  readonly monthlyCost: (namespace: string) => string | undefined;
  /** As `Seen.blueprint`. */
  readonly blueprint: (namespace: string, name: string) => readonly KubeObject[];
  /** As `CompositeLookups.parts`. */
  readonly parts: (whole: Whole) => readonly KubeObject[];
  /** As `Lookups.referrers`. */
  readonly referrers: (reference: Reference, namespace: string) => readonly KubeObject<unknown, LeafStatus>[];
  /** As `Lookups.users`. */
  readonly users: (kind: string, name: string, namespace: string) => readonly KubeObject[];
  /** So many bytes that nobody can guess: what generated values are made of. */
  readonly random: (bytes: number) => Uint8Array;
}

/** What a run over a key may use. */
export interface RunContext {
  /** Aborted when the time is up or this process no longer leads. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Says that we wrote the object: it is not worked on again before the cache shows this resource version. */
  wrote(resourceVersion: string): void;
}

/** One run over the object of a key. @returns when it is looked at again */
export type Run = (key: string, context: RunContext) => Promise<Next>;

const FIELD_MANAGER = "onyx-operator";

/** The cache of a kind. @throws Error for a kind that main did not start */
export function cacheOf(shared: Pick<Shared, "caches">, kind: string): Reflector<Cached> {
  const cache = shared.caches.get(kind);
  if (!cache) throw new Error(`No cache runs for ${kind}.`);
  return cache;
}

/** True once every Environment of the cluster was looked at: before that no object may be judged by them. */
export function environmentsKnown(shared: Pick<Shared, "caches" | "environments">): boolean {
  const objects: KubeObject[] = cacheOf(shared, "Environment").list();
  return shared.environments.settled(objects.map((object) => object.metadata.name));
}

/** Runs passes of one leaf kind against the cluster. */
export function leafReconciler<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  type: ResourceType,
  shared: Shared,
): Run {
  const { client } = shared;
  return async (key, { signal, log, wrote }) => {
    const object: LeafObject<Spec> | undefined = cacheOf(shared, leaf.kind).get(key);
    if (!object || (isDeleting(object) && !hasFinalizer(object))) return { when: "change" };
    if (!environmentsKnown(shared)) return { when: "change" };
    const namespace = object.metadata.namespace ?? "";
    const sources = isDeleting(object) ? [] : (readable(() => leaf.sources?.(object.spec)) ?? []);
    const known = await lookAtSources(client, namespace, sources, signal);
    const shortly = sources.length > 0 || readable(() => leaf.copy?.(object.spec)) !== undefined;
    const host: LeafHost = {
      source: ({ field }) => known.get(field),
      means: createMeans(client, shared.random, namespace, signal),
      environments: shared.environments,
      now: shared.now,
      attempts: shared.attempts,
      ...(leaf.copy ? { copies: createCopies(client, object, signal) } : {}),
      resyncMs: shortly ? Math.min(shared.resyncMs, SOURCE_RESYNC_MS) : shared.resyncMs,
      lookup: (reference, namespace) => cacheOf(shared, reference.kind).get(keyOf({ namespace, name: reference.name })),
      referrers: (reference, namespace) => shared.referrers(reference, namespace),
      users: (kind, name, namespace) => shared.users(kind, name, namespace),
      async claim(one) {
        wrote(await claimFinalizer(client, type, one, signal));
      },
      async record(one, status) {
        if (mergePatch(one.status ?? {}, status) === undefined) return;
        wrote(await writeStatus(client, type, one, status, signal));
        recorded = status;
      },
      async isCurrent(one) {
        if (await shared.startVersions.isSince(leaf.kind, one.metadata.resourceVersion ?? "")) return true;
        const held = await client.find<ServerObject>(type, { namespace, name: one.metadata.name }, { signal });
        if (isStill(one, held as KubeObject | undefined)) return true;
        log.warn("the cache shows an older state than the API server has: nothing is changed before it caught up");
        if (held) wrote(held.metadata.resourceVersion);
        return false;
      },
    };
    let recorded: LeafStatus | undefined = object.status;
    const pass = await leafPass(leaf, object, host, signal);
    if (pass.decision && pass.decision.do !== "none")
      log.info({ decision: pass.decision.do, externalId: pass.status.externalId }, "decided");
    if (await conclude(shared, type, { ...object, status: recorded }, pass, { signal, wrote }))
      return { when: "change" };
    if (pass.decision?.do === "create") shared.attempts.told(object.metadata.uid ?? "");
    return pass.next;
  };
}

/** Undefined where spec is of no shape that could be read: the pass says so. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Puts our finalizer on this very state of the object. @returns the resource version after it */
export async function claimFinalizer(
  client: Client,
  type: ResourceType,
  object: KubeObject,
  signal: AbortSignal,
): Promise<string> {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = object.metadata;
  const patch = { metadata: { uid, resourceVersion, finalizers: [...finalizers, FINALIZER] } };
  const options = { as: "merge", fieldManager: FIELD_MANAGER, signal } as const;
  return (await client.patch(type, { namespace, name }, patch, options)).metadata.resourceVersion;
}

/**
 * Patches what differs in status, on this very object: one of the same name made since then is left alone.
 *
 * @param options `only: "latest"`: refused (409) where somebody has written the object since
 * @returns the resource version after it
 */
export async function writeStatus(
  client: Client,
  type: ResourceType,
  object: KubeObject,
  status: object,
  signal: AbortSignal,
  { only }: { readonly only?: "latest" } = {},
): Promise<string> {
  const { uid, resourceVersion } = object.metadata;
  const metadata = only === "latest" ? { uid, resourceVersion } : { uid };
  const patch = { metadata, status: mergePatch(object.status ?? {}, status) ?? {} };
  const { namespace, name } = object.metadata;
  const options = { fieldManager: `${FIELD_MANAGER}/status`, signal };
  return (await client.patchStatus(type, { namespace, name }, patch, options)).metadata.resourceVersion;
}

/**
 * What follows of every pass: notices are told, then the finalizer goes, or status is written where it differs.
 *
 * @param object with the status that was last recorded
 * @returns true: the object is let go of
 */
export async function conclude(
  { client, tell }: Pick<Shared, "client" | "tell">,
  type: ResourceType,
  object: KubeObject,
  pass: { readonly notices: readonly Notice[]; readonly released: boolean; readonly status: object },
  { signal, wrote }: Pick<RunContext, "signal" | "wrote">,
): Promise<boolean> {
  for (const notice of pass.notices) tell(object, notice);
  if (pass.released && hasFinalizer(object)) {
    wrote(await release(client, type, object, signal));
    return true;
  }
  if (mergePatch(object.status ?? {}, pass.status) !== undefined)
    wrote(await writeStatus(client, type, object, pass.status, signal));
  return false;
}

/**
 * Takes our finalizer off, and no other; whoever else writes the object meanwhile is not in the way. Refused (422) where
 * finalizers were changed or the object is another one.
 * @returns the resource version after it: until the cache has it, the object looks as if it were still ours to delete
 */
export async function release(
  client: Pick<Client, "patch">,
  type: ResourceType,
  object: KubeObject,
  signal: AbortSignal,
): Promise<string> {
  const { namespace, name, uid, finalizers = [] } = object.metadata;
  const path = `/metadata/finalizers/${finalizers.indexOf(FINALIZER)}`;
  const patch = [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path, value: FINALIZER },
    { op: "remove", path },
  ];
  const options = { as: "json", fieldManager: FIELD_MANAGER, signal } as const;
  return (await client.patch(type, { namespace, name }, patch, options)).metadata.resourceVersion;
}
