import type { BucketNotification, BucketWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import { isRegistered, transformsFor, withBucket } from "./bucket-transform.ts";
import { ifThere } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import {
  actualNotifications,
  configOf,
  isOurs,
  leftover,
  liveTopic,
  sameConfig,
  topicAt,
  topicsAt,
} from "./notification-shape.ts";
import { holds, withMember } from "./policy.ts";

const PUBLISHER = "roles/pubsub.publisher";

/**
 * Notifications of a bucket: Cloud Storage publishes to the topic of a Queue or Topic, and a transform of that topic makes
 * a CloudEvent of it. The transform is ours and not the Topic's or Queue's, which say nothing of transforms.
 *
 * Right to publish, transform, configuration are made in this order, and go the other way: so nothing arrives in another
 * shape. The right stays, as Cloud Storage is one account for all buckets of a project.
 */
export function bucketNotifications(gcp: Pick<Gcp, "storage" | "pubsub" | "pubsubPolicies">) {
  const { storage, pubsub, pubsubPolicies: policies } = gcp;
  const membership = async (signal: AbortSignal) => ({
    role: PUBLISHER,
    member: `serviceAccount:${await storage.serviceAgent(signal)}`,
  });

  /** The topics at which all arrives as it should. */
  async function openOf(bucket: string, topics: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    if (topics.length === 0) return [];
    const member = await membership(signal);
    const looked = await sideBySide(
      topics.map(async (topic) => {
        const [found, policy] = await sideBySide([pubsub.topic(topic, signal), ifThere(policies.read(topic, signal))]);
        return transformsFor(found?.messageTransforms ?? [], bucket) && holds(policy ?? {}, member) ? [topic] : [];
      }),
    );
    return looked.flat();
  }

  const rename = (bucket: string, topic: string, tells: boolean, { signal }: Call) =>
    step(tells ? `have ${topic} make CloudEvents` : `take the bucket out of the transform of ${topic}`, () =>
      pubsub.editTransforms(topic, (live) => withBucket(live, bucket, tells), signal),
    );

  async function open(bucket: string, topic: string, call: Call): Promise<void> {
    const member = await membership(call.signal);
    await step(`let Cloud Storage publish to ${topic}`, () =>
      policies.edit(topic, (policy) => withMember(policy, member), call.signal),
    );
    await rename(bucket, topic, true, call);
  }

  /** A right that was given a moment ago may not be in force yet: then it is tried again soon. */
  const notYet = (topic: string) => (error: unknown) => {
    if (error instanceof ProviderError && /does not have permission to publish|not found, or user/.test(error.message))
      throw new ProviderError("transient", `Cloud Storage may not publish to ${topic} yet: ${error.message}`, {
        code: error.code,
        cause: error,
      });
    throw error;
  };

  return {
    /** What there is of ours. @param footprint names topics that may still name the bucket */
    async actual(
      bucket: string,
      footprint: readonly string[],
      { signal }: Call,
    ): Promise<readonly BucketNotification[]> {
      const live = await storage.notifications(bucket, signal);
      const topics = [...new Set(live.filter(isOurs).map(liveTopic))];
      const elsewhere = topicsAt(footprint).filter((topic) => !topics.includes(topic));
      const [opened, left] = await sideBySide([
        openOf(bucket, topics, signal),
        sideBySide(
          elsewhere.map(async (topic) => {
            const transforms = (await pubsub.topic(topic, signal))?.messageTransforms ?? [];
            return isRegistered(transforms, bucket) ? [leftover(topic)] : [];
          }),
        ),
      ]);
      return [...actualNotifications(live, (topic) => opened.includes(topic)), ...left.flat()];
    },

    /** Makes them as `want` says, and takes away what `seen` had besides. Sends only what differs. */
    async ensure(bucket: string, want: BucketWant, seen: readonly BucketNotification[], call: Call): Promise<void> {
      const wanted = want.notifications.map((one) => configOf(one, want.versioning));
      const used = new Set(wanted.map(liveTopic));
      for (const topic of used) await open(bucket, topic, call);
      const live = (await storage.notifications(bucket, call.signal)).filter(isOurs);
      const kept = new Set<string>();
      for (const one of wanted) {
        const found = live.find((there) => sameConfig(there, one));
        if (found) kept.add(found.id);
        else
          await step(`have Cloud Storage tell ${liveTopic(one)}`, () =>
            storage.notify(bucket, one, call.signal).catch(notYet(liveTopic(one))),
          );
      }
      const gone = live.filter(({ id }) => !kept.has(id));
      for (const { id } of gone)
        await step(`delete the notification ${id}`, () => storage.stopNotifying(bucket, id, call.signal));
      const before = [...gone.map(liveTopic), ...seen.flatMap(({ target }) => topicAt(target) ?? [])];
      for (const topic of new Set(before)) if (!used.has(topic)) await rename(bucket, topic, false, call);
    },

    /** All that is ours. */
    async remove(bucket: string, footprint: readonly string[], call: Call): Promise<void> {
      const live = (await storage.notifications(bucket, call.signal)).filter(isOurs);
      for (const { id } of live)
        await step(`delete the notification ${id}`, () => storage.stopNotifying(bucket, id, call.signal));
      for (const topic of new Set([...live.map(liveTopic), ...topicsAt(footprint)]))
        await rename(bucket, topic, false, call);
    },
  };
}
