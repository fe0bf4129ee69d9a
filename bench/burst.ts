import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { type Cluster, startCluster } from "../hack/testbed/cluster.ts";
import type { Host } from "../hack/testbed/host.ts";
import { freePorts } from "../hack/testbed/ports.ts";
import { openRun, readRun } from "../hack/testbed/run.ts";
import { waitUntil } from "../hack/testbed/wait.ts";
import { type Client, createClient } from "../operator/runtime/client.ts";
import { createClock } from "../operator/runtime/clock.ts";
import { createLog } from "../operator/runtime/log.ts";
import { createReflector } from "../operator/runtime/reflector.ts";
import type { KubeObject, ResourceType } from "../operator/runtime/resource.ts";
import { createTransport } from "../operator/runtime/transport.ts";
import { added, load, quantile, requestsFor, type Usage, usageOf } from "./measure.ts";
import type { Peer } from "./peers.ts";

const QUEUES: ResourceType = {
  group: "onyx.onelens.io",
  version: "v1alpha1",
  plural: "queues",
  kind: "Queue",
  namespaced: true,
};
const ENVIRONMENTS: ResourceType = { ...QUEUES, plural: "environments", kind: "Environment", namespaced: false };
const SECRETS: ResourceType = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

/** What one run of the burst scenario measured. */
export interface Burst {
  readonly peer: string;
  readonly objects: number;
  /** Load of the machine before the start. */
  readonly load: number;
  readonly applySeconds: number;
  /** From the first create until the last object was Ready, by an independent watch. */
  readonly readySeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerObject: number;
  readonly peakMiB: number;
  readonly apiserverCpuMsPerObject: number;
  /** Requests of the peer to the API server an object, by verb; the driver's creates are left out. */
  readonly apiCalls: Readonly<Record<string, number>>;
  /** Calls to the cloud an object, by action. */
  readonly cloudCalls: Readonly<Record<string, number>>;
  /** Over the quiet time after the burst: writes to the API server. */
  readonly quietWrites: number;
  readonly deleteSeconds: number;
}

export interface BurstOptions {
  readonly objects: number;
  /** How many creates are under way at once. */
  readonly parallel: number;
  /** How long nothing happens after the burst. */
  readonly quietMs: number;
}

/** Boots a cluster and a cloud of its own, starts the peer, and measures: create all, until Ready; rest; delete all. */
export async function burst(peer: Peer, host: Host, options: BurstOptions): Promise<Burst> {
  const launch = await peer.prepare(host);
  const before = load();
  await using ground = new AsyncDisposableStack();
  const cluster = await startCluster({ name: `bench-${peer.name}` }, host);
  ground.defer(() => cluster.stop());
  const cloud = spawn(process.execPath, [join(host.root, "bench", "cloud.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  ground.defer(() => void cloud.kill());
  const [line] = (await once(cloud.stdout, "data")) as [Buffer];
  const cloudUrl = line.toString().trim();
  const client = clientFor(cluster);
  await install(cluster, client, host, cloudUrl);

  const run = await openRun(host, `bench-peer-${peer.name}`, { keep: false });
  ground.defer(() => run.stop());
  const [port] = (await freePorts(1)) as [number];
  const started = run.launch(launch({ kubeconfig: cluster.kubeconfig, cloud: cloudUrl, port }));
  const watched = await watchReady(client);
  ground.defer(() => watched.stop());
  const check = () => started.check();
  await createAll(client, "warm", 20, options.parallel);
  await waitUntil(() => watched.ready("warm").length === 20, {
    what: "The first 20 objects",
    timeoutMs: 60_000,
    check,
    explain: () => started.logTail(),
  });

  const pid = readRun(run.folder)?.processes[0]?.pid ?? 0;
  const apiserver = readRun(cluster.folder)?.processes.find((one) => one.name === "kube-apiserver")?.pid ?? 0;
  const start = await snapshot(cluster, cloudUrl, pid, apiserver);
  const created = await createAll(client, "burst", options.objects, options.parallel);
  const appliedAt = performance.now();
  await waitUntil(() => watched.ready("burst").length === options.objects, {
    what: `${options.objects} objects`,
    timeoutMs: 600_000,
    everyMs: 20,
    check,
    explain: () => started.logTail(),
  });
  const end = await snapshot(cluster, cloudUrl, pid, apiserver);
  const times = watched.ready("burst");
  const begin = Math.min(...created.values());

  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, options.quietMs);
  await promise;
  const rested = await snapshot(cluster, cloudUrl, pid, apiserver);

  const deleting = performance.now();
  await client.transport.request({
    method: "DELETE",
    path: "/apis/onyx.onelens.io/v1alpha1/namespaces/default/queues",
  });
  await waitUntil(() => watched.size() === 0, {
    what: "Deleting all",
    timeoutMs: 600_000,
    everyMs: 20,
    check,
    explain: () => started.logTail(),
  });
  const deleted = performance.now();

  const each = (counts: ReadonlyMap<string, number>) =>
    Object.fromEntries([...counts].map(([key, count]) => [key, Math.round((count / options.objects) * 1000) / 1000]));
  const api = new Map([...added(start.api, end.api)].filter(([verb]) => verb !== "POST" && verb !== "LIST"));
  const latencies = times.map(({ name, at }) => at - (created.get(name) ?? at));
  return {
    peer: peer.name,
    objects: options.objects,
    load: before,
    applySeconds: (appliedAt - begin) / 1000,
    readySeconds: (Math.max(...times.map(({ at }) => at)) - begin) / 1000,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuMsPerObject: ((end.peer.cpuSeconds - start.peer.cpuSeconds) * 1000) / options.objects,
    peakMiB: end.peer.peakMiB,
    apiserverCpuMsPerObject: ((end.apiserver.cpuSeconds - start.apiserver.cpuSeconds) * 1000) / options.objects,
    apiCalls: each(api),
    cloudCalls: each(added(start.cloud, end.cloud)),
    quietWrites: [...added(end.api, rested.api)]
      .filter(([verb]) => !/^(GET|LIST)/.test(verb))
      .reduce((sum, [, count]) => sum + count, 0),
    deleteSeconds: (deleted - deleting) / 1000,
  };
}

function clientFor(cluster: Cluster): Client {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  return createClient(createTransport(config, { clock: createClock(), log: createLog({ level: "silent" }) }));
}

async function install(cluster: Cluster, client: Client, host: Host, cloud: string): Promise<void> {
  const folder = join(host.root, "crds", "generated");
  const crds = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  for (const file of crds)
    await cluster.kubectl(["apply", "--server-side", "-f", "-"], readFileSync(join(folder, file), "utf8"));
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]);
  await client.create(SECRETS, "default", {
    metadata: { name: "cloud" },
    stringData: { AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench" },
  } as object);
  await client.create(ENVIRONMENTS, undefined, {
    metadata: { name: "bench" },
    spec: {
      cloud: "aws",
      region: "us-east-1",
      account: "000000000000",
      clusterName: "bench",
      default: true,
      credentials: { secretRef: { namespace: "default", name: "cloud" } },
      endpoints: { default: cloud },
      apiBudget: { default: 10_000 },
    },
  } as object);
}

interface Watched {
  /** Objects whose name begins so, with the moment when they were first seen Ready. */
  ready(prefix: string): readonly { readonly name: string; readonly at: number }[];
  size(): number;
  stop(): void;
}

async function watchReady(client: Client): Promise<Watched> {
  const stop = new AbortController();
  const seen = new Map<string, number>();
  const reflector = createReflector<KubeObject>({
    client,
    type: QUEUES,
    clock: createClock(),
    log: createLog({ level: "silent" }),
  });
  reflector.subscribe((event) => {
    if (event.type === "deleted") return;
    const { metadata, status } = event.object as KubeObject & {
      status?: { conditions?: { type: string; status: string }[] };
    };
    if (seen.has(metadata.name) || !status?.conditions?.some((one) => one.type === "Ready" && one.status === "True"))
      return;
    seen.set(metadata.name, performance.now());
  });
  void reflector.start(stop.signal);
  await reflector.synced();
  return {
    ready: (prefix) => [...seen].filter(([name]) => name.startsWith(prefix)).map(([name, at]) => ({ name, at })),
    size: () => reflector.size,
    stop: () => stop.abort(),
  };
}

/** Creates objects, so many at once, and tells when each create was sent. */
async function createAll(
  client: Client,
  prefix: string,
  count: number,
  parallel: number,
): Promise<ReadonlyMap<string, number>> {
  const sent = new Map<string, number>();
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const name = `${prefix}-${next++}`;
      sent.set(name, performance.now());
      await client.create(QUEUES, "default", { metadata: { name }, spec: {} } as object);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return sent;
}

interface Snapshot {
  readonly api: ReadonlyMap<string, number>;
  readonly cloud: ReadonlyMap<string, number>;
  readonly peer: Usage;
  readonly apiserver: Usage;
}

async function snapshot(cluster: Cluster, cloudUrl: string, pid: number, apiserver: number): Promise<Snapshot> {
  const metrics = await cluster.kubectl(["get", "--raw", "/metrics"]);
  const cloud = (await (await fetch(`${cloudUrl}/counts`)).json()) as Record<string, number>;
  return {
    api: requestsFor(metrics, "queues"),
    cloud: new Map(Object.entries(cloud)),
    peer: usageOf(pid),
    apiserver: usageOf(apiserver),
  };
}
