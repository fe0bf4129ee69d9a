import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import type { QueueOutputs, QueueWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, tagValue } from "../../operator/provider/owner.ts";
import type { At, Call, Present, Provider } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { pagesOf } from "./pages.ts";
import { queueUrl } from "./queue-policy.ts";
import { actualOf, attributesToCreate, attributesToUpdate, deadLetterOf, fitQueue } from "./queue-shape.ts";
import { queueSubscriptions } from "./subscription.ts";
import { deadLettersAt, deadLettersIn, footprintOf, topicsAt, topicsOf } from "./subscription-shape.ts";
import { ownerOfMade, tagChanges, tagsOf, tagsToCreate } from "./tags.ts";

type Seen = Present<QueueWant, QueueOutputs>;

/** A FIFO queue has this at the end of its name: without an id it must be looked for there. */
const FIFO = ".fifo";
/** `actual.retentionSeconds` while the queue is missing and its subscription is there. Never a wanted value. */
const NONE = 0;

/**
 * Queue as SQS queue. One call makes it, tags included. PerKey is a high-throughput FIFO queue: deduplication ids
 * count within a key, and nothing is deduplicated by content, since Pub/Sub doesn't either.
 *
 * One that subscribes to a topic is made with the policy that lets SNS send, then subscribed; what a cut leaves out is found
 * by the next look and made by `update`. The delete unsubscribes first, so that the queue is left for the next pass to find.
 */
export function queueProvider(aws: Aws): Provider<QueueWant, QueueOutputs> {
  const { sqs, place } = aws;
  const subscriptions = queueSubscriptions(aws);
  const options = (call: Call) => ({ abortSignal: call.signal });

  const urlOf = (arn: string) => queueUrl(aws, arn);

  /** Undefined: there is no such queue. */
  async function tagsAt(QueueUrl: string, call: Call): Promise<Record<string, string> | undefined> {
    const tagged = await askFor("SQS ListQueueTags", sqs.send(new ListQueueTagsCommand({ QueueUrl }), options(call)));
    return tagged && tagsOf(tagged.Tags);
  }

  async function look(arn: string, topics: readonly string[], call: Call): Promise<Seen | undefined> {
    const QueueUrl = urlOf(arn);
    const found = await askFor(
      "SQS GetQueueAttributes",
      sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }), options(call)),
    );
    if (!found) return undefined;
    const attributes = required("SQS GetQueueAttributes", "Attributes", found.Attributes);
    const id = required("SQS GetQueueAttributes", "QueueArn", attributes.QueueArn);
    const tags = await tagsAt(QueueUrl, call);
    if (!tags) return undefined;
    const subscription = await subscriptions.look(id, topics, attributes.Policy, call);
    const key = attributes.KmsMasterKeyId;
    const problem = subscription && key ? await subscriptions.keyProblem(key, call) : undefined;
    return {
      exists: true,
      id,
      owner: ownerOf(tags),
      phase: problem === undefined ? "ready" : "failed",
      ...(problem !== undefined && { message: problem }),
      actual: { ...actualOf(attributes), subscription, tags },
      outputs: outputsOf(id, deadLetterOf(attributes)?.target),
    };
  }

  /** The queue is gone and its subscription is not: still ours, by the footprint, so that it is used again or taken away. */
  async function leftOver(id: string, at: At, call: Call): Promise<Seen | undefined> {
    const found = await subscriptions.find(id, topicsAt(at.footprint), call);
    if (found.length === 0) return undefined;
    return {
      exists: true,
      id,
      owner: call.owner,
      phase: "ready",
      message: `The queue ${id} is gone; its subscription is still there.`,
      actual: { retentionSeconds: NONE },
      outputs: outputsOf(id, undefined),
    };
  }

  async function makeQueue(id: string, want: QueueWant, call: Call) {
    return ask(
      "SQS CreateQueue",
      sqs.send(
        new CreateQueueCommand({
          QueueName: parseArn(id)?.resource,
          Attributes: attributesToCreate(id, want),
          tags: tagsToCreate(want.tags, call.owner),
        }),
        options(call),
      ),
    );
  }

  const fullNameOf = (name: string, want: QueueWant) =>
    want.ordering === "PerKey" && !name.endsWith(FIFO) ? name + FIFO : name;

  const outputsOf = (id: string, dlq: string | undefined): QueueOutputs => ({
    QUEUE_ID: id,
    QUEUE_URL: urlOf(id),
    REGION: parseArn(id)?.region ?? place.region,
    ...(dlq !== undefined && { DLQ_ID: dlq }),
  });

  return {
    ids: "derived",
    service: "sqs",
    immutable: ["ordering"],
    footprint: (want) => [...(want.ordering === "PerKey" ? [FIFO] : []), ...footprintOf(want)],
    fit: (want) => fitQueue(aws, want),
    foresee: (name, want) => outputsOf(aws.arn("sqs", fullNameOf(name, want)), want.deadLetter?.target),

    async observe(at, call) {
      const arns = namesAt(at).map((name) => aws.arn("sqs", name));
      for (const arn of arns) {
        const seen = await look(arn, topicsAt(at.footprint), call);
        if (seen) return seen;
      }
      return (await leftOver(arns[0] ?? "", at, call)) ?? { exists: false };
    },

    async list({ signal }) {
      const pages = await pagesOf("SQS ListQueues", (NextToken) =>
        sqs.send(new ListQueuesCommand({ MaxResults: 1000, NextToken }), { abortSignal: signal }),
      );
      const urls = pages.flatMap(({ QueueUrls = [] }) => QueueUrls);
      return urls.map((url) => {
        const name = url.slice(url.lastIndexOf("/") + 1);
        return { name, id: aws.arn("sqs", name) };
      });
    },

    async create(name, want, call) {
      const fullName = fullNameOf(name, want);
      const id = aws.arn("sqs", fullName);
      const made = await makeQueue(id, want, call).catch((error: unknown) => {
        if (error instanceof ProviderError && error.fault === "conflict") return undefined;
        throw error;
      });
      // CreateQueue answers a queue of the same attributes as if it had made it: whose is it?
      const tags = await step("see whose it is", () => tagsAt(urlOf(id), call));
      if (!tags) return { id };
      const answer = { answered: made !== undefined, what: `SQS queue ${fullName}`, code: "QueueNameExists" };
      const owner = ownerOfMade(tags, call.owner, answer);
      const byThis = owner.uid === tagValue(call.owner.uid) && owner.cluster === tagValue(call.owner.cluster);
      if (!made || !byThis) return { id };
      if (want.subscription) await subscriptions.ensure(id, want, undefined, call);
      return { id, outputs: outputsOf(id, want.deadLetter?.target) };
    },

    async update(seen, want, changed, call) {
      if (seen.actual.retentionSeconds === NONE) {
        // Whose the queue is that is there now, the next look tells; it is made with all that the subscription needs.
        await step("make the queue again", () => makeQueue(seen.id, want, call));
        return;
      }
      const QueueUrl = urlOf(seen.id);
      const Attributes = attributesToUpdate(seen, want, changed);
      if (Object.keys(Attributes).length > 0)
        await step("set attributes", () =>
          ask(
            "SQS SetQueueAttributes",
            sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }), options(call)),
          ),
        );
      if (changed.has("subscription")) await subscriptions.ensure(seen.id, want, seen.actual.subscription, call);
      if (!changed.has("tags")) return;
      const { set, remove } = tagChanges(seen.actual.tags, want.tags, call.owner);
      if (Object.keys(set).length > 0)
        await step("set tags", () =>
          ask("SQS TagQueue", sqs.send(new TagQueueCommand({ QueueUrl, Tags: set }), options(call))),
        );
      if (remove.length > 0)
        await step("remove tags", () =>
          ask("SQS UntagQueue", sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: remove }), options(call))),
        );
    },

    async delete(seen, at, call) {
      const { subscription } = seen.actual;
      await subscriptions.remove(
        seen.id,
        [...topicsAt(at.footprint), ...topicsOf(subscription)],
        [...deadLettersAt(at.footprint), ...deadLettersIn(subscription?.via ?? [])],
        call,
      );
      await askFor("SQS DeleteQueue", sqs.send(new DeleteQueueCommand({ QueueUrl: urlOf(seen.id) }), options(call)));
    },

    async adopt(seen, _want, call) {
      const QueueUrl = urlOf(seen.id);
      await ask(
        "SQS TagQueue",
        sqs.send(new TagQueueCommand({ QueueUrl, Tags: ownerTags(call.owner) }), options(call)),
      );
    },

    async release(seen, call) {
      const TagKeys = [...HOLDER_MARKS];
      await askFor(
        "SQS UntagQueue",
        sqs.send(new UntagQueueCommand({ QueueUrl: urlOf(seen.id), TagKeys }), options(call)),
      );
    },
  };
}

/** Names to look under: the one of the id, else the derived one, with the FIFO ending first when it may have that. */
function namesAt(at: At): string[] {
  const known = at.id === undefined ? undefined : parseArn(at.id)?.resource;
  if (known !== undefined) return [known];
  return at.footprint.includes(FIFO) && !at.name.endsWith(FIFO) ? [at.name + FIFO, at.name] : [at.name];
}
