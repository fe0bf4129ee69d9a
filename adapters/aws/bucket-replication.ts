import { isDeepStrictEqual } from "node:util";
import {
  DeleteBucketReplicationCommand,
  PutBucketReplicationCommand,
  type ReplicationConfiguration,
} from "@aws-sdk/client-s3";
import type { BucketReplication, BucketWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import { type BucketReader, bucketArn } from "./bucket-read.ts";
import type { Aws } from "./clients.ts";
import { ask } from "./errors.ts";
import { linesOf } from "./policy.ts";
import {
  COPIES,
  copyPolicy,
  copyRoleOf,
  copyTrust,
  type Replicated,
  readReplication,
  toReplication,
} from "./replication-shape.ts";
import { serviceRoles } from "./service-role.ts";

/** What nothing asks for: a role of ours that copies nothing. Never wanted, so it is drift. */
const LEFT = { target: "", prefix: "", copies: false };

/**
 * Copies of what is written to a bucket: the bucket's one replication configuration, and the role that S3 copies with. By
 * that role it is known to be ours; a configuration with another one is somebody else's, and stays. The role is made first
 * and goes last.
 */
export function bucketReplication(aws: Aws, read: BucketReader) {
  const { s3, place } = aws;
  const role = serviceRoles(aws, "copies to the other bucket", "copy to the other bucket");
  const of = (Bucket: string) => ({ Bucket, ExpectedBucketOwner: place.account });
  const options = (call: Call) => ({ abortSignal: call.signal });
  const arnOf = (bucket: string) => bucketArn(place, bucket);
  const roleArn = (bucket: string) => role.arnOf(copyRoleOf(bucket));
  const isOurs = (bucket: string, live: ReplicationConfiguration | undefined) => live?.Role === roleArn(bucket);

  /** The role is there, may do just what copying needs, and S3 alone may take it. */
  async function works(bucket: string, want: Replicated, call: Call): Promise<boolean> {
    const name = copyRoleOf(bucket);
    const [found, rights] = await sideBySide([role.find(name, call), role.permissions(name, call)]);
    const policy = copyPolicy(arnOf(bucket), want);
    return (
      found !== undefined &&
      found.boundary === role.boundary &&
      isDeepStrictEqual([...found.trust].sort(), linesOf(copyTrust(arnOf(bucket), place.account))) &&
      isDeepStrictEqual(rights, [...(policy ? linesOf(policy) : [])].sort())
    );
  }

  return {
    /** What there is of ours. @param live as S3 has it; `beside` what else of the bucket the rights hang on */
    async actual(
      bucket: string,
      live: ReplicationConfiguration | undefined,
      footprint: readonly string[],
      beside: Pick<Replicated, "encryptionKey" | "retention">,
      call: Call,
    ): Promise<Pick<BucketWant, "replicateTo" | "replicaKey">> {
      if (live === undefined || !isOurs(bucket, live)) {
        const left = footprint.includes(COPIES) && (await role.find(copyRoleOf(bucket), call)) !== undefined;
        return { replicateTo: left ? LEFT : null, replicaKey: null };
      }
      const found = readReplication(live);
      const copies = found.replicateTo?.copies === true && (await works(bucket, { ...found, ...beside }, call));
      return { ...found, replicateTo: found.replicateTo && { ...found.replicateTo, copies } };
    },

    /** Makes it as `want` says. Sends only what differs. */
    async ensure(bucket: string, want: BucketWant, to: BucketReplication, call: Call): Promise<void> {
      const live = await read.replication(bucket, call);
      if (live !== undefined && !isOurs(bucket, live))
        throw new ProviderError(
          "conflict",
          `S3 bucket ${bucket} is replicated by somebody else, with the role ${live.Role}: a bucket has one replication configuration. Take it away (aws s3api delete-bucket-replication), or spec.replicateTo`,
          { code: "ReplicationOfOthers" },
        );
      const name = copyRoleOf(bucket);
      const trust = copyTrust(arnOf(bucket), place.account);
      const policy = copyPolicy(arnOf(bucket), want);
      await role.ensure(name, { trust, policy, tags: want.tags }, await role.find(name, call), call);
      const { replicaKey } = want;
      const found = live && readReplication(live);
      if (isDeepStrictEqual(found, { replicateTo: to, replicaKey })) return;
      const wanted = toReplication(roleArn(bucket), to, replicaKey);
      const command = new PutBucketReplicationCommand({ ...of(bucket), ReplicationConfiguration: wanted });
      await step("have S3 copy to the other bucket", () =>
        ask("S3 PutBucketReplication", s3.send(command, options(call))),
      );
    },

    async remove(bucket: string, call: Call): Promise<void> {
      if (isOurs(bucket, await read.replication(bucket, call)))
        await step("stop copying", () =>
          ask("S3 DeleteBucketReplication", s3.send(new DeleteBucketReplicationCommand(of(bucket)), options(call))),
        );
      const name = copyRoleOf(bucket);
      if (await role.find(name, call)) await step("delete the role that copies", () => role.remove(name, call));
    },

    /** The tags of the role, as those of the bucket. */
    async retag(bucket: string, tags: BucketWant["tags"], call: Call): Promise<void> {
      const found = await role.find(copyRoleOf(bucket), call);
      if (found) await role.setTags(copyRoleOf(bucket), tags, found, call);
    },

    /** Our marks on a role that is there. */
    adopt: (bucket: string, call: Call): Promise<void> => role.adopt(copyRoleOf(bucket), call),
  };
}
