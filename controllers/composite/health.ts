import type { Health } from "../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import type { Reason } from "../../operator/reconcile/reasons.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Status {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
}

const statusOf = (live: KubeObject): Status => (live.status ?? {}) as Status;
const find = (status: Status, type: string, value: string): Condition | undefined =>
  status.conditions?.find((one) => one.type === type && one.status === value);
/** The controller has seen this spec. */
const observed = (live: KubeObject): boolean =>
  (statusOf(live).observedGeneration ?? 0) >= (live.metadata.generation ?? 0);

const working = (usable: boolean, message: string, reason: Reason = "Progressing"): Health => ({
  usable,
  state: "working",
  reason,
  message,
});

/** A cloud resource of ours: its own conditions say it all, with the cloud's error. */
export function leafHealth(live: KubeObject): Health | undefined {
  const status = statusOf(live);
  const usable = find(status, "Ready", "True") !== undefined;
  const told = (one: Condition | undefined, state: Health["state"]): Health => ({
    usable,
    state,
    reason: (one?.reason ?? "Pending") as Reason,
    message: one?.message ?? "The last change of it is not looked at yet.",
  });
  const stalled = find(status, "Stalled", "True");
  if (stalled) return told(stalled, "failed");
  const synced = find(status, "Synced", "True");
  if (usable && synced && observed(live)) return undefined;
  if (usable && synced) return told(undefined, "working");
  return told(
    status.conditions?.find((one) => one.type === (usable ? "Synced" : "Ready")),
    "working",
  );
}

export function deploymentHealth(live: KubeObject): Health | undefined {
  const status = statusOf(live);
  const wanted = (live.spec as { replicas?: number } | undefined)?.replicas ?? 1;
  const usable = wanted === 0 || (status.availableReplicas ?? 0) > 0;
  if (!observed(live)) return working(usable, "The change is not rolled out yet.");
  const stuck = find(status, "Progressing", "False") ?? find(status, "ReplicaFailure", "True");
  if (stuck)
    return { usable, state: "failed", reason: "ChildFailed", message: stuck.message ?? "Its rollout does not go on." };
  return rollout(usable, wanted, status, status.availableReplicas ?? 0);
}

export function statefulSetHealth(live: KubeObject): Health | undefined {
  const status = statusOf(live);
  const wanted = (live.spec as { replicas?: number } | undefined)?.replicas ?? 1;
  const usable = wanted === 0 || (status.readyReplicas ?? 0) > 0;
  if (!observed(live)) return working(usable, "The change is not rolled out yet.");
  return rollout(usable, wanted, status, status.readyReplicas ?? 0);
}

function rollout(usable: boolean, wanted: number, status: Status, available: number): Health | undefined {
  const updated = status.updatedReplicas ?? 0;
  if (updated < wanted) return working(usable, `${updated} of ${wanted} replicas have the new version.`);
  if ((status.replicas ?? 0) > updated)
    return working(usable, `Replicas of the version before that are still there: ${(status.replicas ?? 0) - updated}.`);
  if (available < wanted) return working(usable, `${available} of ${wanted} replicas are available.`);
  return undefined;
}

export function jobHealth(live: KubeObject): Health | undefined {
  const status = statusOf(live);
  if (find(status, "Complete", "True")) return undefined;
  const failed = find(status, "Failed", "True");
  if (failed) return { usable: false, state: "failed", reason: "ChildFailed", message: failed.message ?? "It failed." };
  return working(false, "It runs.");
}

/** A scaler that does not scale gets over it by itself, as soon as there are metrics; until then replicas stay. */
export function scaledObjectHealth(live: KubeObject): Health | undefined {
  const status = statusOf(live);
  const ready = status.conditions?.find((one) => one.type === "Ready");
  if (ready?.status !== "True") return working(true, ready?.message || "KEDA has not looked at it yet.");
  const idle = find(status, "HPAActive", "False");
  return idle && working(true, idle.message ?? "Its HorizontalPodAutoscaler is not active.");
}

export function hpaHealth(live: KubeObject): Health | undefined {
  const status = statusOf(live);
  const unable = find(status, "AbleToScale", "False");
  if (unable) return working(true, unable.message ?? "It can't scale.");
  const inactive = find(status, "ScalingActive", "False");
  if (inactive && inactive.reason !== "ScalingDisabled") return working(true, inactive.message ?? "It does not scale.");
  return undefined;
}
