import { KubeConfig } from "@kubernetes/client-node";
import type { Kind } from "../../crds/define.ts";
import { kinds } from "../../crds/index.ts";
import { type EnvironmentObject, environmentPass } from "../reconcile/environment.ts";
import { type EnvironmentRegistry, noTokens, type Tokens } from "../reconcile/environments.ts";
import type { LeafStatus } from "../reconcile/leaf-object.ts";
import type { KubeObject } from "../reconcile/object.ts";
import { tokensFrom } from "../reconcile/tokens.ts";
import { type Client, createClient } from "../runtime/client.ts";
import { createClock } from "../runtime/clock.ts";
import { ApiError, isNotFound } from "../runtime/errors.ts";
import { createLog } from "../runtime/log.ts";
import { nameOfType, type ResourceType, type KubeObject as ServerObject } from "../runtime/resource.ts";
import { createTransport } from "../runtime/transport.ts";

/** A cluster as the command line sees it: read once, then looked up. */
export interface ClusterView {
  /** Name of the context. */
  readonly context: string;
  readonly client: Client;
  readonly objects: readonly KubeObject[];
  live(kind: string, namespace: string, name: string): KubeObject<unknown, LeafStatus> | undefined;
}

/** A cluster that can't be read; the message says which and what to do. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

/** How a kind of ours is addressed. */
export const typeOf = (kind: Kind): ResourceType => ({
  group: kind.group,
  version: kind.version,
  plural: kind.plural,
  kind: kind.kind,
  namespaced: kind.scope === "Namespaced",
});

/**
 * The way to a cluster; nothing is asked yet.
 * @param kubeconfig path; undefined: KUBECONFIG, else ~/.kube/config
 * @throws ClusterError
 */
export function openCluster(
  kubeconfig: string | undefined,
  context: string | undefined,
): Pick<ClusterView, "context" | "client"> {
  const config = new KubeConfig();
  if (kubeconfig) config.loadFromFile(kubeconfig);
  else config.loadFromDefault();
  if (context) config.setCurrentContext(context);
  const name = config.getCurrentContext();
  if (!config.getCurrentCluster())
    throw new ClusterError(`${kubeconfig ?? "The kubeconfig"} has no context "${name}".`);
  const log = createLog({ level: "silent" });
  return { context: name, client: createClient(createTransport(config, { clock: createClock(), log })) };
}

/**
 * Reads every object of ours in a cluster.
 * @param kubeconfig as of `openCluster`
 * @throws ClusterError
 */
export async function readCluster(kubeconfig: string | undefined, context: string | undefined): Promise<ClusterView> {
  const { context: name, client } = openCluster(kubeconfig, context);
  const lists = await Promise.all(kinds.map((kind) => listObjects(client, typeOf(kind), name)));
  const objects = lists.flat() as readonly KubeObject[];
  const index = new Map(
    objects.map((object) => [keyOf(object.kind, object.metadata.namespace ?? "", object.metadata.name), object]),
  );
  return {
    context: name,
    client,
    objects,
    live: (kind, namespace, object) =>
      index.get(keyOf(kind, namespace, object)) as KubeObject<unknown, LeafStatus> | undefined,
  };
}

/**
 * Lists the objects of one type.
 * @param context for messages
 * @throws ClusterError
 */
export async function listObjects<T extends ServerObject>(
  client: Client,
  type: ResourceType,
  context: string,
  namespace?: string,
): Promise<readonly T[]> {
  try {
    return (await client.list<T>(type, { namespace })).items;
  } catch (error) {
    if (isNotFound(error))
      throw new ClusterError(
        `Cluster ${context} has no ${nameOfType(type)}. Install the chart onyx-crds first, or upgrade it.`,
      );
    if (error instanceof ApiError)
      throw new ClusterError(`Cluster ${context}: listing ${type.plural}: ${error.message}`);
    throw new ClusterError(`Cluster ${context} can't be reached: ${(error as Error).message}`);
  }
}

/** Tokens for who looks at a cluster, by their own rights in it. Without a cluster there are none. */
export const tokensOf = (cluster: Pick<ClusterView, "client"> | undefined): Tokens =>
  cluster ? tokensFrom(cluster.client, "have `create serviceaccounts/token` given to you") : noTokens;

/** Connects the Environments: those given first, then those of the cluster that are not among them. */
export async function connectEnvironments(
  registry: EnvironmentRegistry,
  environments: readonly EnvironmentObject[],
  secret: (namespace: string, name: string) => Promise<Readonly<Record<string, string>> | undefined>,
  tokens: Tokens,
  timeoutMs = 30_000,
): Promise<void> {
  const host = {
    registry,
    secret: (ref: { namespace: string; name: string }) => secret(ref.namespace, ref.name),
    tokens,
    counts: () => ({ managed: 0, ready: 0, failed: 0, disabled: 0 }),
    monthlyCost: () => undefined,
    budgets: () => [],
    now: () => new Date(),
    resyncMs: 0,
  };
  await Promise.all(
    environments.map((environment) => environmentPass(environment, host, AbortSignal.timeout(timeoutMs))),
  );
}

const keyOf = (kind: string, namespace: string, name: string) => `${kind}/${namespace}/${name}`;
