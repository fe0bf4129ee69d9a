import { API_VERSION } from "../../../crds/define.ts";
import type { TenantSpec } from "../../../crds/tenant.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import { leafHealth } from "../health.ts";
import { identityAnnotations } from "../identity.ts";
import { FIXED } from "./names.ts";
import { inside } from "./namespace.ts";

/**
 * Who the tenant is: a ServiceAccount, and the same in the cloud, with no rights there but those that somebody gives it.
 * Its services have identities of their own.
 */
export function identity(within: string, spec: TenantSpec, seen: Seen): readonly Child[] {
  const account = inside(
    within,
    seen,
    { id: "serviceaccount", apiVersion: "v1", kind: "ServiceAccount" },
    { automountServiceAccountToken: false },
  );
  const annotations = identityAnnotations(seen, { namespace: within, name: FIXED });
  const metadata = { ...account.object.metadata, ...annotations };
  return [
    { ...account, object: { ...account.object, metadata } },
    inside(
      within,
      seen,
      { id: "identity", apiVersion: API_VERSION, kind: "WorkloadIdentity", health: leafHealth },
      {
        spec: {
          ...(spec.environmentRef ? { environmentRef: spec.environmentRef } : {}),
          serviceAccountRef: { name: FIXED },
        },
      },
    ),
  ];
}
