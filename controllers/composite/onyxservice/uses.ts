import { GROUP, VERSION } from "../../../crds/define.ts";
import type { ChildKind } from "../../../operator/reconcile/composite-object.ts";

const keda = {
  group: "keda.sh",
  version: "v1alpha1",
  install: "KEDA 2.20 or newer (https://keda.sh/docs/latest/deploy)",
};

/** Every kind that an OnyxService can be made of. RBAC and caches are derived from it. */
export const uses = [
  { group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts" },
  { group: GROUP, version: VERSION, kind: "WorkloadIdentity", plural: "workloadidentities" },
  { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps" },
  { group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy", plural: "networkpolicies", permanent: true },
  { group: "", version: "v1", kind: "Service", plural: "services" },
  { group: "apps", version: "v1", kind: "Deployment", plural: "deployments" },
  { group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets" },
  { group: "batch", version: "v1", kind: "Job", plural: "jobs" },
  { group: "batch", version: "v1", kind: "CronJob", plural: "cronjobs" },
  { group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets" },
  { group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers" },
  { ...keda, kind: "TriggerAuthentication", plural: "triggerauthentications" },
  { ...keda, kind: "ScaledObject", plural: "scaledobjects" },
] as const satisfies readonly ChildKind[];
