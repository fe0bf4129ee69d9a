import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EKSClient } from "@aws-sdk/client-eks";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { type InTurn, inTurn } from "../in-turn.ts";
import { formatArn, partitionOf } from "./arn.ts";
import { assumedRole } from "./assumed-role.ts";

/** Where warnings of the SDK go. */
export interface AwsLog {
  warn(fields: object, message: string): void;
}

/** The clients of one Place. */
export interface Aws {
  readonly place: Place;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly iam: IAMClient;
  readonly eks: EKSClient;
  readonly kms: KMSClient;
  readonly secretsManager: SecretsManagerClient;
  readonly scheduler: SchedulerClient;
  readonly events: EventBridgeClient;
  readonly sfn: SFNClient;
  readonly logs: CloudWatchLogsClient;
  readonly sts: STSClient;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Turns for what several objects have a part in. */
  readonly inTurn: InTurn;
  /** ARN of a thing in this account and region. IAM's have no region. */
  arn(service: string, resource: string): string;
  close(): void;
}

/**
 * Clients that share their connections. They never retry: core has the one retry loop, with the budget of calls and
 * the backoff, and a repeated call would be hidden from both.
 */
export function awsClients(place: Place, log?: AwsLog, now: () => number = Date.now): Aws {
  const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: 64 });
  const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: 64 });
  const unsigned = {
    region: place.region,
    maxAttempts: 1,
    requestHandler: {
      httpAgent,
      httpsAgent,
      connectionTimeout: 5_000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
      ...(log && { logger: sdkLogger(log) }),
    },
  };
  const to = <Config extends object>(service: string, config: Config) => {
    const endpoint = endpointOf(place, service);
    return endpoint === undefined ? config : { ...config, endpoint };
  };
  const credentials = credentialsOf(place, to("sts", unsigned), now);
  const shared = { ...unsigned, ...(credentials && { credentials }) };
  const at = (service: string) => to(service, shared);
  return {
    place,
    sns: new SNSClient(at("sns")),
    // The queue URL only names the queue: where calls go is for the endpoint rules and overrides to say.
    sqs: new SQSClient({ ...at("sqs"), useQueueUrlAsEndpoint: false }),
    dynamodb: new DynamoDBClient(at("dynamodb")),
    s3: s3Client(at("s3"), endpointOf(place, "s3") !== undefined),
    iam: new IAMClient(at("iam")),
    eks: new EKSClient(at("eks")),
    kms: new KMSClient(at("kms")),
    secretsManager: new SecretsManagerClient(at("secretsmanager")),
    scheduler: new SchedulerClient(at("scheduler")),
    events: new EventBridgeClient(at("events")),
    sfn: new SFNClient(at("states")),
    logs: new CloudWatchLogsClient(at("logs")),
    sts: new STSClient(at("sts")),
    now,
    inTurn: inTurn(),
    arn: (service, resource) =>
      formatArn({
        partition: partitionOf(place.region).id,
        service,
        region: service === "iam" ? "" : place.region,
        account: place.account,
        resource,
      }),
    close() {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

/**
 * S3 behind an endpoint of its own has no names of buckets in its host names. An answer without a body would read as
 * "never set", so it is an error: whatever S3 tells of a bucket comes in a document.
 */
function s3Client(config: S3ClientConfig, ownEndpoint: boolean): S3Client {
  const s3 = new S3Client({ ...config, forcePathStyle: ownEndpoint });
  s3.middlewareStack.add(
    (next, { commandName = "" }) =>
      async (args) => {
        const result = await next(args);
        const { statusCode, headers } = result.response as {
          statusCode?: number;
          headers?: Readonly<Record<string, string>>;
        };
        if (commandName.startsWith("Get") && statusCode === 200 && headers?.["content-length"] === "0")
          throw new ProviderError("transient", `S3 ${commandName.replace(/Command$/, "")}: the answer is empty`, {
            code: "IncompleteReply",
          });
        return result;
      },
    { step: "deserialize", priority: "low", name: "refuseEmptyDocuments" },
  );
  return s3;
}

/** The URL that calls to a service go to, when the Environment overrides it. Without a slash at its end. */
export function endpointOf(place: Place, service: string): string | undefined {
  return (place.endpoints[service] ?? place.endpoints.default)?.replace(/\/+$/, "");
}

/**
 * Undefined: what the SDK finds around the process, the operator's own. Never with an identity, whatever befalls it.
 * @param config of a client of STS
 */
function credentialsOf(place: Place, config: STSClientConfig, now: () => number) {
  const { identity, credentials } = place;
  if (identity)
    return assumedRole(new STSClient({ ...config, credentials: nobodys }), identity, place.environment, now);
  return credentials && (async () => staticCredentials(credentials));
}

/** For the one call that is not signed: whatever asks for credentials all the same does not get the operator's. */
async function nobodys(): Promise<never> {
  throw new ProviderError("denied", "This call is made without credentials.", { code: "NoCredentials" });
}

/** From a Secret with the names that AWS's tools read from the environment, or those of the SDK. */
function staticCredentials(secret: Readonly<Record<string, string>>) {
  const accessKeyId = secret.AWS_ACCESS_KEY_ID ?? secret.accessKeyId;
  const secretAccessKey = secret.AWS_SECRET_ACCESS_KEY ?? secret.secretAccessKey;
  const sessionToken = secret.AWS_SESSION_TOKEN ?? secret.sessionToken;
  if (!accessKeyId || !secretAccessKey)
    throw new ProviderError(
      "denied",
      `The credentials Secret of the Environment lacks ${accessKeyId ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"}. It needs both, and AWS_SESSION_TOKEN when they are temporary.`,
      { code: "CredentialsIncomplete" },
    );
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

function sdkLogger(log: AwsLog) {
  const quiet = () => {};
  const warn = (...parts: unknown[]) => log.warn({ sdk: parts.map(String) }, "warning of the AWS SDK");
  return { trace: quiet, debug: quiet, info: quiet, warn, error: warn };
}
