import { canonicalCron } from "../../crds/cron.ts";
import type { EventRuleSpec } from "../../crds/eventrule.ts";
import { canonicalPattern, patternSpec } from "../../crds/pattern.ts";
import type { Leaf, Naming } from "../../operator/reconcile/leaf-object.ts";
import { overridesFor, overridesSpec } from "./overrides.ts";
import { refuseSubscriber } from "./subscription.ts";
import type { EventRuleWant } from "./wants.ts";

/** A message, or a workflow's start, at given times (EventBridge Scheduler, Cloud Scheduler) or on events (EventBridge, Eventarc). */
export const eventRule: Leaf<EventRuleSpec, EventRuleWant> = {
  kind: "EventRule",
  dataBearing: false,
  // A schedule's name has 64 characters, and so has that of its role, which ends in `-target`.
  nameLimit: 57,
  references: ({ target }) => {
    const { field, kind, ref } = targetOf(target);
    return ref.name ? [{ field, kind, name: ref.name }] : [];
  },
  problem: ({ target }, given) => {
    const { field } = targetOf(target);
    return refuseSubscriber(field, given.target(field), "the messages of a schedule");
  },
  want: (spec, given) => {
    const { field, kind, ref } = targetOf(spec.target);
    const { outputs, effective } = given.target(field);
    return {
      schedule: spec.schedule
        ? { cron: canonicalCron(spec.schedule.cron), timezone: spec.schedule.timezone ?? "UTC" }
        : null,
      pattern: spec.pattern ? canonicalPattern(spec.pattern).map((match) => ({ ...match })) : null,
      target: { id: ref.external ?? outputs[ID_OUTPUT[kind]] ?? "", via: [] },
      targetIs: {
        kind,
        ordered: effective.ordering === "PerKey",
        encryptionKey: (effective.encryptionKey as string | undefined) ?? null,
      },
      input: spec.input,
      suspended: spec.suspended,
      overrides: overridesFor(spec, given.cloud),
      tags: given.tags,
    };
  },
  specOf: (actual, naming) => ({
    schedule: actual.schedule ?? undefined,
    pattern: Array.isArray(actual.pattern) ? patternSpec(actual.pattern) : undefined,
    target: actual.target && targetSpec(actual.target.id, naming),
    input: actual.pattern == null ? actual.input : undefined,
    suspended: actual.suspended,
    overrides: overridesSpec(askable(actual.overrides), naming.cloud),
  }),
};

const ID_OUTPUT = { Queue: "QUEUE_ID", Topic: "TOPIC_ID", Workflow: "WORKFLOW_ID" } as const;

interface Target {
  readonly field: string;
  readonly kind: keyof typeof ID_OUTPUT;
  readonly ref: { readonly name?: string | undefined; readonly external?: string | undefined };
}

/** The one target that spec names: the schema sees to it that there is just one. */
function targetOf({ queueRef, topicRef, workflowRef }: EventRuleSpec["target"]): Target {
  if (queueRef) return { field: "target.queueRef", kind: "Queue", ref: queueRef };
  if (topicRef) return { field: "target.topicRef", kind: "Topic", ref: topicRef };
  return { field: "target.workflowRef", kind: "Workflow", ref: workflowRef ?? {} };
}

/** Ids of workflows: those of Step Functions, and those of Google's Workflows. */
const WORKFLOW = /^(arn:[^:]+:states:|projects\/[^/]+\/locations\/[^/]+\/workflows\/)/;

/** On GCP the id is that of a Pub/Sub topic, which a Queue has too: whose it is, what was imported beside it tells. */
function targetSpec(id: string, naming: Naming): object {
  if (WORKFLOW.test(id)) return { workflowRef: naming.reference("Workflow", id) };
  const topic = naming.reference("Topic", id);
  const queue = naming.reference("Queue", id.replace(/^(projects\/[^/]+)\/topics\//, "$1/subscriptions/"));
  const isQueue = "name" in queue || id.split(":")[2] === "sqs";
  return !("name" in topic) && isQueue ? { queueRef: queue } : { topicRef: topic };
}

/** The settings of a cloud that spec can ask for. A schedule that ends or deletes itself, and attributes, are none. */
function askable(actual: EventRuleWant["overrides"] = {}): EventRuleWant["overrides"] {
  const { startDate: _start, endDate: _end, afterCompletion: _after, attributes: _attributes, ...rest } = actual;
  return rest;
}
