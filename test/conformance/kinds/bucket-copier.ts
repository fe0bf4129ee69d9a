import type { BucketWant } from "../../../controllers/leaf/wants.ts";
import { type BucketSpec, bucket as schema } from "../../../crds/bucket.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { bucket } from "./bucket.ts";
import { stored, TAGS } from "./parse.ts";

const copies = (title: string, name: string, prefix?: string): Edit => ({
  title,
  spec: { replicateTo: { bucketRef: { name }, ...(prefix && { prefix }) } },
  fields: ["replicateTo"],
});
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

/** Bucket whose objects are copied to another one. */
export const bucketCopier: KindUnderTest<BucketSpec, BucketWant> = {
  ...bucket,
  title: "Bucket that is copied",
  spec: (over) =>
    stored(schema.spec, {
      tags: TAGS,
      deletionPolicy: "Delete",
      versioning: true,
      replicateTo: { bucketRef: { name: "copies" } },
      ...over,
    }),
  companions: { "Bucket/copies": { versioning: true }, "Bucket/elsewhere": { versioning: true } },
  edits: [copies("a prefix", "copies", "in 'quotes'/"), copies("another bucket", "elsewhere"), tags],
  optional: [copies("a prefix", "copies", "in/"), tags],
  falsy: [],
  many: undefined,
  referring: { replicateTo: { bucketRef: { name: "copies" } } },
  shows: {
    outputs: bucket.shows.outputs,
    // The target differs by the rule cloud-ids.
    effective: { ...bucket.shows.effective, versioning: true, replicateTo: { prefix: "", copies: true } },
  },
  doesNotApply: Object.fromEntries(Object.entries(bucket.doesNotApply).filter(([id]) => id !== "L25")),
};
