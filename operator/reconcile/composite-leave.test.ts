import { describe, expect, it } from "vitest";
import type { Platform } from "../provider/cloud.ts";
import { ProviderError } from "../provider/fault.ts";
import { asApplied } from "./children.ts";
import type { Child, Composite, CompositeSpec, Departure, Health, Manifest } from "./composite-object.ts";
import { condition } from "./conditions.ts";
import { type Held, smallCluster } from "./testing/small-cluster.ts";

/** A composite whose steps out are given. */
type Spec = CompositeSpec & { readonly parts: readonly string[]; readonly steps: readonly Departure[] };

const part = (name: string): Child => ({
  id: name,
  object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: {} },
  health: (live) => (live.status as { health?: Health } | undefined)?.health,
});
const refTo = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", name });

const toy: Composite<Spec> = {
  kind: "Toy",
  uses: [
    { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps" },
    { group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false },
  ],
  stopFirst: [],
  references: () => [],
  compose: ({ parts }) => ({ children: parts.map(part), summary: () => ({}) }),
  depart: ({ spec }) => ({ steps: spec.steps, status: { told: "everything" }, farewell: "It is gone." }),
};

const environment = { name: "prod", cloud: "aws", platform: {} as Platform, spec: {} } as const;
const leaving = async (steps: readonly Departure[], parts: readonly string[] = ["first", "second"]) => {
  const cluster = smallCluster(toy, environment, { parts, steps });
  await cluster.settle();
  cluster.leave();
  cluster.writes.length = 0;
  return cluster;
};
const conditionsOf = (cluster: Awaited<ReturnType<typeof leaving>>) =>
  Object.fromEntries((cluster.object.status?.conditions ?? []).map((one) => [one.type, `${one.status} ${one.reason}`]));
const messageOf = (cluster: Awaited<ReturnType<typeof leaving>>, type: "Ready" | "Stalled") =>
  condition(cluster.object.status?.conditions, type)?.message;

describe("the way out", () => {
  it("is claimed before anything is made, and written down before anything is removed", async () => {
    const cluster = smallCluster(toy, environment, { parts: ["first"], steps: [] });
    await cluster.pass();
    expect(cluster.writes[0]).toBe("claim");
    const gone = await leaving([{ remove: [refTo("first")], message: "x" }]);
    await gone.pass();
    expect(gone.writes.slice(0, 2)).toEqual(["record", "remove ConfigMap first"]);
    expect(gone.object.status).toMatchObject({ told: "everything" });
  });

  it("begins a step when nothing is left of the one before, and ends with the last", async () => {
    const cluster = await leaving([
      { remove: [refTo("first")], message: "The first goes." },
      { remove: [refTo("second")], message: "The second goes." },
    ]);
    cluster.slowToGo.add("ConfigMap");
    await cluster.pass();
    expect(messageOf(cluster, "Ready")).toBe("The first goes.");
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "False Deleting", Reconciling: "True Deleting" });
    await cluster.pass();
    expect(cluster.writes.filter((write) => write.startsWith("remove"))).toEqual(["remove ConfigMap first"]);
    cluster.children.delete("ConfigMap/first");
    await cluster.pass();
    expect(messageOf(cluster, "Ready")).toBe("The second goes.");
    cluster.children.delete("ConfigMap/second");
    const last = await cluster.pass();
    expect(cluster.released).toBe(true);
    expect(last.notices.map(({ note }) => note)).toContain("It is gone.");
  });

  it("tells what holds a step up, in the words of what does", async () => {
    const cluster = await leaving([{ remove: [refTo("first")], message: "x" }]);
    cluster.slowToGo.add("ConfigMap");
    const stalled = [{ type: "Stalled", status: "True", reason: "AwaitingApproval", message: "It holds items." }];
    cluster.change("ConfigMap/first", { status: { conditions: stalled } });
    await cluster.pass();
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "False AwaitingApproval", Stalled: "True AwaitingApproval" });
    expect(messageOf(cluster, "Stalled")).toBe("ConfigMap first: It holds items.");
  });

  it("stops where it is blocked", async () => {
    const blocked = { reason: "DeletionBlocked", message: "Not yet." } as const;
    const cluster = await leaving([{ blocked }, { remove: [refTo("first")], message: "x" }]);
    await cluster.pass();
    expect(conditionsOf(cluster)).toMatchObject({ Stalled: "True DeletionBlocked" });
    expect(cluster.children.has("ConfigMap/first")).toBe(true);
  });

  it("waits until what it applies is well", async () => {
    const cluster = await leaving([{ apply: part("last") }]);
    cluster.children.set("ConfigMap/last", {
      ...(asApplied(part("last").object, {
        ...{ apiVersion: cluster.object.apiVersion, kind: "Toy", namespace: "shop", name: "orders", uid: "parent-1" },
      }) as Held),
      status: { health: { usable: false, state: "working", reason: "Creating", message: "Being made." } },
    });
    await cluster.pass();
    expect(messageOf(cluster, "Ready")).toBe("ConfigMap last: Being made.");
    cluster.change("ConfigMap/last", { status: {} });
    await cluster.pass();
    expect(cluster.released).toBe(true);
  });
});

describe("the cloud", () => {
  it("is searched once, and what it came to is in status while the rest is done", async () => {
    const cluster = await leaving([{ sweep: "own" }, { remove: [refTo("first")], message: "x" }]);
    cluster.slowToGo.add("ConfigMap");
    const asked: string[] = [];
    cluster.sweep = (namespace) => {
      asked.push(namespace);
      return { searched: ["Queue"], unsearched: ["Bucket"], found: [] };
    };
    await cluster.pass();
    await cluster.pass();
    expect(asked).toEqual(["own"]);
    expect(cluster.writes).toContain("remove ConfigMap first");
    expect(cluster.object.status).toMatchObject({ swept: { searched: ["Queue"], unsearched: ["Bucket"] } });
  });

  it("holds it up while something of it is there", async () => {
    const cluster = await leaving([{ sweep: "own" }, { apply: part("last") }]);
    const found = [{ kind: "Queue", externalId: "arn:orphan" }];
    cluster.sweep = () => ({ searched: ["Queue"], unsearched: [], found });
    await cluster.pass();
    expect(messageOf(cluster, "Ready")).toMatch(/still carry marks of namespace own .* Queue arn:orphan/);
    expect(cluster.writes).not.toContain("apply ConfigMap last");
    found.length = 0;
    await cluster.pass();
    expect(cluster.writes).toContain("apply ConfigMap last");
  });

  it("is searched later when it can't be now", async () => {
    const cluster = await leaving([{ sweep: "own" }]);
    cluster.sweep = () => {
      throw new ProviderError("throttled", "slow down", { code: "Throttling" });
    };
    const pass = await cluster.pass();
    expect(pass.next).toEqual({ when: "backoff" });
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "False Throttled" });
  });
});

describe("what is not its own", () => {
  const foreign = (over: object = {}): Held =>
    ({ ...part("theirs").object, metadata: { name: "theirs", uid: "u1", ...over } }) as Held;

  it("is left alone, and not waited for", async () => {
    const cluster = await leaving([{ remove: [refTo("theirs")], message: "x" }]);
    cluster.put(foreign());
    await cluster.pass();
    expect(cluster.released).toBe(true);
    expect(cluster.children.has("ConfigMap/theirs")).toBe(true);
  });

  it("goes when it is in a namespace that is its own", async () => {
    const within = { ...refTo("theirs"), namespace: "own" };
    const cluster = await leaving([{ remove: [within], message: "x" }]);
    cluster.put(foreign({ namespace: "own" }));
    const { apiVersion, kind, metadata } = cluster.object;
    const parent = { apiVersion, kind, namespace: "", name: metadata.name, uid: metadata.uid ?? "" };
    const namespace: Manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name: "own" } };
    cluster.put(asApplied(namespace, parent) as Held);
    await cluster.pass();
    expect(cluster.writes).toContain("remove ConfigMap theirs");
  });
});

describe("an Environment that is not there", () => {
  it("holds it up while there is something to remove, and no longer", async () => {
    const problem = { reason: "EnvironmentNotReady", message: "There is none." } as const;
    const cluster = await leaving([]);
    cluster.environment = { problem };
    await cluster.pass();
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "False EnvironmentNotReady" });
    const empty = smallCluster(toy, { problem }, { parts: [], steps: [] });
    empty.leave("onyx.onelens.io/cloud-resource");
    await empty.pass();
    expect(empty.released).toBe(true);
  });
});
