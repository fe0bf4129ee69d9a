import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { PROJECT, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ messages: true });
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const TOPIC = `${PROJECT}/topics/events`;
const SUBSCRIPTION = `${PROJECT}/subscriptions/events`;
const AGENT = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com";
const CONFIGS = "/storage/v1/b/orders/notificationConfigs";
const notification = (fields: object = {}) => ({
  topic: `//pubsub.googleapis.com/${TOPIC}`,
  payload_format: "JSON_API_V1",
  ...fields,
});
const publisher = { bindings: [{ role: "roles/pubsub.publisher", members: [AGENT] }] };

/** As many messages as are asked for, which must come. */
async function received(count: number) {
  const got: { data: unknown; attributes: Record<string, string> }[] = [];
  for (let tries = 0; got.length < count && tries < 50; tries += 1) {
    const [{ receivedMessages = [] }] = await cloud.subscriber.pull({ subscription: SUBSCRIPTION, maxMessages: 10 });
    for (const { message } of receivedMessages ?? [])
      got.push({
        data: message?.data?.length ? JSON.parse(message.data.toString()) : undefined,
        attributes: (message?.attributes ?? {}) as Record<string, string>,
      });
    const ackIds = (receivedMessages ?? []).map(({ ackId }) => ackId ?? "");
    if (ackIds.length > 0) await cloud.subscriber.acknowledge({ subscription: SUBSCRIPTION, ackIds });
    else await wait(10);
  }
  return got;
}

test("a topic that is not there, or where Cloud Storage may not publish, is refused", async () => {
  await cloud.storage.createBucket("orders");
  expect(await cloud.rest("POST", CONFIGS, notification())).toMatchObject({ status: 400 });
  await cloud.publisher.createTopic({ name: TOPIC });
  expect(await cloud.rest("POST", CONFIGS, notification())).toMatchObject({
    status: 403,
    body: { error: { message: expect.stringContaining("does not have permission to publish messages") } },
  });
  // Its account is made when somebody asks for it, and IAM takes nobody before.
  await expect(cloud.setPolicy(TOPIC, publisher)).rejects.toThrow(/does not exist/);
  const { body } = await cloud.rest("GET", "/storage/v1/projects/demo-project/serviceAccount");
  expect(`serviceAccount:${body.email_address}`).toBe(AGENT);
  await cloud.setPolicy(TOPIC, publisher);
  for (const wrong of [
    { payload_format: "XML" },
    { event_types: ["OBJECT_READ"] },
    { colour: "red" },
    { topic: TOPIC },
  ])
    expect(await cloud.rest("POST", CONFIGS, notification(wrong))).toMatchObject({ status: 400 });
  expect(await cloud.rest("POST", CONFIGS, notification())).toMatchObject({ status: 200, body: { id: "1" } });
  expect((await cloud.rest("GET", CONFIGS)).body.items).toHaveLength(1);
  expect((await cloud.rest("GET", "/storage/v1/b/orders")).body.metageneration).toBe("2");
});

test("an overwrite tells of the new object and of the old one; prefix and kind of event narrow it", async () => {
  await cloud.storage.createBucket("orders");
  await cloud.publisher.createTopic({ name: TOPIC });
  await cloud.subscriber.createSubscription({ name: SUBSCRIPTION, topic: TOPIC });
  await cloud.rest("GET", "/storage/v1/projects/demo-project/serviceAccount");
  await cloud.setPolicy(TOPIC, publisher);
  await cloud.rest("POST", CONFIGS, notification({ object_name_prefix: "in/", custom_attributes: { who: "me" } }));
  const bucket = cloud.storage.bucket("orders");
  await bucket.file("out/x").save("1", { resumable: false });
  await bucket.file("in/x").save("1", { resumable: false });
  const [first] = await received(1);
  expect(first).toMatchObject({
    data: { kind: "storage#object", name: "in/x", bucket: "orders" },
    attributes: {
      eventType: "OBJECT_FINALIZE",
      bucketId: "orders",
      objectId: "in/x",
      payloadFormat: "JSON_API_V1",
      notificationConfig: "projects/_/buckets/orders/notificationConfigs/1",
      who: "me",
    },
  });
  await bucket.file("in/x").save("2", { resumable: false });
  const over = await received(2);
  const events = over.map(({ attributes }) => attributes.eventType).sort();
  expect(events).toEqual(["OBJECT_DELETE", "OBJECT_FINALIZE"]);
  const finalized = over.find(({ attributes }) => attributes.eventType === "OBJECT_FINALIZE");
  const deleted = over.find(({ attributes }) => attributes.eventType === "OBJECT_DELETE");
  expect(finalized?.attributes.overwroteGeneration).toBe(first?.attributes.objectGeneration);
  expect(deleted?.attributes.overwrittenByGeneration).toBe(finalized?.attributes.objectGeneration);
});
