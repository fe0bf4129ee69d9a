import { describe, expect, it, test } from "vitest";
import { kinds } from "../../crds/index.ts";
import { COUNTED, tenant as kind, type TenantSpec, type TenantSpecInput } from "../../crds/tenant.ts";
import {
  type Child,
  type Composed,
  type CompositeObject,
  type Departure,
  kindOf,
  refOf,
  refText,
  type Seen,
} from "../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import { domainName } from "./tenant/names.ts";
import { tenant } from "./tenant.ts";
import { seenWith } from "./testing/seen.ts";

const TENANCY = {
  namespace: "onelens",
  tenantTable: { name: "onyx-tenant-db" },
  ssoTable: { name: "onyx-auth-sso-tenant-mapping-db", sort: "sso" },
  auditTable: { name: "onyx-tenant-audit-db" },
};
const specOf = (spec: Partial<TenantSpecInput> = {}): TenantSpec =>
  kind.spec.parse({ isolation: "Namespace", ...spec });
type World = NonNullable<Parameters<typeof seenWith>[0]>;
const seen = (world: World = {}): Seen => seenWith({ name: "acme", tenancy: TENANCY, ...world });

function composed(spec: Partial<TenantSpecInput> = {}, world: World = {}): Composed {
  const made = tenant.compose(specOf(spec), seen(world));
  if ("invalid" in made) throw new Error(`spec.${made.invalid.field}: ${made.invalid.message}`);
  return made;
}
const children = (spec: Partial<TenantSpecInput> = {}, world: World = {}) =>
  composed(spec, world).children as readonly Child[];
const texts = (spec: Partial<TenantSpecInput> = {}, world: World = {}) =>
  children(spec, world).map(({ object }) => refText(refOf(object)));
const child = (id: string, spec: Partial<TenantSpecInput> = {}, world: World = {}) =>
  children(spec, world).find((one) => one.id === id)?.object as unknown as {
    readonly metadata: KubeObject["metadata"];
    readonly [field: string]: unknown;
  };
const refused = (spec: Partial<TenantSpecInput>, world: World = {}) => {
  const made = tenant.compose(specOf(spec), seen(world));
  return "invalid" in made ? `${made.invalid.field}: ${made.invalid.message}` : undefined;
};

const object = (kind: string, name: string, over: Partial<KubeObject> & { namespace?: string } = {}): KubeObject => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind,
  spec: {},
  ...over,
  metadata: { namespace: over.namespace ?? "tenant-acme", name, ...over.metadata },
});
const blueprint = (kind: string, name: string, spec: object = {}, labels: Record<string, string> = {}) =>
  object(kind, name, {
    namespace: "onelens",
    spec,
    metadata: { namespace: "onelens", name, labels: { "onyx.onelens.io/blueprint": "standard", ...labels } },
  });

test("each child is of a kind that it declares, and ids are unique", () => {
  const all = children(
    {
      isolation: "Dedicated",
      owners: [{ kind: "User", name: "ann" }],
      viewers: [{ kind: "Group", name: "support" }],
      quota: { pods: 1 },
      sso: [{ domain: "acme.example" }],
      blueprint: "standard",
    },
    { live: [blueprint("Queue", "jobs")] },
  );
  for (const { object } of all) expect(kindOf(tenant.uses, refOf(object)), object.kind).toBeDefined();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
});

test("a quota can count each kind that stands for something in a cloud, services and runs", () => {
  const countable = kinds.filter(({ scope }) => scope === "Namespaced");
  expect(Object.fromEntries(countable.map(({ kind, plural }) => [kind, plural]))).toEqual(COUNTED);
});

describe("isolation", () => {
  it.each([
    ["Shared", ["TableItem onelens/tenant-acme"]],
    [
      "Namespace",
      [
        "Namespace tenant-acme",
        "LimitRange tenant-acme/onyx-tenant",
        "NetworkPolicy tenant-acme/onyx-tenant",
        "ServiceAccount tenant-acme/onyx-tenant",
        "WorkloadIdentity tenant-acme/onyx-tenant",
        "TableItem onelens/tenant-acme",
      ],
    ],
  ] as const)("%s makes just what is its own", (isolation, expected) => {
    expect(texts({ isolation })).toEqual(expected);
  });

  it("gives the namespace what policies go by", () => {
    const labels = child("namespace", { plan: "gold", cordoned: true }).metadata.labels;
    expect(labels).toEqual({
      "onyx.onelens.io/tenant": "acme",
      "onyx.onelens.io/environment": "prod",
      "onyx.onelens.io/plan": "gold",
      "onyx.onelens.io/cordoned": "true",
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
    });
  });

  it.each([
    ["nodes of its own name", {}, "acme"],
    ["nodes that spec names", { nodePool: "big" }, "big"],
  ])("Dedicated has %s", (_, spec, pool) => {
    const { labels } = child("namespace", { isolation: "Dedicated", ...spec }).metadata;
    expect(labels).toHaveProperty(["onyx.onelens.io/node-pool"], pool);
    expect(child("namespace").metadata.labels).not.toHaveProperty(["onyx.onelens.io/node-pool"]);
  });

  it("lets all of it wait for the namespace", () => {
    for (const { id, after, object } of children({ quota: { pods: 1 }, owners: [{ kind: "User", name: "ann" }] }))
      if (object.metadata.namespace === "tenant-acme") expect(after, id).toEqual(["namespace"]);
  });
});

describe("the fence of a namespace", () => {
  it("counts in the words of ResourceQuota", () => {
    const quota = { pods: 5, cpu: "2", memory: "4Gi", storage: "10Gi", objects: { Queue: 3, OnyxService: 0 } };
    expect(child("quota", { quota })).toMatchObject({
      spec: {
        hard: {
          pods: "5",
          "requests.cpu": "2",
          "requests.memory": "4Gi",
          "limits.memory": "4Gi",
          "requests.storage": "10Gi",
          "count/queues.onyx.onelens.io": "3",
          "count/onyxservices.onyx.onelens.io": "0",
        },
      },
    });
    expect(child("quota", { quota: {} })).toBeUndefined();
  });

  it.each([
    ["is not counted yet", undefined, "What is used of it is not counted yet."],
    [
      "counts as it did before a change",
      { hard: { pods: "4" }, used: { pods: "1" } },
      "What is used of it is not counted yet.",
    ],
    ["knows its limit only", { hard: { pods: "5" } }, "What is used of it is not counted yet."],
    ["is in force", { hard: { pods: "5" }, used: { pods: "1" } }, undefined],
  ])("a quota %s", (_, status, message) => {
    const quota = children({ quota: { pods: 5 } }).find(({ id }) => id === "quota");
    expect(quota?.health?.({ ...quota.object, status })?.message).toBe(message);
  });

  it("closes the network but for names, and opens what spec says", () => {
    const closed = child("network").spec as { egress: { ports: unknown }[] };
    expect(closed).not.toHaveProperty("ingress");
    expect(closed).toMatchObject({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    expect(closed.egress).toHaveLength(1);
    expect(closed.egress[0]?.ports).toEqual([
      { protocol: "UDP", port: 53 },
      { protocol: "TCP", port: 53 },
    ]);
    const open = child("network", { network: { withinNamespace: "Allow", allowFrom: ["monitoring", "gateway"] } });
    const from = (name: string) => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });
    expect(open).toMatchObject({
      spec: { ingress: [{ from: [{ podSelector: {} }, from("gateway"), from("monitoring")] }] },
    });
    expect((open.spec as typeof closed).egress.at(-1)).toEqual({ to: [{ podSelector: {} }] });
  });

  it("gives rights by two roles, and to nobody without being told", () => {
    expect(child("owners", { owners: [{ kind: "Group", name: "acme" }] })).toMatchObject({
      roleRef: { kind: "ClusterRole", name: "onyx-tenant-owner" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "acme" }],
    });
    expect(child("viewers", { viewers: [{ kind: "User", name: "ann" }] })).toMatchObject({
      roleRef: { name: "onyx-tenant-viewer" },
    });
    expect([child("owners"), child("viewers")]).toEqual([undefined, undefined]);
  });

  it("tells the ServiceAccount who it is in the cloud as soon as that is known", () => {
    const status = { outputs: { IDENTITY: "role/acme" } };
    const live = [object("WorkloadIdentity", "onyx-tenant", { status })];
    expect(child("serviceaccount", {}, { live }).metadata.annotations).toEqual({
      "test.example/identity": "role/acme",
    });
    expect(child("serviceaccount").metadata).not.toHaveProperty("annotations");
  });
});

describe("rows", () => {
  it("say of a tenant what services need", () => {
    const spec: Partial<TenantSpecInput> = {
      displayName: "Acme Inc.",
      plan: "gold",
      sso: [{ domain: "b.example" }, { domain: "a.example", provider: "okta" }],
      branding: { logo: "x" },
      integrations: ["slack", "jira"],
    };
    expect(child("tenant-acme", spec)).toMatchObject({
      metadata: { namespace: "onelens" },
      spec: {
        deletionPolicy: "Delete",
        tableRef: { name: "onyx-tenant-db" },
        key: { partition: "acme" },
        attributes: {
          displayName: "Acme Inc.",
          isolation: "Namespace",
          cordoned: false,
          plan: "gold",
          namespace: "tenant-acme",
          domains: ["a.example", "b.example"],
          integrations: ["jira", "slack"],
          branding: { logo: "x" },
        },
      },
    });
    expect(child(domainName("a.example"), spec)).toMatchObject({
      spec: {
        tableRef: { name: "onyx-auth-sso-tenant-mapping-db" },
        key: { partition: "a.example", sort: "sso" },
        attributes: { tenant: "acme", provider: "okta" },
      },
    });
  });

  it("of a domain are one object, whoever claims it, and of two domains two", () => {
    const domains = ["a-b.example", "a.b.example", `${"x".repeat(60)}.example`, `${"x".repeat(60)}.example.org`];
    const names = domains.map(domainName);
    expect(new Set(names).size).toBe(domains.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]{0,62}$/);
  });

  it.each([
    [
      "no table for tenants",
      { isolation: "Shared" },
      undefined,
      "isolation: Environment prod names no table for it: set spec.tenancy.tenantTable there.",
    ],
    [
      "no table for domains",
      { sso: [{ domain: "a.example" }] },
      { namespace: "onelens" },
      "sso: Environment prod names no table for it: set spec.tenancy.ssoTable there.",
    ],
    [
      "no place for blueprints",
      { blueprint: "standard" },
      undefined,
      "blueprint: Environment prod does not say where blueprints are: set spec.tenancy.namespace there.",
    ],
  ] as const)("%s is told", (_, spec, tenancy, message) => {
    expect(refused(spec as Partial<TenantSpecInput>, { tenancy: tenancy as never })).toBe(message);
  });

  it("are not needed by a tenant with a namespace", () => {
    expect(texts({}, { tenancy: undefined as never })).not.toContain("TableItem onelens/tenant-acme");
  });
});

describe("a blueprint", () => {
  const held = [
    blueprint("Queue", "jobs", {
      enabled: false,
      disabledReason: "x",
      externalName: "y",
      environmentRef: { name: "z" },
      processingTimeout: "1m",
    }),
    blueprint("Table", "orders", {}, { "onyx.onelens.io/isolation": "Dedicated" }),
    object("Queue", "other", { namespace: "onelens" }),
  ];

  it("is copied, but for where it stands and that it is off", () => {
    expect(child("Queue/jobs", { blueprint: "standard" }, { live: held })).toEqual({
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "Queue",
      metadata: { namespace: "tenant-acme", name: "jobs", labels: { "onyx.onelens.io/tenant": "acme" } },
      spec: { processingTimeout: "1m" },
    });
    expect(child("Queue/jobs", { blueprint: "standard", environmentRef: { name: "e" } }, { live: held })).toMatchObject(
      {
        spec: { environmentRef: { name: "e" } },
      },
    );
  });

  it.each([
    ["Namespace", ["Queue tenant-acme/jobs"]],
    ["Dedicated", ["Queue tenant-acme/jobs", "Table tenant-acme/orders"]],
  ] as const)("gives isolation %s what is meant for it", (isolation, expected) => {
    const copies = texts({ isolation, blueprint: "standard" }, { live: held });
    expect(copies.filter((text) => /^(Queue|Table) /.test(text))).toEqual(expected);
  });

  it("gives a cordoned tenant nothing new, and takes nothing away", () => {
    const cordoned = { isolation: "Dedicated", blueprint: "standard", cordoned: true } as const;
    const copies = texts(cordoned, { live: [...held, object("Table", "orders")] });
    expect(copies.filter((text) => /^(Queue|Table) /.test(text))).toEqual(["Table tenant-acme/orders"]);
  });

  it.each([
    ["nothing", [], /Nothing in namespace onelens has the label onyx.onelens.io\/blueprint: standard/],
    ["a run", [blueprint("WorkflowRun", "now")], /WorkflowRun onelens\/now can't be copied/],
    [
      "what every tenant has",
      [blueprint("WorkloadIdentity", "onyx-tenant")],
      /has a name that every tenant uses itself/,
    ],
    [
      "too much",
      Array.from({ length: 201 }, (_, n) => blueprint("Queue", `q${n}`)),
      /201 objects; a tenant can have copies of 200/,
    ],
  ])("that holds %s is refused", (_, live, message) => {
    expect(refused({ blueprint: "standard" }, { live })).toMatch(message);
  });
});

describe("status", () => {
  const summary = (spec: Partial<TenantSpecInput>, world: World, live: Readonly<Record<string, KubeObject>> = {}) =>
    composed(spec, world).summary((id) => live[id]);
  const isThere = (spec: Partial<TenantSpecInput> = {}) =>
    Object.fromEntries(
      children(spec).map(({ id, object }) => [
        id,
        {
          ...object,
          status: {
            conditions: [
              { type: "Ready", status: "True" },
              { type: "Synced", status: "True" },
            ],
          },
        },
      ]),
    ) as Readonly<Record<string, KubeObject>>;

  it.each([
    ["is being made", {}, {}, undefined, "Onboarding"],
    ["is there", {}, isThere(), undefined, "Active"],
    ["lacks something later", {}, {}, "Active", "Active"],
    ["is cordoned", { cordoned: true }, isThere(), "Active", "Cordoned"],
    ["is cordoned at once", { cordoned: true }, {}, undefined, "Onboarding"],
  ] as const)("tells that it %s", (_, spec, live, before, phase) => {
    expect(summary(spec, { status: { phase: before } }, live)).toMatchObject({ phase, namespace: "tenant-acme" });
  });

  it("tells what is used of the quota, what it costs and how much there is", () => {
    const quota = object("ResourceQuota", "onyx-tenant", {
      status: { hard: { pods: "5", a: "1" }, used: { pods: "2" } },
    });
    const world = { monthlyCost: "12.40 USD", live: [object("Queue", "a"), object("Queue", "b")] };
    expect(summary({ quota: { pods: 5 } }, world, { quota })).toMatchObject({
      quota: [
        { resource: "a", used: "0", hard: "1" },
        { resource: "pods", used: "2", hard: "5" },
      ],
      cost: { monthlyEstimate: "12.40 USD" },
      objects: 2,
    });
  });
});

describe("off-boarding", () => {
  const UID = "uid-acme";
  const namespace: KubeObject = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: "tenant-acme",
      ownerReferences: [{ apiVersion: "x", kind: "Tenant", name: "acme", uid: UID, controller: true }],
    },
  };
  const leaving = (spec: Partial<TenantSpecInput> = {}, world: World = {}, status: object = {}) => {
    const being: CompositeObject<TenantSpec> = {
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "Tenant",
      metadata: { name: "acme", uid: UID, deletionTimestamp: "2026-05-01T10:00:00Z" },
      spec: specOf(spec),
      status: status as never,
    };
    const made = tenant.depart?.(being, seen(world));
    if (!made) throw new Error("A Tenant departs.");
    return made;
  };
  const said = (step: Departure) =>
    "remove" in step
      ? step.remove.map(refText)
      : "apply" in step
        ? `apply ${refText(refOf(step.apply.object))}`
        : "sweep" in step
          ? `sweep ${step.sweep}`
          : step.blocked.reason;
  const made = (kind: string, name: string, spec: object = {}) =>
    object(kind, name, { spec, status: { externalId: `id/${name}` } });
  const contents = [
    made("Table", "orders"),
    made("Queue", "jobs"),
    made("EventRule", "nightly"),
    object("WorkflowRun", "now"),
    object("OnyxService", "api"),
  ];

  it("goes from what runs to the row that stays", () => {
    const inventory = [
      { apiVersion: "onyx.onelens.io/v1alpha1", kind: "TableItem", namespace: "onelens", name: "tenant-acme" },
      { apiVersion: "onyx.onelens.io/v1alpha1", kind: "TableItem", namespace: "tenant-acme", name: "own" },
    ];
    const { steps } = leaving({}, { live: [namespace, ...contents] }, { inventory });
    expect(steps.map(said)).toEqual([
      ["EventRule tenant-acme/nightly", "OnyxService tenant-acme/api"],
      ["WorkflowRun tenant-acme/now"],
      expect.arrayContaining(["Table tenant-acme/orders", "Queue tenant-acme/jobs"]),
      ["Namespace tenant-acme"],
      ["TableItem onelens/tenant-acme"],
      "sweep tenant-acme",
      expect.stringMatching(/^apply TableItem onelens\/left-acme-[0-9a-f]{8}$/),
    ]);
  });

  it("touches nothing while that is prevented", () => {
    expect(said(leaving({ preventDeletion: true }).steps[0] as Departure)).toBe("DeletionBlocked");
  });

  it("leaves alone what is in a namespace of that name that is not its own", () => {
    const foreign = { ...namespace, metadata: { name: "tenant-acme" } };
    const { steps, status } = leaving({}, { live: [foreign, ...contents] });
    expect(steps.slice(0, 3).map(said)).toEqual([[], [], []]);
    expect(status).toMatchObject({ offboarding: { removed: 0 } });
  });

  it.each([
    ["by its spec", made("Queue", "x", { deletionPolicy: "Retain" }), {}, "spec.deletionPolicy is Retain."],
    ["by its Environment", made("Queue", "x"), { Queue: "Retain" }, "Environment prod retains what is a Queue."],
    ["since it holds data", made("Table", "x"), {}, "It holds data, and nobody said that it may go."],
    ["since it was only observed", made("Queue", "x", { managementPolicy: "Observe" }), {}, "It was only observed."],
    ["no: it is deleted", made("Table", "x", { deletionPolicy: "Delete" }), {}, undefined],
    ["no: its Environment says so", made("Table", "x"), { Table: "Delete" }, undefined],
    ["no: it was never made", object("Table", "x"), {}, undefined],
  ] as const)("lists what stays in the cloud: %s", (_, one, deletionPolicies, why) => {
    const { status, farewell } = leaving({}, { live: [namespace, one], deletionPolicies });
    const retained = why && [{ kind: one.kind, name: "x", externalId: "id/x", why }];
    expect(status).toEqual({
      phase: "Offboarding",
      offboarding: { removed: 1, ...(retained ? { retained } : {}) },
    });
    expect(farewell).toContain(why ? `${one.kind} x (id/x)` : "Nothing stays in the cloud.");
  });

  it("remembers what it knew of what is gone by now", () => {
    const offboarding = { removed: 7, retained: [{ kind: "Table", name: "t", externalId: "id/t", why: "w" }] };
    const swept = { searched: ["Queue"], unsearched: ["Bucket"] };
    const { status, steps, farewell } = leaving({}, { live: [namespace] }, { offboarding, swept });
    expect(farewell).toContain("The cloud was searched for what was left: Queue.");
    expect(status).toEqual({ phase: "Offboarding", offboarding });
    const row = steps.flatMap((step) => ("apply" in step ? [step.apply.object] : []))[0];
    expect(row).toMatchObject({
      spec: {
        deletionPolicy: "Retain",
        key: { partition: "acme", sort: "2026-05-01T10:00:00Z" },
        attributes: {
          event: "Offboarded",
          removed: 7,
          retainedCount: 1,
          ...swept,
          digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      },
    });
  });
});
