/** Calls of Tables and Buckets on Google Cloud, by an engine that really runs them. */
import { afterAll, beforeAll } from "vitest";
import { documentsIn } from "../../hack/platform/stores.ts";
import { startWorkflowEngine } from "../../hack/testbed/index.ts";
import { BUCKET, type StoresCloud, TABLES, testStores } from "../testing/stores.ts";
import { deployments } from "../testing/workflows.ts";
import { bucketWant, fitted } from "./testing/bucket.ts";
import { type Adapter, call, marks, PROJECT, providerOf, startAdapter } from "./testing/cloud.ts";
import { convergeTable } from "./testing/table.ts";
import { workflowRuns } from "./workflow-runs.ts";

const engine = await startWorkflowEngine();
let adapter: Adapter;
let runs: ReturnType<typeof workflowRuns>;
afterAll(async () => {
  await adapter.close();
  await engine.stop();
});

const as = (uid: string) => call("WorkflowRun", "run", { uid });
const { deploy, run } = deployments(
  () => providerOf(adapter.connection, "Workflow"),
  () => runs,
  as,
  (name) => ({ call: call("Workflow", name), tags: marks("Workflow", name) }),
);
/** Ids of databases have four characters at least. */
const databaseOf = (table: string) => `${table}-table`;

beforeAll(async () => {
  adapter = await startAdapter({ workflowEngine: engine.url });
  await adapter.prepare();
  runs = workflowRuns(adapter);
  const more = { pointInTimeRecoveryDays: null, deletionProtection: false, encryptionKey: null, overrides: {} };
  for (const [table, schema] of Object.entries(TABLES)) {
    const name = databaseOf(table);
    await convergeTable(adapter, name, { ...more, ...schema, tags: marks("Table", name) });
  }
  await makeBucket(BUCKET);
});

async function makeBucket(name: string): Promise<void> {
  const bucket = providerOf(adapter.connection, "Bucket");
  await bucket.create(name, fitted(bucket, bucketWant(name)), call("Bucket", name));
}

async function rest(method: string, path: string, body?: string, type = "application/json"): Promise<string> {
  const sent = body === undefined ? {} : { body, headers: { "content-type": type } };
  const response = await fetch(`${adapter.cloud.rest}${path}`, { method, ...sent });
  const text = await response.text();
  if (response.ok) return text;
  throw new Error(`${method} ${path}: ${response.status} ${text}`);
}

const cloud: StoresCloud = {
  async deploy(name, tasks, targets) {
    const gone = targets.some((target) => target.kind === "Bucket" && target.name === "gone");
    // Rights can be given on a bucket that is there alone.
    if (gone) await makeBucket("gone");
    await deploy(name, tasks, targets);
    if (gone) await rest("DELETE", "/storage/v1/b/gone");
  },
  run,
  outputs: (kind, name) =>
    kind === "Bucket"
      ? { BUCKET_ID: `projects/_/buckets/${name}`, BUCKET: name }
      : { TABLE_ID: `projects/${PROJECT}/databases/${databaseOf(name)}`, COLLECTION: "items" },
  items: (table) => documentsIn(adapter.cloud.rest, `projects/${PROJECT}/databases/${databaseOf(table)}`),
  object: (name) => rest("GET", `/storage/v1/b/${BUCKET}/o/${encodeURIComponent(name)}?alt=media`),
  async write(name, content, type) {
    const query = new URLSearchParams({ uploadType: "media", name });
    await rest("POST", `/upload/storage/v1/b/${BUCKET}/o?${query}`, content, type);
  },
};

testStores(() => cloud);
