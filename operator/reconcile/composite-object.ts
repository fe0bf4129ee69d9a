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

/** An object that a composite makes. */
export interface ChildRef {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent: that of the composite; or none, for what belongs to no namespace. */
  readonly namespace?: string | undefined;
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
  /** False: it belongs to no namespace. */
  readonly namespaced?: false;
  /** For what is no part of Kubernetes nor ours: what to install when the cluster lacks it. For people. */
  readonly install?: string | undefined;
  /** Every composition has it, under one name: it goes with its owner only, and the operator never deletes it. */
  readonly permanent?: true;
  /** It is never made, only removed with what it is in. */
  readonly onlyRemoved?: true;
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
  /**
   * Only what spec says: the pass adds ownership, the hash, and the composite's namespace where none is given. No empty
   * maps or lists without meaning.
   */
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
  /** Of spec: each change has a greater one. */
  readonly generation: number;
  readonly environment: {
    readonly name: string;
    readonly cloud: Cloud;
    readonly platform: Platform;
    /** Host and path that images without a host are taken from. */
    readonly imageRegistry?: string | undefined;
    readonly deletionPolicies: Readonly<Record<string, string>>;
    readonly tenancy?: Tenancy | undefined;
  };
  /** What `Reference.field` names. */
  reference(field: string): Resolved;
  /** The live child, from the cache, ours or not. */
  live(ref: ChildRef): KubeObject | undefined;
  /** The version of the value that an object of ours keeps in that Secret. Undefined: none does. */
  secretVersion(name: string): string | undefined;
  /** What its own status said before this pass. */
  readonly status: CompositeStatus | undefined;
  /** What the things in that namespace cost a month by list prices, with the currency. Undefined: none says. */
  monthlyCost(namespace: string): string | undefined;
  /** The objects of our kinds in that namespace, from the cache. */
  within(namespace: string): readonly KubeObject[];
  /** Those of them that carry the label of that blueprint. */
  blueprint(namespace: string, name: string): readonly KubeObject[];
  /** The objects that say they are part of this one: `Composite.partOf`. */
  parts(): readonly KubeObject[];
}

/** Where an Environment keeps what it knows of its tenants. */
export interface Tenancy {
  /** Of the tables, and of the blueprints. */
  readonly namespace: string;
  readonly tenantTable?: TenancyTable | undefined;
  readonly ssoTable?: TenancyTable | undefined;
  readonly auditTable?: { readonly name: string } | undefined;
}

/** A Table, and the sort key that every row has where the Table has one. */
export interface TenancyTable {
  readonly name: string;
  readonly sort?: string | undefined;
}

/** A step on the way out. */
export type Departure =
  | {
      /** These go, and it waits until none of them is there. */
      readonly remove: readonly ChildRef[];
      /** Why it takes time. For people. */
      readonly message: string;
    }
  /**
   * The cloud is searched for what carries the marks of objects of that namespace, and it waits until nothing does. What
   * was searched is put into status as `swept`, and the steps are asked for anew; once that is there, this one is done.
   */
  | { readonly sweep: string }
  /** This is applied, and it waits until it is well. */
  | { readonly apply: Child }
  /** Nothing happens before somebody changes something. */
  | { readonly blocked: { readonly reason: Reason; readonly message: string } };

/** What is to be done before a composite goes. */
export interface Leaving {
  /** In their order: each is begun when the one before has nothing left to do. */
  readonly steps: readonly Departure[];
  /** Its part of status; written before anything is begun. */
  readonly status: Readonly<Record<string, unknown>>;
  /** Told once, when nothing is left to be done. */
  readonly farewell: string;
}

/** What sums up others: an object that belongs to no namespace. */
export interface Whole {
  readonly kind: string;
  readonly name: string;
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
  /** The blueprint that it copies. Absent: none. */
  blueprint?(spec: Spec): string | undefined;
  /** The cluster-scoped object whose status sums up what this one's says. Absent: none. */
  partOf?(spec: Spec): Whole | undefined;
  /** Pure. */
  compose(spec: Spec, seen: Seen): Composed | InvalidSpec;
  /** What is done before the object goes; absent: what runs pods is stopped. Pure: from what is there to what is left to do. */
  depart?(object: CompositeObject<Spec>, seen: Seen): Leaving;
}

/** The ref of an object. */
export const refOf = ({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): ChildRef => ({
  apiVersion,
  kind,
  ...(namespace ? { namespace } : {}),
  name,
});

/** The same object. */
export const sameRef = (a: ChildRef, b: ChildRef): boolean =>
  a.apiVersion === b.apiVersion && a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;

/** As people read it: `Deployment orders-api`, with a namespace where it is not the composite's. */
export const refText = ({ kind, namespace, name }: ChildRef): string =>
  namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;

/** Where an object of a composite is. @param home the composite's own namespace, empty for one that has none */
export const placeOf = ({ namespace, name }: ChildRef, home: string): ObjectPlace => ({
  namespace: namespace ?? home,
  name,
});

/** Namespace, empty for what belongs to none, and name. */
export interface ObjectPlace {
  readonly namespace: string;
  readonly name: string;
}

/** The kind that a ref is of, when the composite can make it. */
export const kindOf = (uses: readonly ChildKind[], ref: ChildRef): ChildKind | undefined =>
  uses.find((one) => one.kind === ref.kind && apiVersionOf(one) === ref.apiVersion);

/** `group/version`, or the version alone for the core group. */
export const apiVersionOf = (kind: ChildKind): string => (kind.group ? `${kind.group}/${kind.version}` : kind.version);
