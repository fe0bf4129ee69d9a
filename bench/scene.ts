import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { type Cluster, startCluster } from "../hack/testbed/cluster.ts";
import type { Host } from "../hack/testbed/host.ts";
import { freePorts } from "../hack/testbed/ports.ts";
import { type Launched, openRun, readRun } from "../hack/testbed/run.ts";
import { waitUntil } from "../hack/testbed/wait.ts";
import { type Client, createClient } from "../operator/runtime/client.ts";
import { createClock } from "../operator/runtime/clock.ts";
import { createLog } from "../operator/runtime/log.ts";
import { createReflector } from "../operator/runtime/reflector.ts";
import type { KubeObject, ResourceType } from "../operator/runtime/resource.ts";
import { SECRETS } from "../operator/runtime/secrets.ts";
import { createTransport } from "../operator/runtime/transport.ts";
import type { Peer } from "./peers.ts";

const QUEUES: ResourceType = {
  group: "onyx.onelens.io",
  version: "v1alpha1",
  plural: "queues",
  kind: "Queue",
  namespaced: true,
};
const ENVIRONMENTS: ResourceType = { ...QUEUES, plural: "environments", kind: "Environment", namespaced: false };

/** A peer at work on a cluster and a cloud of its own. */
export interface Scene extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly client: Client;
  /** URL of the cloud stand-in. */
  readonly cloud: string;
  readonly peer: Launched;
  /** Process ids. */
  readonly pids: { readonly peer: number; readonly apiserver: number };
  /** What an independent watch sees. */
  readonly watched: Watched;
  /** Creates Queues `prefix-0`, `prefix-1` and so on, so many at once, and tells when each create was sent. */
  create(prefix: string, count: number, parallel: number): Promise<ReadonlyMap<string, number>>;
  /** Waits until so many Queues of that prefix are Ready. */
  ready(prefix: string, count: number, timeoutMs: number): Promise<void>;
}

/** Boots a cluster and a cloud, starts the peer, and waits until it has made 20 Queues. */
export async function setScene(peer: Peer, host: Host): Promise<Scene> {
  const launch = await peer.prepare(host);
  await using undo = new AsyncDisposableStack();
  const cluster = await startCluster({ name: `bench-${peer.name}` }, host);
  undo.defer(() => cluster.stop());
  const stand = spawn(process.execPath, [join(host.root, "bench", "cloud.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  undo.defer(() => void stand.kill());
  const [line] = (await once(stand.stdout, "data")) as [Buffer];
  const cloud = line.toString().trim();
  const client = clientFor(cluster);
  await install(cluster, client, host, cloud);

  const run = await openRun(host, `bench-peer-${peer.name}`, { keep: false });
  undo.defer(() => run.stop());
  const [port] = (await freePorts(1)) as [number];
  const started = run.launch(launch({ kubeconfig: cluster.kubeconfig, cloud, port }));
  const watched = await watchReady(client);
  undo.defer(() => watched.stop());
  const processes = [run.folder, cluster.folder].flatMap((folder) => readRun(folder)?.processes ?? []);
  const pidOf = (name: string) => processes.find((one) => one.name === name)?.pid ?? 0;
  const create: Scene["create"] = (...args) => createAll(client, ...args);
  const ready: Scene["ready"] = (prefix, count, timeoutMs) =>
    waitUntil(() => watched.ready(prefix).length === count, {
      what: `${count} Queues`,
      timeoutMs,
      everyMs: 20,
      check: () => started.check(),
      explain: () => started.logTail(),
    });
  await create("warm", 20, 16);
  await ready("warm", 20, 60_000);

  const end = undo.move();
  return {
    cluster,
    client,
    cloud,
    peer: started,
    pids: { peer: pidOf(peer.name), apiserver: pidOf("kube-apiserver") },
    watched,
    create,
    ready,
    [Symbol.asyncDispose]: () => end.disposeAsync(),
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

export interface Watched {
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
