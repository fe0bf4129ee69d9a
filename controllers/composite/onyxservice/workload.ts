import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";
import { deploymentHealth, jobHealth, statefulSetHealth } from "../health.ts";
import { FIXED_REPLICAS, hashOf, labelsOf, podsName, selectorOf } from "./names.ts";
import { podTemplate } from "./pod.ts";

const REVISIONS = 5;

/** What runs the pods. It comes last: its pods must find rights, configuration and network policy in force. */
export function workload(spec: OnyxServiceSpec, seen: Seen, configHash: string): Child {
  const base = {
    id: "workload",
    after: ["serviceaccount", "config", "bindings", "network"],
    afterHealthy: ["identity"],
  };
  const labels = labelsOf(seen.name, spec);
  switch (spec.workload) {
    case "Deployment":
      return {
        ...base,
        object: deployment(spec, seen, configHash),
        health: deploymentHealth,
        handOver: handOver(spec),
      };
    case "StatefulSet":
      return {
        ...base,
        object: statefulSet(spec, seen, configHash),
        health: statefulSetHealth,
        handOver: handOver(spec),
      };
    case "Job": {
      const job = jobSpec(spec, seen, configHash);
      // A Job can't be changed: another spec is another Job, and the one before is pruned.
      const name = `${seen.name}-${hashOf(job)}`;
      return {
        ...base,
        object: { apiVersion: "batch/v1", kind: "Job", metadata: { name, labels }, spec: job },
        health: jobHealth,
      };
    }
    case "CronJob":
      return { ...base, object: cronJob(spec, seen, configHash) };
  }
}

function deployment(spec: OnyxServiceSpec, seen: Seen, configHash: string) {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: seen.name, labels: labelsOf(seen.name, spec), ...replicaMark(spec) },
    spec: {
      ...replicas(spec),
      revisionHistoryLimit: REVISIONS,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: selectorOf(seen.name) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
      template: podTemplate(spec, seen, configHash, { restartPolicy: "Always", revisionLabel: "pod-template-hash" }),
    },
  };
}

function statefulSet(spec: OnyxServiceSpec, seen: Seen, configHash: string) {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: seen.name, labels: labelsOf(seen.name, spec), ...replicaMark(spec) },
    spec: {
      ...replicas(spec),
      revisionHistoryLimit: REVISIONS,
      serviceName: podsName(seen.name),
      podManagementPolicy: "OrderedReady",
      selector: { matchLabels: selectorOf(seen.name) },
      updateStrategy: { type: "RollingUpdate" },
      template: podTemplate(spec, seen, configHash, {
        restartPolicy: "Always",
        revisionLabel: "controller-revision-hash",
      }),
    },
  };
}

function jobSpec(spec: OnyxServiceSpec, seen: Seen, configHash: string) {
  return {
    completions: 1,
    parallelism: 1,
    backoffLimit: 3,
    template: podTemplate(spec, seen, configHash, { restartPolicy: "Never" }),
  };
}

function cronJob(spec: OnyxServiceSpec, seen: Seen, configHash: string) {
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: seen.name, labels: labelsOf(seen.name, spec) },
    spec: {
      schedule: spec.schedule?.cron ?? "",
      timeZone: spec.schedule?.timeZone ?? "Etc/UTC",
      concurrencyPolicy: spec.schedule?.concurrency ?? "Forbid",
      // Without it a CronJob that missed 100 starts never starts again.
      startingDeadlineSeconds: 300,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: { metadata: { labels: labelsOf(seen.name, spec) }, spec: jobSpec(spec, seen, configHash) },
    },
  };
}

/** A scaler owns the number of replicas: then we don't say it. */
const replicas = (spec: OnyxServiceSpec) => (spec.scaling ? {} : { replicas: spec.replicas ?? 1 });
const replicaMark = (spec: OnyxServiceSpec) => (spec.scaling ? {} : { annotations: { [FIXED_REPLICAS]: "fixed" } });

/**
 * When a scaler takes over a living workload, dropping `replicas`, which only we own, would reset it to 1. So the
 * number is left behind under another field manager, until the scaler writes its own.
 */
const handOver =
  (spec: OnyxServiceSpec) =>
  (live: KubeObject): Readonly<Record<string, unknown>> | undefined => {
    if (!spec.scaling || live.metadata.annotations?.[FIXED_REPLICAS] === undefined) return undefined;
    const now = (live.spec as { replicas?: number } | undefined)?.replicas ?? 1;
    return { spec: { replicas: Math.max(now, spec.scaling.min) } };
  };
