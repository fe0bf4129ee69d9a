/** google.pubsub.v1: the methods that are no standard methods, put together with topics, subscriptions and delivery. */
import { CloudError, invalid, notFound, unimplemented } from "../../engine/errors.ts";
import { child, type Message, millisOf, text } from "../../engine/messages.ts";
import { page } from "../../engine/pages.ts";
import type { Call, Handler, World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import { type Delivery, newDelivery, strings } from "./delivery.ts";
import { type StreamingPullParts, streamingPull } from "./streaming-pull.ts";
import { subscriptions } from "./subscriptions.ts";
import { SUBSCRIPTION, subscriptionsOf, TOPIC, topics } from "./topics.ts";
import { upstream } from "./upstream.ts";

export interface PubsubParts {
  readonly world: World;
  /** host:port of pstest. */
  readonly address: string;
  realNow(): number;
  readonly toStatus: StreamingPullParts["toStatus"];
  readonly admit: StreamingPullParts["admit"];
}

const PUBLISHER = "google.pubsub.v1.Publisher";
const SUBSCRIBER = "google.pubsub.v1.Subscriber";

const gone = (name: string) => new CloudError("NOT_FOUND", `Resource not found (resource=${name}): it was deleted.`);

function attached(call: Call): readonly Message[] {
  const topic = text(call.request, "topic");
  if (call.view.get(TOPIC, topic) === undefined) throw notFound(topic);
  return subscriptionsOf(call.view, topic);
}

function publisher(delivery: Delivery): Record<string, Handler> {
  return {
    [`${PUBLISHER}.Publish`]: async ({ request }) => ({
      messageIds: await delivery.publish(text(request, "topic"), (request.messages ?? []) as Message[]),
    }),
    [`${PUBLISHER}.ListTopicSubscriptions`]: (call) => {
      const names = attached(call).map((subscription) => text(subscription, "name"));
      const { items, nextPageToken } = page(names, (name) => name, call.request);
      return { subscriptions: items, nextPageToken };
    },
    [`${PUBLISHER}.ListTopicSnapshots`]: (call) => {
      attached(call);
      return { snapshots: [] };
    },
    [`${PUBLISHER}.DetachSubscription`]: ({ request, world: { store } }) => {
      const name = text(request, "subscription");
      const subscription = store.get(SUBSCRIPTION, name);
      if (subscription === undefined) throw notFound(name);
      store.put(SUBSCRIPTION, name, { ...subscription, detached: true });
      delivery.drop(name, new CloudError("FAILED_PRECONDITION", `Subscription ${name} is detached from its topic.`));
      return {};
    },
  };
}

function subscriber(delivery: Delivery): Record<string, Handler> {
  const name = (request: Message) => text(request, "subscription");
  return {
    [`${SUBSCRIBER}.Pull`]: async ({ request }) => {
      const maximum = Number(request.maxMessages ?? 0);
      if (maximum <= 0) throw invalid("max_messages must be positive.", "max_messages");
      const immediately = request.returnImmediately === true;
      return { receivedMessages: await delivery.pull(name(request), maximum, immediately) };
    },
    [`${SUBSCRIBER}.Acknowledge`]: async ({ request }) => {
      await delivery.acknowledge(name(request), strings(request, "ackIds"));
      return {};
    },
    [`${SUBSCRIBER}.ModifyAckDeadline`]: async ({ request }) => {
      await delivery.modify(name(request), strings(request, "ackIds"), Number(request.ackDeadlineSeconds ?? 0));
      return {};
    },
    [`${SUBSCRIBER}.ModifyPushConfig`]: () => {
      throw unimplemented("The test bed's Pub/Sub can't push: pull instead.");
    },
    [`${SUBSCRIBER}.Seek`]: ({ request }) => {
      const time = child(request, "time");
      if (time === undefined) throw unimplemented("The test bed's Pub/Sub has no snapshots: seek to a time.");
      delivery.seek(name(request), millisOf(time));
      return {};
    },
    [`${SUBSCRIBER}.CreateSnapshot`]: () => {
      throw unimplemented("The test bed's Pub/Sub has no snapshots.");
    },
  };
}

/** Deletes subscriptions that nobody has used for the time of their expiration policy. */
function expireSubscriptions({ store, clock }: World, delivery: Delivery, lastUse: (name: string) => number): void {
  for (const subscription of store.list(SUBSCRIPTION, "")) {
    const name = text(subscription, "name");
    const ttl = child(child(subscription, "expirationPolicy") ?? {}, "ttl");
    if (ttl === undefined || clock.now() - lastUse(name) < millisOf(ttl)) continue;
    store.delete(SUBSCRIPTION, name);
    delivery.drop(name, gone(name));
  }
}

export function pubsub({
  world,
  address,
  realNow,
  toStatus,
  admit,
}: PubsubParts): ServiceModule & { delivery: Delivery } {
  const messages = upstream(world.definitions, address);
  const delivery = newDelivery(world, messages, realNow);
  const used = new Map<string, number>();
  const touch = (name: string) => void used.set(name, world.clock.now());
  const touching =
    (handler: Handler): Handler =>
    (call) => {
      touch(text(call.request, "subscription"));
      return handler(call);
    };
  const reading = Object.entries(subscriber(delivery)).map(([method, handler]) => [method, touching(handler)] as const);
  const renewal = setInterval(() => void delivery.renew().catch(() => undefined), 60_000).unref();

  return {
    delivery,
    services: [PUBLISHER, SUBSCRIBER],
    semantics: {
      [TOPIC]: topics,
      [SUBSCRIPTION]: {
        ...subscriptions,
        create(input, call) {
          touch(text(input, "name"));
          return subscriptions.create?.(input, call) ?? input;
        },
        update(before, after, paths, call) {
          touch(text(before, "name"));
          return subscriptions.update?.(before, after, paths, call) ?? after;
        },
        removed: (subscription) => delivery.drop(text(subscription, "name"), gone(text(subscription, "name"))),
      },
    },
    unary: { ...publisher(delivery), ...Object.fromEntries(reading) },
    bidi: {
      [`${SUBSCRIBER}.StreamingPull`]: streamingPull({
        store: world.store,
        delivery,
        upstream: messages,
        toStatus,
        admit: (name) => {
          touch(name);
          return admit(name);
        },
      }),
    },
    advanced: () => expireSubscriptions(world, delivery, (name) => used.get(name) ?? 0),
    reset: () => delivery.reset(),
    async close() {
      clearInterval(renewal);
      await delivery.reset();
      messages.close();
    },
  };
}
