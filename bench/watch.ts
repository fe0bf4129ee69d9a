import type { Client } from "../operator/runtime/client.ts";
import { createClock } from "../operator/runtime/clock.ts";
import { createLog } from "../operator/runtime/log.ts";
import { createReflector } from "../operator/runtime/reflector.ts";
import type { KubeObject, ResourceType } from "../operator/runtime/resource.ts";

export const QUEUES: ResourceType = {
  group: "onyx.onelens.io",
  version: "v1alpha1",
  plural: "queues",
  kind: "Queue",
  namespaced: true,
};

/** What a watch that has nothing to do with the peer sees. Times are those of `performance.now`. */
export interface Watched {
  /** When the objects `prefix-…` were first seen Ready in this generation or a later one, by name. */
  ready(prefix: string, generation?: number): ReadonlyMap<string, number>;
  /** When the object was first seen to have been written to since it was made. */
  writtenAt(name: string): number | undefined;
  /** How many objects there are. */
  size(): number;
  stop(): void;
}

type Queue = KubeObject & {
  readonly metadata: { readonly generation?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
};

/** `burst` of `burst-12`. */
const prefixOf = (name: string) => name.slice(0, name.lastIndexOf("-"));

export async function watchQueues(client: Client): Promise<Watched> {
  const stop = new AbortController();
  /** By prefix and generation. */
  const seen = new Map<string, Map<string, number>>();
  const written = new Map<string, number>();
  const log = createLog({ level: "silent" });
  const reflector = createReflector<Queue>({ client, type: QUEUES, clock: createClock(), log });
  const take = ({ metadata, status }: Queue) => {
    const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True");
    const generation = metadata.generation ?? 0;
    if (!ready || status?.observedGeneration !== generation) return;
    for (let reached = 1; reached <= generation; reached++) {
      const key = `${prefixOf(metadata.name)} ${reached}`;
      const times = seen.get(key) ?? new Map<string, number>();
      if (!times.has(metadata.name)) times.set(metadata.name, performance.now());
      seen.set(key, times);
    }
  };
  reflector.subscribe((event) => {
    if (event.type === "deleted") return;
    const { name } = event.object.metadata;
    if (event.type === "updated" && !written.has(name)) written.set(name, performance.now());
    take(event.object);
  });
  void reflector.start(stop.signal);
  await reflector.synced();
  return {
    ready: (prefix, generation = 1) => seen.get(`${prefix} ${generation}`) ?? new Map(),
    writtenAt: (name) => written.get(name),
    size: () => reflector.size,
    stop: () => stop.abort(),
  };
}
