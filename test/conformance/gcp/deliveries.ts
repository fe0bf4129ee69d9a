import type { Deliveries } from "../deliveries.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** Publishing and a subscription that somebody makes by hand, by Google's Pub/Sub clients. */
export function deliveriesOnGcp({ eyes: { publisher, subscriber }, byOthers, place }: GcpUnderTest): Deliveries {
  return {
    async publish({ TOPIC_ID: topic = "" }, { body, attributes, key }) {
      const message = { data: Buffer.from(body), attributes: { ...attributes }, ...(key && { orderingKey: key }) };
      await publisher.publish({ topic, messages: [message] });
    },
    async subscribe({ TOPIC_ID: topic = "" }, id) {
      const subscription = `projects/${place.account}/subscriptions/${id}`;
      await byOthers(() => subscriber.createSubscription({ name: subscription, topic }));
      return {
        async receive() {
          const [{ receivedMessages }] = await subscriber.pull({
            subscription,
            maxMessages: 10,
            returnImmediately: true,
          });
          const found = receivedMessages ?? [];
          if (found.length > 0)
            await subscriber.acknowledge({ subscription, ackIds: found.map(({ ackId }) => ackId ?? "") });
          return found.map(({ message }) => ({
            body: Buffer.from(message?.data ?? "").toString(),
            attributes: { ...message?.attributes },
          }));
        },
        remove: () => byOthers(async () => void (await subscriber.deleteSubscription({ subscription }))),
      };
    },
  };
}
