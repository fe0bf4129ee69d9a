import { describe, expect, it } from "vitest";
import { check } from "./check.ts";
import { ExpressionFault } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import { FUNCTIONS, type FunctionName, functionEntry } from "./functions.ts";
import { parse } from "./parse.ts";
import { EXAMPLE_SCOPE, EXAMPLE_VARIABLES, FAULTS, VALUES } from "./testing/examples.ts";
import { asBool } from "./tree.ts";

describe("evaluate", () => {
  it.each(VALUES)("%s", (source, value) => {
    const expression = parse(source);
    check(expression, EXAMPLE_SCOPE);
    expect(evaluate(expression, EXAMPLE_VARIABLES)).toEqual(value);
  });

  it.each(FAULTS)("%s fails", (source, message) => {
    const expression = parse(source);
    check(expression, EXAMPLE_SCOPE);
    expect(() => evaluate(expression, EXAMPLE_VARIABLES)).toThrow(ExpressionFault);
    expect(() => evaluate(expression, EXAMPLE_VARIABLES)).toThrow(message);
  });

  it("never gives a negative zero, which only some engines have", () => {
    for (const source of ["0 * -1", "-0.0", "int(-0.5)", "double('-0')", "-7 % 7", "int('-0')", "0 / -1.0"])
      expect(evaluate(parse(source), {})).toBe(0);
  });

  it("shows no more of a text than its beginning", () => {
    const expression = parse("int(text)");
    expect(() => evaluate(expression, { text: "😀".repeat(1000) })).toThrow(`"${"😀".repeat(20)}…" is not an integer`);
  });

  it("takes nothing but a bool where one is asked for", () => {
    expect(evaluate(asBool(parse("a")), { a: true })).toBe(true);
    expect(() => evaluate(asBool(parse("a")), { a: 1 })).toThrow("! takes a bool, not a number");
  });

  it("says where it failed", () => {
    const expression = parse("order.id == 'x' ||\n  order.missing");
    expect(() => evaluate(expression, EXAMPLE_VARIABLES)).toThrow(/^line 2, column 3: the key "missing"/);
  });

  it.each(Object.keys(FUNCTIONS) as FunctionName[])(
    "the examples have a value of %s, and a fault if it has any",
    (name) => {
      const calls = (rows: readonly (readonly [string, unknown])[]) => rows.filter(([row]) => row.includes(`${name}(`));
      expect(calls(VALUES)).not.toHaveLength(0);
      if (functionEntry(name).docs.fails !== "never") expect(calls(FAULTS)).not.toHaveLength(0);
    },
  );
});
