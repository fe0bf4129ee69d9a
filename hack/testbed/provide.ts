import { type Cluster, type ClusterOptions, startCluster } from "./cluster.ts";
import { useExisting } from "./existing.ts";
import { type Host, thisHost } from "./host.ts";
import { startInKind } from "./kind.ts";
import { chooseWay } from "./ways.ts";

/** What a cluster can do wherever it comes from. */
export interface AnyCluster
  extends Pick<Cluster, "name" | "folder" | "kubeconfig" | "kubectlPath" | "helmPath" | "kubectl" | "stop"> {
  /** The address at which this cluster's pods reach what listens on this machine at http://127.0.0.1:port. */
  reach(endpoint: string): Promise<string>;
}

/** A cluster by the way that the environment asks for. Which way that is can be told with `chooseWay(env).says`. */
export async function provideCluster(options: ClusterOptions, host: Host = thisHost()): Promise<AnyCluster> {
  const { way } = chooseWay(host.env);
  if (way.way === "kind") return startInKind(options, host);
  if (way.way === "existing") return useExisting(options, host);
  return localCluster(options, host);
}

/** A cluster of processes of this machine, whatever the environment asks for. */
export async function localCluster(options: ClusterOptions, host: Host = thisHost()): Promise<AnyCluster & Cluster> {
  return { ...(await startCluster(options, host)), reach: async (endpoint) => endpoint };
}
