import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type QueueAttributeName,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import type { QueueOutputs, QueueWant } from "../../controllers/leaf/wants.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject, tagValue } from "../../operator/provider/owner.ts";
import type { At, Call, Fitted, Present, Provider } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { keyArn } from "./key.ts";
import { checkOverrides } from "./overrides.ts";
import { pagesOf } from "./pages.ts";
import { queueUrl } from "./queue-policy.ts";
import { fitNumber } from "./range.ts";
import { tagChanges, tagsOf, tagsToCreate } from "./tags.ts";

type Attributes = Partial<Record<QueueAttributeName, string>>;
type Seen = Present<QueueWant, QueueOutputs>;

/** A FIFO queue has this at the end of its name: without an id it must be looked for there. */
const FIFO = ".fifo";
/** How long SQS reuses a data key when nothing is said, in seconds. */
const DEFAULT_KEY_REUSE = 300;
/** `actual.encryptionKey` of a queue that nothing encrypts: equal to no wish, so it is put right. */
const UNENCRYPTED = "none";

/**
 * Queue as SQS queue. One call makes it, tags included. PerKey is a high-throughput FIFO queue: deduplication ids
 * count within a key, and nothing is deduplicated by content, since Pub/Sub doesn't either.
 */
export function queueProvider(aws: Aws): Provider<QueueWant, QueueOutputs> {
  const { sqs, place } = aws;
  const options = (call: Call) => ({ abortSignal: call.signal });

  const urlOf = (arn: string) => queueUrl(aws, arn);

  async function look(arn: string, call: Call): Promise<Seen | undefined> {
    const QueueUrl = urlOf(arn);
    const found = await askFor(
      "SQS GetQueueAttributes",
      sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }), options(call)),
    );
    if (!found) return undefined;
    const attributes = required("SQS GetQueueAttributes", "Attributes", found.Attributes);
    const id = required("SQS GetQueueAttributes", "QueueArn", attributes.QueueArn);
    const tagged = await askFor("SQS ListQueueTags", sqs.send(new ListQueueTagsCommand({ QueueUrl }), options(call)));
    if (!tagged) return undefined;
    const tags = tagsOf(tagged.Tags);
    return {
      exists: true,
      id,
      owner: ownerOf(tags),
      phase: "ready",
      actual: { ...actualOf(attributes), tags },
      outputs: outputsOf(id, deadLetterOf(attributes)?.target),
    };
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
    footprint: (want) => (want.ordering === "PerKey" ? [FIFO] : []),
    fit: (want) => fitQueue(aws, want),
    foresee: (name, want) => outputsOf(aws.arn("sqs", fullNameOf(name, want)), want.deadLetter?.target),

    async observe(at, call) {
      for (const name of namesAt(at)) {
        const seen = await look(aws.arn("sqs", name), call);
        if (seen) return seen;
      }
      return { exists: false };
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
      const made = await ask(
        "SQS CreateQueue",
        sqs.send(
          new CreateQueueCommand({
            QueueName: fullName,
            Attributes: attributesToCreate(want),
            tags: tagsToCreate(want.tags, call.owner),
          }),
          options(call),
        ),
      ).catch((error: unknown) => {
        if (error instanceof ProviderError && error.fault === "conflict") return undefined;
        throw error;
      });
      // CreateQueue answers a queue of the same attributes as if it had made it: whose is it?
      const tagged = await askFor(
        "SQS ListQueueTags",
        sqs.send(new ListQueueTagsCommand({ QueueUrl: urlOf(id) }), options(call)),
      );
      if (!tagged) return { id };
      const owner = ownerOf(tagsOf(tagged.Tags));
      if (!owner || !sameObject(owner, call.owner))
        throw new ProviderError("conflict", `SQS queue ${fullName} exists and does not carry our marks`, {
          code: "QueueNameExists",
        });
      const byThis = owner.uid === tagValue(call.owner.uid) && owner.cluster === tagValue(call.owner.cluster);
      if (!made || !byThis) return { id };
      return { id, outputs: outputsOf(id, want.deadLetter?.target) };
    },

    async update(seen, want, changed, call) {
      const QueueUrl = urlOf(seen.id);
      const Attributes = attributesToUpdate(seen, want, changed);
      if (Object.keys(Attributes).length > 0)
        await step("set attributes", () =>
          ask(
            "SQS SetQueueAttributes",
            sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }), options(call)),
          ),
        );
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

    async delete(seen, _at, call) {
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

function fitQueue(aws: Pick<Aws, "arn">, want: QueueWant): Fitted<QueueWant> {
  const timeout = fitNumber("processingTimeout", want.processingTimeoutSeconds, limits.queue.processingTimeout);
  const retention = fitNumber("retention", want.retentionSeconds, limits.queue.retention);
  const size = fitNumber("maxMessageBytes", want.maxMessageBytes, limits.queue.maxMessageBytes);
  const delay = fitNumber("delay", want.delaySeconds, limits.queue.delay);
  const receives =
    want.deadLetter && fitNumber("deadLetter.maxReceives", want.deadLetter.maxReceives, limits.queue.maxReceives);
  const encryptionKey = keyArn(aws, want.encryptionKey);
  const used = checkOverrides(want.overrides, ["kmsDataKeyReuse"]);
  return {
    want: {
      ...want,
      processingTimeoutSeconds: timeout.value,
      retentionSeconds: retention.value,
      maxMessageBytes: size.value,
      delaySeconds: delay.value,
      deadLetter: want.deadLetter && receives ? { ...want.deadLetter, maxReceives: receives.value } : null,
      encryptionKey,
      overrides: keyReuse(encryptionKey, want.overrides.kmsDataKeyReuse),
    },
    deviations: [timeout, retention, size, delay, ...(receives ? [receives] : [])]
      .flatMap((one) => one.deviations)
      .concat(used),
  };
}

/** The one override in its one form: absent without a key, and where it says what SQS does anyway. */
function keyReuse(key: string | null, reuse: unknown): QueueWant["overrides"] {
  const seconds = typeof reuse === "string" ? durationSeconds(reuse) : (numberOf(reuse) ?? DEFAULT_KEY_REUSE);
  return key === null || seconds === DEFAULT_KEY_REUSE ? {} : { kmsDataKeyReuse: durationText(seconds) };
}

function actualOf(attributes: Attributes): Partial<QueueWant> {
  const key = attributes.KmsMasterKeyId || null;
  const numbers = {
    processingTimeoutSeconds: numberOf(attributes.VisibilityTimeout),
    retentionSeconds: numberOf(attributes.MessageRetentionPeriod),
    maxMessageBytes: numberOf(attributes.MaximumMessageSize),
    delaySeconds: numberOf(attributes.DelaySeconds),
  };
  return {
    ...(Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)) as Partial<QueueWant>),
    ordering: attributes.FifoQueue === "true" ? "PerKey" : "None",
    deadLetter: deadLetterOf(attributes) ?? null,
    encryptionKey: key ?? (attributes.SqsManagedSseEnabled === "false" ? UNENCRYPTED : null),
    overrides: keyReuse(key, numberOf(attributes.KmsDataKeyReusePeriodSeconds)),
  };
}

/** The redrive policy, whose count comes as a number or as text. */
function deadLetterOf(attributes: Attributes): QueueWant["deadLetter"] | undefined {
  if (!attributes.RedrivePolicy) return undefined;
  try {
    const policy = JSON.parse(attributes.RedrivePolicy) as { deadLetterTargetArn?: string; maxReceiveCount?: unknown };
    return { target: policy.deadLetterTargetArn ?? "", maxReceives: Number(policy.maxReceiveCount) };
  } catch {
    return { target: attributes.RedrivePolicy, maxReceives: 0 };
  }
}

function numberOf(text: unknown): number | undefined {
  const value = Number(text);
  return text === undefined || text === null || text === "" || !Number.isFinite(value) ? undefined : value;
}

const redrivePolicy = (deadLetter: QueueWant["deadLetter"]): string =>
  deadLetter ? JSON.stringify({ deadLetterTargetArn: deadLetter.target, maxReceiveCount: deadLetter.maxReceives }) : "";

/** Attributes that each field of Want stands for. */
const ATTRIBUTES: { readonly [Field in keyof QueueWant]?: (want: QueueWant, seen?: Seen) => Attributes } = {
  processingTimeoutSeconds: (want) => ({ VisibilityTimeout: String(want.processingTimeoutSeconds) }),
  retentionSeconds: (want) => ({ MessageRetentionPeriod: String(want.retentionSeconds) }),
  maxMessageBytes: (want) => ({ MaximumMessageSize: String(want.maxMessageBytes) }),
  delaySeconds: (want) => ({ DelaySeconds: String(want.delaySeconds) }),
  deadLetter: (want) => ({ RedrivePolicy: redrivePolicy(want.deadLetter) }),
  // SQS turns its own encryption off when a key is set and on when the key is taken away, and refuses both at once.
  encryptionKey: (want, seen) => {
    if (want.encryptionKey !== null) return { KmsMasterKeyId: want.encryptionKey };
    const hadKey =
      seen !== undefined && seen.actual.encryptionKey !== null && seen.actual.encryptionKey !== UNENCRYPTED;
    return hadKey ? { KmsMasterKeyId: "" } : { SqsManagedSseEnabled: "true" };
  },
  overrides: ({ overrides: { kmsDataKeyReuse }, encryptionKey }) =>
    encryptionKey === null
      ? {}
      : {
          KmsDataKeyReusePeriodSeconds: String(
            typeof kmsDataKeyReuse === "string" ? durationSeconds(kmsDataKeyReuse) : DEFAULT_KEY_REUSE,
          ),
        },
};

function attributesToUpdate(seen: Seen, want: QueueWant, changed: ReadonlySet<string>): Attributes {
  const fields = (Object.keys(ATTRIBUTES) as (keyof QueueWant)[]).filter((field) => changed.has(field));
  return Object.assign({}, ...fields.map((field) => ATTRIBUTES[field]?.(want, seen)));
}

function attributesToCreate(want: QueueWant): Attributes {
  const { RedrivePolicy, ...rest }: Attributes = Object.assign(
    {},
    ...Object.values(ATTRIBUTES).map((attributesOf) => attributesOf(want)),
  );
  return {
    ...rest,
    ...(RedrivePolicy && { RedrivePolicy }),
    ...(want.ordering === "PerKey" && {
      FifoQueue: "true",
      ContentBasedDeduplication: "false",
      DeduplicationScope: "messageGroup",
      FifoThroughputLimit: "perMessageGroupId",
    }),
  };
}
