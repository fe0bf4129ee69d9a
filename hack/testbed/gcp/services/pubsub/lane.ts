/**
 * The messages of one subscription. Leases, redelivery and order are pstest's work: it is given a ticket for each message,
 * in a topic of the subscription's own, while the message itself and its count of deliveries stay here. That is because
 * pstest counts a message's deliveries over all subscriptions, forgets what nobody acknowledged within ten minutes,
 * and can't say how many messages wait.
 */
import { child, list, type Message, text } from "../../engine/messages.ts";
import type { Upstream } from "./upstream.ts";

export interface Held {
  readonly id: string;
  /** The PubsubMessage. */
  readonly message: Message;
  /** Milliseconds since the epoch, by the cloud's clock. */
  readonly publishedAt: number;
  /** Deliveries so far. */
  attempts: number;
  /** What acknowledges the latest delivery; undefined before it and after a nack. */
  ackId: string | undefined;
  /** The ticket that counts, by number, and when it was handed in. */
  ticket: number;
  ticketAt: number;
  leasedUntil: number;
}

export interface Lane {
  /** Name of the subscription in pstest. */
  readonly upstreamName: string;
  add(held: readonly Held[]): Promise<void>;
  /** The messages behind tickets that pstest delivered, without those that are no longer held. */
  redeem(received: readonly Message[], leaseSeconds: number): Held[];
  /** The messages that these ack ids still stand for. */
  find(ackIds: readonly string[]): Held[];
  acknowledge(held: readonly Held[]): Promise<void>;
  /** Extends leases; 0 makes them available at once. */
  lease(held: readonly Held[], seconds: number): Promise<void>;
  /** Makes the ack ids of these worthless, as a nack does. */
  revoke(held: readonly Held[]): void;
  /** Messages not yet acknowledged, whether delivered or not. */
  held(): readonly Held[];
  forget(held: readonly Held[]): void;
  /** Hands in new tickets before pstest forgets the old ones. */
  renew(now: number): Promise<void>;
  close(): Promise<void>;
}

/** pstest forgets after ten minutes. */
const RENEW_AFTER = 8 * 60 * 1000;

export interface LaneOptions {
  readonly id: string;
  readonly ackDeadlineSeconds: number;
  readonly ordered: boolean;
  /** Real milliseconds: pstest knows no other clock. */
  realNow(): number;
}

export async function openLane(upstream: Upstream, options: LaneOptions): Promise<Lane> {
  const topic = `projects/testbed/topics/lane-${options.id}`;
  const subscription = `projects/testbed/subscriptions/lane-${options.id}`;
  const held = new Map<string, Held>();
  const byAckId = new Map<string, Held>();
  let tickets = 0;

  await upstream.call("Publisher.CreateTopic", { name: topic });
  await upstream.call("Subscriber.CreateSubscription", {
    name: subscription,
    topic,
    ackDeadlineSeconds: options.ackDeadlineSeconds,
    enableMessageOrdering: options.ordered,
  });

  async function handIn(messages: readonly Held[]): Promise<void> {
    for (const one of messages) {
      tickets += 1;
      one.ticket = tickets;
      one.ticketAt = options.realNow();
    }
    await upstream.call("Publisher.Publish", {
      topic,
      messages: messages.map(({ id, ticket, message }) => ({
        attributes: { id, ticket: String(ticket) },
        ...(options.ordered ? { orderingKey: text(message, "orderingKey") } : {}),
      })),
    });
  }

  function setAckId(one: Held, ackId: string | undefined): void {
    if (one.ackId !== undefined) byAckId.delete(one.ackId);
    one.ackId = ackId;
    if (ackId !== undefined) byAckId.set(ackId, one);
  }

  function forget(messages: readonly Held[]): void {
    for (const one of messages) {
      setAckId(one, undefined);
      held.delete(one.id);
    }
  }

  const acknowledgeUpstream = (ackIds: readonly string[]) =>
    ackIds.length === 0
      ? Promise.resolve()
      : upstream.call("Subscriber.Acknowledge", { subscription, ackIds }).then(() => undefined);

  return {
    upstreamName: subscription,
    add(messages) {
      for (const one of messages) held.set(one.id, one);
      return messages.length === 0 ? Promise.resolve() : handIn(messages);
    },
    redeem(received, leaseSeconds) {
      const stale: string[] = [];
      const current = received.flatMap((delivery) => {
        const attributes = (child(delivery, "message")?.attributes ?? {}) as Record<string, string>;
        const one = held.get(attributes.id ?? "");
        if (one === undefined || String(one.ticket) !== attributes.ticket) {
          stale.push(text(delivery, "ackId"));
          return [];
        }
        setAckId(one, text(delivery, "ackId"));
        one.leasedUntil = options.realNow() + leaseSeconds * 1000;
        return [one];
      });
      // Not acknowledged, a stale ticket comes again and is stale again; a lane that was closed meanwhile has none.
      acknowledgeUpstream(stale).catch(() => undefined);
      return current;
    },
    find: (ackIds) => [...new Set(ackIds)].flatMap((ackId) => byAckId.get(ackId) ?? []),
    async acknowledge(messages) {
      const ackIds = messages.flatMap(({ ackId }) => ackId ?? []);
      forget(messages);
      await acknowledgeUpstream(ackIds);
    },
    revoke(messages) {
      for (const one of messages) setAckId(one, undefined);
    },
    async lease(messages, seconds) {
      const ackIds = messages.flatMap(({ ackId }) => ackId ?? []);
      for (const one of messages) one.leasedUntil = options.realNow() + seconds * 1000;
      if (ackIds.length > 0)
        await upstream.call("Subscriber.ModifyAckDeadline", { subscription, ackIds, ackDeadlineSeconds: seconds });
    },
    held: () => [...held.values()],
    forget,
    async renew(now) {
      const free = [...held.values()].filter(({ leasedUntil }) => leasedUntil < now);
      if (free.some(({ ticketAt }) => now - ticketAt > RENEW_AFTER)) await handIn(free);
    },
    async close() {
      held.clear();
      byAckId.clear();
      await upstream.call("Subscriber.DeleteSubscription", { subscription });
      await upstream.call("Publisher.DeleteTopic", { topic });
    },
  };
}

/** The ReceivedMessages of a response. */
export const receivedIn = (response: Message): readonly Message[] => list(response, "receivedMessages");
