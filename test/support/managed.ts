import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { stringify } from "yaml";
import type { Cluster } from "../../hack/testbed/index.ts";
import type { Connect, Wrap } from "../../operator/reconcile/environments.ts";
import { createEnvironmentRegistry } from "../../operator/reconcile/environments.ts";
import { createManager, type ManagerOptions } from "../../operator/reconcile/manager.ts";
import { type Clock, createClock } from "../../operator/runtime/clock.ts";
import { createDiscovery } from "../../operator/runtime/discovery.ts";
import { createLog, type Log } from "../../operator/runtime/log.ts";
import { composites, leaves, runs } from "../../operator/wiring.ts";
import { type Api, apiOf, OWN_TYPES } from "./api.ts";

const CRDS = resolve(import.meta.dirname, "../../charts/onyx-crds/templates");

/** Serves our kinds in a cluster, and those of more folders. */
export async function installKinds({ kubectl }: Pick<Cluster, "kubectl">, ...more: readonly string[]): Promise<void> {
  for (const folder of [CRDS, ...more]) await kubectl(["apply", "--server-side", "-f", folder]);
  await kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
}

/** Applies objects as a user does. */
export const applyTo = ({ kubectl }: Pick<Cluster, "kubectl">, ...objects: readonly object[]): Promise<string> =>
  kubectl(["apply", "--server-side", "--force-conflicts", "-f=-"], objects.map((one) => stringify(one)).join("---\n"));

/** An object of ours in a namespace; without one: a cluster-scoped one. */
export const ours = (kind: string, name: string, spec: object, namespace?: string) => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind,
  metadata: namespace === undefined ? { name } : { name, namespace },
  spec,
});

export interface ManagedOptions {
  readonly connect: Connect;
  readonly wrap?: Wrap;
  readonly log?: Log;
  readonly tell?: ManagerOptions["tell"];
  /** The way to the API server. Absent: straight. */
  readonly api?: Api;
  readonly clock?: Clock;
  /** Of the caches; the machine's unless given. */
  readonly cacheClock?: Clock;
  readonly metrics?: ManagerOptions["metrics"];
  /** Only objects of this namespace. */
  readonly namespace?: string | undefined;
  readonly resyncMs?: number;
  /** Aborted by `stop` unless given. */
  readonly ended?: AbortController;
}

/** The operator's controllers, in this process. */
export interface Managed {
  readonly api: Api;
  /** Ends what is under way in good order. */
  stop(): Promise<void>;
  /** Ends it where it stands; what it still tries must be kept from the world by others. */
  drop(): Promise<void>;
}

/** Starts all controllers against a cluster that serves our kinds. */
export async function startManaged(cluster: Cluster, options: ManagedOptions): Promise<Managed> {
  const { ended = new AbortController(), log = createLog({ level: "error" }), tell = () => {} } = options;
  const { api = apiOf(cluster), clock = createClock() } = options;
  const discovery = createDiscovery(api.transport, clock);
  const isServed = (kind: string) => options.namespace === undefined || kind !== "Tenant";
  const manager = createManager({
    client: api.client,
    clock,
    cacheClock: options.cacheClock ?? createClock(),
    log,
    metrics: options.metrics,
    registry: createEnvironmentRegistry(options.connect, options.wrap ?? ((_kind, provider) => provider)),
    types: new Map([...OWN_TYPES].filter(([kind]) => isServed(kind))),
    leaves,
    composites: composites.filter(({ kind }) => isServed(kind)),
    runs,
    serves: (type) => discovery.serves(type),
    fence: ended.signal,
    tell,
    now: () => new Date(clock.now()),
    concurrency: 4,
    namespace: options.namespace,
    resyncMs: options.resyncMs ?? 3_600_000,
    randomBytes,
  });
  const end = async () => {
    ended.abort(new Error("the test is over"));
    await api.transport.close();
  };
  const stop = async () => {
    await manager.drain(5_000);
    await end();
  };
  const drop = async () => {
    await Promise.all([end(), manager.drain(0)]);
  };
  try {
    await manager.watch(ended.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  manager.start();
  return { api, stop, drop };
}
