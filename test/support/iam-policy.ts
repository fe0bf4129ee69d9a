import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** A statement of docs/guides/iam. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

/** One of the policies that the guide gives, with its placeholders replaced. */
export function guidePolicy(name: string, values: Readonly<Record<string, string>> = {}) {
  const text = readFileSync(join(root, "docs/guides/iam", name), "utf8");
  const filled = Object.entries(values).reduce((so, [placeholder, value]) => so.replaceAll(placeholder, value), text);
  return JSON.parse(filled) as { readonly Version: string; readonly Statement: readonly PolicyStatement[] };
}

/** What is called by the worker that takes cost reports in, which has an identity of its own. */
const OF_WORKERS = "**/costs.ts";

/** The actions of AWS that the adapter's code calls for the operator, from what it imports of the SDK; sorted. */
export function calledActions(): readonly string[] {
  const files = globSync("adapters/aws/*.ts", {
    cwd: root,
    exclude: ["**/*.test.ts", "**/*.conformance.ts", OF_WORKERS],
  });
  const actions = files.flatMap((file) => {
    const source = readFileSync(join(root, file), "utf8");
    return [...source.matchAll(/import \{([^}]*)\} from "@aws-sdk\/client-([a-z0-9-]+)"/g)].flatMap(
      ([, names, service]) =>
        [...(names ?? "").matchAll(/\b(\w+)Command\b/g)].map(([, call = ""]) =>
          service === "s3" ? `s3:${S3_ACTIONS[call] ?? call}` : `${PREFIXES[service ?? ""] ?? service}:${call}`,
        ),
    );
  });
  return [...new Set(actions)].sort();
}

/** Services whose actions begin otherwise than the names of their clients. */
const PREFIXES: Readonly<Record<string, string>> = {
  "cloudwatch-logs": "logs",
  "secrets-manager": "secretsmanager",
  eventbridge: "events",
  sfn: "states",
};

/** S3's calls whose action has another name: https://docs.aws.amazon.com/AmazonS3/latest/API, "Permissions" of each. */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  CompleteMultipartUpload: "PutObject",
  CopyObject: "PutObject",
  CreateMultipartUpload: "PutObject",
  DeleteBucketCors: "PutBucketCORS",
  DeleteBucketLifecycle: "PutLifecycleConfiguration",
  GetBucketCors: "GetBucketCORS",
  GetBucketEncryption: "GetEncryptionConfiguration",
  GetBucketLifecycleConfiguration: "GetLifecycleConfiguration",
  GetBucketNotificationConfiguration: "GetBucketNotification",
  GetBucketReplication: "GetReplicationConfiguration",
  PutBucketReplication: "PutReplicationConfiguration",
  DeleteBucketReplication: "PutReplicationConfiguration",
  GetObjectLockConfiguration: "GetBucketObjectLockConfiguration",
  GetPublicAccessBlock: "GetBucketPublicAccessBlock",
  HeadObject: "GetObject",
  ListBuckets: "ListAllMyBuckets",
  ListObjectsV2: "ListBucket",
  ListObjectVersions: "ListBucketVersions",
  PutBucketCors: "PutBucketCORS",
  PutBucketEncryption: "PutEncryptionConfiguration",
  PutBucketLifecycleConfiguration: "PutLifecycleConfiguration",
  PutBucketNotificationConfiguration: "PutBucketNotification",
  PutObjectLockConfiguration: "PutBucketObjectLockConfiguration",
  PutPublicAccessBlock: "PutBucketPublicAccessBlock",
  UploadPartCopy: "PutObject",
};
