import type { BucketSpec } from "../../crds/bucket.ts";
import { durationSeconds } from "../../crds/duration.ts";
import type { Leaf } from "../../operator/reconcile/leaf-object.ts";
import { overridesFor } from "./overrides.ts";
import type { BucketCorsRule, BucketLifecycleRule, BucketWant } from "./wants.ts";

/** A bucket of objects: S3 or Cloud Storage. */
export const bucket: Leaf<BucketSpec, BucketWant> = {
  kind: "Bucket",
  dataBearing: true,
  // Both clouds take 63 without dots.
  nameLimit: 63,
  references: () => [],
  want: (spec, given) => ({
    private: true,
    versioning: spec.versioning,
    storageClass: spec.storageClass,
    lifecycle: (spec.lifecycle ?? []).map(lifecycleOf).sort(byName),
    softDeleteDays: spec.softDeleteDays,
    retention: spec.retention ? { days: spec.retention.days, lock: spec.retention.lock ?? false } : null,
    cors: (spec.cors ?? []).map(corsOf).sort(byName),
    encryptionKey: spec.encryption?.keyRef.external ?? null,
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
};

const lifecycleOf = (rule: NonNullable<BucketSpec["lifecycle"]>[number]): BucketLifecycleRule => ({
  name: rule.name,
  prefix: rule.prefix ?? "",
  action: rule.action,
  days: rule.days,
  to: rule.to ?? null,
  versionsKept: rule.versionsKept ?? null,
});

const corsOf = (rule: NonNullable<BucketSpec["cors"]>[number]): BucketCorsRule => ({
  name: rule.name,
  origins: [...rule.origins].sort(),
  methods: [...rule.methods].sort(),
  headers: [...(rule.headers ?? [])].sort(),
  maxAgeSeconds: rule.maxAge === undefined ? 0 : durationSeconds(rule.maxAge),
});

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
