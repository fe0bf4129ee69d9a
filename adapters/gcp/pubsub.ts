import type { protos } from "@google-cloud/pubsub";
import { inTurn } from "../in-turn.ts";
import { paged, unary } from "./call.ts";
import type { Clients } from "./clients.ts";
import { ifThere } from "./errors.ts";
import type { Policy, PolicyPort } from "./policy.ts";

export type Topic = protos.google.pubsub.v1.ITopic;
export type Subscription = protos.google.pubsub.v1.ISubscription;
export type MessageTransform = protos.google.pubsub.v1.IMessageTransform;

/** The calls of Pub/Sub that we make. Names are full resource names. Every one throws ProviderError. */
export interface PubSub extends PolicyPort {
  /** Undefined: it does not exist. */
  topic(name: string, signal: AbortSignal): Promise<Topic | undefined>;
  subscription(name: string, signal: AbortSignal): Promise<Subscription | undefined>;
  /** All of them in a project. */
  topics(project: string, signal: AbortSignal): Promise<readonly Topic[]>;
  subscriptions(project: string, signal: AbortSignal): Promise<readonly Subscription[]>;
  createTopic(topic: Topic, signal: AbortSignal): Promise<Topic>;
  createSubscription(subscription: Subscription, signal: AbortSignal): Promise<Subscription>;
  /** `mask`: paths as the API names them, such as `ack_deadline_seconds`. */
  updateTopic(topic: Topic, mask: readonly string[], signal: AbortSignal): Promise<Topic>;
  /**
   * Changes what a topic does with messages as they are published. Sends nothing when `change` gives back what it was
   * given, or there is no such topic and nothing is to be put there. One edit of a topic at a time in this process.
   */
  editTransforms(
    topic: string,
    change: (live: readonly MessageTransform[]) => readonly MessageTransform[],
    signal: AbortSignal,
  ): Promise<void>;
  updateSubscription(subscription: Subscription, mask: readonly string[], signal: AbortSignal): Promise<Subscription>;
  /** Deleting what is absent succeeds. */
  deleteTopic(name: string, signal: AbortSignal): Promise<void>;
  deleteSubscription(name: string, signal: AbortSignal): Promise<void>;
}

const API = "Pub/Sub";

export function createPubSub(clients: Pick<Clients, "publisher" | "subscriber">): PubSub {
  const iamClient = (resource: string) => (resource.includes("/topics/") ? clients.publisher() : clients.subscriber());
  const turns = inTurn();
  async function topic(name: string, signal: AbortSignal) {
    const client = await clients.publisher();
    return ifThere(unary<Topic>(API, signal, (options, done) => client.getTopic({ topic: name }, options, done)));
  }
  async function updateTopic(changed: Topic, mask: readonly string[], signal: AbortSignal) {
    const client = await clients.publisher();
    const request = { topic: changed, updateMask: { paths: [...mask] } };
    return unary<Topic>(API, signal, (options, done) => client.updateTopic(request, options, done));
  }
  return {
    topic,
    updateTopic,
    editTransforms: (name, change, signal) =>
      turns(name, async () => {
        const found = await topic(name, signal);
        const live = found?.messageTransforms ?? [];
        const messageTransforms = change(live);
        if (messageTransforms === live || (!found && messageTransforms.length === 0)) return;
        await updateTopic({ name, messageTransforms: [...messageTransforms] }, ["message_transforms"], signal);
      }),
    async subscription(name, signal) {
      const client = await clients.subscriber();
      return ifThere(
        unary<Subscription>(API, signal, (options, done) =>
          client.getSubscription({ subscription: name }, options, done),
        ),
      );
    },
    async topics(project, signal) {
      const client = await clients.publisher();
      const request = { project: `projects/${project}`, pageSize: 1000 };
      return paged<typeof request, Topic>(API, signal, request, (page, options, done) =>
        client.listTopics(page, options, done as never),
      );
    },
    async subscriptions(project, signal) {
      const client = await clients.subscriber();
      const request = { project: `projects/${project}`, pageSize: 1000 };
      return paged<typeof request, Subscription>(API, signal, request, (page, options, done) =>
        client.listSubscriptions(page, options, done as never),
      );
    },
    async createTopic(topic, signal) {
      const client = await clients.publisher();
      return unary<Topic>(API, signal, (options, done) => client.createTopic(topic, options, done));
    },
    async createSubscription(subscription, signal) {
      const client = await clients.subscriber();
      return unary<Subscription>(API, signal, (options, done) =>
        client.createSubscription(subscription, options, done),
      );
    },
    async updateSubscription(subscription, mask, signal) {
      const client = await clients.subscriber();
      const request = { subscription, updateMask: { paths: [...mask] } };
      return unary<Subscription>(API, signal, (options, done) => client.updateSubscription(request, options, done));
    },
    async deleteTopic(name, signal) {
      const client = await clients.publisher();
      await ifThere(unary(API, signal, (options, done) => client.deleteTopic({ topic: name }, options, done)));
    },
    async deleteSubscription(name, signal) {
      const client = await clients.subscriber();
      const request = { subscription: name };
      await ifThere(unary(API, signal, (options, done) => client.deleteSubscription(request, options, done)));
    },
    async read(resource, signal) {
      const client = await iamClient(resource);
      const request = { resource, options: { requestedPolicyVersion: 3 } } as Parameters<typeof client.getIamPolicy>[0];
      return unary<Policy>(API, signal, (options, done) => client.getIamPolicy(request, options, done as never));
    },
    async write(resource, policy, signal) {
      const client = await iamClient(resource);
      const request = { resource, policy } as unknown as Parameters<typeof client.setIamPolicy>[0];
      return unary<Policy>(API, signal, (options, done) => client.setIamPolicy(request, options, done as never));
    },
  };
}
