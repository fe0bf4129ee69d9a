import { expect, it, test } from "vitest";
import { checkReplica, isOurs, jobOf, readJob, sameJob } from "./replication-shape.ts";
import type { TransferJob } from "./transfer.ts";

const replicateTo = { target: "projects/_/buckets/copies", prefix: "in/", copies: true };
const job = jobOf("p", "orders", replicateTo);

test("a job has no name, says whose it is, and leaves nothing to Google's defaults that matters", () => {
  expect(job).toEqual({
    projectId: "p",
    description: "Made by the Onyx operator for Bucket orders",
    status: "ENABLED",
    replicationSpec: {
      gcsDataSource: { bucketName: "orders" },
      gcsDataSink: { bucketName: "copies" },
      objectConditions: { includePrefixes: ["in/"] },
      transferOptions: {
        overwriteWhen: "DIFFERENT",
        metadataOptions: {
          storageClass: "STORAGE_CLASS_DESTINATION_BUCKET_DEFAULT",
          kmsKey: "KMS_KEY_DESTINATION_BUCKET_DEFAULT",
        },
      },
    },
  });
  expect(jobOf("p", "orders", { ...replicateTo, prefix: "" }).replicationSpec?.objectConditions).toBeUndefined();
});

test("it is read back as it was written, with what Google adds", () => {
  const spec = job.replicationSpec;
  const live: TransferJob = {
    ...job,
    name: "transferJobs/1",
    replicationSpec: {
      ...spec,
      objectConditions: { includePrefixes: ["in/"], excludePrefixes: [] },
      transferOptions: {
        ...spec?.transferOptions,
        metadataOptions: { ...spec?.transferOptions?.metadataOptions, acl: "ACL_UNSPECIFIED" },
      },
    },
  };
  expect(readJob(live)).toEqual(replicateTo);
  expect(sameJob(live, job)).toBe(true);
});

test("it is ours by its description, of this bucket and no other", () => {
  expect(isOurs(job, "orders")).toBe(true);
  expect(isOurs(job, "order")).toBe(false);
  expect(isOurs({ ...job, description: "nightly" }, "orders")).toBe(false);
  expect(isOurs({}, "orders")).toBe(false);
});

it.each<[string, object]>([
  ["another bucket", { gcsDataSink: { bucketName: "theirs" } }],
  ["other prefixes", { objectConditions: { includePrefixes: ["in/", "out/"] } }],
  ["what is left out", { objectConditions: { includePrefixes: ["in/"], excludePrefixes: ["in/x"] } }],
  ["what is written over", { transferOptions: { ...job.replicationSpec?.transferOptions, overwriteWhen: "ALWAYS" } }],
  ["another class", { transferOptions: { overwriteWhen: "DIFFERENT", metadataOptions: { storageClass: "X" } } }],
])("%s makes it another job", (_what, change) => {
  expect(sameJob({ ...job, replicationSpec: { ...job.replicationSpec, ...change } }, job)).toBe(false);
});

it.each(["arn:aws:s3:::copies", "copies", "projects/_/buckets/a/b", ""])("%j is nothing to copy to", (target) => {
  expect(() => checkReplica({ ...replicateTo, target })).toThrow(/projects\/_\/buckets\/NAME/);
});
