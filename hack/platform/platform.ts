import { join } from "node:path";
import { findBinaries } from "../testbed/binaries.ts";
import { type Host, thisHost } from "../testbed/host.ts";
import {
  type AwsEmulator,
  type Cluster,
  type GcpEmulator,
  startAws,
  startCluster,
  startGcp,
  WITH_KEDA,
} from "../testbed/index.ts";
import { waitUntil } from "../testbed/wait.ts";
import { prepareAccount } from "./account.ts";
import { installCharts } from "./chart.ts";
import { CREDENTIALS, type Endpoints, environmentYaml } from "./environment.ts";
import { OPERATOR_NAMESPACE, type Operator, startOperator } from "./operator.ts";

/** One cluster with its cloud, the chart installed and the operator running. */
export interface Platform {
  readonly cloud: "aws" | "gcp";
  readonly cluster: Cluster;
  readonly endpoints: Endpoints;
  readonly operator: Operator;
  stop(): Promise<void>;
}

export interface PlatformOptions {
  readonly cloud: "aws" | "gcp";
  /** Whether it lives on when this process ends. */
  readonly keep: boolean;
  /** Prefix of the names under .run; also of the kubeconfig's context. Default none. */
  readonly prefix?: string;
  readonly signal?: AbortSignal;
  /** Tells what is being done. */
  readonly say?: (line: string) => void;
}

/** What the test bed calls the cluster of each cloud. */
export const FLAVOR = { aws: "eks", gcp: "gke" } as const;

/** Boots one cluster and its cloud, installs the charts with Helm, runs the operator, and makes the Environment. */
export async function startPlatform(options: PlatformOptions, host: Host = thisHost()): Promise<Platform> {
  const { cloud, keep, signal, say = () => {} } = options;
  const flavor = FLAVOR[cloud];
  const name = `${options.prefix ?? ""}${flavor}`;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const more = { keep, ...(signal ? { signal } : {}) };
    const emulator =
      cloud === "aws"
        ? await startAws({ name: `${name}-cloud`, ...more }, host)
        : await startGcp({ name: `${name}-cloud`, ...more }, host);
    stops.push(() => emulator.stop());
    const endpoints = endpointsOf(emulator);
    const env = cloud === "aws" ? { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" } : {};
    const cluster = await startCluster({ name, flavor, parts: WITH_KEDA, ...more, kedaEnv: env }, host);
    stops.push(() => cluster.stop());
    say(`${flavor}: Kubernetes, KEDA and the ${cloud.toUpperCase()} emulator are up`);
    const { helm } = await findBinaries(host, new Set(WITH_KEDA), signal);
    await prepareAccount(cloud, name, endpoints);
    await installCharts(cluster, helm, cloud === "aws" ? [CREDENTIALS] : []);
    say(`${flavor}: Helm installed onyx-crds and onyx-operator in ${OPERATOR_NAMESPACE}`);
    const operator = await startOperator({ cluster, keep, signal }, host);
    stops.push(() => operator.stop());
    await cluster.kubectl(["apply", "-f", "-"], environmentYaml(cloud, name, endpoints));
    await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=30s", "environments.onyx.onelens.io", "--all"]);
    say(`${flavor}: the operator runs with the chart's ServiceAccount, Environment demo is Ready`);
    return { cloud, cluster, endpoints, operator, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const endpointsOf = (emulator: AwsEmulator | GcpEmulator): Endpoints =>
  "endpoint" in emulator
    ? { aws: emulator.endpoint, gcpGrpc: "", gcpRest: "" }
    : { aws: "", gcpGrpc: emulator.grpcEndpoint, gcpRest: emulator.restEndpoint };

/** An object of ours with what the demo and the tests look at. */
export interface Listed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
    readonly externalId?: string;
  };
}

/** Every object of ours in a cluster. */
export async function listOnyx(cluster: Cluster): Promise<readonly Listed[]> {
  const list = JSON.parse(await cluster.kubectl(["get", "onyx", "-A", "-o", "json"])) as { items: Listed[] };
  return list.items;
}

export const isReady = (object: Listed): boolean =>
  object.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;

/** Applies manifests and waits until everything of ours is Ready; `onReady` hears of each object once. */
export async function applyAndWait(
  platform: Platform,
  folder: string,
  onReady: (object: Listed) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  const { cluster } = platform;
  await cluster.kubectl(["apply", "--server-side", "--recursive", "-f", folder]);
  const told = new Set<string>();
  let objects: readonly Listed[] = [];
  await waitUntil(
    async () => {
      objects = await listOnyx(cluster);
      for (const object of objects.filter(isReady)) {
        const key = `${object.kind}/${object.metadata.name}`;
        if (!told.has(key)) onReady(object);
        told.add(key);
      }
      return objects.every(isReady);
    },
    {
      what: `Everything in ${join(folder)} on ${cluster.name}`,
      timeoutMs: 120_000,
      everyMs: 300,
      signal,
      explain: () => unready(objects),
    },
  );
}

/** What is not Ready and why, a line each. */
function unready(objects: readonly Listed[]): string {
  return objects
    .filter((object) => !isReady(object))
    .map((object) => {
      const why = object.status?.conditions?.find((one) => one.type === "Ready");
      return `  ${object.kind} ${object.metadata.name}: ${why ? `${why.reason}: ${why.message}` : "no status"}`;
    })
    .join("\n");
}
