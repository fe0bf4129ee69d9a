/** Rules with a pattern on Google Cloud, with events that are really handed on. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { ON_EVENTS } from "../rule-either.ts";
import { type Adapter, at, call, marks, PROJECT, present, providerOf, REGION, startAdapter } from "./testing/cloud.ts";
import { argumentsOf, makeStarter, makeWorkflow } from "./testing/workflows.ts";

let adapter: Adapter;
beforeAll(async () => {
  adapter = await startAdapter();
});
afterAll(() => adapter.close());
beforeEach(() => adapter.prepare());

const PARENT = `projects/${PROJECT}/locations/${REGION}`;
const BUS = `${PARENT}/messageBuses/onyx-dev`;
const ENROLLMENT = `${PARENT}/enrollments/orders`;
const PIPELINE = `${PARENT}/pipelines/orders`;
const QUEUE = `projects/${PROJECT}/subscriptions/jobs`;
const TOPIC = `projects/${PROJECT}/topics/jobs`;
const rule = () => providerOf(adapter.connection, "EventRule");
const context = () => call("EventRule", "orders");
const where = at("orders", [ON_EVENTS]);

function wanted(change: Partial<EventRuleWant> = {}): EventRuleWant {
  const want: EventRuleWant = {
    schedule: null,
    pattern: [
      { attribute: "tenant", anyOf: ["acme", "umbrella"] },
      { attribute: "type", prefix: "com.example.order." },
    ],
    target: { id: QUEUE, via: [] },
    targetIs: { kind: "Queue", ordered: false, encryptionKey: null },
    input: "{}",
    suspended: false,
    overrides: {},
    tags: { ...marks("EventRule", "orders"), team: "core" },
    ...change,
  };
  return rule().fit?.(want).want ?? want;
}

const seen = async () => present(await rule().observe(where, context()));
const changed = (want: EventRuleWant, actual: Partial<EventRuleWant>) =>
  new Set(diff(want, actual).map(({ field }) => field as keyof EventRuleWant & string));

async function update(want: EventRuleWant): Promise<void> {
  const found = await seen();
  await rule().update(found, want, changed(want, found.actual), context());
}

async function makeQueue(): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  await adapter.direct.pubsub.createTopic({ name: TOPIC }, signal);
  await adapter.direct.pubsub.createSubscription({ name: QUEUE, topic: TOPIC }, signal);
}

const rest = async (method: string, path: string, body?: object) => {
  const init = { method, headers: { "content-type": "application/json" } };
  const reply = await fetch(`${adapter.cloud.rest}/v1/${path}`, {
    ...init,
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(reply.status, await reply.clone().text()).toBe(200);
  return reply.json() as Promise<Record<string, unknown>>;
};

const event = (change: object = {}) => ({
  specversion: "1.0",
  id: "1",
  source: "/shop",
  type: "com.example.order.placed",
  tenant: "acme",
  data: { order: 7, note: "é" },
  ...change,
});
const publish = (change: object = {}) => rest("POST", `${BUS}:publish`, { jsonMessage: JSON.stringify(event(change)) });
const backlog = () => adapter.cloud.control.backlogs().get("jobs");

test("E3 what matches reaches the queue, as the event's data; what doesn't, doesn't", async () => {
  await makeQueue();
  await rule().create("orders", wanted(), context());
  expect(diff(wanted(), (await seen()).actual)).toEqual([]);
  await publish({ tenant: "other" });
  await publish({ tenant: undefined });
  await publish({ type: "com.example.user.made" });
  await publish();
  await expect.poll(backlog).toBe(1);
  const pulled = (await rest("POST", `${QUEUE}:pull`, { maxMessages: 5 })) as {
    receivedMessages: { message: { data: string } }[];
  };
  expect(pulled.receivedMessages.map(({ message }) => Buffer.from(message.data, "base64").toString())).toEqual([
    '{"order":7,"note":"é"}',
  ]);
});

test("E2 a rule that is suspended hands nothing on; once it isn't any more, it does", async () => {
  await makeQueue();
  await rule().create("orders", wanted({ suspended: true }), context());
  expect(diff(wanted({ suspended: true }), (await seen()).actual)).toEqual([]);
  await publish();
  await update(wanted());
  await publish({ id: "2", data: { order: 8 } });
  await expect.poll(backlog).toBe(1);
});

const STARTING = { targetIs: { kind: "Workflow", ordered: false, encryptionKey: null } } as const;

test("E3 what matches starts the workflow, with the event's data as its input", async () => {
  await makeStarter(adapter.cloud);
  const workflow = await makeWorkflow(adapter.cloud, REGION, "fulfil");
  const want = wanted({ ...STARTING, target: { id: workflow, via: [] } });
  await rule().create("orders", want, context());
  expect(diff(want, (await seen()).actual)).toEqual([]);
  await publish({ tenant: "other" });
  await publish();
  await expect.poll(() => argumentsOf(adapter.cloud, workflow)).toEqual(['{"order":7,"note":"é"}']);
});

test("a workflow that others had started in another way is drift, and put right by one call", async () => {
  await makeQueue();
  await makeStarter(adapter.cloud);
  const workflow = await makeWorkflow(adapter.cloud, REGION, "fulfil");
  const want = wanted({ ...STARTING, target: { id: workflow, via: [] } });
  await rule().create("orders", want, context());
  const [made] = ((await rest("GET", PIPELINE)) as { destinations: object[] }).destinations;
  const { httpEndpoint, authenticationConfig } = made as { httpEndpoint: object; authenticationConfig: object };
  for (const destination of [
    { httpEndpoint: { ...httpEndpoint, messageBindingTemplate: '{"body": "{}"}' }, authenticationConfig },
    { httpEndpoint },
    { topic: TOPIC },
  ]) {
    await rest("PATCH", `${PIPELINE}?updateMask=destinations`, { destinations: [destination] });
    expect([...changed(want, (await seen()).actual)]).toEqual(["target"]);
    adapter.writes();
    await update(want);
    expect(adapter.writes()).toEqual(["UpdatePipeline"]);
    expect(diff(want, (await seen()).actual)).toEqual([]);
  }
  await update(wanted());
  expect(diff(wanted(), (await seen()).actual)).toEqual([]);
});

test("E4 who may start workflows is not there yet: the error says what to make", async () => {
  const id = `projects/${PROJECT}/locations/${REGION}/workflows/fulfil`;
  await expect(
    rule().create("orders", wanted({ ...STARTING, target: { id, via: [] } }), context()),
  ).rejects.toMatchObject({
    fault: "denied",
    message: expect.stringMatching(/onyx-workflow-starter.*google-cloud\.md/),
  });
});

test("a right that is taken away is drift, and an event is held until it is back", async () => {
  await makeQueue();
  await rule().create("orders", wanted(), context());
  await rest("POST", `${TOPIC}:setIamPolicy`, { policy: { bindings: [] } });
  await publish();
  expect([...changed(wanted(), (await seen()).actual)]).toEqual(["target"]);
  await update(wanted());
  expect(diff(wanted(), (await seen()).actual)).toEqual([]);
  await adapter.cloud.control.advance(10_000);
  await expect.poll(backlog).toBe(1);
});

test("each change is one call, and brings the rule to what is wanted", async () => {
  await makeQueue();
  await rule().create("orders", wanted(), context());
  adapter.writes();
  const steps: [Partial<EventRuleWant>, string[]][] = [
    [{ pattern: [{ attribute: "subject", exists: true }] }, ["UpdateEnrollment"]],
    [{ tags: { ...marks("EventRule", "orders"), team: "other" } }, ["UpdatePipeline", "UpdateEnrollment"]],
  ];
  let want = wanted();
  for (const [change, calls] of steps) {
    want = wanted({ ...want, ...change });
    await update(want);
    expect(adapter.writes()).toEqual(calls);
    expect(diff(want, (await seen()).actual)).toEqual([]);
  }
});

test("what others change is told, and put right", async () => {
  await makeQueue();
  await rule().create("orders", wanted(), context());
  await rest("PATCH", `${ENROLLMENT}?updateMask=celMatch`, { celMatch: 'message.type == "x"' });
  await rest("PATCH", `${PIPELINE}?updateMask=retryPolicy`, { retryPolicy: { maxAttempts: 1 } });
  const { actual } = await seen();
  expect(actual.pattern).toBe('message.type == "x"');
  expect([...changed(wanted(), actual)].sort()).toEqual(["overrides", "pattern"]);
  await update(wanted());
  expect(diff(wanted(), (await seen()).actual)).toEqual([]);
});

test("a create that was cut off at any call is finished by the next pass", async () => {
  for (const method of ["CreateMessageBus", "SetIamPolicy", "CreatePipeline", "CreateEnrollment"]) {
    await adapter.prepare();
    await makeQueue();
    adapter.cloud.control.faults.add({ method, times: 1, error: { code: "UNAVAILABLE" } });
    await expect(rule().create("orders", wanted(), context()), method).rejects.toMatchObject({ fault: "transient" });
    const found = await rule().observe(where, context());
    if (found.exists) await rule().update(found, wanted(), changed(wanted(), found.actual), context());
    else await rule().create("orders", wanted(), context());
    expect(diff(wanted(), (await seen()).actual), method).toEqual([]);
  }
});

test("parts that take their time are waited for, also by a process that has just begun", async () => {
  await makeQueue();
  adapter.cloud.control.settings.operationMillis = 60_000;
  const settle = () => adapter.cloud.control.advance(60_000);
  await expect(rule().create("orders", wanted(), context())).rejects.toMatchObject({ code: "NotYet" });
  await settle();
  await rule().create("orders", wanted(), context());
  expect(await seen()).toMatchObject({ phase: "pending", message: expect.stringContaining("making") });
  await expect(providerOf(adapter.connect(), "EventRule").create("orders", wanted(), context())).rejects.toMatchObject({
    fault: "transient",
  });
  await settle();
  await update(wanted());
  expect((await seen()).phase).toBe("pending");
  await settle();
  expect((await seen()).phase).toBe("ready");
  expect(diff(wanted(), (await seen()).actual)).toEqual([]);
});

test("nothing is put on a bus, or into a part, that is somebody else's", async () => {
  await makeQueue();
  await rest("POST", `${PARENT}/messageBuses?messageBusId=onyx-dev`, {});
  await expect(rule().create("orders", wanted(), context())).rejects.toMatchObject({ fault: "conflict" });
  await rest("PATCH", `${BUS}?updateMask=labels`, { labels: { "onyx-environment": "dev" } });
  await rest("POST", `${PARENT}/pipelines?pipelineId=orders`, { destinations: [{ topic: TOPIC }] });
  await expect(rule().create("orders", wanted(), context())).rejects.toMatchObject({ fault: "conflict" });
  expect((await seen()).owner).toBeUndefined();
});

test("deleted, nothing is left of it but the bus", async () => {
  await makeQueue();
  await rule().create("orders", wanted(), context());
  adapter.writes();
  await rule().delete(await seen(), where, context());
  expect(adapter.writes()).toEqual(["DeleteEnrollment", "DeletePipeline"]);
  expect(await rule().observe(where, context())).toEqual({ exists: false });
  await rest("GET", BUS);
});

test("it is listed, released and adopted by its labels", async () => {
  await makeQueue();
  await rule().create("orders", wanted(), context());
  expect(await rule().list?.(context())).toEqual([{ name: "orders", id: ENROLLMENT }]);
  await rule().release?.(await seen(), context());
  expect((await seen()).owner).toMatchObject({ cluster: "", uid: "" });
  await rule().adopt(await seen(), wanted(), context());
  expect(diff(wanted(), (await seen()).actual)).toEqual([]);
});
