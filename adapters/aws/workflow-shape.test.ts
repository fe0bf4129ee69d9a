import { describe, expect, it } from "vitest";
import type { WorkflowTarget, WorkflowWant } from "../../controllers/leaf/wants.ts";
import { awsClients } from "./clients.ts";
import type { LogGroup } from "./log-group.ts";
import type { LiveMachine } from "./state-machine.ts";
import { ACCOUNT, place, REGION, workflowWant } from "./testing/fixtures.ts";
import { aboutItself } from "./workflow-rights.ts";
import {
  compiled,
  digestOf,
  fitWorkflow,
  groupOf,
  jointTags,
  liveLogLevel,
  liveOverrides,
  liveProgram,
  roleOf,
  SELF,
  toMachine,
} from "./workflow-shape.ts";

const at = place("http://127.0.0.1:1");
const aws = awsClients(at);
const CONNECTION = `arn:aws:events:${REGION}:${ACCOUNT}:connection/onyx-test`;
const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`;
const NEWS = `arn:aws:sns:${REGION}:${ACCOUNT}:test-news`;
const CHILD = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:test-child`;
const GROUP = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/aws/vendedlogs/states/orders`;

const target = (kind: WorkflowTarget["kind"], name: string, outputs: WorkflowTarget["outputs"]): WorkflowTarget => ({
  kind,
  name,
  outputs,
  access: [kind === "Workflow" ? "Start" : "Produce"],
  encryptionKey: null,
  schema: null,
});
const news = target("Topic", "news", { TOPIC_ID: NEWS });
const child = target("Workflow", "child", { WORKFLOW_ID: CHILD });

const KEYS = { partitionKey: { name: "id", type: "String" }, sortKey: null, indexes: [], ttlField: null } as const;
const ORDERS = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/test-orders`;
const orders = (...access: WorkflowTarget["access"]): WorkflowTarget => ({
  ...target("Table", "orders", { TABLE_ID: ORDERS, TABLE_NAME: "test-orders" }),
  access,
  schema: KEYS,
});
const reports: WorkflowTarget = {
  ...target("Bucket", "reports", { BUCKET_ID: "arn:aws:s3:::reports", BUCKET: "reports" }),
  access: ["Write"],
};
const read = { read: { call: "table.get", with: { table: "orders", key: { id: "a" } } } };
const put = { put: { call: "table.put", with: { table: "orders", item: { id: "a" } } } };
const report = { report: { call: "bucket.put", with: { bucket: "reports", object: "a", body: {} } } };
const run = (over: object = {}) => ({ start: { run: { workflow: { name: "child" }, ...over } } });
const get = { ask: { call: "http", with: { method: "GET", endpoint: "https://example.com/" } } };
const set = { done: { set: { done: true } } };
const wanted = (tasks: readonly object[], targets: readonly WorkflowTarget[] = [], over: Partial<WorkflowWant> = {}) =>
  workflowWant("orders", {
    source: { definition: { do: tasks } as WorkflowWant["source"]["definition"], targets },
    ...over,
  });
const fitted = (want: WorkflowWant) => fitWorkflow(aws, want).want;
/** Without what all roles have. */
const rights = (want: WorkflowWant) =>
  fitted({ ...want, logLevel: "None" }).permissions.filter((line) => !line.startsWith("allow sts:"));

describe("rights", () => {
  it.each<[string, WorkflowWant, readonly string[]]>([
    ["nothing", wanted([set]), []],
    ["a queue", workflowWant("orders"), [`allow sqs:SendMessage on arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`]],
    [
      "a topic under a key",
      wanted(
        [{ tell: { call: "topic.publish", with: { topic: "news", body: {} } } }],
        [{ ...news, encryptionKey: "1" }],
      ),
      [
        ...["kms:Decrypt", "kms:GenerateDataKey"].map(
          (action) =>
            `allow ${action} on ${KEY} when StringEquals kms:EncryptionContext:aws:sns:topicArn=${NEWS} and StringEquals kms:ViaService=sns.${REGION}.amazonaws.com`,
        ),
        `allow sns:Publish on ${NEWS}`,
      ],
    ],
    [
      "a Table that is read",
      wanted([read], [orders("Read")]),
      [
        ...["BatchGetItem", "ConditionCheckItem", "GetItem"].map((action) => `allow dynamodb:${action} on ${ORDERS}`),
        ...["Query", "Scan"].flatMap((action) =>
          [ORDERS, `${ORDERS}/index/*`].map((on) => `allow dynamodb:${action} on ${on}`),
        ),
      ],
    ],
    [
      "a Table that is written, and nothing to read of it",
      wanted([put], [orders("Write")]),
      ["BatchWriteItem", "ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"].map(
        (action) => `allow dynamodb:${action} on ${ORDERS} when StringEqualsIfExists dynamodb:ReturnValues=NONE`,
      ),
    ],
    [
      "a Bucket",
      wanted([report], [reports]),
      ["AbortMultipartUpload", "DeleteObject", "ListMultipartUploadParts", "PutObject"].map(
        (action) => `allow s3:${action} on arn:aws:s3:::reports/*`,
      ),
    ],
    [
      "a run that is waited for, within a branch",
      wanted([{ both: { fork: { branches: [{ a: run().start }, { b: { set: 1 } }] } } }], [child]),
      [
        ...["events:DescribeRule", "events:PutRule", "events:PutTargets"].map(
          (action) =>
            `allow ${action} on arn:aws:events:${REGION}:${ACCOUNT}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule`,
        ),
        ...["states:DescribeExecution", "states:StopExecution"].map(
          (action) => `allow ${action} on arn:aws:states:${REGION}:${ACCOUNT}:execution:test-child:*`,
        ),
        `allow states:StartExecution on ${CHILD}`,
      ].sort(),
    ],
    [
      "a run that nobody waits for",
      wanted([run({ await: false })], [child]),
      [`allow states:StartExecution on ${CHILD}`],
    ],
    [
      "HTTP",
      wanted([get]),
      [
        `allow events:RetrieveConnectionCredentials on ${CONNECTION}/*`,
        ...["DescribeSecret", "GetSecretValue"].map(
          (action) =>
            `allow secretsmanager:${action} on arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:events!connection/onyx-test/*`,
        ),
        "allow states:InvokeHTTPEndpoint on itself",
      ],
    ],
    [
      "a signal",
      wanted([{ hear: { listen: { to: { one: { with: { type: "paid" } } } }, timeout: { after: "PT1H" } } }]),
      [
        `allow events:PutEvents on arn:aws:events:${REGION}:${ACCOUNT}:event-bus/default when StringEquals events:source=onyx.workflow`,
      ],
    ],
    [
      "traces",
      wanted([set], [], { overrides: { tracing: true } }),
      ["GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments"].map(
        (action) => `allow xray:${action} on *`,
      ),
    ],
  ])("for %s", (_what, want, lines) => {
    expect(rights(want)).toEqual(lines);
  });

  it("to log only with a log, and always for this state machine only", () => {
    const lines = fitted(wanted([set])).permissions;
    expect(lines).toContain("allow logs:CreateLogDelivery on *");
    expect(lines).toContain(
      `allow sts:AssumeRole to Service states.amazonaws.com when StringEquals aws:SourceAccount=${ACCOUNT} and StringEquals aws:SourceArn=itself`,
    );
    expect(fitted(wanted([set], [], { logLevel: "None" })).permissions).toHaveLength(1);
  });

  it("are within the boundary of the place", () => {
    const bounded = { ...aws, place: { ...at, permissionsBoundary: "arn:aws:iam::1:policy/b" } };
    expect(fitWorkflow(bounded, wanted([set])).want.permissions).toContain("within arn:aws:iam::1:policy/b");
  });

  it("that take more than a role has room for are refused", () => {
    const many = Array.from({ length: 200 }, (_, n) => n);
    const targets = many.map((n) => ({
      ...target("Topic", `t${n}`, { TOPIC_ID: `${NEWS}-${n}` }),
      encryptionKey: `${n}`,
    }));
    const tasks = many.map((n) => ({ [`t${n}`]: { call: "topic.publish", with: { topic: `t${n}`, body: {} } } }));
    expect(() => fitted(wanted(tasks, targets))).toThrow(/^definition: the rights that its tasks need take \d+ char/);
  });

  it("call a machine itself only where they are about itself", () => {
    const lines = [
      `allow states:InvokeHTTPEndpoint on ${CHILD}`,
      `allow states:InvokeHTTPEndpoint on ${CHILD}-2`,
      `allow states:StartExecution on ${CHILD}`,
      `allow sts:AssumeRole to Service x when StringEquals aws:SourceArn=${CHILD}`,
    ];
    expect(aboutItself(lines, CHILD, SELF)).toEqual([
      "allow states:InvokeHTTPEndpoint on itself",
      `allow states:InvokeHTTPEndpoint on ${CHILD}-2`,
      `allow states:StartExecution on ${CHILD}`,
      "allow sts:AssumeRole to Service x when StringEquals aws:SourceArn=itself",
    ]);
    const other = `allow sts:AssumeRole to Service x when StringEquals aws:SourceArn=${CHILD}-2`;
    expect(aboutItself([other], CHILD, SELF)).toEqual([other]);
  });
});

describe("what can't be", () => {
  it.each<[string, WorkflowWant, string]>([
    ["no task at all", wanted([]), "definition.do: is empty: it should have a task"],
    [
      "a queue that is not ready",
      { ...workflowWant("orders"), source: { ...workflowWant("orders").source, targets: [] } },
      'definition.send: Queue "jobs" has no QUEUE_URL yet: it is not ready',
    ],
    [
      "a Table that is not ready",
      wanted([read], [{ ...orders("Read"), schema: null }]),
      'definition: Table "orders" has no keys yet: it is not ready',
    ],
    [
      "a workflow that is not ready",
      wanted([run()]),
      'definition: Workflow "child" has no WORKFLOW_ID yet: it is not ready',
    ],
    [
      "a setting that there is not",
      wanted([set], [], { overrides: { colour: "red" } }),
      "overrides.aws.colour: there is no such setting; there are logRetentionDays, tracing",
    ],
  ])("%s", (_what, want, message) => {
    expect(() => fitted(want)).toThrow(expect.objectContaining({ fault: "invalid", message }));
  });
});

describe("the program", () => {
  it("is the same in any order of keys, and another with another task", () => {
    const one = compiled(aws, wanted([get]));
    const turned = (value: unknown): unknown =>
      typeof value !== "object" || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, inner]) => [key, turned(inner)]),
          );
    expect(JSON.stringify(turned(one))).not.toBe(JSON.stringify(one));
    expect(liveProgram(aws, JSON.stringify(turned(one), undefined, 2))).toBe(digestOf(one));
    expect(fitted(wanted([get])).program).toBe(digestOf(one));
    expect(fitted(wanted([get, set])).program).not.toBe(digestOf(one));
    expect(fitted(wanted([get])).program).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("goes through the connection of now, whatever its UUID, and through no other", () => {
    const [before, now] = [`${CONNECTION}/6c1f`, `${CONNECTION}/88aa`];
    const definition = JSON.stringify(compiled(aws, wanted([get]), before));
    const { program } = fitted(wanted([get]));
    expect(definition).toContain(before);
    expect(liveProgram(aws, definition, before)).toBe(program);
    expect(liveProgram(aws, definition, now)).not.toBe(program);
    expect(liveProgram(aws, definition)).not.toBe(program);
  });

  it("is something even where it is no JSON", () => {
    expect(liveProgram(aws, "{")).toMatch(/^sha256:/);
  });
});

const machine = (over: Partial<LiveMachine> = {}): LiveMachine => ({
  definition: "{}",
  roleArn: "role",
  express: false,
  deleting: false,
  logging: toMachine(wanted([set]), compiled(aws, wanted([set])), { roleArn: "role", groupArn: GROUP })
    .loggingConfiguration,
  tracing: false,
  tags: {},
  ...over,
});
const group = (retentionDays?: number): LogGroup => ({ retentionDays, tags: {} });
const OFF = { level: "OFF", includeExecutionData: false } as const;

describe("what is logged", () => {
  const full = machine().logging;
  it.each<[string, LiveMachine | undefined, LogGroup | undefined, string]>([
    ["as we make it", machine(), group(), "Errors"],
    ["nothing", machine({ logging: OFF }), undefined, "None"],
    ["never said", machine({ logging: undefined }), undefined, "None"],
    ["off", machine({ logging: OFF }), group(), "OFF, with a log group of its own"],
    ["without its group", machine(), undefined, "ERROR, without a log group of its own"],
    ["more", machine({ logging: { ...full, level: "ALL" } }), group(), "ALL, with a log group of its own"],
    [
      "what runs work on",
      machine({ logging: { ...full, includeExecutionData: true } }),
      group(),
      "ERROR, with what runs work on, with a log group of its own",
    ],
    [
      "elsewhere",
      machine({ logging: { ...full, destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: "theirs" } }] } }),
      group(),
      "ERROR, to another log group, with a log group of its own",
    ],
    ["no machine", undefined, group(), "OFF, with a log group of its own"],
  ])("%s", (_what, live, its, told) => {
    expect(liveLogLevel({ machine: live, group: its }, GROUP)).toBe(told);
  });
});

describe("overrides", () => {
  it.each<[WorkflowWant["overrides"], WorkflowWant["logLevel"], WorkflowWant["overrides"]]>([
    [{}, "Errors", {}],
    [{ logRetentionDays: 90, tracing: false }, "Errors", {}],
    [{ logRetentionDays: 7, tracing: true }, "Errors", { logRetentionDays: 7, tracing: true }],
    [{ logRetentionDays: 7 }, "None", {}],
  ])("%j with %s are %j", (overrides, logLevel, canonical) => {
    expect(fitted(wanted([set], [], { overrides, logLevel })).overrides).toEqual(canonical);
  });

  it.each<[LiveMachine, LogGroup | undefined, WorkflowWant["overrides"]]>([
    [machine(), group(90), {}],
    [machine({ tracing: true }), group(7), { logRetentionDays: 7, tracing: true }],
    [machine(), group(), { logRetentionDays: "never deleted" }],
    [machine(), undefined, {}],
  ])("are told", (live, its, overrides) => {
    expect(liveOverrides({ machine: live, group: its })).toEqual(overrides);
  });

  it("are CloudSpecific", () => {
    const { deviations } = fitWorkflow(aws, wanted([set], [], { overrides: { tracing: true } }));
    expect(deviations).toMatchObject([{ field: "overrides.aws.tracing", kind: "CloudSpecific" }]);
  });
});

it("tags in which the parts differ are told apart", () => {
  const parts = { "state machine": { a: "1", b: "1", c: "1" }, role: { a: "1", b: "2" }, "log group": undefined };
  expect(jointTags(parts)).toEqual({ a: "1", b: "state machine: 1, role: 2", c: "state machine: 1, role: absent" });
});

it("names fit, however long", () => {
  expect(roleOf("orders")).toBe("orders-workflow");
  expect(roleOf("x".repeat(64))).toHaveLength(64);
  expect(groupOf("orders")).toBe("/aws/vendedlogs/states/orders");
});
