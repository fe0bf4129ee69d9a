import type { TenantCostSourceSpec } from "../../../crds/tenantcostsource.ts";
import type { InvalidSpec, Seen } from "../../../operator/reconcile/composite-object.ts";
import { LABELS } from "../tenant/names.ts";

/**
 * Whose bill it is. What stands in a tenant's namespace is that tenant's; a bill of any other is told from the platform's
 * namespace only, or tenants could put cost on each other.
 */
export function tenantOf(
  { tenantRef }: TenantCostSourceSpec,
  seen: Seen,
): { readonly tenant: string | undefined } | InvalidSpec {
  const own = seen.live({ apiVersion: "v1", kind: "Namespace", namespace: "", name: seen.namespace });
  const within = own?.metadata.labels?.[LABELS.tenant];
  if (!tenantRef || tenantRef.name === within) return { tenant: within };
  const { name, tenancy } = seen.environment;
  if (!within && tenancy?.namespace === seen.namespace) return { tenant: tenantRef.name };
  const message = within
    ? `This namespace is that of Tenant ${within}: leave tenantRef out, or name that one.`
    : `The bill of a Tenant is told in the tenant's own namespace, or in ${tenancy ? `namespace ${tenancy.namespace}` : "the namespace of spec.tenancy"} of Environment ${name}${tenancy ? "" : ", which has none"}.`;
  return { invalid: { field: "tenantRef", message } };
}
