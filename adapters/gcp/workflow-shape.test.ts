import { describe, expect, it } from "vitest";
import type { WorkflowTarget, WorkflowWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import { accountOf } from "./workflow-account.ts";
import { actualWorkflow, compiledFor, digestOf, fitWorkflow, stateOf, toWorkflow } from "./workflow-shape.ts";

const PLACE = { account: "p", endpoints: {} };
const PARENT = "projects/p/locations/europe-west1/workflows";
const ID = `${PARENT}/fulfil`;
const OWNER = { environment: "e", cluster: "c", namespace: "n", kind: "workflow", name: "fulfil", uid: "u" };
const MARKS = ownerTags(OWNER);
const LOGS = "roles/logging.logWriter on projects/p";

const target = (kind: WorkflowTarget["kind"], name: string, outputs: WorkflowTarget["outputs"]): WorkflowTarget => ({
  kind,
  name,
  outputs,
  access: [kind === "Workflow" ? "Start" : "Produce"],
  encryptionKey: null,
  schema: null,
});
const TARGETS = [
  target("Queue", "jobs", { QUEUE_ID: "projects/p/subscriptions/q", QUEUE_URL: "projects/p/topics/q", REGION: "r" }),
  target("Topic", "news", { TOPIC_ID: "projects/other/topics/t", REGION: "r" }),
  target("Workflow", "a", { WORKFLOW_ID: `${PARENT}/a`, REGION: "r" }),
  target("Workflow", "b", { WORKFLOW_ID: "projects/other/locations/l/workflows/b", REGION: "r" }),
];
const KEYS = { partitionKey: { name: "id", type: "String" }, sortKey: null, indexes: [], ttlField: null } as const;
const orders = (...access: WorkflowTarget["access"]): WorkflowTarget => ({
  ...target("Table", "orders", { TABLE_ID: "projects/p/databases/orders", COLLECTION: "items", REGION: "r" }),
  access,
  schema: KEYS,
});
const reports = (...access: WorkflowTarget["access"]): WorkflowTarget => ({
  ...target("Bucket", "reports", { BUCKET_ID: "projects/_/buckets/reports", BUCKET: "reports", REGION: "r" }),
  access,
});
const get = { get: { call: "table.get", with: { table: "orders", key: { id: "a" } } } };
const put = { put: { call: "table.put", with: { table: "orders", item: { id: "a" } } } };
const report = { report: { call: "bucket.put", with: { bucket: "reports", object: "a", body: {} } } };
const send = { send: { call: "queue.send", with: { queue: "jobs", body: 1 } } };
const publish = { tell: { call: "topic.publish", with: { topic: "news", body: 1 } } };
const run = (name: string, wait: boolean) => ({ [`run-${name}`]: { run: { workflow: { name }, await: wait } } });

const asked = (tasks: readonly object[], change: Partial<WorkflowWant> = {}): WorkflowWant => ({
  source: { definition: { do: tasks } as unknown as WorkflowWant["source"]["definition"], targets: TARGETS },
  program: "",
  permissions: [],
  logLevel: "None",
  overrides: {},
  tags: { ...MARKS, team: "shop" },
  ...change,
});
/** With the targets that its tasks name, as core gives them. */
const naming = (tasks: readonly object[], names: readonly string[], change: Partial<WorkflowWant> = {}) => {
  const want = asked(tasks, change);
  return { ...want, source: { ...want.source, targets: TARGETS.filter(({ name }) => names.includes(name)) } };
};
const using = (tasks: readonly object[], ...targets: readonly WorkflowTarget[]): WorkflowWant => {
  const want = asked(tasks);
  return { ...want, source: { ...want.source, targets } };
};
const fitted = (want: WorkflowWant, place = PLACE) => fitWorkflow(place, want);

describe("what a workflow needs", () => {
  it.each<[string, WorkflowWant, readonly string[]]>([
    ["nothing", naming([{ a: { set: 1 } }], []), []],
    [
      "nothing to wait for a signal",
      naming([{ w: { listen: { to: { one: { with: { type: "approved" } } } }, timeout: { after: "PT1H" } } }], []),
      [],
    ],
    ["its log", naming([{ a: { set: 1 } }], [], { logLevel: "Errors" }), [LOGS]],
    ["to publish", naming([send], ["jobs"]), ["roles/pubsub.publisher on projects/p/topics/q"]],
    ["to publish elsewhere", naming([publish], ["news"]), ["roles/pubsub.publisher on projects/other/topics/t"]],
    ["to start", naming([run("a", false)], ["a"]), ["projects/p/roles/onyx.workflowStarter on projects/p"]],
    ["to wait", naming([run("a", true)], ["a"]), ["projects/p/roles/onyx.workflowRunner on projects/p"]],
    [
      "to start in one project and wait in another",
      naming([run("a", false), run("b", true)], ["a", "b"]),
      [
        "projects/other/roles/onyx.workflowRunner on projects/other",
        "projects/p/roles/onyx.workflowStarter on projects/p",
      ],
    ],
    [
      "to read a Table",
      using([get], orders("Read")),
      ["projects/p/roles/onyx.tableReader on projects/p/databases/orders"],
    ],
    [
      "to read and write a Table, and to write a Bucket",
      using([get, put, report], orders("Read", "Write"), reports("Write")),
      [
        "projects/p/roles/onyx.bucketWriter on projects/_/buckets/reports",
        "projects/p/roles/onyx.tableReader on projects/p/databases/orders",
        "projects/p/roles/onyx.tableWriter on projects/p/databases/orders",
      ],
    ],
    [
      "what tasks within tasks need",
      naming([{ f: { fork: { branches: [{ x: { do: [run("a", true)] } }, { y: { do: [send] } }] } } }], ["a", "jobs"]),
      ["projects/p/roles/onyx.workflowRunner on projects/p", "roles/pubsub.publisher on projects/p/topics/q"],
    ],
  ])("%s", (_what, want, permissions) => expect(fitted(want).want.permissions).toEqual(permissions));

  it("is told where it is more than was asked, and stays portable", () => {
    expect(fitted(naming([run("a", true)], ["a"])).deviations).toEqual([
      {
        field: "definition",
        kind: "Covered",
        message: expect.stringMatching(/every workflow of the project p and read/),
      },
    ]);
    expect(fitted(naming([run("a", false)], ["a"])).deviations).toEqual([
      { field: "definition", kind: "Covered", message: expect.stringMatching(/every workflow of the project p\.$/) },
    ]);
    expect(fitted(naming([send], ["jobs"])).deviations).toEqual([]);
  });
});

describe("a definition", () => {
  it.each<[string, WorkflowWant, RegExp]>([
    [
      "with a Table that was never ready",
      using([get], { ...orders("Read"), schema: null }),
      /^definition\.?.*Table "orders" has no keys yet/,
    ],
    ["that is none", naming([{ a: { nonsense: 1 } }], []), /^definition\.do\[0\]\.a/],
    ["without tasks", naming([], []), /^definition\.do: is empty/],
    [
      "that starts what is no workflow",
      asked([run("a", true)], {
        source: {
          definition: { do: [run("a", true)] } as unknown as WorkflowWant["source"]["definition"],
          targets: [target("Workflow", "a", { WORKFLOW_ID: "arn:aws:states:x", REGION: "r" })],
        },
      }),
      /"arn:aws:states:x".*no workflow on Google Cloud/,
    ],
  ])("%s is refused", (_what, want, message) =>
    expect(() => fitted(want)).toThrow(
      expect.objectContaining({ fault: "invalid", message: expect.stringMatching(message) }),
    ),
  );

  it("gives the same program each time, and another one for another queue", () => {
    const one = fitted(naming([send], ["jobs"])).want.program;
    expect(one).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(fitted(naming([send], ["jobs"])).want.program).toBe(one);
    const want = naming([send], ["jobs"]);
    const targets = [
      target("Queue", "jobs", {
        ...TARGETS[0]!.outputs,
        QUEUE_ID: "projects/p/subscriptions/r",
        QUEUE_URL: "projects/p/topics/r",
      }),
    ];
    expect(fitted({ ...want, source: { ...want.source, targets } }).want.program).not.toBe(one);
    expect(fitted(want).want.program).toBe(one);
  });

  it.each<[string, Record<string, string>, string, boolean]>([
    ["Google's own", {}, "https://pubsub.googleapis.com/", true],
    [
      "Google's own, whatever is the default of the operator",
      { default: "http://127.0.0.1:1" },
      "https://pubsub.googleapis.com/",
      true,
    ],
    [
      "Google's own, where the operator has a private one",
      { pubsub: "https://pubsub.example.com" },
      "https://pubsub.googleapis.com/",
      true,
    ],
    ["an emulator, without a token", { pubsub: "127.0.0.1:8085" }, "http://127.0.0.1:8085/", false],
  ])("calls %s", (_what, endpoints, begins, token) => {
    const { source } = compiledFor({ account: "p", endpoints }, naming([send], ["jobs"]));
    expect(source).toContain(`"url":"${begins}v1/projects/p/topics/q:publish"`);
    expect(source.includes('"OAuth2"')).toBe(token);
  });
});

describe("its settings", () => {
  const account = { owner: OWNER };
  it.each<Partial<WorkflowWant>>([
    {},
    { logLevel: "Errors" },
    { overrides: { executionHistory: "Basic" } },
    { overrides: { executionHistory: "Detailed" } },
  ])("read back as they were written: %j", (change) => {
    const { want } = fitted(naming([send], ["jobs"], change));
    const { source, rights } = compiledFor(PLACE, want);
    const workflow = {
      name: ID,
      state: "ACTIVE",
      ...toWorkflow(ID, source, want, want.tags as Record<string, string>),
    };
    const { source: _source, ...rest } = want;
    expect(actualWorkflow(ID, { workflow, account, rights })).toEqual(rest);
  });

  it("of which the other cloud has none are said to be so; unknown ones are refused", () => {
    const over = (overrides: WorkflowWant["overrides"]) => fitted(naming([send], ["jobs"], { overrides }));
    expect(over({ executionHistory: "Basic" })).toMatchObject({
      want: { overrides: {} },
      deviations: [{ field: "overrides.gcp.executionHistory", kind: "CloudSpecific" }],
    });
    expect(() => over({ tracing: true })).toThrow(/overrides\.gcp\.tracing.*executionHistory/);
  });

  const workflow = { labels: MARKS, sourceContents: "x", serviceAccount: accountOf(ID) };
  it.each([
    ["no workflow", { workflow: undefined, account }, { program: "", permissions: [] }],
    ["no account", { workflow, account: undefined }, { permissions: [`its account ${accountOf(ID)} is missing`] }],
    [
      "another account",
      { workflow: { ...workflow, serviceAccount: "projects/p/serviceAccounts/a@b" }, account },
      { permissions: ["runs as a@b"] },
    ],
    [
      "another log level",
      { workflow: { ...workflow, callLogLevel: "LOG_ALL_CALLS" }, account },
      { logLevel: "LOG_ALL_CALLS" },
    ],
    ["no log level", { workflow, account }, { logLevel: "CALL_LOG_LEVEL_UNSPECIFIED", program: digestOf("x") }],
    [
      "marks that differ",
      { workflow, account: { owner: { ...OWNER, uid: "v" } } },
      { tags: { ...MARKS, "onyx-uid": "workflow: u, account: v" } },
    ],
  ])("tell what nobody can have asked for: %s", (_what, found, expected) =>
    expect(actualWorkflow(ID, { ...found, rights: [] })).toMatchObject(expected),
  );

  it.each([
    [{}, { phase: "ready" }],
    [{ state: "ACTIVE" }, { phase: "ready" }],
    [{ state: "UNAVAILABLE" }, { phase: "failed", message: expect.stringMatching(/why$/) }],
    [
      { state: "UNAVAILABLE", stateError: { type: "KMS_ERROR", details: "key gone" } },
      { phase: "failed", message: expect.stringMatching(/key gone$/) },
    ],
    [{ state: "DREAMING" }, { phase: "pending", message: expect.stringMatching(/DREAMING/) }],
  ])("say how it is: %j", (workflow, expected) => expect(stateOf(workflow)).toEqual(expected));
});
