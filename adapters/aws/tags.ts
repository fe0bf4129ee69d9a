import { ProviderError } from "../../operator/provider/fault.ts";
import { type Owner, ownerOf, ownerTags, sameObject, type Tags } from "../../operator/provider/owner.ts";

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

/**
 * Whose that is that a create was answered with: some services answer one that was there before as if they had made it.
 * @param answered the service said that it made it, with our marks
 * @param what for people, such as `SQS queue orders`
 * @throws ProviderError conflict: somebody else's; transient: it shows no tags at all, as what was just made may for a while
 */
export function ownerOfMade(
  tags: Readonly<Record<string, string>>,
  owner: Owner,
  { answered, what, code }: { readonly answered: boolean; readonly what: string; readonly code: string },
): Owner {
  const found = ownerOf(tags);
  if (found && sameObject(found, owner)) return found;
  if (answered && Object.keys(tags).length === 0)
    throw new ProviderError("transient", `${what} does not show its tags yet`, { code: "TagsNotShown" });
  throw new ProviderError("conflict", `${what} exists and does not carry our marks`, { code });
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
