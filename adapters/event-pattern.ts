/** A pattern in the language of EventBridge, whose length counts on both clouds so that the same ones are taken. Pure. */
import { canonical, type Match, type Pattern } from "../crds/pattern.ts";
import { jsonIn } from "../operator/provider/json.ts";

/** An event that a program put as CloudEvent into `Detail`, and nothing else. */
const CLOUD_EVENT = { specversion: ["1.0"] };

type Term = string | { readonly prefix: string } | { readonly exists: boolean };

/** JSON text of an EventPattern. */
export const eventPattern = (pattern: Pattern): string =>
  JSON.stringify({
    detail: { ...CLOUD_EVENT, ...Object.fromEntries(pattern.map((match) => [match.attribute, termsOf(match)])) },
  });

function termsOf({ anyOf, prefix, exists = true }: Match): readonly Term[] {
  if (anyOf) return anyOf;
  return [prefix === undefined ? { exists } : { prefix }];
}

/** The pattern that an EventPattern of ours stands for; undefined: it isn't one that spec can ask for. */
export function readEventPattern(text: string): Pattern | undefined {
  const parsed = jsonIn(text) as { detail?: Readonly<Record<string, unknown>> } | undefined;
  if (typeof parsed?.detail !== "object" || parsed.detail === null || Object.keys(parsed).length !== 1)
    return undefined;
  const { specversion, ...fields } = parsed.detail;
  if (JSON.stringify(specversion) !== JSON.stringify(CLOUD_EVENT.specversion)) return undefined;
  const read = Object.entries(fields).map(([attribute, terms]) => readTerms(attribute, terms));
  const known = read.filter((match) => match !== undefined);
  return known.length === read.length && known.length > 0 ? canonical(known) : undefined;
}

function readTerms(attribute: string, terms: unknown): Match | undefined {
  if (!Array.isArray(terms) || terms.length === 0) return undefined;
  if (terms.every((term) => typeof term === "string")) return { attribute, anyOf: terms };
  const [term, ...more] = terms as readonly Readonly<Record<string, unknown>>[];
  if (more.length > 0 || typeof term !== "object" || term === null || Object.keys(term).length !== 1) return undefined;
  if (typeof term.prefix === "string") return { attribute, prefix: term.prefix };
  return typeof term.exists === "boolean" ? { attribute, exists: term.exists } : undefined;
}
