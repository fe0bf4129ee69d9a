/** Which events of the bus an EventRule hands on: the part of both clouds' matching that means the same on both. */
import { z } from "zod";
import { limits } from "./limits.ts";
import { atLeastOne, exactlyOne, type Rule, withRules } from "./rules.ts";
import { formed, mapList, set } from "./text.ts";

const limit = limits.eventrule;

/** What one context attribute of a CloudEvent must be. Just one of the three is there. */
export interface Match {
  readonly attribute: string;
  /** One of these values, just so. */
  readonly anyOf?: readonly string[] | undefined;
  readonly prefix?: string | undefined;
  /** True: it is there, with any value. False: it isn't. */
  readonly exists?: boolean | undefined;
}

/** All of them must hold. `type` and `source` are attributes like others here. */
export type Pattern = readonly Match[];

type Given = Omit<Match, "attribute">;

/** A pattern as spec has it. */
export interface PatternSpec {
  readonly type?: Given | undefined;
  readonly source?: Given | undefined;
  readonly attributes?: readonly Match[] | undefined;
}

/** The one form of a pattern that is compared: by attribute, values sorted and once each. */
export function canonicalPattern({ type, source, attributes = [] }: PatternSpec): Pattern {
  return canonical([
    ...attributes,
    ...(type ? [{ attribute: "type", ...type }] : []),
    ...(source ? [{ attribute: "source", ...source }] : []),
  ]);
}

/** Matches in the order and the form that are compared. */
export function canonical(matches: Pattern): Pattern {
  return matches
    .map(({ attribute, anyOf, prefix, exists = true }): Match => {
      if (anyOf) return { attribute, anyOf: [...new Set(anyOf)].sort() };
      return prefix === undefined ? { attribute, exists } : { attribute, prefix };
    })
    .sort((a, b) => (a.attribute < b.attribute ? -1 : 1));
}

/** The same pattern as spec writes it. */
export function patternSpec(pattern: Pattern): PatternSpec {
  const of = (attribute: string): { [field: string]: Given } => {
    const { attribute: _name, ...given } = pattern.find((match) => match.attribute === attribute) ?? { attribute };
    return Object.keys(given).length > 0 ? { [attribute]: given } : {};
  };
  const attributes = pattern.filter(({ attribute }) => attribute !== "type" && attribute !== "source");
  return { ...of("type"), ...of("source"), ...(attributes.length > 0 && { attributes }) };
}

/** Whether an event with these context attributes is handed on. */
export const matches = (pattern: Pattern, attributes: Readonly<Record<string, string>>): boolean =>
  pattern.every(({ attribute, anyOf, prefix, exists }) => {
    const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
    if (exists === false) return value === undefined;
    if (value === undefined) return false;
    if (anyOf) return anyOf.includes(value);
    return prefix === undefined || value.startsWith(prefix);
  });

/** Attributes that are matched elsewhere, that a cloud has no text of, or that aren't attributes. */
const OTHERWISE = ["type", "source", "id", "time", "specversion", "data", "datacontenttype", "dataschema"];
/** Words that CEL keeps for itself: `message.in` is no expression. */
const CEL_WORDS =
  "as break const continue else false for function if import in let loop namespace null package return true var void while".split(
    " ",
  );
const REFUSED = [...OTHERWISE, ...CEL_WORDS];

const ATTRIBUTE =
  "attribute is subject or the name of an extension: a-z and 0-9, beginning with a letter, at most 20 of them";
const NOT_THIS = `attribute can't be ${OTHERWISE.join(", ")} (type and source have fields of their own), or a word of CEL such as in, as and for`;
const VALUE = 'must be text without ", \\ and control characters: both clouds write it in the same way then';

const value = () => formed(/^[^"\\\p{Cc}]+$/u, limit.patternValue.portable.max, VALUE);
const anyOf = () =>
  set(value(), limit.patternValues.portable.max).min(1).optional().describe("It is one of these, just so.");
const prefix = () => value().optional().describe("It begins with this.");

const notRefused: Rule = {
  rule: `!(self in [${REFUSED.map((word) => `'${word}'`).join(", ")}])`,
  message: NOT_THIS,
};

const attribute = () =>
  withRules(
    formed(/^[a-z][a-z0-9]*$/, 20, ATTRIBUTE).refine((name) => !REFUSED.includes(name), NOT_THIS),
    notRefused,
  );

const one = () => withRules(z.strictObject({ anyOf: anyOf(), prefix: prefix() }), exactlyOne("anyOf", "prefix"));

const match = () =>
  withRules(
    z.strictObject({
      attribute: attribute().describe("Name of the attribute. Its value counts as text: send it as text."),
      anyOf: anyOf(),
      prefix: prefix(),
      exists: z.boolean().optional().describe("True: it is there, whatever its value. False: it isn't there."),
    }),
    exactlyOne("anyOf", "prefix", "exists"),
  );

/** The field `pattern` of an EventRule. */
export const pattern = () =>
  withRules(
    z.strictObject({
      type: one().optional().describe("The event's type, such as `com.example.order.placed`."),
      source: one().optional().describe("The event's source, such as `/orders`."),
      attributes: mapList(match(), limit.patternAttributes.portable.max, "attribute")
        .min(1)
        .optional()
        .describe("Its other context attributes: the subject, and extensions. What is in its data can't be matched."),
    }),
    atLeastOne("type", "source", "attributes"),
  );
