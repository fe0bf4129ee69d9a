import { createRequire } from "node:module";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { v1 } from "@google-cloud/pubsub";
import { credentials } from "@grpc/grpc-js";
import { RUN_KEY } from "../../operator/workflow/index.ts";
import { AWS, GCP } from "./environment.ts";
import type { Platform } from "./platform.ts";

/**
 * What the program of a job does that starts a workflow for each message of its queue: the pods of the test bed run none. It knows of
 * queue and workflow what its pods know, by their environment variables.
 */
export interface WorkflowJob {
  /**
   * Takes a message, starts the workflow with it, and lets the message go only then. The run has the id of the message, so that
   * one that comes twice is one run.
   * @returns the id of the run; undefined: no message waits
   */
  work(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** @param service name of the OnyxService; `names` of its Queue and its Workflow */
export async function openWorkflowJob(
  platform: Platform,
  namespace: string,
  service: string,
  names: { readonly queue: string; readonly workflow: string },
): Promise<WorkflowJob> {
  const path = "jsonpath={.data}";
  const data = await platform.cluster.kubectl(["get", "configmap", `${service}-bindings`, "-n", namespace, "-o", path]);
  const variables = JSON.parse(data) as Readonly<Record<string, string>>;
  const variable = (name: string): string => {
    const value = variables[name];
    if (value === undefined) throw new Error(`The pods of ${service} have no variable ${name}.`);
    return value;
  };
  const queue = variable(`QUEUE_${inCapitals(names.queue)}_URL`);
  const workflow = variable(`WORKFLOW_${inCapitals(names.workflow)}_ID`);
  return platform.cloud === "aws" ? onAws(platform, queue, workflow) : onGcp(platform, queue, workflow);
}

/** Gives an EventRule another cron. */
export async function reschedule({ cluster }: Platform, namespace: string, rule: string, cron: string): Promise<void> {
  const patch = JSON.stringify({ spec: { schedule: { cron } } });
  await cluster.kubectl(["patch", `eventrule.onyx.onelens.io/${rule}`, "-n", namespace, "--type=merge", "-p", patch]);
}

const inCapitals = (name: string) => name.toUpperCase().replaceAll("-", "_");

function envelope(id: string, body: string): string {
  // A moment of the language has whole seconds.
  const startedAt = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  return JSON.stringify({ [RUN_KEY]: { id, startedAt }, input: JSON.parse(body) as unknown });
}

function onAws({ endpoints }: Platform, QueueUrl: string, stateMachineArn: string): WorkflowJob {
  const at = {
    endpoint: endpoints.aws,
    region: AWS.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  const [sqs, sfn] = [new SQSClient({ ...at, useQueueUrlAsEndpoint: false }), new SFNClient(at)];
  return {
    async work() {
      const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
      if (!message) return undefined;
      const { MessageId: id = "", Body = "", ReceiptHandle } = message;
      await sfn.send(new StartExecutionCommand({ stateMachineArn, name: id, input: envelope(id, Body) }));
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      return id;
    },
    async close() {
      sqs.destroy();
      sfn.destroy();
    },
  };
}

function onGcp({ endpoints }: Platform, subscription: string, workflow: string): WorkflowJob {
  process.env.METADATA_SERVER_DETECTION ??= "none";
  const clients = (createRequire(import.meta.url)("@google-cloud/pubsub") as { v1: typeof v1 }).v1;
  const [servicePath = "", port] = endpoints.gcpGrpc.split(":");
  const subscriber = new clients.SubscriberClient({
    servicePath,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    projectId: GCP.account,
  });
  return {
    async work() {
      const [{ receivedMessages }] = await subscriber.pull({ subscription, maxMessages: 1, returnImmediately: true });
      const [received] = receivedMessages ?? [];
      if (!received) return undefined;
      const { messageId, data } = received.message ?? {};
      const id = `message-${messageId}`;
      const argument = envelope(id, Buffer.from(data ?? "").toString());
      const reply = await fetch(`${endpoints.gcpRest}/v1/${workflow}/executions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ argument }),
      });
      if (!reply.ok) throw new Error(`${workflow} did not start: ${reply.status} ${await reply.text()}`);
      await subscriber.acknowledge({ subscription, ackIds: [received.ackId ?? ""] });
      return id;
    },
    close: () => subscriber.close(),
  };
}
