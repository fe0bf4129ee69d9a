import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TenantSpecInput } from "../../crds/tenant.ts";
import { type Cluster, startCluster, waitUntil } from "../../hack/testbed/index.ts";
import type { Condition } from "../../operator/reconcile/conditions.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import type { Notice } from "../../operator/reconcile/report.ts";
import { eventually } from "../support/eventually.ts";
import { applyTo, installKinds, type Managed, ours, startManaged } from "../support/managed.ts";
import { operatorWrites } from "../support/operator-writes.ts";
import { type ToyCloud, toyCloud } from "../support/toy-cloud.ts";

/** Tenants from the first day to the last, with real quotas, garbage collection and namespaces; the cloud is a toy. */
const ACCOUNT = "111122223333";
const PLATFORM = "onelens";

let cluster: Cluster;
let managed: Managed | undefined;
let cloud: ToyCloud;
const told: { readonly name: string; readonly notice: Notice }[] = [];

const start = async () => {
  managed = await startManaged(cluster, {
    connect: async () => cloud.connection,
    tell: ({ metadata }, notice) => told.push({ name: metadata.name, notice }),
  });
};

beforeAll(async () => {
  cluster = await startCluster({ name: "tenant", parts: ["controllers"] });
  await installKinds(cluster);
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: PLATFORM } });
  cloud = toyCloud(ACCOUNT);
  await start();
  await apply(
    ours("Environment", "prod", {
      cloud: "aws",
      region: "eu-west-1",
      account: ACCOUNT,
      clusterName: "blue",
      default: true,
      tenancy: {
        namespace: PLATFORM,
        tenantTable: { name: "tenants" },
        ssoTable: { name: "domains" },
        auditTable: { name: "audit" },
      },
    }),
    table("tenants", "tenant"),
    table("domains", "domain"),
    table("audit", "tenant", { name: "at", type: "String" }),
  );
}, 300_000);

afterAll(async () => {
  await managed?.stop();
  await cluster?.stop();
});

const apply = (...objects: readonly object[]) => applyTo(cluster, ...objects);
const table = (name: string, key: string, sortKey?: object) =>
  ours("Table", name, { partitionKey: { name: key, type: "String" }, ...(sortKey && { sortKey }) }, PLATFORM);
const applyTenant = (name: string, spec: TenantSpecInput) => apply(ours("Tenant", name, spec));

interface Seen extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}
const get = async (kind: string, name: string, namespace?: string): Promise<Seen> =>
  JSON.parse(await cluster.kubectl(["get", kind, name, "-o=json", ...(namespace ? ["-n", namespace] : [])]));
const there = (kind: string, name: string, namespace?: string) =>
  get(kind, name, namespace).then(
    () => true,
    (error: Error) => {
      if (/NotFound/.test(error.message)) return false;
      throw error;
    },
  );
const tenant = (name: string) => async () => {
  const { status } = await get("tenant", name);
  const conditions = (status?.conditions ?? []).map((one) => [one.type, `${one.status} ${one.reason}`]);
  return { ...Object.fromEntries(conditions), phase: status?.phase, message: messageOf(status?.conditions) };
};
const messageOf = (conditions: readonly Condition[] = []) => {
  const of = (type: string, status: string) => conditions.find((one) => one.type === type && one.status === status);
  return (of("Stalled", "True") ?? of("Ready", "False"))?.message;
};
const fine = { Ready: "True Available", Synced: "True Available" };
const refusal = (tried: Promise<unknown>): Promise<string> =>
  tried.then(
    () => "taken",
    (error: Error) => error.message,
  );
const rows = () => cloud.wants("TableItem");
const deleteTenant = (name: string) => cluster.kubectl(["delete", "tenant", name, "--wait=false"]);
const gone = (name: string) => eventually(async () => ({ there: await there("tenant", name) }), { there: false });

describe("a shared tenant", () => {
  it("is a row, and no namespace", async () => {
    await applyTenant("globex", { isolation: "Shared", plan: "starter", sso: [{ domain: "globex.example" }] });
    await eventually(tenant("globex"), { ...fine, phase: "Active" });
    expect(await there("namespace", "tenant-globex")).toBe(false);
    expect(rows()).toHaveLength(2);
    expect(JSON.stringify(rows())).toContain("starter");
  });

  it("keeps its row as spec says, also when somebody deletes it", async () => {
    await cluster.kubectl(["delete", "tableitem", "tenant-globex", "-n", PLATFORM]);
    await eventually(async () => ({ there: await there("tableitem", "tenant-globex", PLATFORM) }), { there: true });
    await applyTenant("globex", { isolation: "Shared", plan: "business", sso: [{ domain: "globex.example" }] });
    await eventually(async () => ({ rows: JSON.stringify(rows()) }), { rows: expect.stringContaining("business") });
    expect(JSON.stringify(rows())).not.toContain("starter");
  });

  it("does not get the domain of another", async () => {
    await applyTenant("thief", { isolation: "Shared", sso: [{ domain: "globex.example" }] });
    await eventually(tenant("thief"), { Stalled: "True Conflict" });
    expect(messageOf((await get("tenant", "thief")).status?.conditions)).toContain("belongs to Tenant globex");
    await deleteTenant("thief");
    await gone("thief");
    expect(rows()).toHaveLength(3);
    expect(JSON.stringify(rows())).toContain("globex.example");
  });

  it("can't be given what needs a namespace", async () => {
    const tried = { isolation: "Shared", quota: { pods: 3 }, nodePool: "x" } as const;
    expect(await refusal(applyTenant("odd", tried))).toMatch(
      /quota holds in the tenant's namespace: it needs isolation Namespace or Dedicated[\s\S]*nodePool is for tenants with nodes of their own/,
    );
  });
});

describe("a tenant with a namespace", () => {
  const acme = {
    isolation: "Namespace",
    owners: [{ kind: "User", name: "ann" }],
    quota: { objects: { Queue: 1 } },
  } satisfies TenantSpecInput;

  it("is onboarded by one object", async () => {
    await applyTenant("acme", acme);
    await eventually(tenant("acme"), { ...fine, phase: "Active" });
    const within = "tenant-acme";
    expect((await get("namespace", within)).metadata.labels).toMatchObject({
      "onyx.onelens.io/tenant": "acme",
      "pod-security.kubernetes.io/enforce": "restricted",
    });
    for (const kind of ["resourcequota", "limitrange", "networkpolicy", "serviceaccount", "workloadidentity"])
      expect(await there(kind, "onyx-tenant", within), kind).toBe(true);
    expect(await there("rolebinding", "onyx-tenant-owners", within)).toBe(true);
    expect(cloud.names("WorkloadIdentity")).toHaveLength(1);
  });

  it("has no more than its quota, and shows it", async () => {
    const queue = (name: string) => apply(ours("Queue", name, {}, "tenant-acme"));
    await queue("first");
    expect(await refusal(queue("second"))).toMatch(/exceeded quota: onyx-tenant, .*count\/queues.onyx.onelens.io=1/);
    await eventually(async () => ({ quota: (await get("tenant", "acme")).status?.quota }), {
      quota: [{ resource: "count/queues.onyx.onelens.io", used: "1", hard: "1" }],
    });
  });

  it("gets back what somebody takes from it", async () => {
    await cluster.kubectl(["delete", "networkpolicy", "onyx-tenant", "-n=tenant-acme"]);
    await cluster.kubectl([
      "label",
      "namespace",
      "tenant-acme",
      "pod-security.kubernetes.io/enforce=privileged",
      "--overwrite",
    ]);
    await eventually(async () => ({ there: await there("networkpolicy", "onyx-tenant", "tenant-acme") }), {
      there: true,
    });
    await eventually(() => get("namespace", "tenant-acme"), {
      metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
  });

  it("leaves alone a namespace that is somebody else's", async () => {
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "tenant-taken", labels: { team: "x" } } });
    await applyTenant("taken", { isolation: "Namespace" });
    await eventually(tenant("taken"), { Stalled: "True Conflict", phase: "Onboarding" });
    expect((await get("namespace", "tenant-taken")).metadata.labels).not.toHaveProperty(["onyx.onelens.io/tenant"]);
    expect(await there("limitrange", "onyx-tenant", "tenant-taken")).toBe(false);
    await apply(ours("Queue", "theirs", {}, "tenant-taken"));
    await deleteTenant("taken");
    await gone("taken");
    expect(await there("queue", "theirs", "tenant-taken")).toBe(true);
    expect(told.find(({ name, notice }) => name === "taken" && notice.reason === "Deleted")?.notice.note).toContain(
      "0 objects",
    );
  });

  it("can become stronger without losing anything, and not weaker", async () => {
    await applyTenant("umbrella", { isolation: "Shared" });
    await eventually(tenant("umbrella"), fine);
    await applyTenant("umbrella", { isolation: "Namespace" });
    await eventually(async () => ({ there: await there("namespace", "tenant-umbrella") }), { there: true });
    await eventually(tenant("umbrella"), fine);
    await apply(ours("Queue", "kept", {}, "tenant-umbrella"));
    await cluster.kubectl([
      "wait",
      "queues.onyx.onelens.io/kept",
      "-n=tenant-umbrella",
      "--for=condition=Ready",
      "--timeout=30s",
    ]);
    const { metadata } = await get("queue", "kept", "tenant-umbrella");
    await applyTenant("umbrella", { isolation: "Dedicated" });
    await eventually(() => get("namespace", "tenant-umbrella"), {
      metadata: { labels: { "onyx.onelens.io/node-pool": "umbrella" } },
    });
    expect((await get("queue", "kept", "tenant-umbrella")).metadata.uid).toBe(metadata.uid);
    expect(await refusal(applyTenant("umbrella", { isolation: "Namespace" }))).toMatch(
      /isolation can only become stronger/,
    );
    expect(await refusal(applyTenant("umbrella", { isolation: "Dedicated", namespaceName: "other" }))).toMatch(
      /namespaceName can't be changed/,
    );
  });
});

describe("an Environment of a tenant's own", () => {
  it("serves the namespaces that it lists, and those of others get nothing of it", async () => {
    const place = { cloud: "aws", region: "eu-west-1", account: ACCOUNT, clusterName: "blue" };
    await apply(ours("Environment", "acme-only", { ...place, namespaces: ["tenant-acme"] }));
    const environmentRef = { name: "acme-only" };
    const stolen = "tenant-umbrella";
    const grants = { serviceAccountRef: { name: "default" }, environmentRef };
    await apply(
      ours("Table", "own", { environmentRef, partitionKey: { name: "id", type: "String" } }, "tenant-acme"),
      ours("Table", "stolen", { environmentRef, partitionKey: { name: "id", type: "String" } }, stolen),
      ours("WorkloadIdentity", "stolen", grants, stolen),
      ours("OnyxService", "stolen", { environmentRef, image: "a:1", health: { none: "It is never run." } }, stolen),
    );
    const stalled = (kind: string, name: string, namespace: string) => async () => ({
      reason: (await get(kind, name, namespace)).status?.conditions?.find(
        ({ type, status }) => type === "Stalled" && status === "True",
      )?.reason,
    });
    for (const kind of ["table", "workloadidentity", "onyxservice"])
      await eventually(stalled(kind, "stolen", stolen), { reason: "NotServed" });
    await cluster.kubectl([
      "wait",
      "--for=condition=Ready",
      "--timeout=30s",
      "-n=tenant-acme",
      "tables.onyx.onelens.io/own",
    ]);
    expect(cloud.names("Table").filter((name) => name.includes("stolen"))).toEqual([]);
    expect(await there("deployment", "stolen", stolen)).toBe(false);
    await cluster.kubectl([
      ...["delete", "--timeout=30s", `-n=${stolen}`, "tables.onyx.onelens.io/stolen", "workloadidentity/stolen"],
      "onyxservice/stolen",
    ]);
  });
});

describe("what a tenant costs", () => {
  const source = (namespace: string, name: string, tenantRef?: { readonly name: string }) =>
    ours("TenantCostSource", name, { tableRef: { name: "costs" }, image: "onyx-ingest:1", tenantRef }, namespace);
  /** What the worker would have written into the table, as the operator sees it. */
  const tell = async (namespace: string, name: string, amount: string) => {
    const item = `tableitem/${name}-summary`;
    const isThere = () => there("tableitem", `${name}-summary`, namespace);
    await waitUntil(isThere, { what: item, timeoutMs: 30_000 });
    const monthToDate = [{ currency: "USD", amount }];
    const attributes = {
      report: "r",
      result: "Ingested",
      ingested: "2026-11-30T01:00:00Z",
      month: "2026-11",
      monthToDate,
    };
    const patch = JSON.stringify({ status: { effective: { attributes } } });
    await cluster.kubectl(["patch", item, "-n", namespace, "--subresource=status", "--type=merge", `-p=${patch}`]);
  };
  const billed = async () => (await get("tenant", "acme")).status ?? {};
  const budget = { amount: "100", currency: "USD" };

  it("is told of its bills, those of the platform and its own, and of each threshold once", async () => {
    await applyTenant("acme", { isolation: "Namespace", budget });
    await apply(source(PLATFORM, "acme", { name: "acme" }), source("tenant-acme", "own"));
    await tell(PLATFORM, "acme", "20.05");
    await eventually(billed, { budgetUsed: 20, cost: { total: "20.05 USD" } });
    await tell("tenant-acme", "own", "39.95");
    await eventually(billed, { budgetUsed: 60, cost: { monthToDate: [{ currency: "USD", amount: "60" }] } });
    await tell(PLATFORM, "acme", "21");
    await eventually(billed, { budgetUsed: 60, cost: { total: "60.95 USD" } });
    const notices = told.filter(({ name, notice }) => name === "acme" && notice.reason === "ThresholdReached");
    expect(notices.map(({ notice }) => notice.note)).toEqual([
      "Month to date has reached 50 % of the budget of 100 USD in 2026-11.",
    ]);
    await cluster.kubectl(["delete", "tenantcostsource", "own", "-n=tenant-acme", "--timeout=30s"]);
    await eventually(billed, { budgetUsed: 21, cost: { total: "21.00 USD" } });
  });

  it("is nothing that another tenant says of it", async () => {
    await apply(source("tenant-umbrella", "hostile", { name: "acme" }));
    const conditions = async () => (await get("tenantcostsource", "hostile", "tenant-umbrella")).status;
    await eventually(conditions, {
      conditions: expect.arrayContaining([
        expect.objectContaining({
          type: "Stalled",
          reason: "InvalidSpec",
          message: "spec.tenantRef: This namespace is that of Tenant umbrella: leave tenantRef out, or name that one.",
        }),
      ]),
    });
    expect(await there("tableitem", "hostile-summary", "tenant-umbrella")).toBe(false);
    expect((await billed()).budgetUsed).toBe(21);
    await cluster.kubectl(["delete", "tenantcostsource", "hostile", "-n=tenant-umbrella", "--timeout=30s"]);
    await cluster.kubectl(["delete", "tenantcostsource", "acme", `-n=${PLATFORM}`, "--timeout=30s"]);
    await eventually(async () => ({ used: (await billed()).budgetUsed ?? "nothing" }), { used: "nothing" });
    await eventually(async () => ({ queues: cloud.names("Queue").filter((name) => name.includes("-reports-")) }), {
      queues: [],
    });
  });
});

describe("a blueprint", () => {
  const blueprint = (kind: string, name: string, spec: object) => {
    const object = ours(kind, name, spec, PLATFORM);
    return { ...object, metadata: { ...object.metadata, labels: { "onyx.onelens.io/blueprint": "standard" } } };
  };
  const madeOfItself = () => cloud.names("Queue").filter((name) => name.startsWith("prod-onelens-"));
  const timeoutOf = async () => ({ spec: (await get("queue", "jobs", "tenant-initech")).spec });

  it("is copied to its tenants, and so is what changes in it", async () => {
    await applyTenant("initech", { isolation: "Namespace", blueprint: "standard" });
    await eventually(tenant("initech"), { Stalled: "True InvalidSpec" });
    await apply(blueprint("Queue", "jobs", { processingTimeout: "1m" }));
    await eventually(tenant("initech"), { ...fine, phase: "Active" });
    expect(await timeoutOf()).toMatchObject({ spec: { processingTimeout: "1m" } });
    expect((await get("queue", "jobs", PLATFORM)).status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Paused", status: "True", reason: "Blueprint" }),
    );
    expect(madeOfItself()).toEqual([]);
    await apply(blueprint("Queue", "jobs", { processingTimeout: "2m" }));
    await eventually(timeoutOf, { spec: { processingTimeout: "2m" } });
  });

  it("gives a cordoned tenant nothing new", async () => {
    await applyTenant("initech", { isolation: "Namespace", blueprint: "standard", cordoned: true });
    await eventually(tenant("initech"), { phase: "Cordoned" });
    await apply(blueprint("Queue", "more", {}), blueprint("Queue", "jobs", { processingTimeout: "3m" }));
    await eventually(timeoutOf, { spec: { processingTimeout: "3m" } });
    expect(await there("queue", "more", "tenant-initech")).toBe(false);
    await applyTenant("initech", { isolation: "Namespace", blueprint: "standard" });
    await eventually(async () => ({ there: await there("queue", "more", "tenant-initech") }), { there: true });
  });

  it("takes back what is no longer in it", async () => {
    await cluster.kubectl(["delete", "queues.onyx.onelens.io/more", "-n", PLATFORM]);
    await eventually(async () => ({ there: await there("queue", "more", "tenant-initech") }), { there: false });
  });
});

describe("many tenants", () => {
  const writes = () => operatorWrites(cluster.auditLog);
  const spec: TenantSpecInput = {
    isolation: "Namespace",
    blueprint: "standard",
    owners: [{ kind: "User", name: "ann" }],
  };
  /** What the operator writes to onboard one, once all is at rest. */
  async function costOf(name: string): Promise<Readonly<Record<string, number>>> {
    const atRest = async () => {
      const before = (await writes()).length;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return (await writes()).length === before;
    };
    await waitUntil(atRest, { what: "Rest", timeoutMs: 60_000 });
    const before = (await writes()).length;
    await applyTenant(name, spec);
    await eventually(tenant(name), { ...fine, phase: "Active" });
    await waitUntil(atRest, { what: "Rest", timeoutMs: 60_000 });
    const counts: Record<string, number> = {};
    for (const write of (await writes()).slice(before)) counts[write] = (counts[write] ?? 0) + 1;
    return counts;
  }
  /** Status is written as often as there was something new to tell, which hangs on timing. */
  const made = (counts: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(counts).filter(([what]) => !what.endsWith("/status")));

  it("cost no more for one more", async () => {
    const alone = await costOf("one-of-few");
    const names = Array.from({ length: 40 }, (_, n) => `many-${n}`);
    await apply(...names.map((name) => ours("Tenant", name, spec)));
    await cluster.kubectl([
      "wait",
      "--for=condition=Ready",
      "--timeout=150s",
      ...names.map((name) => `tenant/${name}`),
    ]);
    const among = await costOf("one-of-many");
    expect(made(among)).toEqual(made(alone));
    expect(Object.values(among).reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(
      Object.values(alone).reduce((sum, one) => sum + one, 0) + 3,
    );
  }, 300_000);
});

describe("off-boarding", () => {
  it("waits while it is prevented, and touches nothing", async () => {
    await applyTenant("hooli", { isolation: "Namespace", preventDeletion: true });
    await eventually(tenant("hooli"), fine);
    await apply(
      ours("Table", "orders", { partitionKey: { name: "id", type: "String" } }, "tenant-hooli"),
      ours("Queue", "jobs", {}, "tenant-hooli"),
    );
    await cluster.kubectl([
      ...["wait", "--for=condition=Ready", "--timeout=30s", "-n=tenant-hooli"],
      ...["tables.onyx.onelens.io/orders", "queues.onyx.onelens.io/jobs"],
    ]);
    await deleteTenant("hooli");
    await eventually(tenant("hooli"), { Stalled: "True DeletionBlocked", phase: "Offboarding" });
    expect(await there("queue", "jobs", "tenant-hooli")).toBe(true);
  });

  it("goes in order, over an end of the operator, and leaves a row that lists what stays", async () => {
    const order: string[] = [];
    cloud.onDelete = (kind) => order.push(kind);
    await managed?.drop();
    await applyTenant("hooli", { isolation: "Namespace", preventDeletion: false });
    await start();
    await gone("hooli");
    expect(await there("namespace", "tenant-hooli")).toBe(false);
    // The namespace's own go before the row by which its people sign in.
    expect(order.indexOf("Queue")).toBeLessThan(order.indexOf("TableItem"));
    expect(cloud.names("Table").filter((name) => name.includes("orders"))).toHaveLength(1);
    expect(cloud.names("Queue").filter((name) => name.includes("hooli"))).toEqual([]);
    const left = rows().filter(
      (row) => JSON.stringify(row).includes("Offboarded") && JSON.stringify(row).includes("orders"),
    );
    expect(left).toHaveLength(1);
    expect(JSON.stringify(left)).toContain("It holds data, and nobody said that it may go.");
    const note = told.find(({ name, notice }) => name === "hooli" && notice.reason === "Deleted")?.notice.note;
    expect(note).toMatch(
      /^Tenant hooli is off-boarded: \d+ objects of its namespace are removed. These stay in the cloud: Table orders \(toy\/Table\//,
    );
    cloud.onDelete = () => {};
  });

  it("tells what holds it up", async () => {
    await applyTenant("stuck", { isolation: "Namespace" });
    await eventually(tenant("stuck"), fine);
    await apply(ours("Queue", "held", { deletionPolicy: "Block" }, "tenant-stuck"));
    await cluster.kubectl([
      "wait",
      "--for=condition=Ready",
      "--timeout=30s",
      "-n=tenant-stuck",
      "queues.onyx.onelens.io/held",
    ]);
    await deleteTenant("stuck");
    await eventually(tenant("stuck"), {
      Stalled: "True DeletionBlocked",
      message: expect.stringMatching(/^Queue tenant-stuck\/held: deletionPolicy is Block/),
    });
    await apply(ours("Queue", "held", { deletionPolicy: "Delete" }, "tenant-stuck"));
    await gone("stuck");
  });
});
