import { type Binaries, findBinaries } from "./binaries.ts";
import type { ClusterPorts } from "./components.ts";
import { TestBedError } from "./errors.ts";
import { exec } from "./exec.ts";
import { type Host, thisHost } from "./host.ts";
import { startKeda } from "./keda.ts";
import type { Flavor } from "./nodes.ts";
import {
  type Plane,
  preparePlane,
  startApiserver,
  startControllers,
  startMetrics,
  startNodes,
  startScheduler,
} from "./plane.ts";
import { openRun, type Run } from "./run.ts";

/** What runs beside etcd and kube-apiserver. */
export type Part = "controllers" | "scheduler" | "nodes" | "metrics" | "keda";

/** etcd and kube-apiserver alone: objects are stored and checked, nothing else happens to them. */
export const LIGHT: readonly Part[] = [];
/** A cluster where Deployments get pods that run, and HPA scales by CPU. */
export const FULL: readonly Part[] = ["controllers", "scheduler", "nodes", "metrics"];
export const WITH_KEDA: readonly Part[] = [...FULL, "keda"];

export interface ClusterOptions {
  /** Also the name of the kubeconfig's context and of the folder under .run. */
  readonly name: string;
  /** What the nodes look like. Default eks. */
  readonly flavor?: Flavor;
  /** How many nodes. Default 3. */
  readonly nodes?: number;
  /** Default LIGHT. */
  readonly parts?: readonly Part[];
  /** Whether it lives on when this process ends. Default false. */
  readonly keep?: boolean;
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly enableAdmission?: readonly string[];
  readonly disableAdmission?: readonly string[];
  /** More arguments for kube-apiserver. */
  readonly extraArgs?: readonly string[];
  /** More environment variables for KEDA: what a cloud's workload identity would give it. */
  readonly kedaEnv?: Readonly<Record<string, string>>;
  /** Aborting it ends the start and whatever was started. */
  readonly signal?: AbortSignal;
}

export interface Cluster {
  readonly name: string;
  /** The run's folder: pki/, log/, etcd/ and the kubeconfig. */
  readonly folder: string;
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /** As https://127.0.0.1:port. */
  readonly server: string;
  readonly ports: ClusterPorts;
  /** Path of the audit log: JSON lines, each write once (`readAudit` reads it). */
  readonly auditLog: string;
  /** Path of the kubectl that fits. */
  readonly kubectlPath: string;
  /** Path of the helm that was built with it; "helm" (of the PATH) where nothing was built. */
  readonly helmPath: string;
  /** Runs kubectl against this cluster and gives its standard output. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Ends every process of the cluster and removes its folder. */
  stop(): Promise<void>;
}

const PORT_TAKEN = /address already in use/;
const TRIES = 3;

/** Boots a cluster and returns when everything asked for is ready. Builds what is missing first. */
export async function startCluster(options: ClusterOptions, host: Host = thisHost()): Promise<Cluster> {
  const parts = checkedParts(options.parts ?? LIGHT);
  const binaries = await findBinaries(host, parts, options.signal);
  for (let attempt = 1; ; attempt++) {
    const run = await openRun(host, options.name, { keep: options.keep ?? false });
    try {
      return await boot(run, binaries, parts, options);
    } catch (error) {
      await run.stop({ leaveFolder: !options.signal?.aborted });
      // Another program took a port between our look and its use.
      if (attempt < TRIES && error instanceof Error && PORT_TAKEN.test(error.message)) continue;
      throw error;
    }
  }
}

function checkedParts(parts: readonly Part[]): ReadonlySet<Part> {
  const set = new Set(parts);
  if (set.has("metrics") && !set.has("nodes")) {
    throw new TestBedError('The part "metrics" needs "nodes": metrics-server asks the nodes.');
  }
  return set;
}

async function boot(run: Run, binaries: Binaries, parts: ReadonlySet<Part>, options: ClusterOptions): Promise<Cluster> {
  const plane = await preparePlane(run, binaries, options);
  try {
    await startApiserver(plane, {
      serviceAccounts: parts.has("controllers"),
      featureGates: options.featureGates ?? {},
      enableAdmission: options.enableAdmission ?? [],
      disableAdmission: options.disableAdmission ?? [],
      extraArgs: options.extraArgs ?? [],
    });
    await Promise.all([...parts].map((part) => starters[part](plane)));
  } finally {
    plane.api.close();
  }
  return describe(plane, options.name);
}

const starters: Record<Part, (plane: Plane) => Promise<void>> = {
  controllers: startControllers,
  scheduler: startScheduler,
  nodes: startNodes,
  metrics: startMetrics,
  keda: startKeda,
};

function describe({ run, binaries, ports, server }: Plane, name: string): Cluster {
  const kubeconfig = run.path("kubeconfig");
  run.ready({ kubeconfig, server });
  return {
    name,
    folder: run.folder,
    kubeconfig,
    server,
    ports,
    auditLog: run.path("log", "audit.log"),
    kubectlPath: binaries.kubectl,
    helmPath: binaries.helm,
    kubectl: (args, input) =>
      exec(binaries.kubectl, [`--kubeconfig=${kubeconfig}`, ...args], input === undefined ? {} : { input }),
    stop: () => run.stop(),
  };
}
