import { type Owner, ownerTags, type Tags } from "../../operator/provider/owner.ts";

/** Tags as most AWS services write them. */
export interface AwsTag {
  readonly Key: string;
  readonly Value: string;
}

/** What is written at creation: the wanted tags and our marks. */
export function tagsToCreate(want: Tags, owner: Owner): Record<string, string> {
  return { ...present(want), ...ownerTags(owner) };
}

/** What a living resource needs: keys to set and keys to take off. What others tagged is in neither. */
export function tagChanges(
  seen: Tags | undefined,
  want: Tags,
  owner: Owner,
): { readonly set: Record<string, string>; readonly remove: string[] } {
  const set = Object.entries(tagsToCreate(want, owner)).filter(([key, value]) => seen?.[key] !== value);
  const remove = Object.keys(want).filter((key) => want[key] === null && (seen === undefined || key in seen));
  return { set: Object.fromEntries(set), remove };
}

/** Live tags as Want has them, without those that AWS itself sets. */
export function tagsOf(tags: Readonly<Record<string, string>> | readonly AwsTag[] | undefined): Record<string, string> {
  const entries = Array.isArray(tags)
    ? tags.map((tag: AwsTag): [string, string] => [tag.Key, tag.Value])
    : Object.entries(tags ?? {});
  return Object.fromEntries(entries.filter(([key]) => !key.startsWith("aws:")));
}

export const tagList = (tags: Readonly<Record<string, string>>): AwsTag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const present = (tags: Tags): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null));
