import { KubeConfig } from "@kubernetes/client-node";
import type { Cluster } from "../../hack/testbed/cluster.ts";
import { waitUntil } from "../../hack/testbed/index.ts";
import { type Client, createClock, type KubeObject, type ResourceType } from "../../operator/runtime/index.ts";
import { createMemoryLog } from "../../operator/runtime/testing/memory-log.ts";
import { createTransport, type Transport, type TransportOptions } from "../../operator/runtime/transport.ts";

export const CONFIG_MAPS: ResourceType = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** A way to a cluster of the test bed; through another port if one is given. */
export function connectTo(cluster: Cluster, port?: number, options: Partial<TransportOptions> = {}): Transport {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  if (port) {
    const { server: _, ...rest } = config.getCurrentCluster()!;
    config.clusters = [{ ...rest, server: `https://127.0.0.1:${port}` }];
  }
  return createTransport(config, { clock: createClock(), log: createMemoryLog(), ...options });
}

/** Waits for something that a test brought about. */
export function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  return waitUntil(condition, { what, timeoutMs, everyMs: 10 });
}

/** A fresh namespace. */
export async function namespace(client: Client, name: string): Promise<string> {
  const type: ResourceType = { group: "", version: "v1", plural: "namespaces", kind: "Namespace", namespaced: false };
  await client.create(type, undefined, { metadata: { name } });
  return name;
}

/** Does something for each of many, a few at a time. */
export async function forEachOf<T>(
  items: readonly T[],
  concurrency: number,
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
