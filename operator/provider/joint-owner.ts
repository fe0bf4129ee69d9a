import { type Owner, sameObject, tagValue } from "./owner.ts";

/**
 * The owner of a resource that is made of parts: who owns all of them. A part without an owner makes the whole unowned;
 * else the part that is furthest from `me` decides. Parts that aren't there are left out by the caller.
 */
export function jointOwner(owners: readonly (Owner | undefined)[], me: Owner): Owner | undefined {
  const known = owners.filter((owner) => owner !== undefined);
  if (known.length < owners.length) return undefined;
  return [...known].sort((a, b) => nearness(a, me) - nearness(b, me))[0];
}

function nearness(owner: Owner, me: Owner): number {
  if (!sameObject(owner, me)) return 0;
  if (tagValue(owner.cluster) !== tagValue(me.cluster)) return 1;
  return tagValue(owner.uid) !== tagValue(me.uid) ? 2 : 3;
}
