import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { aslErrors } from "../../../test/support/asl.ts";
import { aslLint } from "../../../test/support/asl-lint.ts";
import { SEED } from "../../../test/support/seed.ts";
import { RUN_KEY } from "../envelope.ts";
import { WorkflowError } from "../errors.ts";
import { parseWorkflow } from "../parse.ts";
import { knownSchema } from "../tables/schema.ts";
import { drawnWorkflows } from "../testing/generate.ts";
import { ORDERS, STORE_CALLS } from "../testing/store-calls.ts";
import { workflowOf } from "../testing/world.ts";
import type { State, States } from "./definition.ts";
import { HELPER_MARK, type StateMachine, type StepFunctionsPlace, toStepFunctions } from "./index.ts";

const QUEUES: Readonly<Record<string, string>> = {
  orders: "https://sqs.eu-west-1.amazonaws.com/1/orders",
  ordered: "https://sqs.eu-west-1.amazonaws.com/1/ordered.fifo",
};
const place: StepFunctionsPlace = {
  target: (kind, name): Record<string, string> => {
    if (kind === "Table") return { TABLE_NAME: name };
    if (kind === "Bucket") return { BUCKET: name };
    if (kind === "Topic") return { TOPIC_ID: `arn:aws:sns:eu-west-1:1:${name}` };
    return name === "missing" ? {} : { QUEUE_URL: QUEUES[name] ?? `https://sqs.eu-west-1.amazonaws.com/1/${name}` };
  },
  schema: (table) => knownSchema(table, table === "orders" ? ORDERS : undefined),
  workflow: (name) => `arn:aws:states:eu-west-1:1:stateMachine:${name}`,
  connection: "arn:aws:events:eu-west-1:1:connection/http/1",
};

/** The machine, which is sound. */
function machineOf(yaml: string): StateMachine {
  const machine = toStepFunctions(workflowOf(yaml), place);
  expect([...aslErrors(machine), ...aslLint(machine)]).toEqual([]);
  return machine;
}

/** All states of all scopes. */
function statesOf({ States: states }: States): Readonly<Record<string, State>> {
  const inner = Object.values(states).flatMap(({ Branches = [], ItemProcessor }) => [
    ...(Branches as States[]),
    ...(ItemProcessor ? [ItemProcessor as States] : []),
  ]);
  return Object.assign({}, states, ...inner.map(statesOf));
}

const tasksOf = (machine: StateMachine) => Object.keys(statesOf(machine)).filter((name) => !name.includes(HELPER_MARK));

describe("calls of Tables and Buckets", () => {
  it("are by DynamoDB's integration, and by the SDK where that has none", () => {
    const states = statesOf(machineOf(STORE_CALLS));
    const resources = Object.values(states).flatMap(({ Type, Resource }) => (Type === "Task" ? [Resource] : []));
    expect(new Set(resources)).toEqual(
      new Set(
        ["getItem", "putItem", "updateItem", "deleteItem"]
          .map((action) => `dynamodb:${action}`)
          .concat("aws-sdk:dynamodb:query", "aws-sdk:s3:getObject", "aws-sdk:s3:putObject")
          .map((action) => `arn:aws:states:::${action}`),
      ),
    );
    expect(states.get).toMatchObject({ Arguments: { TableName: "orders", ConsistentRead: true }, TimeoutSeconds: 30 });
    expect(states.put).toMatchObject({
      Arguments: {
        ConditionExpression: "attribute_not_exists(#key)",
        ExpressionAttributeNames: { "#key": "customer" },
      },
    });
    expect(states.update).toMatchObject({
      Arguments: {
        UpdateExpression: "SET #s0 = :s0, #s1 = :s1 REMOVE #r0",
        ExpressionAttributeNames: { "#s0": "a.b", "#s1": "expires", "#r0": "c" },
      },
    });
    expect(states.query).toMatchObject({
      Arguments: {
        IndexName: "by-state",
        KeyConditionExpression: "#p = :p AND #s BETWEEN :from AND :to",
        ExpressionAttributeNames: { "#p": "state", "#s": "at" },
        ScanIndexForward: false,
        Limit: 100,
      },
    });
    expect(states.query?.Arguments).not.toHaveProperty("ConsistentRead");
    expect(states.write).toMatchObject({ Arguments: { Bucket: "reports", IfNoneMatch: "*" } });
  });

  it("of a Table that is not known are refused", () => {
    expect(() => machineOf("do: [{ g: { call: table.get, with: { table: others, key: { a: 1 } } } }]")).toThrow(
      'Table "others" has no keys yet',
    );
  });
});

describe("a state machine", () => {
  it("has a state named by the path of each task that does something, and helpers that are marked", () => {
    const machine = machineOf(`
do:
  - first: { set: 1 }
  - block:
      do:
        - each: { for: { in: "\${[1]}" }, do: [{ one: { set: "\${item}" } }] }
        - all: { for: { in: "\${[1]}" }, metadata: { concurrency: 2 }, do: [{ one: { set: "\${item}" } }] }
  - both: { fork: { branches: [{ left: { set: 1 } }, { right: { wait: { seconds: 1 } } }] } }
  - risky: { try: [{ pay: { set: 1 } }], catch: { do: [{ refund: { set: 2 } }] } }
`);
    expect(tasksOf(machine).toSorted()).toEqual([
      ...["block/all", "block/all/one", "block/each", "block/each/one", "both", "both/left", "both/right"],
      ...["first", "risky", "risky/catch/refund", "risky/pay"],
    ]);
  });

  it("never puts on a Parallel what would be done before or after its branches", () => {
    const machine = machineOf(`
do:
  - t:
      try: [{ a: { set: 1, export: { as: { a: 1 } } } }]
      catch: {}
      output: { as: "\${[output]}" }
      export: { as: { t: "\${output}" } }
`);
    expect(Object.keys(machine.States.t!)).toEqual(["Type", "Branches", "Catch", "Next"]);
  });

  it("gives each scope a context of its own, and commits that of a try alone", () => {
    const writes = "a: { set: 1, export: { as: { x: 1 } } }";
    const states = statesOf(
      machineOf(`
do:
  - t: { try: [{ ${writes} }], catch: {} }
  - f: { fork: { branches: [{ ${writes} }] } }
`),
    );
    const assigned = ["t/a#export", "f/a#export"].map((name) => Object.keys(states[name]!.Assign as object)[0]);
    expect(new Set([...assigned, "context_1"]).size).toBe(3);
    expect(states["t#try-result"]).toMatchObject({ Assign: { context_1: expect.any(String) } });
    expect(states["f#results"]).not.toHaveProperty("Assign");
  });

  it("waits between tries as the interpreter does", async () => {
    const retry =
      "{ delay: PT2S, backoff: { exponential: { multiplier: 3, max: PT20S } }, limit: { attempt: { count: 9 } } }";
    const { States: states } = machineOf(`do: [{ t: { try: [{ a: { set: 1 } }], catch: { retry: ${retry} } } }]`);
    const variables = { ...(states["t#try-first"]!.Assign as Record<string, number>) };
    const next = Object.entries(states["t#retry"]!.Assign as Record<string, string>);
    const [delay] = next.map(([name]) => name).filter((name) => name.startsWith("delay"));
    const waits: unknown[] = [];
    for (let wait = 0; wait < 4; wait++) {
      waits.push(variables[delay!]);
      const assigned = await Promise.all(
        next.map(async ([name, query]) => [name, await jsonata(query.slice(2, -2)).evaluate(null, { ...variables })]),
      );
      Object.assign(variables, Object.fromEntries(assigned));
    }
    expect(waits).toEqual([2, 6, 18, 20]);
  });

  it("leaves native retries alone, and stops no branch", () => {
    const machine = machineOf(`
do:
  - t:
      try: [{ f: { fork: { branches: [{ a: { raise: { error: { type: Denied } } } }, { b: { set: 1 } }] } } }]
      catch: { retry: { limit: { attempt: { count: 2 } } } }
`);
    const states = Object.values(statesOf(machine));
    expect(states.filter((state) => "Retry" in state)).toEqual([]);
    const branches = statesOf(machine)["t/f"]!.Branches as States[];
    for (const branch of branches) expect(branch.States[branch.StartAt]).toHaveProperty("Catch");
  });
});

describe("calls", () => {
  const only = (yaml: string) => machineOf(`do:\n  - c:\n      ${yaml}\n`).States.c!;
  const KEY = '{% $lookup($run,"id") & "/c" %}';

  it("an HTTP request goes through the connection, and carries the key", () => {
    const call = only(
      `call: http
      with: { method: POST, endpoint: "https://x/y", headers: { A: b }, query: { q: "1" }, body: { n: "\${input}" } }
      timeout: { after: PT5S }`,
    );
    expect(call).toMatchObject({
      Resource: "arn:aws:states:::http:invoke",
      TimeoutSeconds: 5,
      Arguments: {
        ApiEndpoint: "https://x/y",
        Method: "POST",
        Authentication: { ConnectionArn: place.connection },
        Headers: { A: "b", "Idempotency-Key": KEY },
        QueryParameters: { q: "1" },
        RequestBody: { n: "{% ($states.input) %}" },
      },
    });
  });

  it("a message carries the key, and a queue that keeps an order gets it in a form that fits", () => {
    const send = (queue: string, more = "") =>
      only(`call: queue.send\n      with: { queue: ${queue}, body: { a: 1 }${more} }`);
    const dedupKey = { DataType: "String", StringValue: KEY };
    expect(send("orders", ", key: k, attributes: { kind: new }").Arguments).toEqual({
      QueueUrl: QUEUES.orders,
      MessageBody: { a: 1 },
      MessageAttributes: { kind: { DataType: "String", StringValue: "new" }, dedupKey },
    });
    expect(send("ordered", ", key: k").Arguments).toEqual({
      QueueUrl: QUEUES.ordered,
      MessageBody: { a: 1 },
      MessageAttributes: { dedupKey },
      MessageGroupId: "k",
      MessageDeduplicationId: '{% $substring($hash($lookup($run,"id") & "/c","SHA-256"),0,32) %}',
    });
    expect(() => send("ordered")).toThrow(new WorkflowError("c", '"ordered" keeps an order: with.key says of what'));
    expect(() => send("missing")).toThrow('c: Queue "missing" has no QUEUE_URL yet: it is not ready');
  });

  it("an event is published as it is", () => {
    const event = only("emit: { topic: news, event: { with: { type: a, source: b, data: { n: 1 } } } }");
    expect(event).toMatchObject({
      Resource: "arn:aws:states:::sns:publish",
      Arguments: { TopicArn: "arn:aws:sns:eu-west-1:1:news", Message: { specversion: "1.0", data: { n: 1 } } },
    });
  });

  it("the key has the indices of the loops around it", () => {
    const states = statesOf(
      machineOf(`
do:
  - a:
      for: { in: "\${[1]}" }
      do:
        - b:
            for: { each: other, at: place, in: "\${[1]}" }
            do: [{ c: { listen: { to: { one: { with: { type: paid } } } }, timeout: { after: PT1H } } }]
`),
    );
    const { Entries } = states["a/b/c"]!.Arguments as { Entries: [{ Detail: { key: string } }] };
    expect(Entries[0].Detail.key.replaceAll(/_\d+/g, "_N")).toBe(
      '{% $lookup($run,"id") & "/a/b/c" & "/" & $string($index_N) & "/" & $string($index_N) %}',
    );
  });

  it("a run that is tried again has another name, and the same id", () => {
    const states = statesOf(
      machineOf(`
do:
  - t: { try: [{ r: { run: { workflow: { name: child } } } }], catch: { retry: { limit: { attempt: { count: 2 } } } } }
`),
    );
    const { Name, Input } = states["t/r"]!.Arguments as { Name: string; Input: Record<string, { id: string }> };
    expect(Name).toContain("$retries_");
    expect(Input[RUN_KEY]!.id).not.toContain("$retries_");
  });
});

it("an HTTP request needs a connection", () => {
  const bare = { ...place, connection: undefined };
  const yaml = "do: [{ c: { call: http, with: { method: GET, endpoint: 'https://x' } } }]";
  expect(() => toStepFunctions(workflowOf(yaml), bare)).toThrow(
    "c: an HTTP request needs a connection, and there is none",
  );
});

describe("limits of Step Functions", () => {
  it("refuses an expression that is too long, and says where", () => {
    const long = `\${${"input.a.b.c.d.e.f.g.h + ".repeat(60)}1}`; // 1.5 KB of the 2 KB that the language allows
    expect(() => machineOf(`do: [{ a: { do: [{ b: { set: '${long}' } }] } }]`)).toThrow(
      /^a\/b: an expression takes \d+ characters in JSONata, and Step Functions should have no more than 3072/,
    );
  });

  it("refuses a definition that is too large", () => {
    const big = JSON.stringify("x".repeat(10_000));
    const tasks = Array.from({ length: 110 }, (_, n) => `{ t${n}: { set: { a: ${big} } } }`).join(", ");
    expect(() => toStepFunctions(workflowOf(`do: [${tasks}]`), place)).toThrow(/^takes \d+ bytes for Step Functions/);
  });
});

const EXAMPLES = new URL("../../../examples/workflows/", import.meta.url);
const examples = readdirSync(EXAMPLES).filter((file) => /^[^.]+[.]yaml$/.test(file));

it.each(examples)("the example %s makes a sound machine", (file) => {
  const { States: states } = machineOf(readFileSync(new URL(file, EXAMPLES), "utf8"));
  expect(Object.keys(states).length).toBeGreaterThan(3);
});

it("every workflow makes a sound machine", () => {
  const machines = fc.sample(drawnWorkflows("https://x"), { numRuns: 300, seed: SEED }).flatMap(({ definition }) => {
    const { workflow } = parseWorkflow(definition);
    return workflow ? [toStepFunctions(workflow, place)] : [];
  });
  for (const machine of machines) expect(aslLint(machine)).toEqual([]);
  for (const machine of machines.slice(0, 10)) expect(aslErrors(machine)).toEqual([]);
});
