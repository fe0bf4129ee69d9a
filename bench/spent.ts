import { setTimeout as delay } from "node:timers/promises";
import { added, requestsFor, type Usage, usageOf } from "./measure.ts";
import type { Scene } from "./scene.ts";

/** What was counted until a moment. */
export interface Count {
  /** In ms, by `performance.now`. */
  readonly at: number;
  /** Requests for Queues by verb, without watches and without what the driver asked. */
  readonly api: ReadonlyMap<string, number>;
  /** Events written, of whatever object. */
  readonly events: number;
  /** Calls to the cloud by action. */
  readonly cloud: ReadonlyMap<string, number>;
  readonly peer: Usage;
  readonly apiserver: Usage;
}

export async function countOf({ cluster, cloud, peer, apiserver, driver }: Scene): Promise<Count> {
  const metrics = await cluster.kubectl(["get", "--raw", "/metrics"]);
  return {
    at: performance.now(),
    api: added(driver.counts(), requestsFor(metrics, "queues")),
    events: requestsFor(metrics, "events").get("POST") ?? 0,
    cloud: await cloud.counts(),
    peer: usageOf(peer.pid),
    apiserver: usageOf(apiserver),
  };
}

/** What was done between two counts of the same process. */
export interface Spent {
  readonly seconds: number;
  readonly api: ReadonlyMap<string, number>;
  readonly events: number;
  readonly cloud: ReadonlyMap<string, number>;
  /** CPU time in ms, of the peer and of kube-apiserver. */
  readonly cpuMs: number;
  readonly apiserverCpuMs: number;
}

export function spentBetween(from: Count, to: Count): Spent {
  return {
    seconds: (to.at - from.at) / 1000,
    api: added(from.api, to.api),
    events: to.events - from.events,
    cloud: added(from.cloud, to.cloud),
    cpuMs: (to.peer.cpuSeconds - from.peer.cpuSeconds) * 1000,
    apiserverCpuMs: (to.apiserver.cpuSeconds - from.apiserver.cpuSeconds) * 1000,
  };
}

const SETTLED_MS = 1_000;

/** Counts once nothing was added for a second: the last answers are counted after the watch has told of them. */
export async function countAtRest(scene: Scene): Promise<Count> {
  for (let last = await countOf(scene); ; ) {
    await delay(SETTLED_MS);
    const next = await countOf(scene);
    const { api, events, cloud } = spentBetween(last, next);
    if (api.size === 0 && cloud.size === 0 && events === 0) return next;
    last = next;
  }
}
