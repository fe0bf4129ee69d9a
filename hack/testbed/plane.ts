import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { stringify } from "yaml";
import { AUDIT_POLICY } from "./audit.ts";
import type { Binaries } from "./binaries.ts";
import { issueCertificates } from "./certificates.ts";
import * as components from "./components.ts";
import { type KubeApi, kubeApi } from "./kubeapi.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { type Flavor, fakeNodes } from "./nodes.ts";
import { freePorts } from "./ports.ts";
import type { Launched, Run } from "./run.ts";
import { waitUntil } from "./wait.ts";

/** What the parts of one cluster share while they start. */
export interface Plane {
  readonly run: Run;
  readonly binaries: Binaries;
  readonly ports: components.ClusterPorts;
  readonly server: string;
  readonly api: KubeApi;
  readonly flavor: Flavor;
  readonly nodes: number;
  readonly cluster: string;
  /** The text of a file in pki/. */
  pki(file: string): string;
  readonly signal: AbortSignal | undefined;
  /** More environment variables for KEDA. */
  readonly kedaEnv: Readonly<Record<string, string>>;
}

export interface PlaneOptions {
  readonly name: string;
  readonly flavor?: Flavor;
  readonly nodes?: number;
  readonly signal?: AbortSignal;
  readonly kedaEnv?: Readonly<Record<string, string>>;
}

const READY_MS = 120_000;

/** Chooses ports, issues certificates, writes kubeconfigs; starts nothing. */
export async function preparePlane(run: Run, binaries: Binaries, options: PlaneOptions): Promise<Plane> {
  const ports = await clusterPorts();
  const server = `https://127.0.0.1:${ports.apiserver}`;
  mkdirSync(run.path("pki"), { mode: 0o700 });
  mkdirSync(run.path("etcd"), { mode: 0o700 });
  await issueCertificates(binaries.pki, options.name, run.path("pki"));
  const pki = (file: string): string => readFileSync(run.path("pki", file), "utf8");
  for (const [file, user] of Object.entries(KUBECONFIGS)) {
    const parts = {
      name: options.name,
      server,
      user,
      ca: pki("ca.crt"),
      cert: pki(`${user}.crt`),
      key: pki(`${user}.key`),
    };
    writeFileSync(run.path(file), kubeconfig(parts), { mode: 0o600 });
  }
  writeFileSync(run.path("audit-policy.yaml"), stringify(AUDIT_POLICY));
  return {
    run,
    binaries,
    ports,
    server,
    api: kubeApi({ server, ca: pki("ca.crt"), cert: pki("admin.crt"), key: pki("admin.key") }),
    flavor: options.flavor ?? "eks",
    nodes: options.nodes ?? 3,
    cluster: options.name,
    pki,
    signal: options.signal,
    kedaEnv: options.kedaEnv ?? {},
  };
}

/** File → the certificate of its user. */
const KUBECONFIGS = {
  kubeconfig: "admin",
  "controller-manager.kubeconfig": "controller-manager",
  "scheduler.kubeconfig": "scheduler",
  "kwok.kubeconfig": "kwok",
};

async function clusterPorts(): Promise<components.ClusterPorts> {
  const names = ["etcd", "etcdPeer", "apiserver", "controllerManager", "scheduler", "kwok", "metricsServer"] as const;
  const ports = await freePorts(names.length);
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<(typeof names)[number], number>;
}

export async function startApiserver(plane: Plane, options: components.ApiserverOptions): Promise<void> {
  const { run, binaries, ports, api } = plane;
  const etcd = run.launch(components.etcd(ports)(binaries.etcd));
  const apiserver = run.launch(components.apiserver(ports, options)(binaries.apiserver));
  const check = (): void => {
    etcd.check();
    apiserver.check();
  };
  await ready(plane, "kube-apiserver", { ...apiserver, check }, () => isOk(api.get("/readyz")));
}

export async function startControllers(plane: Plane): Promise<void> {
  const { run, binaries, ports, api, cluster } = plane;
  const process = run.launch(components.controllerManager(ports, cluster)(binaries.controllerManager));
  await ready(plane, "kube-controller-manager", process, async () => {
    await api.get("/api/v1/namespaces/default/serviceaccounts/default");
    return healthz(ports.controllerManager);
  });
}

export async function startScheduler(plane: Plane): Promise<void> {
  const process = plane.run.launch(components.scheduler(plane.ports)(plane.binaries.scheduler));
  await ready(plane, "kube-scheduler", process, () => healthz(plane.ports.scheduler));
}

export async function startNodes(plane: Plane): Promise<void> {
  const { run, binaries, ports, api, flavor, cluster } = plane;
  const options = run.path("kwok.yaml");
  writeFileSync(options, stringify(KWOK_OPTIONS));
  const stages = readdirSync(binaries.kwokConfig).map((file) => join(binaries.kwokConfig, file));
  const process = run.launch(components.kwok(ports, [options, ...stages])(binaries.kwok));
  const { gitVersion } = JSON.parse(await api.get("/version")) as { gitVersion: string };
  const nodes = fakeNodes(flavor, cluster, plane.nodes, gitVersion);
  await Promise.all(nodes.map((node) => api.create("/api/v1/nodes", node)));
  await ready(plane, "nodes", process, async () => {
    const list = JSON.parse(await api.get("/api/v1/nodes")) as { items: NodeStatus[] };
    return list.items.length === plane.nodes && list.items.every(isReadyNode);
  });
}

/** A KwokConfiguration zeroes what it leaves out, so every parallelism is named. */
const KWOK_OPTIONS = {
  apiVersion: "config.kwok.x-k8s.io/v1alpha1",
  kind: "KwokConfiguration",
  options: {
    enableCRDs: [],
    manageAllNodes: true,
    enablePodsOnNodeSyncStreamWatch: true,
    podPlayStageParallelism: 4,
    nodePlayStageParallelism: 4,
    nodeLeaseParallelism: 4,
    podsOnNodeSyncParallelism: 4,
    nodeLeaseDurationSeconds: 40,
  },
};

interface NodeStatus {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function isReadyNode(node: NodeStatus): boolean {
  return node.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

/** Ready when it answers; the first numbers come with the second scrape, some 20 s later. */
export async function startMetrics(plane: Plane): Promise<void> {
  const process = plane.run.launch(components.metricsServer(plane.ports)(plane.binaries.metricsServer));
  await serveFromHost(plane, {
    group: "metrics.k8s.io",
    version: "v1beta1",
    namespace: "kube-system",
    service: "metrics-server",
    port: plane.ports.metricsServer,
  });
  await ready(plane, "metrics-server", process, async () => {
    await plane.api.get("/apis/metrics.k8s.io/v1beta1");
    return true;
  });
}

export interface HostedApi {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
}

/** Lets the API server reach an aggregated API that a process of this machine serves. */
export async function serveFromHost(plane: Plane, hosted: HostedApi): Promise<void> {
  await hostService(plane, hosted);
  const name = `${hosted.version}.${hosted.group}`;
  await plane.api.apply(`/apis/apiregistration.k8s.io/v1/apiservices/${name}`, {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name },
    spec: {
      group: hosted.group,
      version: hosted.version,
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle: Buffer.from(plane.pki("ca.crt")).toString("base64"),
      service: { name: hosted.service, namespace: hosted.namespace, port: hosted.port },
    },
  });
}

/** A Service that stands for a port of this machine. */
export async function hostService(plane: Plane, at: Pick<HostedApi, "namespace" | "service" | "port">): Promise<void> {
  await plane.api.apply(`/api/v1/namespaces/${at.namespace}/services/${at.service}`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: at.service, namespace: at.namespace },
    spec: { type: "ExternalName", externalName: "localhost", ports: [{ name: "https", port: at.port }] },
  });
}

/** Waits for a program that the run started; when it ends instead, the error shows its last lines. */
export function ready(
  plane: Plane,
  what: string,
  launched: Launched,
  condition: () => Promise<boolean>,
): Promise<void> {
  const { signal } = plane;
  return waitUntil(condition, { what, timeoutMs: READY_MS, signal, check: launched.check, explain: launched.logTail });
}

async function isOk(answer: Promise<string>): Promise<boolean> {
  return (await answer) === "ok";
}

/** Whether the program's own health endpoint says ok. Its certificate is self-signed, and only read from here. */
function healthz(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/healthz", rejectUnauthorized: false, timeout: 5_000 }, (res) => {
      res.resume();
      resolve(res.statusCode === 200);
    }).once("error", reject);
  });
}
