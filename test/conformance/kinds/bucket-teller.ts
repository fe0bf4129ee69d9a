import type { BucketWant } from "../../../controllers/leaf/wants.ts";
import { type BucketSpec, bucket as schema } from "../../../crds/bucket.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { bucket } from "./bucket.ts";
import { stored, TAGS } from "./parse.ts";

/** A notification of the shape's base spec. */
const uploads = { name: "uploads", events: ["ObjectCreated"], queueRef: { name: "jobs" } };
const reports = { name: "reports", events: ["ObjectCreated"], prefix: "reports/", topicRef: { name: "news" } };

const tells = (title: string, ...notifications: readonly object[]): Edit => ({
  title,
  spec: { notifications },
  fields: ["notifications"],
});
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

/** Bucket that tells of its objects. */
export const bucketTeller: KindUnderTest<BucketSpec, BucketWant> = {
  ...bucket,
  title: "Bucket that tells",
  spec: (over) => stored(schema.spec, { tags: TAGS, deletionPolicy: "Delete", notifications: [uploads], ...over }),
  edits: [
    tells("nobody any more"),
    tells("a Topic besides", uploads, reports),
    tells("more events", { ...uploads, events: ["ObjectDeleted", "ObjectCreated"] }),
    tells("a prefix", { ...uploads, prefix: 'in "quotes"/' }),
    tells("a Topic instead", { name: "uploads", events: ["ObjectCreated"], topicRef: { name: "news" } }),
    tells("another name", { ...uploads, name: "others" }),
    tags,
  ],
  optional: [tells("a Topic besides", uploads, reports), tags],
  falsy: [],
  many: {
    notifications: Array.from({ length: 8 }, (_, n) => ({ ...uploads, name: `n${n}`, prefix: `p${n}/` })),
  },
  referring: { notifications: [uploads] },
  shows: {
    outputs: bucket.shows.outputs,
    effective: {
      ...bucket.shows.effective,
      // The target differs by the rule cloud-ids.
      notifications: [{ name: "uploads", events: ["ObjectCreated"], prefix: "", delivers: true }],
    },
  },
  doesNotApply: Object.fromEntries(Object.entries(bucket.doesNotApply).filter(([id]) => id !== "L25")),
};
