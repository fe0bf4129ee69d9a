import type { Bucket, BucketMetadata, CreateBucketRequest } from "@google-cloud/storage";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const DAY = 24 * 60 * 60 * 1000;
const NONE = { softDeletePolicy: { retentionDurationSeconds: 0 } };

async function bucketOf(fields: CreateBucketRequest = {}): Promise<Bucket> {
  const [bucket] = await cloud.storage.createBucket("orders", { ...NONE, ...fields });
  return bucket;
}
const save = (bucket: Bucket, name: string, text: string, more: object = {}) =>
  bucket.file(name).save(text, { resumable: false, ...more });
const names = async (bucket: Bucket, query: object = {}) => (await bucket.getFiles(query))[0].map(({ name }) => name);
const statusOf = async (call: Promise<unknown>): Promise<number | undefined> => {
  try {
    await call;
    return undefined;
  } catch (error) {
    return (error as { code?: number }).code;
  }
};

test("what goes up comes down: in one part, in two, and in pieces, with Google's own client", async () => {
  const bucket = await bucketOf();
  await save(bucket, "small", "text\r\n\r\nwith --lines\n", {
    metadata: { contentType: "text/x", metadata: { a: "1" } },
  });
  const pieces = Buffer.alloc(700 * 1024, "piece of it ");
  await bucket.file("big").save(pieces, { resumable: true, chunkSize: 256 * 1024 });
  await save(bucket, "empty", "");
  expect((await bucket.file("small").download())[0].toString()).toBe("text\r\n\r\nwith --lines\n");
  expect((await bucket.file("big").download())[0].equals(pieces)).toBe(true);
  expect((await bucket.file("empty").download())[0].length).toBe(0);
  const [metadata] = await bucket.file("small").getMetadata();
  expect(metadata).toMatchObject({ contentType: "text/x", metadata: { a: "1" }, size: "21", storageClass: "STANDARD" });
  const media = await fetch(`${cloud.gcp.rest}/upload/storage/v1/b/orders/o?uploadType=media&name=raw`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{no json",
  });
  expect(media.status).toBe(200);
  expect((await bucket.file("raw").download())[0].toString()).toBe("{no json");
});

test("conditions on the generation hold, and a wrong checksum is refused", async () => {
  const bucket = await bucketOf();
  await save(bucket, "one", "1", { preconditionOpts: { ifGenerationMatch: 0 } });
  expect(await statusOf(save(bucket, "one", "2", { preconditionOpts: { ifGenerationMatch: 0 } }))).toBe(412);
  const [{ generation }] = await bucket.file("one").getMetadata();
  await save(bucket, "one", "2", { preconditionOpts: { ifGenerationMatch: generation } });
  expect(await statusOf(save(bucket, "one", "3", { preconditionOpts: { ifGenerationMatch: generation } }))).toBe(412);
  expect(await statusOf(save(bucket, "bad", "1", { metadata: { md5Hash: "AAAA" }, validation: false }))).toBe(400);
});

test.each(["", ".", "..", "a\nb", "a\rb", "x".repeat(1025), ".well-known/acme-challenge/x"])(
  "the name %j is refused",
  async (name) => {
    await bucketOf();
    const path = `/upload/storage/v1/b/orders/o?uploadType=media&name=${encodeURIComponent(name)}`;
    expect((await fetch(`${cloud.gcp.rest}${path}`, { method: "POST", body: "x" })).status).toBe(400);
  },
);

test("lists: prefix, folders, pages by place, versions", async () => {
  const bucket = await bucketOf({ versioning: { enabled: true } });
  for (const name of ["b/2", "a", "b/1", "c/x/y", "é", "Z"]) await save(bucket, name, name);
  await save(bucket, "a", "again");
  expect(await names(bucket)).toEqual(["Z", "a", "b/1", "b/2", "c/x/y", "é"]);
  expect(await names(bucket, { prefix: "b/" })).toEqual(["b/1", "b/2"]);
  expect(await names(bucket, { versions: true, prefix: "a" })).toEqual(["a", "a"]);
  expect(await names(bucket, { startOffset: "b", endOffset: "c" })).toEqual(["b/1", "b/2"]);
  const folders = await cloud.rest("GET", "/storage/v1/b/orders/o?delimiter=/");
  expect(folders.body).toMatchObject({ prefixes: ["b/", "c/"] });
  expect(folders.body.items.map(({ name }: { name: string }) => name)).toEqual(["Z", "a", "é"]);
});

test("with versions a delete hides and a delete of a generation takes away; without, nothing stays", async () => {
  const bucket = await bucketOf({ versioning: { enabled: true } });
  await save(bucket, "a", "1");
  const [{ generation }] = await bucket.file("a").getMetadata();
  await bucket.file("a").delete();
  expect(await statusOf(bucket.file("a").getMetadata())).toBe(404);
  expect(await statusOf(bucket.delete())).toBe(409);
  const old = bucket.file("a", { generation: String(generation) });
  expect((await old.download())[0].toString()).toBe("1");
  await old.delete();
  expect(await statusOf(old.delete())).toBe(404);
  await bucket.delete();
});

test("what is soft-deleted is brought back for its time; it does not keep the bucket", async () => {
  const bucket = await bucketOf({ softDeletePolicy: { retentionDurationSeconds: 7 * 86_400 } });
  await save(bucket, "a", "1");
  const [{ generation }] = await bucket.file("a").getMetadata();
  await bucket.file("a").delete();
  expect(await names(bucket, { softDeleted: true })).toEqual(["a"]);
  await bucket.file("a").restore({ generation: Number(generation) });
  expect((await bucket.file("a").download())[0].toString()).toBe("1");
  await bucket.file("a").delete();
  await cloud.gcp.control.advance(8 * DAY);
  expect(await names(bucket, { softDeleted: true })).toEqual([]);
  await bucket.delete();
});

test("what is retained can be neither deleted nor overwritten before its time", async () => {
  const bucket = await bucketOf({ retentionPolicy: { retentionPeriod: 86_400 } as never });
  await save(bucket, "a", "1");
  expect(await statusOf(bucket.file("a").delete())).toBe(403);
  expect(await statusOf(save(bucket, "a", "2"))).toBe(403);
  await cloud.gcp.control.advance(DAY + 1000);
  await bucket.file("a").delete();
});

test("rules take by age, by prefix, by number of versions; Delete goes before a change of class", async () => {
  const rule = (action: object, condition: object) => ({ action, condition });
  const cold = { type: "SetStorageClass", storageClass: "COLDLINE" };
  const bucket = await bucketOf({
    versioning: { enabled: true },
    lifecycle: {
      rule: [
        rule({ type: "Delete" }, { age: 3, isLive: true, matchesPrefix: ["tmp/"] }),
        rule(cold, { age: 3, isLive: true }),
        rule({ type: "Delete" }, { daysSinceNoncurrentTime: 5, isLive: false, numNewerVersions: 2 }),
      ],
    } as NonNullable<BucketMetadata["lifecycle"]>,
  });
  await save(bucket, "tmp/a", "1");
  for (const text of ["1", "2", "3"]) await save(bucket, "doc", text);
  await cloud.gcp.control.advance(4 * DAY);
  expect(await names(bucket)).toEqual(["doc"]);
  expect((await bucket.file("doc").getMetadata())[0].storageClass).toBe("COLDLINE");
  expect(await names(bucket, { versions: true })).toEqual(["doc", "doc", "doc", "tmp/a"]);
  await cloud.gcp.control.advance(2 * DAY);
  expect(await names(bucket, { versions: true })).toEqual(["doc", "doc", "tmp/a"]);
});

test("nobody without credentials reads it, unless the policy says so", async () => {
  const bucket = await bucketOf({ iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } });
  await save(bucket, "a b", "hello");
  const read = () => fetch(`${cloud.gcp.rest}/orders/a%20b`);
  expect((await read()).status).toBe(403);
  const [policy] = await bucket.iam.getPolicy();
  policy.bindings.push({ role: "roles/storage.objectViewer", members: ["allUsers"] });
  await bucket.iam.setPolicy(policy);
  expect(await (await read()).text()).toBe("hello");
  const acl = "/storage/v1/b/orders/o/a%20b/acl";
  expect((await cloud.rest("POST", acl, { entity: "allUsers", role: "READER" })).status).toBe(400);
});

test("an old generation is copied to another bucket with its metadata, once, and moved bytes take several calls", async () => {
  const bucket = await bucketOf({ versioning: { enabled: true }, location: "EU" });
  const [other] = await cloud.storage.createBucket("copies", { ...NONE, location: "US" });
  await save(bucket, "a/b", "1".repeat(2 ** 20 + 1), { metadata: { contentType: "text/x", metadata: { of: "me" } } });
  const [{ generation }] = await bucket.file("a/b").getMetadata();
  await save(bucket, "a/b", "2");
  const at = `/storage/v1/b/orders/o/a%2Fb/rewriteTo/b/copies/o/a%2Fb?sourceGeneration=${generation}&ifGenerationMatch=0`;
  const first = await cloud.rest("POST", at);
  expect(first.body).toMatchObject({ done: false, totalBytesRewritten: "1048576", objectSize: "1048577" });
  expect(await names(other)).toEqual([]);
  const second = await cloud.rest("POST", `${at}&rewriteToken=${first.body.rewriteToken}`);
  expect(second.body).toMatchObject({ done: true, resource: { contentType: "text/x", metadata: { of: "me" } } });
  expect((await other.file("a/b").download())[0].toString()).toBe("1".repeat(2 ** 20 + 1));
  expect((await cloud.rest("POST", `${at}&rewriteToken=${first.body.rewriteToken}`)).status).toBe(412);
  expect((await cloud.rest("POST", at.replace("copies", "nowhere"))).status).toBe(404);
});
