import { limits as generated } from "./generated/limits.ts";

/** What one cloud allows for one field, in its own words, with the page that says so. */
export interface CloudLimit {
  /** The cloud's name for the field. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** What the cloud takes when nothing is said. */
  readonly default?: number;
  /** False: general knowledge, not read from the source at that date. */
  readonly verified: boolean;
  readonly source: string;
  /** When the source was read, `YYYY-MM-DD`. */
  readonly checked: string;
}

/** The range of one field, per cloud and in common. An absent cloud has no such thing. */
export interface Limit {
  readonly unit: "seconds" | "bytes" | "count" | "characters" | "days";
  readonly aws?: CloudLimit;
  readonly gcp?: CloudLimit;
  /** Where both clouds do the same; `default` is ours. */
  readonly portable: { readonly min: number; readonly max: number; readonly default?: number };
  readonly note?: string;
}

/** The clouds' limits by file of `crds/limits` and field: data with a source and a date. */
export const limits = generated satisfies Readonly<Record<string, Readonly<Record<string, Limit>>>>;

/** The widest range that any cloud takes: what `portability: Warn` allows. */
export function widest(limit: Limit): { min: number; max: number } {
  const ranges = [limit.aws, limit.gcp, limit.portable].filter((range) => range !== undefined);
  return { min: Math.min(...ranges.map((range) => range.min)), max: Math.max(...ranges.map((range) => range.max)) };
}
