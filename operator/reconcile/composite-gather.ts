import type { Platform } from "../provider/cloud.ts";
import type { Cloud } from "../provider/provider.ts";
import type { ChildRef, CompositeObject, CompositeSpec, Resolved, Seen, Tenancy, Whole } from "./composite-object.ts";
import type { EnvironmentProblem } from "./environment-view.ts";
import type { LeafStatus, Reference } from "./leaf-object.ts";
import { isDeleting, type KubeObject } from "./object.ts";

/** What a composite needs to know of its Environment. */
export interface CompositeEnvironment {
  readonly name: string;
  readonly cloud: Cloud;
  readonly platform: Platform;
  readonly namespaces?: readonly string[] | undefined;
  readonly spec: {
    readonly imageRegistry?: string | undefined;
    readonly defaultDeletionPolicies?: Readonly<Record<string, string>> | undefined;
    readonly tenancy?: Tenancy | undefined;
  };
}

/** Where a composite's pass looks things up; nothing here asks a server. */
export interface CompositeLookups {
  /** The object that a reference names, from the cache. */
  lookup(reference: Reference, namespace: string): KubeObject<unknown, LeafStatus> | undefined;
  /** A child from the cache, ours or not. The cache may lack what does not carry our marks. */
  live(ref: ChildRef, namespace: string): KubeObject | undefined;
  /** As `Seen.secretVersion`. */
  secretVersion(name: string, namespace: string): string | undefined;
  /** As `Seen.within`. */
  within(namespace: string): readonly KubeObject[];
  /** As `Seen.monthlyCost`. */
  monthlyCost(namespace: string): string | undefined;
  /** As `Seen.blueprint`. */
  blueprint(namespace: string, name: string): readonly KubeObject[];
  /** Objects whose `Composite.partOf` names it. */
  parts(whole: Whole): readonly KubeObject[];
  readonly environments: { get(name: string | undefined): CompositeEnvironment | EnvironmentProblem };
}

/** What a reference comes to: the outputs of its object, or why there are none yet. */
export function resolve(reference: Reference, namespace: string, host: CompositeLookups): Resolved {
  const target = host.lookup(reference, namespace);
  const what = `${reference.kind} ${namespace}/${reference.name} (spec.${reference.field})`;
  if (!target)
    return {
      pending: {
        reason: "DependencyNotFound",
        message: `${what} does not exist. Create it or correct the reference.`,
      },
    };
  if (isDeleting(target)) return { pending: { reason: "DependencyNotReady", message: `${what} is being deleted.` } };
  const outputs = target.status?.outputs;
  if (!outputs || target.status?.externalId === undefined)
    return { pending: { reason: "DependencyNotReady", message: `${what} is not Ready yet.` } };
  const environment = host.environments.get(target.status?.environment);
  const policies = "problem" in environment ? undefined : environment.spec.defaultDeletionPolicies;
  return {
    outputs,
    effective: target.status?.effective,
    spec: target.spec,
    deletionDefault: policies?.[reference.kind],
  };
}

/** What `compose` sees. */
export function seenBy<Spec extends CompositeSpec>(
  object: CompositeObject<Spec>,
  environment: CompositeEnvironment,
  resolved: ReadonlyMap<string, Resolved>,
  host: CompositeLookups,
): Seen {
  const namespace = object.metadata.namespace ?? "";
  return {
    namespace,
    name: object.metadata.name,
    generation: object.metadata.generation ?? 1,
    environment: {
      name: environment.name,
      cloud: environment.cloud,
      platform: environment.platform,
      imageRegistry: environment.spec.imageRegistry,
      deletionPolicies: environment.spec.defaultDeletionPolicies ?? {},
      tenancy: environment.spec.tenancy,
    },
    reference(field) {
      const found = resolved.get(field);
      if (!found) throw new Error(`compose asked for spec.${field}, which references() did not name.`);
      return found;
    },
    live: (ref) => host.live(ref, namespace),
    secretVersion: (name) => host.secretVersion(name, namespace),
    status: object.status,
    monthlyCost: (other) => host.monthlyCost(other),
    within: (other) => host.within(other),
    blueprint: (other, name) => host.blueprint(other, name),
    parts: () => host.parts({ kind: object.kind, name: object.metadata.name }),
  };
}
