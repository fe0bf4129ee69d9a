import type { Case } from "./cases.ts";

const SCHEMA = `
input:
  schema:
    document:
      type: object
      required: [total, flag, name, items, note]
      properties:
        total: { type: number }
        flag: { type: boolean }
        name: { type: string }
        items: { type: array, items: { type: integer } }
        note: { type: object, additionalProperties: { type: string } }
`;

const FITS = { total: 5, flag: true, name: "abc", items: [1, 2], note: { a: "b" } };
const INPUTS = [
  FITS,
  { total: "5", flag: "x", name: 5, items: { a: 1 }, note: ["a"] },
  { total: true, flag: 1, name: ["abc"], items: "\u00e9", note: "a" },
  { total: [], flag: null, name: { a: 1 }, items: null, note: null },
  { ...FITS, items: ["1", null], note: { a: 5 } },
  {},
  "text",
  null,
];

const EXPRESSIONS = [
  ...["input.total + 1", "input.total > 10", "-input.total", "double(input.total)", "int(input.total)"],
  ...["input.flag ? 1 : 2", "input.flag || false", "!input.flag", "input.total == 5"],
  ...["size(input.name)", "string(input.name)", "input.name + 'x'", "input.name.startsWith('a')"],
  ...["input.name.contains('b')", "input.name.split('b')", "size(input.items)", "input.items[0]"],
  ...["1 in input.items", "input.items + [3]", "input.items.map(x, x + 1)", "input.items.exists(x, x == 1)"],
  ...["size(input.note)", "'a' in input.note", "has(input.note.a)", "input.note['a']", "input.note.a + 'c'"],
];

const TASKS = [
  ...EXPRESSIONS.map((expression) => `set: "\${${expression}}"`),
  'if: "${input.flag}", set: 1',
  'for: { in: "${input.items}" }, do: [{ one: { set: "${item}" } }]',
  'for: { in: "${input.items}" }, metadata: { concurrency: 2 }, do: [{ one: { set: "${item}" } }]',
  'switch: [{ yes: { when: "${input.flag}", then: exit } }]',
  'raise: { error: { type: Denied, detail: "${input.name}" } }',
  'set: 1, export: { as: "${input.note}" }',
  'call: http, with: { method: POST, endpoint: BASE/x, body: "${input.note}" }',
  'call: http, with: { method: POST, endpoint: BASE/x, query: "${input.note}" }',
  'wait: { seconds: "${input.total}" }',
];

/** A fork has so many branches: each task is one, so that what the one fails of hides nothing of the others. */
const BRANCHES = 10;

/** Nobody checks an input that the cloud starts a run with: what its schema says is nothing to rely on. */
export const MISFIT_CASES: readonly Case[] = Array.from({ length: Math.ceil(TASKS.length / BRANCHES) }, (_, nth) => {
  const branches = TASKS.slice(nth * BRANCHES, (nth + 1) * BRANCHES).map(
    (task, at) => `{ t${at}: { try: [{ e: { ${task} } }], catch: { do: [{ h: { set: "\${error.class}" } }] } } }`,
  );
  return {
    name: `what may not fit its schema, ${nth + 1}`,
    yaml: `${SCHEMA}do: [{ f: { fork: { branches: [${branches.join(", ")}] } } }]`,
    inputs: INPUTS,
  };
});
