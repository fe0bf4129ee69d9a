import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "./build.ts";
import { TestBedError } from "./errors.ts";
import { type Host, thisHost } from "./host.ts";
import { freePorts } from "./ports.ts";
import { type Launched, openRun, type Run } from "./run.ts";
import { waitUntil } from "./wait.ts";

export interface CloudOptions {
  /** The folder under .run, with the logs. By default one that nobody else has. */
  readonly name?: string;
  /** Whether it lives on when this process ends. Default false. */
  readonly keep?: boolean;
  /** More environment variables for the emulator. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface GcpCloudOptions extends CloudOptions {
  /** Where an engine that runs workflows answers: `url` of startWorkflowEngine. Absent: executions stay ACTIVE. */
  readonly workflowEngine?: string;
}

export interface AwsEmulator {
  /** Of every service, as http://127.0.0.1:port. A 12-digit access key id selects the account. */
  readonly endpoint: string;
  readonly log: string;
  /** Forgets everything that was created, in every account. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export interface GcpEmulator {
  /** host:port, without TLS. */
  readonly grpcEndpoint: string;
  /** As http://127.0.0.1:port. */
  readonly restEndpoint: string;
  readonly log: string;
  stop(): Promise<void>;
}

export interface Clouds {
  readonly aws: AwsEmulator;
  readonly gcp: GcpEmulator;
  stop(): Promise<void>;
}

const READY_MS = 60_000;

/** Both clouds. A name is shared: `NAME-aws` and `NAME-gcp`. */
export async function startClouds(options: CloudOptions = {}, host: Host = thisHost()): Promise<Clouds> {
  await ensureBuilt(host, ["ministack", "pubsub"], { signal: options.signal });
  const named = (cloud: string): CloudOptions =>
    options.name ? { ...options, name: `${options.name}-${cloud}` } : options;
  const starts = await Promise.allSettled([startAws(named("aws"), host), startGcp(named("gcp"), host)]);
  const [aws, gcp] = starts;
  if (aws.status === "fulfilled" && gcp.status === "fulfilled") {
    const stop = async (): Promise<void> => void (await Promise.all([aws.value.stop(), gcp.value.stop()]));
    return { aws: aws.value, gcp: gcp.value, stop };
  }
  for (const start of starts) if (start.status === "fulfilled") await start.value.stop();
  throw starts.find((start) => start.status === "rejected")?.reason;
}

/** ministack, without Docker; mended by `ministack/mends.py`. */
export async function startAws(options: CloudOptions = {}, host: Host = thisHost()): Promise<AwsEmulator> {
  const { ministack } = await ensureBuilt(host, ["ministack"], { signal: options.signal });
  return inRun("aws", options, host, async (run) => {
    const [port] = await freePorts(1);
    const endpoint = `http://127.0.0.1:${port}`;
    mkdirSync(run.path("tmp"));
    const launched = run.launch({
      name: "ministack",
      command: join(ministack, "venv", "bin", "python"),
      args: [join(host.root, "hack", "testbed", "ministack", "serve.py")],
      env: {
        BIND_HOST: "127.0.0.1",
        MINISTACK_HOST: "127.0.0.1",
        GATEWAY_PORT: String(port),
        TMPDIR: run.path("tmp"),
        PYTHONUNBUFFERED: "1",
        PYTHONDONTWRITEBYTECODE: "1",
        ...options.env,
      },
    });
    await answering(
      launched,
      "ministack",
      options.signal,
      async () => (await fetch(`${endpoint}/_ministack/health`)).ok,
    );
    run.ready({ aws: endpoint });
    return { endpoint, log: launched.log, reset: () => reset(endpoint), stop: () => run.stop() };
  });
}

/** moto, which knows AWS from other people than ministack: to see what an adapter owes to its emulator. */
export async function startMoto(options: CloudOptions = {}, host: Host = thisHost()): Promise<AwsEmulator> {
  const { moto } = await ensureBuilt(host, ["moto"], { signal: options.signal });
  return inRun("moto", options, host, async (run) => {
    const [port] = await freePorts(1);
    const endpoint = `http://127.0.0.1:${port}`;
    const launched = run.launch({
      name: "moto",
      command: join(moto, "venv", "bin", "python"),
      args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
      env: { MOTO_ACCOUNT_ID: "000000000000", PYTHONUNBUFFERED: "1", ...options.env },
    });
    const answers = async (path: string, method = "GET") => (await fetch(`${endpoint}${path}`, { method })).ok;
    await answering(launched, "moto", options.signal, () => answers("/moto-api/data.json"));
    run.ready({ aws: endpoint });
    const forget = async () => {
      if (!(await answers("/moto-api/reset", "POST"))) throw new TestBedError("moto did not reset.");
    };
    return { endpoint, log: launched.log, reset: forget, stop: () => run.stop() };
  });
}

async function reset(endpoint: string): Promise<void> {
  const answer = await fetch(`${endpoint}/_ministack/reset`, { method: "POST" });
  if (!answer.ok) throw new TestBedError(`ministack did not reset (${answer.status}): ${await answer.text()}`);
}

/** Our own GCP, which reads Google's API definitions, with Google's in-memory Pub/Sub behind it. */
export async function startGcp(options: GcpCloudOptions = {}, host: Host = thisHost()): Promise<GcpEmulator> {
  const { pubsub } = await ensureBuilt(host, ["pubsub"], { signal: options.signal });
  return inRun("gcp", options, host, async (run) => {
    const behind = run.launch({ name: "pubsub", command: join(pubsub, "pubsub"), args: ["-address", "127.0.0.1:0"] });
    const inner = await firstLine<{ grpc: string }>(behind, "pubsub", options.signal);
    const { workflowEngine } = options;
    const main = [join(host.root, "hack", "testbed", "gcp", "main.ts"), "--port", "0", "--pubsub", inner.grpc];
    const launched = run.launch({
      name: "gcp",
      command: process.execPath,
      args: [...main, ...(workflowEngine === undefined ? [] : ["--workflow-engine", workflowEngine])],
      env: { ...options.env },
    });
    const { grpc, rest } = await firstLine<{ grpc: string; rest: string }>(launched, "The GCP cloud", options.signal);
    run.ready({ "gcp-grpc": grpc, "gcp-rest": rest });
    return { grpcEndpoint: grpc, restEndpoint: rest, log: launched.log, stop: () => run.stop() };
  });
}

/** Opens a run, and ends it when the start fails. */
export async function inRun<T>(
  cloud: string,
  options: CloudOptions,
  host: Host,
  start: (run: Run) => Promise<T>,
): Promise<T> {
  const name = options.name ?? `${cloud}-${randomBytes(4).toString("hex")}`;
  const run = await openRun(host, name, { keep: options.keep ?? false });
  try {
    return await start(run);
  } catch (error) {
    await run.stop({ leaveFolder: !options.signal?.aborted });
    throw error;
  }
}

/** A program that is ready prints a line of JSON that says where it listens. */
export async function firstLine<T>(launched: Launched, what: string, signal: AbortSignal | undefined): Promise<T> {
  let found: T | undefined;
  await answering(launched, what, signal, async () => {
    const line = readFileSync(launched.log, "utf8").match(/^\{.*\}\n/m)?.[0];
    if (line !== undefined) found = JSON.parse(line) as T;
    return found !== undefined;
  });
  return found!;
}

/** Waits until a program that was launched answers, and says why when it ends instead. */
export function answering(
  { check, logTail: explain }: Launched,
  what: string,
  signal: AbortSignal | undefined,
  condition: () => Promise<boolean>,
): Promise<void> {
  return waitUntil(condition, { what, timeoutMs: READY_MS, signal, check, explain });
}
