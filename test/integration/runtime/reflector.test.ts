import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../../hack/testbed/index.ts";
import { type Client, createClient } from "../../../operator/runtime/client.ts";
import { createClock } from "../../../operator/runtime/clock.ts";
import { createReflector, type Reflector, type ReflectorOptions } from "../../../operator/runtime/reflector.ts";
import type { ResourceType } from "../../../operator/runtime/resource.ts";
import { createMemoryLog } from "../../../operator/runtime/testing/memory-log.ts";
import type { Transport } from "../../../operator/runtime/transport.ts";
import { type ApiserverControl, controlApiserver } from "../../support/apiserver.ts";
import { CONFIG_MAPS, type ConfigMap, connectTo, forEachOf, namespace, until } from "../../support/runtime.ts";
import { openTcpGate, type TcpGate } from "../../support/tcp-gate.ts";

let cluster: Cluster;
let apiserver: ApiserverControl;
let gate: TcpGate;
let direct: Transport;
let client: Client;
let watched: Transport;
let stop: AbortController;
let seen: string[];
let failures: string[];
let syncs: string[];

beforeAll(async () => {
  cluster = await startCluster({ name: "runtime-reflector" });
  apiserver = controlApiserver(cluster);
  gate = await openTcpGate(cluster.ports.apiserver);
  direct = connectTo(cluster);
  client = createClient(direct);
});
afterEach(async () => {
  stop.abort(new Error("test over"));
  await watched.close();
});
afterAll(async () => {
  await direct?.close();
  await gate?.close();
  await apiserver?.stop();
  await cluster?.stop();
});

/** A reflector behind the gate. */
function reflect(of: string, options: Partial<ReflectorOptions<ConfigMap>> = {}): Reflector<ConfigMap> {
  stop = new AbortController();
  [seen, failures, syncs] = [[], [], []];
  watched = connectTo(cluster, gate.port);
  const reflector = createReflector<ConfigMap>({
    client: createClient(watched),
    type: CONFIG_MAPS,
    namespace: of,
    clock: createClock(),
    log: createMemoryLog(),
    metrics: {
      event: () => {},
      failure: (_, cause) => void failures.push(cause),
      synced: (_, step) => void syncs.push(step),
      size: () => {},
    },
    ...options,
  });
  reflector.subscribe((event) => {
    const mark = event.type === "deleted" && event.assumed ? "?" : event.initial ? "*" : "";
    seen.push(`${event.type}${mark} ${event.object.metadata.name}`);
  });
  void reflector.start(stop.signal);
  return reflector;
}

const write = (home: string, name: string, data = {}) =>
  client.create<ConfigMap>(CONFIG_MAPS, home, { metadata: { name }, data } as object);
const change = (home: string, name: string, data: object) =>
  client.patch<ConfigMap>(CONFIG_MAPS, { namespace: home, name }, { data }, { as: "merge" });
const remove = (home: string, name: string) => client.delete(CONFIG_MAPS, { namespace: home, name });

describe("a real API server", () => {
  it("sends the first state as a watch, and what happens then", async () => {
    const home = await namespace(client, "first-state");
    await write(home, "a", { x: "1" });
    const reflector = reflect(home);
    await reflector.synced();
    expect(seen).toEqual(["added* a"]);
    expect(syncs).toEqual(["watchList"]);
    const { metadata } = await change(home, "a", { x: "2" });
    expect(await reflector.waitForRV(metadata.resourceVersion)).toBe(true);
    expect(reflector.get(`${home}/a`)?.data).toEqual({ x: "2" });
    expect(reflector.get(`${home}/a`)?.metadata).not.toHaveProperty("managedFields");
    await remove(home, "a");
    await until("the deletion", () => seen.length === 3);
    expect(seen).toEqual(["added* a", "updated a", "deleted a"]);
    expect(failures).toEqual([]);
  });

  it("goes on after a broken connection within two seconds, without reading everything again", async () => {
    const home = await namespace(client, "broken-connection");
    const reflector = reflect(home);
    await reflector.synced();
    gate.breakAll();
    const before = performance.now();
    await write(home, "b");
    await until("the event", () => seen.includes("added b"));
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(syncs).toEqual(["watchList"]);
    expect(reflector.state()).toBe("Synced");
  });

  it("goes on after a connection that died without a sign", async () => {
    const home = await namespace(client, "dead-connection");
    const reflector = reflect(home, { silenceLimitMs: 3_000 });
    await reflector.synced();
    gate.freezeAll();
    await write(home, "c");
    await until("the event", () => seen.includes("added c"));
    expect(failures).toContain("silence");
    expect(syncs).toEqual(["watchList"]);
  });

  it("lists in pages where it is told to, and answers an expired token as the contract says", async () => {
    const home = await namespace(client, "pages");
    const names = Array.from({ length: 25 }, (_, index) => `p${index}`);
    await forEachOf(names, 8, (name) => write(home, name));
    const pages: number[] = [];
    for await (const page of client.pages<ConfigMap>(CONFIG_MAPS, { namespace: home, limit: 10 }))
      pages.push(page.items.length);
    expect(pages).toEqual([10, 10, 5]);
    const list = await client.list<ConfigMap>(CONFIG_MAPS, { namespace: home, limit: 7 });
    expect(list.items.map(({ metadata }) => metadata.name).sort()).toEqual(names.sort());
    expect(list.items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
  });

  it("doesn't know a kind before its definition is installed, and shows its objects soon after", async () => {
    const type: ResourceType = { group: "late.dev", version: "v1", plural: "guests", kind: "Guest", namespaced: true };
    const reflector = reflect("default", { type });
    await until("the refusal", () => reflector.state() === "NotServed");
    await cluster.kubectl(["apply", "-f", "-"], GUESTS);
    await until("the first state", () => reflector.hasSynced(), 40_000);
    expect(reflector.state()).toBe("Synced");
  });
});

describe("an API server that is killed (fault 11)", () => {
  it("is found again when it is back; deletions and re-creations of the meantime are told (faults 5 and 8)", async () => {
    const home = await namespace(client, "restart");
    for (const name of ["stays", "goes", "returns"]) await write(home, name);
    const reflector = reflect(home);
    await reflector.synced();
    seen.length = 0;
    gate.shut();
    await until("the cut", () => reflector.state() === "Retrying");
    await remove(home, "goes");
    await remove(home, "returns");
    await write(home, "returns");
    await apiserver.kill();
    await apiserver.start();
    await write(home, "new");
    gate.open();
    await until("the new object", () => seen.includes("added new"), 60_000);
    const { items } = await client.list<ConfigMap>(CONFIG_MAPS, { namespace: home });
    const uids = (objects: readonly ConfigMap[]) =>
      objects.map(({ metadata }) => `${metadata.name} ${metadata.uid}`).sort();
    expect(uids(reflector.list())).toEqual(uids(items));
    expect(seen.map((event) => event.replace("?", "")).sort()).toEqual([
      "added new",
      "added returns",
      "deleted goes",
      "deleted returns",
    ]);
    expect(reflector.hasSynced()).toBe(true);
  }, 180_000);

  it("is not stormed while it is away", async () => {
    const home = await namespace(client, "storm");
    const reflector = reflect(home);
    await reflector.synced();
    gate.shut();
    const [before, start] = [gate.accepted(), performance.now()];
    await until("the end of the outage", () => performance.now() - start > 8_000);
    expect(gate.accepted() - before).toBeGreaterThan(1);
    expect(gate.accepted() - before).toBeLessThan(14);
    gate.open();
    await write(home, "d");
    await until("the event", () => seen.includes("added d"));
  });
});

describe("ten thousand objects", () => {
  it("are there in a few seconds, and no request is made for any of them", async () => {
    const home = await namespace(client, "many");
    const names = Array.from({ length: 10_000 }, (_, index) => `m${index}`);
    await forEachOf(names, 32, (name) => write(home, name, { text: "x".repeat(500) }));
    const before = performance.now();
    const reflector = reflect(home);
    await reflector.synced();
    const ms = Math.round(performance.now() - before);
    console.log(`10,000 ConfigMaps: complete after ${ms} ms`);
    expect(reflector.size).toBe(10_000);
    expect(ms).toBeLessThan(10_000);
    expect(watched.connectionsOpened()).toBe(1);
  }, 180_000);
});

const GUESTS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: guests.late.dev}
spec:
  group: late.dev
  names: {kind: Guest, plural: guests, singular: guest, listKind: GuestList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object}}
`;
