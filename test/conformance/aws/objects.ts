import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { Objects } from "../objects.ts";
import type { AwsUnderTest } from "./cloud.ts";

const statusOf = (error: unknown): number =>
  error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;

/** Objects by the S3 client, without the proxy. */
export function objectsOnAws({ eyes: { s3 } }: AwsUnderTest, endpoint: string): Objects {
  return {
    async put({ BUCKET: Bucket }, Key, Body) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    copies: "CopyObject",
    // S3 tells times to the second, so the moment is the end of the one before a write.
    async moment({ BUCKET: Bucket }) {
      const clock = async () => {
        const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: "clock", Body: "x" }));
        const { LastModified } = await s3.send(new HeadObjectCommand({ Bucket, Key: "clock" }));
        await s3.send(new DeleteObjectCommand({ Bucket, Key: "clock", VersionId }));
        return Math.floor((LastModified?.getTime() ?? 0) / 1000) * 1000;
      };
      const before = await clock();
      for (;;) {
        const after = await clock();
        if (after > before) return new Date(after - 1);
      }
    },
    async putIfAbsent({ BUCKET: Bucket }, Key, Body) {
      for (;;)
        try {
          await s3.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: "*" }));
          return true;
        } catch (error) {
          if (statusOf(error) === 412) return false;
          // Another write of the same name was under way: S3 asks to try again.
          if (statusOf(error) !== 409) throw error;
        }
    },
    async get({ BUCKET: Bucket }, Key) {
      try {
        return await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    async delete({ BUCKET: Bucket }, Key) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    },
    async list({ BUCKET: Bucket }, { prefix, size, after }) {
      const page = await s3.send(
        new ListObjectsV2Command({
          Bucket,
          MaxKeys: size,
          ...(prefix !== undefined && { Prefix: prefix }),
          ...(after !== undefined && { ContinuationToken: after }),
        }),
      );
      return { names: (page.Contents ?? []).map(({ Key = "" }) => Key), next: page.NextContinuationToken };
    },
    async versions({ BUCKET: Bucket }, Prefix) {
      const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
      const texts = Versions.filter(({ Key }) => Key === Prefix).map(async ({ VersionId }) => {
        const found = await s3.send(new GetObjectCommand({ Bucket, Key: Prefix, VersionId }));
        return (await found.Body?.transformToString()) ?? "";
      });
      return Promise.all(texts);
    },
    async anonymousGet({ BUCKET }, name) {
      return (await fetch(`${endpoint}/${BUCKET}/${encodeURIComponent(name)}`)).status;
    },
    async makePublic({ BUCKET: Bucket }, Key) {
      return s3.send(new PutObjectAclCommand({ Bucket, Key, ACL: "public-read" })).then(() => 200, statusOf);
    },
    async retention({ BUCKET: Bucket }) {
      const reply = s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
      const found = await reply.catch((error: unknown) => {
        if (statusOf(error) === 404) return undefined;
        throw error;
      });
      const { Days, Mode } = found?.ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
      return Days === undefined ? undefined : { days: Days, locked: Mode === "COMPLIANCE" };
    },
    async unlock({ BUCKET: Bucket }) {
      const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled" } as const;
      await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
      return true;
    },
    async empty({ BUCKET: Bucket }) {
      const found = s3.send(new ListObjectVersionsCommand({ Bucket })).catch((error: unknown) => {
        if (statusOf(error) === 404) return undefined;
        throw error;
      });
      const { Versions = [], DeleteMarkers = [] } = (await found) ?? {};
      const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    },
  };
}
