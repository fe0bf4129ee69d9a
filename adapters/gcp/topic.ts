import type { TopicOutputs, TopicWant } from "../../controllers/leaf/wants.ts";
import { sideBySide, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, mergeTags, ownerOf, type Tags } from "../../operator/provider/owner.ts";
import type { Call, Present, Provider } from "../../operator/provider/provider.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import { letServiceUseKey } from "./key-agents.ts";
import { sameLabels } from "./labels.ts";
import { shortName, topicName } from "./names.ts";
import { marksOf, refuseForeign, without } from "./owner.ts";
import { actualTopic, fitTopic, MASKS, outputsOf, toTopic } from "./topic-shape.ts";

type Seen = Present<TopicWant, TopicOutputs>;

/** Topic as Pub/Sub topic, made by one call. Which messages stay in order is for its subscriptions to say. */
export function topicProvider(gcp: Gcp): Provider<TopicWant, TopicOutputs> {
  const { place, pubsub } = gcp;
  const project = place.account;

  /** Labels are replaced as a whole, so they are read fresh and only ours are changed. Undefined: nothing to do. */
  async function relabelled(name: string, tags: Tags, call: Call): Promise<Record<string, string> | undefined> {
    const found = (await pubsub.topic(name, call.signal))?.labels ?? {};
    const labels = mergeTags(found, tags);
    return sameLabels(found, labels) ? undefined : labels;
  }

  async function mark(seen: Seen, tags: Tags, call: Call): Promise<void> {
    const labels = await relabelled(seen.id, tags, call);
    if (labels) await pubsub.updateTopic({ name: seen.id, labels }, ["labels"], call.signal);
  }

  const useKey = ({ encryptionKey }: TopicWant, call: Call) =>
    step(`let Pub/Sub use the key ${encryptionKey}`, () => letServiceUseKey(gcp, "pubsub", encryptionKey, call.signal));

  return {
    service: "pubsub",
    ids: "derived",
    immutable: ["ordering"],
    fit: fitTopic,
    foresee: (name) => outputsOf(topicName(project, name), place.region),

    async observe(at, call) {
      const id = topicName(project, at.id ? shortName(at.id) : at.name);
      const topic = await pubsub.topic(id, call.signal);
      if (!topic) return { exists: false };
      return {
        exists: true,
        id,
        owner: ownerOf(topic.labels ?? {}),
        phase: "ready",
        actual: actualTopic(topic),
        outputs: outputsOf(id, place.region),
      };
    },

    /** A topic with a subscription of its own name is a Queue. */
    async list({ signal }) {
      const [topics, subscriptions] = await sideBySide([
        pubsub.topics(project, signal),
        pubsub.subscriptions(project, signal),
      ]);
      const queues = new Set(
        subscriptions
          .filter(({ name, topic }) => topic === topicName(project, shortName(name ?? "")))
          .map(({ topic }) => topic),
      );
      return topics.flatMap(({ name }) => (name && !queues.has(name) ? [{ name: shortName(name), id: name }] : []));
    },

    async create(name, want, call) {
      const id = topicName(project, name);
      await useKey(want, call);
      try {
        await pubsub.createTopic(toTopic(id, want, mergeTags({}, want.tags)), call.signal);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        refuseForeign(id, await pubsub.topic(id, call.signal), call.owner);
        return { id };
      }
      return { id, outputs: outputsOf(id, place.region) };
    },

    async update(seen, want, changed, call) {
      const labels = changed.has("tags") ? await relabelled(seen.id, want.tags, call) : undefined;
      const mask = [...changed]
        .flatMap((field) => MASKS[field] ?? [])
        .filter((path) => path !== "labels" || labels !== undefined)
        .sort();
      if (mask.length === 0) return;
      if (changed.has("encryptionKey")) await useKey(want, call);
      await step(`update the topic ${seen.id}`, () =>
        pubsub.updateTopic(toTopic(seen.id, want, labels ?? {}), mask, call.signal),
      );
    },

    delete: (seen, _at, call) => pubsub.deleteTopic(seen.id, call.signal),
    adopt: (seen, want, call) => mark(seen, marksOf(want.tags), call),
    release: (seen, call) => mark(seen, without(HOLDER_MARKS), call),
  };
}
