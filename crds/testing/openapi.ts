import type { Schema } from "../structural.ts";

/**
 * What the API server's OpenAPI validation has against a value, as `path: reason`; empty when it takes it. Unknown
 * fields count as errors, as under strict validation. CEL rules are not evaluated.
 */
export function violations(schema: Schema, value: unknown, path = "$"): string[] {
  if (schema["x-kubernetes-preserve-unknown-fields"]) return isObject(value) ? [] : [`${path}: not an object`];
  if (schema["x-kubernetes-int-or-string"]) return intOrString(schema, value, path);
  switch (schema.type) {
    case "object":
      return isObject(value) ? objectViolations(schema, value, path) : [`${path}: not an object`];
    case "array":
      return Array.isArray(value) ? arrayViolations(schema, value, path) : [`${path}: not an array`];
    case "string":
      return typeof value === "string" ? stringViolations(schema, value, path) : [`${path}: not a string`];
    case "integer":
      return Number.isInteger(value) ? rangeViolations(schema, value as number, path) : [`${path}: not an integer`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path}: not a boolean`];
    default:
      return [`${path}: schema of type ${schema.type}`];
  }
}

function objectViolations(schema: Schema, value: Record<string, unknown>, path: string): string[] {
  const { properties = {}, additionalProperties, required = [], maxProperties = Number.POSITIVE_INFINITY } = schema;
  const given = Object.keys(value).filter((key) => value[key] !== undefined);
  return [
    ...required.filter((key) => !given.includes(key)).map((key) => `${path}.${key}: required`),
    ...(given.length > maxProperties ? [`${path}: more than ${maxProperties} properties`] : []),
    ...given.flatMap((key) => {
      const child = Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
      return child ? violations(child, value[key], `${path}.${key}`) : [`${path}.${key}: unknown field`];
    }),
  ];
}

function arrayViolations(schema: Schema, value: readonly unknown[], path: string): string[] {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const identity = (item: unknown) => JSON.stringify(keys.map((key) => (item as Record<string, unknown>)[key]));
  const identities =
    schema["x-kubernetes-list-type"] === "map"
      ? value.map(identity)
      : schema["x-kubernetes-list-type"] === "set"
        ? value.map((item) => JSON.stringify(item))
        : [];
  return [
    ...(value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY) ? [`${path}: too many items`] : []),
    ...(value.length < (schema.minItems ?? 0) ? [`${path}: too few items`] : []),
    ...(new Set(identities).size < identities.length ? [`${path}: duplicate item`] : []),
    ...value.flatMap((item, index) => (schema.items ? violations(schema.items, item, `${path}[${index}]`) : [])),
  ];
}

function stringViolations(schema: Schema, value: string, path: string): string[] {
  // The API server counts characters, not UTF-16 units.
  const length = [...value].length;
  return [
    ...(schema.enum && !schema.enum.includes(value) ? [`${path}: not one of ${schema.enum.join(", ")}`] : []),
    ...(length > (schema.maxLength ?? Number.POSITIVE_INFINITY) ? [`${path}: too long`] : []),
    ...(length < (schema.minLength ?? 0) ? [`${path}: too short`] : []),
    ...(schema.pattern && !new RegExp(schema.pattern, "u").test(value) ? [`${path}: pattern`] : []),
  ];
}

function rangeViolations(schema: Schema, value: number, path: string): string[] {
  const [low, high] = schema.format === "int32" ? [-(2 ** 31), 2 ** 31 - 1] : [-Infinity, Infinity];
  return [
    ...(value < Math.max(schema.minimum ?? low, low) ? [`${path}: too small`] : []),
    ...(value > Math.min(schema.maximum ?? high, high) ? [`${path}: too big`] : []),
  ];
}

function intOrString(schema: Schema, value: unknown, path: string): string[] {
  if (typeof value === "string") return stringViolations(schema, value, path);
  return Number.isInteger(value)
    ? rangeViolations(schema, value as number, path)
    : [`${path}: neither integer nor string`];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
