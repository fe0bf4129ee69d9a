import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { PROJECT, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ messages: true });
});
afterAll(() => cloud.close());

const topic = `${PROJECT}/topics/orders`;
const subscription = `${PROJECT}/subscriptions/orders`;
const deadTopic = `${PROJECT}/topics/orders-dead`;
const dead = `${PROJECT}/subscriptions/orders-dead`;
const ATTEMPTS = 5;

const agent = () => `serviceAccount:service-${cloud.gcp.projectNumber}@gcp-sa-pubsub.iam.gserviceaccount.com`;
const grant = (resource: string, role: string) =>
  cloud.setPolicy(resource, { bindings: [{ role, members: [agent()] }] });

beforeEach(async () => {
  await cloud.gcp.control.reset();
  await cloud.publisher.createTopic({ name: topic });
  await cloud.publisher.createTopic({ name: deadTopic });
  await cloud.subscriber.createSubscription({ name: dead, topic: deadTopic });
  const deadLetterPolicy = { deadLetterTopic: deadTopic, maxDeliveryAttempts: ATTEMPTS };
  await cloud.subscriber.createSubscription({ name: subscription, topic, deadLetterPolicy });
});

/** Pulls one message and nacks it. Gives its delivery attempt, or undefined when none came. */
async function refuseOne(): Promise<number | null | undefined> {
  const [response] = await cloud.subscriber.pull({ subscription, maxMessages: 1 });
  const [received] = response.receivedMessages ?? [];
  if (received === undefined) return undefined;
  await cloud.subscriber.modifyAckDeadline({ subscription, ackIds: [received.ackId ?? ""], ackDeadlineSeconds: 0 });
  return received.deliveryAttempt;
}

async function refuseTimes(times: number) {
  const attempts = [];
  for (let i = 0; i < times; i += 1) attempts.push(await refuseOne());
  return attempts;
}

const publish = () =>
  cloud.publisher.publish({ topic, messages: [{ data: Buffer.from("bad"), attributes: { order: "7" } }] });

test("a message arrives in the dead letter topic after its attempts, naming where it comes from", async () => {
  await grant(deadTopic, "roles/pubsub.publisher");
  await grant(subscription, "roles/pubsub.subscriber");
  await publish();
  expect(await refuseTimes(ATTEMPTS)).toEqual([1, 2, 3, 4, 5]);
  expect(Object.fromEntries(cloud.gcp.control.backlogs())).toEqual({ orders: 0, "orders-dead": 1 });
  const [response] = await cloud.subscriber.pull({ subscription: dead, maxMessages: 1 });
  const message = response.receivedMessages?.[0]?.message;
  expect(String(message?.data)).toBe("bad");
  expect(message?.attributes).toMatchObject({
    order: "7",
    CloudPubSubDeadLetterSourceDeliveryCount: "5",
    CloudPubSubDeadLetterSourceSubscription: "orders",
    CloudPubSubDeadLetterSourceSubscriptionProject: "demo-project",
  });
});

test.each([
  ["publish to the topic", () => grant(subscription, "roles/pubsub.subscriber")],
  ["take from the subscription", () => grant(deadTopic, "roles/pubsub.publisher")],
])("goes on delivering while the service agent may not %s", async (_what, other) => {
  await other();
  await publish();
  expect(await refuseTimes(ATTEMPTS + 2)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(Object.fromEntries(cloud.gcp.control.backlogs())).toEqual({ orders: 1, "orders-dead": 0 });
});

test("a grant on the project, or through a custom role, counts too", async () => {
  const permissions = ["pubsub.topics.publish", "pubsub.subscriptions.consume"];
  const role = { title: "Forwarder", includedPermissions: permissions };
  await cloud.rest("POST", `/v1/${PROJECT}/roles`, { roleId: "forwarder", role });
  const bindings = [{ role: `${PROJECT}/roles/forwarder`, members: [agent()] }];
  await cloud.projects.setIamPolicy({ resource: PROJECT, policy: { bindings } });
  await publish();
  await refuseTimes(ATTEMPTS);
  expect(cloud.gcp.control.backlogs().get("orders-dead")).toBe(1);
});

test("counts nothing without a policy, and counts each subscription for itself", async () => {
  const other = `${PROJECT}/subscriptions/other`;
  await cloud.subscriber.createSubscription({ name: other, topic });
  await publish();
  await refuseTimes(2);
  const [response] = await cloud.subscriber.pull({ subscription: other, maxMessages: 1 });
  expect(response.receivedMessages?.[0]?.deliveryAttempt).toBe(0);
  expect(await refuseOne()).toBe(3);
});
