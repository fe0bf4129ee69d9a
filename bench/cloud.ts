/**
 * The bench's stand-in for AWS: as much of SQS and STS as a Queue needs, from memory, so fast that it is not what is
 * measured, and it counts every call. Not a test double: it refuses nothing and proves nothing.
 *
 * `node bench/cloud.ts` prints its URL as one line; GET /counts gives the calls by action; POST /delay?ms=100 makes each
 * call take that long.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

interface Queue {
  readonly url: string;
  readonly attributes: Record<string, string>;
  readonly tags: Record<string, string>;
}

const ACCOUNT = "000000000000";
const REGION = "us-east-1";
const queues = new Map<string, Queue>();
const counts = new Map<string, number>();
let delayMs = 0;

type Body = {
  QueueName?: string;
  QueueUrl?: string;
  Attributes?: Record<string, string>;
  tags?: Record<string, string>;
  Tags?: Record<string, string>;
  TagKeys?: string[];
};

const nameOf = (url: string | undefined) => url?.split("/").at(-1) ?? "";
const arn = (name: string) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;

/** Undefined: there is no such queue. */
function answer(action: string, body: Body, origin: string): object | undefined {
  if (action === "CreateQueue") {
    const name = body.QueueName ?? "";
    const queue = queues.get(name) ?? {
      url: `${origin}/${ACCOUNT}/${name}`,
      attributes: { ...DEFAULTS, ...body.Attributes },
      tags: { ...body.tags },
    };
    queues.set(name, queue);
    return { QueueUrl: queue.url };
  }
  const name = body.QueueName ?? nameOf(body.QueueUrl);
  const queue = queues.get(name);
  if (!queue) return undefined;
  switch (action) {
    case "GetQueueUrl":
      return { QueueUrl: queue.url };
    case "GetQueueAttributes":
      return { Attributes: { ...queue.attributes, QueueArn: arn(name) } };
    case "ListQueueTags":
      return { Tags: queue.tags };
    case "SetQueueAttributes":
      Object.assign(queue.attributes, body.Attributes);
      return {};
    case "TagQueue":
      Object.assign(queue.tags, body.Tags);
      return {};
    case "UntagQueue":
      for (const key of body.TagKeys ?? []) delete queue.tags[key];
      return {};
    case "DeleteQueue":
      queues.delete(name);
      return {};
    default:
      throw new Error(`The stand-in has no ${action}.`);
  }
}

const DEFAULTS = {
  VisibilityTimeout: "30",
  MessageRetentionPeriod: "345600",
  MaximumMessageSize: "262144",
  DelaySeconds: "0",
  SqsManagedSseEnabled: "true",
};

const IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${ACCOUNT}:user/bench</Arn><UserId>bench</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
  const body = await read(request);
  if (url.pathname === "/counts") return void response.end(JSON.stringify(Object.fromEntries(counts)));
  if (url.pathname === "/delay") {
    delayMs = Number(url.searchParams.get("ms") ?? 0);
    return void response.end("{}");
  }
  const target = request.headers["x-amz-target"];
  const action = typeof target === "string" ? (target.split(".")[1] ?? "") : "GetCallerIdentity";
  counts.set(action, (counts.get(action) ?? 0) + 1);
  if (delayMs > 0) await wait(delayMs);
  if (action === "GetCallerIdentity") return void response.setHeader("content-type", "text/xml").end(IDENTITY);
  const reply = answer(action, JSON.parse(body) as Body, url.origin);
  response.setHeader("content-type", "application/x-amz-json-1.0");
  if (reply) return void response.end(JSON.stringify(reply));
  response.statusCode = 400;
  response.setHeader("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender");
  response.end(
    JSON.stringify({ __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "The specified queue does not exist." }),
  );
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: Error) => {
    response.statusCode = 500;
    response.end(JSON.stringify({ __type: "InternalFailure", message: error.message }));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once("SIGTERM", () => process.exit(0));
