import type { Messages } from "../messages.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** Sending and receiving by Google's Pub/Sub clients. */
export function messagesOnGcp({ eyes, byOthers }: GcpUnderTest): Messages {
  const { publisher, subscriber } = eyes;
  return {
    addedToDeadLetters: /^CloudPubSubDeadLetter/,
    async send({ QUEUE_URL: topic }, { body, attributes = {}, key }) {
      const message = { data: Buffer.from(body), attributes: { ...attributes }, ...(key && { orderingKey: key }) };
      await publisher.publish({ topic: topic ?? "", messages: [message] });
    },
    async receive({ QUEUE_ID: subscription }) {
      const [{ receivedMessages }] = await subscriber.pull({
        subscription: subscription ?? "",
        maxMessages: 10,
        returnImmediately: true,
      });
      return (receivedMessages ?? []).map(({ message, ackId }) => {
        const ackIds = [ackId ?? ""];
        return {
          body: Buffer.from(message?.data ?? "").toString(),
          attributes: { ...message?.attributes },
          key: message?.orderingKey || undefined,
          ack: async () => void (await subscriber.acknowledge({ subscription: subscription ?? "", ackIds })),
          nack: async () =>
            void (await subscriber.modifyAckDeadline({
              subscription: subscription ?? "",
              ackIds,
              ackDeadlineSeconds: 0,
            })),
        };
      });
    },
    async takeDeadLetterRights({ host }) {
      const resource = host.others.get("Queue/dead")?.status?.outputs?.QUEUE_URL ?? "";
      await byOthers(() => eyes.setPolicy(resource, { bindings: [] }));
    },
    async expires({ host }) {
      const [found] = await subscriber.getSubscription({ subscription: host.status.outputs?.QUEUE_ID ?? "" });
      return found.expirationPolicy?.ttl !== null && found.expirationPolicy?.ttl !== undefined;
    },
  };
}
