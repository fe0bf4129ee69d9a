/** Replication of a Bucket as S3 has it: canonical forms both ways. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { ReplicationConfiguration } from "@aws-sdk/client-s3";
import type { BucketReplication, BucketWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { parseArn } from "./arn.ts";
import { bucketKeyRights } from "./grants.ts";
import { documentOf, type PolicyDocument, type Right } from "./policy.ts";
import { roleNameOf, trustIn } from "./service-role.ts";

/** Of the one rule that is ours. */
const RULE = "onyx";

/** The fields of Want that a replication comes of. */
export type Replicated = Pick<BucketWant, "replicateTo" | "replicaKey" | "encryptionKey" | "retention">;

/** Name of the role that S3 copies with. */
export const copyRoleOf = (bucket: string): string => roleNameOf(bucket, "-copy");

/** Stands in the footprint while there may be a role. */
export const COPIES = "a role that copies";

export const copyTrust = (bucketArn: string, account: string): PolicyDocument =>
  trustIn("s3.amazonaws.com", bucketArn, account);

/**
 * What copying needs and nothing else: docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html.
 * Without s3:ReplicateDelete, as deletions are not copied.
 */
export function copyPolicy(bucketArn: string, want: Replicated): PolicyDocument | undefined {
  const { replicateTo, replicaKey, retention } = want;
  if (!replicateTo) return undefined;
  // S3's own key needs no right, and is told by its alias.
  const encryptionKey = parseArn(want.encryptionKey ?? "") ? want.encryptionKey : null;
  const { target } = replicateTo;
  const [from, to] = [`${bucketArn}/*`, `${target}/*`];
  const on = (resource: string, ...actions: readonly string[]): Right[] =>
    actions.map((action) => ({ action, resource, when: [] }));
  return documentOf([
    ...on(bucketArn, "s3:GetReplicationConfiguration", "s3:ListBucket"),
    ...on(from, "s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"),
    ...(retention ? on(from, "s3:GetObjectLegalHold", "s3:GetObjectRetention") : []),
    ...on(to, "s3:ReplicateObject", "s3:ReplicateTags"),
    ...bucketKeyRights({ id: bucketArn, encryptionKey }, from, ["kms:Decrypt"]),
    ...bucketKeyRights({ id: target, encryptionKey: replicaKey }, to, ["kms:Encrypt", "kms:GenerateDataKey"]),
  ]);
}

/**
 * Copies begin in the class that new objects have, whatever that of the original is by then, as on Cloud Storage. What is
 * encrypted with a customer's key is copied only where the rule says so, and then needs the key of the copies.
 */
export const toReplication = (
  role: string,
  { target, prefix }: BucketReplication,
  replicaKey: string | null,
): ReplicationConfiguration => ({
  Role: role,
  Rules: [
    {
      ID: RULE,
      Priority: 1,
      Status: "Enabled",
      Filter: { Prefix: prefix },
      DeleteMarkerReplication: { Status: "Disabled" },
      ...(replicaKey !== null && { SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: "Enabled" } } }),
      Destination: {
        Bucket: target,
        StorageClass: "STANDARD",
        ...(replicaKey !== null && { EncryptionConfiguration: { ReplicaKmsKeyID: replicaKey } }),
      },
    },
  ],
});

/** What stands there of ours, as far as the configuration itself tells. */
export function readReplication(live: ReplicationConfiguration): Pick<BucketWant, "replicateTo" | "replicaKey"> {
  const [rule] = live.Rules ?? [];
  const replicaKey = rule?.Destination?.EncryptionConfiguration?.ReplicaKmsKeyID ?? null;
  const found = { target: rule?.Destination?.Bucket ?? "", prefix: rule?.Filter?.Prefix ?? "", copies: true };
  const copies = isDeepStrictEqual(plain(live), plain(toReplication(live.Role ?? "", found, replicaKey)));
  return { replicateTo: { ...found, copies }, replicaKey };
}

/** Without what is undefined, and with the prefix that S3 leaves out when it is empty. */
const plain = ({ Role, Rules = [] }: ReplicationConfiguration): unknown =>
  JSON.parse(
    JSON.stringify({ Role, Rules: Rules.map((rule) => ({ ...rule, Filter: { Prefix: "", ...rule.Filter } })) }),
  );

/** @throws ProviderError invalid, which says what to do */
export function checkReplica({ replicateTo }: Pick<BucketWant, "replicateTo">): void {
  if (!replicateTo) return;
  const { target } = replicateTo;
  const arn = parseArn(target);
  if (arn?.service !== "s3" || arn.region !== "" || arn.account !== "" || arn.resource.includes("/"))
    throw new ProviderError("invalid", `replicateTo.bucketRef: "${target}" is no ARN of an S3 bucket`, {
      code: "ReplicationTarget",
    });
}
