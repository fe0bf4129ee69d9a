import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { parse } from "yaml";
import { hostService, type Plane, ready, serveFromHost } from "./plane.ts";
import { freePorts } from "./ports.ts";
import { waitUntil } from "./wait.ts";

const NAMESPACE = "keda";

/** Starts KEDA's operator, metrics adapter and admission webhooks as processes beside the cluster. */
export async function startKeda(plane: Plane): Promise<void> {
  const ports = await kedaPorts();
  copyCertificates(plane);
  await installObjects(plane);
  await startOperator(plane, ports);
  await Promise.all([startAdapter(plane, ports), startWebhooks(plane, ports)]);
}

type KedaPorts = Record<
  | "operatorService"
  | "operatorMetrics"
  | "operatorHealth"
  | "adapter"
  | "adapterMetrics"
  | "webhooks"
  | "webhooksMetrics"
  | "webhooksHealth",
  number
>;

async function kedaPorts(): Promise<KedaPorts> {
  const ports = await freePorts(8);
  const next = (): number => ports.pop()!;
  return {
    operatorService: next(),
    operatorMetrics: next(),
    operatorHealth: next(),
    adapter: next(),
    adapterMetrics: next(),
    webhooks: next(),
    webhooksMetrics: next(),
    webhooksHealth: next(),
  };
}

/** KEDA reads its certificates by fixed names. */
function copyCertificates({ run }: Plane): void {
  mkdirSync(run.path("keda-certs"), { mode: 0o700 });
  for (const [from, to] of Object.entries({ "ca.crt": "ca.crt", "keda.crt": "tls.crt", "keda.key": "tls.key" })) {
    copyFileSync(run.path("pki", from), run.path("keda-certs", to));
  }
}

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

async function installObjects({ api, binaries, signal }: Plane): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
  await api.apply(`/api/v1/namespaces/${NAMESPACE}`, namespace);
  const folder = join(binaries.keda, "crds");
  const crds = readdirSync(folder).map((file) => parse(readFileSync(join(folder, file), "utf8")) as KubernetesObject);
  const path = (name: string): string => `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  await Promise.all(crds.map((crd) => api.apply(path(crd.metadata.name), crd)));
  await waitUntil(
    async () => (await Promise.all(crds.map((crd) => api.get(path(crd.metadata.name))))).every(established),
    {
      what: "KEDA's CRDs",
      timeoutMs: 60_000,
      signal,
    },
  );
}

function established(crd: string): boolean {
  const { status } = JSON.parse(crd) as { status?: { conditions?: { type: string; status: string }[] } };
  return status?.conditions?.some((each) => each.type === "Established" && each.status === "True") === true;
}

function environment({ run, kedaEnv }: Plane): Record<string, string> {
  return {
    KUBECONFIG: run.path("kubeconfig"),
    POD_NAMESPACE: NAMESPACE,
    KEDA_CLUSTER_OBJECT_NAMESPACE: NAMESPACE,
    WATCH_NAMESPACE: "",
    KEDA_HTTP_DEFAULT_TIMEOUT: "3000",
    ...kedaEnv,
  };
}

async function startOperator(plane: Plane, ports: KedaPorts): Promise<void> {
  const launched = plane.run.launch({
    name: "keda-operator",
    command: join(plane.binaries.keda, "operator"),
    args: [
      "--zap-log-level=info",
      "--zap-encoder=console",
      "--enable-cert-rotation=false",
      "--cert-dir=keda-certs",
      "--leader-elect=false",
      "--enable-webhook-patching=false",
      "--enable-apiservice-patching=false",
      "--kube-api-qps=200",
      "--kube-api-burst=400",
      `--metrics-bind-address=127.0.0.1:${ports.operatorMetrics}`,
      `--health-probe-bind-address=127.0.0.1:${ports.operatorHealth}`,
      `--metrics-service-bind-address=127.0.0.1:${ports.operatorService}`,
    ],
    env: environment(plane),
  });
  await ready(plane, "KEDA's operator", launched, () => isReady(ports.operatorHealth));
}

async function startAdapter(plane: Plane, ports: KedaPorts): Promise<void> {
  const files = ["lister", "authentication", "authorization"].map((name) => `--${name}-kubeconfig=kubeconfig`);
  const launched = plane.run.launch({
    name: "keda-adapter",
    command: join(plane.binaries.keda, "adapter"),
    args: [
      ...files,
      "--bind-address=127.0.0.1",
      `--secure-port=${ports.adapter}`,
      `--port=${ports.adapterMetrics}`,
      "--client-ca-file=keda-certs/ca.crt",
      "--tls-cert-file=keda-certs/tls.crt",
      "--tls-private-key-file=keda-certs/tls.key",
      "--cert-dir=keda-certs",
      `--metrics-service-address=127.0.0.1:${ports.operatorService}`,
      "--zap-log-level=error",
    ],
    env: environment(plane),
  });
  const service = "keda-metrics-apiserver";
  const group = "external.metrics.k8s.io";
  await serveFromHost(plane, { group, version: "v1beta1", namespace: NAMESPACE, service, port: ports.adapter });
  await ready(plane, "KEDA's metrics adapter", launched, async () => {
    await plane.api.get(`/apis/${group}/v1beta1`);
    return true;
  });
}

async function startWebhooks(plane: Plane, ports: KedaPorts): Promise<void> {
  const launched = plane.run.launch({
    name: "keda-webhooks",
    command: join(plane.binaries.keda, "webhooks"),
    args: [
      "--cert-dir=keda-certs",
      `--port=${ports.webhooks}`,
      `--metrics-bind-address=127.0.0.1:${ports.webhooksMetrics}`,
      `--health-probe-bind-address=127.0.0.1:${ports.webhooksHealth}`,
      "--zap-log-level=info",
    ],
    env: environment(plane),
  });
  await ready(plane, "KEDA's webhooks", launched, () => isReady(ports.webhooksHealth));
  await hostService(plane, { namespace: NAMESPACE, service: "keda-admission-webhooks", port: ports.webhooks });
  const text = readFileSync(join(plane.binaries.keda, "webhooks.yaml"), "utf8");
  const configuration = pointWebhooksAt(parse(text) as WebhookConfiguration, ports.webhooks, plane.pki("ca.crt"));
  const { name } = configuration.metadata;
  const path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`;
  await plane.api.apply(path, configuration);
}

interface WebhookConfiguration extends KubernetesObject {
  readonly webhooks: readonly {
    readonly clientConfig: { readonly service: Readonly<Record<string, string>> };
  }[];
}

/** The same configuration with the port and the authority of our process. */
export function pointWebhooksAt(configuration: WebhookConfiguration, port: number, ca: string): WebhookConfiguration {
  const caBundle = Buffer.from(ca).toString("base64");
  const webhooks = configuration.webhooks.map((webhook) => ({
    ...webhook,
    clientConfig: { caBundle, service: { ...webhook.clientConfig.service, port } },
  }));
  return { ...configuration, webhooks: webhooks as unknown as WebhookConfiguration["webhooks"] };
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/readyz", timeout: 5_000 }, (res) => {
      res.resume();
      resolve(res.statusCode === 200);
    }).once("error", reject);
  });
}
