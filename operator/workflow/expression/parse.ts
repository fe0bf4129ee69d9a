import { type ASTNode, ParseError, parse as parseCel } from "@marcbachmann/cel-js";
import { ExpressionError } from "./errors.ts";
import { FUNCTIONS, type FunctionName, functionEntry, insteadOf, isFunctionName } from "./functions.ts";
import { PatternError, readPattern } from "./pattern.ts";
import { suggestion } from "./suggest.ts";
import { readDuration } from "./text-forms.ts";
import type { BinaryOperator, Expression, Literal, MacroName, Span } from "./tree.ts";
import { FORBIDDEN_KEYS, MAX_NUMBER } from "./values.ts";

/** Bytes of UTF-8. */
export const MAX_SOURCE = 2048;
/** Brackets in brackets and operators in operators. A chain such as `a.b.c` or `a + b + c` is one level. */
export const MAX_NESTING = 12;

/** How many arguments a macro has, its variable among them. */
const MACROS: Readonly<Record<MacroName, readonly number[]>> = {
  map: [2, 3],
  filter: [2],
  exists: [2],
  all: [2],
  exists_one: [2],
};
const FAMILIES: readonly string[][] = [["+", "-"], ["*", "/", "%"], ["&&"], ["||"]];
const POSTFIX: readonly string[] = [".", "[]", "rcall"];

/**
 * Reads an expression in CEL's syntax.
 * @param path where the source stands, for messages
 * @throws ExpressionError it is no CEL, or outside the language: where, what, and the nearest thing that works
 */
export function parse(source: string, path = ""): Expression {
  const spanOf: SpanOf = (start, end) => place(source, path, start, end);
  const whole = spanOf(0, source.length);
  const bytes = Buffer.byteLength(source);
  if (bytes > MAX_SOURCE)
    throw new ExpressionError(
      `the expression has ${bytes} bytes, ${MAX_SOURCE} is the most: set a part of it in a step before`,
      whole,
    );
  if (!source.isWellFormed()) throw new ExpressionError("the expression holds half of a character", whole);
  return convert(syntaxTree(source, spanOf), spanOf, 1);
}

type SpanOf = (start: number, end: number) => Span;

function syntaxTree(source: string, spanOf: SpanOf): ASTNode {
  try {
    return parseCel(source).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { start = 0, end = source.length } = error.range ?? {};
    throw new ExpressionError(explain(error, source, start), spanOf(start, end));
  }
}

/** What the parser says, for people. */
function explain({ code, summary }: ParseError, source: string, at: number): string {
  const rest = source.slice(at);
  const word = /^(?:\w+|\S)/u.exec(rest)?.[0] ?? "";
  if (code === "limit_exceeded") return "this is too much for one expression: set a part of it in a step before";
  if (code === "reserved_identifier") return `"${word}" is reserved in CEL: take another name`;
  if (rest.startsWith("\\("))
    return 'texts are joined with "+", as in "order " + input.id; a backslash in a text is written twice';
  if (code.startsWith("unterminated")) return "the text has no end: its closing quote is missing";
  if (source.trim() === "") return "the expression is empty";
  if (rest.trim() === "") return "the expression ends too early: something is missing here";
  if (code === "expected_token" && KEYWORDS.includes(word)) return `"${word}" as a key goes in brackets: a["${word}"]`;
  if (["expected_token", "unexpected_token", "unexpected_character"].includes(code))
    return (Object.hasOwn(HINTS, word) && HINTS[word]) || `"${word}" is not expected here`;
  return `${summary.slice(0, 1).toLowerCase()}${summary.slice(1)}`;
}

const KEYWORDS: readonly string[] = ["in", "true", "false", "null"];

/** By what the parser did not expect. */
const HINTS: Readonly<Record<string, string>> = {
  "?": "there are no optionals: write has(a.b) ? a.b : other",
  "`": 'a key that is no name goes in brackets: a["x-y"]',
  $: 'a name is written without "$"; for the character itself use quotes',
  "=": 'to compare, write "=="',
  "&": 'write "&&"',
  "|": 'write "||"',
  ".": 'a name or a digit is missing before the ".": what a task gets is "input", as in input.id',
  in: 'there is nothing to the left of "in"',
};

function convert(node: ASTNode, spanOf: SpanOf, depth: number): Expression {
  const span = spanOf(node.start, node.end);
  if (depth > MAX_NESTING)
    throw new ExpressionError(`this is nested more than ${MAX_NESTING} deep: set a part of it in a step before`, span);
  const inner = (child: ASTNode) => convert(child, spanOf, depth + 1);
  const chained = (child: ASTNode) => convert(child, spanOf, continues(node.op, child.op) ? depth : depth + 1);
  const binary = (operator: BinaryOperator, [left, right]: [ASTNode, ASTNode]): Expression => ({
    kind: "binary",
    operator,
    left: chained(left),
    right: inner(right),
    span,
  });
  switch (node.op) {
    case "value":
      return literal(node.args, span);
    case "id":
      return { kind: "name", name: node.args, span };
    case ".":
      return { kind: "select", of: chained(node.args[0]), key: node.args[1], span };
    case "[]":
      return indexed(chained(node.args[0]), inner(node.args[1]), span);
    case "call":
      return called(node.args[0], node.args[1], span, inner);
    case "rcall": {
      const [name, receiver, args] = node.args;
      if (isMacroName(name)) return macro(name, chained(receiver), args.map(inner), span);
      return method(name, [chained(receiver), ...args.map(inner)], span);
    }
    case "list":
      return { kind: "list", items: node.args.map(inner), span };
    case "map":
      return {
        kind: "map",
        entries: entries(node.args.map(([key, value]) => ({ key: inner(key), value: inner(value) }))),
        span,
      };
    case "?:":
      return {
        kind: "conditional",
        test: inner(node.args[0]),
        whenTrue: inner(node.args[1]),
        whenFalse: chained(node.args[2]),
        span,
      };
    case "!_":
      return { kind: "unary", operator: "!", of: inner(node.args), span };
    case "-_":
      return negated(inner(node.args), span);
    case ".?":
    case "[?]":
      throw new ExpressionError("there are no optionals: write has(a.b) ? a.b : other", span);
    default:
      return binary(node.op, node.args);
  }
}

/** The child is one more link of the same chain, rather than a level of its own. */
function continues(parent: string, child: string): boolean {
  if (parent === "?:" && child === "?:") return true;
  if (POSTFIX.includes(parent)) return POSTFIX.includes(child);
  return FAMILIES.some((family) => family.includes(parent) && family.includes(child));
}

function literal(value: unknown, span: Span): Expression {
  if (typeof value === "bigint" || typeof value === "number") {
    if (value > MAX_NUMBER)
      throw new ExpressionError(`numbers end at ±${MAX_NUMBER}: write a larger id as a text`, span);
    return { kind: "literal", value: Number(value), double: typeof value === "number", span };
  }
  if (value === null || typeof value === "boolean" || typeof value === "string")
    return { kind: "literal", value, double: false, span };
  if (value instanceof Uint8Array) throw new ExpressionError(`there are no bytes: leave the "b" out`, span);
  throw new ExpressionError(`there is one kind of number: leave the "u" out`, span);
}

function negated(of: Expression, span: Span): Expression {
  if (of.kind === "literal" && typeof of.value === "number") return { ...of, value: 0 - of.value, span };
  return { kind: "unary", operator: "-", of, span };
}

function indexed(of: Expression, at: Expression, span: Span): Expression {
  const key = literalText(at);
  return key === undefined ? { kind: "index", of, at, span } : { kind: "select", of, key, span };
}

function called(
  name: string,
  args: readonly ASTNode[],
  span: Span,
  convertChild: (child: ASTNode) => Expression,
): Expression {
  const converted = args.map(convertChild);
  if (name === "has") {
    const [field] = converted;
    if (field?.kind !== "select" || args[0]!.op !== "." || args.length > 1)
      throw new ExpressionError('has takes one field: has(a.b); for any other key write "x-y" in a', span);
    return { kind: "has", of: field.of, key: field.key, span };
  }
  if (isMacroName(name)) throw new ExpressionError(`write list.${name}(x, …)`, span);
  const known = knownFunction(name, span);
  if (functionEntry(known).style === "method") throw new ExpressionError(`write x.${name}(…)`, span);
  return call(known, converted, span);
}

function method(name: string, args: readonly Expression[], span: Span): Expression {
  const known = knownFunction(name, span);
  if (functionEntry(known).style === "function") throw new ExpressionError(`write ${name}(x)`, span);
  return call(known, args, span);
}

function knownFunction(name: string, span: Span): FunctionName {
  if (isFunctionName(name)) return name;
  const instead = insteadOf(name);
  if (instead) throw new ExpressionError(`${name} is not part of the language: ${instead}`, span);
  const near = suggestion(name, [...Object.keys(FUNCTIONS), ...Object.keys(MACROS), "has"]);
  throw new ExpressionError(`there is no function "${name}"${near}`, span);
}

function call(name: FunctionName, given: readonly Expression[], span: Span): Expression {
  const { parameters, docs } = functionEntry(name);
  const defaults = parameters.slice(given.length).map((parameter) => parameter.default);
  if (given.length > parameters.length || defaults.includes(undefined))
    throw new ExpressionError(`${name} is called as ${docs.usage}`, span);
  const added = defaults.map((value): Literal => ({ kind: "literal", value: value!, double: false, span }));
  const args = [...given, ...added];
  parameters.forEach((parameter, at) => {
    if (parameter.literal) checkLiteral(name, parameter.literal, args[at]!);
  });
  return { kind: "call", name, args, span };
}

/** What engines read each in their own way is looked at here, before any of them does. */
function checkLiteral(
  name: FunctionName,
  meaning: "pattern" | "separator" | "text" | "duration",
  argument: Expression,
): void {
  const { span } = argument;
  const text = literalText(argument);
  if (text === undefined)
    throw new ExpressionError(`${name} takes the ${meaning} as a literal text, not as something computed`, span);
  if (meaning === "separator" && text === "")
    throw new ExpressionError(`${name} takes a text that is not empty here`, span);
  if (meaning === "duration" && readDuration(text) === undefined)
    throw new ExpressionError(`"${text}" is no duration: write hours, minutes and whole seconds, as in "1h30m"`, span);
  if (meaning === "pattern") checkPattern(text, span);
}

function checkPattern(text: string, span: Span): void {
  try {
    readPattern(text);
  } catch (error) {
    if (error instanceof PatternError) throw new ExpressionError(error.message, span);
    throw error;
  }
}

function macro(name: MacroName, over: Expression, args: readonly Expression[], span: Span): Expression {
  const counts = MACROS[name];
  if (!counts.includes(args.length))
    throw new ExpressionError(
      `${name} is called as list.${name}(x, …) with one variable${name === "map" ? ", and a filter before the value if need be" : ""}`,
      span,
    );
  const variable = args[0]!;
  if (variable.kind !== "name") throw new ExpressionError(`${name} takes the name of a variable first`, variable.span);
  const filter = args.length === 3 ? args[1] : undefined;
  return { kind: "macro", name, over, variable: variable.name, filter, body: args.at(-1)!, span };
}

function isMacroName(name: string): name is MacroName {
  return Object.hasOwn(MACROS, name);
}

function entries(given: readonly { readonly key: Expression; readonly value: Expression }[]) {
  const seen = new Set<string>();
  return given.map(({ key, value }) => {
    const text = literalText(key);
    if (text === undefined) throw new ExpressionError("a key of a map is a literal text", key.span);
    const wrong = wrongKey(text);
    if (wrong) throw new ExpressionError(wrong, key.span);
    if (seen.has(text)) throw new ExpressionError(`the key "${text}" is there twice`, key.span);
    seen.add(text);
    return { key: text, value };
  });
}

/** Why a map literal may not have the key, for people. */
export function wrongKey(key: string): string | undefined {
  if (key.includes("${")) return `the key "${key}" holds "\${", which would be read as an expression`;
  return FORBIDDEN_KEYS.includes(key) ? `the key "${key}" is reserved: take another` : undefined;
}

/** The text of a literal text; undefined for all else. */
export function literalText(expression: Expression): string | undefined {
  return expression.kind === "literal" && typeof expression.value === "string" ? expression.value : undefined;
}

function place(source: string, path: string, start: number, end: number): Span {
  const lines = source.slice(0, start).split("\n");
  return { path, start, end, line: lines.length, column: [...lines.at(-1)!].length + 1 };
}
