import { z } from "zod";
import type { Rule } from "./rules.ts";
import { withRules } from "./rules.ts";

/** Keys that mean something else to JavaScript: refused in every map, so that no code has to think of them. */
const TRAPS = ["__proto__", "constructor", "prototype"] as const;

/** Text of at least one character. */
export const text = (maxLength: number) => z.string().min(1).max(maxLength);

/** Text of a form that has a name: the error says what the form is, not how the pattern reads. */
export function formed(pattern: RegExp, maxLength: number, what: string) {
  return withRules(
    z
      .string()
      .max(maxLength)
      .refine((value) => pattern.test(value), what),
    { rule: `self.matches('${celPattern(pattern)}')`, message: what },
  );
}

/** A map whose keys have a form. `what` tells it, such as `keys are names of environment variables`. */
export function map<Value extends z.ZodType>(
  value: Value,
  options: { key: RegExp; what: string; maxProperties: number },
) {
  const trap = TRAPS.map((key) => `key != '${key}'`).join(" && ");
  const rule: Rule = {
    rule: `self.all(key, key.matches('${celPattern(options.key)}') && ${trap})`,
    message: `${options.what}; ${TRAPS.join(", ")} can't be used`,
  };
  const key = z
    .string()
    .refine((name) => options.key.test(name) && !TRAPS.some((forbidden) => forbidden === name), rule.message);
  return withRules(z.record(key, value).meta({ maxProperties: options.maxProperties }), rule);
}

/** A list whose order means something, or whose items have no identity: replaced as a whole. */
export const list = <Item extends z.ZodType>(item: Item, maxItems: number) =>
  z.array(item).max(maxItems).meta({ "x-kubernetes-list-type": "atomic" });

/** A list of scalars without doubles. */
export const set = <Item extends z.ZodType>(item: Item, maxItems: number) =>
  z
    .array(item)
    .max(maxItems)
    .refine((items) => allDiffer(items), "the same item stands here twice")
    .meta({ "x-kubernetes-list-type": "set" });

/** A list of objects that these fields identify: each item can have another owner. */
export const mapList = <Item extends z.ZodType>(item: Item, maxItems: number, ...keys: readonly string[]) =>
  z
    .array(item)
    .max(maxItems)
    .refine(
      (items) => allDiffer(items.map((one) => keys.map((key) => (one as Record<string, unknown>)[key]))),
      `two items have the same ${keys.join(", ")}`,
    )
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys });

const allDiffer = (items: readonly unknown[]) =>
  new Set(items.map((item) => JSON.stringify(item))).size === items.length;

/** The name of an object of Kubernetes in the same or another namespace. */
export const objectName = () =>
  formed(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
    253,
    "must be the name of an object: a-z, 0-9, '-' and '.', beginning and ending with a letter or digit",
  );

/** The name of a namespace or of an object that is a DNS label. */
export const label = () =>
  formed(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    63,
    "must be a name of at most 63 characters of a-z, 0-9 and '-', beginning and ending with a letter or digit",
  );

/** A regular expression as the text of a CEL string in single quotes. */
const celPattern = (pattern: RegExp): string => pattern.source.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
