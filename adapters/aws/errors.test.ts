import { PutRetentionPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { CreatePodIdentityAssociationCommand } from "@aws-sdk/client-eks";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { DeleteBucketCommand } from "@aws-sdk/client-s3";
import { GetScheduleCommand } from "@aws-sdk/client-scheduler";
import { DescribeStateMachineCommand } from "@aws-sdk/client-sfn";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, it } from "vitest";
import { ProviderError } from "../../operator/provider/fault.ts";
import { type Aws, awsClients } from "./clients.ts";
import { ask, askFor, required, translate } from "./errors.ts";
import { place } from "./testing/fixtures.ts";
import { type Reply, type Script, scriptServer } from "./testing/script-server.ts";
import { wire } from "./testing/wire.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function against(script: Script) {
  const server = await scriptServer(script);
  const aws = awsClients(place(server.url));
  open.push(server, aws);
  return { aws, server };
}

const CALLS = {
  sqs: (aws: Aws, signal?: AbortSignal) =>
    aws.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: "http://q/000000000000/q", AttributeNames: ["All"] }),
      signal ? { abortSignal: signal } : {},
    ),
  dynamodb: (aws: Aws) => aws.dynamodb.send(new DescribeTableCommand({ TableName: "orders" })),
  iam: (aws: Aws) => aws.iam.send(new GetRoleCommand({ RoleName: "r" })),
  eks: (aws: Aws) =>
    aws.eks.send(
      new CreatePodIdentityAssociationCommand({ clusterName: "c", namespace: "n", serviceAccount: "s", roleArn: "r" }),
    ),
  s3: (aws: Aws) => aws.s3.send(new DeleteBucketCommand({ Bucket: "orders" })),
  scheduler: (aws: Aws) => aws.scheduler.send(new GetScheduleCommand({ Name: "daily", GroupName: "onyx-test" })),
  sfn: (aws: Aws) => aws.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: "arn" })),
  logs: (aws: Aws) => aws.logs.send(new PutRetentionPolicyCommand({ logGroupName: "g", retentionInDays: 90 })),
} as const;

async function failure(service: keyof typeof CALLS, script: Script): Promise<ProviderError> {
  const { aws } = await against(script);
  const error = await ask(`${service} call`, CALLS[service](aws) as Promise<unknown>).then(
    () => expect.fail("it succeeded"),
    (one: unknown) => one,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}

describe("what AWS answers, as a fault", () => {
  it.each([
    ["NonExistentQueue", "sqs", "notFound"],
    ["QueueDeletedRecently", "sqs", "transient"],
    ["QueueNameExists", "sqs", "conflict"],
    ["DeadLetterTargetMissing", "sqs", "notFound"],
    ["SqsAccessDenied", "sqs", "denied"],
    ["SqsThrottled", "sqs", "throttled"],
    ["Unavailable", "sqs", "transient"],
    ["NotJson", "sqs", "transient"],
    ["SchedulerRoleNotYet", "scheduler", "transient"],
    ["SchedulerValidation", "scheduler", "invalid"],
    ["SchedulerConflict", "scheduler", "conflict"],
    ["SchedulerQuota", "scheduler", "quota"],
    ["StateMachineMissing", "sfn", "notFound"],
    ["StateMachineOther", "sfn", "conflict"],
    ["StateMachineLeaving", "sfn", "transient"],
    ["StateMachineQuota", "sfn", "quota"],
    ["StateMachineWrong", "sfn", "invalid"],
    ["StatesRoleNotYet", "sfn", "transient"],
    ["StatesRoleMayNotLogYet", "sfn", "transient"],
    ["StatesDenied", "sfn", "denied"],
    ["LogGroupMissing", "logs", "notFound"],
    ["LogGroupThere", "logs", "conflict"],
    ["LogGroupAborted", "logs", "transient"],
    ["DynamoDbThrottled", "dynamodb", "throttled"],
    ["DynamoDbOneIndexAtATime", "dynamodb", "throttled"],
    ["DynamoDbTableLimit", "dynamodb", "quota"],
    ["TimeToLiveModified", "dynamodb", "throttled"],
    ["ContinuousBackupsUnavailable", "dynamodb", "transient"],
    ["Unavailable", "dynamodb", "transient"],
    ["IamThrottled", "iam", "throttled"],
    ["IamNoSuchEntity", "iam", "notFound"],
    ["Unavailable", "iam", "transient"],
    ["EksRoleNotSeen", "eks", "transient"],
    ["Unavailable", "eks", "transient"],
    ["S3SlowDown", "s3", "throttled"],
    ["S3InternalError", "s3", "transient"],
    ["S3NoSuchBucket", "s3", "notFound"],
    ["S3AccessDenied", "s3", "denied"],
    ["S3OperationAborted", "s3", "transient"],
    ["S3BucketAlreadyExists", "s3", "conflict"],
    ["S3BucketNotEmpty", "s3", "conflict"],
    ["S3TooManyBuckets", "s3", "quota"],
    ["S3PermanentRedirect", "s3", "conflict"],
    ["S3WrongRegion", "s3", "conflict"],
    ["S3InvalidBucketName", "s3", "invalid"],
    ["S3InvalidBucketState", "s3", "transient"],
    ["S3TimeTooSkewed", "s3", "transient"],
    ["Unavailable", "s3", "transient"],
  ] as const)("%s from %s is %s", async (name, service, fault) => {
    const error = await failure(service, () => wire(name));
    expect(error.fault).toBe(fault);
    expect(error.message).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it("says how long SQS holds a name, and keeps the request id out of the message", async () => {
    const error = await failure("sqs", () => wire("QueueDeletedRecently"));
    expect(error).toMatchObject({
      code: "QueueDeletedRecently",
      retryAfterMs: 60_000,
      requestId: "5e1f9a77-0f3c-5d0f-9e0c-c4f1a1c8a7a1",
    });
    expect(error.message).toContain("60 seconds");
  });

  it("takes the retry-after header", async () => {
    const error = await failure("sqs", () => ({ ...wire("Unavailable"), headers: { "retry-after": "7" } }));
    expect(error.retryAfterMs).toBe(7_000);
  });

  it("judges a code it doesn't know by the status", async () => {
    const answer = (status: number): Reply => ({
      status,
      headers: { "content-type": "application/x-amz-json-1.0" },
      body: '{"__type":"com.amazonaws#BrandNewException","message":"what?"}',
    });
    const faults = await Promise.all(
      [400, 401, 403, 404, 409, 413, 429, 500, 502].map(
        async (status) => (await failure("sqs", () => answer(status))).fault,
      ),
    );
    expect(faults).toEqual([
      "invalid",
      "denied",
      "denied",
      "notFound",
      "conflict",
      "invalid",
      "throttled",
      "transient",
      "transient",
    ]);
  });
});

describe("no answer, or half of one", () => {
  it.each(["close before the answer", "cut the answer"] as const)("%s is transient and asked once", async (trouble) => {
    const { aws, server } = await against(() => trouble);
    await expect(ask("SQS GetQueueAttributes", CALLS.sqs(aws))).rejects.toMatchObject({ fault: "transient" });
    expect(server.asked).toHaveLength(1);
  });

  it("nobody listens: transient, said in words", async () => {
    const { aws, server } = await against(() => "never answer");
    await server.close();
    await expect(ask("SQS GetQueueAttributes", CALLS.sqs(aws))).rejects.toMatchObject({
      fault: "transient",
      message: "SQS GetQueueAttributes: connection refused (ECONNREFUSED)",
    });
  });

  it("aborted while it waits: transient", async () => {
    const controller = new AbortController();
    const { aws } = await against(() => {
      controller.abort(new Error("lease lost"));
      return "never answer";
    });
    await expect(ask("SQS GetQueueAttributes", CALLS.sqs(aws, controller.signal))).rejects.toMatchObject({
      fault: "transient",
      code: "AbortError",
    });
  });

  it("an aborted signal sends nothing", async () => {
    const { aws, server } = await against(() => wire("Empty"));
    await expect(ask("SQS GetQueueAttributes", CALLS.sqs(aws, AbortSignal.abort()))).rejects.toMatchObject({
      fault: "transient",
    });
    expect(server.asked).toHaveLength(0);
  });

  it("a 200 without the part that matters is no answer", () => {
    expect(() => required("SQS GetQueueAttributes", "Attributes", undefined)).toThrow(
      expect.objectContaining({ fault: "transient", code: "IncompleteReply" }),
    );
  });
});

describe("askFor", () => {
  it("is undefined for what isn't there and throws all else", async () => {
    const { aws } = await against(({ operation }) =>
      wire(operation === "GetRole" ? "IamNoSuchEntity" : "SqsAccessDenied"),
    );
    expect(await askFor("IAM GetRole", CALLS.iam(aws))).toBeUndefined();
    await expect(askFor("SQS GetQueueAttributes", CALLS.sqs(aws))).rejects.toMatchObject({ fault: "denied" });
  });
});

describe("translate", () => {
  it("leaves a ProviderError as it is", () => {
    const error = new ProviderError("invalid", "no");
    expect(translate("x", error)).toBe(error);
  });

  it("says of a principal that S3 doesn't know where it is named", () => {
    const error = Object.assign(new Error("Invalid principal in policy"), {
      name: "MalformedPolicy",
      $fault: "client",
      $metadata: { httpStatusCode: 400 },
    });
    expect(translate("S3 PutBucketPolicy", error)).toMatchObject({
      fault: "invalid",
      message: expect.stringContaining("overrides.aws.deliverers"),
    });
  });

  it("takes a service's request id out of a message", () => {
    const error = Object.assign(
      new Error(
        "KMS key is gone (Service: AWSKMS; Status Code: 400; Error Code: NotFoundException; Request ID: 1f2e3d4c-aaaa-bbbb-cccc-000000000000; Proxy: null)",
      ),
      { name: "ValidationException", $fault: "client", $metadata: { httpStatusCode: 400 } },
    );
    expect(translate("DynamoDB CreateTable", error).message).toBe(
      "DynamoDB CreateTable: KMS key is gone (ValidationException)",
    );
  });

  it("survives what is no error at all", () => {
    expect(translate("x", "boom")).toMatchObject({ fault: "transient", message: "x: boom (UnknownError)" });
  });
});
