import { durationSeconds, durationText } from "../../crds/duration.ts";
import { canonicalFilter } from "../../crds/filter.ts";
import { limits } from "../../crds/limits.ts";
import type { QueueSpec } from "../../crds/queue.ts";
import type { Leaf, Naming } from "../../operator/reconcile/leaf-object.ts";
import { encryptionKeyOf, encryptionSpec, keyReferences } from "./encryption.ts";
import { durationOf } from "./inverse.ts";
import { overridesFor, overridesSpec } from "./overrides.ts";
import { refuseSubscriber, subscriptionProblem } from "./subscription.ts";
import type { QueueWant } from "./wants.ts";

/** A queue: SQS, or a Pub/Sub topic with one pull subscription; with `subscribeTo`, a subscription of another topic. */
export const queue: Leaf<QueueSpec, QueueWant> = {
  kind: "Queue",
  dataBearing: false,
  holds: "the messages in it",
  // SQS takes 80, and `.fifo` belongs to them.
  nameLimit: 75,
  references: (spec) => [
    ...(spec.deadLetter?.queueRef.name
      ? [{ field: "deadLetter.queueRef", kind: "Queue", name: spec.deadLetter.queueRef.name }]
      : []),
    ...(spec.subscribeTo?.topicRef.name
      ? [{ field: "subscribeTo.topicRef", kind: "Topic", name: spec.subscribeTo.topicRef.name }]
      : []),
    ...keyReferences(spec),
  ],
  problem: (spec, given) =>
    refuseSubscriber("deadLetter.queueRef", given.target("deadLetter.queueRef"), "dead letters") ??
    subscriptionProblem(spec, given),
  want: (spec, given) => ({
    processingTimeoutSeconds: durationSeconds(spec.processingTimeout),
    retentionSeconds: durationSeconds(spec.retention),
    maxMessageBytes: spec.maxMessageBytes,
    delaySeconds: durationSeconds(spec.delay),
    ordering: spec.ordering,
    deadLetter: spec.deadLetter
      ? {
          target: spec.deadLetter.queueRef.external ?? given.target("deadLetter.queueRef").outputs.QUEUE_ID ?? "",
          maxReceives: spec.deadLetter.maxReceives,
        }
      : null,
    subscription: spec.subscribeTo
      ? {
          topic: spec.subscribeTo.topicRef.external ?? given.target("subscribeTo.topicRef").outputs.TOPIC_ID ?? "",
          filter: canonicalFilter(spec.subscribeTo.filter ?? []),
          via: [],
        }
      : null,
    encryptionKey: encryptionKeyOf(spec, given),
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
  specOf: (actual, naming) => ({
    processingTimeout: durationOf(actual.processingTimeoutSeconds),
    retention: durationOf(actual.retentionSeconds),
    maxMessageBytes:
      actual.maxMessageBytes && Math.min(actual.maxMessageBytes, limits.queue.maxMessageBytes.portable.max),
    delay: durationOf(actual.delaySeconds),
    ordering: actual.ordering,
    deadLetter: actual.deadLetter
      ? {
          queueRef: naming.reference("Queue", actual.deadLetter.target),
          maxReceives: actual.deadLetter.maxReceives,
        }
      : undefined,
    subscribeTo: actual.subscription ? subscribeToSpec(actual.subscription, naming) : undefined,
    encryption: encryptionSpec(actual.encryptionKey, naming),
    overrides: overridesSpec(
      {
        ...overridesInWords(actual.overrides),
        ...(actual.messageStorage && { messageStorage: actual.messageStorage }),
      },
      naming.cloud,
    ),
  }),
};

/** A filter that spec can't ask for is left as the text it is, which the schema refuses by the name of the field. */
const subscribeToSpec = ({ topic, filter }: NonNullable<QueueWant["subscription"]>, naming: Naming): object => ({
  topicRef: naming.reference("Topic", topic),
  ...(filter.length > 0 && { filter }),
});

/** The settings of a cloud as spec has them. A subscription that expires is none: spec can't ask for it. */
function overridesInWords(actual: QueueWant["overrides"] = {}): QueueWant["overrides"] {
  const { expiresAfterSeconds: _never, retryBackoff, ...rest } = actual;
  if (retryBackoff === undefined) return rest;
  const { minimumSeconds, maximumSeconds } = retryBackoff as { minimumSeconds: number; maximumSeconds: number };
  return { ...rest, retryBackoff: { minimum: durationText(minimumSeconds), maximum: durationText(maximumSeconds) } };
}
