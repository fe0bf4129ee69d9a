import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Client, createClient, type Fence } from "./client.ts";
import { createClock } from "./clock.ts";
import { createDiscovery } from "./discovery.ts";
import { isAlreadyExists, isConflict, isNotFound, NotLeaderError } from "./errors.ts";
import { keyOf, nameOfKey, type ResourceType } from "./resource.ts";
import { createFakeClock } from "./testing/fake-clock.ts";
import { createMemoryLog } from "./testing/memory-log.ts";
import { createScriptedServer, type ScriptedServer } from "./testing/scripted-server.ts";
import { createTransport, type Transport } from "./transport.ts";

const QUEUES: ResourceType = {
  group: "onyx.onelens.io",
  version: "v1alpha1",
  plural: "queues",
  kind: "Queue",
  namespaced: true,
};
const NODES: ResourceType = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };
const AT = { namespace: "shop", name: "orders" };
const PATH = "/apis/onyx.onelens.io/v1alpha1/namespaces/shop/queues";

let server: ScriptedServer;
let transport: Transport;
let client: Client;
beforeEach(async () => {
  server = await createScriptedServer();
  transport = createTransport(server.kubeConfig(), { clock: createClock(), log: createMemoryLog(), random: () => 0 });
  client = createClient(transport);
});
afterEach(async () => {
  await transport.close();
  await server.close();
});

function sent(index = 0): string {
  const { method, path, query } = server.requests[index]!;
  return `${method} ${path}${query.size ? `?${query}` : ""}`;
}

describe("reading", () => {
  it("gets, finds, and tells absence from failure", async () => {
    server.next(({ json }) => json(200, { metadata: { name: "orders" } }));
    server.next(({ status }) => status(404, "NotFound"));
    server.next(({ status }) => status(404, "NotFound"));
    server.next(({ status }) => status(403, "Forbidden"));
    expect(await client.get(QUEUES, AT)).toEqual({ metadata: { name: "orders" } });
    expect(await client.find(QUEUES, AT)).toBeUndefined();
    await expect(client.get(QUEUES, AT)).rejects.toSatisfy(isNotFound);
    await expect(client.find(QUEUES, AT)).rejects.toMatchObject({ status: 403 });
    expect(sent()).toBe(`GET ${PATH}/orders`);
  });

  it("#15 and #16 lists page by page, and gives the items their type", async () => {
    const page = (names: string[], rv: string, token?: string) => ({
      items: names.map((name) => ({ metadata: { name } })),
      metadata: { resourceVersion: rv, continue: token },
    });
    server.next(({ json }) => json(200, page(["a", "b"], "10", "next")));
    server.next(({ json }) => json(200, page(["c"], "10")));
    const { items, resourceVersion } = await client.list(QUEUES, { namespace: "shop", limit: 2, labelSelector: "a=b" });
    expect(items.map((item) => item.metadata.name)).toEqual(["a", "b", "c"]);
    expect(items[0]).toMatchObject({ apiVersion: "onyx.onelens.io/v1alpha1", kind: "Queue" });
    expect(resourceVersion).toBe("10");
    expect(sent(0)).toBe(`GET ${PATH}?labelSelector=a%3Db&limit=2`);
    expect(sent(1)).toBe(`GET ${PATH}?labelSelector=a%3Db&limit=2&continue=next`);
  });

  it("#16 lists 130,000 objects", async () => {
    const items = Array.from({ length: 130_000 }, (_, index) => ({ metadata: { name: `n${index}` } }));
    server.next(({ json }) => json(200, { items, metadata: { resourceVersion: "1" } }));
    expect((await client.list(NODES)).items).toHaveLength(130_000);
  });

  it("lists in one piece when the continue token has expired", async () => {
    server.next(({ json }) =>
      json(200, { items: [{ metadata: { name: "a" } }], metadata: { resourceVersion: "1", continue: "x" } }),
    );
    server.next(({ status }) => status(410, "Expired"));
    server.next(({ json }) => json(200, { items: null, metadata: { resourceVersion: "2" } }));
    expect(await client.list(NODES)).toEqual({ items: [], resourceVersion: "2" });
    expect(sent(2)).toBe("GET /api/v1/nodes");
  });
});

describe("writing", () => {
  it.each([
    ["merge", "application/merge-patch+json", ""],
    ["json", "application/json-patch+json", ""],
    ["apply", "application/apply-patch+yaml", "&force=true"],
  ] as const)("patches by %s", async (as, contentType, force) => {
    server.next(({ json }) => json(200, {}));
    await client.patch(QUEUES, AT, { spec: { a: 1 } }, { as, fieldManager: "onyx", force: true, dryRun: true });
    expect(sent()).toBe(`PATCH ${PATH}/orders?fieldManager=onyx&dryRun=All${force}`);
    expect(server.requests[0]?.headers["content-type"]).toBe(contentType);
    const body = JSON.parse(server.requests[0]!.body);
    expect(body).toEqual(
      as === "apply" ? { spec: { a: 1 }, apiVersion: "onyx.onelens.io/v1alpha1", kind: "Queue" } : { spec: { a: 1 } },
    );
  });

  it("patches the status", async () => {
    server.next(({ json }) => json(200, {}));
    await client.patchStatus(QUEUES, AT, { status: {} });
    expect(sent()).toBe(`PATCH ${PATH}/orders/status`);
    expect(server.requests[0]?.headers["content-type"]).toBe("application/merge-patch+json");
  });

  it("creates", async () => {
    server.next(({ json }) => json(201, {}));
    server.next(({ status }) => status(409, "AlreadyExists"));
    await client.create(QUEUES, "shop", { metadata: { name: "orders" } }, { fieldValidation: "Strict" });
    expect(sent()).toBe(`POST ${PATH}?fieldValidation=Strict`);
    expect(JSON.parse(server.requests[0]!.body)).toMatchObject({ kind: "Queue", metadata: { name: "orders" } });
    await expect(client.create(QUEUES, "shop", {})).rejects.toSatisfy(
      (error) => isAlreadyExists(error) && !isConflict(error),
    );
  });

  it("deletes under preconditions, and the absent too", async () => {
    server.next(({ json }) => json(200, {}));
    server.next(({ status }) => status(404, "NotFound"));
    server.next(({ status }) => status(409, "Conflict"));
    const preconditions = { uid: "u", resourceVersion: "7" };
    expect(await client.delete(QUEUES, AT, { preconditions, propagationPolicy: "Background" })).toBe(true);
    expect(await client.delete(QUEUES, AT)).toBe(false);
    await expect(client.delete(QUEUES, AT)).rejects.toSatisfy((error) => isConflict(error));
    expect(JSON.parse(server.requests[0]!.body)).toMatchObject({ preconditions, propagationPolicy: "Background" });
  });

  it.each([
    [
      "no namespace",
      () => client.get(QUEUES, { name: "orders" }),
      /queues.onyx.onelens.io "orders": its namespace is missing/,
    ],
    ["no name", () => client.get(NODES, { name: "" }), /A name is needed/],
    ["a namespace too many", () => client.get(NODES, { namespace: "a", name: "b" }), /belong to no namespace/],
  ])("refuses %s in words", async (_, call, message) => {
    await expect(async () => call()).rejects.toThrow(message);
    expect(server.requests).toEqual([]);
  });

  it("encodes names, so that none can leave its place in the path", async () => {
    server.next(({ json }) => json(200, {}));
    await client.get(QUEUES, { namespace: "../x", name: "a/b?c" });
    expect(server.requests[0]?.path).toBe("/apis/onyx.onelens.io/v1alpha1/namespaces/..%2Fx/queues/a%2Fb%3Fc");
  });
});

describe("the fence (fault 15)", () => {
  function createFence(): Fence & { held: boolean; abort: AbortController } {
    const abort = new AbortController();
    return {
      held: true,
      abort,
      signal: abort.signal,
      check() {
        if (!this.held) throw new NotLeaderError("not the leader");
      },
    };
  }

  const writes: [string, (fenced: Client) => Promise<unknown>][] = [
    ["create", (fenced) => fenced.create(QUEUES, "shop", {})],
    ["patch", (fenced) => fenced.patch(QUEUES, AT, {}, { as: "merge" })],
    ["patchStatus", (fenced) => fenced.patchStatus(QUEUES, AT, {})],
    ["delete", (fenced) => fenced.delete(QUEUES, AT)],
  ];

  it.each(writes)("keeps %s from being sent when the lease is not held", async (_, write) => {
    const fence = createFence();
    fence.held = false;
    server.otherwise(({ json }) => json(200, {}));
    await expect(write(createClient(transport, fence))).rejects.toBeInstanceOf(NotLeaderError);
    expect(server.requests).toEqual([]);
    await createClient(transport, fence).get(QUEUES, AT);
    expect(server.requests).toHaveLength(1);
  });

  it.each(writes)("keeps %s from being sent again after a wait during which the lease was lost", async (_, write) => {
    const fence = createFence();
    server.next(({ status }) => {
      fence.held = false;
      status(429, "TooManyRequests", { details: { retryAfterSeconds: 1 } });
    });
    server.otherwise(({ json }) => json(200, {}));
    const clock = createFakeClock();
    const patient = createTransport(server.kubeConfig(), { clock, log: createMemoryLog(), random: () => 0 });
    const result = write(createClient(patient, fence)).catch((error) => error);
    let settled = false;
    result.then(() => {
      settled = true;
    });
    while (!settled) await clock.advance(100);
    expect(await result).toBeInstanceOf(NotLeaderError);
    expect(server.requests).toHaveLength(1);
    await patient.close();
  });

  it.each(writes)("ends %s under way when the lease is lost, or the caller gives up", async (_, write) => {
    const fence = createFence();
    const lost = new NotLeaderError("lost");
    server.next(() => fence.abort.abort(lost));
    await expect(write(createClient(transport, fence))).rejects.toBe(lost);
  });

  it("listens to the caller's signal as well", async () => {
    const abort = new AbortController();
    server.next(() => abort.abort(new Error("gave up")));
    const fenced = createClient(transport, createFence());
    await expect(fenced.create(QUEUES, "shop", {}, { signal: abort.signal })).rejects.toThrow("gave up");
  });
});

describe("discovery", () => {
  it("asks once for each group, keeps a yes for long and a no for a moment", async () => {
    const clock = createFakeClock();
    const discovery = createDiscovery(transport, clock);
    server.next(({ status }) => status(404, "NotFound"));
    server.next(({ json }) => json(200, { resources: [{ name: "queues" }, { name: "queues/status" }] }));
    server.otherwise(({ json }) => json(200, { resources: [] }));
    expect(await discovery.serves(QUEUES)).toBe(false);
    expect(await discovery.serves(QUEUES)).toBe(false);
    expect(server.requests).toHaveLength(1);
    clock.freeze(10_000);
    expect(await discovery.serves(QUEUES)).toBe(true);
    clock.freeze(200_000);
    expect(await discovery.serves(QUEUES)).toBe(true);
    expect(await discovery.serves({ ...QUEUES, plural: "tables" })).toBe(false);
    discovery.refresh();
    expect(await discovery.serves(QUEUES)).toBe(false);
    expect(sent()).toBe("GET /apis/onyx.onelens.io/v1alpha1");
  });

  it("does not take a failure for a no, and asks again", async () => {
    const discovery = createDiscovery(transport, createFakeClock());
    server.next(({ status }) => status(403, "Forbidden"));
    server.next(({ json }) => json(200, { resources: [{ name: "nodes" }] }));
    await expect(discovery.serves(NODES)).rejects.toMatchObject({ status: 403 });
    expect(await discovery.serves(NODES)).toBe(true);
  });
});

it("keys name objects within their type, both ways", () => {
  expect([keyOf(AT), keyOf({ name: "n" })]).toEqual(["shop/orders", "n"]);
  expect([nameOfKey("shop/orders"), nameOfKey("n")]).toEqual([AT, { name: "n" }]);
});
