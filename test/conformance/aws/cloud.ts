import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EKSClient } from "@aws-sdk/client-eks";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { S3Client } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { connectAws } from "../../../adapters/aws/index.ts";
import type {
  AnyConnection,
  CloudUnderTest,
  Trouble,
} from "../../../operator/provider/conformance/cloud-under-test.ts";
import { awsRefusal, describeAws } from "../../support/aws-calls.ts";
import { type FaultProxy, type Trouble as ProxyTrouble, startFaultProxy } from "../../support/fault-proxy.ts";
import { recoveryDays, tablesAtWork } from "./amend.ts";

export const ACCOUNT = "000000000000";
export const REGION = "eu-west-1";
export const CLUSTER = "conformance";

/** The official SDK, straight at the emulator: what people do behind our back, and what they see. */
export interface AwsEyes {
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly iam: IAMClient;
  readonly eks: EKSClient;
  readonly kms: KMSClient;
  readonly secretsManager: SecretsManagerClient;
  readonly scheduler: SchedulerClient;
  readonly eventBridge: EventBridgeClient;
  readonly sfn: SFNClient;
  readonly logs: CloudWatchLogsClient;
}

/** AWS behind a proxy that counts and makes trouble. */
export interface AwsUnderTest extends CloudUnderTest {
  readonly eyes: AwsEyes;
  readonly proxy: FaultProxy;
  stop(): Promise<void>;
}

/** @param endpoint of an AWS emulator, such as `http://127.0.0.1:4566` */
export async function awsUnderTest(endpoint: string): Promise<AwsUnderTest> {
  const proxy = await startFaultProxy({ target: endpoint, describe: describeAws, amend: recoveryDays });
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const direct = { region: REGION, endpoint, credentials };
  const eyes: AwsEyes = {
    sns: new SNSClient(direct),
    sqs: new SQSClient({ ...direct, useQueueUrlAsEndpoint: false }),
    dynamodb: new DynamoDBClient(direct),
    s3: new S3Client({ ...direct, forcePathStyle: true }),
    iam: new IAMClient(direct),
    eks: new EKSClient(direct),
    kms: new KMSClient(direct),
    secretsManager: new SecretsManagerClient(direct),
    scheduler: new SchedulerClient(direct),
    eventBridge: new EventBridgeClient(direct),
    sfn: new SFNClient(direct),
    logs: new CloudWatchLogsClient(direct),
  };
  const place = {
    environment: "conformance",
    cluster: CLUSTER,
    region: REGION,
    account: ACCOUNT,
    workloadIdentity: "Native",
    endpoints: { default: proxy.url },
    credentials: { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
  } as const;
  let moved = 0;
  let working: (() => void) | undefined;
  return {
    cloud: "aws",
    place,
    who: { account: ACCOUNT, principal: `arn:aws:iam::${ACCOUNT}:root` },
    eyes,
    proxy,
    connect: () => connectAws(place, { now: () => Date.now() + moved }) as AnyConnection,
    writes: () =>
      proxy.calls
        .filter(({ mutating }) => mutating)
        .map(({ operation, status, body }) => ({
          operation,
          ok: status !== undefined && status < 300,
          request: requestOf(body),
        })),
    troubles: new Set<Trouble>(["denied", "throttled", "unavailable", "refused", "lost", "cut", "empty"]),
    troubleReads: (trouble) => void proxy.inject({ when: ({ mutating }) => !mutating, trouble: inProxy(trouble) }),
    troubleSome: (trouble, share) =>
      void proxy.inject({ when: () => Math.random() < share, trouble: inProxy(trouble) }),
    troubleWrite: (operation, trouble, skip = 0, times = 1) =>
      void proxy.inject({ when: (call) => call.operation === operation, skip, times, trouble: inProxy(trouble) }),
    freezeReads: () => proxy.freezeReads(),
    heal: () => proxy.heal(),
    // The emulator has no clock of its own to move: only the operator's goes on.
    advance(ms) {
      moved += ms;
    },
    operationsTake(ms) {
      working?.();
      working = ms > 0 ? tablesAtWork(proxy) : undefined;
    },
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    async stop() {
      for (const client of Object.values(eyes)) client.destroy();
      await proxy.stop();
    },
  };
}

/** JSON, or the parameters of the Query protocol by name. */
function requestOf(body: string): unknown {
  if (body.startsWith("{")) return JSON.parse(body);
  return body.startsWith("Action=") ? Object.fromEntries(new URLSearchParams(body)) : body;
}

function inProxy(trouble: Trouble): Parameters<FaultProxy["inject"]>[0]["trouble"] {
  switch (trouble) {
    case "denied":
    case "throttled":
    case "unavailable":
      return awsRefusal(trouble);
    case "lost":
      return { do: "drop" } satisfies ProxyTrouble;
    case "refused":
      return { do: "refuse" } satisfies ProxyTrouble;
    default:
      return { do: trouble } satisfies ProxyTrouble;
  }
}
