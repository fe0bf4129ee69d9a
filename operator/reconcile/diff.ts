import { isMark, type Tags } from "../provider/owner.ts";
import type { Neutral, Wanted } from "../provider/provider.ts";

/** One field in which the cloud differs from what is wanted. Values are neutral, as in Want. */
export interface Change {
  readonly field: string;
  readonly want: unknown;
  readonly actual: unknown;
}

/**
 * The fields of `want` in which `actual` differs. A field that `actual` leaves out was not read and is not compared.
 * Of tags only the keys that we want or had set count: what others tag stays theirs.
 */
export function diff<Want extends Wanted>(want: Want, actual: Partial<Want>): readonly Change[] {
  const changes: Change[] = [];
  for (const field of Object.keys(want) as (keyof Want & string)[]) {
    const found = actual[field];
    if (found === undefined) continue;
    if (field === "tags") changes.push(...diffTags(want.tags, found as Tags));
    else if (!sameNeutral(want[field] as Neutral, found as Neutral))
      changes.push({ field, want: want[field], actual: found });
  }
  return changes;
}

function diffTags(want: Tags, actual: Tags): readonly Change[] {
  const value = (tags: Tags, key: string) => (Object.hasOwn(tags, key) ? (tags[key] ?? null) : null);
  const differs = Object.keys(want).filter((key) => value(want, key) !== value(actual, key));
  if (differs.length === 0) return [];
  const pick = (tags: Tags) => Object.fromEntries(differs.map((key) => [key, value(tags, key)]));
  return [{ field: "tags", want: pick(want), actual: pick(actual) }];
}

/** Equal as Neutral values: an undefined field is an absent one, and the order of fields does not matter. */
export function sameNeutral(a: Neutral, b: Neutral): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, i) => sameNeutral(one, b[i]));
  const [left, right] = [fieldsOf(a), fieldsOf(b)];
  return (
    left.size === right.size && [...left].every(([key, one]) => right.has(key) && sameNeutral(one, right.get(key)))
  );
}

const fieldsOf = (record: object): ReadonlyMap<string, Neutral> =>
  new Map(Object.entries(record).filter(([, value]) => value !== undefined));

/** The changes without our ownership marks: what a person wants to hear of. */
export function withoutMarks(changes: readonly Change[]): readonly Change[] {
  return changes.flatMap((change) => {
    if (change.field !== "tags") return [change];
    const [want, actual] = [change.want as Tags, change.actual as Tags];
    const keys = Object.keys(want).filter((key) => !isMark(key));
    const pick = (tags: Tags) => Object.fromEntries(keys.map((key) => [key, tags[key] ?? null]));
    return keys.length === 0 ? [] : [{ field: "tags", want: pick(want), actual: pick(actual) }];
  });
}

/** The change as a person reads it: `retentionSeconds: 60 → 345600`. Long values are cut. */
export function describe(change: Change): string {
  const show = (value: unknown) => {
    const text = JSON.stringify(value) ?? "nothing";
    return text.length > 60 ? `${text.slice(0, 57)}…` : text;
  };
  return `${change.field}: ${show(change.actual)} → ${show(change.want)}`;
}
