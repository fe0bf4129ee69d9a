/** Forwarding to the dead letter topic: https://cloud.google.com/pubsub/docs/handling-failures */
import { child, type Message, text } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";
import type { World } from "../../engine/world.ts";
import { allows } from "../iam/grants.ts";
import type { Held, Lane } from "./lane.ts";
import { TOPIC } from "./topics.ts";

export interface DeadLetters {
  /** Forwards those of `held` that have had all their deliveries. @returns the others */
  sift(subscription: Message, lane: Lane, held: readonly Held[]): Promise<readonly Held[]>;
}

export function newDeadLetters(
  world: World,
  publish: (topic: string, messages: readonly Message[]) => Promise<unknown>,
): DeadLetters {
  const { project, store } = world;

  /** Pub/Sub forwards as its service agent, which needs both rights; without them it silently goes on delivering. */
  function mayForward(subscription: string, topic: string): boolean {
    const agent = `serviceAccount:service-${project.number}@gcp-sa-pubsub.iam.gserviceaccount.com`;
    return (
      store.get(TOPIC, topic) !== undefined &&
      allows(world, agent, "pubsub.topics.publish", topic) &&
      allows(world, agent, "pubsub.subscriptions.consume", subscription)
    );
  }

  /** The message as it arrives: its own attributes and those that name its source. */
  const wrapped = (subscription: string, { message, attempts, publishedAt }: Held): Message => ({
    ...(message.data === undefined ? {} : { data: message.data }),
    ...(text(message, "orderingKey") === "" ? {} : { orderingKey: message.orderingKey }),
    attributes: {
      ...(message.attributes as object | undefined),
      CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
      CloudPubSubDeadLetterSourceSubscription: shortName(subscription),
      CloudPubSubDeadLetterSourceSubscriptionProject: project.id,
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(publishedAt).toISOString(),
    },
  });

  return {
    async sift(subscription, lane, held) {
      const policy = child(subscription, "deadLetterPolicy");
      if (policy === undefined) return held;
      const name = text(subscription, "name");
      const topic = text(policy, "deadLetterTopic");
      const spent = held.filter(({ attempts }) => attempts >= Number(policy.maxDeliveryAttempts));
      if (spent.length === 0 || !mayForward(name, topic)) return held;
      await publish(
        topic,
        spent.map((one) => wrapped(name, one)),
      );
      await lane.acknowledge(spent);
      return held.filter((one) => !spent.includes(one));
    },
  };
}
