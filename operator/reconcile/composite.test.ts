import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Platform } from "../provider/cloud.ts";
import { ApiError } from "../runtime/errors.ts";
import { asApplied } from "./children.ts";
import type { Child, Composite, CompositeSpec, Health, PendingChild } from "./composite-object.ts";
import { condition } from "./conditions.ts";
import { smallCluster } from "./testing/small-cluster.ts";

/** One child as a test says it. */
interface Part {
  readonly kind?: "ConfigMap" | "Deployment" | "ScaledObject";
  readonly value?: string;
  readonly pending?: boolean;
  readonly after?: readonly string[];
  readonly afterHealthy?: readonly string[];
  readonly insteadOf?: string;
  readonly companion?: boolean;
  readonly handOver?: boolean;
}
interface Spec extends CompositeSpec {
  readonly parts: Readonly<Record<string, Part>>;
  readonly invalid?: boolean;
  readonly uses?: readonly string[];
}

const API = { ConfigMap: "v1", Deployment: "apps/v1", ScaledObject: "keda.sh/v1alpha1" } as const;

/** A composite whose spec names its children; a child says how it is in `status.health`. */
const toy: Composite<Spec> = {
  kind: "Toy",
  uses: [
    { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps" },
    { group: "apps", version: "v1", kind: "Deployment", plural: "deployments" },
    { group: "keda.sh", version: "v1alpha1", kind: "ScaledObject", plural: "scaledobjects", install: "KEDA" },
  ],
  stopFirst: ["Deployment"],
  references: (spec) => (spec.uses ?? []).map((name) => ({ field: `uses.${name}`, kind: "Queue", name })),
  compose(spec, seen) {
    if (spec.invalid) return { invalid: { field: "parts", message: "These don't go together." } };
    const children = Object.entries(spec.parts).map(([id, part]): Child | PendingChild => {
      const kind = part.kind ?? "ConfigMap";
      const ref = { apiVersion: API[kind], kind, name: id };
      if (part.pending) return { id, ref, pending: { reason: "DependencyNotReady", message: "not yet" } };
      return {
        id,
        object: {
          apiVersion: API[kind],
          kind,
          metadata: { name: id },
          ...(kind === "ConfigMap" ? { data: { value: part.value ?? "" } } : { spec: { value: part.value ?? "" } }),
        },
        health: (live) => (live.status as { health?: Health } | undefined)?.health,
        ...(part.after ? { after: part.after } : {}),
        ...(part.afterHealthy ? { afterHealthy: part.afterHealthy } : {}),
        ...(part.companion ? { companion: true } : {}),
        ...(part.insteadOf ? { insteadOf: [{ apiVersion: "v1", kind: "ConfigMap", name: part.insteadOf }] } : {}),
        ...(part.handOver ? { handOver: () => ({ spec: { replicas: 5 } }) } : {}),
      };
    });
    return {
      children: spec.enabled === false ? children.filter((child) => child.id !== "work") : children,
      summary: (live) => ({ work: live("work")?.metadata.name, environmentSeen: seen.environment.cloud }),
    };
  },
};

const environment = { name: "prod", cloud: "aws", platform: {} as Platform, spec: {} } as const;
const clusterWith = (parts: Spec["parts"], over: Partial<Spec> = {}) =>
  smallCluster(toy, environment, { parts, ...over });
type Cluster = ReturnType<typeof clusterWith>;

const conditionsOf = (cluster: Cluster) =>
  Object.fromEntries((cluster.object.status?.conditions ?? []).map((one) => [one.type, `${one.status} ${one.reason}`]));
const messageOf = (cluster: Cluster, type: Parameters<typeof condition>[1]) =>
  condition(cluster.object.status?.conditions, type)?.message;
const inventoryOf = (cluster: Cluster) => (cluster.object.status?.inventory ?? []).map((ref) => ref.name);
const answer = (status: number, message: string) =>
  new ApiError(message, { status, reason: "x", details: undefined, retryAfterMs: undefined });
const refusing = (cluster: Cluster, what: string, error: Error) => {
  cluster.onWrite = (write) => {
    if (write === what) throw error;
  };
};
const isFine = { Ready: "True Available", Synced: "True Available", ReferencesResolved: "True Resolved" };

describe("making", () => {
  it("claims, records what is to be, then applies in order and tells", async () => {
    const cluster = clusterWith({ config: {}, work: { kind: "Deployment" } });
    const pass = await cluster.pass();
    expect(cluster.writes).toEqual(["claim", "record", "apply ConfigMap config", "apply Deployment work", "status"]);
    expect(conditionsOf(cluster)).toEqual(isFine);
    expect(cluster.object.status).toMatchObject({
      environment: "prod",
      work: "work",
      environmentSeen: "aws",
      observedGeneration: 1,
      inventory: [
        { apiVersion: "v1", kind: "ConfigMap", name: "config" },
        { apiVersion: "apps/v1", kind: "Deployment", name: "work" },
      ],
    });
    expect(pass.notices.map((notice) => notice.note)).toEqual([
      "Created ConfigMap config, Deployment work",
      "Every object that it is made of is there and usable.",
    ]);
  });

  it("first says that it is accepted, so that nobody takes an empty status for a good one", async () => {
    const cluster = clusterWith({ config: {} });
    cluster.onWrite = (write) => {
      if (write.startsWith("apply")) throw new Error("killed");
    };
    await expect(cluster.pass()).rejects.toThrow("killed");
    expect(conditionsOf(cluster)).toEqual({ Ready: "Unknown Pending", Reconciling: "True Progressing" });
  });

  it("writes nothing at all when all is as it should be", async () => {
    const cluster = clusterWith({ config: {}, work: { kind: "Deployment" } });
    await cluster.settle();
    cluster.writes.length = 0;
    const pass = await cluster.pass();
    expect(cluster.writes).toEqual([]);
    expect(pass.notices).toEqual([]);
    expect(pass.next).toEqual({ when: "after", ms: 600_000 });
  });

  it("marks children as its own", async () => {
    const cluster = clusterWith({ config: {} });
    await cluster.pass();
    expect(cluster.children.get("ConfigMap/config")?.metadata).toMatchObject({
      namespace: "shop",
      labels: { "onyx.onelens.io/owner-kind": "Toy" },
      ownerReferences: [{ kind: "Toy", name: "orders", uid: "parent-1", controller: true }],
    });
  });

  it.each([
    ["spec asks for another value", (cluster: Cluster) => cluster.edit({ parts: { a: { value: "2" }, b: {} } })],
    ["somebody changed it", (cluster: Cluster) => cluster.change("ConfigMap/a", { data: { value: "9" } })],
    [
      "its marks were taken off",
      (cluster: Cluster) => {
        const { metadata } = cluster.children.get("ConfigMap/a")!;
        cluster.change("ConfigMap/a", { metadata: { ...metadata, labels: {} } });
      },
    ],
    ["it was deleted", (cluster: Cluster) => void cluster.children.delete("ConfigMap/a")],
  ])("applies a child again when %s, and no other", async (_, happen) => {
    const cluster = clusterWith({ a: {}, b: {} });
    await cluster.settle();
    cluster.writes.length = 0;
    happen(cluster);
    await cluster.settle();
    expect(cluster.writes.filter((write) => write !== "status")).toEqual(["apply ConfigMap a"]);
    expect(conditionsOf(cluster)).toEqual(isFine);
  });

  it("does not make again what the cache has not seen yet", async () => {
    const cluster = clusterWith({ a: {} });
    cluster.uncached = () => true;
    await cluster.pass();
    await cluster.pass();
    expect(cluster.writes.filter((write) => write.startsWith("apply"))).toHaveLength(1);
  });

  it("goes on after being killed at any write, and leaves nothing that it has not recorded", async () => {
    const whole = clusterWith({ a: {}, b: { after: ["a"] }, work: { kind: "Deployment" } });
    await whole.settle();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }), async (deaths) => {
        const cluster = clusterWith(whole.object.spec.parts);
        for (const death of deaths) {
          let left = death;
          cluster.onWrite = () => {
            if (left-- === 0) throw new Error("killed");
          };
          await cluster.pass().catch(() => undefined);
          for (const child of cluster.children.values()) expect(inventoryOf(cluster)).toContain(child.metadata.name);
        }
        cluster.onWrite = () => {};
        await cluster.settle();
        expect([...cluster.children.keys()]).toEqual([...whole.children.keys()]);
        expect(conditionsOf(cluster)).toEqual(isFine);
      }),
    );
  });
});

describe("order", () => {
  const unwell = (over: Partial<Health> = {}) => ({
    status: {
      health: { usable: false, state: "working", reason: "Creating", message: "The cloud makes it.", ...over },
    },
  });

  it("waits for what a child comes after", async () => {
    const cluster = clusterWith({ a: {}, b: { after: ["a"] } });
    refusing(cluster, "apply ConfigMap a", answer(422, "no"));
    await cluster.settle();
    expect([...cluster.children.keys()]).toEqual([]);
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "False Refused", Synced: "False Refused" });
    cluster.onWrite = () => {};
    await cluster.settle();
    expect([...cluster.children.keys()]).toEqual(["ConfigMap/a", "ConfigMap/b"]);
  });

  it("waits until a child is well where that is asked for", async () => {
    const cluster = clusterWith({ identity: {}, work: { kind: "Deployment", afterHealthy: ["identity"] } });
    cluster.onWrite = (write) => {
      if (write === "status") cluster.change("ConfigMap/identity", unwell());
    };
    await cluster.pass();
    await cluster.pass();
    expect([...cluster.children.keys()]).toEqual(["ConfigMap/identity", "Deployment/work"]);

    const slow = clusterWith({ identity: {}, work: { kind: "Deployment", afterHealthy: ["identity"] } });
    slow.put({
      ...asApplied(
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "identity" }, data: { value: "" } },
        PARENT,
      ),
      ...unwell(),
    });
    await slow.settle();
    expect([...slow.children.keys()]).toEqual(["ConfigMap/identity"]);
    expect(conditionsOf(slow)).toMatchObject({
      Ready: "False Creating",
      Synced: "True Creating",
      Reconciling: "True Creating",
    });
    expect(messageOf(slow, "Ready")).toBe("ConfigMap identity: The cloud makes it.");
    slow.change("ConfigMap/identity", { status: {} });
    await slow.settle();
    expect(conditionsOf(slow)).toEqual(isFine);
  });

  it("tells the worst of what children say, with their own reason", async () => {
    const cluster = clusterWith({ a: {}, b: {}, c: {} });
    await cluster.settle();
    cluster.change("ConfigMap/a", unwell());
    cluster.change("ConfigMap/b", unwell({ state: "failed", reason: "AccessDenied", message: "Could not create it." }));
    await cluster.settle();
    expect(conditionsOf(cluster)).toMatchObject({
      Ready: "False AccessDenied",
      Synced: "True Available",
      Stalled: "True AccessDenied",
    });
    expect(messageOf(cluster, "Stalled")).toBe("ConfigMap b: Could not create it.");
    expect(condition(cluster.object.status?.conditions, "Reconciling")).toBeUndefined();
  });

  it("stays Ready while a child that is usable is not done, or one that it can do without fails", async () => {
    const cluster = clusterWith({ a: {}, b: { companion: true } });
    await cluster.settle();
    cluster.change("ConfigMap/a", unwell({ usable: true }));
    cluster.change("ConfigMap/b", unwell({ state: "failed", reason: "ChildFailed" }));
    await cluster.settle();
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "True Available", Stalled: "True ChildFailed" });
  });
});

const PARENT = {
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "Toy",
  namespace: "shop",
  name: "orders",
  uid: "parent-1",
};

describe("what isn't ours", () => {
  const foreign = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "shop", uid: "f", labels: { "app.kubernetes.io/managed-by": "Helm" } },
    data: { value: "theirs" },
  };

  it.each([true, false])("is named and left alone, and the rest is made (in the cache: %s)", async (cached) => {
    const cluster = clusterWith({ a: {}, b: {} });
    cluster.put(foreign);
    cluster.uncached = (object) => !cached && object.metadata.uid === "f";
    const pass = await cluster.settle();
    expect(cluster.children.get("ConfigMap/a")).toEqual(foreign);
    expect(cluster.children.has("ConfigMap/b")).toBe(true);
    expect(conditionsOf(cluster)).toMatchObject({
      Ready: "False Conflict",
      Synced: "False Conflict",
      Stalled: "True Conflict",
    });
    expect(messageOf(cluster, "Synced")).toContain("ConfigMap a exists and belongs to somebody else");
    expect(pass.next).toEqual({ when: "after", ms: 300_000 });
  });

  it("is not pruned, even where the inventory names it", async () => {
    const cluster = clusterWith({ a: {}, b: {} });
    await cluster.settle();
    cluster.put(foreign);
    cluster.edit({ parts: { b: {} } });
    await cluster.settle();
    expect(cluster.children.get("ConfigMap/a")).toEqual(foreign);
    expect(inventoryOf(cluster)).toEqual(["b"]);
  });

  it("but was made by an earlier object of this name and is nobody's now, is taken over and told", async () => {
    const cluster = clusterWith({ a: { value: "1" } });
    const old = asApplied({ ...foreign, metadata: { name: "a" } }, { ...PARENT, uid: "parent-0" });
    cluster.put({ ...old, metadata: { ...old.metadata, uid: "o", ownerReferences: [] } });
    const pass = await cluster.pass();
    expect(cluster.children.get("ConfigMap/a")).toMatchObject({
      data: { value: "1" },
      metadata: { uid: "o", ownerReferences: [{ uid: "parent-1" }] },
    });
    expect(pass.notices[0]).toMatchObject({ reason: "TakenOver" });
  });

  it("never changes nor goes, whatever happens", async () => {
    const names = ["a", "b", "c"] as const;
    const some = fc.subarray([...names]);
    await fc.assert(
      fc.asyncProperty(some, some, some, some, async (before, after, theirs, later) => {
        const parts = (ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, {}]));
        const strange = (name: string) => ({ ...foreign, metadata: { ...foreign.metadata, name, uid: `f-${name}` } });
        const cluster = clusterWith(parts(before));
        for (const name of theirs) cluster.put(strange(name));
        await cluster.settle();
        for (const name of later) cluster.put(strange(name));
        cluster.edit({ parts: parts(after) });
        await cluster.settle();
        for (const name of [...theirs, ...later])
          expect(cluster.children.get(`ConfigMap/${name}`)).toEqual(strange(name));
      }),
    );
  });
});

describe("pruning", () => {
  it("removes what is no longer composed, last made first, and forgets it once it is gone", async () => {
    const cluster = clusterWith({ a: {}, b: {}, c: {} });
    await cluster.settle();
    cluster.slowToGo.add("ConfigMap");
    cluster.edit({ parts: { a: {} } });
    cluster.writes.length = 0;
    await cluster.settle();
    expect(cluster.writes).toEqual(["remove ConfigMap c", "remove ConfigMap b", "status"]);
    expect(inventoryOf(cluster)).toEqual(["a", "b", "c"]);
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "True Available", Reconciling: "True Deleting" });
    cluster.children.delete("ConfigMap/b");
    cluster.children.delete("ConfigMap/c");
    await cluster.settle();
    expect(inventoryOf(cluster)).toEqual(["a"]);
    expect(conditionsOf(cluster)).toEqual(isFine);
  });

  it.each<[string, Spec["parts"]]>([
    ["could not be said yet", { b: { pending: true } }],
    ["could not be applied", { b: { value: "2" } }],
  ])("waits while another child %s", async (_, parts) => {
    const cluster = clusterWith({ a: {}, b: {} });
    await cluster.settle();
    refusing(cluster, "apply ConfigMap b", answer(422, "no"));
    cluster.edit({ parts });
    await cluster.settle();
    expect([...cluster.children.keys()]).toEqual(["ConfigMap/a", "ConfigMap/b"]);
    expect(inventoryOf(cluster)).toEqual(["b", "a"]);
    expect(conditionsOf(cluster).Ready).toBe("True Available");
  });

  it("makes room first where two can't be there at once", async () => {
    const cluster = clusterWith({ old: {} });
    await cluster.settle();
    cluster.slowToGo.add("ConfigMap");
    cluster.edit({ parts: { next: { insteadOf: "old" } } });
    await cluster.settle();
    expect([...cluster.children.keys()]).toEqual(["ConfigMap/old"]);
    cluster.children.delete("ConfigMap/old");
    await cluster.settle();
    expect([...cluster.children.keys()]).toEqual(["ConfigMap/next"]);
    expect(inventoryOf(cluster)).toEqual(["next"]);
    expect(conditionsOf(cluster)).toEqual(isFine);
  });
});

describe("the API server's no", () => {
  it.each<[number, string, string, object]>([
    [403, 'configmaps "a" is forbidden: exceeded quota: small', "QuotaExceeded", { when: "after", ms: 900_000 }],
    [
      403,
      'User "x" cannot patch resource "configmaps" in API group ""',
      "AccessDenied",
      { when: "after", ms: 900_000 },
    ],
    [403, "admission webhook denied the request: no", "Refused", { when: "after", ms: 900_000 }],
    [422, "spec: Invalid value", "Refused", { when: "after", ms: 900_000 }],
    [409, "the object has been modified", "Conflict", { when: "backoff" }],
  ])("%i %s is %s", async (status, message, reason, next) => {
    const cluster = clusterWith({ a: {}, b: {} });
    refusing(cluster, "apply ConfigMap a", answer(status, message));
    const pass = await cluster.settle();
    expect(pass.next).toEqual(next);
    expect(conditionsOf(cluster)).toMatchObject({ Ready: `False ${reason}`, Synced: `False ${reason}` });
    expect(messageOf(cluster, "Synced")).toBe(`ConfigMap a: ${message}`);
    expect(cluster.children.has("ConfigMap/b")).toBe(true);
  });

  it.each([answer(503, "etcd is away"), answer(429, "slow down"), new Error("socket")])(
    "%s ends the pass, which is run again",
    async (error) => {
      const cluster = clusterWith({ a: {} });
      refusing(cluster, "apply ConfigMap a", error);
      await expect(cluster.pass()).rejects.toBe(error);
    },
  );

  it("leaves what works Ready when a change of it is refused", async () => {
    const cluster = clusterWith({ a: {} });
    await cluster.settle();
    refusing(cluster, "apply ConfigMap a", answer(422, "no"));
    cluster.edit({ parts: { a: { value: "2" } } });
    await cluster.settle();
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "True Available", Synced: "False Refused" });
  });

  it("an API that is not served is told with what to install, and the rest is applied", async () => {
    const cluster = clusterWith({ scaler: { kind: "ScaledObject", companion: true }, work: { kind: "Deployment" } });
    cluster.unserved.add("ScaledObject");
    const pass = await cluster.settle();
    expect(inventoryOf(cluster)).toEqual(["work"]);
    expect(pass.next).toEqual({ when: "after", ms: 60_000 });
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "True Available", Stalled: "True MissingApi" });
    expect(messageOf(cluster, "Stalled")).toBe(
      "ScaledObject scaler: The cluster does not serve scaledobjects.keda.sh/v1alpha1. Install KEDA; the rest is applied without it.",
    );
    cluster.unserved.clear();
    await cluster.settle();
    expect(inventoryOf(cluster)).toEqual(["scaler", "work"]);
    expect(conditionsOf(cluster)).toEqual(isFine);
  });
});

describe("when not to work", () => {
  it("does nothing while there is no usable Environment, and keeps what works", async () => {
    const cluster = clusterWith({ a: {} });
    await cluster.settle();
    cluster.environment = { problem: { reason: "EnvironmentNotReady", message: "No default Environment." } };
    cluster.writes.length = 0;
    const pass = await cluster.settle();
    expect(cluster.writes).toEqual(["status"]);
    expect(pass.next).toEqual({ when: "backoff" });
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "True Available", Synced: "False EnvironmentNotReady" });
  });

  it("refuses a spec that contradicts itself, until it changes", async () => {
    const cluster = clusterWith({ a: {} }, { invalid: true });
    const pass = await cluster.settle();
    expect(pass.next).toEqual({ when: "change" });
    expect(cluster.writes).toEqual(["status"]);
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "False InvalidSpec", Stalled: "True InvalidSpec" });
    expect(messageOf(cluster, "Synced")).toBe("spec.parts: These don't go together.");
  });

  it("does nothing while it is paused, and goes on after", async () => {
    const cluster = clusterWith({ a: {} });
    const { metadata } = cluster.object;
    const annotations = { "onyx.onelens.io/paused": "true" };
    cluster.object = { ...cluster.object, metadata: { ...metadata, annotations } };
    await cluster.settle();
    expect(cluster.writes).toEqual(["status"]);
    expect(conditionsOf(cluster)).toEqual({ Ready: "Unknown Paused", Paused: "True Paused" });
    cluster.object = { ...cluster.object, metadata };
    await cluster.settle();
    expect(conditionsOf(cluster)).toEqual(isFine);
  });

  it("makes nothing in a namespace that its Environment does not serve, and keeps what it made", async () => {
    const cluster = clusterWith({ a: {} });
    cluster.environment = { ...environment, namespaces: ["other"] };
    await cluster.settle();
    expect(cluster.writes).toEqual(["status"]);
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "False NotServed", Stalled: "True NotServed" });
    expect(messageOf(cluster, "Stalled")).toMatch(/"prod" does not serve namespace "shop" \(spec\.namespaces\)/);
    cluster.environment = { ...environment, namespaces: ["shop"] };
    await cluster.settle();
    expect(conditionsOf(cluster)).toEqual(isFine);
    cluster.environment = { ...environment, namespaces: [] };
    await cluster.settle();
    expect(cluster.children.has("ConfigMap/a")).toBe(true);
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "True Available", Synced: "False NotServed" });
  });

  it("makes nothing while it is part of a blueprint", async () => {
    const cluster = clusterWith({ a: {} });
    const { metadata } = cluster.object;
    cluster.object = {
      ...cluster.object,
      metadata: { ...metadata, labels: { "onyx.onelens.io/blueprint": "standard" } },
    };
    await cluster.settle();
    expect(cluster.writes).toEqual(["status"]);
    expect(conditionsOf(cluster)).toEqual({ Ready: "Unknown Blueprint", Paused: "True Blueprint" });
  });

  it.each([false, true])(
    "switched off stops what runs and says why (something else can't be said: %s)",
    async (pending) => {
      const cluster = clusterWith({ a: {}, work: { kind: "Deployment" } });
      await cluster.settle();
      cluster.edit({
        enabled: false,
        disabledReason: "Nobody needs it.",
        parts: { a: { pending }, work: { kind: "Deployment" } },
      });
      await cluster.settle();
      expect([...cluster.children.keys()]).toEqual(["ConfigMap/a"]);
      expect(conditionsOf(cluster)).toMatchObject({ Ready: "False Disabled", Paused: "True Disabled" });
      expect(messageOf(cluster, "Ready")).toBe("Nobody needs it.");
      cluster.edit({ parts: { a: {}, work: { kind: "Deployment" } } });
      await cluster.settle();
      expect(conditionsOf(cluster)).toEqual(isFine);
      expect([...cluster.children.keys()]).toEqual(["ConfigMap/a", "Deployment/work"]);
    },
  );
});

describe("references", () => {
  it.each<[string, object | undefined, string, string]>([
    [
      "missing",
      undefined,
      "DependencyNotFound",
      "Queue shop/q (spec.uses.q) does not exist. Create it or correct the reference.",
    ],
    ["not ready", { status: {} }, "DependencyNotReady", "Queue shop/q (spec.uses.q) is not Ready yet."],
    [
      "being deleted",
      { metadata: { name: "q", deletionTimestamp: "2026-01-01T00:00:00Z" }, status: { outputs: {}, externalId: "q" } },
      "DependencyNotReady",
      "Queue shop/q (spec.uses.q) is being deleted.",
    ],
  ])("%s: told, and what does not need it is made", async (_, over, reason, message) => {
    const cluster = clusterWith({ a: {}, b: { pending: true } }, { uses: ["q"] });
    if (over) cluster.others.set("Queue/q", { apiVersion: "x", kind: "Queue", metadata: { name: "q" }, ...over });
    await cluster.settle();
    expect([...cluster.children.keys()]).toEqual(["ConfigMap/a"]);
    expect(conditionsOf(cluster)).toMatchObject({
      Synced: `False ${reason}`,
      ReferencesResolved: `False ${reason}`,
      Reconciling: "True DependencyNotReady",
    });
    expect(messageOf(cluster, "ReferencesResolved")).toBe(message);
    expect(conditionsOf(cluster)).not.toHaveProperty("Stalled");
  });
});

describe("handing over", () => {
  it("leaves the field behind before it stops saying it", async () => {
    const cluster = clusterWith({ work: { kind: "Deployment" } });
    await cluster.settle();
    cluster.writes.length = 0;
    cluster.edit({ parts: { work: { kind: "Deployment", value: "2", handOver: true } } });
    await cluster.pass();
    expect(cluster.writes.slice(0, 2)).toEqual(["hand over Deployment work", "apply Deployment work"]);
  });
});

describe("leaving", () => {
  it("stops what runs pods and waits for it, then lets go; the rest is the garbage collector's", async () => {
    const cluster = clusterWith({ a: {}, work: { kind: "Deployment" } });
    await cluster.settle();
    cluster.writes.length = 0;
    cluster.leave();
    const pass = await cluster.settle();
    expect(cluster.writes).toEqual(["remove Deployment work in the foreground", "status"]);
    expect(pass.next).toEqual({ when: "backoff" });
    expect(conditionsOf(cluster)).toMatchObject({ Ready: "False Deleting", Reconciling: "True Deleting" });
    cluster.children.delete("Deployment/work");
    await cluster.settle();
    expect(cluster.released).toBe(true);
    expect([...cluster.children.keys()]).toEqual(["ConfigMap/a"]);
  });

  it.each([
    ["nothing was ever made", async () => {}, []],
    ["children are to stay (--cascade=orphan)", async (cluster: Cluster) => void (await cluster.settle()), ["orphan"]],
  ])("lets go at once when %s", async (_, prepare, finalizers) => {
    const cluster = clusterWith({ work: { kind: "Deployment" } });
    await prepare(cluster);
    const kept = [...cluster.children.keys()];
    cluster.leave(...finalizers);
    await cluster.pass();
    expect(cluster.released).toBe(true);
    expect([...cluster.children.keys()]).toEqual(kept);
  });

  it("goes on while it is paused or has no Environment any more", async () => {
    const cluster = clusterWith({ a: {} });
    await cluster.settle();
    const { metadata } = cluster.object;
    cluster.object = {
      ...cluster.object,
      metadata: { ...metadata, annotations: { "onyx.onelens.io/paused": "true" } },
    };
    cluster.environment = { problem: { reason: "EnvironmentNotReady", message: "gone" } };
    cluster.leave();
    await cluster.pass();
    expect(cluster.released).toBe(true);
  });
});
