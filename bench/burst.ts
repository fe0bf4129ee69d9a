import { setTimeout } from "node:timers/promises";
import type { Host } from "../hack/testbed/host.ts";
import { waitUntil } from "../hack/testbed/wait.ts";
import { added, load, quantile, requestsFor, type Usage, usageOf } from "./measure.ts";
import type { Peer } from "./peers.ts";
import { type Scene, setScene } from "./scene.ts";

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
  /** Events written until the end of the quiet time, of all objects together. */
  readonly events: number;
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

/** On a cluster of its own: create all, until Ready; rest; delete all. */
export async function burst(peer: Peer, host: Host, options: BurstOptions): Promise<Burst> {
  const before = load();
  await using scene = await setScene(peer, host);
  const { client, watched } = scene;
  const start = await snapshot(scene);
  const created = await scene.create("burst", options.objects, options.parallel);
  const appliedAt = performance.now();
  await scene.ready("burst", options.objects, 600_000);
  const end = await snapshot(scene);
  const times = watched.ready("burst");
  const begin = Math.min(...created.values());

  await setTimeout(options.quietMs);
  const rested = await snapshot(scene);

  const deleting = performance.now();
  await client.transport.request({
    method: "DELETE",
    path: "/apis/onyx.onelens.io/v1alpha1/namespaces/default/queues",
    timeoutMs: 600_000,
  });
  await waitUntil(() => watched.size() === 0, {
    what: "Deleting all",
    timeoutMs: 600_000,
    everyMs: 20,
    check: () => scene.peer.check(),
    explain: () => scene.peer.logTail(),
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
    events: (rested.events.get("POST") ?? 0) - (start.events.get("POST") ?? 0),
    quietWrites: [...added(end.api, rested.api)]
      .filter(([verb]) => !/^(GET|LIST)/.test(verb))
      .reduce((sum, [, count]) => sum + count, 0),
    deleteSeconds: (deleted - deleting) / 1000,
  };
}

interface Snapshot {
  readonly api: ReadonlyMap<string, number>;
  readonly events: ReadonlyMap<string, number>;
  readonly cloud: ReadonlyMap<string, number>;
  readonly peer: Usage;
  readonly apiserver: Usage;
}

async function snapshot({ cluster, cloud, pids }: Scene): Promise<Snapshot> {
  const metrics = await cluster.kubectl(["get", "--raw", "/metrics"]);
  const counts = (await (await fetch(`${cloud}/counts`)).json()) as Record<string, number>;
  return {
    api: requestsFor(metrics, "queues"),
    events: requestsFor(metrics, "events"),
    cloud: new Map(Object.entries(counts)),
    peer: usageOf(pids.peer),
    apiserver: usageOf(pids.apiserver),
  };
}
