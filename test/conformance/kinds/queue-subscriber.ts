import type { QueueWant } from "../../../controllers/leaf/wants.ts";
import { type QueueSpec, queue as schema } from "../../../crds/queue.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";
import { queue } from "./queue.ts";

const FILTER = [
  { attribute: "region", prefix: "eu-" },
  { attribute: "type", anyOf: ["changed", "created"] },
];
const subscribeTo = { topicRef: { name: "news" }, filter: FILTER };

const deadLetter: Edit = {
  title: "dead letters",
  spec: { deadLetter: { queueRef: { name: "dead" }, maxReceives: 7 } },
  fields: ["deadLetter"],
  more: { aws: ["subscription"] },
};
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

/** Queue that gets its messages from a Topic. */
export const queueSubscriber: KindUnderTest<QueueSpec, QueueWant> = {
  ...queue,
  title: "Queue that subscribes",
  spec: (over) => stored(schema.spec, { tags: TAGS, subscribeTo, ...over }),
  edits: [
    { title: "processing timeout", spec: { processingTimeout: "90s" }, fields: ["processingTimeoutSeconds"] },
    deadLetter,
    tags,
  ],
  optional: [deadLetter, tags],
  immutable: [
    {
      spec: { subscribeTo: { ...subscribeTo, filter: [{ attribute: "type", exists: true }] } },
      field: "subscription",
      on: ["gcp"],
    },
    { spec: { subscribeTo: { topicRef: { name: "news" } } }, field: "subscription", on: ["gcp"] },
    { spec: { subscribeTo: undefined }, field: "subscription", on: ["gcp"] },
  ],
  referring: deadLetter.spec,
  shows: {
    outputs: ["QUEUE_ID", "QUEUE_URL", "REGION"],
    // The topic differs by the rule cloud-ids, what delivers by subscription-rights.
    effective: { ...queue.shows.effective, subscription: { filter: FILTER } },
  },
  doesNotApply: {
    ...queue.doesNotApply,
    L24: "on AWS a topic lists its subscriptions in pages: adapters/aws/subscription.test.ts; on GCP nothing comes in pages",
  },
};
