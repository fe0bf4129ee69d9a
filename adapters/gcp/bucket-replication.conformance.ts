/** What is special to copies of a bucket on Google Cloud; what all clouds share is in test/conformance/replications.ts. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { BucketWant } from "../../controllers/leaf/wants.ts";
import { createStorage, type Storage } from "./storage.ts";
import { bucketWant, fitted } from "./testing/bucket.ts";
import { type Adapter, at, call, PROJECT, present, providerOf, startAdapter } from "./testing/cloud.ts";
import { createTransfer, type Transfer } from "./transfer.ts";

let adapter: Adapter;
let storage: Storage;
let transfer: Transfer;
beforeAll(async () => {
  adapter = await startAdapter();
  storage = createStorage(adapter.place);
  transfer = createTransfer(adapter.place);
});
afterAll(() => adapter.close());

const signal = AbortSignal.timeout(60_000);
const replicateTo = { target: "projects/_/buckets/copies", prefix: "", copies: true };
const bucket = () => providerOf(adapter.connection, "Bucket");
const by = (name: string) => call("Bucket", name);
const wanted = (name: string, change?: Partial<BucketWant>) =>
  fitted(bucket(), bucketWant(name, { versioning: true, ...change }));
const seen = async (name: string) => present(await bucket().observe(at(name), by(name)));
const copy = async (to: BucketWant["replicateTo"]) =>
  bucket().update(
    await seen("files"),
    wanted("files", { replicateTo: to }),
    new Set(["replicateTo"] as const),
    by("files"),
  );
const jobs = () => transfer.jobs({ source: "files" }, signal);
const fault = (fault: object) => adapter.cloud.control.faults.add({ method: "CreateTransferJob", times: 1, ...fault });

beforeEach(async () => {
  await adapter.prepare();
  for (const name of ["files", "copies"]) await bucket().create(name, wanted(name), by(name));
});

test("a job of somebody else is left alone, and no bucket is looked at further that has no label", async () => {
  await copy(replicateTo);
  await transfer.create(
    {
      projectId: PROJECT,
      status: "ENABLED",
      description: "nightly",
      replicationSpec: { gcsDataSource: { bucketName: "files" }, gcsDataSink: { bucketName: "copies" } },
    },
    signal,
  );
  expect((await seen("files")).actual.replicateTo).toEqual(replicateTo);
  await copy(null);
  expect(await jobs()).toMatchObject([{ description: "nightly" }]);
  const holders = async (name: string) =>
    ((await storage.read(`projects/_/buckets/${name}`, signal)).bindings ?? [])
      .filter(({ role }) => role?.includes("/onyx.replication"))
      .map(({ role }) => role?.split("/").at(-1));
  // That job needs the right at the target, too; on the source it was given to ours alone.
  expect([await holders("files"), await holders("copies")]).toEqual([[], ["onyx.replicationTarget"]]);
  adapter.cloud.control.journal.clear();
  expect((await seen("files")).actual.replicateTo).toBeNull();
  expect(adapter.requests("ListTransferJobs")).toEqual([]);
});

test("a job whose reply was lost is found again; of two one goes", async () => {
  fault({ dropReply: true });
  await expect(copy(replicateTo)).rejects.toMatchObject({ fault: "transient" });
  await copy(replicateTo);
  const [job, ...others] = await jobs();
  expect(others).toEqual([]);
  const { name: _name, ...again } = job ?? {};
  await transfer.create(again, signal);
  expect((await seen("files")).actual.replicateTo).toEqual({ ...replicateTo, copies: false });
  await copy(replicateTo);
  expect(await jobs()).toHaveLength(1);
});

test("a right that is not in force yet is waited for, with where the rights of the project are told", async () => {
  const message = "project-1@storage-transfer-service.iam.gserviceaccount.com does not have pubsub.topics.create";
  fault({ error: { code: "FAILED_PRECONDITION", message } });
  await expect(copy(replicateTo)).rejects.toMatchObject({
    fault: "transient",
    message: expect.stringContaining("docs/guides/google-cloud.md"),
  });
});
