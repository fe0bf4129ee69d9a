import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { type Cluster, startCluster } from "../hack/testbed/cluster.ts";
import type { Host } from "../hack/testbed/host.ts";
import { waitUntil } from "../hack/testbed/wait.ts";
import { type Client, createClient } from "../operator/runtime/client.ts";
import { createClock } from "../operator/runtime/clock.ts";
import { createLog } from "../operator/runtime/log.ts";
import type { ResourceType } from "../operator/runtime/resource.ts";
import { SECRETS } from "../operator/runtime/secrets.ts";
import { createTransport } from "../operator/runtime/transport.ts";
import { createHelm, objectsOf } from "../test/support/helm.ts";
import { type StandIn, startStandIn } from "./standin.ts";
import { QUEUES } from "./watch.ts";

const ENVIRONMENTS: ResourceType = { ...QUEUES, plural: "environments", kind: "Environment", namespaced: false };

/** A cluster that knows our kinds and has an Environment, and a cloud, each of its own. */
export interface BareGround extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly cloud: StandIn;
}

/** @param finalizerAtAdmission the chart's admission policy runs, so that Queues are made with the finalizer */
export async function layGround(name: string, host: Host, { finalizerAtAdmission = false } = {}): Promise<BareGround> {
  await using undo = new AsyncDisposableStack();
  const cluster = await startCluster({ name }, host);
  undo.defer(() => cluster.stop());
  const cloud = await startStandIn(host);
  undo.defer(() => cloud.stop());
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const transport = createTransport(config, { clock: createClock(), log: createLog({ level: "silent" }) });
  undo.defer(() => transport.close());
  const client = createClient(transport);
  await install(cluster, client, host, cloud.url);
  if (finalizerAtAdmission) await installAdmission(cluster, host);
  const end = undo.move();
  return { cluster, client, cloud, [Symbol.asyncDispose]: () => end.disposeAsync() };
}

async function install(cluster: Cluster, client: Client, host: Host, cloud: string): Promise<void> {
  const folder = join(host.root, "crds", "generated");
  const crds = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  for (const file of crds)
    await cluster.kubectl(["apply", "--server-side", "-f", "-"], readFileSync(join(folder, file), "utf8"));
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]);
  await client.create(SECRETS, "default", {
    metadata: { name: "cloud" },
    stringData: { AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench" },
  } as object);
  await client.create(ENVIRONMENTS, undefined, {
    metadata: { name: "bench" },
    spec: {
      cloud: "aws",
      region: "us-east-1",
      account: "000000000000",
      clusterName: "bench",
      default: true,
      credentials: { secretRef: { namespace: "default", name: "cloud" } },
      endpoints: { default: cloud },
      apiBudget: { default: 10_000 },
    },
  } as object);
}

/** The admission policy alone of the chart, and until it works: the server reads new kinds every few seconds. */
async function installAdmission(cluster: Cluster, host: Host): Promise<void> {
  const helm = createHelm(cluster);
  try {
    const chart = join(host.root, "charts", "onyx-operator");
    const rendered = objectsOf(await helm.template("onyx", chart, "default", { finalizerAtAdmission: true }));
    const policies = rendered.filter(({ kind }) => kind.startsWith("MutatingAdmissionPolicy"));
    await cluster.kubectl(
      ["apply", "--server-side", "-f=-"],
      JSON.stringify({ apiVersion: "v1", kind: "List", items: policies }),
    );
  } finally {
    helm.close();
  }
  const probe = {
    apiVersion: `${QUEUES.group}/${QUEUES.version}`,
    kind: "Queue",
    metadata: { name: "probe" },
    spec: {},
  };
  await waitUntil(
    async () => {
      const args = ["create", "--dry-run=server", "--namespace=default", "-o=json", "-f=-"];
      const made = JSON.parse(await cluster.kubectl(args, JSON.stringify(probe)));
      return (made.metadata.finalizers ?? []).length > 0;
    },
    { what: "The chart's admission policy", timeoutMs: 60_000, everyMs: 250 },
  );
}
