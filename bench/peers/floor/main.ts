/**
 * The least possible program for a Queue, and for a WorkflowRun: a watch, ten requests at once on one shared agent, and for each object the
 * writes and the one call to the cloud that can't be left out. It keeps no copy of anything, tries nothing again, and ends
 * when the API server can't be reached. Nobody could run it; it shows what the API server and the machine take whatever the
 * operator is.
 *
 * `KUBECONFIG=… node bench/peers/floor/main.ts URL-OF-THE-CLOUD`
 */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Agent, request } from "undici";
import { parse } from "yaml";
import { isDone, type Queue, readyStatus, sqs } from "../sqs.ts";

const FINALIZER = "bench.onyx.onelens.io/queue";
const WORKERS = 10;
const GROUP = "/apis/onyx.onelens.io/v1alpha1";
/** How often an execution is looked at, in ms. */
const LOOK_MS = 1_000;

/** As the test bed writes it. */
interface KubeConfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } },
  ];
  readonly users: readonly [
    { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } },
  ];
}

const endpoint = process.argv[2] ?? "";
const { clusters, users } = parse(readFileSync(process.env.KUBECONFIG ?? "", "utf8")) as KubeConfig;
const { server, "certificate-authority-data": ca } = clusters[0].cluster;
const { "client-certificate-data": cert, "client-key-data": key } = users[0].user;
const pem = (data: string) => Buffer.from(data, "base64");
const tls = { ca: pem(ca), cert: pem(cert), key: pem(key) };
const agent = new Agent({ connections: WORKERS, connect: tls });
const watching = new Agent({ connect: tls, bodyTimeout: 0 });
const clouds = new Agent({ connections: WORKERS });

const cloud = sqs(async (headers, body) => {
  const reply = await request(endpoint, { method: "POST", headers, body, dispatcher: clouds });
  return { status: reply.statusCode, text: await reply.body.text() };
});

async function patch(
  { metadata }: Pick<Queue, "metadata">,
  body: object,
  subresource = "",
  plural = "queues",
): Promise<void> {
  const path = `/apis/onyx.onelens.io/v1alpha1/namespaces/${metadata.namespace}/${plural}/${metadata.name}${subresource}`;
  const reply = await request(`${server}${path}`, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: JSON.stringify(body),
    dispatcher: agent,
  });
  await reply.body.dump();
  if (reply.statusCode >= 300) throw new Error(`PATCH ${path}: ${reply.statusCode}`);
}

async function reconcile(queue: Queue): Promise<void> {
  const { generation, finalizers = [], deletionTimestamp } = queue.metadata;
  if (deletionTimestamp !== undefined) {
    await cloud.delete(queue);
    return patch(queue, { metadata: { finalizers: finalizers.filter((one) => one !== FINALIZER) } });
  }
  if (!finalizers.includes(FINALIZER)) await patch(queue, { metadata: { finalizers: [...finalizers, FINALIZER] } });
  await patch(queue, { status: readyStatus(generation, await cloud.put(queue)) }, "/status");
}

/** What was begun, by uid: its generation, or "deletion". Our own writes come back by the watch. */
const begun = new Map<string, number | "deletion">();
const waiting: (() => Promise<void>)[] = [];
let running = 0;

function pump(): void {
  while (running < WORKERS) {
    const next = waiting.shift();
    if (!next) return;
    running++;
    next()
      .catch((error: Error) => console.error(error.message))
      .finally(() => {
        running--;
        pump();
      });
  }
}

function queueUp(work: () => Promise<void>): void {
  waiting.push(work);
  pump();
}

function see(type: string, object: Queue): void {
  const {
    uid,
    generation,
    finalizers = [],
    deletionTimestamp,
  } = object.metadata as Queue["metadata"] & { uid: string };
  if (type === "DELETED") return void begun.delete(uid);
  const what = deletionTimestamp === undefined ? generation : "deletion";
  if (begun.get(uid) === what || (what === "deletion" ? !finalizers.includes(FINALIZER) : isDone(object))) return;
  begun.set(uid, what);
  queueUp(() => reconcile(object));
}

/** A run of the one workflow that there is. */
interface Run {
  readonly metadata: Queue["metadata"] & { readonly uid: string };
  readonly status?: { readonly phase?: string };
}

async function states(action: string, body: object): Promise<Record<string, string>> {
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AWSStepFunctions.${action}` };
  const reply = await request(endpoint, { method: "POST", headers, body: JSON.stringify(body), dispatcher: clouds });
  return (await reply.body.json()) as Record<string, string>;
}

async function start(run: Run): Promise<void> {
  await patch(run, { metadata: { finalizers: [FINALIZER] } }, "", "workflowruns");
  const machine = "arn:aws:states:us-east-1:000000000000:stateMachine:bench";
  const { executionArn } = await states("StartExecution", {
    stateMachineArn: machine,
    name: run.metadata.uid,
    input: "{}",
  });
  const status = { phase: "Running", externalId: executionArn, startedAt: new Date().toISOString() };
  await patch(run, { status }, "/status", "workflowruns");
  setTimeout(() => queueUp(() => look(run, executionArn!)), LOOK_MS);
}

async function look(run: Run, executionArn: string): Promise<void> {
  const { status, output } = await states("DescribeExecution", { executionArn });
  if (status === "RUNNING") return void setTimeout(() => queueUp(() => look(run, executionArn)), LOOK_MS);
  const ended = { phase: "Succeeded", output, finishedAt: new Date().toISOString() };
  await patch(run, { status: ended }, "/status", "workflowruns");
}

function seeRun(type: string, run: Run): void {
  const { uid } = run.metadata;
  if (type !== "ADDED" || begun.has(uid)) return;
  begun.set(uid, 1);
  queueUp(() => start(run));
}

/** Until the end of the process. */
async function watch<T>(plural: string, seen: (type: string, object: T) => void): Promise<never> {
  for (;;) {
    const url = `${server}${GROUP}/${plural}?watch=1`;
    const { body, statusCode } = await request(url, { dispatcher: watching, headersTimeout: 0 });
    if (statusCode !== 200) {
      // A kind that is new is not served yet.
      await body.dump();
      await delay(100);
      continue;
    }
    let rest = "";
    for await (const chunk of body.setEncoding("utf8")) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: T };
        seen(type, object);
      }
    }
  }
}

process.once("SIGTERM", () => process.exit(0));
await Promise.all([watch("queues", see), watch("workflowruns", seeRun)]);
