/** Jobs that run, with messages that arrive. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { PROJECT, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ messages: true });
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const MINUTE = 60_000;
const parent = `${PROJECT}/locations/europe-west1`;
const name = `${parent}/jobs/often`;
const topic = `${PROJECT}/topics/reports`;
const subscription = `${PROJECT}/subscriptions/reports`;

async function makeTopic() {
  await cloud.publisher.createTopic({ name: topic });
  await cloud.subscriber.createSubscription({ name: subscription, topic });
}
const makeJob = (change: object = {}) =>
  cloud.scheduler.createJob({
    parent,
    job: { name, schedule: "*/5 * * * *", pubsubTarget: { topicName: topic, data: Buffer.from("now") }, ...change },
  });
const backlog = () => cloud.gcp.control.backlogs().get("reports");
const job = async () => (await cloud.scheduler.getJob({ name }))[0];

test("a job runs each time its time comes, and what it says arrives", async () => {
  await makeTopic();
  await makeJob();
  cloud.gcp.control.advance(15 * MINUTE);
  await expect.poll(backlog).toBe(3);
  const [{ receivedMessages }] = await cloud.subscriber.pull({ subscription, maxMessages: 1 });
  expect(Buffer.from(receivedMessages?.[0]?.message?.data ?? "").toString()).toBe("now");
  expect((await job()).lastAttemptTime).not.toBeNull();
});

test("one that is paused doesn't; resumed, it runs from its next time on", async () => {
  await makeTopic();
  await makeJob();
  await cloud.scheduler.pauseJob({ name });
  cloud.gcp.control.advance(30 * MINUTE);
  await cloud.scheduler.resumeJob({ name });
  cloud.gcp.control.advance(5 * MINUTE);
  await expect.poll(backlog).toBe(1);
});

test("one that can't publish says why, and is tried again as its retries say", async () => {
  await makeJob({ schedule: "0 * * * *", retryConfig: { retryCount: 3 } });
  cloud.gcp.control.advance(60 * MINUTE);
  await expect.poll(async () => (await job()).status?.code).toBe(5);
  await makeTopic();
  cloud.gcp.control.advance(MINUTE);
  await expect.poll(backlog).toBe(1);
  expect((await job()).status).toBeNull();
});

test("without retries it is left until its next time", async () => {
  await makeJob({ schedule: "0 * * * *" });
  cloud.gcp.control.advance(60 * MINUTE);
  await expect.poll(async () => (await job()).status?.code).toBe(5);
  const next = Number((await job()).scheduleTime?.seconds) * 1000;
  expect(next % (60 * MINUTE)).toBe(0);
});

test("run by hand it runs at once", async () => {
  await makeTopic();
  await makeJob();
  await cloud.scheduler.runJob({ name });
  expect(backlog()).toBe(1);
});
