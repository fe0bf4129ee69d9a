/** A Topic as SNS has it: canonical forms both ways. Pure. */
import type { TopicWant } from "../../controllers/leaf/wants.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import { limits } from "../../crds/limits.ts";
import type { Fitted, Neutral } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { keyArn } from "./key.ts";
import { checkOverrides } from "./overrides.ts";
import { fitNumber } from "./range.ts";

/** Attributes of SNS by name; all values are text. */
export type Attributes = Readonly<Record<string, string>>;
type Overrides = Readonly<Record<string, Neutral>>;

/** What SNS does when nothing is said: such an override is the same as none. */
const DEFAULTS = { displayName: "", tracing: "PassThrough", signatureVersion: 1 } as const;
const OVERRIDES = ["displayName", "deliveryPolicy", "tracing", "signatureVersion", "fifo", "deliveryStatus"];

/** What SNS makes of a wish. */
export function fitTopic(aws: Pick<Aws, "arn">, want: TopicWant): Fitted<TopicWant> {
  const size = fitNumber("maxMessageBytes", want.maxMessageBytes, limits.topic.maxMessageBytes);
  const used = checkOverrides(want.overrides, OVERRIDES);
  return {
    want: {
      ...want,
      maxMessageBytes: size.value,
      encryptionKey: keyArn(aws, want.encryptionKey),
      overrides: canonical(want.overrides, want.ordering),
    },
    deviations: [...size.deviations, ...used],
  };
}

function canonical(given: Overrides, ordering: TopicWant["ordering"]): Overrides {
  const fifo = ordering === "PerKey" ? unusual((given.fifo ?? {}) as Overrides) : {};
  const simple = Object.entries(DEFAULTS).filter(
    ([field, usual]) => given[field] !== undefined && given[field] !== null && given[field] !== usual,
  );
  return {
    ...Object.fromEntries(simple.map(([field]) => [field, given[field]])),
    ...(given.deliveryPolicy ? { deliveryPolicy: policyFromSpec(given.deliveryPolicy as Overrides) } : {}),
    ...(given.deliveryStatus ? { deliveryStatus: given.deliveryStatus } : {}),
    ...(Object.keys(fifo).length > 0 ? { fifo } : {}),
  };
}

/** Deduplication ids count within a key and nothing is deduplicated by content, as in a Queue: the rest is said. */
const unusual = ({ throughputPer, deduplicateByContent }: Overrides): Overrides => ({
  ...(throughputPer === "Topic" && { throughputPer }),
  ...(deduplicateByContent === true && { deduplicateByContent }),
});

/** Durations in the one form that they are compared in. */
function policyFromSpec(policy: Overrides): Overrides {
  const one = (text: Neutral) => durationText(durationSeconds(String(text)));
  return {
    ...policy,
    minimumDelay: one(policy.minimumDelay),
    maximumDelay: one(policy.maximumDelay),
    backoff: policy.backoff ?? "Linear",
  };
}

/** The live attributes in the fields of Want. */
export function actualTopic(attributes: Attributes): Partial<TopicWant> {
  return {
    ordering: attributes.FifoTopic === "true" ? "PerKey" : "None",
    maxMessageBytes: Number(attributes.MaximumMessageSize || limits.topic.maxMessageBytes.aws.default),
    encryptionKey: attributes.KmsMasterKeyId || null,
    overrides: canonical(
      {
        displayName: attributes.DisplayName ?? "",
        tracing: attributes.TracingConfig || DEFAULTS.tracing,
        signatureVersion: Number(attributes.SignatureVersion || DEFAULTS.signatureVersion),
        deliveryPolicy: policyFromCloud(attributes.DeliveryPolicy),
        deliveryStatus: statusFromCloud(attributes),
        // What is not told counts as what a Topic is anyway.
        fifo: {
          throughputPer: attributes.FifoThroughputScope ?? "",
          deduplicateByContent: attributes.ContentBasedDeduplication === "true",
        },
      },
      attributes.FifoTopic === "true" ? "PerKey" : "None",
    ),
  };
}

interface HttpPolicy {
  readonly defaultHealthyRetryPolicy?: {
    readonly numRetries?: number;
    readonly minDelayTarget?: number;
    readonly maxDelayTarget?: number;
    readonly backoffFunction?: string;
  };
  readonly defaultThrottlePolicy?: { readonly maxReceivesPerSecond?: number } | null;
}

/** Undefined: none is set. What is not of our making comes back as it is, so that it differs from every wish. */
function policyFromCloud(json: string | undefined): Overrides | undefined {
  if (!json) return undefined;
  try {
    const { http } = JSON.parse(json) as { http?: HttpPolicy };
    const retry = http?.defaultHealthyRetryPolicy;
    const perSecond = http?.defaultThrottlePolicy?.maxReceivesPerSecond;
    const [first = "", ...rest] = retry?.backoffFunction ?? "linear";
    return {
      retries: retry?.numRetries ?? limits.topic.deliveryRetries.aws.default,
      minimumDelay: `${retry?.minDelayTarget ?? limits.topic.deliveryDelay.aws.default}s`,
      maximumDelay: `${retry?.maxDelayTarget ?? limits.topic.deliveryDelay.aws.default}s`,
      backoff: first.toUpperCase() + rest.join(""),
      ...(perSecond ? { maxReceivesPerSecond: perSecond } : {}),
    };
  } catch {
    return { retries: json, minimumDelay: "0s", maximumDelay: "0s" };
  }
}

/** The JSON of SNS; without a policy, the text that takes it away. */
function policyToCloud(policy: Overrides | undefined): string {
  if (!policy) return "";
  return JSON.stringify({
    http: {
      defaultHealthyRetryPolicy: {
        numRetries: policy.retries,
        minDelayTarget: durationSeconds(String(policy.minimumDelay)),
        maxDelayTarget: durationSeconds(String(policy.maximumDelay)),
        backoffFunction: String(policy.backoff).toLowerCase(),
      },
      ...(policy.maxReceivesPerSecond
        ? { defaultThrottlePolicy: { maxReceivesPerSecond: policy.maxReceivesPerSecond } }
        : {}),
    },
  });
}

const STATUS = {
  successRoleArn: "SQSSuccessFeedbackRoleArn",
  failureRoleArn: "SQSFailureFeedbackRoleArn",
  successSamplePercent: "SQSSuccessFeedbackSampleRate",
} as const;

function statusFromCloud(attributes: Attributes): Overrides | undefined {
  const { successRoleArn, failureRoleArn, successSamplePercent } = STATUS;
  if (!attributes[successRoleArn] && !attributes[failureRoleArn]) return undefined;
  return {
    successRoleArn: attributes[successRoleArn] ?? "",
    failureRoleArn: attributes[failureRoleArn] ?? "",
    successSamplePercent: Number(attributes[successSamplePercent] || 0),
  };
}

const fifoAttributes = ({ throughputPer, deduplicateByContent }: Overrides): Attributes => ({
  ContentBasedDeduplication: String(deduplicateByContent === true),
  FifoThroughputScope: throughputPer === "Topic" ? "Topic" : "MessageGroup",
});

/** Every attribute that the overrides stand for; empty text takes one away. */
function overrideAttributes({ overrides, ordering }: TopicWant): Attributes {
  const status = (overrides.deliveryStatus ?? {}) as Overrides;
  return {
    DisplayName: String(overrides.displayName ?? DEFAULTS.displayName),
    TracingConfig: String(overrides.tracing ?? DEFAULTS.tracing),
    SignatureVersion: String(overrides.signatureVersion ?? DEFAULTS.signatureVersion),
    DeliveryPolicy: policyToCloud(overrides.deliveryPolicy as Overrides | undefined),
    ...(ordering === "PerKey" && fifoAttributes((overrides.fifo ?? {}) as Overrides)),
    ...Object.fromEntries(
      Object.entries(STATUS).map(([field, name]) => [name, status[field] === undefined ? "" : String(status[field])]),
    ),
  };
}

/** Values of attributes that stand for their absence. */
const ABSENT: Attributes = {
  DisplayName: DEFAULTS.displayName,
  TracingConfig: DEFAULTS.tracing,
  SignatureVersion: String(DEFAULTS.signatureVersion),
  SQSSuccessFeedbackSampleRate: "0",
};

/** What emulators that don't tell it are taken to have. */
const UNTOLD: Attributes = { ContentBasedDeduplication: "false", FifoThroughputScope: "MessageGroup" };

/** What CreateTopic is given: nothing that says what SNS does anyway but the size, which is ours to choose. */
export function attributesToCreate(want: TopicWant): Record<string, string> {
  const extra = Object.entries(overrideAttributes(want)).filter(
    ([name, value]) => value !== "" && value !== ABSENT[name],
  );
  return {
    MaximumMessageSize: String(want.maxMessageBytes),
    ...(want.encryptionKey !== null && { KmsMasterKeyId: want.encryptionKey }),
    ...Object.fromEntries(extra),
    ...(want.ordering === "PerKey" && { FifoTopic: "true" }),
  };
}

/** The attributes to set, one a call, for the fields that changed; those that are as they should be are left out. */
export function attributesToUpdate(
  live: Attributes,
  want: TopicWant,
  changed: ReadonlySet<keyof TopicWant & string>,
): readonly (readonly [string, string])[] {
  const wanted: Attributes = {
    ...(changed.has("maxMessageBytes") && { MaximumMessageSize: String(want.maxMessageBytes) }),
    ...(changed.has("encryptionKey") && { KmsMasterKeyId: want.encryptionKey ?? "" }),
    ...(changed.has("overrides") && overrideAttributes(want)),
  };
  const same = (name: string, value: string) =>
    name === "DeliveryPolicy"
      ? policyToCloud(policyFromCloud(live[name])) === value
      : (live[name] ?? ABSENT[name] ?? UNTOLD[name] ?? "") === (value || (ABSENT[name] ?? ""));
  return Object.entries(wanted).filter(([name, value]) => !same(name, value));
}
