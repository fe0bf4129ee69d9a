import { expect, test } from "vitest";
import { z } from "zod";
import { withRules } from "./rules.ts";
import { structuralSchema } from "./structural.ts";

test("objects lose additionalProperties: false, maps keep the schema of their values", () => {
  const schema = z.strictObject({ labels: z.record(z.string(), z.string().max(9)) });
  expect(structuralSchema(schema)).toEqual({
    type: "object",
    required: ["labels"],
    properties: { labels: { type: "object", additionalProperties: { type: "string", maxLength: 9 } } },
  });
});

test("integers get the format that their range needs, without zod's own bounds", () => {
  const schema = z.strictObject({ small: z.int().min(1).max(9), big: z.int().min(0) });
  expect(structuralSchema(schema).properties).toEqual({
    small: { type: "integer", format: "int32", minimum: 1, maximum: 9 },
    big: { type: "integer", format: "int64", minimum: 0 },
  });
});

test("what has a default is optional, and the description of the place wins over that of the schema", () => {
  const name = z.string().max(5).describe("any name");
  const schema = z.strictObject({ name: name.default("a").describe("this name") });
  expect(structuralSchema(schema)).toEqual({
    type: "object",
    properties: { name: { description: "this name", type: "string", maxLength: 5, default: "a" } },
  });
});

test("a union of integer and string becomes int-or-string", () => {
  const schema = z.union([z.int(), z.string()]).meta({ "x-kubernetes-int-or-string": true, pattern: "^a$" });
  expect(structuralSchema(schema)).toEqual({ "x-kubernetes-int-or-string": true, pattern: "^a$" });
});

test("rules add up and go along", () => {
  const rule = (name: string) => ({ rule: `self.${name}`, message: name });
  const schema = withRules(withRules(z.strictObject({ a: z.boolean() }), rule("a")), rule("b"));
  expect(structuralSchema(schema)["x-kubernetes-validations"]).toEqual([rule("a"), rule("b")]);
});

test.each([
  ["a union", z.union([z.boolean(), z.string()]), "anyOf"],
  ["null", z.string().nullable(), "nullable"],
  [
    "a discriminated union",
    z.discriminatedUnion("t", [z.object({ t: z.literal("a") }), z.object({ t: z.literal("b") })]),
    "oneOf",
  ],
])("%s can't be said and is refused with its path", (_what, schema, keyword) => {
  expect(() => structuralSchema(z.strictObject({ part: schema }), "spec")).toThrow(
    new RegExp(`schema spec.part: a CRD can't say ${keyword}`),
  );
});
