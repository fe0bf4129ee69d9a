import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../testing.ts";

let cloud: TestCloud;
let roll = 0;
beforeAll(async () => {
  cloud = await startTestCloud({ random: () => roll });
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const topic = `${PROJECT}/topics/orders`;
/** Without the client's own retries, so that a fault is seen. */
const once = { retry: { retryCodes: [] } };
const create = (name = topic) => cloud.publisher.createTopic({ name }, once);
const read = (name = topic) => cloud.publisher.getTopic({ topic: name }, once);
const calls = (part: string) =>
  cloud.gcp.control.journal.entries().flatMap(({ method, code }) => (method.endsWith(part) ? [code] : []));

describe("a fault", () => {
  test("refuses the calls that it names, so many times, after so many", async () => {
    const { faults } = cloud.gcp.control;
    faults.add({
      method: "CreateTopic",
      skip: 1,
      times: 1,
      error: { code: "RESOURCE_EXHAUSTED", message: "slow down" },
    });
    await create();
    expect(await refusal(create(`${PROJECT}/topics/second`))).toEqual({
      code: "RESOURCE_EXHAUSTED",
      message: "slow down",
    });
    await create(`${PROJECT}/topics/second`);
    expect(calls("CreateTopic")).toEqual(["OK", "RESOURCE_EXHAUSTED", "OK"]);
    expect(faults.list()).toMatchObject([{ hits: 1 }]);
  });

  test("names methods and resources by patterns", async () => {
    cloud.gcp.control.faults.add({
      method: "google.pubsub.*",
      resource: "*/second",
      error: { code: "PERMISSION_DENIED" },
    });
    await create();
    expect(await refusal(create(`${PROJECT}/topics/second`))).toMatchObject({ code: "PERMISSION_DENIED" });
    await cloud.projects.getProject({ name: PROJECT });
  });

  test("hits with its probability", async () => {
    cloud.gcp.control.faults.add({ method: "*", probability: 0.5, error: { code: "INTERNAL" } });
    roll = 0.5;
    await create();
    roll = 0.49;
    expect(await refusal(read())).toMatchObject({ code: "INTERNAL" });
  });

  test("lets a call take effect and loses the reply", async () => {
    cloud.gcp.control.faults.add({ method: "CreateTopic", times: 1, dropReply: true });
    expect(await refusal(create())).toMatchObject({ code: "UNAVAILABLE" });
    expect((await read())[0].name).toBe(topic);
    expect(await refusal(create())).toMatchObject({ code: "ALREADY_EXISTS" });
  });

  test("breaks the connection of a REST call whose reply is lost", async () => {
    cloud.gcp.control.faults.add({ method: "CreateTopic", times: 1, dropReply: true });
    await expect(cloud.rest("PUT", `/v1/${topic}`, {})).rejects.toThrow("fetch failed");
    expect((await cloud.rest("GET", `/v1/${topic}`)).status).toBe(200);
  });

  test("holds a call until the client gives up, without effect", async () => {
    cloud.gcp.control.faults.add({ method: "CreateTopic", hang: true });
    const held = cloud.publisher.createTopic({ name: topic }, { ...once, timeout: 100 });
    expect(await refusal(held)).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    cloud.gcp.control.faults.clear();
    expect(await refusal(read())).toMatchObject({ code: "NOT_FOUND" });
  });

  test("delays", async () => {
    cloud.gcp.control.faults.add({ method: "CreateTopic", times: 1, delayMillis: 80 });
    const start = performance.now();
    await create();
    expect(performance.now() - start).toBeGreaterThan(75);
  });

  test("freezes reads in the past, while writes go on", async () => {
    const id = cloud.gcp.control.faults.add({ method: "google.pubsub.*", freezeReads: true });
    await create();
    expect(await refusal(read())).toMatchObject({ code: "NOT_FOUND" });
    expect((await cloud.publisher.listTopics({ project: PROJECT }))[0]).toEqual([]);
    expect(await refusal(create())).toMatchObject({ code: "ALREADY_EXISTS" });
    cloud.gcp.control.faults.remove(id);
    expect((await read())[0].name).toBe(topic);
  });
});

describe("over HTTP", () => {
  test("faults are added, listed and taken away", async () => {
    const added = await cloud.rest("POST", "/_onyx/faults", { method: "GetTopic", error: { code: "UNAVAILABLE" } });
    const { id } = added.body;
    expect((await cloud.rest("GET", `/v1/${topic}`)).status).toBe(503);
    expect((await cloud.rest("GET", "/_onyx/faults")).body.faults).toMatchObject([{ id, hits: 1 }]);
    expect((await cloud.rest("DELETE", `/_onyx/faults/${String(id)}`)).status).toBe(200);
    expect((await cloud.rest("DELETE", `/_onyx/faults/${String(id)}`)).status).toBe(404);
    expect((await cloud.rest("GET", `/v1/${topic}`)).status).toBe(404);
  });

  test.each([
    ["no effect", { method: "GetTopic" }, /must do something/],
    ["a code that is none", { error: { code: "BROKEN" } }, /no canonical code/],
    ["a field that is none", { error: { code: "INTERNAL" }, time: 1 }, /time/],
  ])("a fault with %s is refused", async (_what, fault, message) => {
    const { status, body } = await cloud.rest("POST", "/_onyx/faults", fault);
    expect(status).toBe(400);
    expect(body.error.message).toMatch(message);
  });

  test("the journal tells what was called, and what changed anything", async () => {
    await create();
    await refusal(create());
    await read();
    const { body } = await cloud.rest("GET", "/_onyx/journal?mutating=true&plane=control&requests=true");
    expect(body.entries).toMatchObject([
      {
        sequence: 1,
        method: "google.pubsub.v1.Publisher.CreateTopic",
        resource: topic,
        code: "OK",
        request: { name: topic },
      },
      { sequence: 2, code: "ALREADY_EXISTS" },
    ]);
    expect(body.counts).toEqual({
      "google.pubsub.v1.Publisher.CreateTopic": 2,
      "google.pubsub.v1.Publisher.GetTopic": 1,
    });
    expect((await cloud.rest("GET", "/_onyx/journal?method=GetTopic")).body.entries).toHaveLength(1);
    await cloud.rest("DELETE", "/_onyx/journal");
    expect((await cloud.rest("GET", "/_onyx/journal")).body).toEqual({ entries: [], counts: {} });
  });

  test("settings change and a reset takes everything back", async () => {
    await create();
    expect((await cloud.rest("PATCH", "/_onyx/settings", { operationMillis: 5 })).body).toMatchObject({
      operationMillis: 5,
    });
    expect((await cloud.rest("PATCH", "/_onyx/settings", { colour: "red" })).status).toBe(400);
    await cloud.rest("POST", "/_onyx/clock", { advanceMillis: 1000 });
    await cloud.rest("POST", "/_onyx/reset");
    expect((await cloud.rest("GET", "/_onyx/settings")).body).toMatchObject({ operationMillis: 0 });
    expect(await refusal(read())).toMatchObject({ code: "NOT_FOUND" });
    expect((await cloud.rest("GET", "/_onyx/backlog")).body).toEqual({ subscriptions: {} });
    expect((await cloud.rest("GET", "/_onyx/absent")).body.error.message).toMatch(/There are: /);
  });
});
