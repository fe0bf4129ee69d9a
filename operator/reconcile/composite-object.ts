import type { Platform } from "../provider/cloud.ts";
import type { Cloud } from "../provider/provider.ts";
import type { Condition, Verdicts } from "./conditions.ts";
import type { Reference } from "./leaf-object.ts";
import type { KubeObject } from "./object.ts";
import type { Reason } from "./reasons.ts";

/** What the spec of every composite has. */
export interface CompositeSpec {
  readonly environmentRef?: { readonly name: string } | undefined;
  readonly enabled?: boolean | undefined;
  readonly disabledReason?: string | undefined;
}

/** An object in the namespace of the composite. */
export interface ChildRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** The status of every composite; each kind adds its own summary. */
export interface CompositeStatus {
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly environment?: string | undefined;
  /** What it is made of, recorded before it is made. Only what stands here is ever pruned. */
  readonly inventory?: readonly ChildRef[] | undefined;
  readonly lastHandledReconcileAt?: string | undefined;
  readonly [summary: string]: unknown;
}

export type CompositeObject<Spec extends CompositeSpec = CompositeSpec> = KubeObject<Spec, CompositeStatus> & {
  readonly spec: Spec;
};

/** A kind that a composite makes. RBAC and the caches are derived from these. */
export interface ChildKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  /** For what is no part of Kubernetes nor ours: what to install when the cluster lacks it. For people. */
  readonly install?: string | undefined;
  /** Every composition has it, under one name: it goes with its owner only, and the operator never deletes it. */
  readonly permanent?: true;
}

/** What the operator does with the children of a composite. `create` and `patch` are both needed for server-side apply. */
export const CHILD_VERBS = ["get", "list", "watch", "create", "patch", "delete"] as const;

/** What a live child says of itself, when it isn't just as it should be. */
export interface Health {
  /** Consumers can use it now. */
  readonly usable: boolean;
  /** `working`: it gets there by itself. `failed`: somebody has to do something. */
  readonly state: "working" | "failed";
  readonly reason: Reason;
  /** For people, stable. */
  readonly message: string;
}

/** An object as it is sent: besides spec it can have `data`, … */
export type Manifest = KubeObject & { readonly [field: string]: unknown };

interface ChildBase {
  /** Its part in the whole, such as `workload`: what `after` names. Unique in one composite. */
  readonly id: string;
}

/** A child as it should be. */
export interface Child extends ChildBase {
  /** Only what spec says: the pass adds namespace, ownership and the hash. No empty maps or lists without meaning. */
  readonly object: Manifest;
  /** Undefined: it is fine. Absent: it is fine as soon as it is there. */
  health?(live: KubeObject): Health | undefined;
  /** Ids of children that must be applied before it. */
  readonly after?: readonly string[] | undefined;
  /** Ids of children that must be applied and have nothing more to say before it: identity before pods. */
  readonly afterHealthy?: readonly string[] | undefined;
  /** Objects that can't be there beside it: they are pruned first, and it waits until they are gone. */
  readonly insteadOf?: readonly ChildRef[] | undefined;
  /** The composite works without it: its failure is told, but takes Ready from nobody. */
  readonly companion?: boolean | undefined;
  /**
   * What is left behind for another controller when the live child has it from us and `object` no longer says it: a
   * field that only we own and drop would fall back to its default (replicas: 1).
   */
  handOver?(live: KubeObject): Readonly<Record<string, unknown>> | undefined;
}

/** A child that can't be said yet, because something is not known. What there is of it stays as it is. */
export interface PendingChild extends ChildBase {
  readonly ref: ChildRef;
  readonly pending: { readonly reason: Reason; readonly message: string };
}

/** What a composite expands to. */
export interface Composed {
  /** In the order in which they are applied. */
  readonly children: readonly (Child | PendingChild)[];
  /** The kind's own part of status. */
  summary(live: (id: string) => KubeObject | undefined): Readonly<Record<string, unknown>>;
  /** What the kind says beside the common conditions; null takes one away. It has no effect on Ready. */
  readonly verdicts?: Verdicts | undefined;
}

/** The spec contradicts itself in a way that the API server can't see. */
export interface InvalidSpec {
  readonly invalid: { readonly field: string; readonly message: string };
}

/** An object that spec refers to, as far as it is known. */
export type Resolved =
  | {
      readonly outputs: Readonly<Record<string, string>>;
      /** The values that are in force in the cloud, in the neutral fields of its kind. */
      readonly effective?: Readonly<Record<string, unknown>> | undefined;
      readonly spec?: unknown;
      /** What its Environment says is done in the cloud when it is deleted and its own spec says nothing. */
      readonly deletionDefault?: string | undefined;
    }
  | { readonly pending: { readonly reason: Reason; readonly message: string } };

/** What a kind's `compose` may use besides spec. */
export interface Seen {
  readonly namespace: string;
  readonly name: string;
  readonly environment: {
    readonly name: string;
    readonly cloud: Cloud;
    readonly platform: Platform;
    /** Host and path that images without a host are taken from. */
    readonly imageRegistry?: string | undefined;
  };
  /** What `Reference.field` names. */
  reference(field: string): Resolved;
  /** The live child, from the cache, ours or not. */
  live(ref: ChildRef): KubeObject | undefined;
  /** The version of the value that an object of ours keeps in that Secret. Undefined: none does. */
  secretVersion(name: string): string | undefined;
}

/** The definition of one composite kind. */
export interface Composite<Spec extends CompositeSpec> {
  readonly kind: string;
  /** Every kind that `compose` can give. */
  readonly uses: readonly ChildKind[];
  /** Kinds that run pods: on deletion they stop before anything else goes, so that pods keep their rights to the end. */
  readonly stopFirst: readonly string[];
  references(spec: Spec): readonly Reference[];
  /** Names of the Secrets that its pods take values from. Absent: none. */
  secrets?(spec: Spec): readonly string[];
  /** Pure. */
  compose(spec: Spec, seen: Seen): Composed | InvalidSpec;
}

/** The ref of an object. */
export const refOf = (object: KubeObject): ChildRef => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  name: object.metadata.name,
});

/** The same object. */
export const sameRef = (a: ChildRef, b: ChildRef): boolean =>
  a.apiVersion === b.apiVersion && a.kind === b.kind && a.name === b.name;

/** As people read it: `Deployment orders-api`. */
export const refText = (ref: ChildRef): string => `${ref.kind} ${ref.name}`;

/** The kind that a ref is of, when the composite can make it. */
export const kindOf = (uses: readonly ChildKind[], ref: ChildRef): ChildKind | undefined =>
  uses.find((one) => one.kind === ref.kind && apiVersionOf(one) === ref.apiVersion);

/** `group/version`, or the version alone for the core group. */
export const apiVersionOf = (kind: ChildKind): string => (kind.group ? `${kind.group}/${kind.version}` : kind.version);
