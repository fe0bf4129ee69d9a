/** Workflows on AWS that really run: what the suite, which only looks at what is made, can't show. */
import { CreateLogGroupCommand, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateConnectionCommand,
  DeleteConnectionCommand,
  DescribeConnectionCommand,
} from "@aws-sdk/client-eventbridge";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { CreateQueueCommand, PurgeQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { WorkflowTarget, WorkflowWant } from "../../controllers/leaf/wants.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { RUN_KEY } from "../../operator/workflow/index.ts";
import { awsClients } from "./clients.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call, owner, place, REGION, workflowWant } from "./testing/fixtures.ts";
import { workflowProvider } from "./workflow.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const provider = workflowProvider(aws);
const { QueueUrl = "" } = await aws.sqs.send(new CreateQueueCommand({ QueueName: "test-jobs" }));
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const arnOf = (name: string) => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`;
const groupOf = (name: string) => `/aws/vendedlogs/states/${name}`;
const contextOf = (name: string) => call(name, { owner: owner(name, { kind: "Workflow" }) });
const atOf = (name: string) => ({ name, footprint: [] });
const jobs: WorkflowTarget = {
  kind: "Queue",
  name: "jobs",
  outputs: { QUEUE_ID: `arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`, QUEUE_URL: QueueUrl },
  access: ["Produce"],
  encryptionKey: null,
  schema: null,
};
const SEND = { send: { call: "queue.send", with: { queue: "jobs", body: "${input}" } } };
const GET = { ask: { call: "http", with: { method: "GET", endpoint: `${emulator.endpoint}/_ministack/health` } } };
const DONE = { done: { set: { done: true } } };

function wanted(over: Partial<WorkflowWant> = {}, tasks: readonly object[] = [SEND], name = "orders"): WorkflowWant {
  const definition = { do: tasks } as WorkflowWant["source"]["definition"];
  const want = workflowWant(name, { source: { definition, targets: tasks.includes(SEND) ? [jobs] : [] }, ...over });
  return provider.fit?.(want).want ?? want;
}
async function seen(name = "orders") {
  const found = await provider.observe(atOf(name), contextOf(name));
  if (!found.exists) expect.fail(`${name} is not there`);
  return found;
}
async function update(want: WorkflowWant): Promise<readonly string[]> {
  const found = await seen();
  const changed = diff(want, found.actual).map(({ field }) => field);
  await provider.update(found, want, new Set(changed as (keyof WorkflowWant & string)[]), contextOf("orders"));
  expect(diff(want, (await seen()).actual)).toEqual([]);
  return changed.sort();
}
async function start(input: unknown, name = "orders") {
  const run = { id: "run-1", startedAt: "2026-01-01T00:00:00Z" };
  const { executionArn } = await aws.sfn.send(
    new StartExecutionCommand({ stateMachineArn: arnOf(name), input: JSON.stringify({ [RUN_KEY]: run, input }) }),
  );
  const ended = async () => aws.sfn.send(new DescribeExecutionCommand({ executionArn }));
  await expect.poll(async () => (await ended()).status, { timeout: 20_000 }).not.toBe("RUNNING");
  return ended();
}
async function received(): Promise<unknown[]> {
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
  );
  return Messages.map(({ Body = "" }) => JSON.parse(Body));
}
/** What records the commands that a client was given. */
interface Spy {
  readonly mock: {
    readonly calls: readonly (readonly unknown[])[];
    readonly invocationCallOrder: readonly number[];
  };
}
const writesOf = (spies: readonly Spy[]) =>
  spies
    .flatMap(({ mock }) =>
      mock.calls.map(([command], n) => ({
        name: (command as object).constructor.name,
        at: mock.invocationCallOrder[n]!,
      })),
    )
    .filter(({ name }) => /^(Put|Update)/.test(name))
    .sort((one, other) => one.at - other.at)
    .map(({ name }) => name);
const groups = async (logGroupNamePrefix: string) =>
  (await aws.logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix }))).logGroups ?? [];

async function clear(name: string): Promise<void> {
  const found = await provider.observe(atOf(name), contextOf(name));
  if (found.exists) await provider.delete(found, atOf(name), contextOf(name));
}

beforeEach(async () => {
  await clear("orders");
  await clear("child");
  await aws.events.send(new DeleteConnectionCommand({ Name: "onyx-test" })).catch(() => undefined);
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl }));
});

describe("a workflow that runs", () => {
  it("sends what it was started with", async () => {
    await provider.create("orders", wanted(), contextOf("orders"));
    expect(diff(wanted(), (await seen()).actual)).toEqual([]);
    expect(await start({ order: 7, note: "é" })).toMatchObject({ status: "SUCCEEDED" });
    expect(await received()).toEqual([{ order: 7, note: "é" }]);
  });

  it("runs another one, and has its output", async () => {
    await provider.create("child", wanted({}, [DONE], "child"), contextOf("child"));
    const child: WorkflowTarget = {
      kind: "Workflow",
      name: "child",
      outputs: { WORKFLOW_ID: arnOf("child") },
      access: ["Start"],
      encryptionKey: null,
      schema: null,
    };
    const definition = { do: [{ child: { run: { workflow: { name: "child" } } } }] };
    await provider.create("orders", wanted({ source: { definition, targets: [child] } }), contextOf("orders"));
    const { status, output = "" } = await start({});
    expect({ status, output: JSON.parse(output) }).toEqual({ status: "SUCCEEDED", output: { done: true } });
  });
});

describe("a workflow that makes HTTP requests", () => {
  /** The emulator gives connections no UUID. */
  function withUuid(uuid: string): { uuid: string } {
    const connection = { uuid };
    const name = "uuid";
    aws.events.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const output = result.output as { ConnectionArn?: string };
        if (output.ConnectionArn) output.ConnectionArn += `/${connection.uuid}`;
        return result;
      },
      { step: "initialize", name },
    );
    onTestFinished(() => void aws.events.middlewareStack.remove(name));
    return connection;
  }

  it("goes through the connection of its Environment, which has an id that the cloud picks", async () => {
    withUuid("6c1f7c1e");
    await provider.create("orders", wanted({}, [GET]), contextOf("orders"));
    expect(diff(wanted({}, [GET]), (await seen()).actual)).toEqual([]);
    const described = await aws.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arnOf("orders") }));
    expect(described.definition).toContain('connection/onyx-test/6c1f7c1e"');
    const connection = await aws.events.send(new DescribeConnectionCommand({ Name: "onyx-test" }));
    expect(connection).toMatchObject({
      AuthorizationType: "API_KEY",
      Description: "Lets workflows make HTTP requests; holds no secret [onyx onyx-environment=test]",
    });
    expect(await start({})).toMatchObject({ status: "SUCCEEDED" });
  });

  it("is brought to the connection that is there now", async () => {
    const connection = withUuid("6c1f7c1e");
    await provider.create("orders", wanted({}, [GET]), contextOf("orders"));
    connection.uuid = "88aa0b2c";
    expect(await update(wanted({}, [GET]))).toEqual(["program"]);
  });

  it("shares the connection, and leaves it", async () => {
    await provider.create("orders", wanted({}, [GET]), contextOf("orders"));
    await provider.create("child", wanted({}, [GET], "child"), contextOf("child"));
    await clear("orders");
    await clear("child");
    expect(await aws.events.send(new DescribeConnectionCommand({ Name: "onyx-test" }))).toBeDefined();
  });

  it("uses no connection of that name which is somebody else's", async () => {
    const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: "authorization", ApiKeyValue: "theirs" } };
    const theirs = { Name: "onyx-test", AuthorizationType: "API_KEY", AuthParameters } as const;
    await aws.events.send(new CreateConnectionCommand(theirs));
    await expect(provider.create("orders", wanted({}, [GET]), contextOf("orders"))).rejects.toMatchObject({
      fault: "conflict",
      step: "make the connection for HTTP requests",
    });
  });
});

describe("its parts", () => {
  it("a log group goes when nothing is logged any more, and comes again", async () => {
    await provider.create("orders", wanted({ overrides: { logRetentionDays: 7 } }), contextOf("orders"));
    expect(await groups(groupOf("orders"))).toMatchObject([{ retentionInDays: 7 }]);
    expect(await update(wanted({ logLevel: "None" }))).toEqual(["logLevel", "overrides", "permissions"]);
    expect(await groups(groupOf("orders"))).toEqual([]);
    expect(await update(wanted())).toEqual(["logLevel", "permissions"]);
    expect(await groups(groupOf("orders"))).toMatchObject([{ retentionInDays: 90 }]);
  });

  it("traces are written where they are asked for, with the rights that it takes", async () => {
    await provider.create("orders", wanted(), contextOf("orders"));
    expect(await update(wanted({ overrides: { tracing: true } }))).toEqual(["overrides", "permissions"]);
    expect(await update(wanted())).toEqual(["overrides", "permissions"]);
  });

  it("a log group of somebody else's is neither used nor deleted", async () => {
    const logGroupName = groupOf("theirs");
    await aws.logs.send(new CreateLogGroupCommand({ logGroupName }));
    const context = contextOf("theirs");
    await expect(provider.create("theirs", wanted({}, [SEND], "theirs"), context)).rejects.toMatchObject({
      fault: "conflict",
    });
    await provider.create("theirs", wanted({ logLevel: "None" }, [SEND], "theirs"), context);
    expect(diff(wanted({ logLevel: "None" }, [SEND], "theirs"), (await seen("theirs")).actual)).toEqual([]);
    await clear("theirs");
    expect(await groups(logGroupName)).toHaveLength(1);
  });

  it.each(["the same", "another"])(
    "a state machine of somebody else's that is %s stays, and nothing of ours",
    async (how) => {
      await provider.create("orders", wanted(), contextOf("orders"));
      const { definition, roleArn, loggingConfiguration } = await aws.sfn.send(
        new DescribeStateMachineCommand({ stateMachineArn: arnOf("orders") }),
      );
      await clear("orders");
      const theirs =
        how === "the same" ? definition : JSON.stringify({ StartAt: "A", States: { A: { Type: "Succeed" } } });
      const tags = [{ key: "team", value: "x" }];
      await aws.sfn.send(
        new CreateStateMachineCommand({ name: "orders", definition: theirs, roleArn, loggingConfiguration, tags }),
      );
      await expect(provider.create("orders", wanted(), contextOf("orders"))).rejects.toMatchObject({
        fault: "conflict",
      });
      expect(await seen()).toMatchObject({ owner: undefined });
      expect(await groups(groupOf("orders"))).toEqual([]);
      await expect(aws.iam.send(new GetRoleCommand({ RoleName: "orders-workflow" }))).rejects.toThrow();
      await aws.sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arnOf("orders") }));
    },
  );

  it("what a crash left half made is found again, and finished", async () => {
    await provider.create("orders", wanted({}, [DONE]), contextOf("orders"));
    const made = await provider.create("orders", wanted(), contextOf("orders"));
    expect(made).toEqual({ id: arnOf("orders") });
    expect(await update(wanted())).toEqual(["program"]);
    await aws.sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arnOf("orders") }));
    expect(await seen()).toMatchObject({ phase: "ready", message: "The state machine orders is missing." });
    expect(await update(wanted())).toContain("program");
  });

  it("a right comes before the task that needs it, and goes after it", async () => {
    await provider.create("orders", wanted({}, [DONE]), contextOf("orders"));
    const spies: readonly Spy[] = [vi.spyOn(aws.iam, "send"), vi.spyOn(aws.sfn, "send")];
    onTestFinished(() => void vi.restoreAllMocks());
    await update(wanted());
    expect(writesOf(spies)).toEqual(["PutRolePolicyCommand", "UpdateStateMachineCommand"]);
    vi.clearAllMocks();
    await update(wanted({}, [DONE]));
    expect(writesOf(spies)).toEqual(["UpdateStateMachineCommand", "PutRolePolicyCommand"]);
  });

  it("are all released and adopted by their tags", async () => {
    await provider.create("orders", wanted(), contextOf("orders"));
    await provider.release?.(await seen(), contextOf("orders"));
    expect((await seen()).owner).toMatchObject({ cluster: "", uid: "" });
    await provider.adopt(await seen(), wanted(), contextOf("orders"));
    expect(diff(wanted(), (await seen()).actual)).toEqual([]);
  });

  it("are named by what the cloud does with the state machine", async () => {
    await provider.create("orders", wanted(), contextOf("orders"));
    const told = { status: "DELETING", type: "STANDARD" };
    aws.sfn.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const result = await next(args);
          if (commandName === "DescribeStateMachineCommand") Object.assign(result.output as object, told);
          return result;
        },
      { step: "initialize", name: "told" },
    );
    onTestFinished(() => void aws.sfn.middlewareStack.remove("told"));
    expect(await seen()).toMatchObject({ phase: "deleting" });
    Object.assign(told, { status: "ACTIVE", type: "EXPRESS" });
    expect(await seen()).toMatchObject({ phase: "failed", message: expect.stringContaining("Express") });
  });

  it("are listed by the name of the state machine", async () => {
    await provider.create("orders", wanted(), contextOf("orders"));
    expect(await provider.list?.(contextOf("orders"))).toContainEqual({ name: "orders", id: arnOf("orders") });
  });
});
