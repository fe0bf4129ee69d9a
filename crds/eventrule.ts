import { z } from "zod";
import { leafColumns } from "./columns.ts";
import { BOTH_KINDS_OF_DAY, CRON_FORM, CRON_LENGTH, CRON_SAYS, ONE_KIND_OF_DAY_SAYS } from "./cron.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { durationWithin } from "./duration.ts";
import { leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { limits } from "./limits.ts";
import { pattern } from "./pattern.ts";
import { numberWithin } from "./ranges.ts";
import { reference } from "./refs.ts";
import { exactlyOne, withRules } from "./rules.ts";
import { formed } from "./text.ts";
import { workflowReference } from "./workflow-id.ts";

const limit = limits.eventrule;

const schedule = z.strictObject({
  cron: withRules(
    formed(CRON_FORM, CRON_LENGTH, CRON_SAYS).refine((text) => !BOTH_KINDS_OF_DAY.test(text), ONE_KIND_OF_DAY_SAYS),
    {
      rule: `!self.matches('${BOTH_KINDS_OF_DAY.source}')`,
      message: ONE_KIND_OF_DAY_SAYS,
    },
  ).describe(
    "When it fires, in the five fields of cron: minute, hour, day of the month, month, day of the week. `0 6 * * MON-FRI` is six o'clock on working days.",
  ),
  timezone: formed(
    /^[A-Za-z][A-Za-z0-9_+/-]*$/,
    50,
    "timezone must be a name of the tz database, such as Europe/Berlin",
  )
    .optional()
    .describe(
      "Time zone of the schedule, by its name in the tz database. Absent: UTC. Where clocks are changed, an hour is skipped or comes twice: in UTC every time comes once.",
    ),
});

const spec = leafSpec(
  {
    schedule: schedule.optional().describe("The times at which it fires. Either this or pattern."),
    pattern: pattern()
      .optional()
      .describe(
        "The CloudEvents that it hands on, of those that programs publish to the event bus of the Environment. The target gets the event's data as JSON, with nothing around it.",
      ),
    target: withRules(
      z.strictObject({
        queueRef: reference("Queue", "QUEUE_ID").optional().describe("A Queue that gets a message. It keeps no order."),
        topicRef: reference("Topic", "TOPIC_ID")
          .optional()
          .describe("A Topic that hands it to all who subscribe. It keeps no order."),
        workflowRef: workflowReference()
          .optional()
          .describe("A Workflow that is started, with the message as its input."),
      }),
      exactlyOne("queueRef", "topicRef", "workflowRef"),
    ).describe("Who is told."),
    input: z
      .string()
      .min(1)
      .max(limit.input.portable.max)
      .default("{}")
      .describe(
        "The message of a schedule, as JSON text. The target gets it byte for byte, with nothing around it. A workflow takes 32 KiB.",
      ),
    suspended: z
      .boolean()
      .default(false)
      .describe("True: it stays as it is, but does not fire. (`enabled: false` leaves it to fire, unwatched.)"),
  },
  {
    aws: {
      flexibleWindow: durationWithin("flexibleWindow", limit.flexibleWindow.aws)
        .optional()
        .describe("Let AWS fire it at any time in this window, in whole minutes: 1m to 24h. Absent: within a minute."),
      maximumEventAge: durationWithin("maximumEventAge", limit.maximumEventAge.aws)
        .optional()
        .describe("How long a delivery that fails is tried again: 1m to 24h. Absent: 24h."),
      maximumRetryAttempts: numberWithin(limit.maximumRetryAttempts)
        .optional()
        .describe("How often a delivery that fails is tried again: 0 to 185. Absent: 185."),
      deadLetterQueueArn: formed(
        /^arn:[a-z0-9-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$/,
        256,
        "deadLetterQueueArn must be the ARN of an SQS queue that is no FIFO queue",
      )
        .optional()
        .describe("ARN of the SQS queue that gets what could not be delivered. It must not use a key of your own."),
    },
    gcp: {
      retryCount: numberWithin(limit.retryCount)
        .optional()
        .describe("How often a delivery that fails is tried again before the next time comes: 0 to 5. Absent: 5."),
      maxRetryDuration: durationWithin("maxRetryDuration", limit.maxRetryDuration.gcp)
        .optional()
        .describe("How long a delivery that fails is tried again. Absent, or 0s: as long as retryCount allows."),
      minBackoff: durationWithin("minBackoff", limit.backoff.gcp)
        .optional()
        .describe("First wait before it is tried again. Absent: 5s."),
      maxBackoff: durationWithin("maxBackoff", limit.backoff.gcp)
        .optional()
        .describe("Longest wait before it is tried again. Absent: 1h."),
      maxDoublings: numberWithin(limit.maxDoublings)
        .optional()
        .describe("How often the wait doubles before it grows evenly: 0 to 16. Absent: 5."),
    },
  },
  {
    rule: "!has(self.input) || !self.input.contains('<aws.scheduler.')",
    message: "input must not contain '<aws.scheduler.': AWS would put a value in its place, and GCP would not",
    fieldPath: ".input",
  },
  {
    rule: `!has(self.target.workflowRef) || !has(self.input) || self.input.size() <= ${limit.workflowInput.portable.max}`,
    message: `input has at most ${limit.workflowInput.portable.max} characters where a workflow is started: Workflows on GCP takes no more`,
    fieldPath: ".input",
  },
  exactlyOne("schedule", "pattern"),
  {
    rule: "has(self.schedule) == has(oldSelf.schedule)",
    message: "a rule that fires at times can't become one that fires on events, nor the other way: make another rule",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.pattern) || !has(self.input) || self.input == '{}'",
    message: "input is the message of a schedule: what a rule with a pattern sends is the event's data",
    fieldPath: ".input",
  },
  {
    rule: "!has(self.pattern) || !has(self.overrides) || (!has(self.overrides.gcp) && (!has(self.overrides.aws) || (!has(self.overrides.aws.flexibleWindow) && !has(self.overrides.aws.deadLetterQueueArn))))",
    message:
      "with a pattern, overrides has aws.maximumEventAge and aws.maximumRetryAttempts only: the other settings are those of schedules",
    fieldPath: ".overrides",
  },
);

export const eventRule = defineKind({
  kind: "EventRule",
  plural: "eventrules",
  shortNames: ["oxer"],
  scope: "Namespaced",
  role: "leaf",
  doc: `A message to a Queue or a Topic, or the start of a workflow, at given times or for each event that matches.

With schedule, AWS: a schedule of EventBridge Scheduler, in a group of the Environment, with an IAM role that may do nothing
but send to this target. GCP: a job of Cloud Scheduler that publishes to the target's Pub/Sub topic.
It fires within a minute of the time.
With pattern, AWS: a rule on the event bus \`onyx-<environment>\`, with such a role. GCP: an enrollment on the message
bus \`onyx-<environment>\` of Eventarc Advanced and a pipeline to the target's Pub/Sub topic. The bus is made with the
first rule and stays. docs/guides/events.md says how programs publish to it.
With workflowRef, job and pipeline call Workflows instead, as the service account \`onyx-workflow-starter\` of the project, which
docs/guides/google-cloud.md says how to make.
It fires at least once: a consumer must bear to be told twice, and a workflow to be started twice.`,
  spec,
  status: leafStatus(),
  columns: leafColumns(
    { name: "Schedule", type: "string", jsonPath: ".spec.schedule.cron", description: "When it fires." },
    {
      name: "Suspended",
      type: "boolean",
      jsonPath: ".spec.suspended",
      description: "Whether it is kept from firing.",
      priority: 1,
    },
  ),
  selectableFields: leafSelectableFields,
});

export type EventRuleSpec = SpecOf<typeof eventRule>;
export type EventRuleStatus = StatusOf<typeof eventRule>;
export type EventRuleObject = ObjectOf<typeof eventRule>;
