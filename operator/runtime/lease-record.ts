import type { KubeObject, ResourceType } from "./resource.ts";

export const LEASES: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/** coordination.k8s.io/v1 LeaseSpec, the part that leader election uses. */
export interface LeaseSpec {
  /** Empty or absent: nobody leads. */
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  readonly leaseTransitions?: number | null;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** metav1.MicroTime, which wants six digits. It is for people: nothing is ever decided by a time that another wrote. */
export function microTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}000Z`;
}

/** What the lease says when `identity` takes it. */
export function takenBy(identity: string, durationMs: number, now: number, before: LeaseSpec | undefined): LeaseSpec {
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: microTime(now),
    renewTime: microTime(now),
    leaseTransitions: (before?.leaseTransitions ?? 0) + (before?.holderIdentity === identity ? 0 : 1),
  };
}

/**
 * A JSON patch that renews, and fails with 422 if another holds the lease. It needs no resource version, so renewals
 * may overtake each other, which keeps a lease alive through an API server that answers slowly.
 */
export function renewal(identity: string, now: number): readonly object[] {
  return [
    { op: "test", path: "/spec/holderIdentity", value: identity },
    { op: "replace", path: "/spec/renewTime", value: microTime(now) },
  ];
}

/** A JSON patch that gives the lease back, and fails with 422 if another holds it. */
export function handover(identity: string, now: number): readonly object[] {
  return [
    { op: "test", path: "/spec/holderIdentity", value: identity },
    { op: "replace", path: "/spec/holderIdentity", value: "" },
    { op: "replace", path: "/spec/leaseDurationSeconds", value: 1 },
    { op: "replace", path: "/spec/renewTime", value: microTime(now) },
  ];
}
