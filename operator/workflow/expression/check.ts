import { ExpressionError } from "./errors.ts";
import { functionEntry } from "./functions.ts";
import { suggestion } from "./suggest.ts";
import type {
  Binary,
  Call,
  Conditional,
  Expression,
  Has,
  Index,
  List,
  Macro,
  MapLiteral,
  Select,
  Span,
} from "./tree.ts";
import { BOOL, DOUBLE, DYNAMIC, fieldOf, INTEGER, join, NUMBER, named, type Scope, type Type } from "./types.ts";

/**
 * What an expression yields, as far as it can be known before anything runs.
 * @throws ExpressionError it names what is not there, can never yield a value, or means something else on another engine
 */
export function check(expression: Expression, scope: Scope): Type {
  const type = inferTypes(expression, scope).get(expression)!;
  if (isTime(type))
    throw new ExpressionError(
      `${named(type)} is no value: compare it, take its seconds by int(…), or the time as the text it came from`,
      expression.span,
    );
  return type;
}

/**
 * The type of the expression and of each part of it.
 * @throws ExpressionError as `check`
 */
export function inferTypes(expression: Expression, scope: Scope): ReadonlyMap<Expression, Type> {
  const types = new Map<Expression, Type>();
  const infer: Infer = (part, inner) => {
    const type = inferPart(part, inner, infer);
    types.set(part, type);
    return type;
  };
  infer(expression, scope);
  return types;
}

type Infer = (expression: Expression, scope: Scope) => Type;
type Kind = Type["kind"];

function inferPart(expression: Expression, scope: Scope, infer: Infer): Type {
  switch (expression.kind) {
    case "literal":
      if (expression.value === null) return { kind: "null" };
      if (typeof expression.value === "number") return expression.double ? DOUBLE : INTEGER;
      return { kind: typeof expression.value === "string" ? "string" : "bool" };
    case "name":
      return typeOfName(expression.name, expression.span, scope);
    case "select":
      return typeOfSelect(expression, infer(expression.of, scope));
    case "has":
      return typeOfHas(expression, infer(expression.of, scope));
    case "index":
      return typeOfIndex(expression, infer(expression.of, scope), infer(expression.at, scope));
    case "unary":
      if (expression.operator === "!")
        return need(infer(expression.of, scope), ["bool"], "!", expression.of.span, BOOL);
      return negative(infer(expression.of, scope), expression.span);
    case "binary":
      return typeOfBinary(expression, infer(expression.left, scope), infer(expression.right, scope));
    case "conditional":
      return typeOfConditional(expression, scope, infer);
    case "call":
      return typeOfCall(expression, scope, infer);
    case "list":
      return typeOfList(expression, scope, infer);
    case "map":
      return typeOfMap(expression, scope, infer);
    case "macro":
      return typeOfMacro(expression, scope, infer);
  }
}

/** `result`, once `type` may be one of `kinds`. */
function need(type: Type, kinds: readonly Kind[], what: string, span: Span, result: Type): Type {
  if (type.kind === "dynamic" || kinds.includes(type.kind)) return result;
  const wanted = kinds.map((kind) => named({ kind } as Type)).join(" or ");
  throw new ExpressionError(`${what} can never work on ${named(type)}: it takes ${wanted}`, span);
}

function typeOfName(name: string, span: Span, scope: Scope): Type {
  if (Object.hasOwn(scope, name)) return scope[name]!;
  const names = Object.keys(scope);
  const known = names.length > 0 ? `: there are ${names.join(", ")}` : "";
  throw new ExpressionError(`there is no "${name}" here${suggestion(name, names) || known}`, span);
}

function typeOfSelect({ key, span }: Select, of: Type): Type {
  if (of.kind !== "map") return need(of, ["map"], `.${key}`, span, DYNAMIC);
  const field = fieldOf(of, key);
  if (field) return field.type;
  const known = Object.keys(of.fields);
  const near = suggestion(key, known) || (known.length > 0 ? `: there are ${known.join(", ")}` : "");
  throw new ExpressionError(`the key "${key}" can never be there${near}`, span);
}

function typeOfHas({ of, key }: Has, type: Type): Type {
  return need(type, ["map"], `has(….${key})`, of.span, BOOL);
}

function typeOfIndex({ of, at, span }: Index, type: Type, index: Type): Type {
  if (type.kind === "list") return need(index, ["number"], "the index of a list", at.span, type.of);
  need(type, ["list", "map"], "[…]", of.span, DYNAMIC);
  if (type.kind === "map") {
    const values = [...Object.values(type.fields).map((field) => field.type), ...(type.rest ? [type.rest] : [])];
    return need(index, ["string"], "the key of a map", at.span, values.length > 0 ? values.reduce(join) : DYNAMIC);
  }
  return need(index, ["number", "string"], "[…]", span, DYNAMIC);
}

function negative(type: Type, span: Span): Type {
  return need(type, ["number"], "-", span, type.kind === "number" ? type : NUMBER);
}

function typeOfBinary(expression: Binary, left: Type, right: Type): Type {
  const { operator, span } = expression;
  switch (operator) {
    case "&&":
    case "||":
      need(left, ["bool"], operator, expression.left.span, BOOL);
      return need(right, ["bool"], operator, expression.right.span, BOOL);
    case "==":
    case "!=":
      return comparable(left, right, operator, span);
    case "in":
      return typeOfIn(expression, left, right);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return ordered(left, right, operator, span);
    case "+":
      return typeOfSum(left, right, span);
    case "-":
      return typeOfDifference(left, right, span);
    default:
      need(left, ["number"], operator, expression.left.span, NUMBER);
      need(right, ["number"], operator, expression.right.span, NUMBER);
      return operator === "/" ? quotient(left, right, span) : operator === "%" ? INTEGER : arithmetic(left, right);
  }
}

function arithmetic(left: Type, right: Type): Type {
  if (isDouble(left) || isDouble(right)) return DOUBLE;
  return isInteger(left) && isInteger(right) ? INTEGER : NUMBER;
}

/** CEL cuts the fraction off between two integers, the clouds don't. */
function quotient(left: Type, right: Type, span: Span): Type {
  if (isDouble(left) || isDouble(right)) return DOUBLE;
  throw new ExpressionError(
    '"/" needs to know that one side is a double: write double(x) / y, or 2.0 for 2; int(…) around it leaves the fraction out',
    span,
  );
}

function comparable(left: Type, right: Type, operator: string, span: Span): Type {
  const free = (type: Type) => type.kind === "dynamic" || type.kind === "null";
  const fits =
    isTime(left) || isTime(right) ? left.kind === right.kind : free(left) || free(right) || left.kind === right.kind;
  if (fits) return BOOL;
  throw new ExpressionError(
    `"${operator}" between ${named(left)} and ${named(right)} has the same answer always: convert one of them, as in string(x) or int(x)`,
    span,
  );
}

function ordered(left: Type, right: Type, operator: string, span: Span): Type {
  if (left.kind === "string" || right.kind === "string")
    throw new ExpressionError(
      `"${operator}" can never work on texts, which clouds order each in their own way: compare numbers, timestamp(s), or for equality`,
      span,
    );
  if (isTime(left) || isTime(right)) {
    if (left.kind === right.kind) return BOOL;
    throw timeMismatch(left, right, operator, span);
  }
  need(left, ["number"], operator, span, BOOL);
  return need(right, ["number"], operator, span, BOOL);
}

function typeOfIn({ left: item, right: within, span }: Binary, left: Type, right: Type): Type {
  if (isTime(left)) throw new ExpressionError(`${named(left)} is in no list: compare with each`, item.span);
  if (right.kind === "list") return comparable(left, right.of, "in", span);
  if (right.kind === "map") return need(left, ["string"], "in a map", item.span, BOOL);
  return need(right, ["list", "map"], "in", within.span, BOOL);
}

function typeOfSum(left: Type, right: Type, span: Span): Type {
  if (isTime(left) || isTime(right)) return timeSum(left, right, span);
  need(left, ["number", "string", "list"], "+", span, DYNAMIC);
  need(right, ["number", "string", "list"], "+", span, DYNAMIC);
  const known = left.kind === "dynamic" ? right : left;
  if (left.kind !== "dynamic" && right.kind !== "dynamic" && left.kind !== right.kind)
    throw new ExpressionError(
      `"+" can never work on ${named(left)} and ${named(right)}: convert one of them, as in string(x)`,
      span,
    );
  if (known.kind === "number") return arithmetic(left, right);
  if (left.kind === "list" && right.kind === "list") return join(left, right);
  return known.kind === "list" ? { kind: "list", of: DYNAMIC } : known;
}

function typeOfDifference(left: Type, right: Type, span: Span): Type {
  if (!isTime(left) && !isTime(right)) {
    need(left, ["number"], "-", span, NUMBER);
    need(right, ["number"], "-", span, NUMBER);
    return arithmetic(left, right);
  }
  if (left.kind === right.kind) return { kind: "duration" };
  if (left.kind === "timestamp" && right.kind === "duration") return left;
  throw timeMismatch(left, right, "-", span);
}

function timeSum(left: Type, right: Type, span: Span): Type {
  if (left.kind === "duration" && isTime(right)) return right;
  if (right.kind === "duration" && isTime(left)) return left;
  throw timeMismatch(left, right, "+", span);
}

function timeMismatch(left: Type, right: Type, operator: string, span: Span): ExpressionError {
  return new ExpressionError(
    `"${operator}" does not go between ${named(left)} and ${named(right)}: write timestamp(s) and duration("90m") on both sides`,
    span,
  );
}

function typeOfConditional({ test, whenTrue, whenFalse }: Conditional, scope: Scope, infer: Infer): Type {
  need(infer(test, scope), ["bool"], "the test of ?:", test.span, BOOL);
  return join(storable(whenTrue, scope, infer), storable(whenFalse, scope, infer));
}

function typeOfCall({ name, args }: Call, scope: Scope, infer: Infer): Type {
  const { parameters, gives } = functionEntry(name);
  args.forEach((argument, at) => {
    const type = infer(argument, scope);
    need(type, parameters[at]!.takes, name, argument.span, type);
    if (name === "join" && type.kind === "list") joinable(type.of, argument.span);
  });
  return gives;
}

function joinable(item: Type, span: Span): void {
  if (item.kind === "dynamic" || item.kind === "string") return;
  throw new ExpressionError(`join takes a list of texts: write list.map(x, string(x)).join(…)`, span);
}

function typeOfList({ items }: List, scope: Scope, infer: Infer): Type {
  const types = items.map((item) => storable(item, scope, infer));
  return { kind: "list", of: types.length > 0 ? types.reduce(join) : DYNAMIC };
}

function typeOfMap({ entries }: MapLiteral, scope: Scope, infer: Infer): Type {
  const fields = entries.map(({ key, value }) => [key, { type: storable(value, scope, infer), optional: false }]);
  return { kind: "map", fields: Object.fromEntries(fields), rest: undefined };
}

function typeOfMacro({ name, over, variable, filter, body, span }: Macro, scope: Scope, infer: Infer): Type {
  const list = infer(over, scope);
  if (list.kind === "map")
    throw new ExpressionError(`${name} can never work on a map, whose keys have no order: keep a list`, span);
  need(list, ["list"], name, over.span, DYNAMIC);
  const inner = { ...scope, [variable]: list.kind === "list" ? list.of : DYNAMIC };
  if (filter) need(infer(filter, inner), ["bool"], `the filter of ${name}`, filter.span, BOOL);
  if (name === "map") return { kind: "list", of: storable(body, inner, infer) };
  need(infer(body, inner), ["bool"], `the condition of ${name}`, body.span, BOOL);
  if (name === "filter") return list.kind === "list" ? list : { kind: "list", of: DYNAMIC };
  return BOOL;
}

/** The type of what ends up in a value: no time does. */
function storable(expression: Expression, scope: Scope, infer: Infer): Type {
  const type = infer(expression, scope);
  if (!isTime(type)) return type;
  throw new ExpressionError(
    `${named(type)} is no value: compare it here, take its seconds by int(…), or hand on the text it came from`,
    expression.span,
  );
}

function isTime(type: Type): boolean {
  return type.kind === "timestamp" || type.kind === "duration";
}

function isDouble(type: Type): boolean {
  return type.kind === "number" && type.of === "double";
}

function isInteger(type: Type): boolean {
  return type.kind === "number" && type.of === "integer";
}
