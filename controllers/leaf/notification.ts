import type { BucketSpec } from "../../crds/bucket.ts";
import type { Given, Naming, Reference } from "../../operator/reconcile/leaf-object.ts";
import { refuseSubscriber } from "./subscription.ts";
import type { BucketNotification } from "./wants.ts";

type Notification = NonNullable<BucketSpec["notifications"]>[number];

const ID_OUTPUT = { Queue: "QUEUE_ID", Topic: "TOPIC_ID" } as const;

/** The one that is told: the schema sees to it that there is just one. */
function targetOf({ name, queueRef, topicRef }: Notification) {
  return queueRef
    ? ({ field: `notifications[${name}].queueRef`, kind: "Queue", ref: queueRef } as const)
    : ({ field: `notifications[${name}].topicRef`, kind: "Topic", ref: topicRef ?? {} } as const);
}

/** The objects that notifications of a Bucket go to. */
export const notificationReferences = ({ notifications = [] }: BucketSpec): readonly Reference[] =>
  notifications.map(targetOf).flatMap(({ field, kind, ref }) => (ref.name ? [{ field, kind, name: ref.name }] : []));

/** Why one of them can't be told, as far as it is known. */
export function notificationProblem({ notifications = [] }: BucketSpec, given: Given): string | undefined {
  for (const { field, kind, ref } of notifications.map(targetOf)) {
    if (!ref.name) continue;
    const target = given.target(field);
    const refused = refuseSubscriber(field, target, "what a Bucket tells");
    if (refused !== undefined) return refused;
    if (target.effective.ordering === "PerKey")
      return `${field}: this ${kind} keeps the order of messages by their key, and what a Bucket tells has none. Name one with ordering None.`;
  }
  return undefined;
}

export const notificationsOf = ({ notifications = [] }: BucketSpec, given: Given): readonly BucketNotification[] =>
  notifications
    .map((one): BucketNotification => {
      const { field, kind, ref } = targetOf(one);
      return {
        name: one.name,
        events: [...one.events].sort(),
        prefix: one.prefix ?? "",
        target: ref.external ?? given.target(field).outputs[ID_OUTPUT[kind]] ?? "",
        delivers: true,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** A notification as spec has it, for `onyx import`. */
export function notificationSpec({ name, events, prefix, target }: BucketNotification, naming: Naming): object {
  const isQueue = target.split(":")[2] === "sqs" || target.includes("/subscriptions/");
  return {
    name,
    events,
    ...(prefix !== "" && { prefix }),
    ...(isQueue ? { queueRef: naming.reference("Queue", target) } : { topicRef: naming.reference("Topic", target) }),
  };
}
