import { durationSeconds } from "../../../crds/duration.ts";
import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Child, ChildRef, PendingChild, Seen } from "../../../operator/reconcile/composite-object.ts";
import { hpaHealth, scaledObjectHealth } from "../health.ts";
import { queueFieldOf } from "./bindings.ts";
import { CONTAINER, labelsOf } from "./names.ts";

type Scaling = NonNullable<OnyxServiceSpec["scaling"]>;
type Backlog = NonNullable<Scaling["queueBacklog"]>;

const HPA = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" };
const SCALED_OBJECT = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" };
const TRIGGER_AUTHENTICATION = { apiVersion: "keda.sh/v1alpha1", kind: "TriggerAuthentication" };

/** Both ways by the larger of doubling or halving and four pods: up at once, down when the need was less for a while. */
const behavior = (scaling: Scaling) => ({
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Percent", value: 100, periodSeconds: 15 },
      { type: "Pods", value: 4, periodSeconds: 15 },
    ],
  },
  scaleDown: {
    stabilizationWindowSeconds: cooldownSeconds(scaling),
    selectPolicy: "Max",
    policies: [
      { type: "Percent", value: 50, periodSeconds: 60 },
      { type: "Pods", value: 4, periodSeconds: 60 },
    ],
  },
});

const cooldownSeconds = ({ cooldown }: Scaling): number => (cooldown === undefined ? 300 : durationSeconds(cooldown));

/**
 * What decides the number of replicas: KEDA where a queue counts, else a HorizontalPodAutoscaler. Never both: KEDA makes
 * one of its own, and two would fight.
 */
export function scaler(spec: OnyxServiceSpec, seen: Seen): readonly (Child | PendingChild)[] {
  if (!spec.scaling) return [];
  const { queueBacklog } = spec.scaling;
  return queueBacklog ? keda(spec, spec.scaling, queueBacklog, seen) : [hpa(spec, spec.scaling, seen)];
}

const target = (spec: OnyxServiceSpec, seen: Seen) => ({
  apiVersion: "apps/v1",
  kind: spec.workload,
  name: seen.name,
});

const ref = (type: { apiVersion: string; kind: string }, seen: Seen): ChildRef => ({ ...type, name: seen.name });
const metadata = (spec: OnyxServiceSpec, seen: Seen) => ({ name: seen.name, labels: labelsOf(seen.name, spec) });

/** The shares of processors and memory that spec names. */
const shares = (scaling: Scaling): readonly { name: "cpu" | "memory"; percent: number }[] =>
  (["cpu", "memory"] as const).flatMap((name) => {
    const percent = scaling[name];
    return percent === undefined ? [] : [{ name, percent }];
  });

function hpa(spec: OnyxServiceSpec, scaling: Scaling, seen: Seen): Child {
  return {
    id: "scaler",
    companion: true,
    after: ["workload"],
    insteadOf: [ref(SCALED_OBJECT, seen)],
    health: hpaHealth,
    object: {
      ...HPA,
      metadata: metadata(spec, seen),
      spec: {
        scaleTargetRef: target(spec, seen),
        minReplicas: scaling.min,
        maxReplicas: scaling.max,
        metrics: shares(scaling).map(({ name, percent }) => ({
          type: "ContainerResource",
          containerResource: {
            name,
            container: CONTAINER,
            target: { type: "Utilization", averageUtilization: percent },
          },
        })),
        behavior: behavior(scaling),
      },
    },
  };
}

function keda(
  spec: OnyxServiceSpec,
  scaling: Scaling,
  backlog: Backlog,
  seen: Seen,
): readonly (Child | PendingChild)[] {
  const field = queueFieldOf(spec, backlog.queue);
  const queue = field === undefined ? undefined : seen.reference(field);
  if (!queue || "pending" in queue) {
    const pending = queue?.pending ?? {
      reason: "DependencyNotFound",
      message: `spec.scaling.queueBacklog.queue: ${backlog.queue} is none of spec.bindings.`,
    };
    return [{ id: "scaler", ref: ref(SCALED_OBJECT, seen), pending }];
  }
  const trigger = seen.environment.platform.backlogTrigger(queue, backlog.perReplica, backlog.activation ?? 0);
  const authentication: readonly Child[] = trigger.authentication
    ? [
        {
          id: "scaler-auth",
          companion: true,
          object: { ...TRIGGER_AUTHENTICATION, metadata: metadata(spec, seen), spec: trigger.authentication },
        },
      ]
    : [];
  const scaledObject: Child = {
    id: "scaler",
    companion: true,
    after: ["workload", "scaler-auth"],
    insteadOf: [ref(HPA, seen)],
    health: scaledObjectHealth,
    object: {
      ...SCALED_OBJECT,
      metadata: metadata(spec, seen),
      spec: {
        scaleTargetRef: target(spec, seen),
        pollingInterval: 15,
        cooldownPeriod: cooldownSeconds(scaling),
        // 0 would let the first look take a new Deployment down at once.
        initialCooldownPeriod: 120,
        minReplicaCount: scaling.min,
        ...(scaling.toZero ? { idleReplicaCount: 0 } : {}),
        maxReplicaCount: scaling.max,
        ...(typeof scaling.onMetricFailure === "number"
          ? {
              fallback: {
                failureThreshold: 3,
                replicas: scaling.onMetricFailure,
                behavior: "currentReplicasIfHigher",
              },
            }
          : {}),
        advanced: {
          restoreToOriginalReplicaCount: false,
          horizontalPodAutoscalerConfig: { behavior: behavior(scaling) },
        },
        triggers: [
          {
            type: trigger.type,
            name: "backlog",
            metricType: "AverageValue",
            metadata: trigger.metadata,
            ...(trigger.authentication
              ? { authenticationRef: { name: seen.name, kind: TRIGGER_AUTHENTICATION.kind } }
              : {}),
          },
          ...shares(scaling).map(({ name, percent }) => ({
            type: name,
            name,
            metricType: "Utilization",
            metadata: { value: String(percent), containerName: CONTAINER },
          })),
        ],
      },
    },
  };
  return [...authentication, scaledObject];
}
