/** Filters as SNS writes them: a FilterPolicy on attributes of messages. Pure. */
import { type Condition, canonicalFilter, type Filter } from "../../crds/filter.ts";

/** What takes a filter away: SNS takes no empty text. */
export const NO_FILTER = "{}";

export const toFilterPolicy = (filter: Filter): string =>
  filter.length === 0
    ? NO_FILTER
    : JSON.stringify(Object.fromEntries(filter.map((one) => [one.attribute, rules(one)])));

function rules({ anyOf, prefix }: Condition): readonly unknown[] {
  if (anyOf) return anyOf;
  return [prefix === undefined ? { exists: true } : { prefix }];
}

/** The filter that a policy is; the text itself where spec can't ask for it. */
export function fromFilterPolicy(text: string | undefined): Filter | string {
  if (!text || text === NO_FILTER) return [];
  try {
    const policy: unknown = JSON.parse(text);
    if (typeof policy !== "object" || policy === null || Array.isArray(policy)) return text;
    const conditions = Object.entries(policy).map(([attribute, rule]) => condition(attribute, rule));
    return conditions.every((one) => one !== undefined) ? canonicalFilter(conditions) : text;
  } catch {
    return text;
  }
}

function condition(attribute: string, rule: unknown): Condition | undefined {
  if (!Array.isArray(rule) || rule.length === 0) return undefined;
  if (rule.every((value) => typeof value === "string")) return { attribute, anyOf: rule };
  const [only, ...others] = rule as readonly unknown[];
  if (others.length > 0 || typeof only !== "object" || only === null) return undefined;
  const [[operator, value] = [], ...more] = Object.entries(only);
  if (more.length > 0) return undefined;
  if (operator === "prefix" && typeof value === "string") return { attribute, prefix: value };
  return operator === "exists" && value === true ? { attribute, exists: true } : undefined;
}
