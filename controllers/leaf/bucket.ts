import type { BucketSpec } from "../../crds/bucket.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import type { Leaf } from "../../operator/reconcile/leaf-object.ts";
import { deliverersOf, deliverersSpec } from "./deliverers.ts";
import { encryptionKeyOf, encryptionSpec, keyReferences } from "./encryption.ts";
import { lastingRetention } from "./lasting-retention.ts";
import { notificationProblem, notificationReferences, notificationSpec, notificationsOf } from "./notification.ts";
import { overridesFor, overridesSpec } from "./overrides.ts";
import { replicationOf, replicationProblem, replicationReferences, replicationSpec } from "./replication.ts";
import type { BucketCorsRule, BucketLifecycleRule, BucketWant } from "./wants.ts";

/** A bucket of objects: S3 or Cloud Storage. */
export const bucket: Leaf<BucketSpec, BucketWant> = {
  kind: "Bucket",
  dataBearing: true,
  holds: "its objects and all versions of them",
  // Both clouds take 63 without dots.
  nameLimit: 63,
  lasting: lastingRetention,
  references: (spec) => [...notificationReferences(spec), ...replicationReferences(spec), ...keyReferences(spec)],
  problem: (spec, given) => notificationProblem(spec, given) ?? replicationProblem(spec, given),
  want: (spec, given) => ({
    private: true,
    versioning: spec.versioning,
    storageClass: spec.storageClass,
    lifecycle: (spec.lifecycle ?? []).map(lifecycleOf).sort(byName),
    softDeleteDays: spec.softDeleteDays,
    retention: spec.retention ? { days: spec.retention.days, lock: spec.retention.lock ?? false } : null,
    cors: (spec.cors ?? []).map(corsOf).sort(byName),
    notifications: notificationsOf(spec, given),
    ...replicationOf(spec, given),
    encryptionKey: encryptionKeyOf(spec, given),
    deliverers: deliverersOf(spec, given.cloud),
    overrides: withoutDeliverers(overridesFor(spec, given.cloud)),
    tags: given.tags,
  }),
  specOf: (actual, naming) => ({
    versioning: actual.versioning,
    storageClass: actual.storageClass,
    lifecycle: actual.lifecycle?.map(lifecycleSpec),
    softDeleteDays: actual.softDeleteDays,
    retention: actual.retention ? retentionSpec(actual.retention) : undefined,
    cors: actual.cors?.map(corsSpec),
    notifications: actual.notifications?.map((one) => notificationSpec(one, naming)),
    replicateTo: replicationSpec(actual.replicateTo, naming),
    encryption: encryptionSpec(actual.encryptionKey, naming),
    overrides: overridesSpec({ ...actual.overrides, ...deliverersSpec(actual.deliverers, naming.cloud) }, naming.cloud),
  }),
};

const withoutDeliverers = ({ deliverers: _who, ...rest }: BucketWant["overrides"]): BucketWant["overrides"] => rest;

const retentionSpec = ({ days, lock }: NonNullable<BucketWant["retention"]>): object => ({
  days,
  ...(lock && { lock }),
});

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

/** A rule as spec has it. Cloud Storage's rules have no names, so the adapter's stand in; what is no name gets another. */
const lifecycleSpec = (
  { name, prefix, action, days, to, versionsKept }: BucketLifecycleRule,
  index: number,
): object => ({
  name: nameOr(name, `rule-${index + 1}`),
  ...(prefix && { prefix }),
  action,
  days,
  ...(to !== null && { to }),
  ...(versionsKept !== null && { versionsKept }),
});

const corsSpec = ({ name, origins, methods, headers, maxAgeSeconds }: BucketCorsRule, index: number): object => ({
  name: nameOr(name, `rule-${index + 1}`),
  origins,
  methods,
  ...(headers.length > 0 && { headers }),
  ...(maxAgeSeconds > 0 && { maxAge: durationText(maxAgeSeconds) }),
});

const nameOr = (name: string, other: string): string =>
  /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name) && name.length <= 50 && !name.startsWith("onyx-") ? name : other;
