/** Runs of a Workflow on AWS, by an engine that really runs them. */
import { DescribeExecutionCommand, ListExecutionsCommand } from "@aws-sdk/client-sfn";
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deployments, RUNNABLE, STARTED_AT, testSignals } from "../testing/workflows.ts";
import { awsClients } from "./clients.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { call, owner, place } from "./testing/fixtures.ts";
import { workflowProvider } from "./workflow.ts";
import { workflowRuns } from "./workflow-runs.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const provider = workflowProvider(aws);
const runs = workflowRuns(aws);
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const as = (uid: string) => call("run", { owner: owner("run", { kind: "WorkflowRun", uid }) });
const deployed = deployments(
  () => provider,
  () => runs,
  as,
  (name) => ({ call: call(name, { owner: owner(name, { kind: "Workflow" }) }), tags: {} }),
);
const { deploy, of, start, ended } = deployed;

beforeAll(async () => {
  await aws.sqs.send(new CreateQueueCommand({ QueueName: "jobs" }));
  for (const [name, tasks] of Object.entries(RUNNABLE)) await deploy(name, tasks);
});

describe("a run", () => {
  testSignals(deployed, () => runs, as);

  it("that is not there is not found", async () => {
    expect(await runs.find(of("sums"), undefined, as("nobody"))).toBeUndefined();
  });

  it("comes to its output, with its steps", async () => {
    const { id } = await start("sums", "s1", { a: 1 });
    await ended("sums", "s1");
    const seen = await runs.find(of("sums"), id, as("s1"));
    expect(seen).toMatchObject({
      id,
      phase: "Succeeded",
      startedAt: expect.any(String),
      finishedAt: expect.any(String),
    });
    expect(JSON.parse(seen?.output ?? "")).toEqual({ sum: 2, run: { id: "s1", startedAt: STARTED_AT } });
    expect(seen?.steps).toMatchObject([{ task: "sum", state: "Succeeded" }]);
  });

  it("that fails tells its class, code and message", async () => {
    const { id } = await start("fails", "f1");
    await ended("fails", "f1");
    expect(await runs.find(of("fails"), id, as("f1"))).toMatchObject({
      phase: "Failed",
      problem: { class: "Business", code: "Empty", message: "nothing" },
    });
  });

  it("is there once, however often it is started: while it runs, and after its end", async () => {
    const first = await start("waits", "w1");
    expect(await start("waits", "w1")).toEqual(first);
    await runs.stop(first.id, as("w1"));
    expect(await start("waits", "w1")).toEqual(first);
    const { executions = [] } = await aws.sfn.send(new ListExecutionsCommand({ stateMachineArn: of("waits") }));
    expect(executions.filter(({ executionArn }) => executionArn === first.id)).toHaveLength(1);
  });

  it("is found while it runs, at the task that it is at, and ended once", async () => {
    const { id } = await start("waits", "w2");
    await expect
      .poll(async () =>
        (await runs.find(of("waits"), undefined, as("w2")))?.steps.map(({ task, state }) => [task, state]),
      )
      .toEqual([
        ["before", "Succeeded"],
        ["long", "Running"],
      ]);
    await runs.stop(id, as("w2"));
    await runs.stop(id, as("w2"));
    expect(await runs.find(of("waits"), id, as("w2"))).toMatchObject({ phase: "Cancelled" });
    const { status } = await aws.sfn.send(new DescribeExecutionCommand({ executionArn: id }));
    expect(status).toBe("ABORTED");
  });
});
