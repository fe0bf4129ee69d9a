/** A Queue as SQS has it: canonical forms both ways. Pure. */
import type { QueueAttributeName } from "@aws-sdk/client-sqs";
import type { QueueOutputs, QueueWant } from "../../controllers/leaf/wants.ts";
import { limits } from "../../crds/limits.ts";
import type { Fitted, Present } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { keyArn } from "./key.ts";
import { checkOverrides } from "./overrides.ts";
import {
  actualOverrides,
  overridesToCreate,
  overridesToSet,
  QUEUE_OVERRIDES,
  queueOverrides,
} from "./queue-overrides.ts";
import { fitNumber } from "./range.ts";
import { withOurs } from "./resource-policy.ts";
import { fitSubscription, queueStatements } from "./subscription-shape.ts";

/** Attributes of SQS by name; all values are text. */
export type Attributes = Partial<Record<QueueAttributeName, string>>;
type Seen = Present<QueueWant, QueueOutputs>;

/** `actual.encryptionKey` of a queue that nothing encrypts: equal to no wish, so it is put right. */
const UNENCRYPTED = "none";

/** What SQS makes of a wish. @throws ProviderError invalid */
export function fitQueue(aws: Pick<Aws, "arn" | "place">, want: QueueWant): Fitted<QueueWant> {
  const timeout = fitNumber("processingTimeout", want.processingTimeoutSeconds, limits.queue.processingTimeout);
  const retention = fitNumber("retention", want.retentionSeconds, limits.queue.retention);
  const size = fitNumber("maxMessageBytes", want.maxMessageBytes, limits.queue.maxMessageBytes);
  const delay = fitNumber("delay", want.delaySeconds, limits.queue.delay);
  const receives =
    want.deadLetter && fitNumber("deadLetter.maxReceives", want.deadLetter.maxReceives, limits.queue.maxReceives);
  const encryptionKey = keyArn(aws, want.encryptionKey);
  const used = checkOverrides(want.overrides, QUEUE_OVERRIDES);
  const deadLetter = want.deadLetter && receives ? { ...want.deadLetter, maxReceives: receives.value } : null;
  return {
    want: {
      ...want,
      processingTimeoutSeconds: timeout.value,
      retentionSeconds: retention.value,
      maxMessageBytes: size.value,
      delaySeconds: delay.value,
      deadLetter,
      subscription: fitSubscription(aws, { ...want, deadLetter, encryptionKey }),
      encryptionKey,
      overrides: queueOverrides({ ...want, encryptionKey }),
    },
    deviations: [timeout, retention, size, delay, ...(receives ? [receives] : [])]
      .flatMap((one) => one.deviations)
      .concat(used),
  };
}

/** The live attributes in the fields of Want, but what is no attribute: tags and the subscription. */
export function actualOf(attributes: Attributes): Partial<QueueWant> {
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
    overrides: actualOverrides(attributes),
  };
}

/** The redrive policy, whose count comes as a number or as text. */
export function deadLetterOf(attributes: Attributes): QueueWant["deadLetter"] | undefined {
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
  overrides: (want, seen) => (seen ? overridesToSet(seen.actual.overrides ?? {}, want) : overridesToCreate(want)),
};

/** The attributes to set for the fields that changed. */
export function attributesToUpdate(seen: Seen, want: QueueWant, changed: ReadonlySet<string>): Attributes {
  const fields = (Object.keys(ATTRIBUTES) as (keyof QueueWant)[]).filter((field) => changed.has(field));
  return Object.assign({}, ...fields.map((field) => ATTRIBUTES[field]?.(want, seen)));
}

/** What CreateQueue is given. `id`: the ARN that the queue will have. */
export function attributesToCreate(id: string, want: QueueWant): Attributes {
  const { RedrivePolicy, ...rest }: Attributes = Object.assign(
    {},
    ...Object.values(ATTRIBUTES).map((attributesOf) => attributesOf(want)),
  );
  return {
    ...rest,
    ...(RedrivePolicy && { RedrivePolicy }),
    ...(want.subscription && { Policy: withOurs("", queueStatements(id, want.subscription.topic)) ?? "" }),
    ...(want.ordering === "PerKey" && { FifoQueue: "true" }),
  };
}
