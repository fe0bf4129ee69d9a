import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SEED } from "../../../test/support/seed.ts";
import { WorkflowError } from "../errors.ts";
import type { Step, Value } from "../expression/index.ts";
import { parseWorkflow } from "../parse.ts";
import { knownSchema } from "../tables/schema.ts";
import { drawnWorkflows } from "../testing/generate.ts";
import { ORDERS, STORE_CALLS } from "../testing/store-calls.ts";
import { workflowOf } from "../testing/world.ts";
import { isHelperStep, stepNames } from "./names.ts";
import { type CloudWorkflowsPlace, ENDPOINTS } from "./place.ts";
import { toCloudWorkflowsSource } from "./source.ts";
import { lintSource } from "./testing/lint.ts";

const EXAMPLES = new URL("../../../examples/workflows/", import.meta.url);
const PLACE: CloudWorkflowsPlace = {
  target: (kind, name) => {
    if (kind === "Table") return { TABLE_ID: `projects/p/databases/${name}`, COLLECTION: "items" };
    if (kind === "Bucket") return { BUCKET: name };
    return { [kind === "Queue" ? "QUEUE_URL" : "TOPIC_ID"]: `projects/p/topics/${name}` };
  },
  schema: (table) => knownSchema(table, table === "orders" ? ORDERS : undefined),
  workflow: (name) => `projects/p/locations/l/workflows/${name}`,
  endpoints: ENDPOINTS,
};

/** The source; it keeps to the rules. */
function sourceOf(yaml: string, place = PLACE) {
  const source = toCloudWorkflowsSource(workflowOf(yaml), place);
  expect(lintSource(source)).toEqual([]);
  return source;
}

type Body = { readonly [key: string]: Value };

/** What each step does by its name, whatever it is in. */
function stepsIn(value: Value | readonly Step[]): ReadonlyMap<string, Body> {
  if (typeof value !== "object" || value === null) return new Map();
  const found = Object.entries(value).flatMap(([key, inner]) => {
    const below = [...stepsIn(inner as Value)];
    if (key !== "steps" && key !== "branches") return below;
    const own = (inner as readonly Step[]).flatMap((step) => Object.entries(step) as [string, Body][]);
    return [...own, ...below];
  });
  return new Map(found);
}

const calls = (yaml: string, place = PLACE) =>
  [...stepsIn({ steps: sourceOf(yaml, place).tasks!.steps }).values()].filter(
    ({ call }) => typeof call === "string" && !call.startsWith("rt_"),
  );

describe("a source", () => {
  it("keeps to the rules, whatever is drawn", () => {
    fc.assert(
      fc.property(drawnWorkflows("https://x"), ({ definition }) => {
        const { workflow } = parseWorkflow(definition);
        if (workflow) expect(lintSource(toCloudWorkflowsSource(workflow, PLACE))).toEqual([]);
      }),
      { numRuns: 400, seed: SEED },
    );
  });

  it.each(readdirSync(EXAMPLES).filter((name) => /^\w+\.yaml$/.test(name)))(
    "of the example %s keeps to them",
    (name) => {
      sourceOf(readFileSync(new URL(name, EXAMPLES), "utf8"));
    },
  );

  it("names steps by the paths of their tasks, and marks those that a task needs beside its own", () => {
    const yaml = `
do:
  - each-order:
      for: { in: "\${input}" }
      do: [{ charge: { call: http, with: { method: GET, endpoint: "https://x" } } }]
  - each_order_charge: { set: 1 }
  - last: { set: "\${[input, context]}" }
`;
    const own = [...stepsIn({ steps: sourceOf(yaml).tasks!.steps }).keys()].filter((name) => !isHelperStep(name));
    expect(new Set(own)).toEqual(new Set(["t_each_order", "t_each_order_charge", "t_each_order_charge_2", "t_last"]));
    expect([...stepNames(workflowOf(yaml).tasks)]).toEqual([
      ["each-order", "t_each_order"],
      ["each-order/charge", "t_each_order_charge"],
      ["each_order_charge", "t_each_order_charge_2"],
      ["last", "t_last"],
    ]);
  });

  it("takes names that differ late, or are those of steps and variables", () => {
    const long = "a".repeat(38);
    sourceOf(`do: [{${long}: {do: [{${long}b: {set: 1}}, {${long}c: {set: 1}}]}}]`);
    sourceOf("do: [{main: {set: 1}}, {next: {set: 1}}, {v_out: {set: 1}}, {s1: {set: 1}}]");
    sourceOf('do: [{f: {for: {each: x1, at: v_out, in: "${input}"}, do: [{b: {set: "${[x1, v_out]}"}}]}}]');
  });

  it("has the helpers that it calls, and no others", () => {
    expect(Object.keys(sourceOf("do: [{a: {set: 1}}]"))).toEqual([
      "main",
      "tasks",
      "rt_start",
      "rt_classify",
      "rt_raise",
      "rt_type",
    ]);
  });

  it("shares with branches what they write, and nothing else", () => {
    const yaml = 'do: [{f: {fork: {branches: [{a: {set: 1}}, {b: {set: "${context}", export: {as: {n: 1}}}}]}}}]';
    const { parallel } = [...stepsIn({ steps: sourceOf(yaml).tasks!.steps }).values()].find((body) => body.parallel)!;
    expect((parallel as Body).shared).toHaveLength(2);
    const one = sourceOf("do: [{f: {fork: {branches: [{a: {set: 1}}]}}}]");
    expect(JSON.stringify(one)).not.toContain("parallel");
  });

  it("keeps data that looks like steps", () => {
    const yaml = 'do: [{a: {set: {switch: [{steps: [{b: "${input}"}]}], for: {steps: [{c: 1}]}}}}]';
    expect(stepsIn({ steps: sourceOf(yaml).tasks!.steps }).get("t_a")).toEqual({
      assign: [{ v_out: { switch: [{ steps: [{ b: "${v_out}" }] }], for: { steps: [{ c: 1 }] } } }],
    });
  });

  it("takes a code for what it is, not for an expression", () => {
    const yaml = "do: [{t: {try: [{a: {set: 1}}], catch: {errors: {with: {code: '${v_out}'}}, do: [{h: {set: 2}}]}}}]";
    expect([...stepsIn({ steps: sourceOf(yaml).tasks!.steps }).values()]).toContainEqual({
      assign: [{ x1: "$" }, { x3: "{v_out}" }],
    });
  });

  it("waits before each try by a list of whole seconds", () => {
    const yaml = `do: [{t: {try: [{a: {set: "\${input.x}"}}], catch: {retry: {delay: {seconds: 2},
      backoff: {exponential: {multiplier: 3, max: {seconds: 10}}}, limit: {attempt: {count: 4}}}}}}]`;
    const loop = [...stepsIn({ steps: sourceOf(yaml).tasks!.steps }).values()].find((body) => body.for)!.for as Body;
    expect(loop.in).toEqual([0, 2, 6, 10, 10]);
  });

  it("is refused where it is longer than Cloud Workflows takes", () => {
    const text = "x".repeat(1_500);
    const tasks = Array.from({ length: 80 }, (_, at) => `{t${at}: {set: ${text}}}`).join(", ");
    expect(() => sourceOf(`do: [${tasks}]`)).toThrow(
      /^do: takes \d+ bytes for Cloud Workflows, .*: move some of the tasks/,
    );
  });
});

describe("calls", () => {
  it("sends messages with the key as an attribute, and with a token", () => {
    const yaml = `
do:
  - tell: { call: queue.send, with: { queue: orders, body: 1, attributes: { kind: new, dedupKey: mine }, key: a } }
  - say: { call: topic.publish, with: { topic: news, body: 1 }, timeout: { after: { seconds: 5 } } }
`;
    expect(calls(yaml)).toMatchObject([
      {
        call: "http.post",
        args: {
          url: "https://pubsub.googleapis.com/v1/projects/p/topics/orders:publish",
          timeout: 30,
          auth: { type: "OAuth2" },
        },
      },
      { args: { url: "https://pubsub.googleapis.com/v1/projects/p/topics/news:publish", timeout: 5 } },
    ]);
    const messages = JSON.stringify(sourceOf(yaml));
    expect(messages).toMatch(/"attributes":\{"kind":"new","dedupKey":"\$\{v_key\d+\}"\},"orderingKey":"a"/);
  });

  it("reads and writes Tables and Buckets by Google's REST APIs, with a token", () => {
    const made = calls(STORE_CALLS);
    const auth = { type: "OAuth2" };
    expect(made.map(({ args }) => args)).toMatchObject([
      { method: "POST", auth, timeout: 30 },
      { method: "PATCH", auth },
      { method: "PATCH", auth },
      { method: "DELETE", auth },
      {
        method: "POST",
        auth,
        body: {
          structuredQuery: {
            from: [{ collectionId: "items" }],
            where: { compositeFilter: { op: "AND", filters: [{ fieldFilter: { op: "EQUAL" } }, {}, {}] } },
            orderBy: [{ field: { fieldPath: "at" }, direction: "DESCENDING" }],
            limit: 100,
          },
        },
      },
      { method: "GET", auth, query: { alt: "media" } },
      { method: "POST", auth, query: { uploadType: "media", ifGenerationMatch: "0" } },
    ]);
    const text = JSON.stringify(sourceOf(STORE_CALLS));
    expect(text).toContain("https://firestore.googleapis.com/");
    expect(text).toContain("v1/projects/p/databases/orders/documents:runQuery");
    expect(text).toContain("?currentDocument.exists=false");
    expect(text).toContain(
      "?updateMask.fieldPaths=customer&updateMask.fieldPaths=at&updateMask.fieldPaths=%60a.b%60&updateMask.fieldPaths=expires&updateMask.fieldPaths=c",
    );
  });

  it("sends no token to anybody else", () => {
    const elsewhere = {
      ...ENDPOINTS,
      pubsub: "https://pubsub.googleapis.com.example",
      executions: "http://x.googleapis.com",
    };
    const yaml = `
do:
  - tell: { call: queue.send, with: { queue: orders, body: 1 } }
  - run: { run: { workflow: { name: child }, await: false } }
  - get: { call: http, with: { method: GET, endpoint: "https://x.googleapis.com" } }
`;
    const made = calls(yaml, { ...PLACE, endpoints: elsewhere });
    expect(made).toHaveLength(3);
    expect(JSON.stringify(made)).not.toContain("OAuth2");
  });

  it.each([
    ["queue.send", "queue", 'tell: Queue "orders" has no QUEUE_URL yet: it is not ready'],
    ["topic.publish", "topic", 'tell: Topic "orders" has no TOPIC_ID yet: it is not ready'],
  ])("waits for what %s refers to", (call, kind, said) => {
    const yaml = `do: [{ tell: { call: ${call}, with: { ${kind}: orders, body: 1 } } }]`;
    expect(() => sourceOf(yaml, { ...PLACE, target: () => ({}) })).toThrow(said);
  });

  it("refuses a Queue that a Topic fills", () => {
    const place = { ...PLACE, target: () => ({ QUEUE_URL: "projects/p/subscriptions/orders" }) };
    const yaml = "do: [{tell: {call: queue.send, with: {queue: orders, body: 1}}}]";
    expect(() => sourceOf(yaml, place)).toThrow(WorkflowError);
    expect(() => sourceOf(yaml, place)).toThrow(/^tell: the Queue "orders" has what a Topic brings it/);
  });

  it("runs other workflows by the connector, and listens by a callback", () => {
    const yaml = `
do:
  - wait: { listen: { to: { one: { with: { type: approved } } } }, timeout: { after: P1D } }
  - run: { run: { workflow: { name: child, input: "\${input}" } }, timeout: { after: { hours: 2 } } }
`;
    expect(calls(yaml)).toMatchObject([
      { call: "events.create_callback_endpoint", args: { http_callback_method: "POST" } },
      { call: "events.await_callback", args: { timeout: 86_400 } },
      {
        call: "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run",
        args: { project_id: "p", location: "l", workflow_id: "child", connector_params: { timeout: 7_200 } },
      },
    ]);
    expect(() => sourceOf(yaml, { ...PLACE, workflow: (name) => name })).toThrow(
      /^run: the Workflow "child" is "child"/,
    );
  });
});
