import type { Expression } from "../tree.ts";
import { fieldOf, type Type } from "../types.ts";
import { isMap, kindOf, type Value } from "../values.ts";

/** The parts an expression is made of, from left to right. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "literal":
    case "name":
      return [];
    case "select":
    case "has":
    case "unary":
      return [expression.of];
    case "index":
      return [expression.of, expression.at];
    case "binary":
      return [expression.left, expression.right];
    case "conditional":
      return [expression.test, expression.whenTrue, expression.whenFalse];
    case "call":
      return expression.args;
    case "list":
      return expression.items;
    case "map":
      return expression.entries.map(({ value }) => value);
    case "macro":
      return [expression.over, ...(expression.filter ? [expression.filter] : []), expression.body];
  }
}

/** Whether a value is of the type. */
export function fits(value: Value, type: Type): boolean {
  if (type.kind === "dynamic") return true;
  if (type.kind !== kindOf(value)) return false;
  if (type.kind === "number") return type.of !== "integer" || Number.isInteger(value);
  if (type.kind === "list") return (value as readonly Value[]).every((item) => fits(item, type.of));
  if (type.kind !== "map" || !isMap(value)) return true;
  const missing = Object.entries(type.fields).some(([key, { optional }]) => !optional && !Object.hasOwn(value, key));
  return (
    !missing &&
    Object.entries(value).every(([key, inner]) => {
      const field = fieldOf(type, key);
      return field !== undefined && fits(inner, field.type);
    })
  );
}
