import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { stringify } from "yaml";
import { freePorts } from "../../hack/testbed/ports.ts";
import { waitUntil } from "../../hack/testbed/wait.ts";
import { LEASES, type Lease } from "../../operator/runtime/lease-record.ts";
import type { Lane } from "./lane.ts";

const root = resolve(import.meta.dirname, "../..");
const LEASE = { namespace: "default", name: "chaos" } as const;
/** A busy machine takes its time. */
const READY_MS = 60_000;

/** `operator/main.ts` as a process of its own: for what takes signals, leases and clocks of a process. */
export interface Replica {
  readonly name: string;
  /** `SIGSTOP`, `SIGCONT`, `SIGTERM`, … */
  signal(signal: NodeJS.Signals): void;
  /** The code, or the signal, that ended it within this time, in ms; undefined: it lives on. */
  endsWithin(ms: number): Promise<number | NodeJS.Signals | undefined>;
  isAlive(): boolean;
  /** What it tells at /metrics: the values by name and labels. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** Whether the lease names it. */
  leads(): Promise<boolean>;
  /** Ends it, whatever state it is in, and takes its log for the lane's evidence. */
  stop(): Promise<void>;
}

export interface ReplicaOptions {
  readonly name: string;
  readonly namespace: string;
  /** What its wall clock is ahead of the machine's, in ms. SIGUSR2 sets it ahead by an hour more. */
  readonly skewMs?: number;
}

/** Starts one, through the lane's boundaries, on the machine's time. */
export async function startReplica(lane: Lane, options: ReplicaOptions): Promise<Replica> {
  const folder = await mkdtemp(join(tmpdir(), "onyx-chaos-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigOf(lane.wire.server));
  const [port] = await freePorts(1);
  const child = spawn(
    process.execPath,
    [
      ...(options.skewMs === undefined ? [] : ["--import", join(import.meta.dirname, "skewed-clock.ts")]),
      join(root, "operator/main.ts"),
      `--kubeconfig=${kubeconfig}`,
      `--address=127.0.0.1:${port}`,
      `--namespace=${options.namespace}`,
      `--lease-namespace=${LEASE.namespace}`,
      `--lease-name=${LEASE.name}`,
      "--log-level=debug",
    ],
    {
      env: { ...process.env, POD_NAME: options.name, NO_COLOR: "1", ONYX_SKEW_MS: String(options.skewMs ?? 0) },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => said.push(bytes.toString()));
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = endOf(child);
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const isReady = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  const replica: Replica = {
    name: options.name,
    signal: (signal) => void child.kill(signal),
    endsWithin: (ms) => Promise.race([ended, rest(ms, undefined, { ref: false })]),
    isAlive,
    metrics: async () => parseMetrics(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
    async leads() {
      const lease = await lane.api.client.find<Lease>(LEASES, LEASE);
      return lease?.spec?.holderIdentity?.startsWith(`${options.name}_`) === true;
    },
    async stop() {
      process.removeListener("exit", kill);
      if (isAlive()) kill();
      await ended;
      lane.evidence.lines.push(...said);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await settle(isReady, READY_MS).catch(async (error: Error) => {
    await replica.stop();
    throw new Error(`${options.name} is not ready: ${error.message}\n${said.join("").slice(-2_000)}`);
  });
  return replica;
}

/** `onyx_queue_depth{name="Queue"} 3`, a line each. */
function parseMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

/** Waits, on the machine's time. @returns how long that took, in ms @throws Error when it takes too long */
export async function settle(holds: () => Promise<boolean> | boolean, timeoutMs: number, what = "It"): Promise<number> {
  const since = performance.now();
  await waitUntil(holds, { what, timeoutMs, everyMs: 20 });
  return performance.now() - since;
}

/** No replica holds the lease any more. */
export async function freeLease(lane: Lane): Promise<void> {
  await lane.api.client.delete(LEASES, LEASE);
}

export const readLease = (lane: Lane): Promise<Lease | undefined> => lane.api.client.find<Lease>(LEASES, LEASE);

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return signal ?? code ?? -1;
}

const kubeconfigOf = (server: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "it",
    clusters: [{ name: "it", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "it", user: {} }],
    contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
  });
