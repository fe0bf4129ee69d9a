/** A Topic as Pub/Sub has it: canonical forms both ways. Pure. */
import type { TopicOutputs, TopicWant } from "../../controllers/leaf/wants.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Deviation, Fitted, Neutral } from "../../operator/provider/provider.ts";
import type { Labels } from "./labels.ts";
import { fitMessageStorage, liveMessageStorage, toStoragePolicy } from "./message-storage.ts";
import type { Topic } from "./pubsub.ts";

type Overrides = Readonly<Record<string, Neutral>>;

/** A message has at most so many bytes, and no lower bound can be set. */
const MESSAGE_BYTES = limits.topic.maxMessageBytes.gcp.max;
const OVERRIDES = ["messageStorage", "retention", "schema"];

/** What Pub/Sub makes of a wish. */
export function fitTopic(want: TopicWant): Fitted<TopicWant> {
  const deviations: Deviation[] = [];
  if (want.maxMessageBytes < MESSAGE_BYTES)
    deviations.push({
      field: "maxMessageBytes",
      kind: "Covered",
      message: `Pub/Sub takes messages up to ${MESSAGE_BYTES} bytes and can't be told less; ${want.maxMessageBytes} was asked.`,
    });
  for (const field of Object.keys(want.overrides).filter((one) => want.overrides[one] !== undefined)) {
    if (!OVERRIDES.includes(field))
      throw new ProviderError(
        "invalid",
        `overrides.gcp.${field}: there is no such setting; there are ${OVERRIDES.join(", ")}`,
        { code: "UnknownOverride" },
      );
    deviations.push({
      field: `overrides.gcp.${field}`,
      kind: "CloudSpecific",
      message: "SNS has no such setting.",
    });
  }
  const { retention, schema } = want.overrides as { retention?: string; schema?: Overrides };
  const messageStorage = fitMessageStorage(want.overrides.messageStorage);
  return {
    want: {
      ...want,
      maxMessageBytes: MESSAGE_BYTES,
      ...(messageStorage && { messageStorage }),
      overrides: {
        ...(retention ? { retention: durationText(durationSeconds(retention)) } : {}),
        ...(schema ? { schema } : {}),
      },
    },
    deviations,
  };
}

/** Paths of the update mask by field of Want. */
export const MASKS: Partial<Record<keyof TopicWant, readonly string[]>> = {
  encryptionKey: ["kms_key_name"],
  messageStorage: ["message_storage_policy"],
  overrides: ["message_retention_duration", "schema_settings"],
  tags: ["labels"],
};

/** The topic that `want` asks for. */
export function toTopic(name: string, want: TopicWant, labels: Labels): Topic {
  const { retention, schema } = want.overrides as { retention?: string; schema?: Readonly<Record<string, string>> };
  return {
    name,
    labels: { ...labels },
    kmsKeyName: want.encryptionKey ?? "",
    ...toStoragePolicy(want.messageStorage),
    ...(retention && { messageRetentionDuration: { seconds: durationSeconds(retention) } }),
    ...(schema && {
      schemaSettings: {
        schema: schema.name ?? "",
        encoding: schema.encoding === "Binary" ? "BINARY" : "JSON",
        ...(schema.firstRevisionId && { firstRevisionId: schema.firstRevisionId }),
        ...(schema.lastRevisionId && { lastRevisionId: schema.lastRevisionId }),
      },
    }),
  };
}

/** The live values in the fields of Want. Order is no matter of a topic here: it is kept by subscriptions. */
export function actualTopic(topic: Topic): Partial<TopicWant> {
  const seconds = Number(topic.messageRetentionDuration?.seconds ?? 0);
  const { schemaSettings: schema } = topic;
  return {
    maxMessageBytes: MESSAGE_BYTES,
    encryptionKey: topic.kmsKeyName || null,
    messageStorage: liveMessageStorage(topic),
    overrides: {
      ...(seconds > 0 ? { retention: durationText(seconds) } : {}),
      ...(schema
        ? {
            schema: {
              name: schema.schema ?? "",
              encoding: isBinary(schema.encoding) ? "Binary" : "Json",
              ...(schema.firstRevisionId ? { firstRevisionId: schema.firstRevisionId } : {}),
              ...(schema.lastRevisionId ? { lastRevisionId: schema.lastRevisionId } : {}),
            },
          }
        : {}),
    },
    tags: { ...topic.labels },
  };
}

/** google.pubsub.v1.Encoding by name, or by number as some replies have it. */
const isBinary = (encoding: unknown): boolean => encoding === "BINARY" || encoding === 2;

export const outputsOf = (id: string, region: string): TopicOutputs => ({ TOPIC_ID: id, REGION: region });
