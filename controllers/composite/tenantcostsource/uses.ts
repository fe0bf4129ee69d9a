import { GROUP, VERSION } from "../../../crds/define.ts";
import type { ChildKind } from "../../../operator/reconcile/composite-object.ts";

/** Every kind that a TenantCostSource is made of. RBAC and caches are derived from it. */
export const uses = [
  { group: GROUP, version: VERSION, kind: "Queue", plural: "queues", permanent: true },
  { group: GROUP, version: VERSION, kind: "Bucket", plural: "buckets", permanent: true },
  { group: GROUP, version: VERSION, kind: "OnyxService", plural: "onyxservices" },
  { group: GROUP, version: VERSION, kind: "TableItem", plural: "tableitems", permanent: true },
] as const satisfies readonly ChildKind[];
