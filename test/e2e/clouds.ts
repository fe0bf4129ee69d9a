import { createRequire } from "node:module";
import { DescribeTableCommand, DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { v1 as firestore } from "@google-cloud/firestore";
import type { v1 } from "@google-cloud/pubsub";
import { credentials } from "@grpc/grpc-js";
import { AWS, GCP } from "../../hack/platform/environment.ts";
import type { Platform } from "../../hack/platform/platform.ts";

/** A cloud as its own SDK shows it, with what a test does behind the operator's back. */
export interface CloudView {
  /** Names of all queues. */
  queues(): Promise<readonly string[]>;
  /** Seconds that messages are kept; undefined: no such queue. */
  retention(queue: string): Promise<number | undefined>;
  setRetention(queue: string, seconds: number): Promise<void>;
  /** A queue of that name that nobody marked. */
  createForeign(queue: string): Promise<void>;
  /** Name of the queue that takes dead letters, and after how many deliveries. */
  deadLetter(queue: string): Promise<{ readonly queue: string; readonly maxReceives: number } | undefined>;
  /** Names of all tables. */
  tables(): Promise<readonly string[]>;
  /** Whether a table can be restored to a point in time, and whether it is protected against deletion. */
  table(name: string): Promise<{ readonly pointInTimeRecovery?: boolean; readonly protected: boolean }>;
  /** Ids of the runs of a workflow, by its WORKFLOW_ID. */
  runs(workflow: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** The cloud of a platform. */
export const viewOf = (platform: Platform): CloudView => (platform.cloud === "aws" ? aws(platform) : gcp(platform));

const last = (path: string | null | undefined) => path?.split("/").at(-1) ?? "";

function aws({ endpoints }: Platform): CloudView {
  const config = {
    endpoint: endpoints.aws,
    region: AWS.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  const sqs = new SQSClient({ ...config, useQueueUrlAsEndpoint: false });
  const dynamo = new DynamoDBClient(config);
  const sfn = new SFNClient(config);
  const urlOf = async (queue: string) => (await sqs.send(new GetQueueUrlCommand({ QueueName: queue }))).QueueUrl;
  const attributes = async (queue: string) => {
    const reply = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: await urlOf(queue), AttributeNames: ["All"] }),
    );
    return (reply.Attributes ?? {}) as Record<string, string>;
  };
  return {
    queues: async () => ((await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? []).map(last),
    retention: async (queue) => Number((await attributes(queue)).MessageRetentionPeriod),
    async setRetention(queue, seconds) {
      await sqs.send(
        new SetQueueAttributesCommand({
          QueueUrl: await urlOf(queue),
          Attributes: { MessageRetentionPeriod: String(seconds) },
        }),
      );
    },
    createForeign: async (queue) =>
      void (await sqs.send(new CreateQueueCommand({ QueueName: queue, Attributes: { MessageRetentionPeriod: "60" } }))),
    async deadLetter(queue) {
      const policy = (await attributes(queue)).RedrivePolicy;
      if (!policy) return undefined;
      const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as {
        deadLetterTargetArn: string;
        maxReceiveCount: string;
      };
      return { queue: deadLetterTargetArn.split(":").at(-1) ?? "", maxReceives: Number(maxReceiveCount) };
    },
    tables: async () => (await dynamo.send(new ListTablesCommand({}))).TableNames ?? [],
    async table(name) {
      const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: name }));
      return { protected: Table?.DeletionProtectionEnabled === true };
    },
    async runs(stateMachineArn) {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1000 }));
      return executions.map(({ executionArn = "" }) => executionArn);
    },
    async close() {
      sqs.destroy();
      dynamo.destroy();
      sfn.destroy();
    },
  };
}

function gcp({ endpoints }: Platform): CloudView {
  process.env.METADATA_SERVER_DETECTION ??= "none";
  const pubsub = (createRequire(import.meta.url)("@google-cloud/pubsub") as { v1: typeof v1 }).v1;
  const [host = "", port] = endpoints.gcpGrpc.split(":");
  const options = {
    servicePath: host,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    projectId: GCP.account,
  };
  const publisher = new pubsub.PublisherClient(options);
  const subscriber = new pubsub.SubscriberClient(options);
  const admin = new firestore.FirestoreAdminClient(options);
  const project = `projects/${GCP.account}`;
  const subscriptionOf = async (queue: string) =>
    (await subscriber.getSubscription({ subscription: `${project}/subscriptions/${queue}` }))[0];
  return {
    queues: async () => (await subscriber.listSubscriptions({ project }))[0].map((one) => last(one.name)),
    retention: async (queue) => Number((await subscriptionOf(queue)).messageRetentionDuration?.seconds),
    async setRetention(queue, seconds) {
      await subscriber.updateSubscription({
        subscription: { name: `${project}/subscriptions/${queue}`, messageRetentionDuration: { seconds } },
        updateMask: { paths: ["message_retention_duration"] },
      });
    },
    async createForeign(queue) {
      await publisher.createTopic({ name: `${project}/topics/${queue}` });
      await subscriber.createSubscription({
        name: `${project}/subscriptions/${queue}`,
        topic: `${project}/topics/${queue}`,
        messageRetentionDuration: { seconds: 600 },
      });
    },
    async deadLetter(queue) {
      const policy = (await subscriptionOf(queue)).deadLetterPolicy;
      return policy
        ? { queue: last(policy.deadLetterTopic), maxReceives: Number(policy.maxDeliveryAttempts) }
        : undefined;
    },
    tables: async () =>
      ((await admin.listDatabases({ parent: project }))[0].databases ?? []).map((one) => last(one.name)),
    async table(name) {
      const [database] = await admin.getDatabase({ name: `${project}/databases/${name}` });
      return {
        pointInTimeRecovery: database.pointInTimeRecoveryEnablement === "POINT_IN_TIME_RECOVERY_ENABLED",
        protected: database.deleteProtectionState === "DELETE_PROTECTION_ENABLED",
      };
    },
    async runs(workflow) {
      const reply = await fetch(`${endpoints.gcpRest}/v1/${workflow}/executions?pageSize=1000`);
      const { executions = [] } = (await reply.json()) as {
        readonly executions?: readonly { readonly name: string }[];
      };
      return executions.map(({ name }) => name);
    },
    async close() {
      await Promise.all([publisher.close(), subscriber.close(), admin.close()]);
    },
  };
}
