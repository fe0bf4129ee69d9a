import type { Gap } from "../../operator/provider/conformance/index.ts";
import { DELIVERIES } from "./deliveries.ts";
import { KEYS } from "./keys.ts";
import { MESSAGES } from "./messages.ts";
import { OBJECTS } from "./objects.ts";

const FORGETS_POLICY = "SetQueueAttributes forgets the policy of a queue whenever it is given any other attribute";

/** A kind that an emulator can't show at all, for lack of something that all its cases need. */
export interface Lack {
  readonly emulator: string;
  readonly kind: string;
  readonly reason: string;
  readonly coveredBy: string;
}

/** The suite leaves these kinds out. A test looks whether the emulator has learned it. */
export const lacks: readonly Lack[] = [
  {
    emulator: "moto",
    kind: "Bucket",
    reason: "CreateBucket takes no tags (CreateBucketConfiguration.Tags), so what is made carries no marks",
    coveredBy: "the same cases on ministack",
  },
  {
    emulator: "moto",
    kind: "EncryptionKey",
    reason: "keys have no rotation period: EnableKeyRotation drops it, GetKeyRotationStatus never tells one",
    coveredBy: "the same cases on ministack",
  },
  {
    emulator: "moto",
    kind: "WorkloadIdentity",
    reason: "EKS has no pod identity associations",
    coveredBy: "the same cases on ministack",
  },
];

/**
 * What the emulators of the test bed show otherwise than their clouds. The case runs all the same and must fail: a gap
 * that is none any more turns it red.
 */
export const gaps: readonly Gap[] = [
  {
    emulator: "ministack",
    kind: MESSAGES,
    id: "Q3 acknowledged twice",
    reason: "it forgets a receipt handle with the first delete, where SQS takes it again",
    coveredBy: "nothing here: it takes SQS itself. The case runs as it is on GCP",
  },
  {
    emulator: "ministack",
    kind: DELIVERIES,
    id: "T5",
    reason: "it takes 256 KiB at most, whatever MaximumMessageSize says",
    coveredBy: "the case on GCP; topic-shape.test.ts for the attribute",
  },
  {
    emulator: "moto",
    kind: "Topic",
    id: "L3",
    reason: "GetTopicAttributes never tells MaximumMessageSize, TracingConfig and SignatureVersion",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Topic",
    id: "L21",
    title: "a field changed",
    reason: "GetTopicAttributes never tells MaximumMessageSize, TracingConfig and SignatureVersion",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Topic",
    id: "L28",
    title: "imported",
    reason: "GetTopicAttributes never tells MaximumMessageSize, TracingConfig and SignatureVersion",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Queue that subscribes",
    id: "L3",
    title: "each field changed alone",
    reason: FORGETS_POLICY,
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Queue that subscribes",
    id: "L18",
    title: "drift is shown all the same",
    reason: FORGETS_POLICY,
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Queue that subscribes",
    id: "L21",
    title: "a field changed",
    reason: FORGETS_POLICY,
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "ManagedSecret",
    id: "L21",
    title: "a field changed",
    reason: "UpdateSecret can't take a description away: it ignores an empty one",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Queue",
    id: "L8",
    reason: "CreateQueue puts its tags on a queue that somebody else has",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Queue that subscribes",
    id: "L3",
    title: "each field changed alone",
    reason: "SetQueueAttributes forgets the policy when it is given other attributes",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Queue that subscribes",
    id: "L18",
    title: "drift is shown all the same",
    reason: "SetQueueAttributes forgets the policy when it is given other attributes",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Queue that subscribes",
    id: "L21",
    title: "a field changed",
    reason: "SetQueueAttributes forgets the policy when it is given other attributes",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "moto",
    kind: "Table",
    id: "L21",
    title: "a field changed",
    reason: "UpdateTable forgets the attributes that it is not given, those of the table's keys too",
    coveredBy: "the same case on ministack",
  },
  {
    emulator: "ministack",
    kind: OBJECTS,
    id: "B8 nobody",
    reason: "it asks for no credentials unless it enforces policies",
    coveredBy: "adapters/aws/bucket.conformance.ts",
  },
  {
    emulator: "ministack",
    kind: KEYS,
    id: "K1 a damaged text",
    reason: "it decrypts without looking whether the text was changed, where KMS uses AES-GCM",
    coveredBy: "the case as it is on GCP",
  },
];
