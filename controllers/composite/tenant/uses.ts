import { GROUP, VERSION } from "../../../crds/define.ts";
import { COUNTED } from "../../../crds/tenant.ts";
import type { ChildKind } from "../../../operator/reconcile/composite-object.ts";

const ours = Object.entries(COUNTED).map(
  ([kind, plural]): ChildKind => ({
    group: GROUP,
    version: VERSION,
    kind,
    plural,
    ...(kind === "WorkflowRun" ? { onlyRemoved: true } : {}),
  }),
);

/** Every kind that a Tenant can be made of. RBAC and caches are derived from it. */
export const uses: readonly ChildKind[] = [
  { group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false },
  { group: "", version: "v1", kind: "ResourceQuota", plural: "resourcequotas" },
  { group: "", version: "v1", kind: "LimitRange", plural: "limitranges", permanent: true },
  { group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts" },
  { group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy", plural: "networkpolicies", permanent: true },
  { group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings" },
  ...ours,
];

/** What a blueprint can hold: a run would begin as soon as it is copied. */
export const COPIED: readonly string[] = Object.keys(COUNTED).filter((kind) => kind !== "WorkflowRun");
