import { ProviderError } from "../../operator/provider/fault.ts";
import {
  isMark,
  isReleased,
  type Owner,
  ownerOf,
  sameObject,
  type Tags,
  tagValue,
} from "../../operator/provider/owner.ts";

/** True when what carries `found` may be finished by a create of `me`: the same object in the same cluster, or let go. */
export function mayTake(found: Owner | undefined, me: Owner): boolean {
  if (!found || !sameObject(found, me)) return false;
  return isReleased(found) || tagValue(found.cluster) === tagValue(me.cluster);
}

/** Only our marks of these tags. */
export const marksOf = (tags: Tags): Tags => Object.fromEntries(Object.entries(tags).filter(([key]) => isMark(key)));

/** Tags that take these keys off. */
export const without = (keys: readonly string[]): Tags => Object.fromEntries(keys.map((key) => [key, null]));

/** What a create found in its place must be ours: then a crash left it there. @throws ProviderError conflict */
export function refuseForeign(
  name: string,
  found: { readonly labels?: Readonly<Record<string, string>> | null | undefined } | undefined,
  me: Owner,
): void {
  if (!found) throw new ProviderError("transient", `${name} exists and can't be seen yet.`, { code: "ALREADY_EXISTS" });
  if (mayTake(ownerOf(found.labels ?? {}), me)) return;
  throw new ProviderError("conflict", `${name} exists and does not carry our marks. It was left alone.`, {
    code: "ALREADY_EXISTS",
  });
}
