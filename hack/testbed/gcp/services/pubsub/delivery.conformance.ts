import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ messages: true });
});
afterAll(() => cloud.close());

const topic = `${PROJECT}/topics/orders`;
const subscription = `${PROJECT}/subscriptions/orders`;

beforeEach(async () => {
  await cloud.gcp.control.reset();
  await cloud.publisher.createTopic({ name: topic });
});

const create = (rest: object = {}) => cloud.subscriber.createSubscription({ name: subscription, topic, ...rest });
const publish = (...bodies: string[]) =>
  cloud.publisher.publish({ topic, messages: bodies.map((body) => ({ data: Buffer.from(body) })) });
const backlog = (of = "orders") => cloud.gcp.control.backlogs().get(of);

async function pull(from = subscription, maxMessages = 10) {
  const [response] = await cloud.subscriber.pull({ subscription: from, maxMessages });
  return (response.receivedMessages ?? []).map(({ ackId, message, deliveryAttempt }) => ({
    ackId: ackId ?? "",
    body: String(message?.data),
    attributes: message?.attributes ?? {},
    id: message?.messageId,
    attempt: deliveryAttempt,
  }));
}
const nack = (ackIds: string[], from = subscription) =>
  cloud.subscriber.modifyAckDeadline({ subscription: from, ackIds, ackDeadlineSeconds: 0 });

describe("pulling", () => {
  test("gives what was published, bytes and attributes alike, until it is acknowledged", async () => {
    await create();
    const odd = Buffer.from([0, 255, 13, 10]);
    const attributes = { "ключ ключей": "значение", empty: "" };
    await cloud.publisher.publish({ topic, messages: [{ data: odd, attributes }] });
    const [response] = await cloud.subscriber.pull({ subscription, maxMessages: 1 });
    const [received] = response.receivedMessages ?? [];
    expect(Buffer.from(received?.message?.data as Uint8Array)).toEqual(odd);
    expect(received?.message?.attributes).toEqual(attributes);
    expect(received?.deliveryAttempt).toBe(0);
    expect(backlog()).toBe(1);
    await cloud.subscriber.acknowledge({ subscription, ackIds: [received?.ackId ?? ""] });
    expect(backlog()).toBe(0);
    expect(await pull()).toEqual([]);
  });

  test("gives a nacked message again at once, and a second ack is no error", async () => {
    await create();
    await publish("a");
    const [first] = await pull();
    await nack([first?.ackId ?? ""]);
    const [second] = await pull();
    expect(second).toMatchObject({ body: "a", id: first?.id });
    await cloud.subscriber.acknowledge({ subscription, ackIds: [first?.ackId ?? ""] });
    expect(backlog()).toBe(1);
    await cloud.subscriber.acknowledge({ subscription, ackIds: [second?.ackId ?? ""] });
    await cloud.subscriber.acknowledge({ subscription, ackIds: [second?.ackId ?? ""] });
    expect(backlog()).toBe(0);
  });

  test("lets a nacked message rest for the retry policy's backoff", async () => {
    await create({ retryPolicy: { minimumBackoff: { seconds: 300 } } });
    await publish("a");
    const [first] = await pull();
    await nack([first?.ackId ?? ""]);
    expect(await pull()).toEqual([]);
    expect(backlog()).toBe(1);
  });

  test("follows a deadline that was changed after messages came", async () => {
    await create({ ackDeadlineSeconds: 10 });
    await publish("a");
    const [first] = await pull();
    await nack([first?.ackId ?? ""]);
    const changed = { subscription: { name: subscription, ackDeadlineSeconds: 600 } };
    await cloud.subscriber.updateSubscription({ ...changed, updateMask: { paths: ["ack_deadline_seconds"] } });
    expect(await pull()).toHaveLength(1);
    expect(await refusal(cloud.subscriber.pull({ subscription, maxMessages: 0 }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  test("refuses what isn't there, and deadlines beyond ten minutes", async () => {
    const absent = `${PROJECT}/subscriptions/absent`;
    const pulled = cloud.subscriber.pull({ subscription: absent, maxMessages: 1 });
    expect(await refusal(pulled)).toMatchObject({ code: "NOT_FOUND" });
    await create();
    const long = cloud.subscriber.modifyAckDeadline({ subscription, ackIds: ["x"], ackDeadlineSeconds: 601 });
    expect(await refusal(long)).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("forgets messages older than the retention", async () => {
    await create({ messageRetentionDuration: { seconds: 600 } });
    await publish("a");
    cloud.gcp.control.advance(601_000);
    expect(backlog()).toBe(0);
    expect(await pull()).toEqual([]);
  });

  test("purges by a seek to now", async () => {
    await create();
    await publish("a", "b");
    await cloud.subscriber.seek({ subscription, time: { seconds: Math.floor(Date.now() / 1000) + 10 } });
    expect(backlog()).toBe(0);
    expect(await pull()).toEqual([]);
  });
});

describe("publishing", () => {
  test("reaches every subscription that is there and whose filter matches", async () => {
    await publish("before");
    await create();
    const filtered = `${PROJECT}/subscriptions/filtered`;
    await cloud.subscriber.createSubscription({ name: filtered, topic, filter: 'attributes.kind = "vip"' });
    await cloud.publisher.publish({ topic, messages: [{ data: Buffer.from("vip"), attributes: { kind: "vip" } }] });
    await publish("plain");
    expect((await pull()).map(({ body }) => body).sort()).toEqual(["plain", "vip"]);
    expect(backlog("filtered")).toBe(1);
    expect((await pull(filtered)).map(({ body }) => body)).toEqual(["vip"]);
  });

  test.each([
    ["nothing", { topic, messages: [] }, /"messages" is required/],
    ["an empty message", { topic, messages: [{}] }, /is empty/],
    ["a long attribute", { topic, messages: [{ attributes: { a: "x".repeat(1025) } }] }, /exceeds 1024 bytes/],
    ["a long key", { topic, messages: [{ attributes: { ["k".repeat(257)]: "x" } }] }, /1 to 256 bytes/],
  ])("refuses %s", async (_what, request, message) => {
    const refused = await refusal(cloud.publisher.publish(request));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });
});

describe("streaming", () => {
  const client = () => {
    const [host = "", port = ""] = cloud.gcp.grpc.split(":");
    return new PubSub({ projectId: cloud.gcp.project, apiEndpoint: `${host}:${port}`, emulatorMode: true });
  };

  test("the usual client receives, acknowledges and nacks", async () => {
    await create();
    await publish("a", "b", "c");
    const pubsub = client();
    const seen = new Map<string, number>();
    const stream = pubsub.subscription(subscription);
    stream.on("message", (message) => {
      const body = message.data.toString();
      seen.set(body, (seen.get(body) ?? 0) + 1);
      if (body === "b" && seen.get(body) === 1) message.nack();
      else message.ack();
    });
    await vi.waitFor(() => expect(backlog()).toBe(0), { timeout: 10_000 });
    await stream.close();
    await pubsub.close();
    expect(Object.fromEntries(seen)).toEqual({ a: 1, b: 2, c: 1 });
  });

  test("keeps the order of a key, whatever is nacked", async () => {
    await create({ enableMessageOrdering: true });
    const messages = ["1", "2", "3", "4"].map((body) => ({ data: Buffer.from(body), orderingKey: "k" }));
    await cloud.publisher.publish({ topic, messages });
    const pubsub = client();
    const seen: string[] = [];
    const stream = pubsub.subscription(subscription);
    stream.on("message", (message) => {
      seen.push(message.data.toString());
      if (seen.length === 2) message.nack();
      else message.ack();
    });
    await vi.waitFor(() => expect(backlog()).toBe(0), { timeout: 10_000 });
    await stream.close();
    await pubsub.close();
    expect(seen).toEqual(["1", "2", "2", "3", "4"]);
  });

  test("ends with NOT_FOUND when the subscription is deleted", async () => {
    await create();
    const pubsub = client();
    const stream = pubsub.subscription(subscription);
    const failed = new Promise<{ code: number }>((resolve) => stream.on("error", resolve));
    stream.on("message", () => undefined);
    await publish("a");
    await vi.waitFor(() => expect(cloud.gcp.control.backlogs().get("orders")).toBe(1));
    await cloud.subscriber.deleteSubscription({ subscription });
    expect((await failed).code).toBe(5);
    await stream.close();
    await pubsub.close();
  });
});

test("a detached subscription says so and gives no messages", async () => {
  await create();
  await publish("a");
  expect(backlog()).toBe(1);
  await cloud.publisher.detachSubscription({ subscription });
  expect((await cloud.subscriber.getSubscription({ subscription }))[0].detached).toBe(true);
  expect(backlog()).toBe(0);
  expect(await refusal(pull())).toMatchObject({ code: "FAILED_PRECONDITION" });
});
