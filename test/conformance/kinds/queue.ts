import { queue as leaf } from "../../../controllers/leaf/queue.ts";
import type { QueueWant } from "../../../controllers/leaf/wants.ts";
import { type QueueSpec, queue as schema } from "../../../crds/queue.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

const deadLetter: Edit = {
  title: "dead letters",
  spec: { deadLetter: { queueRef: { name: "dead" }, maxReceives: 7 } },
  fields: ["deadLetter"],
};
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

const sources: Edit = {
  title: "who may have it for dead letters, AWS alone",
  spec: { portability: "Warn", overrides: { aws: { deadLetterSources: [] } } },
  fields: ["overrides"],
  nothingOn: { gcp: "an override for the other cloud" },
};
const once: Edit = {
  title: "exactly once, and kept for replay, GCP alone",
  spec: { portability: "Warn", overrides: { gcp: { exactlyOnce: true, retainAcknowledged: true } } },
  fields: ["overrides"],
  nothingOn: { aws: "an override for the other cloud" },
};

/** Queue, as it is on every cloud. */
export const queue: KindUnderTest<QueueSpec, QueueWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, ...over }),
  edits: [
    { title: "processing timeout", spec: { processingTimeout: "90s" }, fields: ["processingTimeoutSeconds"] },
    { title: "retention", spec: { retention: "48h" }, fields: ["retentionSeconds"] },
    {
      title: "largest message",
      spec: { maxMessageBytes: 131_072 },
      fields: ["maxMessageBytes"],
      nothingOn: { gcp: "max-message-bytes: Pub/Sub has no such setting and takes more" },
    },
    deadLetter,
    sources,
    once,
    tags,
  ],
  optional: [deadLetter, tags],
  falsy: [
    { title: "no delay", spec: { delay: "0s" }, effective: { delaySeconds: 0 } },
    { title: "no tags", spec: { tags: {} }, effective: { tags: {} } },
  ],
  immutable: [{ spec: { ordering: "PerKey" }, field: "ordering", on: ["aws", "gcp"] }],
  referring: deadLetter.spec,
  shows: {
    outputs: ["QUEUE_ID", "QUEUE_URL", "REGION"],
    // `maxMessageBytes` differs by the rule max-message-bytes.
    effective: {
      processingTimeoutSeconds: 60,
      retentionSeconds: 345_600,
      delaySeconds: 0,
      ordering: "None",
      tags: TAGS,
    },
  },
  doesNotApply: {
    L6: "a queue is changed at once: no cloud reports an update that still runs",
    L14: "a queue is made at once: no cloud reports one that is still being made",
    L16: "a queue is deleted at once; there is nothing to restore",
    L20: "it carries our marks as tags or labels: L19",
    L23: "no reply about a queue carries a state that could be new to us",
    L24: "a queue has no parts that come in pages",
    "L27 aws": "SQS says nothing of a disabled key when it is asked for attributes; only sending and receiving fail",
  },
};
