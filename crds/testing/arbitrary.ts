import fc from "fast-check";
import type { z } from "zod";

/** Texts that the forms of our fields are made for; what a schema refuses of them is left out. */
const SAMPLES = [
  "arn:aws:kms:eu-west-1:123456789012:key/0b1c2d3e",
  ...["0s", "30s", "1m", "10m", "1h30m", "96h", "336h", "700h", "a", "ab", "abc", "orders", "orders-dlq", "by-state"],
  ...["onyx.example", "customerId", "LOG_LEVEL", "app.properties", "us-east-1", "us-central1", "123456789012"],
  ...["onelens-prod", "https://example.com/path", "http://localhost:4566", "/healthz", "/etc/app", "10.0.0.0/8"],
  ...["* * * * *", "30 2 * * 1-5", "Europe/Berlin", "UTC", "shop", "registry.example.com/team", "orders-api:1.4.2"],
  ...[
    "arn:aws:iam::123456789012:policy/bound",
    "arn:aws:sqs:eu-west-1:123456789012:spare",
    "250m",
    "1.5",
    "512Mi",
    "a_b-c",
    "Table",
  ],
  ...["arn:aws:iam::123456789012:role/delivery", "projects/onelens-prod/schemas/orders"],
  ...["111122223333", "444455556666", "billing@acme.iam.gserviceaccount.com", "export@globex.iam.gserviceaccount.com"],
  "arn:aws:states:eu-west-1:123456789012:stateMachine:report",
  "projects/onelens-prod/locations/europe-west1/workflows/report",
  ...["USD", "99.50", "0.01"],
  "projects/42/locations/global/workloadIdentityPools/clusters/providers/prod",
  "tenant@onelens-prod.iam.gserviceaccount.com",
];

/**
 * Values that a zod schema takes, as a person would write them: what has a default is sometimes left out. Covers what
 * our kinds are built of and throws on anything else.
 */
export function arbitraryOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  return build(schema).filter((value) => schema.safeParse(value).success);
}

function build(schema: z.ZodType): fc.Arbitrary<unknown> {
  const def = schema.def as unknown as Definition;
  switch (def.type) {
    case "object":
      return object(def.shape);
    case "string":
      return string(schema);
    case "number":
      return number(schema);
    case "boolean":
      return fc.boolean();
    case "enum":
      return fc.constantFrom(...Object.values(def.entries));
    case "literal":
      return fc.constantFrom(...def.values);
    case "array":
      return fc.array(arbitraryOf(def.element), { maxLength: 3 }).filter((value) => schema.safeParse(value).success);
    case "record":
      return fc.dictionary(arbitraryOf(def.keyType) as fc.Arbitrary<string>, arbitraryOf(def.valueType), {
        maxKeys: 3,
        noNullPrototype: true,
      });
    case "union":
      return fc.oneof(...def.options.map(arbitraryOf));
    case "optional":
    case "default":
      return arbitraryOf(def.innerType);
    case "unknown":
      return fc.jsonValue();
    default:
      throw new Error(`no values for a schema of type ${(def as { type: string }).type}`);
  }
}

/**
 * Each optional field is there or not, or just one of them is: rules such as "exactly one of" filter what they refuse, and
 * of many fields hardly ever one alone is there by chance.
 */
function object(shape: Record<string, z.ZodType>): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(shape).map(([key, field]) => [key, arbitraryOf(field)]));
  const required = Object.keys(shape).filter((key) => !shape[key]!.safeParse(undefined).success);
  const optional = Object.keys(shape).filter((key) => !required.includes(key));
  const some = fc.record(fields, { requiredKeys: required, noNullPrototype: true });
  if (optional.length < 2) return some;
  const one = optional.map((key) => {
    const names = [...required, key];
    return fc.record(Object.fromEntries(names.map((name) => [name, fields[name]!])), { noNullPrototype: true });
  });
  return fc.oneof(some, fc.oneof(...one));
}

function string(schema: z.ZodType): fc.Arbitrary<unknown> {
  const fitting = SAMPLES.filter((sample) => schema.safeParse(sample).success);
  // Free text would hardly ever be of a form that no sample has, and be looked for without an end.
  if (fitting.length === 0)
    throw new Error(`no sample is a text of the form "${schema.description}": add one to SAMPLES`);
  const free = fc.string({ maxLength: 12, unit: "grapheme" });
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...fitting) }, free);
}

function number(schema: z.ZodType): fc.Arbitrary<unknown> {
  const { minValue, maxValue } = schema as z.ZodNumber;
  return fc.integer({
    min: Math.max(minValue ?? -(2 ** 31), Number.MIN_SAFE_INTEGER),
    max: Math.min(maxValue ?? 2 ** 31, Number.MAX_SAFE_INTEGER),
  });
}

type Definition =
  | { type: "object"; shape: Record<string, z.ZodType> }
  | { type: "string" | "number" | "boolean" | "unknown" }
  | { type: "enum"; entries: Record<string, string> }
  | { type: "literal"; values: unknown[] }
  | { type: "array"; element: z.ZodType }
  | { type: "record"; keyType: z.ZodType; valueType: z.ZodType }
  | { type: "union"; options: z.ZodType[] }
  | { type: "optional" | "default"; innerType: z.ZodType };
