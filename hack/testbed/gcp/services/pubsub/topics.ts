/** What Pub/Sub does with topics beyond the standard methods. */

import { invalid } from "../../engine/errors.ts";
import type { Message } from "../../engine/messages.ts";
import { text } from "../../engine/messages.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { Call, World } from "../../engine/world.ts";
import { checkKeyUse } from "../kms/use.ts";
import { checkDuration, checkId, checkLabels, RETENTION, refuseFields } from "./rules.ts";
import { checkTransforms } from "./transforms.ts";

export const TOPIC = "pubsub.googleapis.com/Topic";
export const SUBSCRIPTION = "pubsub.googleapis.com/Subscription";
/** What a subscription's topic is called once it is gone. */
export const DELETED_TOPIC = "_deleted-topic_";

export const subscriptionsOf = (view: Call["view"], topic: string): readonly Message[] =>
  view.list(SUBSCRIPTION, "").filter((subscription) => subscription.topic === topic);

function check(topic: Message): void {
  checkLabels(topic);
  checkDuration(topic, "messageRetentionDuration", RETENTION.low, RETENTION.high, "message_retention_duration");
  refuseFields(topic, ["ingestionDataSourceSettings", "schemaSettings"]);
  checkTransforms(topic);
}

function orphan(topic: Message, { store }: World): void {
  for (const subscription of subscriptionsOf(store, text(topic, "name")))
    store.put(SUBSCRIPTION, text(subscription, "name"), { ...subscription, topic: DELETED_TOPIC });
}

export const topics: Semantics = {
  create(topic, call) {
    if (topic.name === DELETED_TOPIC) throw invalid(`"${DELETED_TOPIC}" is reserved.`, "name");
    checkId(text(topic, "name"));
    check(topic);
    checkKeyUse(text(topic, "kmsKeyName"), "gcp-sa-pubsub", call);
    return { ...topic, state: "ACTIVE" };
  },
  update(_before, after, paths, call) {
    check(after);
    if (paths.includes("kms_key_name")) checkKeyUse(text(after, "kmsKeyName"), "gcp-sa-pubsub", call);
    return after;
  },
  removed: (topic, { world }) => orphan(topic, world),
};
