import { durationSeconds } from "../../crds/duration.ts";
import type { QueueSpec } from "../../crds/queue.ts";
import type { Leaf } from "../../operator/reconcile/leaf-object.ts";
import { encryptionKeyOf, keyReferences } from "./encryption.ts";
import { overridesFor } from "./overrides.ts";
import type { QueueWant } from "./wants.ts";

/** A queue: SQS, or a Pub/Sub topic with one pull subscription. */
export const queue: Leaf<QueueSpec, QueueWant> = {
  kind: "Queue",
  dataBearing: false,
  // SQS takes 80, and `.fifo` belongs to them.
  nameLimit: 75,
  references: (spec) => [
    ...(spec.deadLetter?.queueRef.name
      ? [{ field: "deadLetter.queueRef", kind: "Queue", name: spec.deadLetter.queueRef.name }]
      : []),
    ...keyReferences(spec),
  ],
  want: (spec, given) => ({
    processingTimeoutSeconds: durationSeconds(spec.processingTimeout),
    retentionSeconds: durationSeconds(spec.retention),
    maxMessageBytes: spec.maxMessageBytes,
    delaySeconds: durationSeconds(spec.delay),
    ordering: spec.ordering,
    deadLetter: spec.deadLetter
      ? {
          target: spec.deadLetter.queueRef.external ?? given.target("deadLetter.queueRef").outputs.QUEUE_ID ?? "",
          maxReceives: spec.deadLetter.maxReceives,
        }
      : null,
    encryptionKey: encryptionKeyOf(spec, given),
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
};
