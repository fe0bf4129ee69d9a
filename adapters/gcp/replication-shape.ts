/** Replication of a Bucket as Storage Transfer Service has it: canonical forms both ways. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { BucketReplication } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { bucketName, shortName } from "./names.ts";
import type { TransferJob } from "./transfer.ts";

/** Label of a bucket that may have a job of ours: set before there is one, and taken off once there is none. */
export const COPIES_LABEL = "onyx-copies";

/** How descriptions of our jobs begin: a job has no labels, and Google picks its name. */
const OURS = "Made by the Onyx operator for Bucket ";

/** Whose job it is that copies from a bucket: the bucket carries our marks, and says whose that is. */
export const isOurs = ({ description = "" }: TransferJob, bucket: string): boolean => description === OURS + bucket;

/**
 * A job to that bucket. What is the same there is not written again, so that two buckets that are copied to each other, by
 * whoever, come to rest. Class and key are those of new objects of the bucket that copies go to.
 */
export const jobOf = (project: string, bucket: string, { target, prefix }: BucketReplication): TransferJob => ({
  projectId: project,
  description: OURS + bucket,
  status: "ENABLED",
  replicationSpec: {
    gcsDataSource: { bucketName: bucket },
    gcsDataSink: { bucketName: shortName(target) },
    ...(prefix !== "" && { objectConditions: { includePrefixes: [prefix] } }),
    transferOptions: {
      overwriteWhen: "DIFFERENT",
      metadataOptions: {
        storageClass: "STORAGE_CLASS_DESTINATION_BUCKET_DEFAULT",
        kmsKey: "KMS_KEY_DESTINATION_BUCKET_DEFAULT",
      },
    },
  },
});

export const sinkOf = ({ replicationSpec }: TransferJob): string => replicationSpec?.gcsDataSink?.bucketName ?? "";

/** Where a job copies to, in the fields of Want. */
export const readJob = (job: TransferJob): BucketReplication => ({
  target: bucketName(sinkOf(job)),
  prefix: job.replicationSpec?.objectConditions?.includePrefixes?.[0] ?? "",
  copies: true,
});

/** Whether it copies just so; `ENABLED` apart. */
export function sameJob(live: TransferJob, want: TransferJob): boolean {
  return isDeepStrictEqual(plain(live), plain(want));
}

/** What copying hangs on, without what Google adds that says nothing. */
function plain({ replicationSpec: spec }: TransferJob): unknown {
  const { includePrefixes = [], excludePrefixes = [] } = spec?.objectConditions ?? {};
  const { overwriteWhen, metadataOptions = {} } = spec?.transferOptions ?? {};
  return {
    from: spec?.gcsDataSource?.bucketName,
    to: spec?.gcsDataSink?.bucketName,
    includePrefixes,
    excludePrefixes,
    overwriteWhen,
    metadata: Object.entries(metadataOptions)
      .filter(([, value]) => !value.endsWith("_UNSPECIFIED"))
      .sort(),
  };
}

/** @throws ProviderError invalid, which says what to do */
export function checkReplica(replicateTo: BucketReplication | null): void {
  if (!replicateTo || /^projects\/_\/buckets\/[^/]+$/.test(replicateTo.target)) return;
  throw new ProviderError(
    "invalid",
    `replicateTo.bucketRef: "${replicateTo.target}" is no bucket: write projects/_/buckets/NAME`,
    { code: "REPLICATION_TARGET" },
  );
}
