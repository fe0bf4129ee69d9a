import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { PROJECT, startTestCloud, type TestCloud } from "../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ messages: true });
});
afterAll(() => cloud.close());

const METRIC = "pubsub_googleapis_com:subscription_num_undelivered_messages";
const API = `/v1/${PROJECT}/location/global/prometheus/api/v1/query`;
/** What KEDA's prometheus scaler sends. */
const kedaQuery = (id: string) => `sum(${METRIC}{monitored_resource="pubsub_subscription",subscription_id="${id}"})`;
const ask = (query: string) => cloud.rest("GET", `${API}?query=${encodeURIComponent(query)}&time=2026-01-01T00:00:00Z`);
const value = async (query: string) => (await ask(query)).body.data.result[0]?.value[1];

beforeEach(async () => {
  await cloud.gcp.control.reset();
  const topic = `${PROJECT}/topics/orders`;
  await cloud.publisher.createTopic({ name: topic });
  for (const id of ["orders", "audit"])
    await cloud.subscriber.createSubscription({ name: `${PROJECT}/subscriptions/${id}`, topic });
  const messages = ["a", "b", "c"].map((body) => ({ data: Buffer.from(body) }));
  await cloud.publisher.publish({ topic, messages });
});

test("counts what is not acknowledged, outstanding messages included", async () => {
  const subscription = `${PROJECT}/subscriptions/orders`;
  expect(await value(kedaQuery("orders"))).toBe("3");
  const [{ receivedMessages }] = await cloud.subscriber.pull({ subscription, maxMessages: 2 });
  expect(await value(kedaQuery("orders"))).toBe("3");
  await cloud.subscriber.acknowledge({
    subscription,
    ackIds: (receivedMessages ?? []).map(({ ackId }) => ackId ?? ""),
  });
  expect(await value(kedaQuery("orders"))).toBe("1");
});

test("answers one series a subscription, their sum, or none", async () => {
  const { body } = await ask(`${METRIC}{monitored_resource="pubsub_subscription"}`);
  expect(body.data.result.map((one: { metric: { subscription_id: string } }) => one.metric.subscription_id)).toEqual([
    "orders",
    "audit",
  ]);
  expect(await value(`sum(${METRIC}{monitored_resource="pubsub_subscription"})`)).toBe("6");
  expect((await ask(kedaQuery("absent"))).body).toEqual({
    status: "success",
    data: { resultType: "vector", result: [] },
  });
});

test("takes the query as a form too", async () => {
  const response = await fetch(`${cloud.gcp.rest}${API}`, {
    method: "POST",
    body: new URLSearchParams({ query: kedaQuery("orders") }),
  });
  expect(await response.json()).toMatchObject({ status: "success" });
});

test.each([
  ["", /understands only/],
  ["rate(x[5m])", /understands only/],
  ['sum(other_metric{subscription_id="orders"})', /no metric other_metric/],
  [`${METRIC}{subscription_id=~"o.*"}`, /label="value"/],
  [`${METRIC}{colour="red"}`, /no label colour/],
  [`sum(${METRIC}{subscription_id="orders"}`, /understands only/],
])("refuses %s as Prometheus would", async (query, message) => {
  const { status, body } = await ask(query);
  expect(status).toBe(400);
  expect(body).toEqual({ status: "error", errorType: "bad_data", error: expect.stringMatching(message) });
});

test("fails on demand", async () => {
  cloud.gcp.control.faults.add({ method: "monitoring.query", times: 1, error: { code: "UNAVAILABLE" } });
  expect((await ask(kedaQuery("orders"))).status).toBe(503);
  expect((await ask(kedaQuery("orders"))).status).toBe(200);
});
