import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { SEED } from "../../../test/support/seed.ts";
import { TaskError } from "../errors.ts";
import type { Value } from "../expression/index.ts";
import { allTasks } from "../lists.ts";
import { parseWorkflow } from "../parse.ts";
import { workflowOf } from "../testing/world.ts";
import { documentId, refuseUnstorable } from "./item.ts";
import { createStores } from "./memory.ts";
import type { TableSchema } from "./schema.ts";
import { misfitsOfTables } from "./written.ts";

const text = (name: string) => ({ name, type: "String" }) as const;
const number = (name: string) => ({ name, type: "Number" }) as const;
const ORDERS: TableSchema = {
  partitionKey: text("customer"),
  sortKey: number("at"),
  indexes: [
    { name: "by-state", partitionKey: text("state"), sortKey: number("at") },
    { name: "by-tag", partitionKey: text("tag"), sortKey: null },
  ],
  ttlField: "expires",
};
const NOTES: TableSchema = { partitionKey: text("owner"), sortKey: text("name"), indexes: [], ttlField: null };
const tables = { orders: ORDERS, notes: NOTES };

describe("the id of a document", () => {
  it.each<[string, Pick<TableSchema, "partitionKey" | "sortKey">, Readonly<Record<string, Value>>]>([
    ["c-17:1790000000", ORDERS, { customer: "c-17", at: 1_790_000_000 }],
    ["a%2Fb:50%25", NOTES, { owner: "a/b", name: "50%" }],
    ["a%3Ab:c", NOTES, { owner: "a:b", name: "c" }],
    ["%2E", { ...NOTES, sortKey: null }, { owner: "." }],
    ["%2E.", { ...NOTES, sortKey: null }, { owner: ".." }],
    ["%5F_x__:-3", { ...NOTES, sortKey: number("n") }, { owner: "__x__", n: -3 }],
    ["é 😀", { ...NOTES, sortKey: null }, { owner: "é 😀" }],
  ])("%s", (id, schema, item) => expect(documentId(schema, item)).toBe(id));

  it("is one that Firestore takes, and of one key alone", () => {
    const keys = fc.record({
      owner: fc.string({ unit: "grapheme", minLength: 1 }),
      name: fc.string({ unit: "grapheme", minLength: 1 }),
    });
    const drawn = fc.oneof(
      keys,
      fc.record({ owner: fc.stringMatching(/^[._:%/2E]{1,4}$/), name: fc.stringMatching(/^[._:%/3A]{1,4}$/) }),
    );
    fc.assert(
      fc.property(drawn, drawn, (one, other) => {
        const [id, second] = [documentId(NOTES, one), documentId(NOTES, other)];
        expect(id).not.toMatch(/\/|^\.\.?$|^__.*__$/s);
        expect(id === second).toBe(one.owner === other.owner && one.name === other.name);
      }),
      { seed: SEED },
    );
  });
});

it("an item that both clouds can hold is stored", () => {
  const item = { customer: "c", at: 1, state: "s", expires: 0, list: [{ a: [] }, null], map: { "odd .`key": true } };
  expect(() => refuseUnstorable(item, ORDERS)).not.toThrow();
  expect(() => refuseUnstorable({ ...item, state: 1 }, ORDERS)).toThrow(TaskError);
});

describe("what does not fit a Table", () => {
  const said = (call: string, given: string) =>
    misfitsOfTables(
      allTasks(workflowOf(`do: [{ t: { call: ${call}, with: { table: orders, ${given} } } }]`).tasks),
      (name) => tables[name as keyof typeof tables],
    );

  it.each([
    ["table.put", "item: { customer: a }", "with.item lacks at, which is part of the key"],
    ["table.put", "item: { customer: 1, at: 1 }", "with.item.customer: is a number, and the attribute is a String"],
    ["table.put", "item: { customer: '', at: 1 }", "with.item.customer: is empty, which no key may be"],
    ["table.get", "key: { customer: a, at: 1, b: 1 }", "with.key.b is no part of the key, which is customer, at"],
    ["table.delete", "key: { at: 1 }", "with.key lacks customer, which is part of the key"],
    [
      "table.update",
      "key: { customer: a, at: 1 }, set: { at: 2 }",
      "with.set: at is part of the key, which never changes",
    ],
    [
      "table.update",
      "key: { customer: a, at: 1 }, remove: [customer]",
      "with.remove: customer is part of the key, which never changes",
    ],
    [
      "table.put",
      "item: { customer: a, at: 1, state: 1 }",
      "with.item.state: is a number, and the attribute is a String",
    ],
    [
      "table.update",
      "key: { customer: a, at: 1 }, set: { expires: soon }",
      "with.set.expires: is a string, and the attribute is a Number",
    ],
    ["table.query", "key: { state: a }", "with.key lacks customer, which is part of the key"],
    [
      "table.query",
      "index: none, key: { state: a }",
      "with.index: the Table has no index none: it has by-state, by-tag",
    ],
    ["table.query", "index: by-tag, key: { tag: a }, from: 1", "with.from: its index by-tag has no sort key"],
    ["table.query", "key: { customer: a }, to: soon", "with.to: is a string, and the attribute is a Number"],
  ])("%s with %s", (call, given, told) => {
    expect(said(call, given)).toEqual([`task t does not fit the Table orders: ${told}`]);
  });

  it.each([
    ["table.put", "item: ${input}"],
    ["table.put", "item: { customer: '${input.c}', at: '${input.at}', b: 1 }"],
    ["table.query", "index: by-state, key: { state: a }, from: 1, to: 2.5"],
  ])("but %s with %s may", (call, given) => {
    expect(said(call, given.replace("${input}", "'${input}'"))).toEqual([]);
  });

  it("is not told of a Table that is not known", () => {
    const { tasks } = workflowOf("do: [{ t: { call: table.get, with: { table: others, key: { x: 1 } } } }]");
    expect(misfitsOfTables(tasks, () => undefined)).toEqual([]);
  });
});

describe("what no Table could do", () => {
  it.each([
    ["table.update, with: { table: t, key: { k: 1 } }", /changes nothing: set says/],
    ["table.update, with: { table: t, key: { k: 1 }, set: '${input}' }", /set: is computed as a whole/],
    ["table.update, with: { table: t, key: { k: 1 }, set: { a: 1 }, remove: [a] }", /names a twice/],
    ["table.update, with: { table: t, key: { k: 1 }, set: { __a__: 1 } }", /has the attribute "__a__"/],
    ["table.update, with: { table: t, key: { k: 1 }, remove: ['${input.x}'] }", /should be a list of names/],
    ["table.put, with: { table: t, item: { '': 1 } }", /has the attribute ""/],
    ["table.put, with: { table: t, item: {}, ifAbsent: '${input}' }", /ifAbsent: is .*should be true or false/],
    ["table.get, with: { table: t, key: text }", /key: can never be a map/],
    ["table.get, with: { table: t }", /lacks key/],
    [
      "table.query, with: { table: t, key: { k: 1 }, limit: 101 }",
      /limit: is 101, and should be a whole number from 1 to 100/,
    ],
    ["table.get, with: { table: '${input}', key: { k: 1 } }", /no name of an object/],
    ["bucket.put, with: { bucket: b, object: o, body: text }", /body: is a string; it should be a map or a list/],
  ])("%s", (task, message) => {
    const problems = parseWorkflow({ do: [{ t: readTask(task) }] }).problems.map((problem) => problem.message);
    expect(problems).toEqual([expect.stringMatching(message)]);
  });
});

function readTask(task: string): unknown {
  return (parseYaml(`do: [{ t: { call: ${task} } }]`) as { do: [{ t: unknown }] }).do[0].t;
}

describe("in memory", () => {
  const call = (name: Parameters<ReturnType<typeof createStores>["call"]>[0]["call"], target: string, given: object) =>
    ({ call: name, target, with: given as Readonly<Record<string, Value>>, settings: {} }) as const;

  it("a Table and a Bucket keep what they are given", () => {
    const stores = createStores(tables);
    stores.call(call("table.put", "notes", { item: { owner: "a", name: "b", x: 1 } }));
    stores.call(call("table.update", "notes", { key: { owner: "a", name: "b" }, set: { y: 2 } }));
    expect([...stores.items("notes")]).toEqual([["a:b", { owner: "a", name: "b", x: 1, y: 2 }]]);
    stores.call(call("bucket.put", "reports", { object: "o", body: [1] }));
    expect(stores.call(call("bucket.get", "reports", { object: "o" }))).toEqual({ body: [1] });
  });

  it("a Table that is not there is NotFound", () => {
    const get = call("table.get", "gone", { key: { a: 1 } });
    expect(() => createStores({}).call(get)).toThrow(expect.objectContaining({ class: "NotFound" }));
  });
});
