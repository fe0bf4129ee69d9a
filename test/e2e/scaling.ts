import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../../hack/testbed/index.ts";

const LOGS = ["keda-operator", "keda-adapter"];
const LAST_LINES = 20;

/** What a Deployment's scaling looks like from each program that has a part in it: to tell with a test that failed. */
export async function scalingOf(cluster: Cluster, namespace: string, name: string): Promise<string> {
  const parts = await Promise.all([
    statusOf(cluster, namespace, `deployment/${name}`, "{.spec.replicas} replicas, {.status}"),
    statusOf(cluster, namespace, `hpa/keda-hpa-${name}`, "{.spec.metrics} {.status}"),
    statusOf(cluster, namespace, `scaledobject/${name}`, "{.status}"),
  ]);
  return [...parts, ...LOGS.map((log) => lastLines(cluster, log))].join("\n");
}

const statusOf = async (cluster: Cluster, namespace: string, object: string, path: string): Promise<string> => {
  const args = ["get", object, "-n", namespace, "-o", `jsonpath=${path}`];
  return `${object}: ${await cluster.kubectl(args).catch(String)}`;
};

function lastLines(cluster: Cluster, log: string): string {
  const lines = readFileSync(join(cluster.folder, "log", `${log}.log`), "utf8")
    .trimEnd()
    .split("\n");
  return [`Last lines of ${log}:`, ...lines.slice(-LAST_LINES)].join("\n");
}
