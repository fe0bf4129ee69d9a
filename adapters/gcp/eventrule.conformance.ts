/** What is special to rules on Google Cloud; what all clouds share is in operator/provider/conformance. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { type Adapter, at, call, marks, PROJECT, present, providerOf, REGION, startAdapter } from "./testing/cloud.ts";
import { argumentsOf, makeStarter, makeWorkflow } from "./testing/workflows.ts";

let adapter: Adapter;
beforeAll(async () => {
  adapter = await startAdapter();
});
afterAll(() => adapter.close());
beforeEach(() => adapter.prepare());

const QUEUE = `projects/${PROJECT}/subscriptions/reports`;
const JOB = `projects/${PROJECT}/locations/${REGION}/jobs/daily`;
const rule = () => providerOf(adapter.connection, "EventRule");
const context = () => call("EventRule", "daily");

function wanted(change: Partial<EventRuleWant> = {}): EventRuleWant {
  const want: EventRuleWant = {
    schedule: { cron: "*/5 * * * *", timezone: "UTC" },
    pattern: null,
    target: { id: QUEUE, via: [] },
    targetIs: { kind: "Queue", ordered: false, encryptionKey: null },
    input: "{}",
    suspended: false,
    overrides: {},
    tags: { ...marks("EventRule", "daily"), team: "core" },
    ...change,
  };
  return rule().fit?.(want).want ?? want;
}

const seen = async () => present(await rule().observe(at("daily"), context()));
const changed = (want: EventRuleWant, actual: Partial<EventRuleWant>) =>
  new Set(diff(want, actual).map(({ field }) => field as keyof EventRuleWant & string));

async function update(want: EventRuleWant): Promise<void> {
  const found = await seen();
  await rule().update(found, want, changed(want, found.actual), context());
}

test("E2 a suspended rule never fires; once it isn't any more, it does", async () => {
  const { pubsub } = adapter.direct;
  const signal = AbortSignal.timeout(20_000);
  const topic = `projects/${PROJECT}/topics/reports`;
  await pubsub.createTopic({ name: topic }, signal);
  await pubsub.createSubscription({ name: QUEUE, topic }, signal);
  const backlog = () => adapter.cloud.control.backlogs().get("reports");
  await rule().create("daily", wanted({ suspended: true }), context());
  expect((await seen()).actual.suspended).toBe(true);
  adapter.cloud.control.advance(60 * 60_000);
  await update(wanted());
  adapter.cloud.control.advance(5 * 60_000);
  // The hour that it was suspended would have left twelve.
  await expect.poll(backlog).toBe(1);
});

test("a create that was cut off before the pause is finished by the next update", async () => {
  const want = wanted({ suspended: true });
  adapter.cloud.control.faults.add({ method: "PauseJob", times: 1, error: { code: "UNAVAILABLE" } });
  await expect(rule().create("daily", want, context())).rejects.toMatchObject({
    fault: "transient",
    step: expect.stringContaining("pause the job"),
  });
  adapter.writes();
  await update(want);
  expect(adapter.writes()).toEqual(["PauseJob"]);
  expect(diff(want, (await seen()).actual)).toEqual([]);
});

test("a job whose update failed gets it again until it succeeds", async () => {
  await rule().create("daily", wanted(), context());
  const want = wanted({ input: '{"report":"weekly"}' });
  adapter.cloud.control.faults.add({ method: "UpdateJob", times: 1, failOperation: { code: "INTERNAL" } });
  await expect(update(want)).rejects.toMatchObject({ fault: "transient" });
  const broken = await seen();
  expect([...changed(want, broken.actual)].sort()).toEqual(["input", "schedule"]);
  await update(want);
  expect(diff(want, (await seen()).actual)).toEqual([]);
});

test("E4 what the cloud refuses is an error that names the job, and nothing is said to be done", async () => {
  await rule().create("daily", wanted(), context());
  const want = wanted({ schedule: { cron: "*/5 * * * *", timezone: "UTC" }, input: "null" });
  adapter.cloud.control.faults.add({ method: "UpdateJob", times: 1, error: { code: "INVALID_ARGUMENT" } });
  await expect(update(want)).rejects.toMatchObject({ fault: "invalid", step: `update the job ${JOB}` });
  expect((await seen()).actual.input).toBe("{}");
});

test("overrides reach the job, and gone they are our defaults again", async () => {
  const want = wanted({ overrides: { retryCount: 0, maxBackoff: "10m" } });
  await rule().create("daily", want, context());
  expect(diff(want, (await seen()).actual)).toEqual([]);
  await update(wanted());
  expect(diff(wanted(), (await seen()).actual)).toEqual([]);
});

const STARTING = { targetIs: { kind: "Workflow", ordered: false, encryptionKey: null } } as const;

test("E2 a workflow is started with the input byte for byte, and with nothing once a Queue is told instead", async () => {
  await makeStarter(adapter.cloud);
  const workflow = await makeWorkflow(adapter.cloud, REGION, "daily");
  const input = '{ "z": 1,  "text": "Grüße, 世界" }';
  const want = wanted({ ...STARTING, target: { id: workflow, via: [] }, input });
  await rule().create("daily", want, context());
  expect(diff(want, (await seen()).actual)).toEqual([]);
  await adapter.cloud.control.advance(5 * 60_000);
  await expect.poll(() => argumentsOf(adapter.cloud, workflow)).toEqual([input]);
  for (const next of [wanted({ input }), want]) {
    await update(next);
    expect(diff(next, (await seen()).actual)).toEqual([]);
  }
  await update(wanted({ ...STARTING, target: { id: workflow, via: [] }, input: "null" }));
  await adapter.cloud.control.advance(5 * 60_000);
  await expect.poll(() => argumentsOf(adapter.cloud, workflow)).toEqual([input, "null"]);
});

test("E4 who may start workflows is not there yet: the error says what to make", async () => {
  const id = `projects/${PROJECT}/locations/${REGION}/workflows/daily`;
  await expect(
    rule().create("daily", wanted({ ...STARTING, target: { id, via: [] } }), context()),
  ).rejects.toMatchObject({
    fault: "denied",
    step: `create the job ${JOB}`,
    message: expect.stringMatching(/started as onyx-workflow-starter@demo-project\..*google-cloud\.md/),
  });
});

test("lists what stands in the region", async () => {
  await rule().create("daily", wanted(), context());
  expect(await rule().list?.(context())).toEqual([{ name: "daily", id: JOB }]);
});
