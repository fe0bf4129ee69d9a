import { shortHash } from "../../provider/owner.ts";

interface Resource {
  readonly kind: string;
  readonly externalName: string;
  /** The object that holds it already. */
  readonly held?: { readonly namespace: string; readonly name: string } | undefined;
}

/** Where an object is. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

const LONGEST = 63;

/**
 * Namespace and name of an object for each resource, in order: those that hold it already, else a name made of the one
 * in the cloud. No two of a kind are the same, and the same resources give the same names again.
 */
export function objectNames(resources: readonly Resource[], namespace: string): readonly Place[] {
  const places = resources.map(({ held, externalName }): Place => held ?? { namespace, name: label(externalName) });
  const keyOf = (at: number) => `${resources[at]?.kind}/${places[at]?.namespace}/${places[at]?.name}`;
  const count = new Map<string, number>();
  for (const at of places.keys()) count.set(keyOf(at), (count.get(keyOf(at)) ?? 0) + 1);
  return places.map((place, at) => {
    const { held, externalName } = resources[at] as Resource;
    if (held || count.get(keyOf(at)) === 1) return place;
    return { namespace, name: `${place.name.slice(0, LONGEST - 7)}-${shortHash(externalName, 6)}` };
  });
}

/** A DNS label (RFC 1123) that begins with a letter, as near to the name as can be. */
function label(name: string): string {
  const clean = name
    .toLowerCase()
    .replace(/\.fifo$/, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, LONGEST)
    .replace(/-+$/, "");
  return clean || `x-${shortHash(name, 6)}`;
}
