import { inferTypes } from "./check.ts";
import { createBlock } from "./cloud-workflows-block.ts";
import { lowerCall } from "./cloud-workflows-call.ts";
import { type HelperName, subworkflows } from "./cloud-workflows-helpers.ts";
import { isA, isTime, type Lowering, type OperandKind } from "./cloud-workflows-lowering.ts";
import { lowerMacro } from "./cloud-workflows-macro.ts";
import { expressionText, type Step, type Subworkflow } from "./cloud-workflows-steps.ts";
import type { Binary, Expression, Literal } from "./tree.ts";
import type { Scope, Type } from "./types.ts";
import type { Value } from "./values.ts";

/** What the expressions of one workflow share. */
export interface CloudWorkflowsContext {
  /** How a name of the scope is written: a variable of the workflow, or a key in one, as in `run["id"]`. */
  names(name: string): string;
  /** A name that no step and no variable of the workflow has. */
  fresh(): string;
  /** Notes that a helper is called. */
  need(helper: HelperName): void;
  /** The subworkflows to add to the source, by name: those that were needed so far. */
  helpers(): Readonly<Record<string, Subworkflow>>;
}

/** An expression, ready to be used. */
export interface Lowered {
  /** They run first, in the same list. */
  readonly steps: readonly Step[];
  /** What it yields: a constant, `${…}`, or lists and maps of them; for an assign, an argument, a condition or a return. */
  readonly value: Value;
}

/** Whatever is longer goes into a variable: three of them and an operator stay below the 400 characters that are allowed. */
const MAX_OPERAND = 110;

/**
 * @param options.names how a name of the scope is written
 * @param options.prefix of all fresh names: letters, not those of any other variable or step
 */
export function createCloudWorkflowsContext(options: {
  readonly names: (name: string) => string;
  readonly prefix: string;
}): CloudWorkflowsContext {
  const needed = new Set<HelperName>();
  let count = 0;
  return {
    names: options.names,
    fresh: () => `${options.prefix}${++count}`,
    need: (helper) => needed.add(helper),
    helpers: () => subworkflows(needed),
  };
}

/**
 * An expression as steps of Cloud Workflows: what it yields and when it fails are as `evaluate` says. An error carries
 * `Wf.Expression`, or one of the engine's own tags.
 * @param scope what the names hold without fail: what is known is not looked at again when it runs
 * @throws ExpressionError as `check`
 */
export function toCloudWorkflows(expression: Expression, scope: Scope, context: CloudWorkflowsContext): Lowered {
  const types = inferTypes(expression, scope);
  const lowering = createLowering(context, (part) => types.get(part)!, context.names);
  const value = lowering.value(expression);
  return { steps: lowering.block.steps, value };
}

function createLowering(
  context: CloudWorkflowsContext,
  typeOf: (expression: Expression) => Type,
  names: (name: string) => string,
): Lowering {
  const block = createBlock(context.fresh);
  const within: Lowering["within"] = (fill, innerNames = names) => {
    const inner = createLowering(context, typeOf, innerNames);
    fill(inner);
    return inner.block.steps;
  };
  const keep = (value: Value): string => {
    const variable = context.fresh();
    block.assign(variable, value);
    return variable;
  };
  const call = (helper: HelperName, args: Readonly<Record<string, string>>): string => {
    context.need(helper);
    const result = context.fresh();
    const given = Object.entries(args).map(([name, source]) => [name, expressionText(source)]);
    block.step({ call: helper, args: Object.fromEntries(given), result });
    return result;
  };
  const short = (source: string): string => (source.length > MAX_OPERAND ? keep(expressionText(source)) : source);
  const variable = (source: string): string => (isVariable(source) ? source : keep(expressionText(source)));

  const source = (expression: Expression): string => short(unbounded(expression));
  const as = (kind: OperandKind, expression: Expression): string => {
    const known = isA(kind, typeOf(expression));
    if (known) return source(expression);
    if (kind === "number") return `(${source(expression)} - 0)`;
    return call(kind === "bool" ? "rt_bool" : kind === "string" ? "rt_text" : "rt_list", { x: source(expression) });
  };
  const value = (expression: Expression): Value => {
    switch (expression.kind) {
      case "literal":
        return isPlain(expression.value) ? expression.value : expressionText(literal(expression.value));
      case "list":
        return expression.items.map(value);
      case "map":
        return Object.fromEntries(expression.entries.map((entry) => [entry.key, value(entry.value)]));
      default:
        return expressionText(source(expression));
    }
  };

  const unbounded = (expression: Expression): string => {
    switch (expression.kind) {
      case "literal":
        return literal(expression.value);
      case "name":
        return names(expression.name);
      case "select":
        return `${variable(source(expression.of))}[${text(expression.key)}]`;
      case "has": {
        const [of, key] = [source(expression.of), text(expression.key)];
        return isA("map", typeOf(expression.of)) ? `(${key} in ${of})` : call("rt_has", { of, key });
      }
      case "index":
        return index(expression.of, expression.at);
      case "unary":
        if (expression.operator === "!") return `(${as("bool", expression.of)} == false)`;
        return `(0 - ${as("number", expression.of)})`;
      case "binary":
        return binary(expression);
      case "conditional":
        return conditional(expression.test, expression.whenTrue, expression.whenFalse);
      case "call":
        return lowerCall(expression, lowering);
      case "list":
      case "map":
        return keep(value(expression));
      case "macro":
        return lowerMacro(expression, lowering);
    }
  };

  const literal = (of: Literal["value"]): string => {
    if (typeof of === "string") return text(of);
    if (typeof of !== "number") return String(of);
    return of < 0 ? `(0 - ${decimal(-of)})` : decimal(of);
  };

  /** A text as an operand. Engines unescape each in their own way: only what needs none is written in place. */
  const text = (of: string): string => {
    if (/^[\w .:/@-]{0,40}$/.test(of)) return `"${of}"`;
    if (isPlain(of)) return keep(of);
    return of
      .split("${")
      .map((piece, at, { length }) => `${at > 0 ? "{" : ""}${piece}${at < length - 1 ? "$" : ""}`)
      .map((piece) => keep(piece))
      .reduce((left, right) => short(`(${left} + ${right})`));
  };

  const index = (of: Expression, at: Expression): string => {
    const literalAt = at.kind === "literal" && typeof at.value === "number" ? at.value : -1;
    if (isA("list", typeOf(of)) && Number.isInteger(literalAt) && literalAt >= 0)
      return `${variable(source(of))}[${literalAt}]`;
    return call("rt_index", { of: source(of), at: source(at) });
  };

  const binary = ({ operator, left, right }: Binary): string => {
    switch (operator) {
      case "&&":
        return shortCircuit(false, as("bool", left), right);
      case "||":
        return shortCircuit(true, `(${as("bool", left)} == false)`, right);
      case "==":
      case "!=":
        return `(${source(left)} ${operator} ${source(right)})`;
      case "in":
        return isIn(left, right);
      case "+":
        return sum(left, right);
      case "-": {
        const difference = `(${as("number", left)} - ${as("number", right)})`;
        return isTime(typeOf(left)) ? difference : call("rt_range", { x: difference });
      }
      case "*":
        return call("rt_multiply", { a: as("number", left), b: as("number", right) });
      case "/":
        return call("rt_divide", { a: as("number", left), b: as("number", right) });
      case "%":
        return call("rt_modulo", { a: as("number", left), b: as("number", right) });
      default:
        return `(${as("number", left)} ${operator} ${as("number", right)})`;
    }
  };

  /** `result`, unless the condition asks for the other side: then what that is. */
  const shortCircuit = (result: boolean, condition: string, other: Expression): string => {
    const name = keep(result);
    const steps = within((inner) => inner.block.assign(name, expressionText(inner.as("bool", other))));
    block.step({ switch: [{ condition: expressionText(condition), steps }] });
    return name;
  };

  const conditional = (test: Expression, whenTrue: Expression, whenFalse: Expression): string => {
    const condition = expressionText(as("bool", test));
    const name = context.fresh();
    const branch = (part: Expression) => within((inner) => inner.block.assign(name, inner.value(part)));
    block.step({
      switch: [
        { condition, steps: branch(whenTrue) },
        { condition: true, steps: branch(whenFalse) },
      ],
    });
    return name;
  };

  const isIn = (left: Expression, right: Expression): string => {
    const [of, within] = [typeOf(left), typeOf(right)];
    if (isA("list", within) || (isA("map", within) && isA("string", of)))
      return `(${source(left)} in ${source(right)})`;
    return call("rt_in", { x: source(left), within: source(right) });
  };

  const sum = (left: Expression, right: Expression): string => {
    const known = [typeOf(left), typeOf(right)];
    const either = (kind: OperandKind) => known.some((type) => isA(kind, type));
    if (either("string")) return `(${as("string", left)} + ${as("string", right)})`;
    if (known.some(isTime)) return `(${source(left)} + ${source(right)})`;
    if (either("number")) return call("rt_range", { x: `(${as("number", left)} + ${as("number", right)})` });
    if (either("list")) return call("rt_concat", { a: as("list", left), b: as("list", right) });
    return call("rt_add", { a: source(left), b: source(right) });
  };

  const lowering: Lowering = {
    block,
    names,
    typeOf,
    fresh: context.fresh,
    value,
    source,
    as,
    literal,
    keep,
    variable,
    call,
    within,
  };
  return lowering;
}

/** A variable, or a key or an item of one: what `[…]` may follow. */
function isVariable(source: string): boolean {
  return /^[A-Za-z_]\w*(\[[^[\]]*\])*$/.test(source) && !["null", "true", "false"].includes(source);
}

/** It is written as it is, and read neither as an expression nor, as YAML reads `1e-7`, as a text. */
function isPlain(value: Value): boolean {
  return typeof value === "number" ? !/e/.test(String(value)) : typeof value !== "string" || !value.includes("${");
}

/** Without an exponent, which a number below 10⁻⁶ has in JavaScript. */
function decimal(value: number): string {
  const [digits = "", exponent] = String(value).split("e-");
  return exponent ? `0.${"0".repeat(Number(exponent) - 1)}${digits.replace(".", "")}` : digits;
}
