import { isDeepStrictEqual } from "node:util";

export const GROUP = "onyx.onelens.io";
export const VERSION = "v1alpha1";
/** The one finalizer of every object of ours. */
export const FINALIZER = `${GROUP}/cloud-resource`;

/** What users write on objects to steer us. */
export const ANNOTATIONS = {
  paused: `${GROUP}/paused`,
  reconcileRequestedAt: `${GROUP}/reconcile-requested-at`,
  pollInterval: `${GROUP}/poll-interval`,
  approve: `${GROUP}/approve`,
} as const;

/** metav1.ObjectMeta, as far as we use it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly generation?: number | undefined;
  readonly resourceVersion?: string | undefined;
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
}

/** metav1.OwnerReference. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean | undefined;
  readonly blockOwnerDeletion?: boolean | undefined;
}

/** Any Kubernetes object. */
export interface KubeObject<Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: Spec;
  readonly status?: Status;
}

/** Only "true" pauses, as with Crossplane. */
export const isPaused = (object: KubeObject): boolean => object.metadata.annotations?.[ANNOTATIONS.paused] === "true";
/** The label of objects that others are copied from: the name of the blueprint that they are part of. */
export const BLUEPRINT_LABEL = `${GROUP}/blueprint`;
/** The blueprint that an object is part of. */
export const blueprintOf = (object: KubeObject): string | undefined => object.metadata.labels?.[BLUEPRINT_LABEL];

/** Why an object is not worked on, by what stands in its metadata. */
export function heldBy(
  object: KubeObject,
): { readonly reason: "Paused" | "Blueprint"; readonly message: string } | undefined {
  if (isPaused(object)) return { reason: "Paused", message: `The annotation ${ANNOTATIONS.paused} is "true".` };
  const blueprint = blueprintOf(object);
  if (blueprint === undefined) return undefined;
  const message = `It is part of the blueprint "${blueprint}": nothing is made of it itself, Tenants have copies.`;
  return { reason: "Blueprint", message };
}

export const isDeleting = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;
export const hasFinalizer = (object: KubeObject): boolean => object.metadata.finalizers?.includes(FINALIZER) === true;

/** Shortest and longest time between two looks at a cloud that an annotation may ask for. */
const MIN_POLL_MS = 30_000;
const MAX_POLL_MS = 24 * 3_600_000;

/** Milliseconds between two looks at the cloud, from the annotation (`90s`, `30m`, `2h`) or the given default. */
export function pollInterval(object: KubeObject, defaultMs: number): number {
  const match = /^(\d+)(s|m|h)$/.exec(object.metadata.annotations?.[ANNOTATIONS.pollInterval] ?? "");
  if (!match) return defaultMs;
  const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as "s" | "m" | "h"];
  return Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, Number(match[1]) * unit));
}

/**
 * The JSON merge patch (RFC 7386) that turns `from` into `to`, or undefined when they are equal. Lists are replaced
 * whole, fields that `to` lacks become null. So a null in `to` means the same as an absent field, but in a list.
 */
export function mergePatch(from: unknown, to: unknown): unknown {
  if (isDeepStrictEqual(from, to)) return undefined;
  if (!isRecord(from) || !isRecord(to)) return to;
  const patch = new Map<string, unknown>();
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, next] = [own(from, key), own(to, key)];
    if (next === undefined || next === null) {
      if (before !== undefined && before !== null) patch.set(key, null);
      continue;
    }
    const part = mergePatch(before, next);
    if (part !== undefined) patch.set(key, part);
  }
  return patch.size === 0 ? undefined : Object.fromEntries(patch);
}

/** Users name fields `constructor` and `__proto__`, too: what is inherited is no value. */
const own = (record: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
