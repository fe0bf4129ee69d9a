import type { TenantCostSourceSpec } from "../../crds/tenantcostsource.ts";
import type { Composed, Composite, InvalidSpec, Seen } from "../../operator/reconcile/composite-object.ts";
import { bucket, queue, service, summaryItem, urlOf } from "./tenantcostsource/children.ts";
import { accepted, figuresOf, told } from "./tenantcostsource/figures.ts";
import { tenantOf } from "./tenantcostsource/tenant.ts";
import { uses } from "./tenantcostsource/uses.ts";

/**
 * A tenant's bill: reports of cost from their delivery to what they come to. Switched off, they are still delivered; the
 * worker goes, and what comes waits in the bucket and the queue.
 */
export const tenantcostsource: Composite<TenantCostSourceSpec> = {
  kind: "TenantCostSource",
  uses,
  stopFirst: ["OnyxService"],
  references: ({ tableRef }) => [{ field: "tableRef", kind: "Table", name: tableRef.name }],
  partOf: ({ tenantRef }) => tenantRef && { kind: "Tenant", name: tenantRef.name },
  compose,
};

function compose(spec: TenantCostSourceSpec, seen: Seen): Composed | InvalidSpec {
  const whose = tenantOf(spec, seen);
  if ("invalid" in whose) return whose;
  const item = summaryItem(spec, seen);
  const figures = figuresOf(item, seen);
  return {
    children: [queue(spec, seen), bucket(spec, seen), ...(spec.enabled === false ? [] : [service(spec, seen)]), item],
    summary: (live) => ({ tenant: whose.tenant, deliverTo: urlOf(live("bucket"), spec.prefix), ...told(figures) }),
    verdicts: { ReportAccepted: accepted(figures) },
  };
}
