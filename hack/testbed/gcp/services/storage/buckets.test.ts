import { type BucketMetadata, CRC32C } from "@google-cloud/storage";
import protos from "google-proto-files";
import protobuf from "protobufjs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Json, startTestCloud, type TestCloud } from "../../testing.ts";
import { WRITABLE } from "./bucket-schema.ts";
import { crc32c } from "./checksums.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const DAY = 24 * 60 * 60 * 1000;
const B = "/storage/v1/b";
const create = (fields: object = {}) => cloud.rest("POST", `${B}?project=demo-project`, { name: "orders", ...fields });
const patch = (fields: object, query = "") => cloud.rest("PATCH", `${B}/orders${query}`, fields);
const get = async (): Promise<Json> => (await cloud.rest("GET", `${B}/orders`)).body;
const refused = (status: number, reason: string, message = /./) => ({
  status,
  body: { error: { code: status, message: expect.stringMatching(message), errors: [{ reason }] } },
});

test("fields that can be written are fields of Google's definition", async () => {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    target.startsWith("google/protobuf") ? target : protos.getProtoPath("..", target);
  await root.load("google/storage/v2/storage.proto");
  const known = Object.keys(root.lookupType("google.storage.v2.Bucket").fields);
  // Only these are called otherwise in JSON.
  const renamed: Record<string, string> = { iamConfiguration: "iamConfig" };
  expect(WRITABLE.filter((field) => !known.includes(renamed[field] ?? field))).toEqual([]);
});

test("what nobody says, Google fills in: ACLs, no prevention, seven days of soft delete", async () => {
  expect(await create()).toMatchObject({
    status: 200,
    body: {
      kind: "storage#bucket",
      name: "orders",
      projectNumber: "123456789012",
      location: "US",
      locationType: "multi-region",
      storageClass: "STANDARD",
      metageneration: "1",
      iamConfiguration: {
        uniformBucketLevelAccess: { enabled: false },
        bucketPolicyOnly: { enabled: false },
        publicAccessPrevention: "inherited",
      },
      softDeletePolicy: { retentionDurationSeconds: "604800", effectiveTime: expect.any(String) },
    },
  });
});

test.each([
  "ab",
  "Orders",
  "-orders",
  "orders-",
  "goog-orders",
  "my-google-orders",
  "my-g00gle",
  "192.168.5.4",
  "a..b",
  "x".repeat(64),
  "order s",
])("the name %s is refused", async (name) => {
  expect(await create({ name })).toMatchObject(refused(400, "invalid", /Invalid bucket name/));
});

test("a name with a dot is somebody's domain", async () => {
  expect(await create({ name: "files.example.com" })).toMatchObject(refused(403, "forbidden", /domain/));
});

test("names are everybody's: ours are told from those of others", async () => {
  await create();
  expect(await create()).toMatchObject(refused(409, "conflict", /you already own it/));
  cloud.gcp.control.settings.foreignBuckets = { secret: "hidden", open: "readable" };
  for (const name of ["secret", "open"])
    expect(await create({ name })).toMatchObject(refused(409, "conflict", /not available/));
  expect(await cloud.rest("GET", `${B}/secret`)).toMatchObject(refused(403, "forbidden", /storage.buckets.get/));
  expect((await cloud.rest("GET", `${B}/open`)).body).toMatchObject({ name: "open", projectNumber: "999999999999" });
  for (const name of ["secret", "open"]) {
    expect(await cloud.rest("PATCH", `${B}/${name}`, {})).toMatchObject(refused(403, "forbidden"));
    expect((await cloud.rest("DELETE", `${B}/${name}`)).status).toBe(403);
  }
  expect((await cloud.rest("GET", `${B}?project=demo-project`)).body.items).toHaveLength(1);
});

describe("what Google refuses", () => {
  const rule = (action: object, condition: object) => ({ lifecycle: { rule: [{ action, condition }] } });
  const remove = { type: "Delete" };
  test.each<[string, object, RegExp]>([
    ["an unknown field", { lables: {} }, /Unknown name "lables"/],
    ["an unknown field inside", { versioning: { on: true } }, /Unknown name "on" at 'versioning'/],
    ["an unknown class", { storageClass: "COLD" }, /storage class/],
    ["an unknown place", { location: "MOON" }, /location/],
    ["a label in capitals", { labels: { Team: "x" } }, /Label/],
    ["a rule without condition", rule(remove, {}), /at least one condition/],
    ["a rule with an unknown condition", rule(remove, { size: 3 }), /Unknown name "size"/],
    ["a rule with an unknown action", rule({ type: "Paint" }, { age: 1 }), /lifecycle/],
    ["a move to nowhere", rule({ type: "SetStorageClass" }, { age: 1 }), /storageClass/],
    ["a negative age", rule(remove, { age: -1 }), /age/],
    [
      "an abort by versions",
      rule({ type: "AbortIncompleteMultipartUpload" }, { age: 1, numNewerVersions: 1 }),
      /knows only age/,
    ],
    [
      "101 rules",
      { lifecycle: { rule: Array.from({ length: 101 }, () => ({ action: remove, condition: { age: 1 } })) } },
      /at most 100/,
    ],
    ["6 days of soft delete", { softDeletePolicy: { retentionDurationSeconds: 6 * 86_400 } }, /between 7 and 90/],
    ["91 days of soft delete", { softDeletePolicy: { retentionDurationSeconds: "7862400" } }, /between 7 and 90/],
    ["no time of retention", { retentionPolicy: { retentionPeriod: 0 } }, /Retention period/],
    ["Autoclass with another class", { autoclass: { enabled: true }, storageClass: "NEARLINE" }, /must be STANDARD/],
    [
      "Autoclass with transitions",
      { autoclass: { enabled: true }, ...rule({ type: "SetStorageClass", storageClass: "COLDLINE" }, { age: 1 }) },
      /Autoclass/,
    ],
    [
      "a key of another place",
      { encryption: { defaultKmsKeyName: "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k" } },
      /location/,
    ],
    ["a key that is none", { encryption: { defaultKmsKeyName: "k" } }, /Malformed/],
  ])("%s", async (_title, fields, message) => {
    expect(await create(fields)).toMatchObject(refused(400, "invalid", message));
    await create();
    expect(await patch(fields)).toMatchObject(refused(400, "invalid", message));
  });

  test("a parameter that the method has not", async () => {
    expect(await cloud.rest("GET", `${B}/orders?colour=red`)).toMatchObject(refused(400, "invalid", /colour/));
    expect(await cloud.rest("GET", `${B}/none`)).toMatchObject(refused(404, "notFound"));
  });
});

test("a patch merges: null takes away, a label alone is set alone, a list is replaced", async () => {
  await create({ labels: { a: "1", b: "2" }, cors: [{ origin: ["*"] }], versioning: { enabled: true } });
  await patch({ labels: { b: null, c: "3" }, cors: null });
  expect(await get()).toMatchObject({ labels: { a: "1", c: "3" }, versioning: { enabled: true }, metageneration: "2" });
  expect(await get()).not.toHaveProperty("cors");
  await patch({ iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } });
  await patch({ iamConfiguration: { publicAccessPrevention: "enforced" } });
  expect((await get()).iamConfiguration).toMatchObject({
    uniformBucketLevelAccess: { enabled: true, lockedTime: expect.any(String) },
    bucketPolicyOnly: { enabled: true },
    publicAccessPrevention: "enforced",
  });
});

test("a precondition that does not hold is 412, and nothing happens", async () => {
  await create();
  expect(await patch({ labels: { a: "1" } }, "?ifMetagenerationMatch=7")).toMatchObject(
    refused(412, "conditionNotMet"),
  );
  expect(await patch({ labels: { a: "1" } }, "?ifMetagenerationMatch=1")).toMatchObject({ status: 200 });
  expect((await get()).metageneration).toBe("2");
});

test("what stays as it was made: place, name; uniform access after ninety days", async () => {
  await create({ iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } });
  expect(await patch({ location: "EU" })).toMatchObject(refused(400, "invalid", /location/));
  expect(await patch({ name: "others" })).toMatchObject(refused(400, "invalid", /name/));
  const off = { iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } };
  expect((await patch(off)).status).toBe(200);
  await patch({ iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } });
  await cloud.gcp.control.advance(91 * DAY);
  expect(await patch(off)).toMatchObject(refused(412, "conditionNotMet", /90 days/));
});

test("a locked retention is never shorter, never gone, but may grow", async () => {
  await create({ retentionPolicy: { retentionPeriod: 3600 } });
  const lock = `${B}/orders/lockRetentionPolicy`;
  expect(await cloud.rest("POST", lock)).toMatchObject(refused(400, "invalid", /ifMetagenerationMatch/));
  expect(await cloud.rest("POST", `${lock}?ifMetagenerationMatch=9`)).toMatchObject(refused(412, "conditionNotMet"));
  expect(await cloud.rest("POST", `${lock}?ifMetagenerationMatch=1`)).toMatchObject({
    body: { retentionPolicy: { retentionPeriod: "3600", isLocked: true } },
  });
  expect(await patch({ retentionPolicy: { retentionPeriod: 60 } })).toMatchObject(refused(403, "forbidden", /reduce/));
  expect(await patch({ retentionPolicy: null })).toMatchObject(refused(403, "forbidden", /remove/));
  expect(await patch({ retentionPolicy: { retentionPeriod: 7200 } })).toMatchObject({
    body: { retentionPolicy: { retentionPeriod: "7200", isLocked: true } },
  });
});

test("a deleted bucket can be brought back for as long as it is soft-deleted, unless the name is taken", async () => {
  const { generation } = (await create()).body;
  expect((await fetch(`${cloud.gcp.rest}${B}/orders`, { method: "DELETE" })).status).toBe(204);
  expect((await cloud.rest("GET", `${B}/orders`)).status).toBe(404);
  const restore = `${B}/orders/restore?generation=${generation}`;
  await create();
  expect(await cloud.rest("POST", restore)).toMatchObject(refused(409, "conflict"));
  await patch({ softDeletePolicy: { retentionDurationSeconds: 0 } });
  await fetch(`${cloud.gcp.rest}${B}/orders`, { method: "DELETE" });
  expect(await cloud.rest("POST", restore)).toMatchObject({ status: 200, body: { generation } });
  await fetch(`${cloud.gcp.rest}${B}/orders`, { method: "DELETE" });
  await cloud.gcp.control.advance(8 * DAY);
  expect((await cloud.rest("POST", restore)).status).toBe(404);
});

test("policies have an etag, and the public is kept out where it is prevented", async () => {
  const fields: BucketMetadata = {
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" },
  };
  await create(fields);
  const iam = `${B}/orders/iam`;
  const { body: policy } = await cloud.rest("GET", `${iam}?optionsRequestedPolicyVersion=3`);
  expect(policy).toMatchObject({ kind: "storage#policy", resourceId: "projects/_/buckets/orders" });
  const viewer = (member: string) => ({
    ...policy,
    bindings: [...policy.bindings, { role: "roles/storage.objectViewer", members: [member] }],
  });
  expect(await cloud.rest("PUT", iam, viewer("allUsers"))).toMatchObject(
    refused(412, "conditionNotMet", /public access prevention/),
  );
  const member = "user:ann@example.com";
  expect(await cloud.rest("PUT", iam, viewer(member))).toMatchObject({ status: 200 });
  expect(await cloud.rest("PUT", iam, viewer(member))).toMatchObject(refused(412, "conditionNotMet", /concurrent/));
  const held = `${iam}/testPermissions?permissions=storage.objects.get&permissions=storage.objects.list`;
  expect((await cloud.rest("GET", held)).body.permissions).toEqual(["storage.objects.get", "storage.objects.list"]);
});

test("faults and the journal know its calls by the names of the definition", async () => {
  const { faults, journal } = cloud.gcp.control;
  faults.add({ method: "CreateBucket", times: 1, error: { code: "UNAVAILABLE" } });
  expect(await create()).toMatchObject(refused(503, "backendError"));
  faults.add({ method: "CreateBucket", times: 1, dropReply: true });
  await expect(create()).rejects.toThrow();
  expect(await get()).toMatchObject({ name: "orders" });
  faults.add({ method: "*", freezeReads: true });
  await patch({ labels: { a: "1" } });
  expect(await get()).not.toHaveProperty("labels");
  const calls = journal.entries().map(({ method, resource, mutating, code }) => ({ method, resource, mutating, code }));
  const resource = "projects/_/buckets/orders";
  const method = (name: string) => `google.storage.v2.Storage.${name}`;
  expect(calls).toEqual([
    { method: method("CreateBucket"), resource, mutating: true, code: "UNAVAILABLE" },
    { method: method("CreateBucket"), resource, mutating: true, code: "OK" },
    { method: method("GetBucket"), resource, mutating: false, code: "OK" },
    { method: method("UpdateBucket"), resource, mutating: true, code: "OK" },
    { method: method("GetBucket"), resource, mutating: false, code: "OK" },
  ]);
});

test("checksums are those of Google's own client", () => {
  for (const text of ["", "a", "the quick brown fox", "日本語"]) {
    const theirs = new CRC32C();
    theirs.update(Buffer.from(text));
    expect(crc32c(Buffer.from(text))).toBe(theirs.toString());
  }
});
