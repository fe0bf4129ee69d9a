import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactName } from "./artifacts.ts";
import { ensureBuilt } from "./build.ts";
import type { Part } from "./cluster.ts";
import { TestBedError } from "./errors.ts";
import type { Host } from "./host.ts";

/** Where the programs of a cluster are. */
export interface Binaries {
  readonly pki: string;
  readonly etcd: string;
  readonly apiserver: string;
  readonly kubectl: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kwok: string;
  /** The folder of KWOK's stages and metrics. */
  readonly kwokConfig: string;
  readonly metricsServer: string;
  readonly helm: string;
  /** The folder of KEDA's programs and CRDs. */
  readonly keda: string;
}

/** Finds the programs for these parts, building what neither the cache nor KUBEBUILDER_ASSETS has. */
export async function findBinaries(
  host: Host,
  parts: ReadonlySet<Part>,
  signal: AbortSignal | undefined,
): Promise<Binaries> {
  const assets = host.env.KUBEBUILDER_ASSETS || undefined;
  if (assets) requireAssets(assets, existsSync);
  const folders: Partial<Record<ArtifactName, string>> = await ensureBuilt(host, neededArtifacts(parts, assets), {
    signal,
  });
  const built = (program: string): string => join(folders.controlplane ?? "", program);
  const given = (program: string): string => (assets ? join(assets, program) : built(program));
  return {
    pki: join(folders.pki ?? "", "pki"),
    etcd: given("etcd"),
    apiserver: given("kube-apiserver"),
    kubectl: given("kubectl"),
    controllerManager: built("kube-controller-manager"),
    scheduler: built("kube-scheduler"),
    kwok: built("kwok"),
    kwokConfig: built("kwok-config"),
    metricsServer: built("metrics-server"),
    helm: built("helm"),
    keda: folders.keda ?? "",
  };
}

/** KUBEBUILDER_ASSETS (of setup-envtest) holds etcd, kube-apiserver and kubectl; the rest is always built. */
export function neededArtifacts(parts: ReadonlySet<Part>, assets: string | undefined): ArtifactName[] {
  const plane = !assets || [...parts].some((part) => part !== "keda");
  return ["pki", ...(plane ? (["controlplane"] as const) : []), ...(parts.has("keda") ? (["keda"] as const) : [])];
}

export function requireAssets(folder: string, exists: (path: string) => boolean): void {
  const missing = ["etcd", "kube-apiserver", "kubectl"].filter((name) => !exists(join(folder, name)));
  if (missing.length === 0) return;
  const what = `KUBEBUILDER_ASSETS is ${folder}, where there is no ${missing.join(", no ")}`;
  throw new TestBedError(`${what}. Point it at the folder that "setup-envtest use -p path" prints, or unset it.`);
}
