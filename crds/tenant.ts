import { z } from "zod";
import { amount, currency, money } from "./bill.ts";
import { ageColumn, readyColumn, whyColumns } from "./columns.ts";
import { compositeStatus } from "./composite.ts";
import type { ObjectOf, SpecInputOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { cpu, memory } from "./quantity.ts";
import { localReference } from "./refs.ts";
import { immutable, type Rule, withRules } from "./rules.ts";
import { formed, label, list, map, mapList, set, text } from "./text.ts";

/** The ClusterRoles that a tenant's people get in its namespace. */
export const TENANT_ROLES = { owner: "onyx-tenant-owner", viewer: "onyx-tenant-viewer" } as const;

/** From the weakest to the strongest; a tenant can only go to a stronger one. */
export const ISOLATIONS = ["Shared", "Namespace", "Dedicated"] as const;

/** The kinds that a quota can count: those that stand for something in a cloud, services and runs. */
export const COUNTED = {
  Bucket: "buckets",
  EncryptionKey: "encryptionkeys",
  EventRule: "eventrules",
  ManagedSecret: "managedsecrets",
  OnyxService: "onyxservices",
  Queue: "queues",
  Table: "tables",
  TableItem: "tableitems",
  TenantCostSource: "tenantcostsources",
  Topic: "topics",
  Workflow: "workflows",
  WorkflowRun: "workflowruns",
  WorkloadIdentity: "workloadidentities",
} as const;

const who = () =>
  mapList(
    z.strictObject({
      kind: z.enum(["User", "Group"]).describe("A person or program, or a group of them."),
      name: text(253).describe("The name that the cluster knows it by."),
    }),
    32,
    "kind",
    "name",
  );

const quota = z.strictObject({
  pods: z.int().min(0).max(100_000).optional().describe("Pods that are not over."),
  cpu: cpu().optional().describe("Processors that all pods together may ask for (requests.cpu)."),
  memory: memory()
    .optional()
    .describe("Memory that all pods together may ask for, and be limited to (requests.memory, limits.memory)."),
  storage: memory().optional().describe("Volumes, all together (requests.storage)."),
  objects: map(z.int().min(0).max(100_000).describe("So many."), {
    key: new RegExp(`^(${Object.keys(COUNTED).join("|")})$`),
    what: `keys of quota.objects are ${Object.keys(COUNTED).join(", ")}`,
    maxProperties: Object.keys(COUNTED).length,
  })
    .optional()
    .describe("By kind: how many objects of it there may be, and so how many things in the cloud."),
});

const limits = z.strictObject({
  cpu: cpu().optional().describe("Processors that a container asks for that does not say. Absent: 100m."),
  memory: memory().optional().describe("Memory that a container asks for that does not say. Absent: 128Mi."),
  memoryLimit: memory().optional().describe("Memory that a container is limited to that does not say. Absent: 256Mi."),
});

const network = z.strictObject({
  withinNamespace: z
    .enum(["Deny", "Allow"])
    .optional()
    .describe(
      "Whether its pods may talk to each other without more. Absent: Deny; an OnyxService says itself who may call it.",
    ),
  allowFrom: set(label().describe("Name of a namespace."), 32)
    .optional()
    .describe("Namespaces whose pods may connect to all of its pods, such as that of the gateway."),
});

const domain = () =>
  formed(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
    253,
    "must be a domain in lower case, such as acme.example",
  );

const ofItsOwn = (field: string, what: string): Rule => ({
  rule: `self.isolation != 'Shared' || !has(self.${field})`,
  message: `${field} ${what}: it needs isolation Namespace or Dedicated`,
  reason: "FieldValueForbidden",
  fieldPath: `.${field}`,
});

const spec = withRules(
  z.strictObject({
    environmentRef: localReference("Environment")
      .optional()
      .describe("The Environment that it stands in. Absent: the one that is marked as default. It can't be changed."),
    displayName: text(128).optional().describe("Its name for people."),
    isolation: z
      .enum(ISOLATIONS)
      .describe(
        "How far it is apart from the others. Shared: rows of its own in common tables. Namespace: a namespace of its own, with quota, rights, network policies and an identity in the cloud. Dedicated: what is its own in the cloud too, and nodes of its own. It can become stronger, not weaker.",
      ),
    namespaceName: label()
      .optional()
      .describe("Its namespace. Absent: tenant- and its name. It can't be changed once it is there."),
    plan: formed(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 63, "plan must be a word of a-z, 0-9 and '-'")
      .optional()
      .describe("What it has bought: an attribute of its row, and the label onyx.onelens.io/plan of its namespace."),
    blueprint: label()
      .optional()
      .describe(
        "It gets a copy of each object that has the label onyx.onelens.io/blueprint with this value, in the namespace that the Environment names under tenancy. Those that also have onyx.onelens.io/isolation: Dedicated are for dedicated tenants only.",
      ),
    owners: who().optional().describe(`Who may change what is in its namespace: ClusterRole ${TENANT_ROLES.owner}.`),
    viewers: who().optional().describe(`Who may look at what is in its namespace: ClusterRole ${TENANT_ROLES.viewer}.`),
    quota: quota.optional().describe("The most that it may have. Refused when it is asked for, by the API server."),
    limits: limits.optional().describe("What a container gets that does not say what it needs."),
    network: network.optional().describe("Beside what its services open: all else is closed."),
    nodePool: label()
      .optional()
      .describe(
        "The nodes that its pods run on, and nobody else's: those with the label onyx.onelens.io/pool and a taint of that name with this value. Absent: its name, if it is dedicated.",
      ),
    sso: mapList(
      z.strictObject({
        domain: domain().describe("Domain of its people's e-mail addresses. One tenant has it."),
        provider: text(253).optional().describe("Who signs them in, as the authentication service knows it."),
      }),
      32,
      "domain",
    )
      .optional()
      .describe("Whose people are the tenant's: a row each in the table of domains."),
    branding: map(z.string().max(1024).describe("Value."), {
      key: /^[A-Za-z][A-Za-z0-9_]{0,62}$/,
      what: "keys of branding must begin with a letter, then letters, digits and '_'",
      maxProperties: 32,
    })
      .optional()
      .describe("What its people see: logo, colours and the like, as the services know them. No secrets."),
    integrations: set(
      formed(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 63, "an integration must be a word of a-z, 0-9 and '-'"),
      64,
    )
      .optional()
      .describe("Integrations that are switched on for it."),
    budget: z
      .strictObject({
        amount: withRules(amount(), {
          rule: "self.matches('[1-9]')",
          message: "amount of a budget must be more than 0",
        }).describe("The most that is to be spent in a month."),
        currency: currency().describe("Only what is billed in it is counted."),
        thresholds: set(z.int().min(1).max(1000).describe("Percent."), 10)
          .optional()
          .describe(
            "At each of these shares of it, in percent, the condition WithinBudget and an event tell of it. Absent: 50, 80 and 100.",
          ),
      })
      .optional()
      .describe("What its bills may come to in a month. Nothing is stopped when it is used up."),
    cordoned: z
      .boolean()
      .default(false)
      .describe("True: nothing new can be made in its namespace; what is there goes on and can be changed."),
    preventDeletion: z
      .boolean()
      .default(false)
      .describe("True: it can't be deleted, and nothing of it goes, before this is false again."),
  }),
  {
    rule: "oldSelf.isolation == 'Shared' || self.isolation == 'Dedicated' || self.isolation == oldSelf.isolation",
    message:
      "isolation can only become stronger (Shared, Namespace, Dedicated): what is the tenant's own would have to go where others are. Make a new Tenant and move it over",
    reason: "FieldValueForbidden",
    fieldPath: ".isolation",
  },
  {
    rule: "oldSelf.isolation == 'Shared' || (has(self.namespaceName) == has(oldSelf.namespaceName) && (!has(self.namespaceName) || self.namespaceName == oldSelf.namespaceName))",
    message: "namespaceName can't be changed: all that the tenant has is in it; make a new Tenant",
    reason: "FieldValueForbidden",
    fieldPath: ".namespaceName",
  },
  immutable("environmentRef", "all that the tenant has stands in it; make a new Tenant"),
  ofItsOwn("namespaceName", "is for a tenant that has one"),
  ofItsOwn("blueprint", "is copied to the tenant's namespace"),
  ofItsOwn("owners", "get rights in the tenant's namespace"),
  ofItsOwn("viewers", "get rights in the tenant's namespace"),
  ofItsOwn("quota", "holds in the tenant's namespace"),
  ofItsOwn("limits", "hold in the tenant's namespace"),
  ofItsOwn("network", "holds in the tenant's namespace"),
  {
    rule: "self.isolation == 'Dedicated' || !has(self.nodePool)",
    message: "nodePool is for tenants with nodes of their own: it needs isolation Dedicated",
    reason: "FieldValueForbidden",
    fieldPath: ".nodePool",
  },
);

const counted = (what: string) => text(64).describe(what);

const status = z.strictObject({
  ...compositeStatus,
  phase: z
    .enum(["Onboarding", "Active", "Cordoned", "Offboarding"])
    .optional()
    .describe("Where it stands: being made; in use; in use with nothing new; on its way out."),
  namespace: z.string().max(63).optional().describe("Its namespace."),
  objects: z.int().min(0).optional().describe("Objects of ours in its namespace."),
  quota: mapList(
    z.strictObject({
      resource: text(317).describe("What is counted, in the words of ResourceQuota."),
      used: counted("So much is used."),
      hard: counted("So much may be."),
    }),
    64,
    "resource",
  )
    .optional()
    .describe("What it has used of its quota."),
  cost: z
    .strictObject({
      monthlyEstimate: text(64)
        .optional()
        .describe(
          "What the things in its namespace cost a month by list prices, whether they are used or not, with the currency: 12.40 USD.",
        ),
      month: z.string().max(7).optional().describe("The last month that there is a bill of, such as 2026-11."),
      monthToDate: mapList(money(), 32, "currency").optional().describe("What was billed in it, by currency."),
      forecast: mapList(money(), 32, "currency").optional().describe("What will have been billed in it."),
      total: z.string().max(512).optional().describe("All of monthToDate in one text."),
      asOf: z.string().max(64).optional().describe("When the oldest of its bills was taken in."),
    })
    .optional()
    .describe("What it costs."),
  budgetUsed: z.int().min(0).optional().describe("Percent of its budget that month to date is, rounded down."),
  swept: z
    .strictObject({
      searched: list(text(63).describe("Kind."), 64).describe("Kinds that were looked for: none was there any more."),
      unsearched: list(text(63).describe("Kind."), 64)
        .optional()
        .describe("Kinds that the cloud can't list, or does not let us."),
    })
    .optional()
    .describe("What was searched for in the cloud at the end of its off-boarding."),
  offboarding: z
    .strictObject({
      removed: z.int().min(0).describe("Objects of ours that were in its namespace when it was deleted."),
      retained: list(
        z.strictObject({
          kind: text(63).describe("Kind."),
          name: text(253).describe("Name."),
          externalId: text(2048).describe("The cloud's id of it."),
          why: text(512).describe("Why it stays."),
        }),
        256,
      )
        .optional()
        .describe("What stays in the cloud."),
    })
    .optional()
    .describe("What came of what it had."),
});

export const tenant = defineKind({
  kind: "Tenant",
  plural: "tenants",
  shortNames: ["oxten"],
  scope: "Cluster",
  role: "composite",
  maxNameLength: 40,
  doc: `One customer: to make it is to onboard the customer, to delete it is to off-board them.

It writes the customer's rows into the tables that the Environment names, and, if the customer is to be apart from the
others, makes a namespace with quota, rights, network policies, an identity in the cloud and a copy of a blueprint. What
is in the namespace goes with it, in order; what holds data stays in the cloud unless it says otherwise, and is listed.`,
  spec,
  status,
  columns: [
    readyColumn,
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "Where it stands." },
    { name: "Isolation", type: "string", jsonPath: ".spec.isolation", description: "How far it is apart." },
    { name: "Namespace", type: "string", jsonPath: ".status.namespace", description: "Its namespace." },
    { name: "MTD-Cost", type: "string", jsonPath: ".status.cost.total", description: "What was billed this month." },
    {
      name: "Budget%",
      type: "integer",
      jsonPath: ".status.budgetUsed",
      description: "Part of the budget that is used.",
    },
    ageColumn,
    ...whyColumns,
    {
      name: "Cost/Mo",
      type: "string",
      jsonPath: ".status.cost.monthlyEstimate",
      description: "What the things in its namespace cost a month whether they are used or not.",
      priority: 1,
    },
    { name: "Plan", type: "string", jsonPath: ".spec.plan", description: "What it has bought.", priority: 1 },
    {
      name: "Objects",
      type: "integer",
      jsonPath: ".status.objects",
      description: "Objects of ours in its namespace.",
      priority: 1,
    },
  ],
  selectableFields: [".spec.isolation", ".spec.plan", ".spec.cordoned", ".spec.environmentRef.name"],
});

export type TenantSpec = SpecOf<typeof tenant>;
export type TenantSpecInput = SpecInputOf<typeof tenant>;
export type TenantStatus = StatusOf<typeof tenant>;
export type TenantObject = ObjectOf<typeof tenant>;
