/**
 * The fields of a bucket that can be written, as the JSON API names them:
 * https://cloud.google.com/storage/docs/json_api/v1/buckets#resource, beside google/storage/v2/storage.proto (message Bucket).
 * Names that neither knows are refused. What only Google sets may be sent, as a read-modify-write does, and is dropped.
 */
import { z } from "zod";
import { bad } from "./refusals.ts";

const int64 = z.union([z.int(), z.string().regex(/^-?\d+$/)]).transform(String);
const int32 = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);
const date = z.iso.date();
const enabled = z.strictObject({ enabled: z.boolean().optional(), lockedTime: z.unknown().optional() });
const enforcement = z.unknown().optional();

const condition = z.strictObject({
  age: int32.nonnegative().optional(),
  createdBefore: date.optional(),
  customTimeBefore: date.optional(),
  daysSinceCustomTime: int32.nonnegative().optional(),
  daysSinceNoncurrentTime: int32.nonnegative().optional(),
  isLive: z.boolean().optional(),
  matchesPrefix: z.array(z.string()).optional(),
  matchesStorageClass: z.array(z.string()).optional(),
  matchesSuffix: z.array(z.string()).optional(),
  noncurrentTimeBefore: date.optional(),
  numNewerVersions: int32.nonnegative().optional(),
});

export const lifecycleRule = z.strictObject({
  action: z.strictObject({
    type: z.enum(["Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"]),
    storageClass: z.string().optional(),
  }),
  condition,
});

const writable = {
  name: z.string(),
  autoclass: z
    .strictObject({
      enabled: z.boolean().optional(),
      terminalStorageClass: z.enum(["NEARLINE", "ARCHIVE"]).optional(),
      toggleTime: z.unknown().optional(),
      terminalStorageClassUpdateTime: z.unknown().optional(),
    })
    .optional(),
  billing: z.strictObject({ requesterPays: z.boolean().optional() }).optional(),
  cors: z
    .array(
      z.strictObject({
        maxAgeSeconds: int32.optional(),
        method: z.array(z.string()).optional(),
        origin: z.array(z.string()).optional(),
        responseHeader: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  customPlacementConfig: z.strictObject({ dataLocations: z.array(z.string()).optional() }).optional(),
  defaultEventBasedHold: z.boolean().optional(),
  encryption: z
    .strictObject({
      defaultKmsKeyName: z.string().optional(),
      googleManagedEncryptionEnforcementConfig: enforcement,
      customerManagedEncryptionEnforcementConfig: enforcement,
      customerSuppliedEncryptionEnforcementConfig: enforcement,
    })
    .optional(),
  hierarchicalNamespace: z.strictObject({ enabled: z.boolean().optional() }).optional(),
  iamConfiguration: z
    .strictObject({
      uniformBucketLevelAccess: enabled.optional(),
      bucketPolicyOnly: enabled.optional(),
      publicAccessPrevention: z.enum(["inherited", "enforced", "unspecified"]).optional(),
    })
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
  lifecycle: z.strictObject({ rule: z.array(lifecycleRule).optional() }).optional(),
  location: z.string().optional(),
  logging: z.strictObject({ logBucket: z.string().optional(), logObjectPrefix: z.string().optional() }).optional(),
  retentionPolicy: z
    .strictObject({
      retentionPeriod: int64.optional(),
      effectiveTime: z.unknown().optional(),
      isLocked: z.unknown().optional(),
    })
    .optional(),
  rpo: z.enum(["DEFAULT", "ASYNC_TURBO"]).optional(),
  softDeletePolicy: z
    .strictObject({ retentionDurationSeconds: int64.optional(), effectiveTime: z.unknown().optional() })
    .optional(),
  storageClass: z.string().optional(),
  versioning: z.strictObject({ enabled: z.boolean().optional() }).optional(),
  website: z.strictObject({ mainPageSuffix: z.string().optional(), notFoundPage: z.string().optional() }).optional(),
};

/** Set by Google alone. */
const OUTPUT = [
  "kind",
  "id",
  "selfLink",
  "projectNumber",
  "metageneration",
  "generation",
  "timeCreated",
  "updated",
  "etag",
  "owner",
  "locationType",
  "satisfiesPZS",
  "satisfiesPZI",
  "objectRetention",
  "softDeleteTime",
  "hardDeleteTime",
] as const;

const schema = z.strictObject(writable);

export const WRITABLE: readonly string[] = Object.keys(writable);
export type BucketInput = z.infer<typeof schema>;
export type LifecycleRule = z.infer<typeof lifecycleRule>;

/** @throws StorageError 400 */
export function parseBucket(json: unknown): BucketInput {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw bad("The body must be a bucket.");
  const sent = Object.fromEntries(Object.entries(json).filter(([key]) => !(OUTPUT as readonly string[]).includes(key)));
  const result = schema.safeParse(sent);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue?.path.join(".") ?? "";
  if (issue?.code === "unrecognized_keys")
    throw bad(
      `Invalid JSON payload received. Unknown name "${issue.keys[0] ?? ""}"${at === "" ? "" : ` at '${at}'`}: Cannot find field.`,
    );
  throw bad(`Invalid value for field ${at}: ${issue?.message ?? ""}.`);
}

/** JSON merge patch, as PATCH of the JSON API: null takes away, objects are merged, all else is replaced. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === "object" && target !== null && !Array.isArray(target);
  const result: Record<string, unknown> = { ...(isObject ? (target as Record<string, unknown>) : {}) };
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  return result;
}
