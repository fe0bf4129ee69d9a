/** Calls of Tables and Buckets on AWS, by an engine that really runs them. */
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll } from "vitest";
import { itemsIn } from "../../hack/platform/stores.ts";
import { BUCKET, type StoresCloud, TABLES, testStores } from "../testing/stores.ts";
import { deployments } from "../testing/workflows.ts";
import { bucketProvider } from "./bucket.ts";
import { awsClients } from "./clients.ts";
import { tableProvider } from "./table.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, bucketWant, call, owner, place, REGION, tableWant } from "./testing/fixtures.ts";
import { workflowProvider } from "./workflow.ts";
import { workflowRuns } from "./workflow-runs.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const runs = workflowRuns(aws);
const provider = workflowProvider(aws);
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const as = (uid: string) => call("run", { owner: owner("run", { kind: "WorkflowRun", uid }) });
const { deploy, run } = deployments(
  () => provider,
  () => runs,
  as,
  (name) => ({ call: call(name, { owner: owner(name, { kind: "Workflow" }) }), tags: {} }),
);
const tables = Object.entries(TABLES);

beforeAll(async () => {
  const [table, bucket] = [tableProvider(aws), bucketProvider(aws)];
  for (const [name, { partitionKey, sortKey, indexes, ttlField }] of tables)
    await table.create(
      name,
      tableWant(name, { partitionKey, sortKey, indexes, ttlField }),
      call(name, { owner: owner(name, { kind: "Table" }) }),
    );
  await bucket.create(BUCKET, bucketWant(BUCKET), call(BUCKET, { owner: owner(BUCKET, { kind: "Bucket" }) }));
});

const cloud: StoresCloud = {
  deploy,
  run,
  outputs: (kind, name) =>
    kind === "Bucket"
      ? { BUCKET_ID: `arn:aws:s3:::${name}`, BUCKET: name }
      : { TABLE_ID: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`, TABLE_NAME: name },
  items: (table) => itemsIn(aws.dynamodb, table),
  async object(Key) {
    const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    return (await Body?.transformToString()) ?? "";
  },
  async write(Key, Body, ContentType) {
    await aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ContentType }));
  },
};

testStores(() => cloud);
