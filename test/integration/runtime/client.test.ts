import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../../hack/testbed/index.ts";
import { type Client, createClient } from "../../../operator/runtime/client.ts";
import { createClock } from "../../../operator/runtime/clock.ts";
import { createDiscovery } from "../../../operator/runtime/discovery.ts";
import { type ApiError, isAlreadyExists, isConflict } from "../../../operator/runtime/errors.ts";
import { createEventRecorder } from "../../../operator/runtime/events.ts";
import type { KubeObject, ResourceType } from "../../../operator/runtime/resource.ts";
import { createMemoryLog } from "../../../operator/runtime/testing/memory-log.ts";
import type { Transport } from "../../../operator/runtime/transport.ts";
import { CONFIG_MAPS, type ConfigMap, connectTo, forEachOf } from "../../support/runtime.ts";
import { openTcpGate } from "../../support/tcp-gate.ts";

const EVENTS: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};
const NODES: ResourceType = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };
const home = "default";

let cluster: Cluster;
let transport: Transport;
let client: Client;

beforeAll(async () => {
  cluster = await startCluster({ name: "runtime-client" });
  transport = connectTo(cluster);
  client = createClient(transport);
});
afterAll(async () => {
  await transport?.close();
  await cluster?.stop();
});

const caught = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => Promise.reject(new Error("no error")),
    (error) => error,
  );

describe("connections", () => {
  it("#1 are few, for however many requests", async () => {
    const gate = await openTcpGate(cluster.ports.apiserver);
    const counted = connectTo(cluster, gate.port, { connections: 8 });
    await forEachOf(Array.from({ length: 2_000 }), 32, () => counted.request({ path: "/version" }));
    expect(gate.accepted()).toBeLessThanOrEqual(8);
    expect(counted.connectionsOpened()).toBe(gate.accepted());
    await counted.close();
    await gate.close();
  });

  it("that broke are replaced without a word, for requests that only read", async () => {
    const gate = await openTcpGate(cluster.ports.apiserver);
    const fragile = connectTo(cluster, gate.port, { connections: 4 });
    for (let round = 0; round < 5; round++) {
      const requests = Array.from({ length: 12 }, () => fragile.request({ path: "/api/v1/namespaces/default" }));
      gate.breakAll();
      for (const reply of await Promise.all(requests)) expect(reply.status).toBe(200);
    }
    await fragile.close();
    await gate.close();
  });
});

describe("objects", () => {
  it("are created once, applied by fields, and patched against a version", async () => {
    const at = { namespace: home, name: "applied" };
    const made = await client.create<ConfigMap>(CONFIG_MAPS, home, {
      metadata: { name: "applied" },
      data: { a: "1" },
    } as object);
    expect(isAlreadyExists(await caught(client.create(CONFIG_MAPS, home, { metadata: { name: "applied" } })))).toBe(
      true,
    );
    const applied = await client.patch<ConfigMap>(
      CONFIG_MAPS,
      at,
      { metadata: { name: "applied" }, data: { b: "2" } },
      { as: "apply", fieldManager: "onyx", force: true },
    );
    expect(applied.data).toEqual({ a: "1", b: "2" });
    const stale = { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { a: "3" } };
    expect(isConflict(await caught(client.patch(CONFIG_MAPS, at, stale, { as: "merge" })))).toBe(true);
    const dry = await client.patch<ConfigMap>(CONFIG_MAPS, at, { data: { c: "3" } }, { as: "merge", dryRun: true });
    expect(dry.data).toHaveProperty("c");
    expect((await client.get<ConfigMap>(CONFIG_MAPS, at)).data).toEqual({ a: "1", b: "2" });
  });

  it("are deleted only as the one that was meant", async () => {
    const at = { namespace: home, name: "meant" };
    const made = await client.create(CONFIG_MAPS, home, { metadata: { name: "meant" } });
    const other = client.delete(CONFIG_MAPS, at, { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } });
    expect(isConflict(await caught(other))).toBe(true);
    expect(await client.delete(CONFIG_MAPS, at, { preconditions: { uid: made.metadata.uid } })).toBe(true);
    expect(await client.delete(CONFIG_MAPS, at)).toBe(false);
  });

  it("are refused in words that name the field", async () => {
    const error = await caught(client.create(CONFIG_MAPS, home, { metadata: { name: "Not A Name" } }));
    expect(error).toMatchObject({ status: 422, reason: "Invalid", details: { causes: [{ field: "metadata.name" }] } });
    expect(error.message).toContain("POST /api/v1/namespaces/default/configmaps: the API server answered 422");
    const unknown = client.create(CONFIG_MAPS, home, { metadata: { name: "x" }, dat: {} } as object, {
      fieldValidation: "Strict",
    });
    expect((await caught(unknown)).message).toContain('unknown field "dat"');
  });
});

describe("discovery", () => {
  it("knows what is served", async () => {
    const discovery = createDiscovery(transport, createClock());
    expect(await discovery.serves(NODES)).toBe(true);
    expect(await discovery.serves({ ...NODES, plural: "gnomes" })).toBe(false);
    expect(await discovery.serves({ ...NODES, group: "not.there" })).toBe(false);
    expect(await discovery.serverVersion()).toMatch(/^v1\.\d+/);
  });
});

describe("events", () => {
  it("are taken by the server as they are, and their series too", async () => {
    const recorder = createEventRecorder({
      client,
      clock: createClock(),
      log: createMemoryLog(),
      metrics: { event: (outcome) => void outcomes.push(outcome) },
      controller: "onyx.onelens.io/operator",
      instance: "test",
    });
    const outcomes: string[] = [];
    const regarding = await client.create(CONFIG_MAPS, home, { metadata: { name: "subject" } });
    const node = await client.create(NODES, undefined, { metadata: { name: "subject-node" } });
    const note = { type: "Warning", reason: "Throttled", action: "Create", note: "€".repeat(1_000) } as const;
    recorder.tell(regarding, note);
    recorder.tell(regarding, note);
    recorder.tell(node, { ...note, note: "cluster-wide", related: regarding });
    await recorder.flush();
    expect(outcomes.filter((outcome) => outcome === "failed")).toEqual([]);
    const { items } = await client.list<KubeObject & { series?: { count: number }; regarding: { name: string } }>(
      EVENTS,
    );
    const ours = items.filter((event) => event.regarding.name.startsWith("subject"));
    expect(ours).toHaveLength(2);
    expect(ours.find(({ series }) => series?.count === 2)?.metadata.namespace).toBe(home);
  });
});
