import { KubeConfig } from "@kubernetes/client-node";
import { types } from "../../crds/generated/types.ts";
import type { Cluster } from "../../hack/testbed/index.ts";
import { type Client, createClient } from "../../operator/runtime/client.ts";
import { type Clock, createClock } from "../../operator/runtime/clock.ts";
import { createLog } from "../../operator/runtime/log.ts";
import type { ResourceType } from "../../operator/runtime/resource.ts";
import { createTransport, type Transport } from "../../operator/runtime/transport.ts";

/** The operator's own client to a cluster. */
export interface Api {
  readonly client: Client;
  readonly transport: Transport;
}

export function apiOf(cluster: Cluster, level: "silent" | "error" | "debug" = "error"): Api {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  return open(config, level);
}

/** The same, to a server without TLS that knows who we are. @param server such as `http://127.0.0.1:8080` */
export function apiAt(server: string, clock?: Clock): Api {
  const config = new KubeConfig();
  const named = { name: "it", cluster: "it", user: "it" };
  config.loadFromOptions({
    clusters: [{ name: "it", server, skipTLSVerify: true }],
    users: [{ name: "it" }],
    contexts: [named],
    currentContext: "it",
  });
  return open(config, "silent", clock);
}

function open(config: KubeConfig, level: "silent" | "error" | "debug", clock: Clock = createClock()): Api {
  const transport = createTransport(config, { clock, log: createLog({ level }) });
  return { client: createClient(transport), transport };
}

/** Every kind of ours as the API server addresses it. */
export const OWN_TYPES: ReadonlyMap<string, ResourceType> = new Map(types.map((type) => [type.kind, type]));
