/** Pub/Sub's data plane: publishing, pulling, acknowledging, dead lettering, and the backlog that metrics report. */
import { type CloudError, invalid, notFound, precondition, unimplemented } from "../../engine/errors.ts";
import { child, list, type Message, millisOf, text, timestamp } from "../../engine/messages.ts";
import type { World } from "../../engine/world.ts";
import { newDeadLetters } from "./dead-letters.ts";
import { parseFilter } from "./filter.ts";
import { type Held, type Lane, receivedIn } from "./lane.ts";
import { type DropListener, newLanes } from "./lanes.ts";
import { checkMessages } from "./message-limits.ts";
import { SUBSCRIPTION, subscriptionsOf, TOPIC } from "./topics.ts";
import { transformed } from "./transforms.ts";
import type { Upstream } from "./upstream.ts";

export interface Delivery {
  /** @returns message ids */
  publish(topic: string, messages: readonly Message[]): Promise<string[]>;
  /** One pull of at most `maximum` messages; waits a moment for one unless `immediately`. */
  pull(subscription: string, maximum: number, immediately: boolean): Promise<Message[]>;
  /** Turns what pstest delivered into what the subscriber gets. */
  deliver(subscription: string, received: readonly Message[], leaseSeconds: number): Promise<Message[]>;
  acknowledge(subscription: string, ackIds: readonly string[]): Promise<void>;
  /** @param seconds 0 is a nack */
  modify(subscription: string, ackIds: readonly string[], seconds: number): Promise<void>;
  /** Name in pstest of what a StreamingPull of this subscription must open. */
  streamName(subscription: string): Promise<string>;
  seek(subscription: string, toMillis: number): void;
  /** Messages not acknowledged, outstanding ones included, or undefined when there is no such subscription. */
  backlog(subscription: string): number | undefined;
  /** Drops a subscription's messages, because it was deleted or detached. Its streams end with the error. */
  drop(subscription: string, error: CloudError): void;
  /** Calls back once when the subscription is dropped. @returns a function that takes the wish back */
  onDrop(subscription: string, listener: DropListener): () => void;
  /** Keeps pstest from forgetting: to be called every minute or so. */
  renew(): Promise<void>;
  reset(): Promise<void>;
}

const PULL_DEFAULT = 1000;

/** How long a nacked message rests: exponential between the bounds of the retry policy, in whole seconds. */
function backoff(subscription: Message, attempts: number): number {
  const policy = child(subscription, "retryPolicy");
  if (policy === undefined) return 0;
  const minimum = millisOf(child(policy, "minimumBackoff") ?? {});
  const maximum = millisOf(child(policy, "maximumBackoff") ?? {});
  return Math.round(Math.min(maximum, minimum * 2 ** (attempts - 1)) / 1000);
}

/** @param realNow milliseconds of the real clock, which pstest goes by */
export function newDelivery(world: World, upstream: Upstream, realNow: () => number): Delivery {
  const { store, clock } = world;
  const lanes = newLanes(upstream, realNow);
  let messageCount = 0;

  function subscribed(name: string): Message {
    const subscription = store.get(SUBSCRIPTION, name);
    if (subscription === undefined) throw notFound(name);
    if (subscription.detached === true) throw precondition(`Subscription ${name} is detached from its topic.`);
    return subscription;
  }

  /** Drops what is older than the subscription's retention. */
  function expire(subscription: Message, lane: Lane): void {
    const oldest = clock.now() - millisOf(child(subscription, "messageRetentionDuration") ?? {});
    lane.forget(lane.held().filter(({ publishedAt }) => publishedAt < oldest));
  }

  async function publish(topic: string, messages: readonly Message[]): Promise<string[]> {
    const found = store.get(TOPIC, topic);
    if (found === undefined) throw notFound(topic);
    checkMessages(messages);
    const now = clock.now();
    const published = messages.map((message) => {
      const made = transformed(found, message);
      messageCount += 1;
      const messageId = String(10 ** 15 + messageCount);
      return { messageId, message: made && ({ ...made, messageId, publishTime: timestamp(now) } as Message) };
    });
    const stamped = published.flatMap(({ message }) => (message === undefined ? [] : [message]));
    const receivers = subscriptionsOf(store, topic).filter((subscription) => subscription.detached !== true);
    await Promise.all(
      receivers.map(async (subscription) => {
        const filter = text(subscription, "filter") === "" ? () => true : parseFilter(text(subscription, "filter"));
        const wanted = stamped.filter((message) => filter((message.attributes ?? {}) as Record<string, string>));
        const held = wanted.map((message): Held => {
          const fresh = { attempts: 0, ackId: undefined, ticket: 0, ticketAt: 0, leasedUntil: 0 };
          return { id: text(message, "messageId"), message, publishedAt: now, ...fresh };
        });
        if (held.length > 0) await (await lanes.open(subscription)).add(held);
      }),
    );
    return published.map(({ messageId }) => messageId);
  }

  const deadLetters = newDeadLetters(world, publish);

  async function deliver(name: string, received: readonly Message[], leaseSeconds: number): Promise<Message[]> {
    const subscription = subscribed(name);
    const lane = await lanes.open(subscription);
    expire(subscription, lane);
    const due = await deadLetters.sift(subscription, lane, lane.redeem(received, leaseSeconds));
    return due.map((held) => {
      held.attempts += 1;
      const attempt = subscription.deadLetterPolicy === undefined ? {} : { deliveryAttempt: held.attempts };
      return { ackId: held.ackId, message: held.message, ...attempt };
    });
  }

  async function nack(subscription: Message, lane: Lane, held: readonly Held[]): Promise<void> {
    const again = await deadLetters.sift(subscription, lane, held);
    for (const one of again) {
      await lane.lease([one], backoff(subscription, one.attempts));
      lane.revoke([one]);
    }
  }

  return {
    publish,
    deliver,
    drop: lanes.drop,
    onDrop: lanes.onDrop,
    async pull(name, maximum, immediately) {
      const subscription = subscribed(name);
      const lane = await lanes.open(subscription);
      const seconds = Number(subscription.ackDeadlineSeconds);
      const response = await upstream.call("Subscriber.Pull", {
        subscription: lane.upstreamName,
        maxMessages: maximum || PULL_DEFAULT,
        returnImmediately: immediately,
      });
      const delivered = await deliver(name, receivedIn(response), seconds);
      // The deadline may have changed since pstest was told of it.
      await lane.lease(lane.find(delivered.map((message) => text(message, "ackId"))), seconds);
      return delivered;
    },
    async acknowledge(name, ackIds) {
      const lane = await lanes.open(subscribed(name));
      await lane.acknowledge(lane.find(ackIds));
    },
    async modify(name, ackIds, seconds) {
      if (seconds < 0 || seconds > 600)
        throw invalid("ack_deadline_seconds must be between 0 and 600.", "ack_deadline_seconds");
      const subscription = subscribed(name);
      const lane = await lanes.open(subscription);
      const held = lane.find(ackIds);
      await (seconds === 0 ? nack(subscription, lane, held) : lane.lease(held, seconds));
    },
    streamName: async (name) => (await lanes.open(subscribed(name))).upstreamName,
    seek(name, toMillis) {
      const subscription = subscribed(name);
      const retained =
        subscription.retainAckedMessages === true ||
        store.get(TOPIC, text(subscription, "topic"))?.messageRetentionDuration;
      if (toMillis < clock.now() - 1000 && retained)
        throw unimplemented("The test bed's Pub/Sub keeps no acknowledged messages: it can't seek to the past.");
      const lane = lanes.get(name);
      lane?.forget(lane.held().filter(({ publishedAt }) => publishedAt < toMillis));
    },
    backlog(name) {
      const subscription = store.get(SUBSCRIPTION, name);
      if (subscription === undefined) return undefined;
      const lane = lanes.get(name);
      if (lane === undefined) return 0;
      expire(subscription, lane);
      return lane.held().length;
    },
    async renew() {
      await Promise.all(lanes.all().map((lane) => lane.renew(realNow())));
    },
    async reset() {
      for (const name of lanes.names()) lanes.drop(name, notFound(name));
    },
  };
}

/** Lists what a request's repeated string field holds. */
export const strings = (request: Message, field: string): readonly string[] => list<string>(request, field);
