import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

const projectId = "demo-project";
const spec = { gcsDataSource: { bucketName: "here" }, gcsDataSink: { bucketName: "there" } };
const job = { projectId, status: "ENABLED", description: "d", replicationSpec: spec };

// biome-ignore lint/suspicious/noExplicitAny: answers of an API, looked at as they come
async function call(method: string, path: string, body?: object): Promise<any> {
  const sent = body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {};
  const response = await fetch(`${cloud.gcp.rest}${path}`, { method, ...sent });
  const text = await response.text();
  return text === "" ? {} : JSON.parse(text);
}
const create = (change: object = {}) => call("POST", "/v1/transferJobs", { ...job, ...change });
const jobs = async (filter: object) => {
  const text = JSON.stringify({ projectId, dataBackend: "QUERY_REPLICATION_CONFIGS", ...filter });
  return (await call("GET", `/v1/transferJobs?filter=${encodeURIComponent(text)}`)).transferJobs ?? [];
};
const write = async (bucket: string, name: string, text: string) => {
  const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`;
  const response = await fetch(`${cloud.gcp.rest}${path}`, { method: "POST", body: text });
  expect(response.status).toBe(200);
};
const read = async (bucket: string, name: string) => {
  const path = `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`;
  const response = await fetch(`${cloud.gcp.rest}${path}`);
  return response.status === 200 ? response.text() : undefined;
};
const ADMIN = "roles/storage.admin";

beforeEach(async () => {
  await cloud.gcp.control.reset();
  const { accountEmail } = await call("GET", `/v1/googleServiceAccounts/${projectId}`);
  const permissions = [
    "storage.buckets.get",
    "storage.buckets.update",
    "storage.objects.create",
    "storage.objects.get",
  ];
  const role = { title: "copies", includedPermissions: permissions, stage: "GA" };
  await call("POST", `/v1/projects/${projectId}/roles`, { roleId: "copies", role });
  for (const name of ["here", "there"]) {
    await call("POST", `/storage/v1/b?project=${projectId}`, {
      name,
      softDeletePolicy: { retentionDurationSeconds: 0 },
    });
    const members = [`serviceAccount:${accountEmail}`];
    const bindings = [{ role: `projects/${projectId}/roles/copies`, members }];
    await call("PUT", `/storage/v1/b/${name}/iam`, { bindings });
  }
});

test("the account of the project is told, in its one form", async () => {
  const { accountEmail } = await call("GET", `/v1/googleServiceAccounts/${projectId}`);
  expect(accountEmail).toBe(`project-${cloud.gcp.projectNumber}@storage-transfer-service.iam.gserviceaccount.com`);
});

test("what is written is copied with its metadata, from then on and as far as the prefixes say", async () => {
  await write("here", "in/before", "x");
  const made = await create({ replicationSpec: { ...spec, objectConditions: { includePrefixes: ["in/"] } } });
  expect(made).toMatchObject({ name: expect.stringMatching(/^transferJobs\/\d+$/), status: "ENABLED" });
  await write("here", "in/after", "1");
  await write("here", "out", "x");
  expect(await read("there", "in/after")).toBe("1");
  expect([await read("there", "in/before"), await read("there", "out")]).toEqual([undefined, undefined]);
  await call("DELETE", "/storage/v1/b/here/o/in%2Fafter");
  expect(await read("there", "in/after")).toBe("1");
});

test("two buckets that are copied to each other come to rest", async () => {
  await create();
  await create({ replicationSpec: { gcsDataSource: spec.gcsDataSink, gcsDataSink: spec.gcsDataSource } });
  await write("here", "a", "1");
  expect([await read("there", "a"), await read("here", "a")]).toEqual(["1", "1"]);
});

test("without its rights nothing is copied, nor with a job that is off or deleted", async () => {
  const { name } = await create();
  const state = (status: string) =>
    call("PATCH", `/v1/${name}`, { projectId, transferJob: { status }, updateTransferJobFieldMask: "status" });
  await state("DISABLED");
  await write("here", "off", "x");
  await state("ENABLED");
  const { bindings } = await call("GET", "/storage/v1/b/there/iam");
  await call("PUT", "/storage/v1/b/there/iam", { bindings: [] });
  await write("here", "closed", "x");
  await call("PUT", "/storage/v1/b/there/iam", { bindings });
  await write("here", "on", "x");
  await call("DELETE", `/v1/${name}?projectId=${projectId}`);
  await write("here", "gone", "x");
  const copied = await Promise.all(["off", "closed", "on", "gone"].map((one) => read("there", one)));
  expect(copied).toEqual([undefined, undefined, "x", undefined]);
});

test("jobs are found by their buckets and states; a deleted one is still told", async () => {
  const { name } = await create();
  const names = async (filter: object) => (await jobs(filter)).map((one: { name: string }) => one.name);
  for (const filter of [{}, { sourceBucket: "here" }, { sinkBucket: "there" }, { jobStatuses: ["enabled"] }])
    expect(await names(filter)).toEqual([name]);
  for (const filter of [{ sourceBucket: "there" }, { jobStatuses: ["DISABLED"] }, { dataBackend: undefined }])
    expect(await names(filter)).toEqual([]);
  await call("DELETE", `/v1/${name}?projectId=${projectId}`);
  expect(await names({ jobStatuses: ["ENABLED", "DISABLED"] })).toEqual([]);
  expect((await call("GET", `/v1/${name}?projectId=${projectId}`)).status).toBe("DELETED");
});

describe("refused is", () => {
  test.each<[string, object, RegExp]>([
    ["a name", { name: "transferJobs/mine" }, /Custom names are not supported/],
    ["no status", { status: undefined }, /status must be specified/],
    ["no bucket to copy to", { replicationSpec: { gcsDataSource: spec.gcsDataSource } }, /Both buckets are required/],
    ["a bucket to itself", { replicationSpec: { ...spec, gcsDataSink: spec.gcsDataSource } }, /must be different/],
    [
      "times",
      { replicationSpec: { ...spec, objectConditions: { lastModifiedSince: "2026-01-01T00:00:00Z" } } },
      /only prefixes/,
    ],
    [
      "a leading slash",
      { replicationSpec: { ...spec, objectConditions: { includePrefixes: ["/a"] } } },
      /leading slash/,
    ],
    [
      "deletions",
      { replicationSpec: { ...spec, transferOptions: { deleteObjectsUniqueInSink: true } } },
      /no delete options/,
    ],
    [
      "a bucket that is not there",
      { replicationSpec: { ...spec, gcsDataSink: { bucketName: "none" } } },
      /does not exist/,
    ],
    ["a transfer", { transferSpec: {}, replicationSpec: undefined }, /replication jobs only/],
  ])("%s", async (_what, change, message) => {
    expect((await create(change)).error.message).toMatch(message);
  });

  test("a job whose account lacks a right, in Google's words", async () => {
    await call("PUT", "/storage/v1/b/there/iam", { bindings: [{ role: ADMIN, members: ["user:a@example.com"] }] });
    const { error } = await create();
    expect(error).toMatchObject({
      status: "FAILED_PRECONDITION",
      message: expect.stringMatching(/does not have storage.buckets.get/),
    });
  });

  test("another specification for a job that is there", async () => {
    const { name } = await create();
    const change = { projectId, transferJob: { replicationSpec: spec }, updateTransferJobFieldMask: "replicationSpec" };
    expect((await call("PATCH", `/v1/${name}`, change)).error.message).toMatch(/can't be updated/);
  });
});
