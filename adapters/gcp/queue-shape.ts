/** A Queue as Pub/Sub has it: canonical forms both ways. Pure. */
import type { QueueOutputs, QueueWant } from "../../controllers/leaf/wants.ts";
import { pubSubFilter } from "../../crds/filter.ts";
import { type Owner, ownerOf, sameObject, tagValue } from "../../operator/provider/owner.ts";
import type { Deviation, Fitted } from "../../operator/provider/provider.ts";
import { fromPubSubFilter } from "./filter.ts";
import type { Labels } from "./labels.ts";
import { fitMessageStorage, liveMessageStorage, toStoragePolicy } from "./message-storage.ts";
import { queueOfTopic, topicOf, topicOfQueue } from "./names.ts";
import type { Subscription, Topic } from "./pubsub.ts";
import { fitQueueOverrides, liveOverrides, toSettings } from "./queue-overrides.ts";

/** google/pubsub/v1/pubsub.proto: ack_deadline_seconds, message_retention_duration, max_delivery_attempts, RetryPolicy. */
const RANGES = {
  processingTimeoutSeconds: { field: "processingTimeout", min: 10, max: 600, unit: " s" },
  retentionSeconds: { field: "retention", min: 600, max: 31 * 86_400, unit: " s" },
} as const;
const MAX_RECEIVES = { min: 5, max: 100 } as const;
/** cloud.google.com/pubsub/quotas: a message has at most 10 MB, and no lower bound can be set. */
const MESSAGE_BYTES = 10_000_000;

/** What Pub/Sub makes of a wish. */
export function fitQueue(want: QueueWant): Fitted<QueueWant> {
  const deviations: Deviation[] = [];
  const clamp = (asked: number, range: { min: number; max: number }, field: string, unit: string): number => {
    const given = Math.min(range.max, Math.max(range.min, asked));
    if (given !== asked)
      deviations.push({
        field,
        kind: "Clamped",
        message: `Pub/Sub takes ${range.min} to ${range.max}${unit}; ${asked}${unit} was asked, ${given}${unit} is given.`,
      });
    return given;
  };
  const ranged = (key: keyof typeof RANGES) => clamp(want[key], RANGES[key], RANGES[key].field, RANGES[key].unit);

  if (want.delaySeconds > 0)
    deviations.push({
      field: "delay",
      kind: "CloudSpecific",
      message: `Pub/Sub can't hold messages back: ${want.delaySeconds} s was asked, consumers get them at once.`,
    });
  if (want.maxMessageBytes < MESSAGE_BYTES)
    deviations.push({
      field: "maxMessageBytes",
      kind: "Covered",
      message: `Pub/Sub takes messages up to ${MESSAGE_BYTES} bytes and can't be told less; ${want.maxMessageBytes} was asked.`,
    });
  const deadLetter = want.deadLetter && {
    target: want.deadLetter.target,
    maxReceives: clamp(want.deadLetter.maxReceives, MAX_RECEIVES, "deadLetter.maxReceives", " deliveries"),
  };
  const settings = fitQueueOverrides(want.overrides);
  deviations.push(...settings.deviations);
  const messageStorage = fitMessageStorage(want.overrides.messageStorage);
  if (want.subscription) topicOf(want.subscription.topic);
  return {
    want: {
      ...want,
      processingTimeoutSeconds: ranged("processingTimeoutSeconds"),
      retentionSeconds: ranged("retentionSeconds"),
      maxMessageBytes: MESSAGE_BYTES,
      delaySeconds: 0,
      deadLetter,
      ...(messageStorage && { messageStorage }),
      overrides: settings.overrides,
    },
    deviations,
  };
}

/** Fields of a Want that live on the topic, with the paths of their masks; all others live on the subscription. */
export const TOPIC_MASKS: Partial<Record<keyof QueueWant, readonly string[]>> = {
  tags: ["labels"],
  encryptionKey: ["kms_key_name"],
  messageStorage: ["message_storage_policy"],
};
export const SUBSCRIPTION_MASKS: Partial<Record<keyof QueueWant, readonly string[]>> = {
  tags: ["labels"],
  processingTimeoutSeconds: ["ack_deadline_seconds"],
  retentionSeconds: ["message_retention_duration"],
  deadLetter: ["dead_letter_policy"],
};

/** The mask for what changed: one field changed, one path sent. */
export const maskOf = (
  masks: Partial<Record<keyof QueueWant, readonly string[]>>,
  changed: ReadonlySet<keyof QueueWant & string>,
): readonly string[] => [...changed].flatMap((field) => masks[field] ?? []).sort();

/** The topic that `want` asks for. */
export function toTopic(name: string, want: QueueWant, labels: Labels): Topic {
  return {
    name,
    labels: { ...labels },
    kmsKeyName: want.encryptionKey ?? "",
    ...toStoragePolicy(want.messageStorage),
  };
}

/** The topic that a queue subscribes to by its footprint. Undefined: it has one of its own. */
export const subscribedAt = (footprint: readonly string[]): string | undefined =>
  footprint.find((line) => line.startsWith(SUBSCRIBES))?.slice(SUBSCRIBES.length);
const SUBSCRIBES = "subscribes to ";
export const footprintOf = ({ subscription }: QueueWant): readonly string[] =>
  subscription ? [SUBSCRIBES + subscription.topic] : [];

/** Where Pub/Sub says that a subscription hangs whose topic is gone. */
const DELETED = "_deleted-topic_";

/** Whether a queue hangs on another topic than its own: as it stands, and while that can't be seen by its footprint. */
export function hangsElsewhere(own: string, found: Subscription | undefined, footprint: readonly string[]): boolean {
  const topic = found?.topic && found.topic !== DELETED ? found.topic : subscribedAt(footprint);
  return topic !== undefined && topic !== own;
}

/** The subscription that `want` asks for. Everything explicit: the cloud's defaults are not ours. */
export function toSubscription(name: string, own: string, want: QueueWant, labels: Labels): Subscription {
  const { topic = own, filter = [] } = want.subscription ?? {};
  return {
    name,
    topic,
    ...(filter.length > 0 && { filter: typeof filter === "string" ? filter : pubSubFilter(filter) }),
    labels: { ...labels },
    ackDeadlineSeconds: want.processingTimeoutSeconds,
    messageRetentionDuration: { seconds: want.retentionSeconds },
    enableMessageOrdering: want.ordering === "PerKey",
    ...toSettings(want.overrides),
    deadLetterPolicy: want.deadLetter
      ? {
          deadLetterTopic: topicOfQueue(want.deadLetter.target),
          maxDeliveryAttempts: want.deadLetter.maxReceives,
        }
      : null,
  };
}

/** What a queue is while its subscription is missing: it keeps nothing and hands out nothing. Never a wanted value. */
const NONE = 0;

/** True when the queue that was seen has no subscription: a create was cut off, or somebody deleted it. */
export const lacksSubscription = (actual: Partial<QueueWant>): boolean => actual.retentionSeconds === NONE;

/**
 * The live values in the fields of Want.
 *
 * @param grantsInForce  Pub/Sub may publish to the dead-letter topic and acknowledge on the subscription. Without these
 *                       rights dead-lettering silently does nothing, so it is reported as off.
 */
export function actualQueue(
  topic: Topic | undefined,
  subscription: Subscription | undefined,
  grantsInForce: boolean,
): Partial<QueueWant> {
  const policy = subscription?.deadLetterPolicy;
  return {
    tags: jointLabels(topic?.labels, subscription?.labels),
    maxMessageBytes: MESSAGE_BYTES,
    delaySeconds: 0,
    ...(topic ? { encryptionKey: topic.kmsKeyName || null, messageStorage: liveMessageStorage(topic) } : {}),
    ...(subscription
      ? {
          processingTimeoutSeconds: subscription.ackDeadlineSeconds ?? 0,
          retentionSeconds: Number(subscription.messageRetentionDuration?.seconds ?? 0),
          ordering: subscription.enableMessageOrdering ? ("PerKey" as const) : ("None" as const),
          ...subscriptionOf(subscription),
          overrides: liveOverrides(subscription),
        }
      : { processingTimeoutSeconds: NONE, retentionSeconds: NONE, overrides: {} }),
    // Without the grants nothing is ever set aside, which is neither what spec may ask for nor no dead letters at all.
    deadLetter: policy?.deadLetterTopic
      ? {
          target: queueOfTopic(policy.deadLetterTopic),
          maxReceives: grantsInForce ? (policy.maxDeliveryAttempts ?? 0) : NONE,
        }
      : null,
  };
}

/** What it subscribes to, which is not told of one whose topic is gone. */
function subscriptionOf({ name, topic, filter }: Subscription): Pick<Partial<QueueWant>, "subscription"> {
  if (!topic || topic === DELETED) return {};
  const own = queueOfTopic(topic) === name && !filter;
  return { subscription: own ? null : { topic, filter: fromPubSubFilter(filter ?? ""), via: [] } };
}

/** One map for two resources. A label that only one of them has, or that differs, equals nothing that can be wanted. */
function jointLabels(
  topic: Labels | null | undefined,
  subscription: Labels | null | undefined,
): Record<string, string> {
  if (!topic || !subscription) return { ...(topic ?? subscription) };
  const keys = new Set([...Object.keys(topic), ...Object.keys(subscription)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      topic[key] === subscription[key]
        ? (topic[key] ?? "")
        : `topic: ${topic[key] ?? "absent"}, subscription: ${subscription[key] ?? "absent"}`,
    ]),
  );
}

/** The owner of a queue is who owns all of its parts; the first part that isn't `me`'s decides. */
export function jointOwner(parts: readonly (Topic | Subscription | undefined)[], me: Owner): Owner | undefined {
  const owners = parts.filter((part) => part !== undefined).map((part) => ownerOf(part.labels ?? {}));
  if (owners.some((owner) => owner === undefined)) return undefined;
  const rank = (owner: Owner | undefined) =>
    !owner
      ? 0
      : !sameObject(owner, me)
        ? 1
        : tagValue(owner.cluster) !== tagValue(me.cluster)
          ? 2
          : tagValue(owner.uid) !== tagValue(me.uid)
            ? 3
            : 4;
  return [...owners].sort((a, b) => rank(a) - rank(b))[0];
}

/** What is wrong with a queue that nothing of ours can put right, for people; undefined when it works. */
export function brokenBy(subscription: Subscription): string | undefined {
  if (subscription.topic === DELETED)
    return `The topic of ${subscription.name} was deleted, so nothing new arrives. What is left in the subscription can still be received; then delete the subscription, and it is made anew.`;
  if (subscription.detached)
    return `${subscription.name} was detached from its topic for good. Delete the subscription, and it is made anew.`;
  const elsewhere = subscription.pushConfig?.pushEndpoint
    ? "pushes its messages to a URL"
    : subscription.bigqueryConfig?.table
      ? "writes its messages to BigQuery"
      : subscription.cloudStorageConfig?.bucket
        ? "writes its messages to a bucket"
        : undefined;
  return elsewhere && `${subscription.name} ${elsewhere}, so nothing can pull from it. Clear its delivery settings.`;
}

export function outputsOf(
  id: string,
  /** Its own; undefined: it hangs on another's. */
  topic: string | undefined,
  region: string,
  deadLetterTopic: string | null | undefined,
): QueueOutputs {
  return {
    QUEUE_ID: id,
    QUEUE_URL: topic ?? id,
    REGION: region,
    ...(deadLetterTopic ? { DLQ_ID: queueOfTopic(deadLetterTopic) } : {}),
  };
}
