import { describe, expect, it } from "vitest";
import { linesOf } from "./policy.ts";
import {
  checkReplica,
  copyPolicy,
  copyRoleOf,
  copyTrust,
  type Replicated,
  readReplication,
  toReplication,
} from "./replication-shape.ts";

const BUCKET = "arn:aws:s3:::orders";
const TARGET = "arn:aws:s3:::copies";
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1";
const REPLICA_KEY = "arn:aws:kms:eu-west-1:111122223333:key/2";
const ROLE = "arn:aws:iam::111122223333:role/onyx/prod/orders-copy";
const replicateTo = { target: TARGET, prefix: "in/", copies: true };
const want: Replicated = { replicateTo, replicaKey: null, encryptionKey: null, retention: null };
const rights = (change: Partial<Replicated> = {}) => linesOf(copyPolicy(BUCKET, { ...want, ...change }) as never);

describe("the configuration", () => {
  it("says of everything what is copied: no deletions, nothing under keys, in the class of new objects", () => {
    expect(toReplication(ROLE, replicateTo, null)).toEqual({
      Role: ROLE,
      Rules: [
        {
          ID: "onyx",
          Priority: 1,
          Status: "Enabled",
          Filter: { Prefix: "in/" },
          DeleteMarkerReplication: { Status: "Disabled" },
          Destination: { Bucket: TARGET, StorageClass: "STANDARD" },
        },
      ],
    });
  });

  it("copies what is encrypted with keys only where the copies have one, and under that", () => {
    expect(toReplication(ROLE, replicateTo, REPLICA_KEY).Rules?.[0]).toMatchObject({
      SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: "Enabled" } },
      Destination: { EncryptionConfiguration: { ReplicaKmsKeyID: REPLICA_KEY } },
    });
  });

  it.each([null, REPLICA_KEY])("is read back as it was written (key %s), also without an empty prefix", (key) => {
    expect(readReplication(toReplication(ROLE, replicateTo, key))).toEqual({ replicateTo, replicaKey: key });
    const all = toReplication(ROLE, { ...replicateTo, prefix: "" }, key);
    const [rule] = all.Rules ?? [];
    const told = { ...all, Rules: [{ ...rule, Filter: {} }] } as typeof all;
    expect(readReplication(told).replicateTo).toEqual({ ...replicateTo, prefix: "" });
  });

  it.each<[string, object]>([
    ["is off", { Status: "Disabled" }],
    ["copies deletions", { DeleteMarkerReplication: { Status: "Enabled" } }],
    ["asks for tags", { Filter: { And: { Prefix: "in/", Tags: [] } } }],
    ["has another class", { Destination: { Bucket: TARGET, StorageClass: "GLACIER" } }],
    ["copies changes of copies", { SourceSelectionCriteria: { ReplicaModifications: { Status: "Enabled" } } }],
  ])("that %s does not copy as it should", (_what, change) => {
    const all = toReplication(ROLE, replicateTo, null);
    const live = { ...all, Rules: (all.Rules ?? []).map((rule) => ({ ...rule, ...change })) };
    expect(readReplication(live).replicateTo?.copies).toBe(false);
  });

  it("of two rules is not ours alone", () => {
    const all = toReplication(ROLE, replicateTo, null);
    const live = { ...all, Rules: [...(all.Rules ?? []), { ...all.Rules?.[0], ID: "theirs" } as never] };
    expect(readReplication(live).replicateTo?.copies).toBe(false);
  });
});

describe("the role", () => {
  it("reads versions here and writes copies there, and nothing else", () => {
    expect(rights()).toEqual([
      `allow s3:GetObjectVersionAcl on ${BUCKET}/*`,
      `allow s3:GetObjectVersionForReplication on ${BUCKET}/*`,
      `allow s3:GetObjectVersionTagging on ${BUCKET}/*`,
      `allow s3:GetReplicationConfiguration on ${BUCKET}`,
      `allow s3:ListBucket on ${BUCKET}`,
      `allow s3:ReplicateObject on ${TARGET}/*`,
      `allow s3:ReplicateTags on ${TARGET}/*`,
    ]);
  });

  it("decrypts with the key of here and encrypts with that of there, through S3 and for these buckets only", () => {
    const added = rights({ encryptionKey: KEY, replicaKey: REPLICA_KEY }).filter((line) => line.includes("kms:"));
    const actions = added.map((line) => /kms:\w+ on \S+/.exec(line)?.[0]);
    expect([...new Set(actions)]).toEqual([
      `kms:Decrypt on ${KEY}`,
      `kms:Encrypt on ${REPLICA_KEY}`,
      `kms:GenerateDataKey on ${REPLICA_KEY}`,
    ]);
    for (const line of added) {
      expect(line).toContain("kms:ViaService=s3.eu-west-1.amazonaws.com");
      expect(line).toContain(line.includes("Decrypt") ? BUCKET : TARGET);
    }
    expect(rights({ encryptionKey: "alias/aws/s3" })).toEqual(rights());
  });

  it("reads what Object Lock keeps where there is a retention", () => {
    const more = rights({ retention: { days: 1, lock: true } }).filter((line) => !rights().includes(line));
    expect(more).toEqual([`allow s3:GetObjectLegalHold on ${BUCKET}/*`, `allow s3:GetObjectRetention on ${BUCKET}/*`]);
  });

  it("is S3's, for this bucket of this account", () => {
    const [line, ...others] = linesOf(copyTrust(BUCKET, "111122223333"));
    expect(others).toEqual([]);
    for (const part of [
      "sts:AssumeRole",
      "s3.amazonaws.com",
      "aws:SourceAccount=111122223333",
      `aws:SourceArn=${BUCKET}`,
    ])
      expect(line).toContain(part);
  });

  it("has a name that IAM takes", () => {
    expect(copyRoleOf("orders")).toBe("orders-copy");
    expect(copyRoleOf("o".repeat(63)).length).toBeLessThanOrEqual(64);
  });
});

it.each(["projects/_/buckets/copies", "arn:aws:s3:::copies/dir", "arn:aws:sqs:eu-west-1:1:copies", ""])(
  "%j is nothing to copy to",
  (target) => {
    expect(() => checkReplica({ replicateTo: { ...replicateTo, target } })).toThrow(/no ARN of an S3 bucket/);
  },
);
