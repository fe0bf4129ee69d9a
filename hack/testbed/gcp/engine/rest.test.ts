import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { PROJECT, startTestCloud, type TestCloud } from "../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const topic = `/v1/${PROJECT}/topics/orders`;
const refused = (message: RegExp) => ({
  status: 400,
  body: { error: { code: 400, status: "INVALID_ARGUMENT", message: expect.stringMatching(message) } },
});

test("names that the definition lacks are refused, wherever they are", async () => {
  const subscription = `/v1/${PROJECT}/subscriptions/orders`;
  expect(await cloud.rest("PUT", topic, { lables: {} })).toMatchObject(
    refused(/Unknown name "lables": Cannot find field/),
  );
  const nested = { topic: `${PROJECT}/topics/orders`, deadLetterPolicy: { attempts: 5 } };
  expect(await cloud.rest("PUT", subscription, nested)).toMatchObject(
    refused(/Unknown name "attempts" at 'deadLetterPolicy': Cannot find field/),
  );
  expect(await cloud.rest("GET", `${topic}?colour=red`)).toMatchObject(refused(/Cannot bind query parameter/));
  expect(await cloud.rest("PUT", topic, { labels: 7 })).toMatchObject(refused(/labels/));
  expect(await cloud.rest("PUT", topic, { messageRetentionDuration: "soon" })).toMatchObject(refused(/Invalid JSON/));
});

test("names are taken in both spellings, nulls as absent, keys of maps as they are", async () => {
  const labels = { a_b: "1" };
  const body = { message_retention_duration: "900s", labels, kmsKeyName: null };
  expect((await cloud.rest("PUT", topic, body)).body).toEqual({
    name: `${PROJECT}/topics/orders`,
    messageRetentionDuration: "900s",
    labels,
    state: "ACTIVE",
  });
  await cloud.rest("PATCH", topic, { topic: { labels: {} }, updateMask: "labels,messageRetentionDuration" });
  expect((await cloud.rest("GET", topic)).body).toEqual({ name: `${PROJECT}/topics/orders`, state: "ACTIVE" });
});

test("bodies that are no JSON, and paths that nothing answers, are refused", async () => {
  const response = await fetch(`${cloud.gcp.rest}${topic}`, { method: "PUT", body: "{" });
  expect({ status: response.status, body: await response.json() }).toMatchObject(refused(/Invalid JSON payload/));
  expect(await cloud.rest("GET", "/v1/absent")).toMatchObject({
    status: 404,
    body: { error: { status: "NOT_FOUND" } },
  });
});

test("methods that nobody wrote say so", async () => {
  const { status, body } = await cloud.rest("GET", `/v1/${PROJECT}/snapshots`);
  expect(status).toBe(200);
  expect(body).toEqual({});
  const exported = await cloud.rest("POST", `/v1/${PROJECT}/databases/orders:exportDocuments`, {});
  expect(exported).toMatchObject({ status: 501, body: { error: { status: "UNIMPLEMENTED" } } });
});

test("keys that change what objects are get nowhere", async () => {
  expect(await cloud.rest("PUT", topic, JSON.parse('{"__proto__": {"x": 1}}'))).toMatchObject(refused(/__proto__/));
  expect(await cloud.rest("PUT", topic, { labels: JSON.parse('{"__proto__": "x"}') })).toMatchObject(
    refused(/"__proto__" can't be a key/),
  );
});
