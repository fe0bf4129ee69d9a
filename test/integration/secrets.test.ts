import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { startTestCloud, type TestCloud } from "../../hack/testbed/gcp/testing.ts";
import { type Cluster, startCluster, waitUntil } from "../../hack/testbed/index.ts";
import { painter } from "../../operator/cli/output.ts";
import { runPlan } from "../../operator/cli/run-plan.ts";
import { createInstrumentation } from "../../operator/instrument.ts";
import { ANNOTATIONS, type KubeObject } from "../../operator/reconcile/object.ts";
import { createClock } from "../../operator/runtime/clock.ts";
import { createLog } from "../../operator/runtime/log.ts";
import { createTracing } from "../../operator/runtime/tracing.ts";
import { connect } from "../../operator/wiring.ts";
import { applyTo, installKinds, type Managed, ours, startManaged } from "../support/managed.ts";

/** A secret value from a Kubernetes Secret to the cloud: nobody is told of it on the way, and who uses it starts anew. */
const NAMESPACE = "shop";
const CANARY = "canary-7d41b9e2";

let cluster: Cluster;
let cloud: TestCloud;
let managed: Managed | undefined;
const ended = new AbortController();
/** All that the operator told: log lines, events, metrics at the end. */
const told: string[] = [];
const registry = new Registry();

const apply = (...objects: readonly object[]) => applyTo(cluster, ...objects);
const mine = (kind: string, name: string, spec: object) => ours(kind, name, spec, NAMESPACE);
const source = (value: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "payment-api", namespace: NAMESPACE },
  stringData: { token: value },
});
const read = async (kind: string, name: string) =>
  JSON.parse((await cluster.kubectl(["get", kind, name, `-n=${NAMESPACE}`, "-o=json", "--ignore-not-found"])) || "{}");
const secret = () => read("managedsecrets.onyx.onelens.io", "token");
const version = async (): Promise<string | undefined> => (await secret()).status?.outputs?.VERSION;
const inCloud = async () => {
  const { SECRET_ID, VERSION } = (await secret()).status.outputs;
  const [{ payload }] = await cloud.secretManager.accessSecretVersion({ name: `${SECRET_ID}/versions/${VERSION}` });
  return Buffer.from(payload?.data as Uint8Array).toString();
};
const configHash = async (): Promise<string | undefined> =>
  (await read("deployments.apps", "api")).spec?.template?.metadata?.annotations?.["onyx.onelens.io/config-hash"];
const until = (what: string, holds: () => Promise<boolean>) =>
  waitUntil(holds, { what, timeoutMs: 60_000, everyMs: 200, explain: () => told.slice(-10).join("\n") });

beforeAll(async () => {
  [cluster, cloud] = await Promise.all([startCluster({ name: "secrets" }), startTestCloud()]);
  await installKinds(cluster);
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
  const clock = createClock();
  const log = createLog({ level: "debug", destination: { write: (line) => void told.push(line) } });
  const tracing = await createTracing({ env: {}, service: "test", version: "0", instance: "test" });
  const fence = { check: () => {}, signal: ended.signal };
  const instruments = createInstrumentation({ clock, log, registry, tracing, fence });
  managed = await startManaged(cluster, {
    connect,
    wrap: instruments.wrap,
    log,
    tell: (_object, notice) => void told.push(JSON.stringify(notice)),
    ended,
  });
  const { project, grpc, rest } = cloud.gcp;
  const spec = {
    cloud: "gcp",
    region: "europe-west1",
    account: project,
    clusterName: "secrets",
    default: true,
    endpoints: { default: `http://${grpc}`, iam: rest, monitoring: rest },
  };
  await apply(ours("Environment", "prod", spec));
}, 300_000);

afterAll(async () => {
  await managed?.stop();
  await cloud?.close();
  await cluster?.stop();
});

it("is kept in the cloud, followed when it changes, and told to nobody", async () => {
  const valueFrom = { secretRef: { name: "payment-api", key: "token" } };
  await apply(mine("ManagedSecret", "token", { valueFrom, recoveryDays: 0 }));
  await until("DependencyNotFound", async () =>
    JSON.stringify((await secret()).status?.conditions ?? []).includes("DependencyNotFound"),
  );
  await apply(
    source(`${CANARY}-one`),
    mine("OnyxService", "api", {
      image: "api:1",
      workload: "Deployment",
      health: { none: "a test" },
      bindings: [{ secret: "token", access: "Read" }],
    }),
  );
  await until("A first version", async () => (await version()) === "1");
  expect(await inCloud()).toBe(`${CANARY}-one`);
  await until("A Deployment", async () => (await configHash()) !== undefined);
  const bindings = (await read("configmaps", "api-bindings")).data;
  expect(bindings).toMatchObject({
    SECRET_TOKEN_ID: (await secret()).status.outputs.SECRET_ID,
    SECRET_TOKEN_VERSION: "1",
  });

  const before = await configHash();
  await apply(source(`${CANARY}-two`));
  await cluster.kubectl([
    "annotate",
    "managedsecrets.onyx.onelens.io/token",
    `-n=${NAMESPACE}`,
    `${ANNOTATIONS.reconcileRequestedAt}=now`,
  ]);
  await until("A second version", async () => (await version()) === "2");
  expect(await inCloud()).toBe(`${CANARY}-two`);
  await until("New pods", async () => (await configHash()) !== before);

  const copied = await syncedCopy();
  const plan = await planOf();

  const objects = await cluster.kubectl([
    "get",
    "managedsecrets.onyx.onelens.io,onyxservices.onyx.onelens.io,workloadidentities.onyx.onelens.io,environments.onyx.onelens.io,configmaps,deployments.apps",
    "-A",
    "-o=yaml",
  ]);
  const journal = JSON.stringify(cloud.gcp.control.journal.entries());
  const everything = [...told, objects, journal, plan, await registry.metrics()].join("\n");
  expect(told.length).toBeGreaterThan(5);
  expect(journal).toContain("AddSecretVersion");
  expect(journal).toContain("AccessSecretVersion");
  expect(copied).toMatch(/^[A-Za-z0-9]{32}$/);
  for (const value of [CANARY, Buffer.from(`${CANARY}-one`).toString("base64").slice(0, 16), copied, base64(copied)])
    expect(everything.includes(value), value).toBe(false);
}, 180_000);

const base64 = (text: string) => Buffer.from(text).toString("base64");
const copy = async (name: string) => {
  const { data = {}, metadata } = await read("secrets", name);
  const text = Object.entries(data as Record<string, string>).map(([key, value]) => [
    key,
    Buffer.from(value, "base64").toString(),
  ]);
  return { metadata, text: Object.fromEntries(text) as Record<string, string> };
};

/** What `onyx plan` says of everything as it is applied: nothing would change, and what would if a copy were asked for elsewhere. */
async function planOf(): Promise<string> {
  const names = "managedsecrets.onyx.onelens.io,onyxservices.onyx.onelens.io";
  const { items } = JSON.parse(await cluster.kubectl(["get", names, `-n=${NAMESPACE}`, "-o=json"])) as {
    items: (KubeObject & { spec: { syncTo?: object } })[];
  };
  const folder = mkdtempSync(join(tmpdir(), "onyx-secrets-"));
  const planned = async (file: string, objects: readonly KubeObject[]) => {
    const given = objects.map(({ apiVersion, kind, metadata: { name, namespace }, spec }) =>
      stringify({ apiVersion, kind, metadata: { name, namespace }, spec }),
    );
    writeFileSync(join(folder, file), [...given, stringify(source(`${CANARY}-two`))].join("---\n"));
    const kubeconfig = [cluster.kubeconfig];
    const { text, value, exitCode } = await runPlan({ filename: [join(folder, file)], kubeconfig }, painter(false));
    return { text: `${text}\n${JSON.stringify(value)}`, exitCode };
  };
  try {
    const same = await planned("same.yaml", items);
    expect(same.exitCode, same.text).toBe(0);
    const elsewhere = items.map((one) =>
      one.metadata.name === "made" ? { ...one, spec: { ...one.spec, syncTo: { name: "third-copy" } } } : one,
    );
    const moved = await planned("moved.yaml", elsewhere);
    expect(moved.text).toContain(`+ Secret ${NAMESPACE}/third-copy`);
    expect(moved.text).toContain(`- Secret ${NAMESPACE}/other-copy`);
    return same.text + moved.text;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A generated value with its copy in a Secret, which is foreign at first. @returns the value in the end */
async function syncedCopy(): Promise<string> {
  const made = (generate: object, over: object = {}) =>
    mine("ManagedSecret", "made", {
      generate,
      recoveryDays: 0,
      syncTo: { name: "made-copy", previousKey: "before" },
      ...over,
    });
  const now = (at: string) =>
    cluster.kubectl([
      "annotate",
      "managedsecrets.onyx.onelens.io/made",
      `-n=${NAMESPACE}`,
      "--overwrite",
      `${ANNOTATIONS.reconcileRequestedAt}=${at}`,
    ]);
  const synced = async () =>
    (await read("managedsecrets.onyx.onelens.io", "made")).status?.conditions?.find(
      ({ type }: { type: string }) => type === "Synced",
    );
  await cluster.kubectl(["create", "secret", "generic", "made-copy", `-n=${NAMESPACE}`, "--from-literal=value=theirs"]);
  await apply(made({}));
  await until("Conflict", async () => (await synced())?.reason === "Conflict");
  expect((await copy("made-copy")).text).toEqual({ value: "theirs" });
  await cluster.kubectl(["delete", "secret", "made-copy", `-n=${NAMESPACE}`]);
  await now("1");
  await until("The copy", async () => (await synced())?.status === "True");
  const { text: first, metadata } = await copy("made-copy");
  expect(Object.keys(first)).toEqual(["value"]);

  const service = { image: "api:1", workload: "Deployment", health: { none: "a test" }, secrets: ["made-copy"] };
  await apply(mine("OnyxService", "reader", service));
  const readerHash = async () =>
    (await read("deployments.apps", "reader")).spec?.template?.metadata?.annotations?.["onyx.onelens.io/config-hash"];
  await until("A reader", async () => (await readerHash()) !== undefined);
  const before = await readerHash();
  const patch = ["patch", "secret", "made-copy", `-n=${NAMESPACE}`, "--type=merge"];
  await cluster.kubectl([...patch, '--patch={"data":{"value":"b3RoZXI=","more":"eA=="}}']);
  await now("2");
  await until("The value of before", async () => (await copy("made-copy")).text.value === first.value);
  expect((await copy("made-copy")).text).toEqual(first);
  expect((await copy("made-copy")).metadata.uid).toBe(metadata.uid);
  expect(await readerHash()).toBe(before);

  await cluster.kubectl([...patch, '--patch={"immutable":true}']);
  await apply(made({ revision: 2 }));
  await until("The next value", async () => (await copy("made-copy")).text.before === first.value);
  const { text: second } = await copy("made-copy");
  expect(second.value).not.toBe(first.value);
  await until("New pods of the reader", async () => (await readerHash()) !== before);
  await apply(made({ revision: 2 }, { syncTo: { name: "other-copy" } }));
  await until("The other copy", async () => (await copy("other-copy")).text.value === second.value);
  expect(await read("secrets", "made-copy")).toEqual({});
  return second.value as string;
}
