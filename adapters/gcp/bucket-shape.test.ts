import { describe, expect, test } from "vitest";
import type { BucketWant } from "../../controllers/leaf/wants.ts";
import { actualBucket, fitBucket, labelPatch, outputsOf, patchOf, toBucket } from "./bucket-shape.ts";
import type { Bucket, BucketFields } from "./storage.ts";

const REGION = "europe-west1";
const WANT: BucketWant = {
  private: true,
  versioning: false,
  storageClass: "Hot",
  lifecycle: [],
  softDeleteDays: 0,
  retention: null,
  cors: [],
  notifications: [],
  replicateTo: null,
  replicaKey: null,
  encryptionKey: null,
  deliverers: [],
  overrides: {},
  tags: { team: "core" },
};
const key = `projects/demo-project/locations/${REGION}/keyRings/r/cryptoKeys/k`;
const FULL: BucketWant = {
  ...WANT,
  versioning: true,
  storageClass: "Auto",
  lifecycle: [{ name: "", prefix: "tmp/", action: "Expire", days: 3, to: null, versionsKept: null }],
  retention: { days: 30, lock: false },
  cors: [{ name: "", origins: ["*"], methods: ["GET"], headers: ["ETag"], maxAgeSeconds: 60 }],
  encryptionKey: key,
};

/** What stands in the bucket itself. */
const alone = ({
  notifications: _told,
  replicateTo: _copied,
  replicaKey: _key,
  deliverers: _delivering,
  ...want
}: BucketWant) => want;

/** As Google gives back what was sent. */
const live = (fields: BucketFields, more: object = {}): Bucket => ({
  name: "orders",
  projectNumber: "1",
  metageneration: "1",
  ...fields,
  ...more,
});

test("a bucket is made with everything said: Google's own defaults are public access by ACL and seven billed days", () => {
  expect(toBucket(WANT, REGION)).toEqual({
    labels: { team: "core" },
    location: "EUROPE-WEST1",
    storageClass: "STANDARD",
    versioning: { enabled: false },
    softDeletePolicy: { retentionDurationSeconds: "0" },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" },
  });
});

test.each([
  ["the least", WANT],
  ["everything", FULL],
])("what is made is read back as asked: %s", (_title, asked) => {
  // What it tells is no part of the bucket itself.
  const fitted = fitBucket(asked, REGION).want;
  expect(actualBucket(live(toBucket(fitted, REGION)), REGION)).toEqual(alone(fitted));
});

test("one field changed, one field sent; a field that goes is taken away, versioning is turned off", () => {
  const seen = fitBucket(FULL, REGION).want;
  const change = (field: keyof BucketWant & string) => patchOf(WANT, seen, new Set([field]));
  expect(change("versioning")).toEqual({ versioning: { enabled: false } });
  expect(change("storageClass")).toEqual({ storageClass: "STANDARD", autoclass: { enabled: false } });
  expect(change("lifecycle")).toEqual({ lifecycle: null });
  expect(change("softDeleteDays")).toEqual({ softDeletePolicy: { retentionDurationSeconds: "0" } });
  expect(change("retention")).toEqual({ retentionPolicy: null });
  expect(change("cors")).toEqual({ cors: null });
  expect(change("encryptionKey")).toEqual({ encryption: null });
  expect(change("private")).toEqual({
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" },
  });
});

test("a lock alone sends no new retention: that call would start its time anew", () => {
  const seen = { ...WANT, retention: { days: 30, lock: false } };
  const want = { ...WANT, retention: { days: 30, lock: true } };
  expect(patchOf(want, seen, new Set(["retention"]))).toEqual({});
});

test("only labels that differ are sent, ours that must go as null", () => {
  const tags = { team: "core", stage: "prod", gone: null, never: null };
  expect(labelPatch(tags, { team: "core", stage: "dev", gone: "x", theirs: "y" })).toEqual({
    stage: "prod",
    gone: null,
  });
});

describe("what nobody can ask for is drift", () => {
  const actual = (fields: object) => actualBucket(live(toBucket(WANT, REGION), fields), REGION);
  test.each([
    ["public access by policy", { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } }],
    ["access by ACL", { iamConfiguration: { publicAccessPrevention: "enforced" } }],
  ])("%s", (_title, fields) => {
    expect(actual(fields).private).toBe(false);
  });
  test("a colder default class, and an Autoclass that ends early", () => {
    expect(actual({ storageClass: "NEARLINE" }).storageClass).toBe("NEARLINE");
    const autoclass = { enabled: true, terminalStorageClass: "NEARLINE" };
    expect(actual({ autoclass }).storageClass).toBe("Autoclass to NEARLINE");
  });
  test("a soft delete or retention of part of a day", () => {
    expect(actual({ softDeletePolicy: { retentionDurationSeconds: "648000" } }).softDeleteDays).toBe(7.5);
    expect(actual({ retentionPolicy: { retentionPeriod: "43200" } }).retention).toEqual({ days: 0.5, lock: false });
  });
});

test("what Google adds by itself is no drift: an empty lifecycle, Autoclass off, times", () => {
  const fields = {
    lifecycle: { rule: [] },
    autoclass: { enabled: false, toggleTime: "2026-01-01T00:00:00Z" },
    encryption: {},
    retentionPolicy: undefined,
    softDeletePolicy: { retentionDurationSeconds: "0", effectiveTime: "2026-01-01T00:00:00Z" },
  };
  const want = alone(WANT);
  expect(actualBucket(live(toBucket(WANT, REGION), fields), REGION)).toEqual(want);
});

test("another place than the region is an override, and shows that S3 has no such thing", () => {
  const { want, deviations } = fitBucket({ ...WANT, overrides: { location: "EU" } }, REGION);
  expect(deviations).toMatchObject([{ field: "overrides.gcp.location", kind: "CloudSpecific" }]);
  expect(toBucket(want, REGION).location).toBe("EU");
  expect(actualBucket(live(toBucket(want, REGION)), REGION).overrides).toEqual({ location: "EU" });
  expect(fitBucket({ ...WANT, overrides: { location: "EUROPE-WEST1" } }, REGION).want.overrides).toEqual({});
});

test("versionsKept says that of a deleted object one more stays", () => {
  const lifecycle = [
    { name: "v", prefix: "", action: "ExpireNoncurrent", days: 1, to: null, versionsKept: 2 },
  ] as const;
  expect(fitBucket({ ...WANT, versioning: true, lifecycle }, REGION).deviations).toMatchObject([
    { field: "lifecycle", kind: "Covered" },
  ]);
});

test("what programs are given", () => {
  expect(outputsOf("orders", "EUROPE-WEST1")).toEqual({
    BUCKET_ID: "projects/_/buckets/orders",
    BUCKET: "orders",
    BUCKET_URL: "gs://orders",
    REGION: "europe-west1",
  });
});
