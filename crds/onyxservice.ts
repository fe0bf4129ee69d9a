import { z } from "zod";
import { ACCESS, access, accessFits, BINDABLE, type BindingField } from "./access.ts";
import { ageColumn, readyColumn, whyColumns } from "./columns.ts";
import { compositeStatus } from "./composite.ts";
import type { ObjectOf, SpecInputOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { durationWithin } from "./duration.ts";
import { disabledNeedsReason, switchable } from "./leaf.ts";
import { limits } from "./limits.ts";
import { portNumber, probe } from "./probe.ts";
import { cpu, memory } from "./quantity.ts";
import { localReference } from "./refs.ts";
import type { Rule } from "./rules.ts";
import { atLeastOne, exactlyOne, withRules } from "./rules.ts";
import { formed, label, list, map, mapList, objectName, set, text } from "./text.ts";

const limit = limits.scaling;

const word = (pattern: string, what: string) => formed(new RegExp(pattern), 63, what);

const config = withRules(
  z.strictObject({
    name: objectName().optional().describe("Name of the ConfigMap. Absent: the name of the service."),
    data: map(z.string().max(65_536).describe("Value."), {
      key: /^[A-Za-z0-9._-]{1,253}$/,
      what: "keys of config.data must be of letters, digits, '-', '_' and '.'",
      maxProperties: 256,
    })
      .optional()
      .describe("What is in it: the operator makes the ConfigMap. Absent: a ConfigMap of that name must be there."),
    mountPath: formed(/^\/[^:\s]*$/, 255, "mountPath must be an absolute path")
      .optional()
      .describe("Folder in which each key is a file. Absent: each key is an environment variable."),
  }),
  atLeastOne("name", "data"),
);

const bindable = Object.keys(BINDABLE) as BindingField[];
const others = (field: BindingField) =>
  bindable.filter((other) => other !== field).map((other) => `has(self.${other})`);

const binding = withRules(
  z
    .strictObject({
      queue: objectName().optional().describe("Name of a Queue in this namespace."),
      table: objectName().optional().describe("Name of a Table in this namespace."),
      key: objectName().optional().describe("Name of an EncryptionKey in this namespace."),
      secret: objectName().optional().describe("Name of a ManagedSecret in this namespace."),
      topic: objectName().optional().describe("Name of a Topic in this namespace."),
      bucket: objectName().optional().describe("Name of a Bucket in this namespace."),
      workflow: objectName().optional().describe("Name of a Workflow in this namespace."),
      access: access(),
    } satisfies Record<BindingField | "access", z.ZodType>)
    .refine(
      (given) => bindable.filter((field) => given[field] !== undefined).length === 1,
      `give exactly one of ${bindable.join(", ")}`,
    ),
  exactlyOne(...bindable),
  ...bindable.map((field) => ({
    rule: [`!has(self.${field})`, ...others(field), accessFits(BINDABLE[field])].join(" || "),
    message: `access to a ${field} is one of ${ACCESS[BINDABLE[field]].join(", ")}`,
    fieldPath: ".access",
  })),
);

const health = withRules(
  z.strictObject({
    startup: probe().optional().describe("Asked first, until it is well once; the others wait for it."),
    liveness: probe().optional().describe("Ill: the container is started again."),
    readiness: probe().optional().describe("Ill: no traffic comes."),
    none: text(512).optional().describe("Why this service has no health checks."),
  }),
  {
    rule: "!has(self.none) || (!has(self.startup) && !has(self.liveness) && !has(self.readiness))",
    message: "health.none says that there are no checks, so startup, liveness and readiness can't be given",
    reason: "FieldValueForbidden",
    fieldPath: ".none",
  },
);

const scaling = withRules(
  z.strictObject({
    min: z.int().min(1).max(1000).describe("Fewest replicas while there is something to do."),
    max: z.int().min(1).max(1000).describe("Most replicas."),
    cpu: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe("Add replicas above this use of the requested processors, in percent."),
    memory: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe("Add replicas above this use of the requested memory, in percent."),
    queueBacklog: z
      .strictObject({
        queue: objectName().describe("Name of a Queue that the service is bound to with access Consume."),
        perReplica: z
          .int()
          .min(limit.backlogPerReplica.portable.min)
          .max(limit.backlogPerReplica.portable.max)
          .describe("Messages that one replica is there for, those being worked on included."),
        activation: z
          .int()
          .min(0)
          .max(limit.backlogPerReplica.portable.max)
          .optional()
          .describe("With toZero: more messages than this wake the service up. Absent: 0."),
      })
      .optional()
      .describe("Scale by the messages that wait in a queue."),
    toZero: z
      .boolean()
      .optional()
      .describe(
        "No replica at all while the queue is empty. Absent: false. Waking up takes about one minute on AWS, three on GCP.",
      ),
    cooldown: durationWithin("cooldown", limit.cooldown.portable)
      .optional()
      .describe(
        "How long fewer replicas must have been enough before some go, to zero included: 30s to 1h. Absent: 5m.",
      ),
    onMetricFailure: z
      .union([z.int().min(1).max(1000), z.literal("Hold")])
      .meta({ "x-kubernetes-int-or-string": true, minimum: 1, pattern: "^Hold$" })
      .optional()
      .describe(
        "What to do while the backlog can't be read. Hold: keep the replicas. A number: have at least so many. Absent: Hold.",
      ),
  }),
  { rule: "self.min <= self.max", message: "max must not be below min", fieldPath: ".max" },
  atLeastOne("cpu", "memory", "queueBacklog"),
  {
    rule: "!has(self.toZero) || !self.toZero || has(self.queueBacklog)",
    message: "toZero needs queueBacklog: processors and memory can't wake up what doesn't run",
    fieldPath: ".toZero",
  },
);

const peer = {
  service: label().optional().describe("Name of an OnyxService. Absent: every pod of the namespace."),
  namespace: label().optional().describe("Its namespace. Absent: this one."),
};

const network = z.strictObject({
  allowFrom: list(withRules(z.strictObject(peer), atLeastOne("service", "namespace")), 64)
    .optional()
    .describe("Who may call its ports. Absent: nobody."),
  allowTo: list(
    withRules(
      z.strictObject({
        ...peer,
        cidr: formed(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/, 43, "cidr must be a network such as 10.0.0.0/8")
          .optional()
          .describe("A network outside the cluster."),
        ports: set(portNumber().describe("Port (TCP)."), 32).optional().describe("Absent: every port."),
      }),
      atLeastOne("service", "namespace", "cidr"),
      {
        rule: "!has(self.cidr) || (!has(self.service) && !has(self.__namespace__))",
        message: "give either cidr, or service and namespace",
        fieldPath: ".cidr",
      },
    ),
    64,
  )
    .optional()
    .describe("What it may call besides what it is bound to, DNS and the cloud's APIs. Absent: nothing."),
});

const schedule = z.strictObject({
  cron: formed(
    /^[0-9A-Za-z*,/-]+( [0-9A-Za-z*,/-]+){4}$/,
    100,
    "cron must have five fields: minute, hour, day of month, month, day of week",
  ).describe("When: minute, hour, day of month, month, day of week."),
  timeZone: formed(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/, 63, "timeZone must be a name such as Europe/Berlin")
    .optional()
    .describe("Absent: UTC."),
  concurrency: z
    .enum(["Allow", "Forbid", "Replace"])
    .optional()
    .describe(
      "When the run before is not done: Allow both, Forbid the new one, or Replace the old one. Absent: Forbid.",
    ),
});

const longRunning = "self.workload in ['Deployment', 'StatefulSet']";

const rules: readonly Rule[] = [
  disabledNeedsReason,
  {
    rule: `!has(self.ports) || self.ports.size() == 0 || !(${longRunning}) || (has(self.health) && (has(self.health.none) || (has(self.health.liveness) && has(self.health.readiness))))`,
    message:
      "a service with ports needs health.liveness and health.readiness; if it can have none, health.none must say why",
    reason: "FieldValueRequired",
    fieldPath: ".health",
  },
  {
    rule: `!has(self.scaling) || ${longRunning}`,
    message: "scaling is for workload Deployment and StatefulSet",
    reason: "FieldValueForbidden",
    fieldPath: ".scaling",
  },
  {
    rule: "!(has(self.scaling) && has(self.replicas))",
    message: "scaling decides the number of replicas: change scaling.min and scaling.max, and leave replicas out",
    reason: "FieldValueForbidden",
    fieldPath: ".replicas",
  },
  {
    rule: `!has(self.replicas) || ${longRunning}`,
    message: "replicas is for workload Deployment and StatefulSet",
    reason: "FieldValueForbidden",
    fieldPath: ".replicas",
  },
  {
    rule: "has(self.schedule) == (self.workload == 'CronJob')",
    message: "workload CronJob needs schedule, and no other workload has one",
    fieldPath: ".schedule",
  },
  {
    rule: "!has(self.scaling) || !has(self.scaling.queueBacklog) || (has(self.bindings) && self.bindings.exists(b, has(b.queue) && b.queue == self.scaling.queueBacklog.queue && b.access == 'Consume'))",
    message: "scaling.queueBacklog.queue must be a queue of bindings with access: Consume",
    fieldPath: ".scaling.queueBacklog.queue",
  },
  {
    rule: "!has(self.scaling) || !has(self.scaling.cpu) || (has(self.resources) && has(self.resources.requests) && has(self.resources.requests.cpu))",
    message: "scaling.cpu is a share of resources.requests.cpu: give that too",
    reason: "FieldValueRequired",
    fieldPath: ".resources",
  },
  {
    rule: "!has(self.scaling) || !has(self.scaling.memory) || (has(self.resources) && has(self.resources.requests) && has(self.resources.requests.memory))",
    message: "scaling.memory is a share of resources.requests.memory: give that too",
    reason: "FieldValueRequired",
    fieldPath: ".resources",
  },
  {
    rule: "!has(self.bindings) || self.bindings.all(a, self.bindings.exists_one(b, a == b))",
    message: "bindings has the same entry twice",
    fieldPath: ".bindings",
  },
];

const resourceList = () =>
  z.strictObject({
    cpu: cpu().optional().describe("Processors: 250m, 1.5 or 2."),
    memory: memory().optional().describe("Memory: 512Mi or 2Gi."),
  });

const spec = withRules(
  z.strictObject({
    ...switchable,
    enabled: switchable.enabled.describe(
      "False: what runs and what scales it is removed. Kept are its ServiceAccount with identity and rights, configuration, Service and NetworkPolicy, so that it comes back as it was.",
    ),
    environmentRef: localReference("Environment")
      .optional()
      .describe("The Environment that it stands in. Absent: the one that is marked as default."),
    workload: z
      .enum(["Deployment", "Job", "CronJob", "StatefulSet"])
      .default("Deployment")
      .describe("What runs it. A consumer of a queue is a Deployment that scales by the backlog."),
    image: formed(
      /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/,
      512,
      "image must be the name of a container image, such as orders-api:1.4.2 or registry.example.com/orders-api:1.4.2",
    ).describe("Its container image. A name without a host is taken from the Environment's imageRegistry."),
    command: list(text(4096).describe("Program or argument."), 64)
      .optional()
      .describe("Instead of the image's entrypoint."),
    args: list(z.string().max(4096).describe("Argument."), 64).optional().describe("Arguments of the entrypoint."),
    env: map(z.string().max(32_768).describe("Value."), {
      key: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
      what: "keys of env must be of letters, digits and '_', and not begin with a digit",
      maxProperties: 256,
    })
      .optional()
      .describe("Environment variables. Those of bindings (QUEUE_<NAME>_URL, …) come by themselves."),
    config: config.optional().describe("Its ConfigMap."),
    secrets: set(objectName().describe("Name of a Secret in this namespace."), 32)
      .optional()
      .describe(
        "Secrets whose keys become environment variables. Pods start anew when a ManagedSecret writes another version of its value into one (syncTo); nobody tells of other changes.",
      ),
    ports: mapList(
      z.strictObject({
        name: formed(
          /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
          15,
          "a port's name must be at most 15 characters of a-z, 0-9 and '-', and begin with a letter",
        ).describe("Name, such as http."),
        port: portNumber().describe("Port of the container, and of the Service."),
        protocol: z.enum(["TCP", "UDP"]).optional().describe("Absent: TCP."),
      }),
      16,
      "name",
    )
      .optional()
      .describe("Ports that others call. With them a Service is made."),
    resources: z
      .strictObject({
        requests: resourceList().optional().describe("What it gets for sure."),
        limits: resourceList().optional().describe("What it can't go beyond."),
      })
      .optional()
      .describe("Processors and memory of a replica."),
    tmpSize: memory().optional().describe("The most that each replica can keep in /tmp. Absent: 1Gi."),
    health: health.optional().describe("How to see that it is well."),
    bindings: list(binding, 32)
      .optional()
      .describe(
        "What it uses in the cloud. Each gives environment variables, rights and, where needed, a way through the network.",
      ),
    replicas: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe("Number of replicas, when no scaling decides it. Absent: 1."),
    scaling: scaling.optional().describe("How many replicas there are, by what they have to do."),
    disruption: z
      .strictObject({
        maxUnavailable: z.int().min(1).max(1000).describe("Replicas that may be away at once."),
      })
      .optional()
      .describe("How much a drain of nodes may take away at once. Absent: one replica."),
    network: network.optional().describe("Who may talk to it and whom it may call. What isn't named is closed."),
    schedule: schedule.optional().describe("When it runs. For workload CronJob."),
    serviceAccountName: objectName()
      .optional()
      .describe(
        "A ServiceAccount that is there already. Absent: one of its own is made, with the name of the service.",
      ),
    team: word("^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$", "team must be a label's value: a-z, 0-9, '_' and '-'")
      .optional()
      .describe("Who it belongs to: label onyx.onelens.io/team and tag onyx-team."),
    costCenter: word("^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$", "costCenter must be a label's value: a-z, 0-9, '_' and '-'")
      .optional()
      .describe("Who pays for it: label onyx.onelens.io/cost-center and tag onyx-cost-center."),
    tier: z
      .enum(["Critical", "Important", "Standard"])
      .default("Standard")
      .describe(
        "How much depends on it, and so what holds data and it is bound to must have: Critical seven days back (pointInTimeRecovery of tables; versioning, softDeleteDays or retention of buckets; recoveryDays of secrets), deletionProtection of tables, and no deletionPolicy Delete; Important one day. The condition RecoveryMet tells what is missing.",
      ),
    recovery: z
      .strictObject({
        rpo: durationWithin("rpo", { min: 1, max: 31 * 86_400 })
          .optional()
          .describe(
            "How much of the latest work may be lost. Any needs pointInTimeRecovery of Tables, and versioning, softDeleteDays or retention of Buckets; less than 5m of a Table can't be promised by both clouds.",
          ),
        rto: durationWithin("rto", { min: 1, max: 31 * 86_400 })
          .optional()
          .describe(
            "How long a restore may take. No setting tells whether it does: that hangs on the amount of data, so try it out. Needs the same settings, from which is restored.",
          ),
      })
      .optional()
      .describe("What a restore must come to. The condition RecoveryMet tells whether what it is bound to allows it."),
  }),
  ...rules,
);

const status = z.strictObject({
  ...compositeStatus,
  replicas: z.int().min(0).optional().describe("Replicas that are there."),
  readyReplicas: z.int().min(0).optional().describe("Replicas that are ready."),
  selector: z.string().max(1024).optional().describe("Label selector of its pods."),
  image: z.string().max(1024).optional().describe("The image with its registry, as the pods have it."),
});

export const onyxService = defineKind({
  kind: "OnyxService",
  plural: "onyxservices",
  shortNames: ["oxsvc"],
  scope: "Namespaced",
  role: "composite",
  maxNameLength: limit.cronJobName.portable.max,
  doc: `One microservice: what runs, what it is bound to, how it scales and who may talk to it.

It becomes a workload with its ServiceAccount, WorkloadIdentity, ConfigMap, Service, scaler, PodDisruptionBudget and
NetworkPolicy. Every bound resource reaches the container under the same environment variables on both clouds.`,
  spec,
  status,
  columns: [
    readyColumn,
    { name: "Workload", type: "string", jsonPath: ".spec.workload", description: "What runs it." },
    { name: "Replicas", type: "integer", jsonPath: ".status.replicas", description: "Replicas that are there." },
    { name: "Enabled", type: "boolean", jsonPath: ".spec.enabled", description: "Switched on." },
    { name: "Tier", type: "string", jsonPath: ".spec.tier", description: "How much depends on it." },
    ageColumn,
    ...whyColumns,
    { name: "Image", type: "string", jsonPath: ".spec.image", description: "Its image.", priority: 1 },
    { name: "Team", type: "string", jsonPath: ".spec.team", description: "Who it belongs to.", priority: 1 },
  ],
  selectableFields: [".spec.enabled", ".spec.workload", ".spec.tier", ".spec.team", ".spec.costCenter"],
  scale: {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".status.selector",
  },
});

export type OnyxServiceSpec = SpecOf<typeof onyxService>;
export type OnyxServiceSpecInput = SpecInputOf<typeof onyxService>;
export type OnyxServiceStatus = StatusOf<typeof onyxService>;
export type OnyxServiceObject = ObjectOf<typeof onyxService>;
