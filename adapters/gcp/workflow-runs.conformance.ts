/** Runs of a Workflow on Google Cloud, by an engine that really runs what is deployed. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WorkflowTarget } from "../../controllers/leaf/wants.ts";
import { startWorkflowEngine } from "../../hack/testbed/index.ts";
import { deployments, expression, RUNNABLE, STARTED_AT, testSignals } from "../testing/workflows.ts";
import { type Adapter, call, marks, PROJECT, providerOf, REGION, startAdapter } from "./testing/cloud.ts";
import { workflowRuns } from "./workflow-runs.ts";

const engine = await startWorkflowEngine({ env: { STEP_ENTRIES: "1" } });
let adapter: Adapter;
let runs: ReturnType<typeof workflowRuns>;
afterAll(async () => {
  await adapter.close();
  await engine.stop();
});

const TOPIC = `projects/${PROJECT}/topics/jobs`;
const JOBS: WorkflowTarget = {
  kind: "Queue",
  name: "jobs",
  outputs: { QUEUE_ID: `projects/${PROJECT}/subscriptions/jobs`, QUEUE_URL: TOPIC, REGION },
  access: ["Produce"],
  encryptionKey: null,
  schema: null,
};
const as = (uid: string) => call("WorkflowRun", "run", { uid });
const deployed = deployments(
  () => providerOf(adapter.connection, "Workflow"),
  () => runs,
  as,
  (name) => ({ call: call("Workflow", name), tags: marks("Workflow", name) }),
);
const { deploy, of, start, ended } = deployed;

beforeAll(async () => {
  adapter = await startAdapter({ workflowEngine: engine.url });
  await adapter.prepare();
  runs = workflowRuns(adapter);
  const signal = AbortSignal.timeout(20_000);
  await adapter.direct.pubsub.createTopic({ name: TOPIC }, signal);
  await adapter.direct.pubsub.createSubscription(
    { name: `projects/${PROJECT}/subscriptions/jobs`, topic: TOPIC },
    signal,
  );
  for (const [name, tasks] of Object.entries(RUNNABLE)) await deploy(name, tasks);
  await deploy("sends", [{ send: { call: "queue.send", with: { queue: "jobs", body: expression("input") } } }], [JOBS]);
});

describe("a run", () => {
  testSignals(deployed, () => runs, as);

  it("that is not there is not found, nor one of a workflow that is not there", async () => {
    expect(await runs.find(of("sums"), undefined, as("nobody"))).toBeUndefined();
    expect(await runs.find(`${of("sums")}-2`, undefined, as("nobody"))).toBeUndefined();
    expect(await runs.find(of("sums"), `${of("sums")}/executions/none`, as("nobody"))).toBeUndefined();
  });

  it("comes to its output, with its steps", async () => {
    const { id } = await start("sums", "s1", { a: 1 });
    await ended("sums", "s1");
    const seen = await runs.find(of("sums"), id, as("s1"));
    const second = expect.stringMatching(/^[\d-]+T[\d:]{8}Z$/);
    expect(seen).toMatchObject({ id, phase: "Succeeded", startedAt: second, finishedAt: second });
    expect(JSON.parse(seen?.output ?? "")).toEqual({ sum: 2, run: { id: "s1", startedAt: STARTED_AT } });
    expect(seen?.steps).toEqual([{ task: "sum", state: "Succeeded", startedAt: second, finishedAt: second }]);
  });

  it("that fails tells its class, code and message", async () => {
    const { id } = await start("fails", "f1");
    await ended("fails", "f1");
    expect(await runs.find(of("fails"), id, as("f1"))).toMatchObject({
      phase: "Failed",
      problem: { class: "Business", code: "Empty", message: "nothing" },
      steps: [{ task: "stop", state: "Failed" }],
    });
  });

  it("whose start nobody heard of is found by its owner, and by no other", async () => {
    adapter.cloud.control.faults.add({ method: "CreateExecution", times: 1, dropReply: true });
    await expect(start("waits", "w1")).rejects.toMatchObject({ fault: "transient" });
    await start("waits", "w2");
    const first = await runs.find(of("waits"), undefined, as("w1"));
    const second = await runs.find(of("waits"), undefined, as("w2"));
    expect(first).toMatchObject({ phase: "Running", id: expect.stringContaining(`${of("waits")}/executions/`) });
    expect(second?.id).not.toBe(first?.id);
    expect(runs.settlingMs).toBeGreaterThan(0);
    for (const id of [first?.id ?? "", second?.id ?? ""]) await runs.stop(id, as("w1"));
  });

  it("that was started twice all the same is the earlier one", async () => {
    const { id } = await start("waits", "w3");
    await new Promise((resolve) => setTimeout(resolve, 5));
    const again = await start("waits", "w3");
    expect(again.id).not.toBe(id);
    expect((await runs.find(of("waits"), undefined, as("w3")))?.id).toBe(id);
    for (const one of [id, again.id]) await runs.stop(one, as("w3"));
  });

  it("is seen at the task that it is at, and with it as Failed once it was ended there", async () => {
    const { id } = await start("waits", "w6");
    const steps = async () =>
      (await runs.find(of("waits"), id, as("w6")))?.steps.map(({ task, state }) => [task, state]);
    await expect.poll(steps).toEqual([
      ["before", "Succeeded"],
      ["long", "Running"],
    ]);
    await runs.stop(id, as("w6"));
    expect((await steps())?.at(-1)).toEqual(["long", "Failed"]);
  });

  it("is ended once, and left alone when it has ended or is gone", async () => {
    const { id } = await start("waits", "w4");
    await runs.stop(id, as("w4"));
    await runs.stop(id, as("w4"));
    await runs.stop(`${of("waits")}/executions/none`, as("w4"));
    expect(await runs.find(of("waits"), id, as("w4"))).toMatchObject({
      phase: "Cancelled",
      finishedAt: expect.any(String),
    });
  });

  it("sends its messages", async () => {
    const { id } = await start("sends", "q1", { order: 7 });
    await ended("sends", "q1");
    expect(await runs.find(of("sends"), id, as("q1"))).toMatchObject({ phase: "Succeeded" });
    expect(adapter.cloud.control.backlogs().get("jobs")).toBe(1);
  });
});

it("a stop that may not be says so", async () => {
  const { id } = await start("waits", "w5");
  const error = { code: "PERMISSION_DENIED", message: "workflows.executions.cancel denied" } as const;
  adapter.cloud.control.faults.add({ method: "CancelExecution", times: 1, error });
  await expect(runs.stop(id, as("w5"))).rejects.toMatchObject({ fault: "denied" });
  await runs.stop(id, as("w5"));
});
