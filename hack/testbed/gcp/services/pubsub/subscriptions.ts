/** What Pub/Sub does with subscriptions beyond the standard methods. */

import { CloudError, invalid } from "../../engine/errors.ts";
import { child, duration, type Message, millisOf, text } from "../../engine/messages.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { Call } from "../../engine/world.ts";
import { parseFilter } from "./filter.ts";
import {
  BACKOFF,
  checkDuration,
  checkId,
  checkLabels,
  checkNumber,
  EXPIRATION,
  RETENTION,
  refuseFields,
} from "./rules.ts";
import { DELETED_TOPIC, TOPIC } from "./topics.ts";

const DAY_SECONDS = 24 * 60 * 60;
const DEFAULTS = { ackDeadlineSeconds: 10, retentionDays: 7, expirationDays: 31, maxDeliveryAttempts: 5 };

/** Values that the service fills in: comments of the Subscription message. */
function withDefaults(subscription: Message): Message {
  const policy = child(subscription, "deadLetterPolicy");
  const retry = child(subscription, "retryPolicy");
  return {
    ...subscription,
    ackDeadlineSeconds: subscription.ackDeadlineSeconds ?? DEFAULTS.ackDeadlineSeconds,
    messageRetentionDuration: subscription.messageRetentionDuration ?? duration(DEFAULTS.retentionDays * DAY_SECONDS),
    expirationPolicy: subscription.expirationPolicy ?? { ttl: duration(DEFAULTS.expirationDays * DAY_SECONDS) },
    pushConfig: subscription.pushConfig ?? {},
    ...(policy && { deadLetterPolicy: { maxDeliveryAttempts: DEFAULTS.maxDeliveryAttempts, ...policy } }),
    ...(retry && { retryPolicy: { minimumBackoff: duration(10), maximumBackoff: duration(600), ...retry } }),
  };
}

function checkExpiration(subscription: Message): void {
  const policy = child(subscription, "expirationPolicy") ?? {};
  checkDuration(policy, "ttl", EXPIRATION.low, EXPIRATION.high, "expiration_policy.ttl");
  const ttl = child(policy, "ttl");
  const retention = child(subscription, "messageRetentionDuration");
  if (ttl && retention && millisOf(ttl) < millisOf(retention))
    throw invalid(
      "expiration_policy.ttl must not be shorter than message_retention_duration.",
      "expiration_policy.ttl",
    );
}

function checkDeadLetter(subscription: Message, { world }: Call): void {
  const policy = child(subscription, "deadLetterPolicy");
  if (policy === undefined) return;
  const topic = text(policy, "deadLetterTopic");
  checkNumber(policy.maxDeliveryAttempts, 5, 100, "dead_letter_policy.max_delivery_attempts");
  if (topic === "")
    throw invalid("dead_letter_policy.dead_letter_topic is required.", "dead_letter_policy.dead_letter_topic");
  if (world.store.get(TOPIC, topic) === undefined)
    throw new CloudError("NOT_FOUND", `Resource not found (resource=${topic}): the dead letter topic does not exist.`);
}

function checkRetry(subscription: Message): void {
  const retry = child(subscription, "retryPolicy");
  if (retry === undefined) return;
  const [minimum, maximum] = ["minimumBackoff", "maximumBackoff"].map((field) => {
    checkDuration(retry, field, BACKOFF.low, BACKOFF.high, `retry_policy.${field}`);
    return millisOf(child(retry, field) ?? {});
  });
  if ((minimum ?? 0) > (maximum ?? 0))
    throw invalid("retry_policy.minimum_backoff exceeds maximum_backoff.", "retry_policy");
}

function check(subscription: Message, call: Call): void {
  checkLabels(subscription);
  refuseFields(subscription, ["bigqueryConfig", "cloudStorageConfig", "bigtableConfig", "messageTransforms"]);
  refuseFields(child(subscription, "pushConfig") ?? {}, ["pushEndpoint"]);
  checkNumber(subscription.ackDeadlineSeconds, 10, 600, "ack_deadline_seconds");
  checkDuration(subscription, "messageRetentionDuration", RETENTION.low, RETENTION.high, "message_retention_duration");
  checkExpiration(subscription);
  checkRetry(subscription);
  checkDeadLetter(subscription, call);
}

export const subscriptions: Semantics = {
  immutable: new Set(["topic", "filter", "enable_message_ordering"]),
  create(subscription, call) {
    checkId(text(subscription, "name"));
    const topic = text(subscription, "topic");
    if (topic === DELETED_TOPIC) throw invalid(`"${DELETED_TOPIC}" is no topic: name one that exists.`, "topic");
    if (call.world.store.get(TOPIC, topic) === undefined)
      throw new CloudError(
        "NOT_FOUND",
        `Resource not found (resource=${topic}): the subscription's topic does not exist.`,
      );
    if (text(subscription, "filter") !== "") parseFilter(text(subscription, "filter"));
    const { detached: _set, ...rest } = subscription;
    const stored = { ...withDefaults(rest), state: "ACTIVE" };
    check(stored, call);
    return stored;
  },
  update(_before, after, paths, call) {
    if (paths.includes("detached")) throw invalid("detached can't be updated: call DetachSubscription.", "update_mask");
    const stored = withDefaults(after);
    check(stored, call);
    return stored;
  },
  read(subscription, { view }) {
    const retention = view.get(TOPIC, text(subscription, "topic"))?.messageRetentionDuration;
    return retention === undefined ? subscription : { ...subscription, topicMessageRetentionDuration: retention };
  },
};
