import { shortHash } from "../provider/owner.ts";
import { type Manifest, refOf, refText } from "./composite-object.ts";
import { firstDifference } from "./covers.ts";
import { GROUP, type KubeObject } from "./object.ts";
import type { Reason } from "./reasons.ts";

/** The composite that children belong to. */
export interface Parent {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for one that belongs to none. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Marks on every child. Caches of child kinds hold what carries `managedBy`. */
export const CHILD_MARKS = {
  managedBy: "app.kubernetes.io/managed-by",
  name: "app.kubernetes.io/name",
  ownerKind: `${GROUP}/owner-kind`,
  ownerUid: `${GROUP}/owner-uid`,
} as const;

export const MANAGED_BY = "onyx-operator";

/** Hash of what was applied last: tells that a field was dropped, which the live object alone can't show. */
export const APPLIED_HASH = `${GROUP}/applied-hash`;

/** The object as it is sent: in its namespace, or else in the composite's, with our marks, the owner reference and the hash. */
export function asApplied(object: Manifest, parent: Parent): Manifest {
  const { apiVersion, kind, name, uid } = parent;
  const marked: Manifest = {
    ...object,
    metadata: {
      ...object.metadata,
      namespace: object.metadata.namespace ?? (parent.namespace || undefined),
      labels: {
        ...object.metadata.labels,
        [CHILD_MARKS.managedBy]: MANAGED_BY,
        [CHILD_MARKS.name]: name,
        [CHILD_MARKS.ownerKind]: kind,
        [CHILD_MARKS.ownerUid]: uid,
      },
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
  };
  const hash = shortHash(canonical(marked), 16);
  return {
    ...marked,
    metadata: { ...marked.metadata, annotations: { ...marked.metadata.annotations, [APPLIED_HASH]: hash } },
  };
}

/**
 * Whose a live object is.
 * - `ours`    its controller is this very parent
 * - `orphan`  nobody's now, made by a parent of this kind and name: deleted with --cascade=orphan, or restored
 * - `leaving` of a parent of this name that is gone; the garbage collector is about to take it
 * - `foreign` somebody else's, or nobody's and not from us
 */
export type Claim = "ours" | "orphan" | "leaving" | "foreign";

export function claimOf(live: KubeObject, parent: Parent): Claim {
  const controller = live.metadata.ownerReferences?.find((one) => one.controller);
  if (controller?.uid === parent.uid) return "ours";
  if (controller) return controller.kind === parent.kind && controller.name === parent.name ? "leaving" : "foreign";
  const labels = live.metadata.labels ?? {};
  const marked =
    labels[CHILD_MARKS.managedBy] === MANAGED_BY &&
    labels[CHILD_MARKS.ownerKind] === parent.kind &&
    labels[CHILD_MARKS.name] === parent.name;
  return marked ? "orphan" : "foreign";
}

/** What to do with one child. The pass executes it, `onyx plan` prints it. */
export type ChildDecision =
  | { readonly do: "create" }
  /** `field`: the first path that differs; undefined when a field was dropped. */
  | { readonly do: "update"; readonly field: string | undefined; readonly takeover: boolean }
  | { readonly do: "wait"; readonly reason: Reason; readonly message: string }
  | { readonly do: "refuse"; readonly reason: Reason; readonly message: string }
  | { readonly do: "none" };

/** @param desired as `asApplied` gave it; `live` undefined: it is not there. Pure; never writes to what isn't ours. */
export function decideChild(desired: Manifest, live: KubeObject | undefined, parent: Parent): ChildDecision {
  if (!live) return { do: "create" };
  const { namespace, ...local } = refOf(desired);
  const what = refText(namespace === parent.namespace ? local : { ...local, namespace });
  const claim = claimOf(live, parent);
  if (claim === "leaving" || (live.metadata.deletionTimestamp !== undefined && claim !== "foreign"))
    return { do: "wait", reason: "Deleting", message: "An earlier one is being deleted; it is made anew then." };
  if (claim === "foreign")
    return {
      do: "refuse",
      reason: "Conflict",
      message: `${what} exists and belongs to ${holderOf(live)}. Nothing was changed: delete or rename it, or give ${parent.kind} ${parent.name} another name.`,
    };
  const { [APPLIED_HASH]: hash, ...annotations } = desired.metadata.annotations ?? {};
  const field = firstDifference({ ...desired, metadata: { ...desired.metadata, annotations } }, live);
  if (field === undefined && live.metadata.annotations?.[APPLIED_HASH] === hash) return { do: "none" };
  return { do: "update", field, takeover: claim === "orphan" };
}

function holderOf(live: KubeObject): string {
  const controller = live.metadata.ownerReferences?.find((one) => one.controller);
  if (controller) return `${controller.kind} ${controller.name}`;
  const manager = live.metadata.labels?.[CHILD_MARKS.managedBy];
  return manager ? `somebody else (${CHILD_MARKS.managedBy}: ${manager})` : "somebody else";
}

/** JSON with sorted keys: equal values give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}
