import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import type { LeafKind } from "../../controllers/leaf/wants.ts";
import { prepareAccount } from "../../hack/platform/account.ts";
import { installCharts } from "../../hack/platform/chart.ts";
import { AWS, CREDENTIALS, type Endpoints, environmentYaml } from "../../hack/platform/environment.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE, type Operator, startOperator } from "../../hack/platform/operator.ts";
import { type AwsEmulator, type Cluster, startAws, startCluster, waitUntil } from "../../hack/testbed/index.ts";
import type { PolicyRule } from "../../operator/rights.ts";
import { createHelm } from "../support/helm.ts";
import { allowedBy, auditOf, usedRights } from "../support/used-rights.ts";

const USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR_NAME}`;
/** The first run on a machine builds the control plane. */
const COLD_BUILD_MS = 30 * 60_000;
const NAME = "rbac";

/** Enough of KEDA's kinds for an API server to take objects of them. */
const kedaKind = (kind: string, plural: string) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.keda.sh` },
  spec: {
    group: "keda.sh",
    scope: "Namespaced",
    names: { kind, listKind: `${kind}List`, plural },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
});

let folder: string;
let aws: AwsEmulator;
let cluster: Cluster;
let operator: Operator;

const yaml = (...objects: readonly object[]) => objects.map((object) => stringify(object)).join("---\n");
const ours = (kind: string, name: string, spec: object) => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind,
  metadata: { name, namespace: "default" },
  spec,
});
const apply = (...objects: readonly object[]) => cluster.kubectl(["apply", "--server-side", "-f=-"], yaml(...objects));

/** The Environment, and the account that it stands for. */
const environment = () =>
  environmentYaml("aws", NAME, { aws: aws.endpoint, gcpGrpc: "", gcpRest: "" } satisfies Endpoints);

/** Objects as `kind/name`; kubectl knows kinds by their plural and group. */
async function there(...names: readonly string[]): Promise<readonly string[]> {
  const out = await cluster.kubectl(["get", "--ignore-not-found", "-n=default", "-o=name", ...names]);
  return out.split("\n").filter((line) => line !== "");
}

const until = (what: string, holds: () => Promise<boolean>) =>
  waitUntil(holds, { what, timeoutMs: 60_000, everyMs: 250, explain: () => `See ${operator.log}` });
const allThere = (...names: readonly string[]) =>
  until(names.join(", "), async () => (await there(...names)).length === names.length);
const allGone = (...names: readonly string[]) =>
  until(`The end of ${names.join(", ")}`, async () => (await there(...names)).length === 0);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "onyx-rbac-"));
  const policy = join(folder, "audit.yaml");
  writeFileSync(policy, yaml(auditOf(USER)));
  aws = await startAws({ name: `${NAME}-cloud` });
  await prepareAccount("aws", NAME, { aws: aws.endpoint, gcpGrpc: "", gcpRest: "" });
  cluster = await startCluster({
    name: NAME,
    parts: ["controllers"],
    // Servers before 1.34 have no streamed lists: then the operator lists, which needs a right of its own.
    featureGates: { WatchList: false },
    extraArgs: [`--audit-policy-file=${policy}`],
  });
  await apply(kedaKind("ScaledObject", "scaledobjects"), kedaKind("TriggerAuthentication", "triggerauthentications"));
  await installCharts(cluster, [CREDENTIALS], {
    secretSyncNamespaces: ["default"],
    tenantIdentities: [{ namespace: "default", name: "default" }],
  });
  operator = await startOperator({ cluster, keep: false });
}, COLD_BUILD_MS);

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
  await aws?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

/** Changes a CronJob behind the operator's back, and waits until it is as it was. */
async function tamperWithSchedule(schedule: string): Promise<void> {
  const cronJob = ["cronjob", "nightly", "-n=default"];
  const generation = async () =>
    Number(await cluster.kubectl(["get", ...cronJob, "-o=jsonpath={.metadata.generation}"]));
  const before = await generation();
  await cluster.kubectl(["patch", ...cronJob, "--type=merge", `--patch=${JSON.stringify({ spec: { schedule } })}`]);
  await until("The schedule of before", async () => (await generation()) === before + 2);
}

/** One of each kind of cloud resource, called like its kind. */
const ONE_OF_EACH: Readonly<Record<LeafKind, object>> = {
  Bucket: {},
  EncryptionKey: {},
  EventRule: { schedule: { cron: "0 3 * * *" }, target: { queueRef: { name: "jobs" } } },
  ManagedSecret: { generate: {} },
  Queue: {},
  Table: { partitionKey: { name: "id", type: "String" } },
  TableItem: { tableRef: { name: "table" }, key: { partition: "a" } },
  Topic: {},
  Workflow: { definition: { do: [{ done: { set: 1 } }] } },
  WorkloadIdentity: { serviceAccountRef: { name: "default" } },
};

/** Who consumes the queue "jobs" may decrypt what an encrypted queue leaves there, from when that queue is made. */
async function deadLettersOfAnEncryptedQueue(): Promise<void> {
  const rights = async () =>
    await cluster.kubectl(["get", "-n=default", "workloadidentity/web", "-o=jsonpath={.status.effective.permissions}"]);
  expect(await rights()).not.toContain("kms:Decrypt");
  const encryption = {
    keyRef: { external: "arn:aws:kms:us-east-1:000000000000:key/0b1c2d3e-0000-4000-8000-000000000000" },
  };
  const deadLetter = { queueRef: { name: "jobs" }, maxReceives: 5 };
  await apply(ours("Queue", "secretive", { encryption, deadLetter }));
  await until("A right on the key", async () => (await rights()).includes("kms:Decrypt"));
  await cluster.kubectl(["delete", "-n=default", "--timeout=60s", "queues.onyx.onelens.io/secretive"]);
  await until("No right on the key", async () => !(await rights()).includes("kms:Decrypt"));
}

/** An Environment that acts as a ServiceAccount. */
async function actAsAServiceAccount(): Promise<void> {
  const spec = {
    ...AWS,
    cloud: "aws",
    clusterName: NAME,
    endpoints: { default: aws.endpoint },
    namespaces: ["default"],
    credentials: {
      serviceAccountRef: { namespace: "default", name: "default" },
      aws: { roleArn: `arn:aws:iam::${AWS.account}:role/tenant` },
    },
  };
  const { apiVersion, kind } = ours("Environment", "tenant", spec);
  await cluster.kubectl(["apply", "-f=-"], yaml({ apiVersion, kind, metadata: { name: "tenant" }, spec }));
  await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=60s", "environments.onyx.onelens.io/tenant"]);
}

/** A copy of a secret value is made, put right when somebody changes it, and deleted when nobody wants it any more. */
async function syncASecret(): Promise<void> {
  const secret = (spec: object) => ours("ManagedSecret", "synced", { generate: {}, recoveryDays: 0, ...spec });
  const value = () => cluster.kubectl(["get", "secret/copy", "-n=default", "-o=jsonpath={.data.value}"]);
  await apply(secret({ syncTo: { name: "copy" } }));
  await allThere("secret/copy");
  const right = await value();
  await cluster.kubectl([
    "patch",
    "secret/copy",
    "-n=default",
    "--type=merge",
    '--patch={"data":{"value":"b3RoZXI="}}',
  ]);
  const now = "onyx.onelens.io/reconcile-requested-at=now";
  await cluster.kubectl(["annotate", "managedsecrets.onyx.onelens.io/synced", "-n=default", now]);
  await until("The value of before", async () => (await value()) === right);
  await apply(secret({}));
  await allGone("secret/copy");
  await cluster.kubectl(["delete", "-n=default", "--timeout=60s", "managedsecrets.onyx.onelens.io/synced"]);
}

/** A run begins, ends, and its object goes some time later. */
async function runAWorkflow(): Promise<void> {
  await apply(
    ours("Workflow", "brief", ONE_OF_EACH.Workflow),
    ours("WorkflowRun", "brief", { workflowRef: { name: "brief" }, ttlAfterFinished: "2s" }),
  );
  const run = "workflowruns.onyx.onelens.io/brief";
  await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=60s", "-n=default", run]);
  await allGone(run);
  await cluster.kubectl(["delete", "-n=default", "--timeout=60s", "workflows.onyx.onelens.io/brief"]);
}

/** What was deleted before an operator led it asks about before it deletes anything. */
async function deleteOneOfEach(): Promise<void> {
  const objects = Object.entries(ONE_OF_EACH).map(([kind, spec]) => ours(kind, kind.toLowerCase(), spec));
  await apply(...objects);
  const names = objects.map(({ kind, metadata }) => `${kind}.onyx.onelens.io/${metadata.name}`);
  await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=60s", "-n=default", ...names]);
  await operator.stop();
  await cluster.kubectl(["delete", "-n=default", "--wait=false", ...names]);
  operator = await startOperator({ cluster, keep: false });
  await cluster.kubectl(["wait", "--for=delete", "--timeout=60s", "-n=default", ...names]);
}

/** A tenant with all that one can have, which it loses again piece by piece, and at last all at once. */
async function onboardAndOffboard(): Promise<void> {
  const namespace = "onyx";
  const inPlatform = (kind: string, name: string, spec: object, labels = {}) => {
    const object = ours(kind, name, spec);
    return { ...object, metadata: { ...object.metadata, namespace, labels } };
  };
  const gone = { deletionPolicy: "Delete", deletionProtection: false };
  const table = (name: string, key: string, more = {}) =>
    inPlatform("Table", name, { ...gone, partitionKey: { name: key, type: "String" }, ...more });
  const service = { image: "web:1", health: { none: "It is never run." } };
  const bill = { tableRef: { name: "table" }, image: "onyx-ingest:1", deletionPolicy: "Delete" };
  const key = { deletionPolicy: "Retain" };
  const all = { ...ONE_OF_EACH, EncryptionKey: key, OnyxService: service, TenantCostSource: bill };
  const blueprint = Object.entries(all).map(([kind, spec]) =>
    inPlatform(kind, kind.toLowerCase(), spec, { "onyx.onelens.io/blueprint": "all" }),
  );
  await cluster.kubectl(["create", "namespace", namespace]);
  await apply(
    table("onyx-tenant-db", "tenantId"),
    table("onyx-auth-sso-tenant-mapping-db", "domain"),
    // It holds the row that stays.
    table("onyx-tenant-audit-db", "tenantId", { sortKey: { name: "at", type: "String" }, deletionPolicy: "Retain" }),
    ...blueprint,
  );
  const tenant = (spec: object) => ({
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "Tenant",
    metadata: { name: "acme" },
    spec: { isolation: "Dedicated", blueprint: "all", ...spec },
  });
  const within = async (...names: readonly string[]) =>
    (await cluster.kubectl(["get", "--ignore-not-found", "-n=tenant-acme", "-o=name", ...names]))
      .split("\n")
      .filter(Boolean);
  await apply(
    tenant({ quota: { pods: 5 }, viewers: [{ kind: "User", name: "ann" }], sso: [{ domain: "acme.example" }] }),
  );
  await until(
    "The quota and the binding",
    async () => (await within("resourcequota/onyx-tenant", "rolebinding/onyx-tenant-viewers")).length === 2,
  );
  await until(
    "Every copy",
    async () => (await within("onyx", "-l=onyx.onelens.io/tenant=acme")).length >= blueprint.length,
  );
  await apply(tenant({}));
  await until(
    "No quota, no binding",
    async () => (await within("resourcequota/onyx-tenant", "rolebinding/onyx-tenant-viewers")).length === 0,
  );
  const bound = ours("WorkflowRun", "brief", { workflowRef: { name: "workflow" } });
  await until(
    "A workflow that is there",
    async () => (await within("workflows.onyx.onelens.io", "-o=jsonpath={.items[*].status.externalId}")).length === 1,
  );
  await apply({ ...bound, metadata: { name: "brief", namespace: "tenant-acme" } });
  await cluster.kubectl(["delete", "tenant", "acme", "--timeout=120s"]);
  const resources = [
    ...new Set(blueprint.map(({ kind }) => `${kind}.onyx.onelens.io`)),
    "tables.onyx.onelens.io",
  ].join();
  await cluster.kubectl(["delete", resources, "--all", `-n=${namespace}`, "--timeout=120s"]);
}

/** Uses all that the operator can do, with every kind that an OnyxService is made of. */
async function useEverything(): Promise<void> {
  await cluster.kubectl(["apply", "-f=-"], environment());
  const table = { partitionKey: { name: "id", type: "String" }, deletionPolicy: "Delete", deletionProtection: false };
  const service = { image: "web:1", health: { none: "It is never run." } };
  const web = {
    ...service,
    ports: [{ name: "http", port: 8080 }],
    config: { data: { A: "b" } },
    resources: { requests: { cpu: "100m" } },
    bindings: [
      { queue: "jobs", access: "Consume" },
      { table: "data", access: "Read" },
    ],
  };
  const size = { min: 1, max: 3 };
  await apply(
    ours("Queue", "jobs", {}),
    ours("Table", "data", table),
    ours("OnyxService", "web", { ...web, scaling: { ...size, queueBacklog: { queue: "jobs", perReplica: 10 } } }),
    ours("OnyxService", "state", { ...service, workload: "StatefulSet" }),
    ours("OnyxService", "once", { ...service, workload: "Job" }),
    ours("OnyxService", "nightly", { ...service, workload: "CronJob", schedule: { cron: "0 3 * * *" } }),
  );
  const kept = ["serviceaccount/web", "networkpolicy/web", "deployment.apps/web"];
  const scaler = ["scaledobject.keda.sh/web", "triggerauthentication.keda.sh/web"];
  const own = ["service/web", "configmap/web", "configmap/web-bindings", "poddisruptionbudget/web"];
  await allThere(...kept, ...scaler, ...own, "workloadidentity/web", "statefulset/state", "cronjob/nightly");
  await until("The Job", async () => (await there("jobs", "-l=app.kubernetes.io/name=once")).length === 1);

  await runAWorkflow();
  await deadLettersOfAnEncryptedQueue();
  await apply(ours("OnyxService", "web", { ...web, scaling: { ...size, cpu: 70 } }));
  await allThere("horizontalpodautoscaler/web");
  await allGone(...scaler);

  await apply(ours("OnyxService", "web", { ...service, serviceAccountName: "default" }));
  await allGone("horizontalpodautoscaler/web", "serviceaccount/web", "workloadidentity/web", ...own);

  // Told twice within a minute: the second time is a patch of the first event.
  await tamperWithSchedule("0 4 * * *");
  await tamperWithSchedule("0 5 * * *");

  await deleteOneOfEach();
  await onboardAndOffboard();
  await syncASecret();
  await actAsAServiceAccount();
  await cluster.kubectl(["delete", "onyxservices", "--all", "-n=default", "--timeout=60s"]);
  await cluster.kubectl(["delete", "queues.onyx.onelens.io,tables.onyx.onelens.io", "--all", "--timeout=60s"]);
  await cluster.kubectl(["delete", "environments.onyx.onelens.io", "--all", "--timeout=60s"]);
}

test("the operator uses every right that its chart gives, and asks for no other", async () => {
  await useEverything();
  await operator.stop();
  const { used, forbidden } = await usedRights(cluster.auditLog, USER);
  expect(forbidden).toEqual([]);
  const roles = JSON.parse(
    await cluster.kubectl(["get", "clusterroles,roles", "-A", "-l=app.kubernetes.io/name=onyx-operator", "-o=json"]),
  ) as { readonly items: readonly { readonly rules: readonly PolicyRule[] }[] };
  const allowed = allowedBy(roles.items.flatMap(({ rules }) => rules));
  // No request of its own: it was asked for as the RoleBinding was made.
  expect(allowed.delete("bind rbac.authorization.k8s.io/clusterroles")).toBe(true);
  expect([...allowed].filter((right) => !used.has(right)).sort()).toEqual([]);
  expect([...used].filter((right) => !allowed.has(right)).sort()).toEqual([]);
}, 360_000);

test("of Secrets it may write only those with its labels, also where RBAC lets it write all", async () => {
  const write = (secret: object) =>
    cluster
      .kubectl(
        ["create", `--as=${USER}`, "--dry-run=server", "-f=-"],
        yaml({ apiVersion: "v1", kind: "Secret", ...secret }),
      )
      .then(
        () => "taken",
        (error: Error) => error.message,
      );
  const metadata = { name: "copy", namespace: "default" };
  const labels = { "app.kubernetes.io/managed-by": "onyx-operator", "onyx.onelens.io/owner-kind": "ManagedSecret" };
  await until("The chart's admission policy", async () =>
    /only write Secrets that carry its labels/.test(await write({ metadata })),
  );
  expect(await write({ metadata: { ...metadata, labels } })).toBe("taken");
  const annotations = { "kubernetes.io/service-account.name": "default" };
  const token = { metadata: { ...metadata, labels, annotations }, type: "kubernetes.io/service-account-token" };
  expect(await write(token)).toMatch(/only write Secrets of type Opaque/);
  await cluster.kubectl(["create", "secret", "generic", "theirs", "-n=default"]);
  const take = ["--overwrite", ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)];
  for (const change of [
    ["label", "secret/theirs", ...take],
    ["delete", "secret/theirs"],
  ]) {
    const tried = cluster.kubectl([...change, `--as=${USER}`, "--dry-run=server", "-n=default"]);
    await expect(tried).rejects.toThrow(/only write Secrets that carry its labels/);
  }
}, 120_000);

test("with one namespace to watch it needs no right elsewhere, and does nothing there", async () => {
  const helm = createHelm(cluster);
  try {
    await cluster.kubectl(["create", "namespace", "team"]);
    const values = { replicas: 0, watchNamespace: "team", credentialSecrets: [CREDENTIALS] };
    await helm.install(OPERATOR_NAME, "charts/onyx-operator", OPERATOR_NAMESPACE, values);
  } finally {
    helm.close();
  }
  operator = await startOperator({ cluster, keep: false, args: ["--namespace=team"] });
  const queue = (namespace: string) => ({ ...ours("Queue", "jobs", {}), metadata: { name: "jobs", namespace } });
  await cluster.kubectl(["apply", "-f=-"], environment());
  await apply(queue("default"), queue("team"));
  await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=60s", "-n=team", "queues.onyx.onelens.io/jobs"]);
  await cluster.kubectl(["delete", "--timeout=60s", "-n=team", "queues.onyx.onelens.io/jobs"]);
  const elsewhere = ["get", "-n=default", "queues.onyx.onelens.io/jobs", "-o=jsonpath={.status}{.metadata.finalizers}"];
  expect(await cluster.kubectl(elsewhere)).toBe("");
  await operator.stop();
  expect((await usedRights(cluster.auditLog, USER)).forbidden).toEqual([]);
}, 120_000);
