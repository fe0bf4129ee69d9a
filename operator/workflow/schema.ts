import { WorkflowError } from "./errors.ts";
import { BOOL, DYNAMIC, INTEGER, MAX_NUMBER, NUMBER, STRING, type Type, type Value } from "./expression/index.ts";
import { isList, isMap } from "./expression/values.ts";
import { LIMITS } from "./limits.ts";
import { readMap, within } from "./reader.ts";

const KEYWORDS = ["type", "properties", "required", "additionalProperties", "items", "title", "description"];
const KINDS = ["string", "number", "integer", "boolean", "null", "array", "object"] as const;

/**
 * The type that a JSON Schema describes: `type`, `properties`, `required`, `additionalProperties` and `items` count,
 * `title` and `description` are for people.
 * @throws WorkflowError any other keyword: it would be checked nowhere
 */
export function readSchema(schema: unknown, path: string): Type {
  const reader = readMap(schema, path, KEYWORDS);
  if (!reader.has("type")) return DYNAMIC;
  switch (reader.oneOf("type", KINDS)) {
    case "string":
      return STRING;
    case "number":
      return NUMBER;
    case "integer":
      return INTEGER;
    case "boolean":
      return BOOL;
    case "null":
      return { kind: "null" };
    case "array":
      return {
        kind: "list",
        of: reader.has("items") ? readSchema(reader.raw("items"), within(path, "items")) : DYNAMIC,
      };
    case "object": {
      const required = reader.has("required") ? reader.list("required") : [];
      const at = within(path, "properties");
      const properties = reader.has("properties") ? readProperties(reader.raw("properties"), at) : [];
      for (const name of required)
        if (!properties.some(([key]) => key === name))
          throw new WorkflowError(
            within(path, "required"),
            `names ${JSON.stringify(name)}, which is not in properties`,
          );
      const fields = properties.map(([key, type]) => [key, { type, optional: !required.includes(key) }]);
      return {
        kind: "map",
        fields: Object.fromEntries(fields),
        rest: readRest(reader.raw("additionalProperties"), path),
      };
    }
  }
}

function readProperties(value: unknown, path: string): readonly (readonly [string, Type])[] {
  const names = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const reader = readMap(value, path, names);
  return names.map((name) => [name, readSchema(reader.raw(name), within(path, name))]);
}

function readRest(value: unknown, path: string): Type | undefined {
  if (value === false) return undefined;
  return value === undefined || value === true ? DYNAMIC : readSchema(value, within(path, "additionalProperties"));
}

/** What is wrong with a run's input, for people; undefined: nothing. */
export function problemOfInput(input: unknown, type: Type): string | undefined {
  const text = JSON.stringify(input) ?? "null";
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > LIMITS.inputBytes)
    return `input has ${bytes} bytes; the most is ${LIMITS.inputBytes}. Put it in a Bucket and give its name.`;
  return misfit(input as Value, type, "input");
}

/** What about a value is not of the type, for people; undefined: nothing. */
export function misfit(value: Value, type: Type, path: string): string | undefined {
  const wrong = outOfRange(value);
  if (wrong !== undefined) return `${path} ${wrong}`;
  switch (type.kind) {
    case "dynamic":
    case "timestamp":
    case "duration":
      return inner(value, DYNAMIC, path);
    case "list":
      return isList(value) ? inner(value, type.of, path) : `${path} should be a list`;
    case "map":
      return isMap(value) ? misfitOfMap(value, type, path) : `${path} should be a map`;
    case "null":
      return value === null ? undefined : `${path} should be null`;
    case "number":
      if (typeof value !== "number") return `${path} should be a number`;
      return type.of === "integer" && !Number.isInteger(value) ? `${path} should be a whole number` : undefined;
    case "bool":
      return typeof value === "boolean" ? undefined : `${path} should be true or false`;
    case "string":
      return typeof value === "string" ? undefined : `${path} should be a text`;
  }
}

function misfitOfMap(value: Readonly<Record<string, Value>>, type: Extract<Type, { kind: "map" }>, path: string) {
  for (const [name, field] of Object.entries(type.fields))
    if (!field.optional && !Object.hasOwn(value, name)) return `${path} lacks ${name}`;
  for (const [name, item] of Object.entries(value)) {
    const expected = Object.hasOwn(type.fields, name) ? type.fields[name]!.type : type.rest;
    if (!expected) return `${path} has "${name}", which the schema does not know`;
    const problem = misfit(item, expected, within(path, name));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function inner(value: Value, of: Type, path: string): string | undefined {
  if (isMap(value)) return misfitOfMap(value, { kind: "map", fields: {}, rest: of }, path);
  if (!isList(value)) return undefined;
  for (const [at, item] of value.entries()) {
    const problem = misfit(item, of, `${path}[${at}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Larger numbers and half characters are not the same on every engine. */
function outOfRange(value: Value): string | undefined {
  if (typeof value === "number" && !(Math.abs(value) <= MAX_NUMBER))
    return `is ${value}; numbers end at ±${MAX_NUMBER}: give a larger id as a text`;
  if (typeof value === "string" && !value.isWellFormed()) return "holds half a character (a lone surrogate)";
  return undefined;
}
