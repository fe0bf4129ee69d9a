/** What an expression yields: JSON. A number is finite, and no larger than `MAX_NUMBER`. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** Beyond it, up or down, a 64-bit integer and a double are no longer the same number. */
export const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

/** Keys that no map literal takes: a JavaScript object is not sure to hold them as data. */
export const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

export type ValueKind = "null" | "bool" | "number" | "string" | "list" | "map";

export function kindOf(value: Value): ValueKind {
  if (value === null) return "null";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "number";
  if (typeof value === "string") return "string";
  return isList(value) ? "list" : "map";
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !isList(value);
}

/** Deep; the order of keys does not count. Values of two kinds are never equal. */
export function equal(a: Value, b: Value): boolean {
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, at) => equal(item, b[at]!));
  if (!isMap(a)) return a === b;
  if (!isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key]!, b[key]!));
}
