import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import { labelsOf, podsName, selectorOf } from "./names.ts";

/** The Service in front of the ports, and the headless one that a StatefulSet needs. */
export function services(spec: OnyxServiceSpec, seen: Seen): readonly Child[] {
  const ports = (spec.ports ?? []).map(({ name, port, protocol }) => ({
    name,
    port,
    targetPort: port,
    protocol: protocol ?? "TCP",
  }));
  const labels = labelsOf(seen.name, spec);
  const selector = selectorOf(seen.name);
  const inFront = {
    id: "service",
    object: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: seen.name, labels },
      spec: { type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster", selector, ports },
    },
  };
  const headless = {
    id: "pods",
    object: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: podsName(seen.name), labels },
      spec: {
        type: "ClusterIP",
        clusterIP: "None",
        publishNotReadyAddresses: true,
        sessionAffinity: "None",
        selector,
        ...(ports.length > 0 ? { ports } : {}),
      },
    },
  };
  return [...(ports.length > 0 ? [inFront] : []), ...(spec.workload === "StatefulSet" ? [headless] : [])];
}
