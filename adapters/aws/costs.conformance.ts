import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { CreateQueueCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll } from "vitest";
import { type CostsUnderTest, testCosts } from "../testing/costs.ts";
import { awsClients } from "./clients.ts";
import { connectCosts } from "./costs.ts";
import { tableProvider } from "./table.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call, owner, place, REGION, tableWant } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const [Bucket, table] = ["test-reports", "test-costs"];
// What a pod has from EKS Pod Identity.
const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
const before = { ...process.env };
Object.assign(process.env, credentials);

let under: CostsUnderTest;

beforeAll(async () => {
  const text = (name: string) => ({ name, type: "String" }) as const;
  const want = tableWant(table, { partitionKey: text("pk"), sortKey: text("sk") });
  await tableProvider(aws).create(table, want, call(table, { owner: owner(table, { kind: "Table" }) }));
  await aws.s3.send(new CreateBucketCommand({ Bucket }));
  const { QueueUrl = "" } = await aws.sqs.send(new CreateQueueCommand({ QueueName: "test-reports" }));
  const endpoints = { default: emulator.endpoint };
  under = {
    costs: connectCosts({
      region: REGION,
      account: ACCOUNT,
      endpoints,
      queue: { URL: QueueUrl },
      bucket: { "": Bucket },
      table: { NAME: table },
    }),
    async put(Key, Body) {
      await aws.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    async send(MessageBody) {
      await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
    env: {
      ...credentials,
      ONYX_CLOUD: "aws",
      ONYX_REGION: REGION,
      ONYX_ACCOUNT: ACCOUNT,
      ONYX_ENDPOINTS: JSON.stringify(endpoints),
      QUEUE_REPORTS_URL: QueueUrl,
      BUCKET_REPORTS: Bucket,
      TABLE_COSTS_NAME: table,
    },
  };
});
afterAll(async () => {
  process.env = before;
  under?.costs.close();
  aws.close();
  await emulator.stop();
});

testCosts(() => under);
