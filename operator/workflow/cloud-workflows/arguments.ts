import { WorkflowError } from "../errors.ts";
import { expressionText } from "../expression/cloud-workflows-steps.ts";
import { check, type Expression, type Value } from "../expression/index.ts";
import { asText } from "../guards.ts";
import type { Call, Typed } from "../ir.ts";
import type { TaskAt } from "./task-at.ts";

/** What a call is given. */
export interface Arguments {
  has(name: string): boolean;
  variable(name: string): string;
  /** A constant or the text in a variable; it fails on anything else. */
  text(name: string): Value;
  /** A map of texts, with `ours` in it: those win. */
  texts(name: string, ours?: Readonly<Record<string, Value>>): Value;
}

export function argumentsOf({ task, emission, block, names }: TaskAt<Call>): Arguments {
  const { expression, scope } = task.with;
  if (expression.kind !== "map")
    throw new WorkflowError(task.path, "with is an expression: write each argument by itself");
  const expressionOf = (name: string) => expression.entries.find(({ key }) => key === name)?.value;
  const typed = (part: Expression): Typed => ({ expression: part, scope, type: check(part, scope) });
  const keep = (value: Value, base: string): string => {
    const variable = emission.variable(base);
    block.assign({ [variable]: value });
    return variable;
  };
  const textOf = (part: Expression): Value => {
    const one = typed(part);
    return block.value(one.type.kind === "string" ? one : typed(asText(part)), names);
  };
  const textsOf = (part: Expression, base: string, ours: Readonly<Record<string, Value>>): Value => {
    if (part.kind === "map")
      return { ...Object.fromEntries(part.entries.map(({ key, value }) => [key, textOf(value)])), ...ours };
    const theirs = keep(block.value(typed(part), names), base);
    block.call("rt_texts", { x: theirs }, theirs);
    if (Object.keys(ours).length === 0) return expressionText(theirs);
    return expressionText(`map.merge(${theirs}, ${keep(ours, base)})`);
  };
  return {
    has: (name) => expressionOf(name) !== undefined,
    variable: (name) => keep(block.value(typed(expressionOf(name)!), names), name),
    text: (name) => textOf(expressionOf(name)!),
    texts(name, ours = {}) {
      const part = expressionOf(name);
      return part ? textsOf(part, name, ours) : ours;
    },
  };
}
