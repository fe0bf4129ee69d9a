import type { z } from "zod";

/** One CEL rule of `x-kubernetes-validations`: the API server checks it, with no webhook in between. */
export interface Rule {
  /** CEL over `self`, and over `oldSelf` for what may not change. */
  readonly rule: string;
  /** For people: what is wrong and what to do. */
  readonly message: string;
  readonly reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired";
  /** Path that the error points at, such as `.retention`; absent: the place of the rule. */
  readonly fieldPath?: string;
  /** The rule also runs at creation and when the value was absent; `oldSelf` is then an optional. */
  readonly optionalOldSelf?: boolean;
}

const RULES = "x-kubernetes-validations";

/** The rules that a schema carries. */
export function rulesOf(schema: z.ZodType): readonly Rule[] {
  return (schema.meta()?.[RULES] ?? []) as readonly Rule[];
}

/** The same schema with more rules. */
export function withRules<Schema extends z.ZodType>(schema: Schema, ...rules: readonly Rule[]): Schema {
  return schema.meta({ ...schema.meta(), [RULES]: [...rulesOf(schema), ...rules] }) as Schema;
}

/** A field that keeps its first value: it can neither change nor be added or removed later. */
export function immutable(field: string, why: string): Rule {
  return {
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} can't be changed: ${why}`,
    reason: "FieldValueForbidden",
    fieldPath: `.${field}`,
  };
}

/** A field that may be set later, but not changed or removed once it is set. */
export function setOnce(field: string, why: string): Rule {
  return {
    rule: `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
    message: `${field} can't be changed once it is set: ${why}`,
    reason: "FieldValueForbidden",
    fieldPath: `.${field}`,
  };
}

/** Just one of some optional fields: what a union is in a structural schema. */
export function exactlyOne(...fields: readonly string[]): Rule {
  return {
    rule: `[${fields.map((field) => `has(self.${field})`).join(", ")}].filter(given, given).size() == 1`,
    message: `give exactly one of ${fields.join(", ")}`,
  };
}

/** At least one of some optional fields. */
export function atLeastOne(...fields: readonly string[]): Rule {
  return {
    rule: fields.map((field) => `has(self.${field})`).join(" || "),
    message: `give at least one of ${fields.join(", ")}`,
    reason: "FieldValueRequired",
  };
}
