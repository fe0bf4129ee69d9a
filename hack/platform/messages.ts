import { createRequire } from "node:module";
import { PurgeQueueCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { v1 } from "@google-cloud/pubsub";
import { credentials } from "@grpc/grpc-js";
import { AWS } from "./environment.ts";
import type { Platform } from "./platform.ts";

/** A queue as its users see it, whatever the cloud: by the outputs of the Queue object. */
export interface Messages {
  send(count: number): Promise<void>;
  sendText(text: string): Promise<void>;
  /** Takes everything off the queue. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the queue that a Queue object stands for, with the cloud's own SDK. */
export async function openQueue(platform: Platform, namespace: string, name: string): Promise<Messages> {
  const json = await platform.cluster.kubectl([
    "get",
    "queues.onyx.onelens.io",
    name,
    "-n",
    namespace,
    "-o",
    "jsonpath={.status.outputs}",
  ]);
  const outputs = JSON.parse(json) as { QUEUE_ID: string; QUEUE_URL: string };
  return platform.cloud === "aws" ? sqs(platform, outputs.QUEUE_URL) : pubsub(platform, outputs);
}

const body = (n: number) => JSON.stringify({ requestId: `request-${n}` });

function sqs(platform: Platform, QueueUrl: string): Messages {
  const client = new SQSClient({
    endpoint: platform.endpoints.aws,
    region: AWS.region,
    useQueueUrlAsEndpoint: false,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  return {
    async send(count) {
      for (let sent = 0; sent < count; sent += 10) {
        const Entries = Array.from({ length: Math.min(10, count - sent) }, (_, n) => ({
          Id: String(n),
          MessageBody: body(sent + n),
        }));
        await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      }
    },
    sendText: async (MessageBody) => void (await client.send(new SendMessageCommand({ QueueUrl, MessageBody }))),
    drain: async () => void (await client.send(new PurgeQueueCommand({ QueueUrl }))),
    close: async () => client.destroy(),
  };
}

function pubsub(platform: Platform, outputs: { QUEUE_ID: string; QUEUE_URL: string }): Messages {
  // The SDK would look for Google's metadata server before each client's first call.
  process.env.METADATA_SERVER_DETECTION ??= "none";
  // The package is CommonJS whose named exports Node does not find.
  const clients = (createRequire(import.meta.url)("@google-cloud/pubsub") as { v1: typeof v1 }).v1;
  const [host, port] = platform.endpoints.gcpGrpc.split(":");
  const options = {
    servicePath: host ?? "",
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    projectId: "demo-project",
  };
  const publisher = new clients.PublisherClient(options);
  const subscriber = new clients.SubscriberClient(options);
  return {
    async send(count) {
      const messages = Array.from({ length: count }, (_, n) => ({ data: Buffer.from(body(n)) }));
      await publisher.publish({ topic: outputs.QUEUE_URL, messages });
    },
    async sendText(text) {
      await publisher.publish({ topic: outputs.QUEUE_URL, messages: [{ data: Buffer.from(text) }] });
    },
    async drain() {
      await subscriber.seek({ subscription: outputs.QUEUE_ID, time: { seconds: Math.floor(Date.now() / 1000) + 60 } });
    },
    async close() {
      await publisher.close();
      await subscriber.close();
    },
  };
}
