import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { check } from "./check.ts";
import { createCloudWorkflowsContext, toCloudWorkflows } from "./cloud-workflows.ts";
import { evaluate } from "./evaluate.ts";
import { parseTemplate, toJsonataTemplate } from "./template.ts";
import { DYNAMIC } from "./types.ts";

const template = {
  subject: "order",
  id: "${order.id}",
  block: "${\n  order.count > 1 ? 'many' : 'one'\n}\n",
  list: [1, null, "${[order.id]}", []],
  deep: { "a-b": { flag: true, ratio: 0.5 } },
  looks: "{% $uppercase('x') %}",
  brace: "a } { $ b",
};
const variables = { order: { id: "A-1", count: 2 } };
const value = {
  ...template,
  id: "A-1",
  block: "many",
  list: [1, null, ["A-1"], []],
};

describe("templates", () => {
  it("are what they say, with each expression in place", () => {
    const parsed = parseTemplate(template);
    expect(check(parsed, { order: DYNAMIC })).toMatchObject({ kind: "map", fields: { subject: { optional: false } } });
    expect(evaluate(parsed, variables)).toEqual(value);
  });

  it("become JSON with JSONata in it", async () => {
    const emitted = toJsonataTemplate(parseTemplate(template), (name) => `$${name}`);
    expect(emitted).toMatchObject({ subject: "order", list: expect.stringMatching(/^\{% .* %\}$/) });
    expect(await runTemplate(emitted)).toEqual(value);
  });

  it("become steps and a value with expressions in it", () => {
    const context = createCloudWorkflowsContext({ names: (name) => `v_${name}`, prefix: "x" });
    const { steps, value: lowered } = toCloudWorkflows(parseTemplate(template), { order: DYNAMIC }, context);
    expect(steps).not.toEqual([]);
    expect(lowered).toMatchObject({ subject: "order", id: '${v_order["id"]}', looks: template.looks });
  });

  it.each([
    ["a ${b} c", "column 1: a text with an expression in it is written as one expression"],
    ["${a} and ${b}", "a text with an expression in it is written as one expression"],
    ["${a", "a text with an expression in it"],
    ["${}", "the expression is empty"],
    ["${ 1 + }", "column 8: the expression ends too early"],
    [{ a: [1, "${5u}"] }, ".spec.a[1], column 3: there is one kind of number"],
    [{ a: { "x${": 1 } }, '.spec.a, column 1: the key "x${" holds "${"'],
    [{ constructor: 1 }, 'the key "constructor" is reserved'],
    [[1e16], ".spec[0], column 1: numbers end at ±9007199254740991"],
    [Number.NaN, "numbers end at"],
    [{ a: undefined }, "undefined is no value of JSON"],
  ])("refuse %j", (given, message) => {
    const path = typeof given === "object" ? ".spec" : "";
    expect(() => parseTemplate(given, path)).toThrow(message);
  });

  it("say where an expression is wrong", () => {
    const parsed = parseTemplate({ a: [null, "${nam}"] }, ".with");
    expect(() => check(parsed, { name: DYNAMIC })).toThrow(
      '.with.a[1], column 3: there is no "nam" here; did you mean',
    );
    expect(() => evaluate(parsed, {})).toThrow(".with.a[1], column 3:");
  });
});

/** As Step Functions reads it: each text in `{% %}` is run by itself. */
async function runTemplate(emitted: unknown): Promise<unknown> {
  if (Array.isArray(emitted)) return Promise.all(emitted.map(runTemplate));
  if (typeof emitted === "object" && emitted !== null) {
    const entries = Object.entries(emitted).map(async ([key, inner]) => [key, await runTemplate(inner)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }
  const source = typeof emitted === "string" && /^\{%(.*)%\}$/s.exec(emitted)?.[1];
  return source ? JSON.parse(JSON.stringify(await jsonata(source).evaluate(undefined, variables))) : emitted;
}
