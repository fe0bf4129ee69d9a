/** What calls of Tables and Buckets come to on the engine of a cloud: what they come to in memory, which is their definition. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import type { WorkflowTarget } from "../../controllers/leaf/wants.ts";
import type { Neutral } from "../../operator/provider/provider.ts";
import type { RunSeen } from "../../operator/provider/runs.ts";
import {
  createStores,
  interpret,
  parseWorkflow,
  type TableSchema,
  TaskError,
  type Value,
  type Workflow,
} from "../../operator/workflow/index.ts";
import { SEED } from "../../test/support/seed.ts";
import { STARTED_AT } from "./workflows.ts";

const text = (name: string) => ({ name, type: "String" }) as const;
const number = (name: string) => ({ name, type: "Number" }) as const;

/** The Tables that there are. */
export const TABLES: Readonly<Record<"orders" | "notes" | "counts", TableSchema>> = {
  orders: {
    partitionKey: text("customerId"),
    sortKey: number("placedAt"),
    indexes: [{ name: "by-state", partitionKey: text("state"), sortKey: number("total") }],
    ttlField: "expiresAt",
  },
  notes: { partitionKey: text("owner"), sortKey: text("name"), indexes: [], ttlField: null },
  counts: { partitionKey: number("n"), sortKey: null, indexes: [], ttlField: null },
};
export const BUCKET = "reports";
/** What a workflow takes the Table for that is gone. */
const GONE: TableSchema = { partitionKey: text("id"), sortKey: null, indexes: [], ttlField: null };

/** A cloud with those Tables and that Bucket, and without the Table and the Bucket `gone`. */
export interface StoresCloud {
  deploy(name: string, tasks: readonly Neutral[], targets: readonly WorkflowTarget[]): Promise<void>;
  /** Runs a workflow to its end. */
  run(name: string, id: string, input: Value): Promise<RunSeen>;
  outputs(kind: "Table" | "Bucket", name: string): WorkflowTarget["outputs"];
  /** All items, as plain maps; by the ids of their documents where there are documents. */
  items(table: keyof typeof TABLES): Promise<ReadonlyMap<string, Value> | readonly Value[]>;
  /** The objects of the Bucket as they lie there. */
  object(name: string): Promise<string>;
  /** Writes an object as somebody else would. */
  write(name: string, content: string, type: string): Promise<void>;
}

function targetOf(kind: "Table" | "Bucket", name: string, outputs: WorkflowTarget["outputs"]): WorkflowTarget {
  const schema = kind === "Table" ? (TABLES[name as keyof typeof TABLES] ?? GONE) : null;
  return { kind, name, outputs, access: ["Read", "Write"], encryptionKey: null, schema };
}

interface Case {
  readonly name: string;
  readonly yaml: string;
  readonly inputs?: readonly Value[];
}

const put = (item: string) => `do: [{ p: { call: table.put, with: { table: orders, item: ${item} } } }]`;
const get = (key: string) => `do: [{ g: { call: table.get, with: { table: orders, key: ${key} } } }]`;
const nested = (depth: number): Value => (depth === 0 ? 1 : { in: nested(depth - 1) });
const ORDER = { customerId: "c", placedAt: 1 };

const CASES: readonly Case[] = [
  {
    name: "an item is read as it was written, and another one takes its place",
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { given: "\${output}" } } }
  - none: { call: table.get, with: { table: orders, key: { customerId: "\${run.id}", placedAt: 1 } }, export: { as: { given: "\${context.given}", none: "\${output}" } } }
  - one: { call: table.put, with: { table: orders, item: { customerId: "\${run.id}", placedAt: 1, a: "\${context.given}", b: [1, { c: null }] } } }
  - first: { call: table.get, with: { table: orders, key: { customerId: "\${run.id}", placedAt: 1 } }, export: { as: { none: "\${context.none}", first: "\${output}" } } }
  - two: { call: table.put, with: { table: orders, item: { placedAt: 1, customerId: "\${run.id}", d: true } } }
  - second: { call: table.get, with: { table: orders, key: { placedAt: 1, customerId: "\${run.id}" } } }
  - all: { set: { none: "\${context.none}", first: "\${context.first}", second: "\${input}" } }
`,
    inputs: [
      7,
      -0.5,
      0,
      "",
      'é😀"\n${x}',
      [],
      {},
      [null],
      { a: [], b: {}, 'odd key.`\\"x': [{ x: [] }] },
      9007199254740991,
      1e-7,
    ],
  },
  {
    name: "with ifAbsent, one of two is written",
    yaml: `
do:
  - first: { call: table.put, with: { table: notes, ifAbsent: true, item: { owner: "\${run.id}", name: n, by: 1 } } }
  - t:
      try: [{ second: { call: table.put, with: { table: notes, ifAbsent: true, item: { owner: "\${run.id}", name: n, by: 2 } } } }]
      catch: { errors: { with: { code: Conflict } }, do: [{ was: { set: ["\${error.class}", "\${error.code}"] } }] }
  - third: { call: table.put, with: { table: notes, ifAbsent: true, item: { owner: "\${run.id}", name: n, by: 3 } } }
`,
  },
  {
    name: "an update writes what it names, takes away what it names, and makes what is missing",
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { given: "\${output}" } } }
  - made: { call: table.update, with: { table: orders, key: { customerId: "\${run.id}", placedAt: 2 }, set: { a: 1, "b.c": { d: [1] }, "e-f": x, "{% 1 %}": 2, "{}": 3 }, remove: [g, "{% 2 %}"] } }
  - changed: { call: table.update, with: { table: orders, key: { customerId: "\${run.id}", placedAt: 2 }, set: { a: "\${context.given}", total: 5 }, remove: ["b.c", none] } }
  - removed: { call: table.update, with: { table: orders, key: { customerId: "\${run.id}", placedAt: 2 }, remove: [total] } }
  - bare: { call: table.update, with: { table: orders, key: { customerId: "\${run.id}", placedAt: 3 }, remove: [a] } }
  - left: { call: table.query, with: { table: orders, key: { customerId: "\${run.id}" } } }
`,
    inputs: [null, { n: [{}] }],
  },
  {
    name: "what is deleted is gone, and can be deleted again",
    yaml: `
do:
  - p: { call: table.put, with: { table: counts, item: { n: 5, a: 1 } } }
  - d: { call: table.delete, with: { table: counts, key: { n: 5 } } }
  - again: { call: table.delete, with: { table: counts, key: { n: 5 } } }
  - g: { call: table.get, with: { table: counts, key: { n: 5 } }, output: { as: ["\${output}"] } }
`,
  },
  {
    name: "queries go by the sort key, within bounds, either way, and by an index",
    yaml: `
do:
  - each:
      for: { in: "\${[3, 1, 2, 20, 10]}" }
      do: [{ p: { call: table.put, with: { table: orders, item: { customerId: "\${run.id}", placedAt: "\${item}", state: "\${'s-' + run.id}", total: "\${10.5 - item}" } } } }]
  - other: { call: table.put, with: { table: orders, item: { customerId: "\${run.id}", placedAt: 4, state: "\${'s-' + run.id}" } } }
  - q1: { call: table.query, with: { table: orders, key: { customerId: "\${run.id}" } }, export: { as: { a: "\${output.items.map(i, i.placedAt)}" } } }
  - q2: { call: table.query, with: { table: orders, key: { customerId: "\${run.id}" }, from: 2, to: 10, descending: true }, export: { as: { a: "\${context.a}", b: "\${output.items.map(i, i.placedAt)}" } } }
  - q3: { call: table.query, with: { table: orders, key: { customerId: "\${run.id}" }, from: 3, limit: 2 }, export: { as: { a: "\${context.a}", b: "\${context.b}", c: "\${output.items.map(i, i.placedAt)}" } } }
  - q4: { call: table.query, with: { table: orders, index: by-state, key: { state: "\${'s-' + run.id}" }, to: 8.5 }, export: { as: { a: "\${context.a}", b: "\${context.b}", c: "\${context.c}", d: "\${output.items.map(i, i.total)}" } } }
  - q5: { call: table.query, with: { table: orders, key: { customerId: nobody } }, export: { as: { a: "\${context.a}", b: "\${context.b}", c: "\${context.c}", d: "\${context.d}", e: "\${output}" } } }
  - q6: { call: table.query, with: { table: orders, key: { customerId: "\${run.id}" }, from: 3, to: 1 } }
  - all: { set: ["\${context}", "\${input}"] }
`,
  },
  {
    name: "texts are in the order of their bytes, and bounds are themselves within",
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { from: "\${output.from}", to: "\${output.to}" } } }
  - each:
      for: { in: "\${['b', 'a', 'B', 'é', 'ab', '10', '9', 'z/y']}" }
      do: [{ p: { call: table.put, with: { table: notes, item: { owner: "\${run.id}", name: "\${item}" } } } }]
  - q: { call: table.query, with: { table: notes, key: { owner: "\${run.id}" }, from: "\${context.from}", to: "\${context.to}" }, output: { as: "\${output.items.map(i, i.name)}" } }
`,
    inputs: [
      { from: "", to: "z" },
      { from: "10", to: "ab" },
      { from: "a", to: "é" },
      { from: "z", to: "a" },
      { from: 1, to: 2 },
    ],
  },
  {
    name: "a table without a sort key has one item a key",
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { n: "\${output}" } } }
  - p: { call: table.put, with: { table: counts, item: { n: "\${context.n}", a: 1 } } }
  - q: { call: table.query, with: { table: counts, key: { n: "\${context.n}" } } }
`,
    inputs: [0, -3, 9007199254740991, -9007199254740991, 2.5, "2"],
  },
  {
    name: "keys may have any characters",
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { text: "\${output}" } } }
  - p: { call: table.put, with: { table: notes, item: { owner: "\${'o' + run.id}", name: "\${context.text}" } } }
  - also: { call: table.put, with: { table: notes, item: { owner: "\${context.text}", name: "\${run.id}" } } }
  - one: { call: table.get, with: { table: notes, key: { owner: "\${context.text}", name: "\${run.id}" } } }
`,
    inputs: ["a/b", "50%", "%2F", "a:b", ".", "..", "__x__", "_", "é😀", " ", "?a=b&c#d+e", '"quoted"\\', "${x}", ""],
  },
  {
    name: "an item that can't be stored on both clouds is not stored",
    yaml: put('"${input}"'),
    inputs: [
      { customerId: "c" },
      { placedAt: 1 },
      { customerId: 1, placedAt: 1 },
      { customerId: "", placedAt: 1 },
      { customerId: "c", placedAt: "1" },
      { customerId: "c", placedAt: 1.5 },
      { customerId: null, placedAt: 1 },
      { ...ORDER, state: 1 },
      { ...ORDER, state: null },
      { ...ORDER, state: "" },
      { ...ORDER, total: "1" },
      { ...ORDER, a: [[1]] },
      { ...ORDER, a: { b: [{ c: [[]] }] } },
      { ...ORDER, __x__: 1 },
      { ...ORDER, a: { "": 1 } },
      { ...ORDER, a: nested(9) },
      { ...ORDER, expiresAt: "2026-01-01T00:00:00Z" },
      { ...ORDER, expiresAt: -1 },
      { ...ORDER, expiresAt: 1.5 },
      { ...ORDER, expiresAt: 253402300800 },
      "text",
      [],
      null,
    ],
  },
  {
    name: "an item may be as deep as that, and may lack what is only in an index",
    yaml: `
do:
  - p: { call: table.put, with: { table: orders, item: { customerId: "\${run.id}", placedAt: 1, a: "\${input}" } } }
  - g: { call: table.get, with: { table: orders, key: { customerId: "\${run.id}", placedAt: 1 } } }
`,
    inputs: [nested(8), [{ a: [{ b: [nested(3)] }] }]],
  },
  {
    name: "a key that is none",
    yaml: get('"${input}"'),
    inputs: [{ customerId: "c" }, { ...ORDER, a: 1 }, { customerId: "c", placedat: 1 }, "text", null, {}],
  },
  {
    name: "an item expires by seconds since 1970, whatever the cloud keeps",
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { at: "\${output}" } } }
  - p: { call: table.put, with: { table: orders, item: { customerId: "\${run.id}", placedAt: 1, expiresAt: "\${context.at}" } } }
  - u: { call: table.update, with: { table: orders, key: { customerId: "\${run.id}", placedAt: 2 }, set: { expiresAt: "\${context.at}" } } }
  - q: { call: table.query, with: { table: orders, key: { customerId: "\${run.id}" } } }
`,
    inputs: [0, 1790000000, 253402300799],
  },
  {
    name: "a Table that is gone",
    yaml: "do: [{ g: { call: table.get, with: { table: gone, key: { id: a } } } }]",
  },
  {
    name: "an object is read as it was written, and with ifAbsent one of two is written",
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { name: "\${run.id + '/' + output.name}", body: "\${output.body}" } } }
  - p: { call: bucket.put, with: { bucket: reports, object: "\${context.name}", body: "\${context.body}", ifAbsent: true } }
  - g: { call: bucket.get, with: { bucket: reports, object: "\${context.name}" }, export: { as: { name: "\${context.name}", body: "\${output.body}" } } }
  - o: { call: bucket.put, with: { bucket: reports, object: "\${context.name}", body: { over: [1, "\${context.body}"] } } }
  - again: { call: bucket.get, with: { bucket: reports, object: "\${context.name}" }, export: { as: { name: "\${context.name}", a: "\${context.body}", b: "\${output}" } } }
  - t:
      try: [{ c: { call: bucket.put, with: { bucket: reports, object: "\${context.name}", body: {}, ifAbsent: true } } }]
      catch: { do: [{ was: { set: ["\${context}", "\${error.class}", "\${error.code}"] } }] }
`,
    inputs: [{ a: [1, null, "é😀"], b: {} }, {}, [], [[1], 0.1], { name: "x" }].map((body, at) => ({
      name: ["a.json", "a b+c%/ü?.json", "x/y#&=.json", "'\"", "_"][at]!,
      body,
    })),
  },
  {
    name: "an object that is none",
    yaml: 'do: [{ g: { call: bucket.get, with: { bucket: reports, object: "${input}" } } }]',
    inputs: ["no/such", "", 5, "theirs/text", "theirs/number", "theirs/plain", "theirs/json"],
  },
  {
    name: "a body that is no document",
    yaml: 'do: [{ p: { call: bucket.put, with: { bucket: reports, object: x, body: "${input}" } } }]',
    inputs: ["text", 1, null, true],
  },
  {
    name: "a Bucket that is gone",
    yaml: "do: [{ p: { call: bucket.put, with: { bucket: gone, object: x, body: {} } } }]",
  },
];

/** Objects that others wrote: what is no JSON, no document, and a document that does not say so. */
const THEIRS = [
  ["theirs/text", "no json", "text/plain"],
  ["theirs/number", "7", "application/json"],
  ["theirs/plain", '{"a":1}', "text/plain"],
  ["theirs/json", '"{}"', "application/octet-stream"],
] as const;

/** Half of a number of 17 digits is lost on AWS; nothing else is. */
const numbers = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -99999, max: 99999 }).map((n) => n / 1000),
);
const { value: drawn } = fc.letrec<{ value: Value; flat: Value }>((tie) => ({
  flat: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    numbers,
    fc.string({ unit: "grapheme", maxLength: 8 }),
    fc.dictionary(fc.string({ unit: "grapheme", minLength: 1, maxLength: 5 }), tie("value"), { maxKeys: 4 }),
  ) as fc.Arbitrary<Value>,
  value: fc.oneof({ depthSize: "small" }, tie("flat"), fc.array(tie("flat"), { maxLength: 4 })) as fc.Arbitrary<Value>,
}));

const ROUND_TRIPS = `
do:
  - each:
      for: { in: "\${input}", at: n }
      metadata: { concurrency: 5 }
      do:
        - p: { call: table.put, with: { table: orders, item: { customerId: "\${run.id}", placedAt: "\${n}", v: "\${item}" } } }
        - g: { call: table.get, with: { table: orders, key: { customerId: "\${run.id}", placedAt: "\${n}" } } }
`;

/** @param cloud once it is there */
export function testStores(cloud: () => StoresCloud): void {
  const stores = createStores({ ...TABLES });
  const workflows = new Map<string, { readonly name: string; readonly workflow: Workflow }>();
  let runs = 0;

  /** The workflow, which is deployed once. */
  async function deployed(yaml: string): Promise<{ readonly name: string; readonly workflow: Workflow }> {
    const known = workflows.get(yaml);
    if (known) return known;
    const tasks = (parseYaml(yaml) as { do: readonly Neutral[] }).do;
    const { workflow, references, problems } = parseWorkflow({ do: tasks });
    if (!workflow) throw new Error(problems.map(({ message }) => message).join("\n"));
    const made = { name: `workflow-${workflows.size + 1}`, workflow };
    const names = new Map(references.map(({ kind, name }) => [`${kind}/${name}`, { kind, name }]));
    const targets = [...names.values()].map(({ kind, name }) =>
      targetOf(kind as "Table" | "Bucket", name, cloud().outputs(kind as "Table" | "Bucket", name)),
    );
    await cloud().deploy(made.name, tasks, targets);
    workflows.set(yaml, made);
    return made;
  }

  /** What a run comes to in memory and there. */
  async function both(yaml: string, input: Value) {
    const { name, workflow } = await deployed(yaml);
    const id = `run-${++runs}`;
    const here = await interpret(workflow, {
      run: { id, startedAt: STARTED_AT },
      input,
      signal: new AbortController().signal,
      services: {
        call: async (request) => {
          if (request.target === "gone") throw new TaskError("NotFound", "it is gone");
          return stores.call(request);
        },
        wait: async () => {},
        listen: () => expect.fail("nothing listens"),
        run: () => expect.fail("nothing runs"),
      },
    }).then(
      (output) => ({ output }),
      (error: unknown) => {
        if (!(error instanceof TaskError)) throw error;
        return { class: error.class, code: error.code };
      },
    );
    const seen = await cloud().run(name, id, input);
    const there =
      seen.phase === "Succeeded"
        ? { output: JSON.parse(seen.output ?? "null") as Value }
        : { class: seen.problem?.class, code: seen.problem?.code };
    return { here, there, message: seen.problem?.message };
  }

  describe("calls of Tables and Buckets come to the same as in memory", () => {
    it("where others wrote", async () => {
      for (const [name, content, type] of THEIRS) await cloud().write(name, content, type);
      stores.call({
        call: "bucket.put",
        target: BUCKET,
        with: { object: "theirs/plain", body: { a: 1 } },
        settings: {},
      });
    });

    const all = CASES.flatMap(({ name, yaml, inputs = [null] }) => inputs.map((input) => ({ name, yaml, input })));
    it.each(all)("$name: $input", async ({ yaml, input }) => {
      const { here, there, message } = await both(yaml, input);
      // An object of others that is no document is none in memory.
      const expected =
        THEIRS.some(([name]) => name === input) && "class" in here ? { class: "Expression", code: "" } : here;
      expect(there, message).toEqual(expected);
    });

    it("whatever an item holds", { timeout: 120_000 }, async () => {
      const batches = fc.sample(fc.array(drawn, { minLength: 15, maxLength: 15 }), { numRuns: 8, seed: SEED });
      for (const values of batches) {
        const { here, there, message } = await both(ROUND_TRIPS, values);
        expect(there, message).toEqual(here);
      }
    });

    it.each(Object.keys(TABLES) as (keyof typeof TABLES)[])("and %s holds just that in the end", async (table) => {
      const there = await cloud().items(table);
      const here = stores.items(table);
      if (there instanceof Map) expect(new Map(there)).toEqual(new Map(here));
      else expect(byText(there as readonly Value[])).toEqual(byText([...here.values()]));
    });

    it("and so does the Bucket", async () => {
      for (const [name, body] of stores.objects(BUCKET))
        expect(JSON.parse(await cloud().object(name)), name).toEqual(body);
    });
  });
}

const inOrder = (value: Value): Value => {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, inOrder(one)]),
  );
};
const byText = (items: readonly Value[]) => items.map((item) => JSON.stringify(inOrder(item))).sort();
