import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryCloud, type MemoryCloud } from "../provider/testing/memory.ts";
import { type ThingSpec, thingLeaf } from "../provider/testing/thing.ts";
import { condition } from "./conditions.ts";
import type { Leaf } from "./leaf-object.ts";
import { ANNOTATIONS } from "./object.ts";
import { environmentWith } from "./testing/environment.ts";
import { type OneObject, oneObject } from "./testing/one-object.ts";
import { createSecretServer, refusal, type SecretServer } from "./testing/secret-server.ts";

/** A Thing with a confidential value, of which a copy is kept in a Kubernetes Secret. */
type Spec = ThingSpec & {
  readonly syncTo?: { readonly name: string; readonly previousKey?: string; readonly labels?: Record<string, string> };
};

let cloud: MemoryCloud;
let server: SecretServer;
let host: OneObject<Spec>;
/** By version. */
let values: Map<string, string>;
let versions: { current: string; previous?: string };
let revealed: string[];

const leaf = (): Leaf<Spec, never> =>
  ({
    ...thingLeaf(),
    copy: ({ syncTo }: Spec) => syncTo && { field: "syncTo", key: "value", labels: {}, ...syncTo },
  }) as unknown as Leaf<Spec, never>;

const start = (spec: Spec) => {
  const { provider } = cloud;
  const secretive = {
    ...provider,
    async create(...args: Parameters<typeof provider.create>) {
      const made = await provider.create(...args);
      return made.outputs ? { ...made, versions: { current: versions.current } } : made;
    },
    async observe(...args: Parameters<typeof provider.observe>) {
      const seen = await provider.observe(...args);
      return seen.exists ? { ...seen, versions: { ...versions } } : seen;
    },
    async reveal(_seen: unknown, version: string) {
      revealed.push(version);
      const value = values.get(version);
      return value === undefined ? undefined : Buffer.from(value);
    },
  };
  host = oneObject<Spec, never>(leaf(), environmentWith(secretive as never), spec);
  host.client = server.client;
};

const rotate = (version: string, value: string) => {
  versions = { current: version, previous: versions.current };
  values.set(version, value);
};
const synced = () => condition(host.status.conditions, "Synced");
const writes = () => server.requests.filter((one) => !/^(META|GET) /.test(one));

beforeEach(() => {
  cloud = createMemoryCloud();
  server = createSecretServer();
  values = new Map([["v1", "first"]]);
  versions = { current: "v1" };
  revealed = [];
});

describe("a copy of the value", () => {
  beforeEach(async () => {
    start({ size: 5, syncTo: { name: "copy" } });
    await host.settle();
  });

  it("is there before the status that tells of the version, with our marks", () => {
    expect(server.text("copy")).toEqual({ value: "first" });
    expect(server.secrets.get("copy")?.metadata.labels).toMatchObject({
      "app.kubernetes.io/managed-by": "onyx-operator",
      "app.kubernetes.io/name": "orders",
      "onyx.onelens.io/owner-kind": "Thing",
    });
    expect(host.status.syncedTo).toEqual({ name: "copy", version: "v1", resourceVersion: "1" });
    expect(host.writes).toEqual(["claim", "record", "status"]);
    expect(JSON.stringify(host.object)).not.toContain("first");
  });

  it("is not read again while nobody wrote it", async () => {
    revealed = [];
    server.requests.length = 0;
    await host.pass();
    await host.pass();
    expect(revealed).toEqual([]);
    expect(server.requests).toEqual(["META copy", "META copy"]);
  });

  it("is put right when somebody changes it, whatever they put there", async () => {
    server.tamper("copy", (secret) => {
      secret.data = { value: "b3RoZXI=", more: "eA==" };
    });
    await host.pass();
    expect(server.text("copy")).toEqual({ value: "first" });
    expect(synced()?.status).toBe("True");
  });

  it("is looked at, not written, when somebody only labelled it, and the label stays", async () => {
    server.tamper("copy", (secret) => {
      secret.metadata.labels = { ...secret.metadata.labels, theirs: "x" };
    });
    server.requests.length = 0;
    await host.pass();
    expect(writes()).toEqual([]);
    await host.pass();
    expect(server.requests).toEqual(["META copy", "GET copy", "META copy"]);
    expect(server.secrets.get("copy")?.metadata.labels).toHaveProperty("theirs");
  });

  it("is made again when somebody deletes it", async () => {
    server.secrets.delete("copy");
    await host.pass();
    expect(server.text("copy")).toEqual({ value: "first" });
  });

  it("follows a new version, also where somebody made it immutable", async () => {
    rotate("v2", "second");
    await host.pass();
    expect(server.text("copy")).toEqual({ value: "second" });
    expect(host.status.syncedTo?.version).toBe("v2");
    server.tamper("copy", (secret) => {
      secret.immutable = true;
    });
    rotate("v3", "third");
    await host.pass();
    expect(server.text("copy")).toEqual({ value: "third" });
    expect(server.secrets.get("copy")?.metadata.uid).toBe("secret-2");
  });

  it("moves with its name, and goes when spec no longer asks for it", async () => {
    host.edit({ size: 5, syncTo: { name: "other" } });
    await host.settle();
    expect([...server.secrets.keys()]).toEqual(["other"]);
    host.edit({ size: 5 });
    await host.settle();
    expect([...server.secrets.keys()]).toEqual([]);
    expect(host.status).not.toHaveProperty("syncedTo");
  });

  it("goes with the object", async () => {
    host.remove();
    await host.settle();
    expect(host.object).toBeUndefined();
    expect(server.secrets.size).toBe(0);
  });

  it("stays where the cloud's resource is retained, and belongs to the object that is made again", async () => {
    host.edit({ size: 5, syncTo: { name: "copy" }, deletionPolicy: "Retain" });
    await host.settle();
    host.remove();
    await host.settle();
    expect(server.text("copy")).toEqual({ value: "first" });
    host.recreate({ size: 5, syncTo: { name: "copy" } } as Spec);
    await host.settle();
    expect(synced()?.status).toBe("True");
    expect(server.secrets.get("copy")?.metadata.labels?.["onyx.onelens.io/owner-uid"]).toBe("thing-orders-2");
  });

  it("is left alone while the object is paused", async () => {
    host.annotate({ [ANNOTATIONS.paused]: "true" });
    server.secrets.delete("copy");
    await host.pass();
    expect(server.secrets.size).toBe(0);
  });

  it("keeps the object from going when it can't be deleted any more, and says so", async () => {
    server.onRequest = (request) => {
      if (request.startsWith("DELETE")) throw refusal(403, "Forbidden");
    };
    host.advance(120_000);
    host.remove();
    await host.pass();
    await host.pass();
    expect(host.object).toBeDefined();
    expect(synced()).toMatchObject({ status: "False", reason: "AccessDenied" });
    expect(synced()?.message).toContain("secretSyncNamespaces");
    server.onRequest = () => {};
    await host.settle();
    expect(host.object).toBeUndefined();
    expect(server.secrets.size).toBe(0);
  });
});

it("holds the value before under a key of its own, for as long as the cloud gives it", async () => {
  start({ size: 5, syncTo: { name: "copy", previousKey: "before", labels: { team: "a" } } });
  await host.settle();
  expect(server.text("copy")).toEqual({ value: "first" });
  rotate("v2", "second");
  await host.pass();
  expect(server.text("copy")).toEqual({ value: "second", before: "first" });
  host.edit({ size: 5, syncTo: { name: "copy", previousKey: "before", labels: { cost: "b" } } });
  versions = { current: "v2" };
  await host.pass();
  expect(server.text("copy")).toEqual({ value: "second" });
  expect(server.secrets.get("copy")?.metadata.labels).toMatchObject({ cost: "b" });
  expect(server.secrets.get("copy")?.metadata.labels).not.toHaveProperty("team");
});

it("leaves a Secret without our marks alone, says so, and goes on once it is gone", async () => {
  server.secrets.set("copy", {
    metadata: { name: "copy", uid: "theirs", resourceVersion: "x", labels: { "app.kubernetes.io/name": "orders" } },
    data: { value: "dGhlaXJz" },
  });
  start({ size: 5, syncTo: { name: "copy" } });
  const pass = await host.settle();
  expect(synced()).toMatchObject({ status: "False", reason: "Conflict" });
  expect(synced()?.message).toMatch(/Secret copy exists and does not carry the marks/);
  expect(pass.next).toEqual({ when: "after", ms: 120_000 });
  expect(host.status.outputs).toEqual({ THING_ID: expect.any(String) });
  host.edit({ size: 5 });
  await host.settle();
  host.edit({ size: 5, syncTo: { name: "copy" } });
  await host.settle();
  host.remove();
  await host.settle();
  expect(server.text("copy")).toEqual({ value: "theirs" });
  expect(server.requests.filter((one) => !one.startsWith("META"))).toEqual([]);
  expect(revealed).toEqual([]);
});

it("loses nothing when it is cut off before or after any request, and tells no value in any error", async () => {
  for (const cut of ["META", "GET", "POST", "PATCH"]) {
    cloud = createMemoryCloud();
    server = createSecretServer();
    versions = { current: "v1" };
    start({ size: 5, syncTo: { name: "copy" } });
    let left = 1;
    server.onRequest = (request) => {
      if (request.startsWith(cut) && left-- > 0) throw refusal(500, "InternalError", { data: { value: "first" } });
    };
    await host.settle();
    rotate("v2", "second");
    await host.settle();
    expect(server.text("copy"), cut).toEqual({ value: "second" });
    expect(JSON.stringify(host.object)).not.toMatch(/first|second/);
    expect(cloud.things.size).toBe(1);
  }
});

it("is not kept where the operator may not write, and the cloud's part goes on", async () => {
  server.onRequest = () => {
    throw refusal(403, "Forbidden");
  };
  start({ size: 5, syncTo: { name: "copy" } });
  await host.pass();
  expect(synced()).toMatchObject({ status: "False", reason: "AccessDenied" });
  expect(host.status.createdAt).toBeDefined();
  expect(host.status.outputs).toEqual({ THING_ID: expect.any(String) });
  host.edit({ size: 5 });
  await host.settle();
  host.edit({ size: 5, syncTo: { name: "copy" } });
  host.remove();
  await host.settle();
  expect(host.object).toBeUndefined();
});

it("tells what the cloud says when it does not give the value", async () => {
  start({ size: 5, syncTo: { name: "copy" } });
  values.clear();
  await host.pass();
  expect(synced()?.message).toBe(
    "Could not keep Secret copy: The cloud does not give version v1 of the value. (NoVersion)",
  );
  expect(server.secrets.size).toBe(0);
});
