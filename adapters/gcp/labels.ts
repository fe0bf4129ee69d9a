import type { Tags } from "../../operator/provider/owner.ts";

export type Labels = Readonly<Record<string, string>>;

/** The labels with ours set and those taken off that were ours; what others put there stays. */
export function mergeLabels(found: Labels, tags: Tags): Record<string, string> {
  const merged: Record<string, string> = { ...found };
  for (const [key, value] of Object.entries(tags)) {
    if (value === null) delete merged[key];
    else merged[key] = value;
  }
  return merged;
}

export const sameLabels = (a: Labels, b: Labels): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((key) => a[key] === b[key]);
