import { writeFileSync } from "node:fs";
import type { ClusterOptions } from "./cluster.ts";
import { TestBedError } from "./errors.ts";
import { exec } from "./exec.ts";
import type { Host } from "./host.ts";
import type { AnyCluster } from "./provide.ts";
import { forwarding } from "./reach.ts";
import { openRun } from "./run.ts";
import { requireTools } from "./tools.ts";
import { contextFor } from "./ways.ts";

const WHY = "CLUSTER=existing";

/** A cluster that is there already. Nothing is installed into it here, and stopping leaves it as it is. */
export async function useExisting(options: ClusterOptions, host: Host): Promise<AnyCluster> {
  const { env } = host;
  await requireTools(WHY, ["kubectl", "helm"], env);
  const config = (...args: string[]): Promise<string> => exec("kubectl", ["config", ...args], { env });
  const contexts = (await config("get-contexts", "-o", "name")).split("\n").filter(Boolean);
  const context = contextFor(options.flavor ?? "eks", contexts, env);
  const run = await openRun(host, options.name, { keep: options.keep ?? false });
  const kubeconfig = run.path("kubeconfig");
  writeFileSync(kubeconfig, await config("view", "--minify", "--flatten", "--raw", `--context=${context}`), {
    mode: 0o600,
  });
  const kubectl: AnyCluster["kubectl"] = (args, input) =>
    exec("kubectl", [`--kubeconfig=${kubeconfig}`, ...args], input === undefined ? { env } : { env, input });
  try {
    await kubectl(["version", "--request-timeout=10s"]);
    if (options.parts?.includes("keda")) await requireKeda(kubectl, context);
  } catch (error) {
    await run.stop();
    throw error;
  }
  run.ready({ kubeconfig, context });
  return {
    name: options.name,
    folder: run.folder,
    kubeconfig,
    kubectlPath: "kubectl",
    helmPath: "helm",
    kubectl,
    reach: forwarding(host, run, env.HOST_ADDRESS || "127.0.0.1"),
    stop: () => run.stop(),
  };
}

async function requireKeda(kubectl: AnyCluster["kubectl"], context: string): Promise<void> {
  const found = await kubectl(["get", "crd", "scaledobjects.keda.sh", "--ignore-not-found", "-o", "name"]);
  if (found.trim() !== "") return;
  throw new TestBedError(
    `The cluster of context "${context}" has no KEDA. Install it: helm upgrade --install keda keda --repo https://kedacore.github.io/charts --namespace keda --create-namespace`,
  );
}
