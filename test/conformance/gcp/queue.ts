import { status } from "@grpc/grpc-js";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** The field of Want that each path of an update mask is. */
const FIELDS: Readonly<Record<string, string>> = {
  labels: "tags",
  ack_deadline_seconds: "processingTimeoutSeconds",
  message_retention_duration: "retentionSeconds",
  dead_letter_policy: "deadLetter",
  enable_exactly_once_delivery: "overrides",
  retain_acked_messages: "overrides",
};

/** The paths of a request's update mask, as they stand in the proto: `ack_deadline_seconds`. */
export function maskOf(request: unknown): readonly string[] {
  const { updateMask } = request as { updateMask?: { paths?: readonly string[] } | string };
  const paths = typeof updateMask === "string" ? updateMask.split(",") : (updateMask?.paths ?? []);
  return paths.map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** Undefined for what isn't there. */
export async function unlessGone<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if ((error as { code?: number }).code === status.NOT_FOUND) return undefined;
    throw error;
  }
}

/** Queue on GCP, by Google's Pub/Sub clients. */
export function queueOnGcp({ eyes, byOthers, place }: GcpUnderTest): KindOnCloud {
  const { publisher, subscriber } = eyes;
  const project = `projects/${place.account}`;
  const topicOf = ({ name }: Subject) => `${project}/topics/${name}`;
  const subscriptionOf = ({ name }: Subject) => `${project}/subscriptions/${name}`;
  const find = async (subject: Subject) => {
    const [topic] = (await unlessGone(publisher.getTopic({ topic: topicOf(subject) }))) ?? [];
    const subscription = subscriptionOf(subject);
    const [found] = (await unlessGone(subscriber.getSubscription({ subscription }))) ?? [];
    return { topic, subscription: found };
  };
  const change = (fields: object, path: string) => async (subject: Subject) => {
    const subscription = { name: subscriptionOf(subject), ...fields };
    await byOthers(() => subscriber.updateSubscription({ subscription, updateMask: { paths: [path] } }));
  };
  const label = async (subject: Subject, key: string, value: string) => {
    const { topic, subscription } = await find(subject);
    const updateMask = { paths: ["labels"] };
    await byOthers(async () => {
      if (topic)
        await publisher.updateTopic({
          topic: { name: topic.name ?? "", labels: { ...topic.labels, [key]: value } },
          updateMask,
        });
      if (subscription)
        await subscriber.updateSubscription({
          subscription: { name: subscription.name ?? "", labels: { ...subscription.labels, [key]: value } },
          updateMask,
        });
    });
  };

  return {
    makes: ["CreateTopic", "CreateSubscription"],
    unmakes: ["DeleteSubscription", "DeleteTopic"],
    touches: ({ operation, request }) =>
      operation === "SetIamPolicy" ? ["deadLetter"] : maskOf(request).map((path) => FIELDS[path] ?? path),
    async list({ object }) {
      const [topics] = await publisher.listTopics({ project });
      const [subscriptions] = await subscriber.listSubscriptions({ project });
      const ids = [...topics, ...subscriptions]
        .filter(({ labels }) => carries(ownerOf(labels ?? {}), object))
        .map(({ name }) => name?.split("/").at(-1) ?? "");
      return [...new Set(ids)].map((id) => ({ id }));
    },
    async snapshot(subject) {
      const { topic, subscription } = await find(subject);
      return topic || subscription ? { topic, subscription } : undefined;
    },
    tamper: {
      processingTimeoutSeconds: change({ ackDeadlineSeconds: 33 }, "ack_deadline_seconds"),
      retentionSeconds: change({ messageRetentionDuration: { seconds: 7200 } }, "message_retention_duration"),
      overrides: change({ expirationPolicy: { ttl: { seconds: 31 * 86_400 } } }, "expiration_policy"),
      deadLetter: async (subject) => {
        const { subscription } = await find(subject);
        const deadLetterPolicy = { deadLetterTopic: subscription?.topic ?? "", maxDeliveryAttempts: 5 };
        await change({ deadLetterPolicy }, "dead_letter_policy")(subject);
      },
      tags: (subject) => label(subject, "stage", "somebody"),
    },
    tag: label,
    async createForeign(subject) {
      const labels = { theirs: "x" };
      await byOthers(async () => {
        await publisher.createTopic({ name: topicOf(subject), labels });
        await subscriber.createSubscription({
          name: subscriptionOf(subject),
          topic: topicOf(subject),
          ackDeadlineSeconds: 60,
          messageRetentionDuration: { seconds: 345_600 },
          expirationPolicy: {},
          labels,
        });
      });
    },
    removePart: {
      topic: async (subject) => {
        await byOthers(() => publisher.deleteTopic({ topic: topicOf(subject) }));
      },
      subscription: async (subject) => {
        await byOthers(() => subscriber.deleteSubscription({ subscription: subscriptionOf(subject) }));
      },
    },
    async remove(subject) {
      await byOthers(async () => {
        await unlessGone(subscriber.deleteSubscription({ subscription: subscriptionOf(subject) }));
        await unlessGone(publisher.deleteTopic({ topic: topicOf(subject) }));
      });
    },
  };
}
