/**
 * What is known of a value before anything runs. `dynamic`: nothing, it is looked at when it is there.
 * `timestamp` and `duration` live inside an expression only: no value is one.
 */
export type Type =
  | { readonly kind: "null" | "bool" | "string" | "dynamic" | "timestamp" | "duration" }
  /**
   * `integer`: without a fraction, and an int in CEL. `double`: a double in CEL, or CEL yields nothing.
   * `any`: one or the other, such as all numbers from outside.
   */
  | { readonly kind: "number"; readonly of: "integer" | "double" | "any" }
  | { readonly kind: "list"; readonly of: Type }
  /** `rest`: the type of keys that are not among `fields`; undefined: there are no others. */
  | { readonly kind: "map"; readonly fields: Readonly<Record<string, Field>>; readonly rest: Type | undefined };

export interface Field {
  readonly type: Type;
  /** The key may be missing. */
  readonly optional: boolean;
}

/** The names an expression may use, and what is known of each. */
export type Scope = Readonly<Record<string, Type>>;

export const DYNAMIC: Type = { kind: "dynamic" };
export const BOOL: Type = { kind: "bool" };
export const STRING: Type = { kind: "string" };
export const INTEGER: Type = { kind: "number", of: "integer" };
export const DOUBLE: Type = { kind: "number", of: "double" };
export const NUMBER: Type = { kind: "number", of: "any" };

/** The narrowest type that holds every value of both. */
export function join(a: Type, b: Type): Type {
  if (a.kind === "number" && b.kind === "number") return a.of === b.of ? a : NUMBER;
  if (a.kind === "list" && b.kind === "list") return { kind: "list", of: join(a.of, b.of) };
  if (a.kind === "map" && b.kind === "map") return joinMaps(a, b);
  return a.kind === b.kind ? a : DYNAMIC;
}

type MapType = Extract<Type, { kind: "map" }>;

function joinMaps(a: MapType, b: MapType): Type {
  const fields = Object.entries({ ...a.fields, ...b.fields }).map(([key]): [string, Field] => {
    const [left, right] = [fieldOf(a, key), fieldOf(b, key)];
    if (!left || !right) return [key, { type: (left ?? right)!.type, optional: true }];
    return [key, { type: join(left.type, right.type), optional: left.optional || right.optional }];
  });
  const rest = a.rest && b.rest ? join(a.rest, b.rest) : (a.rest ?? b.rest);
  return { kind: "map", fields: Object.fromEntries(fields), rest };
}

/** Undefined: no map of that type has the key. */
export function fieldOf(type: MapType, key: string): Field | undefined {
  if (Object.hasOwn(type.fields, key)) return type.fields[key];
  return type.rest && { type: type.rest, optional: true };
}

/** For messages, with its article: `a string`. */
export function named(type: Type): string {
  if (type.kind === "null") return "null";
  if (type.kind === "dynamic") return "a value";
  return type.kind === "number" && type.of === "integer" ? "an integer" : `a ${type.kind}`;
}
