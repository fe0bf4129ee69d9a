import { z } from "zod";

/** A node of an OpenAPI v3 schema as a CRD may have it. */
export interface Schema {
  description?: string;
  type?: "object" | "array" | "string" | "integer" | "boolean" | "number";
  format?: string;
  enum?: unknown[];
  pattern?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  "x-kubernetes-int-or-string"?: true;
  "x-kubernetes-preserve-unknown-fields"?: true;
  "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "atomic" | "granular";
  "x-kubernetes-validations"?: Record<string, unknown>[];
}

type Json = Record<string, unknown>;

/** The keywords that a CRD takes, in the order in which they are written. */
const KEYWORDS = [
  "description",
  "type",
  "format",
  "enum",
  "pattern",
  "default",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "maxProperties",
  "required",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
] as const satisfies readonly (keyof Schema)[];

/** Keywords of JSON Schema that need no counterpart: the server prunes unknown fields, and CEL checks keys of maps. */
const DROPPED = new Set([
  "additionalProperties",
  "propertyNames",
  "properties",
  "items",
  "anyOf",
  "$schema",
  "~standard",
]);

/**
 * A zod schema as the structural schema of a CRD. Input side: what has a default is optional.
 *
 * @throws Error for what a structural schema can't say (unions, null, references), naming the path.
 */
export function structuralSchema(schema: z.ZodType, path = ""): Schema {
  return convert(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as Json, path);
}

function convert(node: Json, path: string): Schema {
  const intOrString = node["x-kubernetes-int-or-string"] === true;
  const open = node["x-kubernetes-preserve-unknown-fields"] === true;
  refuseForeign(node, path, intOrString);
  const result: Schema = pick(node);
  if (intOrString) return result;
  if (result.type === "integer") return integer(result);
  const children = node.properties as Record<string, Json> | undefined;
  if (children) {
    result.properties = Object.fromEntries(
      Object.entries(children).map(([name, child]) => [name, convert(child, `${path}.${name}`)]),
    );
  }
  if (node.items) result.items = convert(node.items as Json, `${path}[]`);
  if (isSchema(node.additionalProperties) && !open) {
    result.additionalProperties = convert(node.additionalProperties, `${path}{}`);
  }
  return result;
}

function pick(node: Json): Schema {
  return Object.fromEntries(KEYWORDS.filter((key) => node[key] !== undefined).map((key) => [key, node[key]]));
}

function refuseForeign(node: Json, path: string, intOrString: boolean): void {
  const known = new Set<string>([...KEYWORDS, ...DROPPED]);
  const foreign = Object.keys(node).filter((key) => !known.has(key) || (key === "anyOf" && !intOrString));
  if (foreign.length > 0)
    throw new Error(`schema ${path || "/"}: a CRD can't say ${foreign.join(", ")}; use optional fields and a CEL rule`);
}

/** zod bounds every integer by what a double holds; a CRD says that by the format. */
function integer(schema: Schema): Schema {
  const { minimum, maximum, ...rest } = schema;
  const small = minimum !== undefined && maximum !== undefined && minimum >= -(2 ** 31) && maximum < 2 ** 31;
  const { description, type, ...others } = rest;
  return {
    ...(description === undefined ? {} : { description }),
    ...(type === undefined ? {} : { type }),
    format: small ? "int32" : "int64",
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
    ...others,
  };
}

const isSchema = (value: unknown): value is Json => typeof value === "object" && value !== null;
