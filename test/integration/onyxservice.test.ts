import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OnyxServiceSpecInput } from "../../crds/onyxservice.ts";
import { findBinaries } from "../../hack/testbed/binaries.ts";
import { type Cluster, startCluster, thisHost, waitUntil } from "../../hack/testbed/index.ts";
import type { Condition } from "../../operator/reconcile/conditions.ts";
import { eventually } from "../support/eventually.ts";
import { applyTo, installKinds, type Managed, ours, startManaged } from "../support/managed.ts";
import { operatorWrites } from "../support/operator-writes.ts";
import { type ToyCloud, toyCloud } from "../support/toy-cloud.ts";

/** An OnyxService from its first day to its last, in a cluster whose Deployments get pods; the cloud is a toy. */
const NAMESPACE = "shop";
const ACCOUNT = "111122223333";

let cluster: Cluster;
let managed: Managed | undefined;
let cloud: ToyCloud;

beforeAll(async () => {
  cluster = await startCluster({ name: "onyxservice", parts: ["controllers", "scheduler", "nodes"] });
  await installKinds(cluster);
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });

  cloud = toyCloud(ACCOUNT);
  managed = await startManaged(cluster, { connect: () => cloud.connection });
  const place = { cloud: "aws", region: "eu-west-1", account: ACCOUNT, clusterName: "blue", default: true };
  await apply(ours("Environment", "prod", place));
}, 300_000);

afterAll(async () => {
  await managed?.stop();
  await cluster?.stop();
});

const apply = (object: object) => applyTo(cluster, object);
const applyService = (name: string, spec: OnyxServiceSpecInput) => apply(ours("OnyxService", name, spec, NAMESPACE));
const applyQueue = (name: string) => apply(ours("Queue", name, {}, NAMESPACE));

interface Seen {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly uid: string };
  readonly spec: { readonly replicas?: number };
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly inventory?: readonly { readonly kind: string; readonly name: string }[];
  };
}
const get = async (kind: string, name: string): Promise<Seen> =>
  JSON.parse(await cluster.kubectl(["get", kind, name, "-n", NAMESPACE, "-o", "json"]));
const there = (kind: string, name: string) =>
  get(kind, name).then(
    () => true,
    () => false,
  );
const conditionsOf = ({ status }: Seen) =>
  Object.fromEntries((status?.conditions ?? []).map((one) => [one.type, `${one.status} ${one.reason}`]));
const messageOf = ({ status }: Seen, type: string) => status?.conditions?.find((one) => one.type === type)?.message;

const service = (name: string) => async () => conditionsOf(await get("onyxservice", name));
const isFine = { Ready: "True Available", Synced: "True Available" };
/** Writes to everything in the namespace but status, by what was written. */
const writesSince = async (start: number) => (await operatorWrites(cluster.auditLog, NAMESPACE)).slice(start);

const worker = {
  image: "registry.example/orders:1.4.2",
  replicas: 2,
  resources: { requests: { cpu: "250m" } },
  bindings: [{ queue: "orders", access: "Consume" }],
} satisfies OnyxServiceSpecInput;

describe("an OnyxService", () => {
  it("waits for what it is bound to, and says so; what can be made is there", async () => {
    cloud.slow.add("WorkloadIdentity");
    await applyService("orders", worker);
    await eventually(service("orders"), {
      Ready: "False DependencyNotFound",
      Synced: "False DependencyNotFound",
      ReferencesResolved: "False DependencyNotFound",
    });
    expect(messageOf(await get("onyxservice", "orders"), "ReferencesResolved")).toBe(
      "Queue shop/orders (spec.bindings[0].queue) does not exist. Create it or correct the reference.",
    );
    for (const kind of ["serviceaccount", "workloadidentity", "networkpolicy"])
      expect(await there(kind, "orders")).toBe(true);
    expect(await there("deployment", "orders")).toBe(false);
  });

  it("does not start pods before their identity is in force", async () => {
    await applyQueue("orders");
    await eventually(service("orders"), { Ready: "False Creating", Reconciling: "True Creating" });
    expect((await get("configmap", "orders-bindings")).data).toMatchObject({
      QUEUE_ORDERS_URL: expect.stringContaining("https://sqs."),
    });
    expect(await there("deployment", "orders")).toBe(false);
    cloud.slow.clear();
    await eventually(service("orders"), isFine);
    await eventually(() => get("onyxservice", "orders"), { status: { replicas: 2, readyReplicas: 2 } });
  });

  it("costs nothing while nothing changes", async () => {
    const before = (await writesSince(0)).length;
    await cluster.kubectl([
      ...["annotate", "onyxservice", "orders", "-n", NAMESPACE],
      "onyx.onelens.io/reconcile-requested-at=now",
    ]);
    await eventually(() => get("onyxservice", "orders"), { status: { lastHandledReconcileAt: "now" } });
    expect(await writesSince(before)).toEqual(["patch onyxservices/status"]);
  });

  it("makes again what is deleted, and puts right what is changed", async () => {
    await cluster.kubectl(["delete", "configmap", "orders-bindings", "-n", NAMESPACE]);
    await cluster.kubectl(["scale", "deployment", "orders", "-n", NAMESPACE, "--replicas=5"]);
    await eventually(() => get("configmap", "orders-bindings"), { data: { ONYX_CLOUD: "aws" } });
    await eventually(() => get("deployment", "orders"), { spec: { replicas: 2 } });
  });

  it("keeps its replicas when a scaler takes over", async () => {
    await applyService("orders", { ...worker, replicas: 4 });
    await eventually(() => get("deployment", "orders"), { spec: { replicas: 4 }, status: { readyReplicas: 4 } });
    const { replicas: _, ...rest } = worker;
    await applyService("orders", { ...rest, scaling: { min: 1, max: 6, cpu: 70 } });
    await eventually(() => get("hpa", "orders"), { spec: { maxReplicas: 6 } });
    const { metadata, spec } = (await get("deployment", "orders")) as Seen & {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
    };
    expect(metadata.annotations).not.toHaveProperty("onyx.onelens.io/replicas");
    expect(spec.replicas).toBe(4);
  });

  it("is told the cloud's own error from the bottom up, and goes on working", async () => {
    cloud.denied.add("WorkloadIdentity");
    await applyQueue("more");
    await applyService("orders", { ...worker, bindings: [...worker.bindings, { queue: "more", access: "Produce" }] });
    // At first a right may only not be in force yet: that is waited for, and nobody has to do anything.
    await eventually(service("orders"), { Ready: "True Available", Reconciling: "True AccessDenied" });
    expect(messageOf(await get("onyxservice", "orders"), "Reconciling")).toBe(
      "WorkloadIdentity orders: Could not update it: not allowed to make a WorkloadIdentity (Denied)",
    );
    cloud.denied.clear();
    await cluster.kubectl([
      ...["annotate", "workloadidentity", "orders", "-n", NAMESPACE],
      "onyx.onelens.io/reconcile-requested-at=now",
    ]);
    await eventually(service("orders"), isFine);
  });

  it("switched off stops what runs, keeps who it is, and says why; switched on it runs again", async () => {
    await applyService("orders", { ...worker, enabled: false, disabledReason: "Sale is over." });
    await eventually(service("orders"), { Ready: "False Disabled", Paused: "True Disabled" });
    await eventually(
      async () => ({ deployment: await there("deployment", "orders"), hpa: await there("hpa", "orders") }),
      {
        deployment: false,
        hpa: false,
      },
    );
    expect(messageOf(await get("onyxservice", "orders"), "Ready")).toBe("Sale is over.");
    expect(cloud.names("WorkloadIdentity")).toHaveLength(1);
    await applyService("orders", worker);
    await eventually(service("orders"), isFine);
  });

  it("refuses what is somebody else's and leaves it as it is", async () => {
    await apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "theirs", namespace: NAMESPACE },
      data: { A: "theirs" },
    });
    const before = await get("configmap", "theirs");
    await applyService("theirs", { image: "registry.example/a:1", config: { data: { A: "ours" } } });
    await eventually(service("theirs"), { Ready: "False Conflict", Stalled: "True Conflict" });
    expect(messageOf(await get("onyxservice", "theirs"), "Stalled")).toContain(
      "ConfigMap theirs exists and belongs to",
    );
    expect((await get("configmap", "theirs")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    await cluster.kubectl(["delete", "onyxservice", "theirs", "-n", NAMESPACE, "--wait", "--timeout=30s"]);
    expect(await there("configmap", "theirs")).toBe(true);
  });

  it("says what to install where KEDA is missing, runs without it, and scales once it is there", async () => {
    const scaling = { min: 1, max: 5, queueBacklog: { queue: "orders", perReplica: 10 } };
    const { replicas: _, ...rest } = worker;
    await applyService("backlog", { ...rest, scaling });
    await eventually(service("backlog"), { Ready: "True Available", Stalled: "True MissingApi" });
    expect(messageOf(await get("onyxservice", "backlog"), "Stalled")).toContain("Install KEDA");
    const { keda } = await findBinaries(thisHost(), new Set(["keda"]), undefined);
    await cluster.kubectl(["apply", "--server-side", "-f", join(keda, "crds")]);
    await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
    let asked = 0;
    const scaled = async () => {
      await cluster.kubectl([
        ...["annotate", "onyxservice", "backlog", "-n", NAMESPACE, "--overwrite"],
        `onyx.onelens.io/reconcile-requested-at=${++asked}`,
      ]);
      return (await there("scaledobject", "backlog")) && (await there("triggerauthentication", "backlog"));
    };
    await waitUntil(scaled, { what: "the ScaledObject", timeoutMs: 40_000, everyMs: 1_000 });
    await eventually(service("backlog"), { Ready: "True Available", Reconciling: "True Progressing" });
    await cluster.kubectl(["delete", "onyxservice", "backlog", "-n", NAMESPACE, "--wait", "--timeout=60s"]);
  });

  it("goes with all that it is made of; pods keep their rights to the end", async () => {
    let podsLeft: Promise<string> | undefined;
    cloud.onDelete = (kind, name) => {
      if (kind === "WorkloadIdentity" && name.includes("orders"))
        podsLeft ??= cluster.kubectl([
          "get",
          "pods",
          "-n",
          NAMESPACE,
          "-l",
          "onyx.onelens.io/service=orders",
          "-o",
          "name",
        ]);
    };
    const { status } = await get("onyxservice", "orders");
    await cluster.kubectl(["delete", "onyxservice", "orders", "-n", NAMESPACE, "--wait", "--timeout=60s"]);
    const gone = async () => {
      const left = await Promise.all((status?.inventory ?? []).map(({ kind, name }) => there(kind, name)));
      return !left.includes(true);
    };
    await waitUntil(gone, { what: "every child gone", timeoutMs: 30_000, everyMs: 200 });
    expect(cloud.names("WorkloadIdentity")).toEqual([]);
    expect(await podsLeft).toBe("");
  });
});
