import { ExpressionFault } from "./errors.ts";
import type { FunctionName } from "./functions.ts";
import { readPattern } from "./pattern.ts";
import { DECIMAL, INTEGER, MAX_WRITTEN, NON_ASCII, readDuration, TIMESTAMP } from "./text-forms.ts";
import type { Binary, Expression, Index, Macro, Span } from "./tree.ts";
import { equal, isList, isMap, kindOf, MAX_NUMBER, type Value } from "./values.ts";

export type Variables = Readonly<Record<string, Value>>;

/**
 * The meaning of an expression that was checked. From left to right; `&&`, `||` and `?:` look at no more than they need.
 * Points in time and lengths of time are whole seconds on the way.
 * @param variables JSON without lone surrogates, numbers up to ±(2^53 − 1)
 * @throws ExpressionFault a missing key, a wrong type, a number out of range, a division by zero
 */
export function evaluate(expression: Expression, variables: Variables): Value {
  const run = (part: Expression): Value => evaluate(part, variables);
  const { span } = expression;
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "name":
      if (Object.hasOwn(variables, expression.name)) return variables[expression.name]!;
      throw new ExpressionFault(`there is no "${expression.name}"`, span);
    case "select":
      return valueAt(mapOf(run(expression.of), `.${expression.key}`, span), expression.key, span);
    case "has":
      return Object.hasOwn(mapOf(run(expression.of), "has", span), expression.key);
    case "index":
      return indexed(expression, run(expression.of), run(expression.at));
    case "unary":
      if (expression.operator === "!") return !boolOf(run(expression.of), "!", span);
      return 0 - numberOf(run(expression.of), "-", span);
    case "binary":
      return binary(expression, run);
    case "conditional":
      return boolOf(run(expression.test), "the test of ?:", expression.test.span)
        ? run(expression.whenTrue)
        : run(expression.whenFalse);
    case "call":
      return FUNCTIONS[expression.name](expression.args.map(run), span);
    case "list":
      return expression.items.map(run);
    case "map":
      return Object.fromEntries(expression.entries.map(({ key, value }) => [key, run(value)]));
    case "macro":
      return macro(expression, run(expression.over), variables);
  }
}

function indexed({ span }: Index, of: Value, at: Value): Value {
  if (!isList(of)) return valueAt(mapOf(of, "[…]", span), textOf(at, "the key of a map", span), span);
  const index = numberOf(at, "the index of a list", span);
  const item = Number.isInteger(index) ? of[index] : undefined;
  if (item === undefined)
    throw new ExpressionFault(`the list has ${of.length} items, counted from 0, and no item ${index}`, span);
  return item;
}

function valueAt(map: { readonly [key: string]: Value }, key: string, span: Span): Value {
  if (Object.hasOwn(map, key)) return map[key]!;
  throw new ExpressionFault(`the key "${key}" is missing; has(….${key}) tells whether it is there`, span);
}

function binary({ operator, left, right, span }: Binary, run: (part: Expression) => Value): Value {
  if (operator === "&&") return boolOf(run(left), "&&", left.span) && boolOf(run(right), "&&", right.span);
  if (operator === "||") return boolOf(run(left), "||", left.span) || boolOf(run(right), "||", right.span);
  const [a, b] = [run(left), run(right)];
  if (operator === "==") return equal(a, b);
  if (operator === "!=") return !equal(a, b);
  if (operator === "in") return isIn(a, b, span);
  if (operator === "+") return sum(a, b, span);
  const [x, y] = [numberOf(a, operator, left.span), numberOf(b, operator, right.span)];
  switch (operator) {
    case "<":
      return x < y;
    case "<=":
      return x <= y;
    case ">":
      return x > y;
    case ">=":
      return x >= y;
    case "-":
      return inRange(x - y, span);
    case "*":
      return inRange(x * y, span);
    case "/":
      return inRange(x / divisor(y, span), span);
    case "%":
      return remainder(x, divisor(y, span), span);
  }
}

function isIn(item: Value, within: Value, span: Span): boolean {
  if (isList(within)) return within.some((other) => equal(item, other));
  return Object.hasOwn(mapOf(within, "in", span, "a list or a map"), textOf(item, "in a map", span));
}

function sum(a: Value, b: Value, span: Span): Value {
  if (typeof a === "number" && typeof b === "number") return inRange(a + b, span);
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (isList(a) && isList(b)) return [...a, ...b];
  throw new ExpressionFault(`+ takes two numbers, texts or lists, not a ${kindOf(a)} and a ${kindOf(b)}`, span);
}

/** Without −0, which a double has and an integer has not. */
function inRange(value: number, span: Span): number {
  if (Math.abs(value) <= MAX_NUMBER) return value + 0;
  throw new ExpressionFault(`${value} is out of range: numbers end at ±${MAX_NUMBER}`, span);
}

function divisor(value: number, span: Span): number {
  if (value !== 0) return value;
  throw new ExpressionFault("division by zero", span);
}

function remainder(x: number, y: number, span: Span): number {
  if (Number.isInteger(x) && Number.isInteger(y)) return (x % y) + 0;
  throw new ExpressionFault("% takes integers", span);
}

function macro({ name, over, variable, filter, body }: Macro, list: Value, variables: Variables): Value {
  if (!isList(list)) throw new ExpressionFault(`${name} takes a list, not a ${kindOf(list)}`, over.span);
  const on = (part: Expression, item: Value) => evaluate(part, { ...variables, [variable]: item });
  const holds = (part: Expression, item: Value) => boolOf(on(part, item), `the condition of ${name}`, part.span);
  switch (name) {
    case "map":
      return list.flatMap((item) => (!filter || holds(filter, item) ? [on(body, item)] : []));
    case "filter":
      return list.filter((item) => holds(body, item));
    case "exists":
      return list.some((item) => holds(body, item));
    case "all":
      return list.every((item) => holds(body, item));
    case "exists_one":
      return list.filter((item) => holds(body, item)).length === 1;
  }
}

type Run = (args: readonly Value[], span: Span) => Value;

/** A method of one or more texts. */
const onTexts =
  (name: string, run: (...texts: string[]) => Value): Run =>
  (args, span) =>
    run(...args.map((argument) => textOf(argument, name, span)));

const FUNCTIONS: Readonly<Record<FunctionName, Run>> = {
  size: ([of], span) => {
    const value = of!;
    if (typeof value === "string") return [...value].length;
    return isList(value) ? value.length : Object.keys(mapOf(value, "size", span, "a text, a list or a map")).length;
  },
  string: ([of], span) => {
    const value = of!;
    if (typeof value === "string" || typeof value === "boolean") return String(value);
    const number = numberOf(value, "string", span, "a text, a boolean or an integer");
    if (Number.isInteger(number) && Math.abs(number) < MAX_WRITTEN) return String(number + 0);
    throw new ExpressionFault(`string takes integers of at most 15 digits, not ${number}`, span);
  },
  int: ([of], span) => {
    if (typeof of === "number") return Math.trunc(of) + 0;
    return numeral(of!, INTEGER.ecma, "int", "an integer such as -12, of at most 15 digits", span);
  },
  double: ([of], span) => {
    if (typeof of === "number") return of;
    return numeral(of!, DECIMAL.ecma, "double", "a decimal such as -1.5, of at most 15 digits on each side", span);
  },
  startsWith: onTexts("startsWith", (text, start) => text!.startsWith(start!)),
  endsWith: onTexts("endsWith", (text, end) => text!.endsWith(end!)),
  contains: onTexts("contains", (text, part) => text!.includes(part!)),
  matches: onTexts("matches", (text, pattern) => new RegExp(readPattern(pattern!).ecma).test(text!)),
  split: onTexts("split", (text, separator) => text!.split(separator!)),
  replace: onTexts("replace", (text, old, put) => text!.split(old!).join(put)),
  join: ([list, separator], span) => {
    if (!isList(list!)) throw new ExpressionFault(`join takes a list, not a ${kindOf(list!)}`, span);
    return list.map((item) => textOf(item, "join", span)).join(textOf(separator!, "join", span));
  },
  lowerAscii: ([of], span) => asciiOf(of!, "lowerAscii", span).toLowerCase(),
  upperAscii: ([of], span) => asciiOf(of!, "upperAscii", span).toUpperCase(),
  timestamp: ([of], span) => {
    const text = textOf(of!, "timestamp", span);
    if (new RegExp(TIMESTAMP.ecma).test(text)) return Date.parse(text) / 1000;
    throw new ExpressionFault(`${shown(text)} is no time of the form 2026-11-30T16:05:00Z`, span);
  },
  duration: onTexts("duration", (text) => readDuration(text!)!),
};

function numeral(value: Value, form: string, name: string, wanted: string, span: Span): number {
  const text = textOf(value, name, span);
  if (new RegExp(form).test(text)) return Number(text) + 0;
  throw new ExpressionFault(`${shown(text)} is not ${wanted}`, span);
}

function asciiOf(value: Value, name: string, span: Span): string {
  const text = textOf(value, name, span);
  if (!new RegExp(NON_ASCII.ecma).test(text)) return text;
  throw new ExpressionFault(`${name} takes ASCII only, not ${shown(text)}`, span);
}

/** The beginning of a text, which may be long. */
function shown(text: string): string {
  const most = 40;
  return text.length > most ? `"${text.slice(0, most).toWellFormed()}…"` : `"${text}"`;
}

function boolOf(value: Value, what: string, span: Span): boolean {
  if (typeof value === "boolean") return value;
  throw wrongKind(what, "a bool", value, span);
}

function numberOf(value: Value, what: string, span: Span, wanted = "a number"): number {
  if (typeof value === "number") return value;
  throw wrongKind(what, wanted, value, span);
}

function textOf(value: Value, what: string, span: Span): string {
  if (typeof value === "string") return value;
  throw wrongKind(what, "a string", value, span);
}

function mapOf(value: Value, what: string, span: Span, wanted = "a map") {
  if (isMap(value)) return value;
  throw wrongKind(what, wanted, value, span);
}

function wrongKind(what: string, wanted: string, value: Value, span: Span): ExpressionFault {
  const kind = kindOf(value);
  return new ExpressionFault(`${what} takes ${wanted}, not ${kind === "null" ? kind : `a ${kind}`}`, span);
}
