import type { CostStatus, Estimate } from "../cost/estimate.ts";
import type { Tags } from "../provider/owner.ts";
import type { Cloud, Deviation, Wanted } from "../provider/provider.ts";
import type { Act } from "./approval.ts";
import type { Condition } from "./conditions.ts";
import type { Lasting } from "./lasting.ts";
import type { KubeObject } from "./object.ts";

/** What the spec of every leaf has. */
export interface LeafSpec {
  readonly environmentRef?: { readonly name: string } | undefined;
  readonly externalName?: string | undefined;
  readonly deletionPolicy?: "Delete" | "Retain" | "Block" | undefined;
  readonly managementPolicy?: "Manage" | "Observe" | "CreateOnly" | undefined;
  readonly adoptionPolicy?: "Never" | "Adopt" | "AdoptOrCreate" | undefined;
  readonly driftPolicy?: "Correct" | "Report" | "Ignore" | undefined;
  readonly portability?: "Strict" | "Warn" | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly enabled?: boolean | undefined;
  readonly disabledReason?: string | undefined;
  readonly overrides?: { readonly [C in Cloud]?: Readonly<Record<string, unknown>> | undefined } | undefined;
}

/** The status of every leaf. Identity in it is pinned at creation; deletion uses nothing else. */
export interface LeafStatus {
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly environment?: string | undefined;
  readonly cloud?: Cloud | undefined;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly externalName?: string | undefined;
  readonly externalId?: string | undefined;
  /** When we made it, or sent a call that may have made it, RFC 3339. Absent: it was there before us. */
  readonly createdAt?: string | undefined;
  /** Hash of the want that was last seen in force: tells a new wish from drift. */
  readonly appliedHash?: string | undefined;
  /** The values in force, defaults and the cloud's own choices included. Tags without our marks. */
  readonly effective?: Readonly<Record<string, unknown>> | undefined;
  readonly outputs?: Readonly<Record<string, string>> | undefined;
  /** Values as JSON text. */
  readonly drift?: readonly { readonly field: string; readonly want: string; readonly actual: string }[] | undefined;
  readonly deviations?: readonly Deviation[] | undefined;
  readonly overridesInUse?: readonly string[] | undefined;
  /** Places outside the resource where it leaves traces; recorded before they are made. */
  readonly footprint?: readonly string[] | undefined;
  /** By list prices, while it is there. */
  readonly cost?: CostStatus | undefined;
  /** Resources that one of this object took the place of. */
  readonly replaced?: readonly Replaced[] | undefined;
  /** What waits for a user's word. */
  readonly approval?: PendingApproval | undefined;
  readonly lastHandledReconcileAt?: string | undefined;
  /** The Secret that a copy of the confidential value is kept in; recorded before it is made. */
  readonly syncedTo?: CopyStatus | undefined;
}

/** What a Secret with a copy was last made to hold. */
export interface CopyStatus {
  readonly name: string;
  /** The cloud's id of the version. Absent: it was not written yet. */
  readonly version?: string | undefined;
  /** Of the Secret, after our last write: another one means that somebody else wrote it. */
  readonly resourceVersion?: string | undefined;
}

/** A resource that was replaced by another one of the same object. */
export interface Replaced {
  readonly externalName: string;
  readonly externalId: string;
  /** It holds data, or spec asks to retain it: it is never deleted. */
  readonly keep: boolean;
  /** `Waiting`: until the new one is ready. `Kept`: it stays in the cloud and is no longer ours. */
  readonly state: "Waiting" | "Kept";
}

/** An act that waits for approval, as status tells it. */
export interface PendingApproval {
  readonly act: Act;
  readonly word: string;
  readonly loses: string;
  /** Values as JSON text. */
  readonly changes?: readonly { readonly field: string; readonly want: string; readonly actual: string }[] | undefined;
}

export type LeafObject<Spec extends LeafSpec = LeafSpec> = KubeObject<Spec, LeafStatus> & { readonly spec: Spec };

/** An object of ours, in the same namespace, that spec refers to. */
export interface Reference {
  /** Path in spec, such as `deadLetter.queueRef`. Unique in one spec. */
  readonly field: string;
  readonly kind: string;
  readonly name: string;
  /** Others that refer to the same object matter too: those of this kind whose spec does so at this path. */
  readonly referredBy?: { readonly kind: string; readonly field: string } | undefined;
}

/** What a referenced object gives. */
export interface Target {
  readonly outputs: Readonly<Record<string, string>>;
  readonly effective: Readonly<Record<string, unknown>>;
  /** What the objects give that `Reference.referredBy` asks for, as far as they have been made. */
  readonly referrers?: readonly Omit<Target, "referrers">[] | undefined;
}

/** A key of a Kubernetes Secret, in the same namespace, that the confidential value of an object is taken from. */
export interface Source {
  /** Path in spec, such as `valueFrom.secretRef`. Unique in one spec. */
  readonly field: string;
  readonly name: string;
  readonly key: string;
}

/** A Kubernetes Secret, in the same namespace, that a copy of the confidential value is kept in. */
export interface SecretCopy {
  /** Path in spec, such as `syncTo`. */
  readonly field: string;
  readonly name: string;
  /** Of the value in force. */
  readonly key: string;
  /** Of the value before, while the cloud still gives it. */
  readonly previousKey?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a kind's `value` is made with. */
export interface Means {
  /** The content of a key of a Secret, in the namespace of the object. @throws ProviderError */
  secret(name: string, key: string): Promise<Uint8Array>;
  /** So many bytes that nobody can guess. */
  random(bytes: number): Uint8Array;
}

/** What a kind's `want` may use besides spec. */
export interface Given {
  readonly namespace: string;
  readonly name: string;
  readonly cloud: Cloud;
  /** The user's, the environment's and our marks; null values for those that must go. */
  readonly tags: Tags;
  /** The object that `Reference.field` names. All references are resolved when `want` runs. */
  target(field: string): Target;
  /** A token of what `Source.field` names: another one once the Secret was written, and nothing of its content. */
  source(field: string): string;
}

/** How a spec names what a resource refers to, when it is written for a resource that is there. */
export interface Naming {
  readonly cloud: Cloud;
  /** The object that stands for the resource of this id, else the id itself. */
  reference(kind: string, id: string): { readonly name: string } | { readonly external: string };
}

/** The definition of one leaf kind: what a cloud resource of this kind should be, whatever the cloud. */
export interface Leaf<Spec extends LeafSpec, Want extends Wanted> {
  readonly kind: string;
  /** Losing the resource loses data: Retain by default, never made anew in silence. */
  readonly dataBearing: boolean;
  /** Whether it is no trouble that there is none, where it is only observed. Pure. Absent: it is. */
  optional?(spec: Spec): boolean;
  /**
   * What is there is told in `status.effective` where it is only observed, too. Not of what others write into by it: they
   * take what is told there for ours.
   */
  readonly tellsObserved?: true | undefined;
  /** What is lost with it, for people: `its items`. */
  readonly holds?: string | undefined;
  /** Whether spec asks for a last backup before it is destroyed. */
  finalBackup?(spec: Spec): boolean;
  /** Days in which what was deleted can be brought back by the same object made again; 0: none. Pure. Absent: none. */
  keptDays?(actual: Partial<Want>): number;
  /**
   * What of the way from what is there (nothing read: it is yet to be made) to what is wanted nobody can undo: it waits for
   * a user's word, and all else is done meanwhile. Pure. Absent, or undefined: all can be undone.
   */
  lasting?(want: Want, actual: Partial<Want>): Lasting<Want> | undefined;
  /** Objects that refer to it can't do without it: it is not deleted in the cloud while there are any. Absent: it may be. */
  readonly heldByUsers?: boolean | undefined;
  /** Longest name that both clouds take. */
  readonly nameLimit: number;
  /**
   * Ends the derived name, such as `topic`, where a cloud keeps another kind's resources under the same names. Not of six
   * characters: a derived name without it ends in a hash of six.
   */
  readonly nameEnding?: string | undefined;
  /** The name in the cloud, of kinds that have no other than what spec says. Pure. Absent: a derived one, or externalName. */
  nameOf?(spec: Spec): string;
  /**
   * Why spec can't be, whatever it refers to, where no schema can tell: the field, what is wrong and what to do. Nothing is
   * done in a cloud then. Pure. Absent: there is no such reason.
   */
  flaw?(spec: Spec): string | undefined;
  references(spec: Spec): readonly Reference[];
  /** Kinds that a `referredBy` of its references can name: their changes concern it. */
  readonly referrerKinds?: readonly string[] | undefined;
  /** The Secrets that the confidential value is taken from. Absent: none. */
  sources?(spec: Spec): readonly Source[];
  /**
   * The confidential value, of kinds that have one, or why spec gives none, for people. Never part of `want`; asked for
   * only when it is about to be sent.
   */
  value?(spec: Spec, means: Means): Promise<Uint8Array | { readonly none: string }>;
  /** Where a copy of the value is kept. Absent, or undefined: nowhere. Pure. */
  copy?(spec: Spec): SecretCopy | undefined;
  /**
   * As `flaw`, given what spec refers to.
   */
  problem?(spec: Spec, given: Given): string | undefined;
  /** Pure. */
  want(spec: Spec, given: Given): Want;
  /**
   * The spec that asks for what is there: `want` the other way round, for `onyx import`. Fields that could not be read
   * are left out. Pure. Absent: the cloud does not know what this kind's spec says.
   */
  specOf?(actual: Partial<Want>, naming: Naming): Readonly<Record<string, unknown>>;
  /** What it costs on a cloud, of the Want as that cloud fits it. Pure. Absent: no estimate is shown. */
  cost?(want: Want, cloud: Cloud): Estimate;
}
