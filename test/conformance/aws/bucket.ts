import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  PutBucketCorsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import type { ProxyCall } from "../../support/fault-proxy.ts";
import { carries } from "../marks.ts";
import { type AwsUnderTest, REGION } from "./cloud.ts";

/** The field of Want that each document is. */
const FIELDS: Readonly<Record<string, string>> = {
  PutBucketCors: "cors",
  PutBucketEncryption: "encryptionKey",
  PutBucketTagging: "tags",
  PutObjectLockConfiguration: "retention",
};

/** Bucket on AWS, by the S3 client. */
export function bucketOnAws({ eyes: { s3 }, proxy, place }: AwsUnderTest): KindOnCloud {
  const unless = async <Reply>(reply: Promise<Reply>): Promise<Reply | undefined> => {
    try {
      return await reply;
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
      throw error;
    }
  };
  const tagsOf = async (Bucket: string) => {
    const found = await unless(s3.send(new GetBucketTaggingCommand({ Bucket })));
    return Object.fromEntries((found?.TagSet ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
  };
  const exists = async (name: string) =>
    (await s3.send(new ListBucketsCommand({ Prefix: name }))).Buckets?.some(({ Name }) => Name === name) ?? false;
  const tag = async ({ name: Bucket }: Subject, key: string, value: string) => {
    const tags = { ...(await tagsOf(Bucket)), [key]: value };
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  };
  const rule = (Bucket: string, ID: string, action: object) =>
    s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: [{ ID, Status: "Enabled", Filter: { Prefix: "" }, ...action }] },
      }),
    );
  const lastLifecycle = (path: string | undefined): ProxyCall | undefined =>
    proxy.calls.findLast(
      (call) => call.operation === "PutBucketLifecycleConfiguration" && call.path.split("?")[0] === path,
    );

  return {
    // The emulator makes buckets without a public access block, as S3 did until April 2023.
    makes: ["CreateBucket", "PutPublicAccessBlock", "PutBucketPolicy"],
    unmakes: ["DeleteBucket"],
    touches({ operation, request }) {
      // Versions are kept for soft delete too: the rule for it stands in the lifecycle that comes with it.
      const asked = proxy.calls.findLast((call) => call.operation === operation && call.body === request);
      const text = typeof request === "string" ? request : JSON.stringify(request);
      if (operation === "PutBucketVersioning")
        return lastLifecycle(asked?.path.split("?")[0])?.body.includes("onyx-soft-delete")
          ? ["softDeleteDays"]
          : ["versioning"];
      if (operation === "PutBucketPolicy") return text.includes("OnyxDelivery") ? ["deliverers"] : [];
      if (operation === "PutBucketLifecycleConfiguration")
        return [
          ...(text.includes("onyx-storage-class") ? ["storageClass"] : []),
          ...(text.includes("onyx-soft-delete") ? ["softDeleteDays"] : []),
          ...(/<ID>(?!onyx-)/.test(text) ? ["lifecycle"] : []),
        ];
      return FIELDS[operation] ? [FIELDS[operation]] : [];
    },
    async list({ object }) {
      const found: { id: string }[] = [];
      const { Buckets = [] } = await s3.send(new ListBucketsCommand({ Prefix: place.environment.slice(0, 3) }));
      for (const { Name = "" } of Buckets) if (carries(ownerOf(await tagsOf(Name)), object)) found.push({ id: Name });
      return found;
    },
    async snapshot({ name: Bucket }) {
      if (!(await exists(Bucket))) return undefined;
      const read = await Promise.all([
        unless(s3.send(new GetBucketVersioningCommand({ Bucket }))),
        unless(s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))),
        unless(s3.send(new GetBucketEncryptionCommand({ Bucket }))),
        unless(s3.send(new GetBucketPolicyCommand({ Bucket }))),
        unless(s3.send(new GetPublicAccessBlockCommand({ Bucket }))),
        unless(s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))),
        unless(s3.send(new GetBucketCorsCommand({ Bucket }))),
      ]);
      return { parts: read.map((one) => one && { ...one, $metadata: undefined }), tags: await tagsOf(Bucket) };
    },
    tamper: {
      versioning: async ({ name: Bucket }) => {
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
      },
      private: async ({ name: Bucket }) => {
        const PublicAccessBlockConfiguration = { BlockPublicAcls: true, IgnorePublicAcls: true };
        await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
      },
      lifecycle: async ({ name }) => {
        await rule(name, "theirs", { Expiration: { Days: 1 } });
      },
      storageClass: async ({ name }) => {
        await rule(name, "onyx-storage-class", { Transitions: [{ Days: 0, StorageClass: "INTELLIGENT_TIERING" }] });
      },
      softDeleteDays: async ({ name }) => {
        // It is off by what versioning is; the rule alone is what is left of it.
        const VersioningConfiguration = { Status: "Enabled" } as const;
        await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
        const Expiration = { ExpiredObjectDeleteMarker: true };
        await rule(name, "onyx-soft-delete", { NoncurrentVersionExpiration: { NoncurrentDays: 9 }, Expiration });
      },
      cors: async ({ name: Bucket }) => {
        const CORSRules = [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }];
        await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
      },
      encryptionKey: async ({ name: Bucket }) => {
        const Rules = [
          { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const }, BucketKeyEnabled: true },
        ];
        const ServerSideEncryptionConfiguration = { Rules };
        await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
      },
      deliverers: async ({ name: Bucket }) => {
        const { Policy = "{}" } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
        const policy = JSON.parse(Policy) as { Statement: object[] };
        const Principal = { AWS: "arn:aws:iam::999999999999:root" };
        const Resource = `arn:aws:s3:::${Bucket}/*`;
        const theirs = { Sid: "OnyxDelivery999999999999", Effect: "Allow", Principal, Action: "s3:*", Resource };
        const bent = JSON.stringify({ ...policy, Statement: [...policy.Statement, theirs] });
        await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: bent }));
      },
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    async createForeign({ name: Bucket }) {
      const CreateBucketConfiguration = { LocationConstraint: REGION, Tags: [{ Key: "theirs", Value: "x" }] } as const;
      await s3.send(
        new CreateBucketCommand({
          Bucket,
          CreateBucketConfiguration: { ...CreateBucketConfiguration, Tags: [...CreateBucketConfiguration.Tags] },
        }),
      );
    },
    async remove({ name: Bucket }) {
      await unless(s3.send(new DeleteBucketCommand({ Bucket })));
    },
    nameHeld: {
      ms: 3_600_000,
      hold: () =>
        void proxy.inject({
          when: ({ operation }) => operation === "CreateBucket",
          trouble: {
            do: "answer",
            status: 409,
            headers: { "content-type": "application/xml" },
            body: "<Error><Code>OperationAborted</Code><Message>A conflicting conditional operation is currently in progress against this resource. Please try again.</Message></Error>",
          },
        }),
    },
  };
}
