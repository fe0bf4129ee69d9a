import { topic as leaf } from "../../../controllers/leaf/topic.ts";
import type { TopicWant } from "../../../controllers/leaf/wants.ts";
import { topic as schema, type TopicSpec } from "../../../crds/topic.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };
const size: Edit = {
  title: "largest message",
  spec: { maxMessageBytes: 1_048_576 },
  fields: ["maxMessageBytes"],
  nothingOn: { gcp: "max-message-bytes: Pub/Sub has no such setting and takes more" },
};
const signature: Edit = {
  title: "signature of messages by HTTP, AWS alone",
  spec: { portability: "Warn", overrides: { aws: { signatureVersion: 2 } } },
  fields: ["overrides"],
  nothingOn: { gcp: "an override for the other cloud" },
};
const retention: Edit = {
  title: "retention for replay, GCP alone",
  spec: { portability: "Warn", overrides: { gcp: { retention: "1h" } } },
  fields: ["overrides"],
  nothingOn: { aws: "an override for the other cloud" },
};

/** Topic, as it is on every cloud. */
export const topic: KindUnderTest<TopicSpec, TopicWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, ...over }),
  edits: [size, tags, signature, retention],
  optional: [tags],
  falsy: [{ title: "no tags", spec: { tags: {} }, effective: { tags: {} } }],
  immutable: [{ spec: { ordering: "PerKey" }, field: "ordering", on: ["aws"] }],
  shows: {
    outputs: ["TOPIC_ID", "REGION"],
    // `maxMessageBytes` differs by the rule max-message-bytes.
    effective: { ordering: "None", tags: TAGS },
  },
  doesNotApply: {
    L6: "a topic is changed at once: no cloud reports an update that still runs",
    L14: "a topic is made at once: no cloud reports one that is still being made",
    L15: "both clouds take the name of a deleted topic again at once",
    L16: "a topic is deleted at once; there is nothing to restore",
    L20: "it carries our marks as tags or labels: L19",
    "L22 gcp": "order is kept by the subscriptions there; a topic has no such field",
    L23: "no reply about a topic carries a state that could be new to us",
    L24: "a topic has no parts that come in pages",
    L25: "a topic refers to nothing",
    "L27 aws": "SNS says nothing of a disabled key when it is asked for attributes; only publishing fails",
  },
};
