import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

const topic = `${PROJECT}/topics/orders`;
const name = `${PROJECT}/subscriptions/orders`;
const DAY = 86_400;

beforeEach(async () => {
  await cloud.gcp.control.reset();
  await cloud.publisher.createTopic({ name: topic });
});

const create = (rest: object = {}) => cloud.subscriber.createSubscription({ name, topic, ...rest });
const update = (rest: object, ...paths: string[]) =>
  cloud.subscriber.updateSubscription({ subscription: { name, ...rest }, updateMask: { paths } });
const read = async () => (await cloud.rest("GET", `/v1/${name}`)).body;

describe("create", () => {
  test("fills Pub/Sub's defaults", async () => {
    await create();
    expect(await read()).toEqual({
      name,
      topic,
      ackDeadlineSeconds: 10,
      messageRetentionDuration: "604800s",
      expirationPolicy: { ttl: "2678400s" },
      pushConfig: {},
      state: "ACTIVE",
    });
  });

  test("an expiration policy without ttl means never, and policies get their own defaults", async () => {
    await create({ expirationPolicy: {}, retryPolicy: {}, deadLetterPolicy: { deadLetterTopic: topic } });
    expect(await read()).toMatchObject({
      expirationPolicy: {},
      retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
      deadLetterPolicy: { deadLetterTopic: topic, maxDeliveryAttempts: 5 },
    });
  });

  test("shows the topic's retention, whenever it is set", async () => {
    await create();
    const retention = { name: topic, messageRetentionDuration: { seconds: 900 } };
    await cloud.publisher.updateTopic({ topic: retention, updateMask: { paths: ["message_retention_duration"] } });
    expect((await read()).topicMessageRetentionDuration).toBe("900s");
  });

  test.each([
    ["a deadline of 9 s", { ackDeadlineSeconds: 9 }, /between 10 and 600/],
    ["a deadline of 601 s", { ackDeadlineSeconds: 601 }, /between 10 and 600/],
    ["a retention of 9 min", { messageRetentionDuration: { seconds: 540 } }, /between 600 s/],
    ["a retention of 32 d", { messageRetentionDuration: { seconds: 32 * DAY } }, /between 600 s/],
    ["an expiry within a day", { expirationPolicy: { ttl: { seconds: DAY - 1 } } }, /between 86400 s/],
    ["an expiry before the retention", { expirationPolicy: { ttl: { seconds: DAY } } }, /must not be shorter/],
    ["4 attempts", { deadLetterPolicy: { deadLetterTopic: topic, maxDeliveryAttempts: 4 } }, /between 5 and 100/],
    ["101 attempts", { deadLetterPolicy: { deadLetterTopic: topic, maxDeliveryAttempts: 101 } }, /between 5 and 100/],
    ["a backoff of 11 min", { retryPolicy: { minimumBackoff: { seconds: 660 } } }, /between 0 s and 600 s/],
    ["a backoff that shrinks", { retryPolicy: { maximumBackoff: { seconds: 5 } } }, /exceeds maximum_backoff/],
    ["a filter that can't be read", { filter: "attributes.a =" }, /expected a quoted string/],
    ["a filter of 257 bytes", { filter: `attributes.a = "${"x".repeat(240)}"` }, /257 bytes/],
    ["the topic that is no topic", { topic: "_deleted-topic_" }, /is no topic/],
  ])("refuses %s", async (_what, rest, message) => {
    const refused = await refusal(create(rest));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  test("refuses topics and dead letter topics that don't exist", async () => {
    const absent = `${PROJECT}/topics/absent`;
    expect(await refusal(create({ topic: absent }))).toMatchObject({ code: "NOT_FOUND" });
    const policy = { deadLetterPolicy: { deadLetterTopic: absent, maxDeliveryAttempts: 5 } };
    expect(await refusal(create(policy))).toMatchObject({ code: "NOT_FOUND" });
  });

  test.each(["bigqueryConfig", "cloudStorageConfig"])(
    "refuses %s, which the test bed can't carry out",
    async (field) => {
      const config = { bigqueryConfig: { table: "p.d.t" }, cloudStorageConfig: { bucket: "b" } };
      const refused = await refusal(create({ [field]: config[field as keyof typeof config] }));
      expect(refused).toMatchObject({ code: "UNIMPLEMENTED", message: expect.stringContaining(field) });
    },
  );
});

describe("update", () => {
  beforeEach(async () => {
    await create({ labels: { a: "1" }, filter: 'attributes.a = "b"' });
  });

  test("changes deadline, retention and policies, and takes policies off again", async () => {
    const deadLetterPolicy = { deadLetterTopic: topic, maxDeliveryAttempts: 7 };
    await update({ ackDeadlineSeconds: 60, deadLetterPolicy }, "ack_deadline_seconds", "dead_letter_policy");
    expect(await read()).toMatchObject({ ackDeadlineSeconds: 60, deadLetterPolicy, labels: { a: "1" } });
    await update({}, "dead_letter_policy", "ack_deadline_seconds");
    const after = await read();
    expect(after.deadLetterPolicy).toBeUndefined();
    expect(after.ackDeadlineSeconds).toBe(10);
  });

  test("never expires once the ttl is taken off", async () => {
    await update({ expirationPolicy: {} }, "expiration_policy");
    expect((await read()).expirationPolicy).toEqual({});
  });

  test.each([
    ["filter", { filter: 'attributes.a = "c"' }],
    ["topic", { topic: `${PROJECT}/topics/other` }],
    ["enable_message_ordering", { enableMessageOrdering: true }],
  ])("refuses to change %s", async (path, rest) => {
    const refused = await refusal(update(rest, path));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("is immutable") });
  });

  test("takes an immutable field that is named with the value it has", async () => {
    await update({ filter: 'attributes.a = "b"', labels: { a: "2" } }, "filter", "labels");
    expect((await read()).labels).toEqual({ a: "2" });
  });
});

test("one that nobody uses expires after its ttl; one that never expires stays", async () => {
  const kept = `${PROJECT}/subscriptions/kept`;
  await create();
  await cloud.subscriber.createSubscription({ name: kept, topic, expirationPolicy: {} });
  cloud.gcp.control.advance(30 * DAY * 1000);
  await cloud.subscriber.getSubscription({ subscription: name });
  cloud.gcp.control.advance(2 * DAY * 1000);
  expect(await refusal(cloud.subscriber.getSubscription({ subscription: name }))).toMatchObject({ code: "NOT_FOUND" });
  const [there] = await cloud.subscriber.getSubscription({ subscription: kept });
  expect(there.name).toBe(kept);
});
