/**
 * The bench's stand-in for AWS: as much of SQS and STS as a Queue needs, and of Step Functions as a run, from memory, so fast that it is not what is
 * measured, and it counts every call. Not a test double: it proves nothing of what an adapter asks.
 *
 * `node bench/cloud.ts` prints its URL as one line, and answers besides AWS's calls:
 *
 *   GET  /counts               the calls by action, refused ones included; "refused": how many those were
 *   POST /delay?ms=100         each call takes that long from now on
 *   POST /throttle?part=0.8    refuses this part of SQS's calls from now on, as SQS does that is asked too often; the same
 *                              ones each time
 *   GET  /executions           {"begun": how many executions there are}
 *   POST /tamper               sets the visibility timeout of every queue to a value that nobody asked for
 *   GET  /corrections          ms from that until it was set again, of each queue where it was
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { createStates } from "./states.ts";

interface Queue {
  readonly url: string;
  readonly attributes: Record<string, string>;
  readonly tags: Record<string, string>;
  tamperedAt?: number | undefined;
}

const ACCOUNT = "000000000000";
const REGION = "us-east-1";
const TAMPERED = "43";
const queues = new Map<string, Queue>();
const counts = new Map<string, number>();
const corrections: number[] = [];
const states = createStates();
let delayMs = 0;
let throttledPart = 0;
let dice = 1;

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
const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);

/** Lehmer's generator: the same calls are refused in each run. */
function refuses(): boolean {
  dice = (dice * 48_271) % 2_147_483_647;
  return dice / 2_147_483_647 < throttledPart;
}

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
      if (queue.tamperedAt !== undefined && queue.attributes.VisibilityTimeout !== TAMPERED) {
        corrections.push(performance.now() - queue.tamperedAt);
        queue.tamperedAt = undefined;
      }
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

/** What the bench asks, and no cloud has. Undefined: something else was asked. */
function control({ pathname, searchParams }: URL): object | undefined {
  switch (pathname) {
    case "/counts":
      return Object.fromEntries(counts);
    case "/corrections":
      return corrections;
    case "/executions":
      return { begun: states.begun() };
    case "/delay":
      delayMs = Number(searchParams.get("ms") ?? 0);
      return {};
    case "/throttle":
      throttledPart = Number(searchParams.get("part") ?? 0);
      return {};
    case "/tamper":
      for (const queue of queues.values()) {
        queue.attributes.VisibilityTimeout = TAMPERED;
        queue.tamperedAt = performance.now();
      }
      return {};
    default:
      return undefined;
  }
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
  const body = await read(request);
  const said = control(url);
  if (said) return void response.end(JSON.stringify(said));
  const target = request.headers["x-amz-target"];
  const [service, action = "GetCallerIdentity"] = typeof target === "string" ? target.split(".") : [];
  count(action);
  if (delayMs > 0) await wait(delayMs);
  if (action === "GetCallerIdentity") return void response.setHeader("content-type", "text/xml").end(IDENTITY);
  response.setHeader("content-type", "application/x-amz-json-1.0");
  if (service === "AWSStepFunctions") {
    const told = states.answer(action, JSON.parse(body) as Record<string, string>);
    if (told) return void response.end(JSON.stringify(told));
    return refuse(response, "ExecutionDoesNotExist", "ExecutionDoesNotExist", "There is no such execution.");
  }
  if (refuses()) {
    count("refused");
    return refuse(response, "RequestThrottled", "RequestThrottled", "Request is throttled.");
  }
  const reply = answer(action, JSON.parse(body) as Body, url.origin);
  if (reply) return void response.end(JSON.stringify(reply));
  const message = "The specified queue does not exist.";
  refuse(response, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", message);
}

/** Of an error SQS has two names: one of its JSON protocol, one of the older protocol that clients still go by. */
function refuse(response: ServerResponse, type: string, older: string, message: string): void {
  response.statusCode = 400;
  response.setHeader("x-amzn-query-error", `${older};Sender`);
  response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message }));
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
