import { bucket as leaf } from "../../../controllers/leaf/bucket.ts";
import type { BucketWant } from "../../../controllers/leaf/wants.ts";
import { type BucketSpec, bucket as schema } from "../../../crds/bucket.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

const versioning: Edit = { title: "versioning", spec: { versioning: true }, fields: ["versioning"] };
const classes: Edit = {
  title: "classes by age",
  spec: { lifecycle: [{ name: "cheaper", prefix: "monthly/", action: "Transition", days: 90, to: "Cold" }] },
  fields: ["lifecycle"],
};
// Without a transition: all edits together have automatic classes too, which go with none.
const lifecycle: Edit = {
  title: "a lifecycle",
  spec: {
    lifecycle: [
      { name: "old", prefix: "daily/", action: "Expire", days: 730 },
      { name: "unfinished", action: "AbortMultipart", days: 7 },
    ],
  },
  fields: ["lifecycle"],
};
const auto: Edit = { title: "automatic classes", spec: { storageClass: "Auto" }, fields: ["storageClass"] };
const cors: Edit = {
  title: "CORS",
  spec: {
    cors: [
      { name: "app", origins: ["https://app.example.com"], methods: ["PUT", "GET"], headers: ["ETag"], maxAge: "10m" },
    ],
  },
  fields: ["cors"],
};
const deliverers: Edit = {
  title: "who delivers",
  spec: {
    portability: "Warn",
    overrides: {
      aws: { deliverers: [{ account: "444455556666", prefix: "globex/" }, { account: "111122223333" }] },
      gcp: {
        deliverers: [
          { serviceAccount: "export@globex.iam.gserviceaccount.com", prefix: "globex/" },
          { serviceAccount: "billing@acme.iam.gserviceaccount.com" },
        ],
      },
    },
  },
  fields: ["deliverers"],
};
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };
const softDelete: Edit = { title: "soft delete", spec: { softDeleteDays: 7 }, fields: ["softDeleteDays"] };

/** What versions there are is only seen with versioning, so these are not edits of the base. */
export const VERSION_RULES = {
  versioning: true,
  lifecycle: [
    { name: "old-versions", action: "ExpireNoncurrent", days: 30, versionsKept: 3 },
    { name: "versions-cheaper", prefix: "a/", action: "TransitionNoncurrent", days: 30, to: "Cool" },
  ],
} as const;

/** Bucket, as it is on every cloud. */
export const bucket: KindUnderTest<BucketSpec, BucketWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, deletionPolicy: "Delete", ...over }),
  // Soft delete comes last: on AWS the rule for what it kept stays when it is off.
  edits: [versioning, classes, lifecycle, auto, cors, deliverers, tags, softDelete],
  optional: [versioning, classes, lifecycle, auto, cors, deliverers, tags, softDelete],
  falsy: [
    { title: "no versioning", spec: { versioning: false }, effective: { versioning: false } },
    { title: "no soft delete", spec: { softDeleteDays: 0 }, effective: { softDeleteDays: 0 } },
    { title: "no rules", spec: { lifecycle: [], cors: [] }, effective: { lifecycle: [], cors: [] } },
  ],
  immutable: [
    { spec: { portability: "Warn", overrides: { gcp: { location: "EU" } } }, field: "overrides", on: ["gcp"] },
  ],
  many: {
    lifecycle: Array.from({ length: 50 }, (_, n) => ({
      name: `rule-${n}`,
      prefix: `p${n}/`,
      action: "Expire",
      days: n + 1,
    })),
  },
  shows: {
    outputs: ["BUCKET_ID", "BUCKET", "BUCKET_URL", "REGION"],
    effective: {
      private: true,
      versioning: false,
      storageClass: "Hot",
      lifecycle: [],
      softDeleteDays: 0,
      cors: [],
      deliverers: [],
      tags: TAGS,
    },
  },
  doesNotApply: {
    L6: "a bucket is changed at once: no cloud reports an update that still runs",
    L14: "a bucket is made at once: no cloud reports one that is still being made",
    L16: "a deleted bucket is made anew: what a cloud keeps of it for a while comes back under an id of the cloud only",
    L20: "it carries our marks as tags or labels: L19",
    L23: "no reply about a bucket carries a state that could be new to us",
    L25: "a Bucket refers to nothing but a key, as every kind can that is encrypted",
    "L27 aws": "S3 says nothing of a disabled key when it is asked for a bucket; only reading and writing objects fail",
  },
};
