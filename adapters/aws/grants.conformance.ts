import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access, GrantableKind } from "../../crds/access.ts";
import { startAws } from "../../hack/testbed/index.ts";
import { awsClients } from "./clients.ts";
import { policyOf } from "./grants.ts";
import { ACCOUNT, place, REGION } from "./testing/fixtures.ts";

/** An emulator that enforces IAM policies: what the policy of a grant allows, in real calls. */
const emulator = await startAws({ env: { AUTH: "true" } });
const admin = awsClients(place(emulator.endpoint));
const url = (name: string) => `${emulator.endpoint}/${ACCOUNT}/${name}`;

/** ARNs by name: their last six characters are AWS's. */
const secrets = new Map<string, string>();

/** ARNs of the keys, by what they are called here. */
const keys: Record<string, string> = {};

beforeAll(async () => {
  for (const name of ["bound", "other"])
    keys[name] = (await admin.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? "";
  for (const Name of ["bound", "other"]) {
    const { ARN = "" } = await admin.secretsManager.send(new CreateSecretCommand({ Name, SecretString: "x" }));
    secrets.set(Name, ARN);
  }
  for (const Bucket of ["bound", "other"]) {
    await admin.s3.send(new CreateBucketCommand({ Bucket }));
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    await admin.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await admin.s3.send(new PutObjectCommand({ Bucket, Key: "a/b", Body: "x" }));
  }
  for (const QueueName of ["bound", "other"]) await admin.sqs.send(new CreateQueueCommand({ QueueName }));
  for (const Name of ["bound", "other"]) await admin.sns.send(new CreateTopicCommand({ Name }));
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "states.amazonaws.com" }, Action: "sts:AssumeRole" }],
  });
  const { Role } = await admin.iam.send(new CreateRoleCommand({ RoleName: "workflow", AssumeRolePolicyDocument }));
  for (const name of ["bound", "other"]) {
    await admin.sfn.send(new CreateStateMachineCommand({ name, roleArn: Role?.Arn, definition: WAITS }));
    await admin.sfn.send(new StartExecutionCommand({ stateMachineArn: machineArn(name), name: "theirs" }));
  }
  for (const TableName of ["bound", "other"])
    await admin.dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: "x", AttributeType: "S" },
        ],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        GlobalSecondaryIndexes: [
          {
            IndexName: "by-x",
            KeySchema: [{ AttributeName: "x", KeyType: "HASH" }],
            Projection: { ProjectionType: "ALL" },
          },
        ],
      }),
    );
});
afterAll(async () => {
  admin.close();
  await emulator.stop();
});

const topicArn = (name: string) => `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;
const machineArn = (name: string) => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`;
/** A run that somebody else started. */
const executionArn = (name: string) => `arn:aws:states:${REGION}:${ACCOUNT}:execution:${name}:theirs`;
const WAITS = JSON.stringify({ StartAt: "wait", States: { wait: { Type: "Wait", Seconds: 600, End: true } } });

/** Clients with just the rights of one grant on the bound resource. */
async function granted(kind: GrantableKind, access: Access) {
  const id = {
    Queue: `arn:aws:sqs:${REGION}:${ACCOUNT}:bound`,
    Table: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/bound`,
    Topic: topicArn("bound"),
    EncryptionKey: keys.bound ?? "",
    ManagedSecret: secrets.get("bound") ?? "",
    Bucket: "arn:aws:s3:::bound",
    Workflow: machineArn("bound"),
  }[kind];
  const UserName = `${kind}-${access}`;
  await admin.iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify(policyOf([{ kind, id, access, encryptionKey: null }]));
  await admin.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "onyx", PolicyDocument }));
  const { AccessKey } = await admin.iam.send(new CreateAccessKeyCommand({ UserName }));
  const config = {
    region: REGION,
    endpoint: emulator.endpoint,
    maxAttempts: 1,
    credentials: { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" },
  };
  return {
    sqs: new SQSClient({ ...config, useQueueUrlAsEndpoint: false }),
    dynamodb: new DynamoDBClient(config),
    kms: new KMSClient(config),
    secretsManager: new SecretsManagerClient(config),
    sns: new SNSClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    sfn: new SFNClient({ ...config, disableHostPrefix: true }),
  };
}

type Clients = Awaited<ReturnType<typeof granted>>;
const Key = { pk: { S: "1" } };
const CALLS: Record<GrantableKind, Record<string, (clients: Clients, name: string) => Promise<unknown>>> = {
  Queue: {
    send: ({ sqs }, name) => sqs.send(new SendMessageCommand({ QueueUrl: url(name), MessageBody: "x" })),
    receive: ({ sqs }, name) => sqs.send(new ReceiveMessageCommand({ QueueUrl: url(name) })),
    attributes: ({ sqs }, name) => sqs.send(new GetQueueAttributesCommand({ QueueUrl: url(name) })),
    purge: ({ sqs }, name) => sqs.send(new PurgeQueueCommand({ QueueUrl: url(name) })),
    destroy: ({ sqs }, name) => sqs.send(new DeleteQueueCommand({ QueueUrl: url(name) })),
  },
  EncryptionKey: {
    encrypt: ({ kms }, name) => kms.send(new EncryptCommand({ KeyId: keys[name], Plaintext: Buffer.from("x") })),
    "get a data key": ({ kms }, name) =>
      kms.send(new GenerateDataKeyCommand({ KeyId: keys[name], KeySpec: "AES_256" })),
    describe: ({ kms }, name) => kms.send(new DescribeKeyCommand({ KeyId: keys[name] })),
    disable: ({ kms }, name) => kms.send(new DisableKeyCommand({ KeyId: keys[name] })),
    destroy: ({ kms }, name) => kms.send(new ScheduleKeyDeletionCommand({ KeyId: keys[name] })),
  },
  Table: {
    get: ({ dynamodb }, TableName) => dynamodb.send(new GetItemCommand({ TableName, Key })),
    query: ({ dynamodb }, TableName) =>
      dynamodb.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: "pk = :p",
          ExpressionAttributeValues: { ":p": { S: "1" } },
        }),
      ),
    "query an index": ({ dynamodb }, TableName) =>
      dynamodb.send(
        new QueryCommand({
          TableName,
          IndexName: "by-x",
          KeyConditionExpression: "x = :p",
          ExpressionAttributeValues: { ":p": { S: "1" } },
        }),
      ),
    scan: ({ dynamodb }, TableName) => dynamodb.send(new ScanCommand({ TableName })),
    put: ({ dynamodb }, TableName) => dynamodb.send(new PutItemCommand({ TableName, Item: Key })),
    update: ({ dynamodb }, TableName) => dynamodb.send(new UpdateItemCommand({ TableName, Key })),
    delete: ({ dynamodb }, TableName) => dynamodb.send(new DeleteItemCommand({ TableName, Key })),
    destroy: ({ dynamodb }, TableName) => dynamodb.send(new DeleteTableCommand({ TableName })),
  },
  ManagedSecret: {
    describe: ({ secretsManager }, name) => secretsManager.send(new DescribeSecretCommand(secretId(name))),
    read: ({ secretsManager }, name) => secretsManager.send(new GetSecretValueCommand(secretId(name))),
    write: ({ secretsManager }, name) =>
      secretsManager.send(new PutSecretValueCommand({ ...secretId(name), SecretString: "new" })),
    destroy: ({ secretsManager }, name) => secretsManager.send(new DeleteSecretCommand(secretId(name))),
  },
  Bucket: {
    list: ({ s3 }, Bucket) => s3.send(new ListObjectsV2Command({ Bucket })),
    get: ({ s3 }, Bucket) => s3.send(new GetObjectCommand({ Bucket, Key: "a/b" })),
    put: ({ s3 }, Bucket) => s3.send(new PutObjectCommand({ Bucket, Key: "c", Body: "x" })),
    "put in parts": ({ s3 }, Bucket) => s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "c" })),
    delete: ({ s3 }, Bucket) => s3.send(new DeleteObjectCommand({ Bucket, Key: "c" })),
    "read the policy": ({ s3 }, Bucket) => s3.send(new GetBucketPolicyCommand({ Bucket })),
    "set versioning": ({ s3 }, Bucket) =>
      s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } })),
    destroy: ({ s3 }, Bucket) => s3.send(new DeleteBucketCommand({ Bucket })),
  },
  Topic: {
    publish: ({ sns }, name) => sns.send(new PublishCommand({ TopicArn: topicArn(name), Message: "x" })),
    subscribe: ({ sns }, name) =>
      sns.send(new SubscribeCommand({ TopicArn: topicArn(name), Protocol: "email", Endpoint: "somebody@example.com" })),
    destroy: ({ sns }, name) => sns.send(new DeleteTopicCommand({ TopicArn: topicArn(name) })),
  },
  Workflow: {
    start: ({ sfn }, name) => sfn.send(new StartExecutionCommand({ stateMachineArn: machineArn(name) })),
    describe: ({ sfn }, name) => sfn.send(new DescribeStateMachineCommand({ stateMachineArn: machineArn(name) })),
    "see a run": ({ sfn }, name) => sfn.send(new DescribeExecutionCommand({ executionArn: executionArn(name) })),
    "stop a run": ({ sfn }, name) => sfn.send(new StopExecutionCommand({ executionArn: executionArn(name) })),
    change: ({ sfn }, name) =>
      sfn.send(new UpdateStateMachineCommand({ stateMachineArn: machineArn(name), definition: WAITS })),
    destroy: ({ sfn }, name) => sfn.send(new DeleteStateMachineCommand({ stateMachineArn: machineArn(name) })),
  },
};

const secretId = (name: string) => ({ SecretId: secrets.get(name) });

const works = async (clients: Clients, kind: GrantableKind, name: string) => {
  const passed: string[] = [];
  for (const [what, run] of Object.entries(CALLS[kind])) {
    const error = await run(clients, name).then(
      () => undefined,
      (one: Error) => one,
    );
    if (!error) passed.push(what);
    else expect(error.name).toMatch(/AccessDenied|AuthorizationError/);
  }
  return passed;
};

describe("the policy of a grant, enforced", () => {
  it.each([
    ["Queue", "Consume", ["receive", "attributes"]],
    ["Queue", "Produce", ["send"]],
    ["ManagedSecret", "Read", ["describe", "read"]],
    ["ManagedSecret", "Write", ["write"]],
    ["Table", "Read", ["get", "query", "query an index", "scan"]],
    ["Table", "Write", ["put", "update", "delete"]],
    ["Table", "ReadWrite", ["get", "query", "query an index", "scan", "put", "update", "delete"]],
    ["EncryptionKey", "Use", ["encrypt", "get a data key"]],
    ["Topic", "Produce", ["publish"]],
    ["Workflow", "Start", ["start"]],
    ["Bucket", "Read", ["list", "get"]],
    ["Bucket", "Write", ["put", "put in parts", "delete"]],
    ["Bucket", "ReadWrite", ["list", "get", "put", "put in parts", "delete"]],
  ] as const)("%s %s", async (kind, access, calls) => {
    const clients = await granted(kind, access);
    expect(await works(clients, kind, "bound")).toEqual(calls);
    expect(await works(clients, kind, "other")).toEqual([]);
  });
});
