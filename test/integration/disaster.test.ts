import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ListBackupsCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { CreateClusterCommand } from "@aws-sdk/client-eks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { leaves } from "../../controllers/leaf/index.ts";
import { kinds } from "../../crds/index.ts";
import { installCharts } from "../../hack/platform/chart.ts";
import { CREDENTIALS } from "../../hack/platform/environment.ts";
import { onyx } from "../../hack/platform/onyx.ts";
import { type Operator, startOperator } from "../../hack/platform/operator.ts";
import { type AwsEmulator, type Cluster, startAws, startCluster, waitUntil } from "../../hack/testbed/index.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Wanted } from "../../operator/provider/provider.ts";
import type { Leaf, LeafSpec, LeafStatus } from "../../operator/reconcile/leaf-object.ts";
import { ACCOUNT, type AwsUnderTest, awsUnderTest } from "../conformance/aws/cloud.ts";
import { type GcpUnderTest, gcpUnderTest } from "../conformance/gcp/cloud.ts";

/** The drill of docs/guides/disaster-recovery.md: a cluster is lost, another one takes up all that it made. */
const root = resolve(import.meta.dirname, "../..");
/** The first run on a machine builds the control plane. */
const COLD_BUILD_MS = 30 * 60_000;
const CLOUDS = ["aws", "gcp"] as const;
type CloudName = (typeof CLOUDS)[number];
/** What users are shown, a file or more of each kind. */
const EXAMPLES = [
  "queue/queue",
  "queue/queue-ordered",
  "queue/queue-subscriber",
  "table/table",
  "workloadidentity/workloadidentity",
  "encryptionkey/encryptionkey",
  "managedsecret/managedsecret",
  "topic/topic",
  "topic/topic-ordered",
  "eventrule/eventrule",
  "eventrule/pattern",
  "bucket/bucket",
  "bucket/bucket-notifications",
];

interface Live {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: LeafSpec;
  readonly status?: LeafStatus;
}

let emulator: AwsEmulator;
let aws: AwsUnderTest;
let gcp: GcpUnderTest;
let side: { readonly cluster: Cluster; readonly operator: Operator } | undefined;

beforeAll(async () => {
  emulator = await startAws({ name: "disaster-cloud" });
  aws = await awsUnderTest(emulator.endpoint);
  gcp = await gcpUnderTest();
  const resourcesVpcConfig = { subnetIds: ["subnet-1", "subnet-2"] };
  for (const name of ["lost", "found"])
    await aws.eyes.eks.send(
      new CreateClusterCommand({ name, roleArn: `arn:aws:iam::${ACCOUNT}:role/cluster`, resourcesVpcConfig }),
    );
  side = await start("lost");
}, COLD_BUILD_MS);

afterAll(async () => {
  await side?.operator.stop();
  await side?.cluster.stop();
  await aws?.stop();
  await gcp?.stop();
  await emulator?.stop();
  if (folder) await rm(folder, { recursive: true });
});

async function start(name: string): Promise<{ readonly cluster: Cluster; readonly operator: Operator }> {
  const cluster = await startCluster({ name: `disaster-${name}`, parts: ["controllers"] });
  await installCharts(cluster, [CREDENTIALS]);
  return { cluster, operator: await startOperator({ cluster, keep: false }) };
}

const clouds: Readonly<Record<CloudName, () => CloudUnderTest>> = { aws: () => aws, gcp: () => gcp };
const yaml = (objects: readonly object[]) => objects.map((object) => stringify(object)).join("---\n");

function environments(clusterName: string, successorOf?: readonly string[]): readonly object[] {
  const secret = { metadata: CREDENTIALS, stringData: { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" } };
  const objects = CLOUDS.map((cloud) => {
    const { account, region, endpoints } = clouds[cloud]().place;
    const spec = { cloud, account, region, endpoints, clusterName, stage: "dev", ...(successorOf && { successorOf }) };
    const credentials = cloud === "aws" ? { credentials: { secretRef: CREDENTIALS } } : {};
    const metadata = { name: cloud };
    return { apiVersion: "onyx.onelens.io/v1alpha1", kind: "Environment", metadata, spec: { ...spec, ...credentials } };
  });
  return [{ apiVersion: "v1", kind: "Secret", ...secret }, ...objects];
}

/** The same YAML for both clouds, a namespace each. */
const platform = (): readonly object[] =>
  CLOUDS.flatMap((cloud) => [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: cloud } },
    ...EXAMPLES.flatMap((file) =>
      parseAllDocuments(readFileSync(resolve(root, `examples/${file}.yaml`), "utf8")).map((document) => {
        const object = document.toJS() as { metadata: object; spec: object };
        // Firestore builds indexes one after the other, which takes half a minute and shows nothing here.
        const { indexes: _slow, ...spec } = object.spec as { indexes?: unknown };
        return {
          ...object,
          metadata: { ...object.metadata, namespace: cloud },
          spec: { ...spec, environmentRef: { name: cloud } },
        };
      }),
    ),
  ]);

const kubectl: Cluster["kubectl"] = (...args) => {
  if (!side) throw new Error("there is no cluster");
  return side.cluster.kubectl(...args);
};
const apply = (objects: readonly object[]) => kubectl(["apply", "--server-side", "-f=-"], yaml(objects));

async function all(): Promise<readonly Live[]> {
  const plurals = kinds.filter(({ role }) => role === "leaf").map(({ plural, group }) => `${plural}.${group}`);
  return (JSON.parse(await kubectl(["get", plurals.join(), "-A", "-o=json"])) as { items: Live[] }).items;
}

const referencesOf = ({ kind, spec }: Live) =>
  (leaves as unknown as readonly Leaf<LeafSpec, Wanted>[]).find((leaf) => leaf.kind === kind)?.references(spec) ?? [];
const said = ({ status }: Live, type: string) => status?.conditions?.find((one) => one.type === type);
const keyOf = ({ kind, metadata }: Live) => `${kind} ${metadata.namespace}/${metadata.name}`;
const until = (what: string, holds: (objects: readonly Live[]) => boolean) => {
  let last: readonly Live[] = [];
  const look = async () => {
    last = await all();
    return holds(last);
  };
  return waitUntil(look, {
    what,
    timeoutMs: 90_000,
    everyMs: 250,
    explain: () => last.map((one) => `${keyOf(one)}: ${said(one, "Synced")?.message}`).join("\n"),
  });
};
const everythingReady = () =>
  until("Everything Ready", (objects) =>
    objects.every((one) => said(one, "Ready")?.status === "True" && said(one, "Synced")?.status === "True"),
  );
/** What it is in the cloud and what its users are told. */
const identities = async () =>
  Object.fromEntries(
    (await all()).map((one) => {
      const { externalId, externalName, outputs, effective } = one.status ?? {};
      return [keyOf(one), { externalId, externalName, outputs, effective }];
    }),
  );
const writes = () => CLOUDS.map((cloud) => clouds[cloud]().writes());
const tableOf = async () => (await all()).find((one) => keyOf(one) === "Table aws/orders") as Live;

/** As a file, for the command line. */
async function written(text: string): Promise<string> {
  folder ??= await mkdtemp(join(tmpdir(), "onyx-disaster-"));
  const file = join(folder, "restored.yaml");
  await writeFile(file, text);
  return file;
}

let folder: string | undefined;
let before: Awaited<ReturnType<typeof identities>>;

test("a cluster is lost with all its objects; what it made stays in both clouds", async () => {
  await apply([...environments("lost"), ...platform()]);
  await everythingReady();
  before = await identities();
  expect(Object.keys(before)).toHaveLength(platform().filter((one) => "spec" in one).length);
  const TableName = (await tableOf()).status?.externalName;
  const Item = { customerId: { S: "c" }, placedAt: { N: "1" } };
  await aws.eyes.dynamodb.send(new PutItemCommand({ TableName, Item }));
  await side?.operator.kill();
  await side?.cluster.stop();
  side = undefined;
}, 180_000);

test("a new cluster without the word takes nothing, and names the word", async () => {
  side = await start("found");
  const counts = writes().map((calls) => calls.length);
  await apply([...environments("found"), ...platform()]);
  const refused = (one: Live) => said(one, "Stalled")?.reason === "Conflict";
  // What refers to one that is refused waits for that.
  const waits = (one: Live) => said(one, "Synced")?.reason === "DependencyNotReady";
  await until("The refusal", (objects) =>
    objects.every((one) => refused(one) || (waits(one) && objects.some((other) => refused(other)))),
  );
  const objects = await all();
  const alone = objects.filter((one) => referencesOf(one).length === 0);
  expect(objects.filter(refused).map(keyOf).sort()).toEqual(alone.map(keyOf).sort());
  for (const one of objects) expect(said(one, "Ready")?.status).toBe("False");
  for (const one of objects.filter(refused))
    expect(said(one, "Synced")?.message).toMatch(/in cluster "lost".*add it to spec\.successorOf of Environment/);
  expect(writes().map((calls) => calls.length)).toEqual(counts);
}, 180_000);

test("with the word everything is found again, and nothing is made twice", async () => {
  const counts = writes().map((calls) => calls.length);
  await apply(environments("found", ["lost"]));
  await everythingReady();
  // Whom a role trusts names the cluster; all else is as it was.
  expect(JSON.stringify(await identities())).toBe(JSON.stringify(before).replaceAll(/\blost\b/g, "found"));
  const made = writes().map((calls, n) =>
    calls.slice(counts[n]).flatMap(({ operation, ok }) => (ok && /^Create|^Delete/.test(operation) ? [operation] : [])),
  );
  // What gives an AWS role to a ServiceAccount belongs to the cluster, and went with it.
  expect(made).toEqual([["CreatePodIdentityAssociation"], []]);
  const TableName = (await tableOf()).status?.externalName;
  expect((await aws.eyes.dynamodb.send(new ScanCommand({ TableName }))).Count).toBe(1);
}, 180_000);

const inCluster = (...args: string[]) => onyx(...args, `--kubeconfig=${side?.cluster.kubeconfig}`);

test("onyx restore makes a new table of what another holds, and a new object takes it up", async () => {
  const restored = await Promise.all(
    CLOUDS.map((cloud) => inCluster("restore", "table", "orders", "-n", cloud, "--to", "orders-again")),
  );
  for (const { text, code } of restored) expect(code, text).toBe(0);
  const yamls = restored.map(({ text }) => text).join("\n---\n");
  const counts = writes().map((calls) => calls.length);
  await kubectl(["apply", "--server-side", "-f=-"], yamls);
  await until("The restored tables", (objects) => objects.filter(({ kind }) => kind === "Table").length === 4);
  await everythingReady();
  const tables = (await all()).filter(({ kind }) => kind === "Table");
  for (const cloud of CLOUDS) {
    const [one, other] = tables.filter(({ metadata }) => metadata.namespace === cloud);
    expect(one?.status?.externalId).not.toBe(other?.status?.externalId);
    const { tags: _own, ...settings } = one?.status?.effective ?? {};
    expect(other?.status?.effective).toMatchObject(settings);
  }
  const made = writes().flatMap((calls, n) => calls.slice(counts[n]).map(({ operation }) => operation));
  expect(made.filter((operation) => /^(CreateTable|CreateDatabase|Delete)/.test(operation))).toEqual([]);
  const again = tables.find((one) => keyOf(one) === "Table aws/orders-again");
  const { Count } = await aws.eyes.dynamodb.send(new ScanCommand({ TableName: again?.status?.externalName }));
  expect(Count).toBe(1);
  const plan = await inCluster("plan", "-f", await written(yamls));
  expect(plan, plan.text).toMatchObject({ code: 0 });
  expect((await inCluster("restore", "table", "orders", "-n", "aws", "--to", "orders-again")).text).toContain(
    "already",
  );
}, 120_000);

test("onyx approve gives the word for a table that is destroyed, and a backup stays", async () => {
  const approve = (...more: string[]) => inCluster("approve", "table", "orders", "-n", "aws", ...more);
  expect((await approve()).text).toContain("Nothing of Table aws/orders waits for approval.");
  const { externalName: TableName, externalId = "" } = (await tableOf()).status ?? {};
  const spec = { deletionPolicy: "Delete", deletionProtection: false };
  const name = "table.onyx.onelens.io/orders";
  await kubectl(["patch", name, "-n=aws", "--type=merge", `-p=${JSON.stringify({ spec })}`]);
  await kubectl(["delete", name, "-n=aws", "--wait=false"]);
  await until("The wait for approval", (objects) =>
    objects.some((one) => keyOf(one) === "Table aws/orders" && one.status?.approval?.act === "destroy"),
  );
  const table = await tableOf();
  expect(said(table, "Stalled")?.reason).toBe("AwaitingApproval");
  const unsaid = await approve();
  expect(unsaid).toMatchObject({ code: 1, text: expect.stringContaining("--yes") });
  const given = await approve("--yes");
  expect(given).toMatchObject({
    code: 0,
    text: expect.stringContaining(`${externalId} is destroyed with its items`),
  });
  await kubectl(["wait", "--for=delete", name, "-n=aws", "--timeout=60s"]);
  const { BackupSummaries } = await aws.eyes.dynamodb.send(new ListBackupsCommand({ TableName }));
  expect(BackupSummaries).toMatchObject([{ BackupName: expect.stringMatching(/-final-\w{6}$/) }]);
}, 120_000);

test("a key stays as long as a queue is encrypted with it, and then goes on the word", async () => {
  const keys = CLOUDS.map((cloud) => `EncryptionKey ${cloud}/payments`);
  const inState = (reason: string) => (objects: readonly Live[]) =>
    objects.filter((one) => keys.includes(keyOf(one)) && said(one, "Stalled")?.reason === reason).length ===
    keys.length;
  for (const cloud of CLOUDS) {
    const name = "encryptionkey.onyx.onelens.io/payments";
    await kubectl(["patch", name, `-n=${cloud}`, "--type=merge", '-p={"spec":{"deletionPolicy":"Delete"}}']);
    await kubectl(["delete", name, `-n=${cloud}`, "--wait=false"]);
  }
  await until("The keys in use", inState("DeletionBlocked"));
  for (const one of (await all()).filter((each) => keys.includes(keyOf(each))))
    expect(said(one, "Synced")?.message).toContain(`is in use by Queue ${one.metadata.namespace}/payments.`);
  for (const cloud of CLOUDS) await kubectl(["delete", "queue.onyx.onelens.io/payments", `-n=${cloud}`]);
  await until("The wait for the word", inState("AwaitingApproval"));
  for (const cloud of CLOUDS)
    expect(await inCluster("approve", "encryptionkey", "payments", "-n", cloud, "--yes")).toMatchObject({ code: 0 });
  await until("The end of the keys", (objects) => !objects.some((one) => keys.includes(keyOf(one))));
}, 120_000);
