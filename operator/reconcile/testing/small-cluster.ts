import { compositePass } from "../composite.ts";
import type { CompositeEnvironment } from "../composite-gather.ts";
import type { CompositeHost } from "../composite-host.ts";
import type {
  ChildKind,
  ChildRef,
  Composite,
  CompositeObject,
  CompositeSpec,
  CompositeStatus,
  Manifest,
} from "../composite-object.ts";
import type { CompositePass } from "../composite-report.ts";
import type { EnvironmentProblem } from "../environment-view.ts";
import type { LeafStatus } from "../leaf-object.ts";
import { FINALIZER, type KubeObject, mergePatch } from "../object.ts";
import type { Sweep } from "../sweep.ts";

/** One write to the API server, such as `apply ConfigMap a` or `status`. */
export type Write = string;

/** An object as the small cluster holds it. */
export type Held = KubeObject & { readonly [field: string]: unknown };

/** A cluster in memory with one composite and what it is made of. */
export interface SmallCluster<Spec extends CompositeSpec> {
  object: CompositeObject<Spec>;
  /** By `kind/name`. */
  readonly children: Map<string, Held>;
  /** Objects that references find, by `kind/name`. */
  readonly others: Map<string, KubeObject<unknown, LeafStatus>>;
  /** Versions of values that are kept in Secrets. */
  readonly secretVersions: Map<string, string>;
  /** Kinds that the API server does not serve. */
  readonly unserved: Set<string>;
  environment: CompositeEnvironment | EnvironmentProblem;
  /** Oldest first. */
  readonly writes: Write[];
  /** What the cloud shows of a namespace. */
  sweep: (namespace: string) => Sweep;
  /** Called before each write; what it throws is what the server answers. */
  onWrite: (write: Write) => void;
  /** What the cache lacks although the server has it: it is behind, or the object lacks our marks. */
  uncached: (object: KubeObject) => boolean;
  /** Finalizers that others put on children of a kind: deleting such a one takes time. */
  readonly slowToGo: Set<string>;
  readonly released: boolean;
  /** One pass; status is written when it changed, the finalizer goes when it is released. */
  pass(): Promise<CompositePass>;
  /** Passes until one writes nothing. @throws Error after 10 */
  settle(): Promise<CompositePass>;
  edit(spec: Spec): void;
  /** `kubectl delete`. */
  leave(...finalizers: readonly string[]): void;
  /** As a controller would: a status, or another change. */
  change(key: string, change: Partial<Held>): void;
  put(object: Held): void;
}

const keyOf = (object: { readonly kind: string; readonly name: string }) => `${object.kind}/${object.name}`;

/** @param environment what `environments.get` gives, whatever the name */
export function smallCluster<Spec extends CompositeSpec>(
  composite: Composite<Spec>,
  environment: CompositeEnvironment | EnvironmentProblem,
  spec: Spec,
): SmallCluster<Spec> {
  let versions = 0;
  let released = false;
  const version = () => String(++versions);

  const write = (what: Write) => {
    cluster.onWrite(what);
    cluster.writes.push(what);
  };

  /** Of one field manager: what it no longer says is gone. */
  function apply(sent: Manifest): Held {
    const key = keyOf({ kind: sent.kind, name: sent.metadata.name });
    const before = cluster.children.get(key);
    const { status: _status, metadata, ...body } = sent;
    const changed = mergePatch(before && bodyOf(before), body) !== undefined;
    const held: Held = {
      ...body,
      apiVersion: sent.apiVersion,
      kind: sent.kind,
      metadata: {
        ...before?.metadata,
        ...metadata,
        uid: before?.metadata.uid ?? `uid-${version()}`,
        generation: (before?.metadata.generation ?? 0) + (changed ? 1 : 0),
        resourceVersion: version(),
      },
      ...(before?.status === undefined ? {} : { status: before.status }),
    };
    cluster.children.set(key, held);
    return held;
  }

  const bodyOf = ({ metadata: _metadata, status: _status, ...body }: Held) => body;

  const host: CompositeHost = {
    environments: { get: () => cluster.environment },
    lookup: (reference) => cluster.others.get(keyOf(reference)),
    live(ref) {
      const found = cluster.children.get(keyOf(ref));
      return found && !cluster.uncached(found) ? found : undefined;
    },
    secretVersion: (name) => cluster.secretVersions.get(name),
    monthlyCost: () => undefined,
    within: (namespace) => [...cluster.children.values()].filter(({ metadata }) => metadata.namespace === namespace),
    blueprint: () => [],
    parts: () => [],
    find: async (ref) => cluster.children.get(keyOf(ref)),
    serves: async (kind: ChildKind) => !cluster.unserved.has(kind.kind),
    async apply(sent, fieldManager) {
      const handover = fieldManager.endsWith("/handover") ? "hand over" : "apply";
      write(`${handover} ${sent.kind} ${sent.metadata.name}`);
      if (handover === "hand over") {
        const key = keyOf({ kind: sent.kind, name: sent.metadata.name });
        const before = cluster.children.get(key)!;
        const after: Held = { ...before, spec: { ...(before.spec as object), ...(sent.spec as object) } };
        cluster.children.set(key, after);
        return after;
      }
      return apply(sent);
    },
    async remove(ref: ChildRef, { uid, foreground }) {
      write(`remove ${ref.kind} ${ref.name}${foreground ? " in the foreground" : ""}`);
      const found = cluster.children.get(keyOf(ref));
      if (found?.metadata.uid !== uid) return;
      if (!foreground && !cluster.slowToGo.has(ref.kind)) cluster.children.delete(keyOf(ref));
      else cluster.change(keyOf(ref), { metadata: { ...found.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    },
    async sweep(_environment, namespace) {
      return cluster.sweep(namespace);
    },
    async claim() {
      write("claim");
      const { metadata } = cluster.object;
      const finalizers = [...(metadata.finalizers ?? []), FINALIZER];
      cluster.object = { ...cluster.object, metadata: { ...metadata, finalizers } };
    },
    async record(_, status) {
      write("record");
      cluster.object = { ...cluster.object, status };
    },
    now: () => new Date("2026-01-01T00:00:00Z"),
    resyncMs: 600_000,
  };

  const cluster: SmallCluster<Spec> = {
    object: {
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: composite.kind,
      metadata: { namespace: "shop", name: "orders", uid: "parent-1", generation: 1 },
      spec,
    },
    children: new Map(),
    others: new Map(),
    secretVersions: new Map(),
    unserved: new Set(),
    environment,
    writes: [],
    sweep: () => ({ searched: ["Queue"], unsearched: [], found: [] }),
    onWrite: () => {},
    uncached: () => false,
    slowToGo: new Set(),
    get released() {
      return released;
    },
    async pass() {
      const pass = await compositePass(composite, cluster.object, host, new AbortController().signal);
      if (pass.released) {
        write("release");
        released = true;
        return pass;
      }
      if (mergePatch(cluster.object.status ?? {}, pass.status) !== undefined) {
        write("status");
        cluster.object = { ...cluster.object, status: JSON.parse(JSON.stringify(pass.status)) as CompositeStatus };
      }
      return pass;
    },
    async settle() {
      for (let tries = 0; tries < 10; tries++) {
        const before = cluster.writes.length;
        const pass = await cluster.pass();
        if (cluster.writes.length === before || released) return pass;
      }
      throw new Error(`It does not settle; the last writes: ${cluster.writes.slice(-6).join(", ")}`);
    },
    edit(next) {
      const { metadata } = cluster.object;
      cluster.object = {
        ...cluster.object,
        spec: next,
        metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
      };
    },
    leave(...finalizers) {
      const { metadata } = cluster.object;
      cluster.object = {
        ...cluster.object,
        metadata: {
          ...metadata,
          deletionTimestamp: "2026-01-01T00:00:00Z",
          finalizers: [...(metadata.finalizers ?? []), ...finalizers],
        },
      };
    },
    change(key, change) {
      const found = cluster.children.get(key);
      if (!found) throw new Error(`There is no ${key}.`);
      cluster.children.set(key, { ...found, ...change });
    },
    put: (object) => cluster.children.set(keyOf({ kind: object.kind, name: object.metadata.name }), object),
  };
  return cluster;
}
