import { limits } from "../../crds/limits.ts";
import type { TopicSpec } from "../../crds/topic.ts";
import type { Leaf } from "../../operator/reconcile/leaf-object.ts";
import { encryptionKeyOf, encryptionSpec, keyReferences } from "./encryption.ts";
import { overridesFor, overridesSpec } from "./overrides.ts";
import type { TopicWant } from "./wants.ts";

/** A topic: SNS, or a Pub/Sub topic. */
export const topic: Leaf<TopicSpec, TopicWant> = {
  kind: "Topic",
  dataBearing: false,
  // Pub/Sub takes 255, SNS 256, of which `.fifo` may be five; policies and consoles are easier to read with less.
  nameLimit: 120,
  // On GCP a Queue is a topic too: without it a Queue and a Topic of one name would meet.
  nameEnding: "topic",
  references: keyReferences,
  want: (spec, given) => ({
    ordering: spec.ordering,
    maxMessageBytes: spec.maxMessageBytes,
    encryptionKey: encryptionKeyOf(spec, given),
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
  specOf: (actual, naming) => ({
    ordering: actual.ordering,
    maxMessageBytes:
      actual.maxMessageBytes && Math.min(actual.maxMessageBytes, limits.topic.maxMessageBytes.portable.max),
    encryption: encryptionSpec(actual.encryptionKey, naming),
    overrides: overridesSpec(
      { ...actual.overrides, ...(actual.messageStorage && { messageStorage: actual.messageStorage }) },
      naming.cloud,
    ),
  }),
};
