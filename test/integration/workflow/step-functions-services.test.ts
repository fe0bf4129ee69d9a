import {
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SendTaskSuccessCommand,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, describe, expect, it } from "vitest";
import { startAws } from "../../../hack/testbed/index.ts";
import { RUN_KEY } from "../../../operator/workflow/envelope.ts";
import {
  problemOf,
  type StepFunctionsPlace,
  toStepFunctions,
} from "../../../operator/workflow/step-functions/index.ts";
import { knownSchema } from "../../../operator/workflow/tables/schema.ts";
import { workflowOf } from "../../../operator/workflow/testing/world.ts";
import { type Ended, stateMachines } from "../../support/state-machines.ts";
import { ENVELOPES, RAW, TELLS, toldOf } from "./arguments.ts";

const aws = await startAws({ env: { SFN_WAIT_SCALE: "0" } });
afterAll(() => aws.stop());
const region = "eu-west-1";
const credentials = { accessKeyId: "000000000000", secretAccessKey: "test" };
const at = { endpoint: aws.endpoint, region, credentials };
const [sqs, sns, sfn] = [new SQSClient({ ...at, useQueueUrlAsEndpoint: false }), new SNSClient(at), new SFNClient(at)];
const machines = stateMachines(aws.endpoint);

const queue = async (name: string, Attributes = {}) =>
  (await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }))).QueueUrl!;
const queues: Readonly<Record<string, string>> = {
  orders: await queue("orders"),
  ordered: await queue("ordered.fifo", { FifoQueue: "true" }),
  heard: await queue("heard"),
  started: await queue("started"),
  gone: `${aws.endpoint}/000000000000/gone`,
};
const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "news" }));
await sns.send(
  new SubscribeCommand({
    TopicArn,
    Protocol: "sqs",
    Endpoint: `arn:aws:sqs:${region}:000000000000:heard`,
    Attributes: { RawMessageDelivery: "true" },
  }),
);
const place: StepFunctionsPlace = {
  target: (kind, name): Record<string, string> =>
    kind === "Topic" ? { TOPIC_ID: TopicArn } : { QUEUE_URL: queues[name]! },
  schema: (table) => knownSchema(table, undefined),
  workflow: (name) => `arn:aws:states:${region}:000000000000:stateMachine:${name}`,
  connection: `arn:aws:events:${region}:000000000000:connection/none/1`,
};

let workflows = 0;
async function run(yaml: string, input: unknown = null, name = `workflow-${++workflows}`): Promise<Ended> {
  const arn = await machines.create(name, toStepFunctions(workflowOf(yaml), place));
  return machines.run(arn, "x", { [RUN_KEY]: { id: name, startedAt: "2026-01-05T10:00:00Z" }, input });
}
const failed = (ended: Ended) => ("error" in ended ? problemOf(ended.error, ended.cause) : ended);

async function received(url: string, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count) {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 5,
      MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["All"],
    });
    messages.push(...((await sqs.send(command)).Messages ?? []));
  }
  return messages;
}

describe("messages", () => {
  const BODIES = [{ order: [1, null, { x: "ü😀" }] }, [1, [2], {}], 'a "text"\n', "", 1.5, null, true, {}];

  it("any body arrives as JSON, with the key and what the workflow adds", async () => {
    const yaml = `
do:
  - each:
      for: { in: "\${input.bodies}" }
      do:
        - tell:
            call: queue.send
            with:
              queue: orders
              body: "\${item}"
              attributes: "\${run.id == 'x' ? {} : { 'kind': 'new', 'odd-name': 'é' }}"
`;
    const ended = await run(yaml, { bodies: BODIES }, "teller");
    const messages = await received(queues.orders!, BODIES.length);
    expect(messages.map(({ Body }) => JSON.parse(Body!))).toEqual(expect.arrayContaining(BODIES));
    expect(messages.map(({ MessageAttributes }) => MessageAttributes)).toEqual(
      expect.arrayContaining(
        BODIES.map((_, index) => ({
          kind: { DataType: "String", StringValue: "new" },
          "odd-name": { DataType: "String", StringValue: "é" },
          dedupKey: { DataType: "String", StringValue: `teller/each/tell/${index}` },
        })),
      ),
    );
    expect(ended).toMatchObject({ output: { id: expect.stringMatching(/./) } });
  });

  it("a queue that keeps an order takes one of two with the same key", async () => {
    const yaml = `
do:
  - t:
      try:
        - tell: { call: queue.send, with: { queue: ordered, key: "\${input}", body: { n: 1 } } }
        - stop: { raise: { error: { type: Transient } } }
      catch: { retry: { limit: { attempt: { count: 2 } } }, do: [{ done: { set: "\${input}" } }] }
  - last: { call: queue.send, with: { queue: ordered, key: "\${input}", body: { n: 2 } } }
`;
    await run(yaml, "group-1");
    const messages = await received(queues.ordered!, 2);
    expect(messages.map(({ Body }) => JSON.parse(Body!))).toEqual([{ n: 1 }, { n: 2 }]);
    expect(messages[0]!.Attributes).toMatchObject({ MessageGroupId: "group-1" });
  });

  it("an event is heard by who subscribed", async () => {
    const event = "{ type: order.placed, source: shop, subject: '7', data: { n: '${input}' } }";
    await run(`do: [{ e: { emit: { topic: news, event: { with: ${event} } } } }]`, 5, "shop");
    const [message] = await received(queues.heard!, 1);
    expect(JSON.parse(message!.Body!)).toEqual({
      specversion: "1.0",
      id: "shop/e",
      type: "order.placed",
      source: "shop",
      subject: "7",
      data: { n: 5 },
    });
    expect(message!.MessageAttributes).toMatchObject({ dedupKey: { StringValue: "shop/e" } });
  });

  it("a queue that is gone is NotFound", async () => {
    expect(failed(await run("do: [{ a: { call: queue.send, with: { queue: gone, body: {} } } }]"))).toMatchObject({
      class: "NotFound",
    });
  });
});

describe("signals", () => {
  /** What the task that a machine is at asks for, by the history of its execution. */
  async function askedFor(name: string) {
    const executionArn = `arn:aws:states:${region}:000000000000:execution:${name}:x`;
    for (;;) {
      const command = new GetExecutionHistoryCommand({ executionArn, includeExecutionData: true });
      const { events = [] } = await sfn.send(command).catch(() => ({ events: [] }));
      const scheduled = events.find(({ taskScheduledEventDetails: details }) =>
        details?.parameters?.includes("WaitsForSignal"),
      );
      const { parameters } = scheduled?.taskScheduledEventDetails ?? {};
      if (parameters)
        return (
          JSON.parse(parameters) as { Entries: [{ Source: string; DetailType: string; Detail: { token: string } }] }
        ).Entries[0];
    }
  }

  const waiting = (seconds: number) => `
do:
  - each:
      for: { in: "\${[1]}" }
      do:
        - approval:
            listen: { to: { one: { with: { type: approved } } } }
            timeout: { after: { seconds: ${seconds} } }
            output: { as: { got: "\${output}", was: "\${input}" } }
`;

  it("one brings what the task gives", async () => {
    const ended = run(waiting(60), "before", "listener");
    const { Source, DetailType, Detail } = await askedFor("listener");
    const { token, ...request } = Detail;
    expect([Source, DetailType]).toEqual(["onyx.workflow", "WaitsForSignal"]);
    expect(request).toEqual({ run: "listener", signal: "approved", key: "listener/each/approval/0" });
    await sfn.send(new SendTaskSuccessCommand({ taskToken: token, output: '{"by":["me",null]}' }));
    expect(await ended).toMatchObject({ output: { got: { by: ["me", null] }, was: "before" } });
  });

  it("one that does not come is a Timeout, which can be caught", async () => {
    expect(failed(await run(waiting(1)))).toMatchObject({ class: "Timeout" });
    const caught = `
do:
  - t:
      try: [{ never: { listen: { to: { one: { with: { type: never } } } }, timeout: { after: { seconds: 1 } } } }]
      catch: { errors: { with: { type: Timeout } }, do: [{ h: { set: "\${error.class}" } }] }
`;
    expect(await run(caught)).toMatchObject({ output: "Timeout" });
  });
});

describe("runs of other workflows", () => {
  const child = `
do:
  - choose:
      switch:
        - fails: { when: "\${input == 'fail'}", then: fail }
        - faults: { when: "\${input == 'fault'}", then: fault }
      then: give
  - fail: { raise: { error: { type: Business, code: Out, detail: "\${'no \\"' + input + '\\"'}" } } }
  - fault: { set: "\${input.missing}" }
  - give: { set: { got: "\${input}", run: "\${run}" } }
`;
  const created = machines.create("child", toStepFunctions(workflowOf(child), place));
  const parent = (more: string, name = "child") =>
    `do: [{ r: { run: { workflow: { name: ${name}, input: "\${input}" }${more} } } }]`;

  it("their output is that of the task, and the child's own calls carry keys of its own", async () => {
    await created;
    expect(await run(parent(""), [1])).toMatchObject({
      output: {
        got: [1],
        run: {
          id: expect.stringMatching(/^[0-9a-f]{32}$/),
          startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        },
      },
    });
  });

  it.each([
    ["fail", { class: "Business", code: "Out", message: 'no "fail"' }],
    ["fault", { class: "Expression", code: "" }],
  ])("their failure is that of the task: %s", async (input, problem) => {
    await created;
    expect(failed(await run(parent(""), input))).toMatchObject(problem);
  });

  it("one that is tried again is another run, with the same id", async () => {
    const moody = `
do:
  - told: { call: queue.send, with: { queue: orders, body: { id: "\${run.id}" } } }
  - no: { raise: { error: { type: Transient } } }
`;
    await machines.create("moody", toStepFunctions(workflowOf(moody), place));
    const yaml = `
do:
  - t:
      try: [{ r: { run: { workflow: { name: moody } } } }]
      catch: { retry: { limit: { attempt: { count: 2 } } } }
`;
    expect(failed(await run(yaml))).toMatchObject({ class: "Transient" });
    const ids = (await received(queues.orders!, 3)).map(({ Body }) => JSON.parse(Body!).id);
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
  });

  it("one that nobody waits for gives its id", async () => {
    await created;
    expect(await run(parent(", await: false"), "fail")).toMatchObject({
      output: { id: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
  });

  it("one that nobody waits for is started once, however often that is tried", async () => {
    await created;
    const yaml = `
do:
  - t:
      try:
        - r: { run: { workflow: { name: child, input: 1 }, await: false }, export: { as: { id: "\${output.id}" } } }
        - tell: { call: queue.send, with: { queue: started, body: "\${context}" } }
        - no: { raise: { error: { type: Transient } } }
      catch: { retry: { limit: { attempt: { count: 2 } } } }
`;
    await run(yaml);
    const ids = (await received(queues.started!, 3)).map(({ Body }) => JSON.parse(Body!).id);
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: place.workflow("child") }));
    expect(executions.filter(({ name }) => name === ids[0])).toHaveLength(1);
  });

  it("one that is not there is NotFound", async () => {
    expect(failed(await run(parent("", "nobody")))).toMatchObject({ class: "NotFound" });
  });
});

describe("what an execution gets", () => {
  const tells = machines.create("tells", toStepFunctions(workflowOf(TELLS), place));
  let executions = 0;

  it.each(RAW.map((one) => [one]))("is the input: %j", async (input) => {
    const name = `raw-${++executions}`;
    expect(await machines.run(await tells, name, input)).toEqual({ status: "SUCCEEDED", output: toldOf(input, name) });
  });

  it("is when it began", async () => {
    const before = Date.now();
    const ended = (await machines.run(await tells, "begins", {})) as { output: { run: { startedAt: string } } };
    const startedAt = Date.parse(ended.output.run.startedAt);
    expect(startedAt).toBeGreaterThanOrEqual(before - 1_000);
    expect(startedAt).toBeLessThanOrEqual(Date.now());
  });

  it.each([...ENVELOPES])("is an envelope: %j", async (argument, output) => {
    const ended = await machines.run(await tells, `envelope-${++executions}`, argument);
    expect(ended).toEqual({ status: "SUCCEEDED", output });
  });
});

describe("a history", () => {
  it("tells the tasks from the helpers by their names", async () => {
    const arn = await machines.create(
      "told",
      toStepFunctions(
        workflowOf("do: [{ a: { if: true, set: 1, output: { as: 2 } } }, { b: { wait: { seconds: 1 } } }]"),
        place,
      ),
    );
    await machines.run(arn, "x", { [RUN_KEY]: { id: "told", startedAt: "2026-01-05T10:00:00Z" }, input: null });
    const entered = await machines.history(arn, "x");
    expect(entered.filter((name) => !name.includes("#"))).toEqual(["PassStateEntered a", "WaitStateEntered b"]);
    expect(entered).toHaveLength(6);
  });
});
