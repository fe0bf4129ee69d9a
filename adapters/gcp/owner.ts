import { isMark, isReleased, type Owner, sameObject, type Tags, tagValue } from "../../operator/provider/owner.ts";

/** True when what carries `found` may be finished by a create of `me`: the same object in the same cluster, or let go. */
export function mayTake(found: Owner | undefined, me: Owner): boolean {
  if (!found || !sameObject(found, me)) return false;
  return isReleased(found) || tagValue(found.cluster) === tagValue(me.cluster);
}

/** Only our marks of these tags. */
export const marksOf = (tags: Tags): Tags => Object.fromEntries(Object.entries(tags).filter(([key]) => isMark(key)));

/** Tags that take these keys off. */
export const without = (keys: readonly string[]): Tags => Object.fromEntries(keys.map((key) => [key, null]));
