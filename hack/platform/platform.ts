import { join } from "node:path";
import { type Host, thisHost } from "../testbed/host.ts";
import {
  type AnyCluster,
  type AwsEmulator,
  type ClusterOptions,
  type GcpEmulator,
  startAws,
  startGcp,
  startWorkflowEngine,
  WITH_KEDA,
} from "../testbed/index.ts";
import { waitUntil } from "../testbed/wait.ts";
import { prepareAccount } from "./account.ts";
import { installCharts } from "./chart.ts";
import { CREDENTIALS, type Endpoints, environmentYaml } from "./environment.ts";
import { OPERATOR_NAMESPACE, type Operator, startOperator } from "./operator.ts";

/** One cluster with its cloud, the chart installed and the operator running. */
export interface Platform<C extends AnyCluster = AnyCluster> {
  readonly cloud: "aws" | "gcp";
  readonly cluster: C;
  readonly endpoints: Endpoints;
  readonly operator: Operator;
  stop(): Promise<void>;
}

export interface PlatformOptions<C extends AnyCluster> {
  readonly cloud: "aws" | "gcp";
  /** Where the cluster comes from. */
  readonly provide: (options: ClusterOptions, host: Host) => Promise<C>;
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
export async function startPlatform<C extends AnyCluster>(
  options: PlatformOptions<C>,
  host: Host = thisHost(),
): Promise<Platform<C>> {
  const { cloud, keep, signal, say = () => {} } = options;
  const flavor = FLAVOR[cloud];
  const name = `${options.prefix ?? ""}${flavor}`;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const more = { keep, ...(signal ? { signal } : {}) };
    const emulator = await startCloud(cloud, name, more, host, stops);
    const env = cloud === "aws" ? { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" } : {};
    const cluster = await options.provide({ name, flavor, parts: WITH_KEDA, ...more, kedaEnv: env }, host);
    stops.push(() => cluster.stop());
    const endpoints = await endpointsOf(emulator, cluster);
    say(`${flavor}: Kubernetes, KEDA and the ${cloud.toUpperCase()} emulator are up`);
    await prepareAccount(cloud, name, endpoints);
    await installCharts(cluster, cloud === "aws" ? [CREDENTIALS] : []);
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

/** The cloud, on GCP with an engine for its workflows; ministack brings its own. */
async function startCloud(
  cloud: "aws" | "gcp",
  name: string,
  more: { readonly keep: boolean; readonly signal?: AbortSignal },
  host: Host,
  stops: (() => Promise<void>)[],
): Promise<AwsEmulator | GcpEmulator> {
  const named = { name: `${name}-cloud`, ...more };
  if (cloud === "aws") {
    const emulator = await startAws(named, host);
    stops.push(() => emulator.stop());
    return emulator;
  }
  const engine = await startWorkflowEngine({ name: `${name}-workflows`, ...more, env: { STEP_ENTRIES: "1" } }, host);
  stops.push(() => engine.stop());
  const emulator = await startGcp({ ...named, workflowEngine: engine.url }, host);
  stops.push(() => emulator.stop());
  return emulator;
}

/** The emulators' addresses as both the operator and the cluster's own pods reach them. */
async function endpointsOf(emulator: AwsEmulator | GcpEmulator, cluster: AnyCluster): Promise<Endpoints> {
  if ("endpoint" in emulator) return { aws: await cluster.reach(emulator.endpoint), gcpGrpc: "", gcpRest: "" };
  const grpc = await cluster.reach(`http://${emulator.grpcEndpoint}`);
  return { aws: "", gcpGrpc: new URL(grpc).host, gcpRest: await cluster.reach(emulator.restEndpoint) };
}

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
export async function listOnyx(cluster: AnyCluster): Promise<readonly Listed[]> {
  const list = JSON.parse(await cluster.kubectl(["get", "onyx", "-A", "-o", "json"])) as { items: Listed[] };
  return list.items;
}

export const isReady = (object: Listed): boolean =>
  object.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;

/** Gives a tenant a node of its own, as a pool of nodes would: dedicated tenants run nowhere else. */
export async function giveNode({ cluster }: Platform, pool: string): Promise<void> {
  const nodes = await cluster.kubectl(["get", "nodes", "-o=name", "-l=!onyx.onelens.io/pool"]);
  const [node] = nodes.split("\n").filter(Boolean);
  if (node) await cluster.kubectl(["label", node, `onyx.onelens.io/pool=${pool}`]);
}

/** There is nothing to wait for: it is Ready, or switched off. */
const isSettled = (object: Listed): boolean =>
  isReady(object) ||
  object.status?.conditions?.some(({ reason }) => reason === "Disabled" || reason === "Blueprint") === true;

/** Applies manifests and waits until everything of ours is Ready, but what is switched off; `onReady` hears of each once. */
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
      return objects.every(isSettled);
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
    .filter((object) => !isSettled(object))
    .map((object) => {
      const why = object.status?.conditions?.find((one) => one.type === "Ready");
      return `  ${object.kind} ${object.metadata.name}: ${why ? `${why.reason}: ${why.message}` : "no status"}`;
    })
    .join("\n");
}
