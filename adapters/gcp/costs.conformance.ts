import { afterAll, beforeAll } from "vitest";
import { type CostsUnderTest, testCosts } from "../testing/costs.ts";
import { unary } from "./call.ts";
import { createClients } from "./clients.ts";
import { connectCosts } from "./costs.ts";
import { PROJECT, REGION, startAdapter } from "./testing/cloud.ts";
import { convergeTable, tableWant } from "./testing/table.ts";

const adapter = await startAdapter();
const clients = createClients(adapter.place);
const [database, bucket] = [`projects/${PROJECT}/databases/costs`, "test-reports"];
const [topic, subscription] = [`projects/${PROJECT}/topics/reports`, `projects/${PROJECT}/subscriptions/reports`];
const signal = AbortSignal.timeout(600_000);

let under: CostsUnderTest;

beforeAll(async () => {
  await adapter.prepare();
  await convergeTable(adapter, "costs", tableWant("costs", { sortKey: { name: "sk", type: "String" } }));
  const rest = adapter.cloud.rest;
  const made = await fetch(`${rest}/storage/v1/b?project=${PROJECT}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: bucket, location: REGION }),
  });
  if (!made.ok) throw new Error(await made.text());
  await adapter.direct.pubsub.createTopic({ name: topic }, signal);
  await adapter.direct.pubsub.createSubscription({ name: subscription, topic, ackDeadlineSeconds: 60 }, signal);
  const env = {
    ONYX_CLOUD: "gcp",
    ONYX_REGION: REGION,
    ONYX_ACCOUNT: PROJECT,
    ONYX_ENDPOINTS: JSON.stringify(adapter.place.endpoints),
    QUEUE_REPORTS_ID: subscription,
    BUCKET_REPORTS: bucket,
    TABLE_COSTS_ID: database,
    TABLE_COSTS_COLLECTION: "items",
  };
  under = {
    env,
    costs: connectCosts({
      region: REGION,
      account: PROJECT,
      endpoints: adapter.place.endpoints,
      queue: { ID: subscription },
      bucket: { "": bucket },
      table: { ID: database, COLLECTION: "items" },
    }),
    async put(key, content) {
      const url = `${rest}/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(key)}`;
      const reply = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body: new Uint8Array(Buffer.from(content)),
      });
      if (!reply.ok) throw new Error(await reply.text());
    },
    async send(body) {
      const publisher = await clients.publisher();
      const request = { topic, messages: [{ data: Buffer.from(body) }] };
      await unary("Pub/Sub", signal, (options, done) => publisher.publish(request, options as never, done as never));
    },
  };
}, 120_000);
afterAll(async () => {
  under?.costs.close();
  clients.close();
  await adapter.close();
});

testCosts(() => under);
