import { API_VERSION } from "../../../crds/define.ts";
import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { WorkloadIdentitySpec } from "../../../crds/workloadidentity.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import { leafHealth } from "../health.ts";
import { identityAnnotations } from "../identity.ts";
import { grantsOf } from "./bindings.ts";
import { labelsOf, serviceAccountName } from "./names.ts";

/** Who the pods are in the cloud, with just the rights that the bindings need. Without bindings there is none. */
export function identity(spec: OnyxServiceSpec, seen: Seen): readonly Child[] {
  const grants = grantsOf(spec);
  if (grants.length === 0) return [];
  const tags = {
    ...(spec.team ? { team: spec.team } : {}),
    ...(spec.costCenter ? { "cost-center": spec.costCenter } : {}),
  };
  const wanted: Partial<WorkloadIdentitySpec> = {
    ...(spec.environmentRef ? { environmentRef: spec.environmentRef } : {}),
    serviceAccountRef: { name: serviceAccountName(seen.name, spec) },
    grants: [...grants],
    ...(Object.keys(tags).length > 0 ? { tags } : {}),
  };
  return [
    {
      id: "identity",
      object: {
        apiVersion: API_VERSION,
        kind: "WorkloadIdentity",
        metadata: { name: seen.name, labels: labelsOf(seen.name, spec) },
        spec: wanted,
      },
      health: leafHealth,
    },
  ];
}

/**
 * The ServiceAccount. No token is mounted: pods don't call the API server, and cloud credentials come by another way.
 * Where the cloud finds the identity by annotation (IRSA), it is set as soon as the identity is known.
 */
export function serviceAccount(spec: OnyxServiceSpec, seen: Seen): readonly Child[] {
  if (spec.serviceAccountName !== undefined) return [];
  return [
    {
      id: "serviceaccount",
      object: {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: {
          name: seen.name,
          labels: labelsOf(seen.name, spec),
          ...(grantsOf(spec).length > 0 ? identityAnnotations(seen, { name: seen.name }) : {}),
        },
        automountServiceAccountToken: false,
      },
    },
  ];
}
