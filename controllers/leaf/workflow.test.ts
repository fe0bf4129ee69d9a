import { describe, expect, it } from "vitest";
import { workflow as schema, type WorkflowSpec } from "../../crds/workflow.ts";
import type { Given, Target } from "../../operator/reconcile/leaf-object.ts";
import { workflow } from "./workflow.ts";

const specOf = (...tasks: readonly object[]): WorkflowSpec => schema.spec.parse({ definition: { do: tasks } });
const send = (name: string, queue: string, more: object = {}) => ({
  [name]: { call: "queue.send", with: { queue, body: 1, ...more } },
});
const publish = { tell: { call: "topic.publish", with: { topic: "news", body: 1 } } };

const givenWith = (targets: Readonly<Record<string, Partial<Target>>> = {}): Given => ({
  namespace: "shop",
  name: "fulfil",
  cloud: "aws",
  tags: { team: "shop" },
  target: (field) => ({ outputs: {}, effective: {}, ...targets[field] }),
  source: () => "",
});

describe("a definition", () => {
  it("that is sound has no flaw", () => expect(workflow.flaw?.(specOf(send("one", "jobs")))).toBeUndefined());

  it("with problems tells the place of each, and how many more there are", () => {
    const wrong = Array.from({ length: 7 }, (_, n) => ({ [`t${n}`]: { set: "${nowhere}" } }));
    const flaw = workflow.flaw?.(specOf(...wrong));
    expect(flaw).toMatch(/^definition\.do\[0\]\.t0\.set: .*there is no "nowhere" here.*; definition\.do\[1\]\.t1\.set/);
    expect(flaw).toMatch(/; and 2 more: onyx workflow check tells all$/);
  });

  it("that is none says what it lacks", () =>
    expect(workflow.flaw?.(schema.spec.parse({ definition: {} }))).toMatch(/^definition.*do/));
});

describe("what its tasks name", () => {
  const spec = specOf(send("one", "jobs"), publish, send("two", "jobs"), {
    next: { run: { workflow: { name: "other" } } },
  });

  it("is referred to once each, by the place where it stands first", () =>
    expect(workflow.references(spec)).toEqual([
      { field: "definition.do[0].one.with.queue", kind: "Queue", name: "jobs" },
      { field: "definition.do[1].tell.with.topic", kind: "Topic", name: "news" },
      { field: "definition.do[3].next.run.workflow.name", kind: "Workflow", name: "other" },
    ]));

  it("goes to the adapter with its outputs and its key, sorted", () => {
    const given = givenWith({
      "definition.do[0].one.with.queue": { outputs: { QUEUE_URL: "url" }, effective: { encryptionKey: "key" } },
    });
    expect(workflow.want(spec, given)).toMatchObject({
      source: {
        definition: spec.definition,
        targets: [
          { kind: "Queue", name: "jobs", outputs: { QUEUE_URL: "url" }, access: ["Produce"], encryptionKey: "key" },
          { kind: "Topic", name: "news", outputs: {}, encryptionKey: null, schema: null },
          { kind: "Workflow", name: "other" },
        ],
      },
      logLevel: "Errors",
      tags: { team: "shop" },
    });
  });
});

describe("a Table", () => {
  const put = (item: object) => ({ put: { call: "table.put", with: { table: "orders", item } } });
  const get = { get: { call: "table.get", with: { table: "orders", key: { id: "a" } } } };
  const partitionKey = { name: "id", type: "String" };
  const there = (field: string) => givenWith({ [field]: { effective: { partitionKey, ttlField: "until" } } });
  const [read, write] = ["definition.do[0].get.with.table", "definition.do[1].put.with.table"] as const;

  it("goes to the adapter once, with its keys and what is done with it", () => {
    expect(workflow.references(specOf(get, put({ id: "b" })))).toEqual([
      { field: read, kind: "Table", name: "orders" },
      { field: write, kind: "Table", name: "orders" },
    ]);
    expect(workflow.want(specOf(get, put({ id: "b" })), there(read)).source.targets).toEqual([
      {
        kind: "Table",
        name: "orders",
        outputs: {},
        access: ["Read", "Write"],
        encryptionKey: null,
        schema: { partitionKey, sortKey: null, indexes: [], ttlField: "until" },
      },
    ]);
  });

  it("that a call does not fit is told before anything is made", () => {
    const field = "definition.do[0].put.with.table";
    expect(workflow.problem?.(specOf(put({ name: "b" })), there(field))).toBe(
      "definition: task put does not fit the Table orders: with.item lacks id, which is part of the key",
    );
    expect(workflow.problem?.(specOf(put({ id: "b" })), there(field))).toBeUndefined();
    expect(workflow.problem?.(specOf(put({ name: "b" })), givenWith())).toBeUndefined();
  });
});

describe("a message", () => {
  const field = "definition.do[0].one.with.queue";
  const ordered = givenWith({ [field]: { effective: { ordering: "PerKey" } } });

  it("without a key can't go to what keeps an order", () => {
    expect(workflow.problem?.(specOf(send("one", "jobs")), ordered)).toBe(
      `${field}: Queue jobs keeps the order of each key: give task one a key (with.key).`,
    );
    expect(workflow.problem?.(specOf(send("one", "jobs", { key: "k" })), ordered)).toBeUndefined();
    expect(workflow.problem?.(specOf(send("one", "jobs")), givenWith())).toBeUndefined();
  });

  it("can't go to a Queue that a Topic fills", () => {
    const fed = givenWith({ [field]: { effective: { subscription: { topic: "t" } } } });
    expect(workflow.problem?.(specOf(send("one", "jobs")), fed)).toMatch(/gets its messages from a Topic/);
  });
});
