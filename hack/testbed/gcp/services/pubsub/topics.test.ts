import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const name = `${PROJECT}/topics/orders`;

describe("create", () => {
  test("keeps what was asked for, twice is refused", async () => {
    const retention = { seconds: 86_400, nanos: 0 };
    await cloud.publisher.createTopic({ name, labels: { team: "checkout" }, messageRetentionDuration: retention });
    const [topic] = await cloud.publisher.getTopic({ topic: name });
    expect(topic).toMatchObject({ name, labels: { team: "checkout" }, state: "ACTIVE" });
    expect(Number(topic.messageRetentionDuration?.seconds)).toBe(86_400);
    expect(await refusal(cloud.publisher.createTopic({ name }))).toMatchObject({ code: "ALREADY_EXISTS" });
  });

  test.each([
    ["no name", {}, /"name" is required/],
    ["another kind's name", { name: `${PROJECT}/subscriptions/orders` }, /expected projects\/\{project\}\/topics/],
    ["a short id", { name: `${PROJECT}/topics/ab` }, /3 to 255/],
    ["an id from a digit", { name: `${PROJECT}/topics/1abc` }, /starts with a letter/],
    ["an id from goog", { name: `${PROJECT}/topics/google` }, /not with "goog"/],
    ["the name of what is deleted", { name: "_deleted-topic_" }, /reserved/],
    ["nine minutes of retention", { name, messageRetentionDuration: { seconds: 540 } }, /between 600 s and 2678400 s/],
    ["32 days of retention", { name, messageRetentionDuration: { seconds: 32 * 86_400 } }, /between 600 s/],
    ["an upper-case label", { name, labels: { Team: "x" } }, /Label "Team: x"/],
    ["a key that is no key", { name, kmsKeyName: "my-key" }, /"my-key" is not a valid resource name/],
  ])("refuses %s", async (_what, topic, message) => {
    const refused = await refusal(cloud.publisher.createTopic(topic));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  test("refuses another project, and what it can't carry out", async () => {
    const elsewhere = cloud.publisher.createTopic({ name: "projects/other/topics/orders" });
    expect(await refusal(elsewhere)).toMatchObject({ code: "NOT_FOUND" });
    const settings = { schema: `${PROJECT}/schemas/s`, encoding: "JSON" as const };
    const withSchema = cloud.publisher.createTopic({ name, schemaSettings: settings });
    expect(await refusal(withSchema)).toMatchObject({ code: "UNIMPLEMENTED" });
  });

  test("ignores what only the server says", async () => {
    await cloud.publisher.createTopic({ name, state: "INGESTION_RESOURCE_ERROR" });
    const [topic] = await cloud.publisher.getTopic({ topic: name });
    expect(topic.state).toBe("ACTIVE");
  });
});

describe("update", () => {
  beforeEach(async () => {
    await cloud.publisher.createTopic({ name, labels: { team: "checkout" } });
  });
  const update = (topic: object, ...paths: string[]) =>
    cloud.publisher.updateTopic({ topic: { name, ...topic }, updateMask: { paths } });

  test("changes the masked fields alone, and clears what is masked and absent", async () => {
    await update({ labels: { team: "search" }, messageRetentionDuration: { seconds: 900 } }, "labels");
    const [once] = await cloud.publisher.getTopic({ topic: name });
    expect(once).toMatchObject({ labels: { team: "search" }, messageRetentionDuration: null });
    await update({}, "labels");
    const [twice] = await cloud.publisher.getTopic({ topic: name });
    expect(twice.labels).toEqual({});
  });

  test("refuses unknown paths, an absent mask, values out of range and absent topics", async () => {
    expect(await refusal(update({}, "colour"))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining('Topic has no field "colour"'),
    });
    expect(await refusal(cloud.publisher.updateTopic({ topic: { name } }))).toMatchObject({
      message: expect.stringContaining('"update_mask" is required'),
    });
    const short = update({ messageRetentionDuration: { seconds: 1 } }, "message_retention_duration");
    expect(await refusal(short)).toMatchObject({ code: "INVALID_ARGUMENT" });
    const absent = { topic: { name: `${PROJECT}/topics/absent` }, updateMask: { paths: ["labels"] } };
    expect(await refusal(cloud.publisher.updateTopic(absent))).toMatchObject({ code: "NOT_FOUND" });
  });
});

test("lists in pages that neither lose nor repeat", async () => {
  const names = Array.from({ length: 7 }, (_, i) => `${PROJECT}/topics/topic-${String(i)}`);
  await Promise.all(names.map((one) => cloud.publisher.createTopic({ name: one })));
  const listed: string[] = [];
  let pageToken = "";
  do {
    const query = `pageSize=3${pageToken === "" ? "" : `&pageToken=${pageToken}`}`;
    const { body } = await cloud.rest("GET", `/v1/${PROJECT}/topics?${query}`);
    expect(body.topics.length).toBeLessThanOrEqual(3);
    listed.push(...body.topics.map((topic: { name: string }) => topic.name));
    pageToken = body.nextPageToken ?? "";
    if (listed.length === 3) await cloud.publisher.deleteTopic({ topic: names[0] as string });
  } while (pageToken !== "");
  expect(listed).toEqual(names);
  const forged = await cloud.rest("GET", `/v1/${PROJECT}/topics?pageToken=abc`);
  expect(forged).toMatchObject({ status: 400, body: { error: { status: "INVALID_ARGUMENT" } } });
});

test("a deleted topic leaves its subscriptions behind, which a new topic of its name doesn't get back", async () => {
  const subscription = `${PROJECT}/subscriptions/orders`;
  await cloud.publisher.createTopic({ name });
  await cloud.subscriber.createSubscription({ name: subscription, topic: name });
  const [before] = await cloud.publisher.listTopicSubscriptions({ topic: name });
  expect(before).toEqual([subscription]);
  await cloud.publisher.deleteTopic({ topic: name });
  expect(await refusal(cloud.publisher.getTopic({ topic: name }))).toMatchObject({ code: "NOT_FOUND" });
  expect(await refusal(cloud.publisher.deleteTopic({ topic: name }))).toMatchObject({ code: "NOT_FOUND" });
  await cloud.publisher.createTopic({ name });
  const [orphan] = await cloud.subscriber.getSubscription({ subscription });
  expect(orphan.topic).toBe("_deleted-topic_");
  const [after] = await cloud.publisher.listTopicSubscriptions({ topic: name });
  expect(after).toEqual([]);
});
