/** A Bucket as Cloud Storage has it: canonical forms both ways. Pure. cloud.google.com/storage/docs/json_api/v1/buckets */
import type { BucketCorsRule, BucketOutputs, BucketWant } from "../../controllers/leaf/wants.ts";
import type { Tags } from "../../operator/provider/owner.ts";
import type { Deviation, Fitted, Neutral } from "../../operator/provider/provider.ts";
import { fitLifecycle, lifecycleOf, toRule } from "./bucket-lifecycle.ts";
import { bucketName } from "./names.ts";
import type { Bucket, BucketFields, BucketPatch, CorsRule } from "./storage.ts";

const DAY = 86_400;

/** Where Autoclass ends. The last class that is still read in milliseconds, as Intelligent-Tiering's. */
const AUTO = { enabled: true, terminalStorageClass: "ARCHIVE" } as const;
const PRIVATE = {
  uniformBucketLevelAccess: { enabled: true },
  publicAccessPrevention: "enforced",
} as const;

/** Where a bucket of this Want is: the region, or what the override says. */
export const locationOf = (want: Pick<BucketWant, "overrides">, region: string): string =>
  text(want.overrides.location) ?? region.toUpperCase();

const text = (value: Neutral): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** What Cloud Storage makes of a wish. */
export function fitBucket(want: BucketWant, region: string): Fitted<BucketWant> {
  const location = locationOf(want, region);
  const elsewhere = location !== region.toUpperCase();
  const deviations: Deviation[] = [];
  if (elsewhere)
    deviations.push({
      field: "overrides.gcp.location",
      kind: "CloudSpecific",
      message: `An S3 bucket is in one region; this one is in ${location}.`,
    });
  if (want.deliverers.length > 0)
    deviations.push({
      field: "overrides.gcp.deliverers",
      kind: "CloudSpecific",
      message: "Who delivers is a service account of Google Cloud; AWS has accounts, in overrides.aws.deliverers.",
    });
  if (want.lifecycle.some(({ versionsKept }) => versionsKept !== null))
    deviations.push({
      field: "lifecycle",
      kind: "Covered",
      message: "Of an object that was deleted Cloud Storage keeps one old version more than versionsKept says.",
    });
  if (want.retention)
    deviations.push({
      field: "retention",
      kind: "Covered",
      message: "Cloud Storage keeps what was in the bucket before as long, too.",
    });
  return {
    want: {
      ...want,
      lifecycle: fitLifecycle(want.lifecycle),
      cors: byName(want.cors.map((rule) => ({ ...rule, name: corsName(rule) }))),
      overrides: elsewhere ? { location } : {},
    },
    deviations,
  };
}

/** Cloud Storage's rules have no names: each is called by what it allows. */
const corsName = ({ origins, methods, headers, maxAgeSeconds }: Omit<BucketCorsRule, "name">): string =>
  `${methods.join(", ")} from ${origins.join(", ")}${headers.length === 0 ? "" : ` with ${headers.join(", ")}`}${maxAgeSeconds === 0 ? "" : ` for ${maxAgeSeconds} s`}`;

function byName(rules: readonly BucketCorsRule[]): readonly BucketCorsRule[] {
  const once = new Map(rules.map((rule) => [rule.name, rule]));
  return [...once.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const toCors = ({ origins, methods, headers, maxAgeSeconds }: BucketCorsRule): CorsRule => ({
  origin: origins,
  method: methods,
  ...(headers.length === 0 ? {} : { responseHeader: headers }),
  ...(maxAgeSeconds === 0 ? {} : { maxAgeSeconds }),
});

function corsOf({ origin, method, responseHeader, maxAgeSeconds }: CorsRule): BucketCorsRule {
  const rule = {
    origins: [...(origin ?? [])].sort(),
    methods: [...(method ?? [])].sort(),
    headers: [...(responseHeader ?? [])].sort(),
    maxAgeSeconds: maxAgeSeconds ?? 0,
  };
  return { name: corsName(rule), ...rule };
}

/** The fields of the bucket that each field of Want is. The lock of a retention is a call of its own. */
const PATCHES: { readonly [K in keyof BucketWant]?: (want: BucketWant) => BucketPatch } = {
  private: () => ({ iamConfiguration: PRIVATE }),
  versioning: ({ versioning }) => ({ versioning: { enabled: versioning } }),
  storageClass: ({ storageClass }) => ({
    storageClass: "STANDARD",
    autoclass: storageClass === "Auto" ? AUTO : { enabled: false },
  }),
  lifecycle: ({ lifecycle }) => ({ lifecycle: lifecycle.length === 0 ? null : { rule: lifecycle.map(toRule) } }),
  // Always said: Google's own default is seven days, which are billed.
  softDeleteDays: ({ softDeleteDays }) => ({
    softDeletePolicy: { retentionDurationSeconds: String(softDeleteDays * DAY) },
  }),
  retention: ({ retention }) => ({
    retentionPolicy: retention && { retentionPeriod: String(retention.days * DAY) },
  }),
  cors: ({ cors }) => ({ cors: cors.length === 0 ? null : cors.map(toCors) }),
  encryptionKey: ({ encryptionKey }) => ({ encryption: encryptionKey ? { defaultKmsKeyName: encryptionKey } : null }),
};

/** What a bucket is made with: everything at once and explicit, since the cloud's defaults are not ours. */
export function toBucket(want: BucketWant, region: string): BucketFields {
  const all = Object.assign({}, ...Object.values(PATCHES).map((patch) => patch(want))) as BucketPatch;
  const { autoclass, ...given } = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
  const labels = Object.fromEntries(Object.entries(want.tags).filter(([, value]) => value !== null));
  return {
    ...given,
    ...(want.storageClass === "Auto" ? { autoclass } : {}),
    labels,
    location: locationOf(want, region),
  } as BucketFields;
}

/** One field changed, one field sent; of the labels only those that differ. */
export function patchOf(
  want: BucketWant,
  seen: Partial<BucketWant>,
  changed: ReadonlySet<keyof BucketWant & string>,
): BucketPatch {
  const due = [...changed].filter((field) => field !== "retention" || retentionDiffers(want, seen));
  return Object.assign(
    {},
    ...due.map((field) => PATCHES[field]?.(want) ?? {}),
    changed.has("tags") ? { labels: labelPatch(want.tags, seen.tags ?? {}) } : {},
  ) as BucketPatch;
}

/** Apart from the lock. */
const retentionDiffers = (want: BucketWant, seen: Partial<BucketWant>): boolean =>
  want.retention?.days !== seen.retention?.days;

/** The labels that are to be set, and those of ours that are to go. */
export const labelPatch = (tags: Tags, seen: Tags): Readonly<Record<string, string | null>> =>
  Object.fromEntries(Object.entries(tags).filter(([key, value]) => (seen[key] ?? null) !== value));

/** The live values in the fields of Want. */
export function actualBucket(bucket: Bucket, region: string): Partial<BucketWant> {
  const access = bucket.iamConfiguration;
  const location = bucket.location ?? "";
  const retained = Number(bucket.retentionPolicy?.retentionPeriod ?? 0);
  return {
    private: access?.uniformBucketLevelAccess?.enabled === true && access.publicAccessPrevention === "enforced",
    versioning: bucket.versioning?.enabled === true,
    storageClass: classOf(bucket),
    lifecycle: lifecycleOf(bucket.lifecycle?.rule ?? []),
    softDeleteDays: Number(bucket.softDeletePolicy?.retentionDurationSeconds ?? 0) / DAY,
    retention: retained === 0 ? null : { days: retained / DAY, lock: bucket.retentionPolicy?.isLocked === true },
    cors: byName((bucket.cors ?? []).map(corsOf)),
    encryptionKey: bucket.encryption?.defaultKmsKeyName || null,
    overrides: location === region.toUpperCase() ? {} : { location },
    tags: { ...bucket.labels },
  };
}

/** What spec can't ask for shows by Google's own name, so it is drift. */
function classOf({ autoclass, storageClass }: Bucket): BucketWant["storageClass"] {
  if (autoclass?.enabled === true)
    return autoclass.terminalStorageClass === AUTO.terminalStorageClass
      ? "Auto"
      : (`Autoclass to ${autoclass.terminalStorageClass ?? ""}` as "Auto");
  return storageClass === "STANDARD" ? "Hot" : (storageClass as "Hot");
}

export const outputsOf = (name: string, location: string): BucketOutputs => ({
  BUCKET_ID: bucketName(name),
  BUCKET: name,
  BUCKET_URL: `gs://${name}`,
  REGION: location.toLowerCase(),
});
