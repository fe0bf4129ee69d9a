/** Which messages of a Topic a Queue gets: the part of both clouds' filters that means the same on both. */
import { z } from "zod";
import { limits } from "./limits.ts";
import { exactlyOne, type Rule, withRules } from "./rules.ts";
import { formed, mapList, set } from "./text.ts";

const limit = limits.queue;

/** What one attribute of a message must be. Just one of the three is there. */
export interface Condition {
  readonly attribute: string;
  /** One of these values, just so. */
  readonly anyOf?: readonly string[] | undefined;
  readonly prefix?: string | undefined;
  /** It is there, with any value. */
  readonly exists?: boolean | undefined;
}

/** All conditions must hold; without one, every message passes. */
export type Filter = readonly Condition[];

/** The one form of a filter that is compared: by attribute, values sorted and once each. */
export function canonicalFilter(filter: Filter): Filter {
  return filter
    .map(({ attribute, anyOf, prefix }): Condition => {
      if (anyOf) return { attribute, anyOf: [...new Set(anyOf)].sort() };
      return prefix === undefined ? { attribute, exists: true } : { attribute, prefix };
    })
    .sort((a, b) => (a.attribute < b.attribute ? -1 : 1));
}

/** Whether a message with these attributes passes. An attribute without a value counts as absent: SNS takes none. */
export const passes = (filter: Filter, attributes: Readonly<Record<string, string>>): boolean =>
  filter.every(({ attribute, anyOf, prefix }) => {
    const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
    if (!value) return false;
    if (anyOf) return anyOf.includes(value);
    return prefix === undefined || value.startsWith(prefix);
  });

/** The filter in the language of Pub/Sub, whose length is limited on every cloud so that it is the same everywhere. */
export const pubSubFilter = (filter: Filter): string => filter.map(pubSubTerm).join(" AND ");

function pubSubTerm({ attribute, anyOf, prefix }: Condition): string {
  if (anyOf) {
    const options = anyOf.map((value) => `attributes."${attribute}" = "${value}"`);
    return options.length === 1 ? (options[0] ?? "") : `(${options.join(" OR ")})`;
  }
  return prefix === undefined ? `attributes:"${attribute}"` : `hasPrefix(attributes."${attribute}", "${prefix}")`;
}

/** The same length, counted in CEL over `self`, a list of conditions: see pubSubTerm. */
const BYTES = `self.map(c, has(c.anyOf)
  ? c.anyOf.map(v, size(bytes(v)) + size(c.attribute) + 18).sum() + (size(c.anyOf) > 1 ? 4 * size(c.anyOf) - 2 : 0)
  : (has(c.prefix) ? size(bytes(c.prefix)) + size(c.attribute) + 28 : size(c.attribute) + 13)).sum() + 5 * (size(self) - 1)`
  .replace(/\s+/g, " ")
  .trim();

export const FILTER_TOO_LONG = `the filter has at most ${limit.filterBytes.portable.max} bytes in the language of Pub/Sub, which needs some 20 to 40 for each value: use fewer or shorter values, or a prefix`;

export const ATTRIBUTE =
  "attribute is made of letters, digits, '_', '-' and single '.' in between, and does not begin with aws., amazon. or goog";
const RESERVED = ["aws.", "amazon.", "goog"] as const;
export const FILTER_VALUE =
  'must be text without ", \\ and control characters, which the two clouds write in different ways';
const EXISTS = "exists can only be true: SNS takes a message without any attributes for one that has this attribute";

const value = () => formed(/^[^"\\\p{Cc}]+$/u, 200, FILTER_VALUE);

const notReserved: Rule = {
  rule: RESERVED.map((start) => `!self.lowerAscii().startsWith('${start}')`).join(" && "),
  message: ATTRIBUTE,
};

const attribute = () =>
  withRules(
    formed(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 100, ATTRIBUTE).refine(
      (name) => !RESERVED.some((start) => name.toLowerCase().startsWith(start)),
      ATTRIBUTE,
    ),
    notReserved,
  );

const condition = () =>
  withRules(
    z
      .strictObject({
        attribute: attribute().describe("Name of an attribute of messages. Upper and lower case count."),
        anyOf: set(value(), 10).min(1).optional().describe("It has one of these values."),
        prefix: value().optional().describe("Its value begins with this."),
        exists: z
          .boolean()
          .refine((given) => given, EXISTS)
          .optional()
          .describe("True: it is there, whatever its value."),
      })
      .refine(
        ({ anyOf, prefix, exists }) => [anyOf, prefix, exists].filter((one) => one !== undefined).length === 1,
        "give exactly one of anyOf, prefix, exists",
      ),
    exactlyOne("anyOf", "prefix", "exists"),
    { rule: "!has(self.exists) || self.exists", message: EXISTS, fieldPath: ".exists" },
  );

/** Conditions of which all must hold. */
export const filter = () =>
  withRules(
    mapList(condition(), limit.filterKeys.portable.max, "attribute")
      .min(1)
      .refine((given) => Buffer.byteLength(pubSubFilter(given)) <= limit.filterBytes.portable.max, FILTER_TOO_LONG),
    { rule: `${BYTES} <= ${limit.filterBytes.portable.max}`, message: FILTER_TOO_LONG },
  );
