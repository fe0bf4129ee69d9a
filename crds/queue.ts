import { z } from "zod";
import { leafColumns, orderingColumn } from "./columns.ts";
import type { ObjectOf, SpecInputOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { duration, durationText, durationWithin, isDurationCel } from "./duration.ts";
import { filter } from "./filter.ts";
import { encryption, leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { limits } from "./limits.ts";
import { messageStorage } from "./message-storage.ts";
import { durationRange, numberRange, numberWithin } from "./ranges.ts";
import { reference } from "./refs.ts";
import { immutable, withRules } from "./rules.ts";
import { formed, set } from "./text.ts";

const limit = limits.queue;

const fifo = withRules(
  z.strictObject({
    deduplicateWithin: z
      .enum(["Key", "Queue"])
      .optional()
      .describe("Where a deduplication id counts: among the messages of one key, or of the whole queue. Absent: Key."),
    throughputPer: z
      .enum(["Key", "Queue"])
      .optional()
      .describe("What SQS's bound of throughput is for: each key, or the whole queue. Absent: Key."),
    deduplicateByContent: z
      .boolean()
      .optional()
      .describe("True: a message without a deduplication id gets the hash of its body for one. Absent: false."),
  }),
  {
    rule: "!has(self.deduplicateWithin) || self.deduplicateWithin != 'Queue' || (has(self.throughputPer) && self.throughputPer == 'Queue')",
    message: "with deduplicateWithin Queue, SQS takes throughputPer Queue only",
    fieldPath: ".throughputPer",
  },
);

const spec = leafSpec(
  {
    processingTimeout: duration()
      .default(durationText(limit.processingTimeout.portable.default))
      .describe("How long a consumer has for a message before it is given to another one."),
    retention: duration()
      .default(durationText(limit.retention.portable.default))
      .describe(
        "How long a message that nobody takes is kept. A dead-letter queue should keep longer than the queues it serves: 336h.",
      ),
    maxMessageBytes: numberWithin(limit.maxMessageBytes)
      .default(limit.maxMessageBytes.portable.default)
      .describe("Largest message in bytes. GCP has no such setting: there the producer has to check."),
    delay: duration()
      .default(durationText(limit.delay.portable.default))
      .describe("How long a new message is held back. Only AWS has it."),
    ordering: z
      .enum(["None", "PerKey"])
      .default("None")
      .describe("PerKey: messages of one key arrive in the order they were sent. Fixed once the queue is made."),
    deadLetter: z
      .strictObject({
        queueRef: reference("Queue", "QUEUE_ID").describe("The queue that takes them. It has the same ordering."),
        maxReceives: numberWithin(limit.maxReceives).describe(
          "How often a message is handed out before it is set aside. GCP may hand it out a little more often.",
        ),
      })
      .optional()
      .describe("Where messages go that fail again and again. Absent: they stay until retention ends."),
    subscribeTo: z
      .strictObject({
        topicRef: reference("Topic", "TOPIC_ID").describe("The Topic. It has the same ordering."),
        filter: filter()
          .optional()
          .describe("Which of its messages arrive: those for which all of this holds. Absent: all of them."),
      })
      .optional()
      .describe(
        "The one Topic that its messages come from, from now on. Such a queue takes messages in no other way: no binding with access Produce, no EventRule, no dead letters of another queue. Fixed once the queue is made.",
      ),
    encryption: encryption(),
  },
  {
    aws: {
      kmsDataKeyReuse: durationWithin("kmsDataKeyReuse", limit.kmsDataKeyReuse.aws)
        .optional()
        .describe("How long SQS reuses a data key before it asks KMS again: 1m to 24h. Only with encryption.keyRef."),
      fifo: fifo
        .optional()
        .describe("How a queue with ordering PerKey deduplicates, and how much it takes. Absent: as much as SQS can."),
      deadLetterSources: set(
        formed(
          /^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+(\.fifo)?$/,
          256,
          "must be the ARN of an SQS queue",
        ).describe("ARN of a queue."),
        limit.deadLetterSources.aws.max,
      )
        .optional()
        .describe(
          "The only queues that may have this one for their dead letters. An empty list: none may. Absent: any queue of the account.",
        ),
    },
    gcp: {
      retryBackoff: withRules(
        z.strictObject({
          minimum: durationWithin("minimum", limit.retryBackoff.gcp).describe(
            "First wait before a message is handed out again: 0s to 10m.",
          ),
          maximum: durationWithin("maximum", limit.retryBackoff.gcp).describe("Longest wait: 0s to 10m."),
        }),
        {
          rule: `!${isDurationCel("self.minimum")} || !${isDurationCel("self.maximum")} || duration(self.minimum) <= duration(self.maximum)`,
          message: "maximum must not be below minimum",
          fieldPath: ".maximum",
        },
      )
        .optional()
        .describe("Wait between deliveries of a message that was not acknowledged."),
      exactlyOnce: z
        .boolean()
        .optional()
        .describe(
          "True: a message that was acknowledged in time is not delivered again, to consumers in the same region. Costs latency. Absent: false.",
        ),
      retainAcknowledged: z
        .boolean()
        .optional()
        .describe(
          "True: what was acknowledged is kept for retention too, so that it can be played back by a seek. It is paid for. Absent: false.",
        ),
      messageStorage: messageStorage()
        .optional()
        .describe(
          "Where messages may lie. Absent: what the organization's policy says. Taken away, what was set stays in force. Not with subscribeTo: there it is the Topic's.",
        ),
    },
  },
  {
    rule: "!has(self.overrides) || !has(self.overrides.aws) || !has(self.overrides.aws.fifo) || self.ordering == 'PerKey'",
    message: "only a queue with ordering PerKey is a FIFO queue: leave fifo out, or use ordering PerKey",
    reason: "FieldValueForbidden",
    fieldPath: ".overrides.aws.fifo",
  },
  {
    rule: "!has(self.overrides) || !has(self.overrides.gcp) || !has(self.overrides.gcp.messageStorage) || !has(self.subscribeTo)",
    message: "a queue that subscribes has no messages of its own: set overrides.gcp.messageStorage of the Topic",
    reason: "FieldValueForbidden",
    fieldPath: ".overrides.gcp.messageStorage",
  },
  durationRange("processingTimeout", limit.processingTimeout),
  durationRange("retention", limit.retention),
  numberRange("maxMessageBytes", limit.maxMessageBytes),
  durationRange("delay", limit.delay),
  numberRange("deadLetter.maxReceives", limit.maxReceives),
  immutable("ordering", "neither cloud can change it on a queue that exists; make a new queue and drain the old one"),
  immutable(
    "subscribeTo",
    "GCP can change neither topic nor filter of a subscription that exists; make a new queue and drain the old one",
  ),
);

export const queue = defineKind({
  kind: "Queue",
  plural: "queues",
  shortNames: ["oxq"],
  scope: "Namespaced",
  role: "leaf",
  doc: `A queue of messages between services.

AWS: an SQS queue. GCP: a Pub/Sub topic with one pull subscription that never expires.
With subscribeTo, AWS: an SQS queue, a subscription of the SNS topic with raw delivery, and what lets SNS send to the queue.
GCP: a pull subscription of the Topic's own Pub/Sub topic.
Delivery is at least once on both; a consumer must bear to see a message twice.`,
  spec,
  status: leafStatus(),
  rules: [
    {
      rule: "!has(self.spec.deadLetter) || !has(self.spec.deadLetter.queueRef.name) || self.spec.deadLetter.queueRef.name != self.metadata.name",
      message: "a queue can't be its own dead-letter queue: name another Queue",
      fieldPath: ".spec.deadLetter.queueRef",
    },
  ],
  columns: leafColumns(orderingColumn),
  selectableFields: leafSelectableFields,
});

export type QueueSpec = SpecOf<typeof queue>;
export type QueueSpecInput = SpecInputOf<typeof queue>;
export type QueueStatus = StatusOf<typeof queue>;
export type QueueObject = ObjectOf<typeof queue>;
