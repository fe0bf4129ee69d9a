import { z } from "zod";
import { leafColumns, orderingColumn } from "./columns.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { durationWithin, isDurationCel } from "./duration.ts";
import { encryption, leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { limits } from "./limits.ts";
import { messageStorage } from "./message-storage.ts";
import { numberRange, numberWithin } from "./ranges.ts";
import { immutable, withRules } from "./rules.ts";
import { formed, text } from "./text.ts";

const limit = limits.topic;

const roleArn = () =>
  formed(
    /^arn:[a-z-]+:iam::[0-9]{12}:role\/.+$/,
    2048,
    "must be the ARN of an IAM role: arn:aws:iam::ACCOUNT:role/NAME",
  );

const deliveryPolicy = withRules(
  z.strictObject({
    retries: numberWithin(limit.deliveryRetries).describe("How often SNS tries again: 0 to 100."),
    minimumDelay: durationWithin("minimumDelay", limit.deliveryDelay.aws).describe("Shortest wait: 1s to 1h."),
    maximumDelay: durationWithin("maximumDelay", limit.deliveryDelay.aws).describe("Longest wait: 1s to 1h."),
    backoff: z
      .enum(["Linear", "Arithmetic", "Geometric", "Exponential"])
      .optional()
      .describe("How waits grow from the shortest to the longest. SNS's default is Linear."),
    maxReceivesPerSecond: z.int().min(1).optional().describe("Most deliveries a second to one subscription."),
  }),
  {
    rule: `!${isDurationCel("self.minimumDelay")} || !${isDurationCel("self.maximumDelay")} || duration(self.minimumDelay) <= duration(self.maximumDelay)`,
    message: "maximumDelay must not be below minimumDelay",
    fieldPath: ".maximumDelay",
  },
);

const deliveryStatus = z.strictObject({
  successRoleArn: roleArn().describe("Role by which SNS writes successes to CloudWatch Logs."),
  failureRoleArn: roleArn().describe("Role by which SNS writes failures to CloudWatch Logs."),
  successSamplePercent: z.int().min(0).max(100).describe("How many of the successes are written."),
});

const schema = z.strictObject({
  name: formed(
    /^projects\/[^/]+\/schemas\/[^/]+$/,
    512,
    "must be the name of a Pub/Sub schema: projects/P/schemas/S",
  ).describe("The schema: projects/P/schemas/S."),
  encoding: z.enum(["Json", "Binary"]).describe("How messages are written."),
  firstRevisionId: text(64).optional().describe("Oldest revision that a message may follow. Absent: any."),
  lastRevisionId: text(64).optional().describe("Newest revision that a message may follow. Absent: any."),
});

const spec = leafSpec(
  {
    ordering: z
      .enum(["None", "PerKey"])
      .default("None")
      .describe(
        "PerKey: a subscriber that keeps order gets the messages of one key as they were sent: a FIFO queue on AWS, a subscription with message ordering on GCP. Fixed once the topic is made.",
      ),
    maxMessageBytes: numberWithin(limit.maxMessageBytes)
      .default(limit.maxMessageBytes.portable.default)
      .describe(
        "Largest message in bytes, attributes included. GCP has no such setting: there the producer has to check. Above 256 KiB AWS takes at most 100 subscriptions.",
      ),
    encryption: encryption(),
  },
  {
    aws: {
      displayName: text(100).optional().describe("Name of the sender in e-mails and text messages."),
      deliveryPolicy: deliveryPolicy.optional().describe("How SNS tries again for subscriptions by HTTP."),
      tracing: z
        .enum(["PassThrough", "Active"])
        .optional()
        .describe(
          "Active: SNS sends its own segments to X-Ray. Only with ordering None. SNS's default is PassThrough.",
        ),
      signatureVersion: z
        .int()
        .min(1)
        .max(2)
        .optional()
        .describe("How messages by HTTP are signed: 1 is SHA-1, SNS's default; 2 is SHA-256."),
      fifo: z
        .strictObject({
          throughputPer: z
            .enum(["Key", "Topic"])
            .optional()
            .describe(
              "Where a deduplication id counts, and with it what SNS's bound of throughput is for: each key, or the whole topic. Absent: Key.",
            ),
          deduplicateByContent: z
            .boolean()
            .optional()
            .describe("True: a message without a deduplication id gets the hash of its body for one. Absent: false."),
        })
        .optional()
        .describe("How a topic with ordering PerKey deduplicates. Absent: as much throughput as SNS can."),
      deliveryStatus: deliveryStatus.optional().describe("Log of the deliveries to queues, in CloudWatch Logs."),
    },
    gcp: {
      messageStorage: messageStorage()
        .optional()
        .describe(
          "Where messages may lie. Absent: what the organization's policy says. Taken away, what was set stays in force.",
        ),
      retention: durationWithin("retention", limit.retention.gcp)
        .optional()
        .describe("How long published messages are kept for replay, whether acknowledged or not: 10m to 744h."),
      schema: schema.optional().describe("Messages that don't follow this schema are refused."),
    },
  },
  numberRange("maxMessageBytes", limit.maxMessageBytes),
  immutable("ordering", "AWS can't change it on a topic that exists; make a new topic and let its publishers move"),
  {
    rule: "!has(self.overrides) || !has(self.overrides.aws) || !has(self.overrides.aws.fifo) || self.ordering == 'PerKey'",
    message: "only a topic with ordering PerKey is a FIFO topic: leave fifo out, or use ordering PerKey",
    reason: "FieldValueForbidden",
    fieldPath: ".overrides.aws.fifo",
  },
  {
    rule: "!has(self.overrides) || !has(self.overrides.aws) || !has(self.overrides.aws.tracing) || self.overrides.aws.tracing != 'Active' || self.ordering == 'None'",
    message: "SNS can't trace a topic that keeps order: leave tracing out, or use ordering None",
    fieldPath: ".overrides.aws.tracing",
  },
);

export const topic = defineKind({
  kind: "Topic",
  plural: "topics",
  shortNames: ["oxtop"],
  scope: "Namespaced",
  role: "leaf",
  doc: `A topic: every message goes to all that subscribe to it.

AWS: an SNS topic. GCP: a Pub/Sub topic. A Queue subscribes with subscribeTo. Others subscribe in the cloud, with TOPIC_ID: by
an SNS subscription, or a Pub/Sub subscription of the topic. A subscriber gets nothing that was published before it came.`,
  spec,
  status: leafStatus(),
  rules: [],
  columns: leafColumns(orderingColumn),
  selectableFields: leafSelectableFields,
});

export type TopicSpec = SpecOf<typeof topic>;
export type TopicStatus = StatusOf<typeof topic>;
export type TopicObject = ObjectOf<typeof topic>;
