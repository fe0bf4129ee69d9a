/** Settings of SQS alone: canonical forms both ways. Pure. */
import type { QueueAttributeName } from "@aws-sdk/client-sqs";
import type { QueueWant } from "../../controllers/leaf/wants.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import type { Neutral } from "../../operator/provider/provider.ts";

type Attributes = Partial<Record<QueueAttributeName, string>>;
type Overrides = QueueWant["overrides"];
type Settled = Pick<QueueWant, "overrides" | "ordering" | "encryptionKey">;
interface Fifo {
  readonly deduplicateWithin?: "Key" | "Queue";
  readonly throughputPer?: "Key" | "Queue";
  readonly deduplicateByContent?: boolean;
}

export const QUEUE_OVERRIDES = ["kmsDataKeyReuse", "fifo", "deadLetterSources"] as const;

/** How long SQS reuses a data key when nothing is said, in seconds. */
const DEFAULT_KEY_REUSE = 300;

/**
 * The overrides in their one form: absent where they say what a Queue is anyway. Deduplication ids count within a key and
 * throughput is each key's own, since Pub/Sub is so; nothing is deduplicated by content.
 */
export function queueOverrides({ overrides, ordering, encryptionKey }: Settled): Overrides {
  const { kmsDataKeyReuse, deadLetterSources } = overrides;
  const reuse = typeof kmsDataKeyReuse === "string" ? durationSeconds(kmsDataKeyReuse) : DEFAULT_KEY_REUSE;
  const fifo = ordering === "PerKey" ? unusual((overrides.fifo ?? {}) as Fifo) : {};
  return {
    ...(encryptionKey !== null && reuse !== DEFAULT_KEY_REUSE && { kmsDataKeyReuse: durationText(reuse) }),
    ...(Object.keys(fifo).length > 0 && { fifo: fifo as Neutral }),
    ...(Array.isArray(deadLetterSources) && { deadLetterSources: deadLetterSources.toSorted() }),
  };
}

const unusual = ({ deduplicateWithin, throughputPer, deduplicateByContent }: Fifo): Fifo => ({
  ...(deduplicateWithin === "Queue" && { deduplicateWithin }),
  ...(throughputPer === "Queue" && { throughputPer }),
  ...(deduplicateByContent === true && { deduplicateByContent }),
});

/** The live settings. What is not told counts as what a Queue is anyway. */
export function actualOverrides(attributes: Attributes): Overrides {
  const reuse = Number(attributes.KmsDataKeyReusePeriodSeconds || DEFAULT_KEY_REUSE);
  return queueOverrides({
    ordering: attributes.FifoQueue === "true" ? "PerKey" : "None",
    encryptionKey: attributes.KmsMasterKeyId || null,
    overrides: {
      kmsDataKeyReuse: durationText(reuse),
      fifo: {
        ...(attributes.DeduplicationScope === "queue" && { deduplicateWithin: "Queue" }),
        ...(attributes.FifoThroughputLimit === "perQueue" && { throughputPer: "Queue" }),
        ...(attributes.ContentBasedDeduplication === "true" && { deduplicateByContent: true }),
      },
      deadLetterSources: sourcesOf(attributes.RedriveAllowPolicy),
    },
  });
}

/** Undefined: any queue. What nobody can read differs from every wish. */
function sourcesOf(policy: string | undefined): readonly string[] | undefined {
  if (!policy) return undefined;
  try {
    const { redrivePermission, sourceQueueArns = [] } = JSON.parse(policy) as {
      redrivePermission?: string;
      sourceQueueArns?: readonly string[];
    };
    return redrivePermission === "allowAll" ? undefined : sourceQueueArns;
  } catch {
    return [policy];
  }
}

function redriveAllowPolicy(sources: Neutral): string {
  if (!Array.isArray(sources)) return JSON.stringify({ redrivePermission: "allowAll" });
  if (sources.length === 0) return JSON.stringify({ redrivePermission: "denyAll" });
  return JSON.stringify({ redrivePermission: "byQueue", sourceQueueArns: sources });
}

/** Every attribute that the overrides stand for. */
function attributesOf({ overrides, ordering, encryptionKey }: Settled): Attributes {
  const { kmsDataKeyReuse } = overrides;
  const { deduplicateWithin, throughputPer, deduplicateByContent = false } = (overrides.fifo ?? {}) as Fifo;
  return {
    ...(encryptionKey !== null && {
      KmsDataKeyReusePeriodSeconds: String(
        typeof kmsDataKeyReuse === "string" ? durationSeconds(kmsDataKeyReuse) : DEFAULT_KEY_REUSE,
      ),
    }),
    ...(ordering === "PerKey" && {
      ContentBasedDeduplication: String(deduplicateByContent),
      DeduplicationScope: deduplicateWithin === "Queue" ? "queue" : "messageGroup",
      FifoThroughputLimit: throughputPer === "Queue" ? "perQueue" : "perMessageGroupId",
    }),
    RedriveAllowPolicy: redriveAllowPolicy(overrides.deadLetterSources),
  };
}

/** What CreateQueue is given: that any queue may have it for its dead letters goes without saying. */
export function overridesToCreate(want: Settled): Attributes {
  const { RedriveAllowPolicy, ...rest } = attributesOf(want);
  return { ...rest, ...(want.overrides.deadLetterSources !== undefined && { RedriveAllowPolicy }) };
}

/** The attributes that lead from what is seen to what is wanted. */
export function overridesToSet(seen: Overrides, want: Settled): Attributes {
  const before: Readonly<Record<string, string>> = attributesOf({ ...want, overrides: seen });
  return Object.fromEntries(Object.entries(attributesOf(want)).filter(([name, value]) => before[name] !== value));
}
