import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  SetTopicAttributesCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-sns";
import type { TopicOutputs, TopicWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, tagValue } from "../../operator/provider/owner.ts";
import type { At, Call, Present, Provider } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { pagesOf } from "./pages.ts";
import { ownerOfMade, tagChanges, tagList, tagsOf, tagsToCreate } from "./tags.ts";
import { type Attributes, actualTopic, attributesToCreate, attributesToUpdate, fitTopic } from "./topic-shape.ts";

type Seen = Present<TopicWant, TopicOutputs>;

/** A FIFO topic has this at the end of its name: without an id it must be looked for there. */
const FIFO = ".fifo";

/**
 * Topic as SNS topic. One call makes it, tags included. PerKey is a FIFO topic. The topic's policy is left to those who
 * let services publish: it is no part of a Topic.
 */
export function topicProvider(aws: Aws): Provider<TopicWant, TopicOutputs> {
  const { sns, place } = aws;
  const options = (call: Call) => ({ abortSignal: call.signal });

  /** Undefined: there is no such topic. */
  async function attributesOf(TopicArn: string, call: Call): Promise<Attributes | undefined> {
    const operation = "SNS GetTopicAttributes";
    const found = await askFor(operation, sns.send(new GetTopicAttributesCommand({ TopicArn }), options(call)));
    return found && required(operation, "Attributes", found.Attributes);
  }

  async function tagsAt(ResourceArn: string, call: Call): Promise<Record<string, string> | undefined> {
    const operation = "SNS ListTagsForResource";
    const found = await askFor(operation, sns.send(new ListTagsForResourceCommand({ ResourceArn }), options(call)));
    return found && tagsOf(required(operation, "Tags", found.Tags).map(({ Key = "", Value = "" }) => ({ Key, Value })));
  }

  async function look(arn: string, call: Call): Promise<Seen | undefined> {
    const attributes = await attributesOf(arn, call);
    if (!attributes) return undefined;
    const id = required("SNS GetTopicAttributes", "TopicArn", attributes.TopicArn);
    const tags = await tagsAt(id, call);
    if (!tags) return undefined;
    return {
      exists: true,
      id,
      owner: ownerOf(tags),
      phase: "ready",
      actual: { ...actualTopic(attributes), tags },
      outputs: outputsOf(id),
    };
  }

  const fullNameOf = (name: string, want: TopicWant) =>
    want.ordering === "PerKey" && !name.endsWith(FIFO) ? name + FIFO : name;

  const outputsOf = (id: string): TopicOutputs => ({ TOPIC_ID: id, REGION: parseArn(id)?.region || place.region });

  const tag = async (ResourceArn: string, set: Readonly<Record<string, string>>, call: Call) => {
    if (Object.keys(set).length === 0) return;
    const Tags = tagList(set);
    await ask("SNS TagResource", sns.send(new TagResourceCommand({ ResourceArn, Tags }), options(call)));
  };

  return {
    ids: "derived",
    service: "sns",
    immutable: ["ordering"],
    footprint: (want) => (want.ordering === "PerKey" ? [FIFO] : []),
    fit: (want) => fitTopic(aws, want),
    foresee: (name, want) => outputsOf(aws.arn("sns", fullNameOf(name, want))),

    async observe(at, call) {
      for (const name of namesAt(at)) {
        const seen = await look(aws.arn("sns", name), call);
        if (seen) return seen;
      }
      return { exists: false };
    },

    async list({ signal }) {
      const pages = await pagesOf("SNS ListTopics", (NextToken) =>
        sns.send(new ListTopicsCommand({ NextToken }), { abortSignal: signal }),
      );
      return pages
        .flatMap(({ Topics = [] }) => Topics)
        .map(({ TopicArn = "" }) => ({ name: parseArn(TopicArn)?.resource ?? TopicArn, id: TopicArn }));
    },

    async create(name, want, call) {
      const Name = fullNameOf(name, want);
      const Tags = tagList(tagsToCreate(want.tags, call.owner));
      const id = aws.arn("sns", Name);
      // CreateTopic answers a topic that exists as if it had made it, and refuses it when tags or attributes differ.
      const made = await ask(
        "SNS CreateTopic",
        sns.send(new CreateTopicCommand({ Name, Tags, Attributes: attributesToCreate(want) }), options(call)),
      ).catch((error: unknown) => {
        if (error instanceof ProviderError && error.fault === "conflict") return undefined;
        throw error;
      });
      const tags = await step("see whose it is", () => tagsAt(id, call));
      if (!tags) return { id };
      const answer = { answered: made !== undefined, what: `SNS topic ${Name}`, code: "TopicExists" };
      const owner = ownerOfMade(tags, call.owner, answer);
      const byThis = owner.uid === tagValue(call.owner.uid) && owner.cluster === tagValue(call.owner.cluster);
      return made && byThis ? { id, outputs: outputsOf(id) } : { id };
    },

    async update(seen, want, changed, call) {
      const TopicArn = seen.id;
      const ofAttributes = [...changed].some((field) => field !== "tags");
      const live = ofAttributes ? await attributesOf(TopicArn, call) : {};
      if (!live) throw new ProviderError("notFound", `SNS topic ${TopicArn} is gone`, { code: "NotFound" });
      for (const [AttributeName, AttributeValue] of attributesToUpdate(live, want, changed)) {
        const command = new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue });
        await step(`set ${AttributeName}`, () => ask("SNS SetTopicAttributes", sns.send(command, options(call))));
      }
      if (!changed.has("tags")) return;
      const { set, remove } = tagChanges(seen.actual.tags, want.tags, call.owner);
      await step("set tags", () => tag(TopicArn, set, call));
      if (remove.length > 0)
        await step("remove tags", () =>
          ask(
            "SNS UntagResource",
            sns.send(new UntagResourceCommand({ ResourceArn: TopicArn, TagKeys: remove }), options(call)),
          ),
        );
    },

    async delete(seen, _at, call) {
      await askFor("SNS DeleteTopic", sns.send(new DeleteTopicCommand({ TopicArn: seen.id }), options(call)));
    },

    adopt: (seen, _want, call) => tag(seen.id, ownerTags(call.owner), call),

    async release(seen, call) {
      const command = new UntagResourceCommand({ ResourceArn: seen.id, TagKeys: [...HOLDER_MARKS] });
      await askFor("SNS UntagResource", sns.send(command, options(call)));
    },
  };
}

/** Names to look under: the one of the id, else the derived one, with the FIFO ending first when it may have that. */
function namesAt(at: At): string[] {
  const known = at.id === undefined ? undefined : parseArn(at.id)?.resource;
  if (known !== undefined) return [known];
  return at.footprint.includes(FIFO) && !at.name.endsWith(FIFO) ? [at.name + FIFO, at.name] : [at.name];
}
