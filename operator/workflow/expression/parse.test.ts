import { describe, expect, it } from "vitest";
import { ExpressionError } from "./errors.ts";
import { MAX_NESTING, MAX_SOURCE, parse } from "./parse.ts";

describe("parse", () => {
  it("gives a tree with the place of each part", () => {
    expect(parse('a.b["c"] + 1')).toMatchObject({
      kind: "binary",
      operator: "+",
      left: { kind: "select", key: "c", of: { kind: "select", key: "b", span: { start: 0, end: 3 } } },
      right: { kind: "literal", value: 1, double: false, span: { line: 1, column: 12 } },
      span: { start: 0, end: 12 },
    });
  });

  it("tells a literal double from an integer", () => {
    expect(parse("-2.0")).toMatchObject({ kind: "literal", value: -2, double: true });
    expect(parse("2e0")).toMatchObject({ value: 2, double: true });
    expect(parse("0x10")).toMatchObject({ value: 16, double: false });
  });

  it("makes one call of a method and a function, with all arguments", () => {
    for (const source of ["a.size()", "size(a)"])
      expect(parse(source)).toMatchObject({ kind: "call", name: "size", args: [{ name: "a" }] });
    expect(parse("a.join()")).toMatchObject({ args: [{ name: "a" }, { kind: "literal", value: "" }] });
  });

  it("keeps macros as they were written", () => {
    expect(parse("a.map(x, x > 1, x)")).toMatchObject({
      kind: "macro",
      name: "map",
      over: { name: "a" },
      variable: "x",
      filter: { kind: "binary" },
      body: { name: "x" },
    });
  });

  it("counts columns in characters, on each line", () => {
    expect(() => parse("'😀' + \n\n  'é' + foo()")).toThrow('line 3, column 9: there is no function "foo"');
    expect(() => parse("'😀' + foo()")).toThrow(/^column 7:/);
  });

  it.each([
    // What is no expression
    ["", "column 1: the expression is empty"],
    ["  ", "the expression is empty"],
    ["1 +", "column 4: the expression ends too early"],
    ["a = 1", 'column 3: to compare, write "=="'],
    ["a & b", 'write "&&"'],
    ["a.in", 'column 3: "in" as a key goes in brackets: a["in"]'],
    ["(1,2)", 'column 3: "," is not expected here'],
    ["a 😀", 'column 3: "😀" is not expected here'],
    ["Order{id: 1}", 'column 6: "{" is not expected here'],
    ["a constructor", 'column 3: "constructor" is not expected here'],
    ["'\\u{1}'", "column 2: invalid Unicode escape"],
    ["$a", 'column 1: a name is written without "$"'],
    ["a.`x-y`", 'column 3: a key that is no name goes in brackets: a["x-y"]'],
    ['"a \\(.b)"', 'texts are joined with "+", as in "order " + input.id; a backslash in a text is written twice'],
    [".5", 'a name or a digit is missing before the ".": what a task gets is "input", as in input.id'],
    ["in a", 'there is nothing to the left of "in"'],
    ["let", '"let" is reserved in CEL: take another name'],
    ["'abc", "the text has no end: its closing quote is missing"],
    ["'\ud800'", "half of a character"],
    // What CEL has and the language has not
    ["5u", 'column 1: there is one kind of number: leave the "u" out'],
    ["b'ab'", 'there are no bytes: leave the "b" out'],
    ["a.?b", "column 3: there are no optionals: write has(a.b) ? a.b : other"],
    ["type(a)", "type is not part of the language: no kind is asked for"],
    ["dyn(a)", "dyn is not part of the language: leave it out"],
    ["bool('true')", 'bool is not part of the language: `x == "true"`'],
    ["a.substring(1)", "substring is not part of the language: `split`"],
    ["a.trim()", "trim is not part of the language"],
    ["a.format([1])", "format is not part of the language: put texts together: `"],
    ["optional.none()", "there are no optionals: `has(a.b) ? a.b : other`"],
    ["cel.bind(x, 1, x)", "bind is not part of the language: write the value twice"],
    ["math.greatest(a, b)", "greatest is not part of the language: `a > b ? a : b`"],
    ["timestamp(a).getHours()", "times are compared, added and subtracted only"],
    ["a.existsOne(x, x)", "existsOne is not part of the language: `exists_one`"],
    ["a.all(i, x, true)", "all is called as list.all(x, …) with one variable"],
    ["a.map(i, x, true, 1)", "map is called as list.map(x, …) with one variable, and a filter"],
    ["a.map(1, 2)", "map(var, transform) invalid predicate iteration variable"],
    ["map(a, x, x)", "write list.map(x, …)"],
    // Numbers
    ["9007199254740992", "numbers end at ±9007199254740991: write a larger id as a text"],
    ["-9007199254740992", "numbers end at"],
    ["1e300", "numbers end at"],
    ["1e999", "invalid number"],
    // Functions
    ["a.lowerAsci()", 'column 1: there is no function "lowerAsci"; did you mean "lowerAscii"?'],
    ["hass(a.b)", 'there is no function "hass"; did you mean "has"?'],
    ["frobnicate(a)", 'there is no function "frobnicate"'],
    ["a.string()", "write string(x)"],
    ["startsWith(a, 'b')", "write x.startsWith(…)"],
    ["size()", "size is called as `size(x)`, `x.size()`"],
    ["size(a, b)", "size is called as"],
    ["a.split()", "split is called as `s.split(separator)`"],
    ["a.split(',', 2)", "split is called as"],
    ["has(a)", "has takes one field: has(a.b)"],
    ['has(a["b"])', 'for any other key write "x-y" in a'],
    // What has to be literal
    ["a.matches(b)", "column 11: matches takes the pattern as a literal text, not as something computed"],
    ["a.split(b)", "split takes the separator as a literal text"],
    ["a.replace(b + 'x', 'y')", "replace takes the separator as a literal text"],
    ["a.join(b)", "join takes the text as a literal text"],
    ["a.split('')", "split takes a text that is not empty here"],
    ["duration(a)", "duration takes the duration as a literal text"],
    ["duration('1d')", '"1d" is no duration: write hours, minutes and whole seconds'],
    ["duration('1.5s')", '"1.5s" is no duration'],
    ["duration('-')", '"-" is no duration'],
    ["duration('99999999h')", "is no duration"],
    ["a.matches('(')", 'column 11: in the pattern "(", at character 2: ")" is missing'],
    // Maps
    ["{1: 2}", "column 2: a key of a map is a literal text"],
    ["{a: 2}", "a key of a map is a literal text"],
    ["{'a': 1, 'a': 2}", 'column 10: the key "a" is there twice'],
    ["{'__proto__': 1}", 'the key "__proto__" is reserved'],
    [`{'a\${b': 1}`, 'holds "${"'],
  ])("refuses %j", (source, message) => {
    expect(() => parse(source)).toThrow(ExpressionError);
    expect(() => parse(source)).toThrow(message);
  });

  it("takes no more than its limits", () => {
    expect(() => parse(`'${"a".repeat(MAX_SOURCE - 2)}'`)).not.toThrow();
    expect(() => parse(`'${"é".repeat(MAX_SOURCE / 2)}'`)).toThrow("the expression has 2050 bytes, 2048 is the most");
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(() => parse(nested(MAX_NESTING))).not.toThrow();
    expect(() => parse(nested(MAX_NESTING + 1))).toThrow("column 13: this is nested more than 12 deep");
    expect(() => parse(nested(900))).toThrow("this is too much for one expression");
    expect(() => parse(`[${"1,".repeat(1002)}]`)).toThrow("this is too much for one expression");
    expect(() => parse("!".repeat(2000).concat("a"))).toThrow("nested more than 12 deep");
  });

  it.each([
    Array.from({ length: 60 }, () => "a").join(" + "),
    Array.from({ length: 60 }, () => "a").join(" && "),
    `a${".b".repeat(60)}`,
    `a${"[0].b".repeat(60)}`,
    `a${".filter(x, x)".repeat(60)}`,
    `${"a ? b : ".repeat(60)}c`,
  ])("counts a chain as one level: %.20s…", (source) => {
    expect(() => parse(source)).not.toThrow();
  });
});
