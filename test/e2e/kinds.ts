import { globSync } from "node:fs";
import { expect } from "vitest";
import { kinds } from "../../crds/index.ts";
import { AWS, GCP } from "../../hack/platform/environment.ts";
import { isReady, type Listed, listOnyx, type Platform } from "../../hack/platform/platform.ts";
import { waitUntil } from "../../hack/testbed/index.ts";
import type { Place } from "../../operator/provider/cloud.ts";
import { ANNOTATIONS } from "../../operator/reconcile/object.ts";
import { connect } from "../../operator/wiring.ts";

const NAMESPACE = "kinds";
/** What the examples show of each kind; left out is what needs something that is there before. */
const FILES = globSync(
  "examples/{bucket,encryptionkey,eventrule,managedsecret,onyxservice,queue,table,tableitem,tenantcostsource,topic,workflow,workflowrun,workloadidentity}/*.yaml",
)
  .filter(
    (file) => !/managedsecret-(external|synced|value-from)|onyxservice-disabled|tenantcostsource-platform/.test(file),
  )
  .sort();
const leaves = kinds.filter(({ role }) => role === "leaf");

/** The examples of every kind, the same YAML whatever the cloud. */
export async function applyEveryKind({ cluster }: Platform): Promise<void> {
  await cluster.kubectl(["create", "namespace", NAMESPACE]);
  await cluster.kubectl(["apply", "--server-side", `-n=${NAMESPACE}`, ...FILES.map((file) => `-f=${file}`)]);
  let objects: readonly Listed[] = [];
  const why = ({ kind, metadata, status }: Listed) =>
    `${kind} ${metadata.name}: ${status?.conditions?.find(({ type }) => type === "Ready")?.message}`;
  await waitUntil(
    async () => {
      objects = (await listOnyx(cluster)).filter(({ metadata }) => metadata.namespace === NAMESPACE);
      return objects.every(isReady);
    },
    {
      what: `Every kind on ${cluster.name}`,
      timeoutMs: 180_000,
      everyMs: 500,
      explain: () =>
        objects
          .filter((one) => !isReady(one))
          .map(why)
          .join("\n"),
    },
  );
  const made = new Set(objects.map(({ kind }) => kind));
  expect(kinds.filter(({ kind, scope }) => scope === "Namespaced" && !made.has(kind)).map(({ kind }) => kind)).toEqual(
    [],
  );
}

/** Deletes them all with their namespace, data and all, and looks for what stayed. */
export async function deleteEveryKind(platform: Platform): Promise<void> {
  const { cluster } = platform;
  const resources = leaves.map(({ plural, group }) => `${plural}.${group}`).join();
  const living = async () =>
    (JSON.parse(await cluster.kubectl(["get", resources, `-n=${NAMESPACE}`, "-o=json"])) as { items: Approvable[] })
      .items;
  const address = ({ kind, metadata }: Listed) =>
    `${leaves.find((one) => one.kind === kind)?.plural}.onyx.onelens.io/${metadata.name}`;
  const before = await living();
  expect(await inCloud(platform)).not.toEqual([]);
  for (const one of before) {
    const spec = { deletionPolicy: "Delete", ...(one.kind === "Table" ? { deletionProtection: false } : {}) };
    const patch = `-p=${JSON.stringify({ spec })}`;
    // What an OnyxService makes follows from that.
    if (!one.metadata.ownerReferences)
      await cluster.kubectl(["patch", address(one), `-n=${NAMESPACE}`, "--type=merge", patch]);
  }
  const bills = await cluster.kubectl(["get", "tenantcostsources", `-n=${NAMESPACE}`, "-o=name"]);
  for (const bill of bills.split("\n").filter(Boolean))
    await cluster.kubectl([
      "patch",
      bill,
      `-n=${NAMESPACE}`,
      "--type=merge",
      '-p={"spec":{"deletionPolicy":"Delete"}}',
    ]);
  await cluster.kubectl(["delete", "namespace", NAMESPACE, "--wait=false"]);
  await waitUntil(
    async () => {
      const left = await living();
      for (const one of left) {
        const word = one.status?.approval?.word;
        if (word === undefined || one.metadata.annotations?.[ANNOTATIONS.approve] === word) continue;
        const said = `${ANNOTATIONS.approve}=${word}`;
        await cluster.kubectl(["annotate", address(one), `-n=${NAMESPACE}`, "--overwrite", said]);
      }
      return left.length === 0;
    },
    { what: `The end of every kind on ${cluster.name}`, timeoutMs: 180_000, everyMs: 500 },
  );
  await cluster.kubectl(["wait", "--for=delete", `namespace/${NAMESPACE}`, "--timeout=60s"]);
  expect(await inCloud(platform)).toEqual([]);
}

interface Approvable extends Listed {
  readonly metadata: Listed["metadata"] & {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
  };
  readonly status?: Listed["status"] & { readonly approval?: { readonly word: string } };
}

/** What the cloud lists of this namespace and is not on its way out. */
async function inCloud({ cloud, cluster, endpoints }: Platform): Promise<readonly string[]> {
  const at = {
    aws: { ...AWS, endpoints: { default: endpoints.aws } },
    gcp: {
      ...GCP,
      endpoints: {
        default: `http://${endpoints.gcpGrpc}`,
        monitoring: endpoints.gcpRest,
        storage: endpoints.gcpRest,
        storagetransfer: endpoints.gcpRest,
        workflows: endpoints.gcpRest,
        workflowexecutions: endpoints.gcpRest,
        iam: endpoints.gcpRest,
      },
    },
  }[cloud];
  const place: Place = {
    ...at,
    environment: "demo",
    cluster: cluster.name,
    workloadIdentity: "Native",
    credentials: { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
  };
  const connection = await connect(cloud, place);
  const owner = { environment: "", cluster: "", namespace: "", kind: "", name: "", uid: "" };
  const call = { signal: AbortSignal.timeout(30_000), owner, token: "look" };
  const found: string[] = [];
  try {
    for (const [kind, provider] of Object.entries(connection.providers)) {
      if ("unsupported" in provider || !provider.list) continue;
      for (const at of await provider.list(call)) {
        if (!at.name.includes(`-${NAMESPACE}-`)) continue;
        const seen = await provider.observe({ ...at, footprint: [] }, call);
        if (seen.exists && seen.phase !== "deleting") found.push(`${kind} ${at.name}`);
      }
    }
  } finally {
    connection.close();
  }
  return found;
}
