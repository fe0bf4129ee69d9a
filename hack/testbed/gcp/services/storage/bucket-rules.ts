/**
 * What Cloud Storage refuses of a bucket.
 * Names: https://cloud.google.com/storage/docs/buckets#naming. Lifecycle: https://cloud.google.com/storage/docs/lifecycle.
 * Soft delete: https://cloud.google.com/storage/docs/soft-delete. Retention: https://cloud.google.com/storage/docs/bucket-lock.
 * Autoclass: https://cloud.google.com/storage/docs/autoclass. Limits: https://cloud.google.com/storage/quotas.
 */
import type { BucketInput, LifecycleRule } from "./bucket-schema.ts";
import { bad, conditionNotMet, forbidden } from "./refusals.ts";

const DAY = 24 * 60 * 60;
export const CLASSES: readonly string[] = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"];
const RULES = 100;
const AFFIXES = 1000;
const SOFT_DELETE = { low: 7 * DAY, high: 90 * DAY };
const LONGEST_RETENTION = 3_155_760_000;
const LABELS = 64;
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const KEY = /^projects\/[^/]+\/locations\/([^/]+)\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;
const MULTI = ["US", "EU", "ASIA"];
const REGION = /^[A-Z]+-[A-Z]+\d+$/;

export function checkName(name: string): void {
  const parts = name.split(".");
  const longest = name.includes(".") ? 222 : 63;
  if (
    !/^[a-z0-9][a-z0-9._-]*[a-z0-9]$/.test(name) ||
    name.length < 3 ||
    name.length > longest ||
    parts.some((part) => part === "" || part.length > 63 || /^-|-$/.test(part)) ||
    /^\d+\.\d+\.\d+\.\d+$/.test(name) ||
    name.startsWith("goog") ||
    /google|g00gle/.test(name)
  )
    throw bad(`Invalid bucket name: '${name}'`);
  if (parts.length > 1)
    throw forbidden(`Another user owns the domain ${name} or a parent domain. You can either verify domain ownership.`);
}

/** @returns what kind of location it is */
export function locationType(location: string): "region" | "multi-region" {
  if (MULTI.includes(location)) return "multi-region";
  if (REGION.test(location)) return "region";
  throw bad(`The specified location constraint is not valid: ${location}.`);
}

function checkRule({ action, condition }: LifecycleRule): void {
  if (Object.keys(condition).length === 0)
    throw bad("A lifecycle management rule must have at least one condition: condition is empty.");
  if ((action.storageClass !== undefined) !== (action.type === "SetStorageClass"))
    throw bad(`storageClass must be given with the action SetStorageClass and with no other: ${action.type}.`);
  if (action.storageClass !== undefined && !CLASSES.includes(action.storageClass))
    throw bad(`Invalid storage class in a lifecycle rule: ${action.storageClass}.`);
  for (const one of condition.matchesStorageClass ?? [])
    if (!CLASSES.includes(one)) throw bad(`Invalid storage class in a lifecycle condition: ${one}.`);
  const others = Object.keys(condition).filter((key) => !["age", "matchesPrefix", "matchesSuffix"].includes(key));
  if (action.type === "AbortIncompleteMultipartUpload" && others.length > 0)
    throw bad(
      `AbortIncompleteMultipartUpload knows only age, matchesPrefix and matchesSuffix, not ${others[0] ?? ""}.`,
    );
  for (const affix of [...(condition.matchesPrefix ?? []), ...(condition.matchesSuffix ?? [])])
    if (affix === "" || Buffer.byteLength(affix) > 1024) throw bad("A prefix or suffix has 1 to 1024 bytes.");
}

function checkLifecycle({ lifecycle, autoclass }: BucketInput): void {
  const rules = lifecycle?.rule ?? [];
  if (rules.length > RULES)
    throw bad(`A bucket has at most ${String(RULES)} lifecycle rules: ${String(rules.length)}.`);
  for (const rule of rules) checkRule(rule);
  const affixes = rules.flatMap(({ condition }) => [
    ...(condition.matchesPrefix ?? []),
    ...(condition.matchesSuffix ?? []),
  ]);
  if (affixes.length > AFFIXES)
    throw bad(`The lifecycle rules of a bucket have at most ${String(AFFIXES)} prefixes and suffixes.`);
  const moves = rules.some(
    ({ action, condition }) => action.type === "SetStorageClass" || condition.matchesStorageClass !== undefined,
  );
  if (autoclass?.enabled === true && moves)
    throw bad("A bucket with Autoclass can't have lifecycle rules with SetStorageClass or matchesStorageClass.");
}

function checkLabels(labels: Readonly<Record<string, string>>): void {
  const all = Object.entries(labels);
  if (all.length > LABELS) throw bad(`${String(all.length)} labels: at most ${String(LABELS)} are allowed.`);
  for (const [key, value] of all)
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value))
      throw bad(`Label "${key}: ${value}" is not valid: lower-case letters, digits, - and _, at most 63.`);
}

function checkTimes({ softDeletePolicy, retentionPolicy }: BucketInput): void {
  const soft = Number(softDeletePolicy?.retentionDurationSeconds ?? 0);
  if (soft !== 0 && (soft < SOFT_DELETE.low || soft > SOFT_DELETE.high))
    throw bad(`Soft delete policy retention duration must be 0 or between 7 and 90 days, not ${String(soft)} seconds.`);
  if (retentionPolicy === undefined) return;
  const period = Number(retentionPolicy.retentionPeriod ?? 0);
  if (period < 1 || period > LONGEST_RETENTION)
    throw bad(`Retention period must be between 1 and ${String(LONGEST_RETENTION)} seconds, not ${String(period)}.`);
}

function checkKey(input: BucketInput): void {
  const key = input.encryption?.defaultKmsKeyName;
  if (key === undefined) return;
  const [, location] = KEY.exec(key) ?? [];
  if (location === undefined) throw bad(`Malformed Cloud KMS crypto key: ${key}`);
  if (location.toUpperCase() !== (input.location ?? "US").toUpperCase())
    throw bad(
      `Cloud KMS key must be in a location that matches the bucket location: ${location}, ${input.location ?? "US"}.`,
    );
}

/** @throws StorageError */
export function checkBucket(input: BucketInput): void {
  const storageClass = input.storageClass ?? "STANDARD";
  if (!CLASSES.includes(storageClass)) throw bad(`Invalid argument: storage class ${storageClass}.`);
  if (input.autoclass?.enabled === true && storageClass !== "STANDARD")
    throw bad("The default storage class of a bucket with Autoclass must be STANDARD.");
  const access = input.iamConfiguration;
  const twins = [access?.uniformBucketLevelAccess?.enabled, access?.bucketPolicyOnly?.enabled];
  if (twins[0] !== undefined && twins[1] !== undefined && twins[0] !== twins[1])
    throw bad("uniformBucketLevelAccess and bucketPolicyOnly must say the same.");
  checkLifecycle(input);
  checkLabels(input.labels ?? {});
  checkTimes(input);
  checkKey(input);
  if (input.hierarchicalNamespace?.enabled === true && input.versioning?.enabled === true)
    throw bad("Object versioning is not supported on a bucket with hierarchical namespace.");
}

/** What a change may not do. @param before as stored */
export function checkChange(before: Stored, after: BucketInput, now: number): void {
  if (after.location !== undefined && after.location.toUpperCase() !== before.location)
    throw bad(`The location of a bucket can't be changed: it is ${before.location}.`);
  if ((after.hierarchicalNamespace?.enabled ?? false) !== (before.hierarchicalNamespace?.enabled ?? false))
    throw bad("The hierarchical namespace of a bucket can't be changed.");
  const { lockedTime } = before.iamConfiguration.uniformBucketLevelAccess;
  const access = after.iamConfiguration;
  const uniform = access?.uniformBucketLevelAccess?.enabled ?? access?.bucketPolicyOnly?.enabled ?? false;
  if (!uniform && lockedTime !== undefined && Date.parse(lockedTime) <= now)
    throw conditionNotMet("Uniform bucket-level access has been on for 90 days and can't be turned off.");
  if (before.retentionPolicy?.isLocked !== true) return;
  const period = Number(after.retentionPolicy?.retentionPeriod ?? 0);
  if (after.retentionPolicy === undefined)
    throw forbidden(`Cannot remove locked retention policy from bucket '${before.name}'.`);
  if (period < Number(before.retentionPolicy.retentionPeriod))
    throw forbidden(`Cannot reduce retention duration of a locked Retention Policy for bucket '${before.name}'.`);
}

/** A bucket as it is kept and shown. */
export interface Stored {
  readonly [field: string]: unknown;
  readonly name: string;
  readonly location: string;
  readonly storageClass: string;
  readonly metageneration: string;
  readonly generation: string;
  readonly timeCreated: string;
  readonly iamConfiguration: {
    readonly uniformBucketLevelAccess: { readonly enabled: boolean; readonly lockedTime?: string };
    readonly bucketPolicyOnly: { readonly enabled: boolean; readonly lockedTime?: string };
    readonly publicAccessPrevention: string;
  };
  readonly softDeletePolicy: { readonly retentionDurationSeconds: string; readonly effectiveTime: string };
  readonly retentionPolicy?: {
    readonly retentionPeriod: string;
    readonly effectiveTime: string;
    readonly isLocked?: boolean;
  };
  readonly autoclass?: {
    readonly enabled: boolean;
    readonly toggleTime: string;
    readonly terminalStorageClass?: string;
    readonly terminalStorageClassUpdateTime?: string;
  };
  readonly versioning?: { readonly enabled?: boolean };
  readonly hierarchicalNamespace?: { readonly enabled?: boolean };
  readonly lifecycle?: { readonly rule?: readonly LifecycleRule[] };
  readonly labels?: Readonly<Record<string, string>>;
  readonly encryption?: { readonly defaultKmsKeyName?: string };
}
