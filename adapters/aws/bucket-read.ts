import {
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketReplicationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  type ListBucketsCommandOutput,
} from "@aws-sdk/client-s3";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Call, Found } from "../../operator/provider/provider.ts";
import { formatArn, partitionOf } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { ask, required } from "./errors.ts";

/** The parts of a bucket that are read apart. Each asks S3 that the bucket belongs to our account. */
export type BucketReader = ReturnType<typeof bucketReader>;

/** What S3 says for a part that was never set. */
const UNSET = {
  tags: "NoSuchTagSet",
  lifecycle: "NoSuchLifecycleConfiguration",
  policy: "NoSuchBucketPolicy",
  cors: "NoSuchCORSConfiguration",
  block: "NoSuchPublicAccessBlockConfiguration",
  ownership: "OwnershipControlsNotFoundError",
  lock: "ObjectLockConfigurationNotFoundError",
  replication: "ReplicationConfigurationNotFoundError",
  encryption: "ServerSideEncryptionConfigurationNotFoundError",
} as const;

export function bucketReader({ s3, place }: Pick<Aws, "s3" | "place">) {
  const of = (Bucket: string) => ({ Bucket, ExpectedBucketOwner: place.account });
  const options = (call: Call) => ({ abortSignal: call.signal });

  return {
    /**
     * All tags, also those that AWS itself sets, or undefined when there is no such bucket anywhere. A bucket of another
     * account is an error: its name is taken for good.
     */
    async tags(name: string, call: Call): Promise<Record<string, string> | undefined> {
      const operation = "S3 GetBucketTagging";
      try {
        const found = await unless(
          UNSET.tags,
          ask(operation, s3.send(new GetBucketTaggingCommand(of(name)), options(call))),
        );
        const set = found ? required(operation, "TagSet", found.TagSet) : [];
        return Object.fromEntries(set.map(({ Key = "", Value = "" }) => [Key, Value]));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        if (error instanceof ProviderError && error.fault === "denied" && !(await this.isOurs(name, call)))
          throw new ProviderError(
            "conflict",
            `The bucket name ${name} is taken: a bucket of another AWS account has it. Give this object another spec.externalName.`,
            { code: "BucketOfAnotherAccount" },
          );
        throw error;
      }
    },

    /** True when our own account has it; only our own buckets are listed. */
    async isOurs(name: string, call: Call): Promise<boolean> {
      const operation = "S3 ListBuckets";
      const found = await ask(operation, s3.send(new ListBucketsCommand({ Prefix: name }), options(call)));
      return required(operation, "Buckets", found.Buckets).some(({ Name }) => Name === name);
    },

    /** Our account's buckets in this region. */
    async all(signal: AbortSignal): Promise<readonly Found[]> {
      const names: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page: ListBucketsCommandOutput = await ask(
          "S3 ListBuckets",
          s3.send(new ListBucketsCommand({ BucketRegion: place.region, MaxBuckets: 1000, ContinuationToken }), {
            abortSignal: signal,
          }),
        );
        names.push(...required("S3 ListBuckets", "Buckets", page.Buckets).map(({ Name = "" }) => Name));
        ContinuationToken = page.ContinuationToken;
      } while (ContinuationToken);
      return names.map((name) => ({ name, id: bucketArn(place, name) }));
    },

    async versioning(name: string, call: Call): Promise<"Enabled" | "Suspended" | undefined> {
      const found = await ask(
        "S3 GetBucketVersioning",
        s3.send(new GetBucketVersioningCommand(of(name)), options(call)),
      );
      return found.Status;
    },

    async lifecycle(name: string, call: Call) {
      const operation = "S3 GetBucketLifecycleConfiguration";
      const reply = ask(operation, s3.send(new GetBucketLifecycleConfigurationCommand(of(name)), options(call)));
      const found = await unless(UNSET.lifecycle, reply);
      return found ? required(operation, "Rules", found.Rules) : [];
    },

    async encryption(name: string, call: Call) {
      const operation = "S3 GetBucketEncryption";
      const reply = ask(operation, s3.send(new GetBucketEncryptionCommand(of(name)), options(call)));
      const found = await unless(UNSET.encryption, reply);
      return found && required(operation, "Rules", found.ServerSideEncryptionConfiguration?.Rules)[0];
    },

    async policy(name: string, call: Call): Promise<string | undefined> {
      const operation = "S3 GetBucketPolicy";
      const reply = ask(operation, s3.send(new GetBucketPolicyCommand(of(name)), options(call)));
      const found = await unless(UNSET.policy, reply);
      return found && required(operation, "Policy", found.Policy);
    },

    async publicBlock(name: string, call: Call) {
      const operation = "S3 GetPublicAccessBlock";
      const reply = ask(operation, s3.send(new GetPublicAccessBlockCommand(of(name)), options(call)));
      const found = await unless(UNSET.block, reply);
      return found && required(operation, "PublicAccessBlockConfiguration", found.PublicAccessBlockConfiguration);
    },

    async ownership(name: string, call: Call) {
      const operation = "S3 GetBucketOwnershipControls";
      const reply = ask(operation, s3.send(new GetBucketOwnershipControlsCommand(of(name)), options(call)));
      const found = await unless(UNSET.ownership, reply);
      return found && required(operation, "Rules", found.OwnershipControls?.Rules)[0]?.ObjectOwnership;
    },

    async cors(name: string, call: Call) {
      const operation = "S3 GetBucketCors";
      const reply = ask(operation, s3.send(new GetBucketCorsCommand(of(name)), options(call)));
      const found = await unless(UNSET.cors, reply);
      return found ? required(operation, "CORSRules", found.CORSRules) : [];
    },

    async replication(name: string, call: Call) {
      const operation = "S3 GetBucketReplication";
      const reply = ask(operation, s3.send(new GetBucketReplicationCommand(of(name)), options(call)));
      const found = await unless(UNSET.replication, reply);
      return found && required(operation, "ReplicationConfiguration", found.ReplicationConfiguration);
    },

    async lock(name: string, call: Call) {
      const operation = "S3 GetObjectLockConfiguration";
      const reply = ask(operation, s3.send(new GetObjectLockConfigurationCommand(of(name)), options(call)));
      const found = await unless(UNSET.lock, reply);
      return found && required(operation, "ObjectLockConfiguration", found.ObjectLockConfiguration);
    },
  };
}

/** Names of buckets are everybody's, so their ARNs have neither region nor account. */
export const bucketArn = ({ region }: Aws["place"], name: string): string =>
  formatArn({ partition: partitionOf(region).id, service: "s3", region: "", account: "", resource: name });

/** True for the answer that there is no such bucket. */
export const isAbsent = (error: unknown): boolean => error instanceof ProviderError && error.code === "NoSuchBucket";

/** The reply, or undefined for the one error that means: never set. */
async function unless<Reply>(code: string, reply: Promise<Reply>): Promise<Reply | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ProviderError && error.code === code) return undefined;
    throw error;
  }
}
