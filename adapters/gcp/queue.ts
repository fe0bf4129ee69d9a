import type { QueueOutputs, QueueWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";

import { HOLDER_MARKS, mergeTags, type Owner, ownerOf, sameObject, type Tags } from "../../operator/provider/owner.ts";
import type { At, Call, Created, Found, Observation, Present, Provider } from "../../operator/provider/provider.ts";

import { isAlreadyExists } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import { letServiceUseKey } from "./key-agents.ts";
import { sameLabels } from "./labels.ts";
import { shortName, subscriptionName, topicName, topicOfQueue } from "./names.ts";
import { marksOf, refuseForeign, without } from "./owner.ts";
import { holds, type Membership, withMember } from "./policy.ts";
import type { Subscription, Topic } from "./pubsub.ts";
import { overridePaths } from "./queue-overrides.ts";
import {
  actualQueue,
  brokenBy,
  fitQueue,
  footprintOf,
  hangsElsewhere,
  jointOwner,
  lacksSubscription,
  maskOf,
  outputsOf,
  SUBSCRIPTION_MASKS,
  TOPIC_MASKS,
  toSubscription,
  toTopic,
} from "./queue-shape.ts";

type Seen = Present<QueueWant, QueueOutputs>;

/**
 * A Queue is a topic and one pull subscription of the same name; its id is the subscription's.
 *
 * They are made in this order: right to publish to the dead-letter topic (which so proves to exist), topic,
 * subscription, right to acknowledge on the subscription. Each step looks first, so a create that was cut off is
 * finished by the next pass: without a topic by `create`, with one by `update`, which makes the subscription.
 * The delete goes the other way, so that a topic is always left for the next pass to find.
 *
 * One that subscribes to a Topic is a subscription of that one's topic and nothing else: Pub/Sub brings messages from one
 * topic to another by no means, so what is sent to a topic of its own could never arrive.
 */
export function queueProvider(gcp: Gcp): Provider<QueueWant, QueueOutputs> {
  const { place, pubsub, pubsubPolicies: policies } = gcp;
  const project = place.account;

  /** Pub/Sub itself moves messages to the dead-letter topic, as its service agent. It needs a right at each end. */
  async function deadLetterGrants(subscription: string, deadLetterTopic: string, signal: AbortSignal) {
    const member = `serviceAccount:service-${await gcp.projectNumber(signal)}@gcp-sa-pubsub.iam.gserviceaccount.com`;
    return {
      publish: { resource: deadLetterTopic, role: "roles/pubsub.publisher", member },
      acknowledge: { resource: subscription, role: "roles/pubsub.subscriber", member },
    };
  }

  const grant = ({ resource, ...membership }: Membership & { resource: string }, signal: AbortSignal) =>
    policies.edit(resource, (policy) => withMember(policy, membership), signal).catch(explainMissingAgent);

  async function grantsInForce(subscription: Subscription, signal: AbortSignal): Promise<boolean> {
    const deadLetterTopic = subscription.deadLetterPolicy?.deadLetterTopic;
    if (!deadLetterTopic?.includes("/topics/")) return false;
    const grants = await deadLetterGrants(subscription.name ?? "", deadLetterTopic, signal);
    const held = await sideBySide(
      [grants.publish, grants.acknowledge].map(async ({ resource, ...membership }) => {
        const policy = await policies.read(resource, signal).catch(absentPolicy);
        return holds(policy, membership);
      }),
    );
    return held.every(Boolean);
  }

  async function observe(at: At, call: Call): Promise<Observation<QueueWant, QueueOutputs>> {
    const name = at.id ? shortName(at.id) : at.name;
    const names = { topic: topicName(project, name), subscription: subscriptionName(project, name) };
    const [namesake, subscription] = await sideBySide([
      pubsub.topic(names.topic, call.signal),
      pubsub.subscription(names.subscription, call.signal),
    ]);
    const elsewhere = hangsElsewhere(names.topic, subscription, at.footprint);
    const topic = elsewhere && !isOf(namesake, call.owner) ? undefined : namesake;
    if (!topic && !subscription) return { exists: false };
    const working = subscription ? await grantsInForce(subscription, call.signal) : false;
    const deadLetterTopic = subscription?.deadLetterPolicy?.deadLetterTopic;
    return {
      exists: true,
      id: names.subscription,
      owner: jointOwner([topic, subscription], call.owner),
      ...phaseOf(names.topic, elsewhere || topic !== undefined, subscription),
      actual: actualQueue(topic, subscription, working),
      outputs: outputsOf(
        names.subscription,
        elsewhere && !topic ? undefined : names.topic,
        place.region,
        deadLetterTopic,
      ),
    };
  }

  /** Subscriptions that can be pulled from: each of them can stand for a Queue. */
  async function list({ signal }: Pick<Call, "signal">): Promise<readonly Found[]> {
    const subscriptions = await pubsub.subscriptions(project, signal);
    return subscriptions.flatMap((one) =>
      one.name && brokenBy(one) === undefined ? [{ name: shortName(one.name), id: one.name }] : [],
    );
  }

  async function makeTopic(name: string, want: QueueWant, call: Call): Promise<void> {
    try {
      await pubsub.createTopic(toTopic(name, want, mergeTags({}, want.tags)), call.signal);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      refuseForeign(name, await pubsub.topic(name, call.signal), call.owner);
    }
  }

  async function makeSubscription(name: string, topic: string, want: QueueWant, call: Call): Promise<void> {
    try {
      await pubsub.createSubscription(toSubscription(name, topic, want, mergeTags({}, want.tags)), call.signal);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      refuseForeign(name, await pubsub.subscription(name, call.signal), call.owner);
    }
  }

  /** Runs `write`, with Pub/Sub's rights for dead letters made round it in the order in which they can be made. */
  async function withDeadLetterGrants(
    subscription: string,
    want: QueueWant,
    call: Call,
    write: () => Promise<void>,
  ): Promise<void> {
    if (!want.deadLetter) return write();
    const topic = topicOfQueue(want.deadLetter.target);
    const grants = await deadLetterGrants(subscription, topic, call.signal);
    await step(`let Pub/Sub publish to the dead-letter topic ${topic}`, () => grant(grants.publish, call.signal));
    await write();
    await step(`let Pub/Sub take dead letters from ${subscription}`, () => grant(grants.acknowledge, call.signal));
  }

  const useKey = ({ encryptionKey }: QueueWant, call: Call) =>
    step(`let Pub/Sub use the key ${encryptionKey}`, () => letServiceUseKey(gcp, "pubsub", encryptionKey, call.signal));

  async function create(name: string, want: QueueWant, call: Call): Promise<Created<QueueOutputs>> {
    const topic = topicName(project, name);
    const subscription = subscriptionName(project, name);
    if (!want.subscription) await useKey(want, call);
    await withDeadLetterGrants(subscription, want, call, async () => {
      if (!want.subscription) await step(`create the topic ${topic}`, () => makeTopic(topic, want, call));
      await step(`create the subscription ${subscription}`, () => makeSubscription(subscription, topic, want, call));
    });
    return { id: subscription, outputs: foresee(name, want) };
  }

  const foresee = (name: string, want: QueueWant): QueueOutputs => {
    const deadLetterTopic = want.deadLetter && topicOfQueue(want.deadLetter.target);
    const topic = want.subscription ? undefined : topicName(project, name);
    return outputsOf(subscriptionName(project, name), topic, place.region, deadLetterTopic);
  };

  /** Labels are replaced as a whole, so they are read fresh and only ours are changed. */
  async function relabelled(seen: Seen, tags: Tags, call: Call) {
    const own = topicNameOf(seen);
    const [topic, subscription] = await sideBySide([
      own === undefined ? undefined : pubsub.topic(own, call.signal),
      pubsub.subscription(seen.id, call.signal),
    ]);
    const change = (part: Topic | Subscription | undefined) => {
      const found = part?.labels ?? {};
      const labels = mergeTags(found, tags);
      return { labels, differs: part !== undefined && !sameLabels(found, labels) };
    };
    return { topic: change(topic), subscription: change(subscription) };
  }

  /** Undefined: it hangs on another's topic, and one of its own name is nothing of it. */
  const topicNameOf = ({ id, outputs }: Seen) =>
    outputs.QUEUE_URL === id ? undefined : topicName(project, shortName(id));

  async function update(
    seen: Seen,
    want: QueueWant,
    changed: ReadonlySet<keyof QueueWant & string>,
    call: Call,
  ): Promise<void> {
    const topic = topicNameOf(seen);
    const labels = changed.has("tags") ? await relabelled(seen, want.tags, call) : undefined;
    const mask = (masks: typeof TOPIC_MASKS, relabel: boolean | undefined) =>
      maskOf(masks, changed).filter((path) => path !== "labels" || relabel);

    const topicMask = mask(TOPIC_MASKS, labels?.topic.differs);
    if (topic !== undefined && changed.has("encryptionKey")) await useKey(want, call);
    if (topic !== undefined && topicMask.length > 0)
      await step(`update the topic ${topic}`, () =>
        pubsub.updateTopic(toTopic(topic, want, labels?.topic.labels ?? {}), topicMask, call.signal),
      );

    if (lacksSubscription(seen.actual))
      return withDeadLetterGrants(seen.id, want, call, () =>
        step(`create the subscription ${seen.id}`, () =>
          makeSubscription(seen.id, topicName(project, shortName(seen.id)), want, call),
        ),
      );

    const settings = changed.has("overrides") ? overridePaths(seen.actual.overrides ?? {}, want.overrides) : [];
    const subscriptionMask = [...mask(SUBSCRIPTION_MASKS, labels?.subscription.differs), ...settings].sort();
    if (subscriptionMask.length === 0) return;
    const wanted = toSubscription(seen.id, topic ?? "", want, labels?.subscription.labels ?? {});
    const write = async () => {
      const due = changed.has("deadLetter") ? await stillDue(subscriptionMask, wanted, call.signal) : subscriptionMask;
      if (due.length > 0)
        await step(`update the subscription ${seen.id}`, () => pubsub.updateSubscription(wanted, due, call.signal));
    };
    return changed.has("deadLetter") ? withDeadLetterGrants(seen.id, want, call, write) : write();
  }

  /** Where only a right was missing, the dead-letter policy itself is as it should be and is not sent again. */
  async function stillDue(mask: readonly string[], wanted: Subscription, signal: AbortSignal) {
    const live = (await pubsub.subscription(wanted.name ?? "", signal))?.deadLetterPolicy;
    const same =
      (live?.deadLetterTopic || undefined) === wanted.deadLetterPolicy?.deadLetterTopic &&
      (live?.maxDeliveryAttempts || undefined) === wanted.deadLetterPolicy?.maxDeliveryAttempts;
    return same ? mask.filter((path) => path !== "dead_letter_policy") : mask;
  }

  async function mark(seen: Seen, tags: Tags, call: Call): Promise<void> {
    const { topic, subscription } = await relabelled(seen, tags, call);
    const name = topicNameOf(seen);
    if (name !== undefined && topic.differs)
      await step(`label the topic ${name}`, () =>
        pubsub.updateTopic({ name, labels: topic.labels }, ["labels"], call.signal),
      );
    if (subscription.differs)
      await step(`label the subscription ${seen.id}`, () =>
        pubsub.updateSubscription({ name: seen.id, labels: subscription.labels }, ["labels"], call.signal),
      );
  }

  return {
    service: "pubsub",
    ids: "derived",
    immutable: ["ordering", "subscription"],
    footprint: footprintOf,
    fit: fitQueue,
    foresee,
    list,
    observe,
    create,
    update,
    async delete(seen, _at, call) {
      await step(`delete the subscription ${seen.id}`, () => pubsub.deleteSubscription(seen.id, call.signal));
      const topic = topicNameOf(seen);
      if (topic !== undefined) await step(`delete the topic ${topic}`, () => pubsub.deleteTopic(topic, call.signal));
    },
    adopt: (seen, want, call) => mark(seen, marksOf(want.tags), call),
    release: (seen, call) => mark(seen, without(HOLDER_MARKS), call),
  };
}

/** Whether it carries the marks of this object. */
function isOf(topic: Topic | undefined, me: Owner): boolean {
  const owner = topic && ownerOf(topic.labels ?? {});
  return owner !== undefined && sameObject(owner, me);
}

const absentPolicy = (error: unknown) => {
  if (error instanceof ProviderError && error.fault === "notFound") return {};
  throw error;
};

function phaseOf(
  topicName: string,
  topicSeen: boolean,
  subscription: Subscription | undefined,
): Pick<Seen, "phase" | "message"> {
  if (!subscription) return { phase: "ready", message: `The subscription of ${topicName} is missing.` };
  const broken = brokenBy(subscription);
  if (broken) return { phase: "failed", message: broken };
  if (!topicSeen) return { phase: "pending", message: `Pub/Sub does not show ${topicName} yet.` };
  return { phase: "ready" };
}

/** A project's service agent appears with the first use of the service; IAM refuses a member that does not exist. */
function explainMissingAgent(error: unknown): never {
  if (error instanceof ProviderError && error.fault === "invalid" && /does not exist/i.test(error.message))
    throw new ProviderError(
      "denied",
      `The service agent of Pub/Sub does not exist yet. Run: gcloud beta services identity create --service pubsub.googleapis.com (${error.message})`,
      { code: error.code, cause: error.cause },
    );
  throw error;
}
