import { ExpressionError } from "./errors.ts";
import { literalJsonata, toJsonata } from "./jsonata.ts";
import { parse, wrongKey } from "./parse.ts";
import type { Expression, Span } from "./tree.ts";
import { MAX_NUMBER, type Value } from "./values.ts";

/**
 * A value of a workflow's YAML: a text that is `${ … }` as a whole is an expression, everything else stands for itself,
 * lists and maps hold such values. The result is one expression, to be checked, evaluated and emitted as any.
 * @param path where the value stands, for messages
 * @throws ExpressionError an expression in it is wrong, or `${` stands amid text, or it is no JSON
 */
export function parseTemplate(value: unknown, path = ""): Expression {
  const span: Span = { path, start: 0, end: 0, line: 1, column: 1 };
  if (typeof value === "string") return parseText(value, span);
  if (typeof value === "number" && !(Math.abs(value) <= MAX_NUMBER))
    throw new ExpressionError(`numbers end at ±${MAX_NUMBER}: write a larger id as a text`, span);
  if (typeof value === "number") return { kind: "literal", value: value + 0, double: !Number.isInteger(value), span };
  if (value === null || typeof value === "boolean") return { kind: "literal", value, double: false, span };
  if (Array.isArray(value))
    return { kind: "list", items: value.map((item, at) => parseTemplate(item, `${path}[${at}]`)), span };
  if (typeof value !== "object") throw new ExpressionError(`${typeof value} is no value of JSON`, span);
  const entries = Object.entries(value).map(([key, inner]) => {
    const wrong = wrongKey(key);
    if (wrong) throw new ExpressionError(wrong, span);
    return { key, value: parseTemplate(inner, `${path}.${key}`) };
  });
  return { kind: "map", entries, span };
}

function parseText(text: string, span: Span): Expression {
  const trimmed = text.trim();
  const whole = trimmed.startsWith("${") && trimmed.endsWith("}");
  if (!whole && !text.includes("${")) return { kind: "literal", value: text, double: false, span };
  if (!whole) throw amidText(span);
  try {
    return parse(trimmed.replace("${", "  ").slice(0, -1), span.path);
  } catch (error) {
    throw trimmed.includes("${", 2) ? amidText(span) : error;
  }
}

function amidText(span: Span): ExpressionError {
  return new ExpressionError(
    `a text with an expression in it is written as one expression: \${"order " + input.id}`,
    span,
  );
}

/**
 * A checked template for a field of Step Functions that takes JSONata: the structure stays JSON, each expression in it
 * is one of its own. asl-validator knows no lists in lists, and no text that is empty or of several lines: those are
 * expressions too, which Step Functions takes for the same.
 * @param names as of `toJsonata`
 */
export function toJsonataTemplate(template: Expression, names: (name: string) => string): Value {
  switch (template.kind) {
    case "literal":
      return isPlain(template.value) ? template.value : `{% ${literalJsonata(template.value)} %}`;
    case "list":
      if (template.items.some((item) => item.kind === "list")) break;
      return template.items.map((item) => toJsonataTemplate(item, names));
    case "map":
      return Object.fromEntries(template.entries.map(({ key, value }) => [key, toJsonataTemplate(value, names)]));
  }
  return `{% ${toJsonata(template, names)} %}`;
}

/** Whether a literal can stand for itself: a text that looks like an expression would be one. */
function isPlain(value: Value): boolean {
  return typeof value !== "string" || (/^.+$/.test(value) && !/^\s*\{%/.test(value));
}
