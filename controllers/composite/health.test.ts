import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import { deploymentHealth, hpaHealth, jobHealth, leafHealth, scaledObjectHealth, statefulSetHealth } from "./health.ts";

const live = (status: object | undefined, spec: object = { replicas: 3 }, generation = 2): KubeObject => ({
  apiVersion: "x/v1",
  kind: "X",
  metadata: { name: "x", generation },
  spec,
  ...(status ? { status } : {}),
});
/** Type, status, reason, message. */
type Told = readonly [string, string, string?, string?];
const conditions = (...all: readonly Told[]) =>
  all.map(([type, status, reason = "Because", message = "It says so."]) => ({ type, status, reason, message }));

const rolledOut = { observedGeneration: 2, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };
const working = (usable: boolean, message: string) => ({ usable, state: "working", reason: "Progressing", message });

describe("a Deployment", () => {
  it.each<[string, object | undefined, object, unknown]>([
    ["is rolled out", rolledOut, {}, undefined],
    ["asks for no replica", { observedGeneration: 2 }, { replicas: 0 }, undefined],
    ["is new", undefined, {}, working(false, "The change is not rolled out yet.")],
    ["was changed", { ...rolledOut, observedGeneration: 1 }, {}, working(true, "The change is not rolled out yet.")],
    ["rolls out", { ...rolledOut, updatedReplicas: 1 }, {}, working(true, "1 of 3 replicas have the new version.")],
    [
      "ends old pods",
      { ...rolledOut, replicas: 4 },
      {},
      working(true, "Replicas of the version before that are still there: 1."),
    ],
    ["starts", { ...rolledOut, availableReplicas: 0 }, {}, working(false, "0 of 3 replicas are available.")],
    ["scales out", { ...rolledOut, availableReplicas: 1 }, {}, working(true, "1 of 3 replicas are available.")],
    [
      "is stuck while old pods serve",
      { ...rolledOut, conditions: conditions(["Progressing", "False"]) },
      {},
      { usable: true, state: "failed", reason: "ChildFailed", message: "It says so." },
    ],
    [
      "can't make pods",
      { observedGeneration: 2, conditions: conditions(["ReplicaFailure", "True"]) },
      {},
      { usable: false, state: "failed", reason: "ChildFailed", message: "It says so." },
    ],
  ])("%s", (_, status, spec, health) =>
    expect(deploymentHealth(live(status, { replicas: 3, ...spec }))).toEqual(health),
  );
});

describe("a StatefulSet", () => {
  it.each<[string, object | undefined, unknown]>([
    ["is rolled out", rolledOut, undefined],
    ["is new", undefined, working(false, "The change is not rolled out yet.")],
    ["starts one after the other", { ...rolledOut, readyReplicas: 1 }, working(true, "1 of 3 replicas are available.")],
  ])("%s", (_, status, health) => expect(statefulSetHealth(live(status))).toEqual(health));
});

describe("a Job", () => {
  it.each<[string, object | undefined, unknown]>([
    ["is done", { conditions: conditions(["Complete", "True"]) }, undefined],
    ["runs", { active: 1 }, working(false, "It runs.")],
    [
      "failed",
      { conditions: conditions(["Failed", "True"]) },
      { usable: false, state: "failed", reason: "ChildFailed", message: "It says so." },
    ],
  ])("%s", (_, status, health) => expect(jobHealth(live(status))).toEqual(health));
});

describe("a resource in the cloud", () => {
  const status = (observedGeneration: number, ...all: readonly Told[]) => ({
    observedGeneration,
    conditions: conditions(...all),
  });
  it.each<[string, object | undefined, unknown]>([
    ["is in force", status(2, ["Ready", "True"], ["Synced", "True"]), undefined],
    [
      "is new",
      undefined,
      { usable: false, state: "working", reason: "Pending", message: "The last change of it is not looked at yet." },
    ],
    [
      "was changed since it was looked at",
      status(1, ["Ready", "True"], ["Synced", "True"]),
      { usable: true, state: "working", reason: "Pending", message: "The last change of it is not looked at yet." },
    ],
    [
      "is being made",
      status(2, ["Ready", "Unknown", "Creating", "The cloud makes it."], ["Synced", "True"]),
      { usable: false, state: "working", reason: "Creating", message: "The cloud makes it." },
    ],
    [
      "works, but the change failed and is tried again",
      status(2, ["Ready", "True"], ["Synced", "False", "Throttled", "Slow down."], ["Reconciling", "True"]),
      { usable: true, state: "working", reason: "Throttled", message: "Slow down." },
    ],
    [
      "works, but somebody has to do something",
      status(2, ["Ready", "True"], ["Synced", "False"], ["Stalled", "True", "AccessDenied", "Not allowed (Denied)."]),
      { usable: true, state: "failed", reason: "AccessDenied", message: "Not allowed (Denied)." },
    ],
  ])("%s", (_, found, health) => expect(leafHealth(live(found))).toEqual(health));
});

describe("a scaler takes Ready from nobody", () => {
  it.each<[string, (live: KubeObject) => unknown, object | undefined, unknown]>([
    [
      "KEDA scales",
      scaledObjectHealth,
      { conditions: conditions(["Ready", "True"], ["HPAActive", "True"]) },
      undefined,
    ],
    ["KEDA is late", scaledObjectHealth, undefined, working(true, "KEDA has not looked at it yet.")],
    [
      "the trigger fails",
      scaledObjectHealth,
      { conditions: conditions(["Ready", "False", "TriggerError", "Triggers fail."]) },
      working(true, "Triggers fail."),
    ],
    [
      "KEDA's own autoscaler has no metrics",
      scaledObjectHealth,
      { conditions: conditions(["Ready", "True"], ["HPAActive", "False", "x", "No metrics."]) },
      working(true, "No metrics."),
    ],
    ["the autoscaler scales", hpaHealth, { conditions: conditions(["AbleToScale", "True"]) }, undefined],
    [
      "the autoscaler has no metrics",
      hpaHealth,
      { conditions: conditions(["ScalingActive", "False", "FailedGetResourceMetric", "No metrics."]) },
      working(true, "No metrics."),
    ],
    [
      "the autoscaler rests, as there are no replicas",
      hpaHealth,
      { conditions: conditions(["ScalingActive", "False", "ScalingDisabled"]) },
      undefined,
    ],
    [
      "the autoscaler can't",
      hpaHealth,
      { conditions: conditions(["AbleToScale", "False", "x", "No such target."]) },
      working(true, "No such target."),
    ],
  ])("%s", (_, health, status, expected) => expect(health(live(status))).toEqual(expected));
});
