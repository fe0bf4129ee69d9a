import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import { labelsOf, selectorOf } from "./names.ts";

/** How much a drain may take away at once. One replica has no budget: it would only stand in the way. */
export function disruptionBudget(spec: OnyxServiceSpec, seen: Seen): readonly Child[] {
  const most = spec.scaling?.max ?? spec.replicas ?? 1;
  if (most < 2 || !(spec.workload === "Deployment" || spec.workload === "StatefulSet")) return [];
  return [
    {
      id: "disruption",
      companion: true,
      object: {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: { name: seen.name, labels: labelsOf(seen.name, spec) },
        spec: {
          selector: { matchLabels: selectorOf(seen.name) },
          maxUnavailable: spec.disruption?.maxUnavailable ?? 1,
          // A pod that is ill anyway does not hold up a drain.
          unhealthyPodEvictionPolicy: "AlwaysAllow",
        },
      },
    },
  ];
}
