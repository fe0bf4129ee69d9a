import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Seen } from "../../../operator/reconcile/composite-object.ts";
import { configName } from "./config.ts";
import { imageOf, pullPolicyOf } from "./image.ts";
import { bindingsName, CONFIG_HASH, CONTAINER, labelsOf, selectorOf, serviceAccountName } from "./names.ts";
import { probes } from "./probes.ts";

/** What differs between the workloads in their pods. */
export interface PodShape {
  readonly restartPolicy: "Always" | "Never";
  /** Pod label by which replicas of one revision are told from those of another; absent: pods are not spread. */
  readonly revisionLabel?: string | undefined;
}

/** The pod template: restricted pod security, read-only root file system with an own /tmp, nothing mounted unasked. */
export function podTemplate(spec: OnyxServiceSpec, seen: Seen, configHash: string, shape: PodShape) {
  const labels = labelsOf(seen.name, spec);
  return {
    metadata: { labels, annotations: { [CONFIG_HASH]: configHash } },
    spec: {
      serviceAccountName: serviceAccountName(seen.name, spec),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: shape.restartPolicy,
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [container(spec, seen)],
      volumes: volumes(spec, seen.name),
      ...(shape.revisionLabel ? { topologySpreadConstraints: spread(seen.name, shape.revisionLabel) } : {}),
    },
  };
}

function container(spec: OnyxServiceSpec, seen: Seen) {
  const env = Object.entries(spec.env ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const from = envFrom(spec, seen.name);
  const resources = resourcesOf(spec.resources);
  return {
    name: CONTAINER,
    image: imageOf(spec.image, seen.environment.imageRegistry),
    imagePullPolicy: pullPolicyOf(spec.image),
    ...(spec.command && spec.command.length > 0 ? { command: spec.command } : {}),
    ...(spec.args && spec.args.length > 0 ? { args: spec.args } : {}),
    ...(env.length > 0 ? { env: env.map(([name, value]) => (value === "" ? { name } : { name, value })) } : {}),
    ...(from.length > 0 ? { envFrom: from } : {}),
    ...(spec.ports && spec.ports.length > 0
      ? {
          ports: spec.ports.map(({ name, port, protocol }) => ({
            name,
            containerPort: port,
            protocol: protocol ?? "TCP",
          })),
        }
      : {}),
    ...(resources ? { resources } : {}),
    ...probes(spec.health),
    resizePolicy: ["cpu", "memory"].map((resourceName) => ({ resourceName, restartPolicy: "NotRequired" })),
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      ...(spec.config?.mountPath ? [{ name: "config", mountPath: spec.config.mountPath, readOnly: true }] : []),
    ],
  };
}

/** Later ones win: what the cloud gives beats what spec.config says, and spec.env beats all. */
function envFrom(spec: OnyxServiceSpec, service: string) {
  return [
    ...(spec.config && !spec.config.mountPath ? [{ configMapRef: { name: configName(spec, service) } }] : []),
    ...(spec.secrets ?? []).toSorted().map((name) => ({ secretRef: { name } })),
    ...((spec.bindings ?? []).length > 0 ? [{ configMapRef: { name: bindingsName(service) } }] : []),
  ];
}

function volumes(spec: OnyxServiceSpec, service: string) {
  return [
    { name: "tmp", emptyDir: { sizeLimit: String(spec.tmpSize ?? "1Gi") } },
    ...(spec.config?.mountPath
      ? [{ name: "config", configMap: { name: configName(spec, service), defaultMode: 0o444 } }]
      : []),
  ];
}

function resourcesOf(resources: OnyxServiceSpec["resources"]) {
  const lists = Object.entries(resources ?? {}).flatMap(([name, list]) => {
    const given = Object.entries(list ?? {}).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)] as const],
    );
    return given.length > 0 ? [[name, Object.fromEntries(given)] as const] : [];
  });
  return lists.length > 0 ? Object.fromEntries(lists) : undefined;
}

/** Over zones and nodes where that can be had; it never keeps a pod from running. */
function spread(service: string, revisionLabel: string) {
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorOf(service) },
    matchLabelKeys: [revisionLabel],
  }));
}
