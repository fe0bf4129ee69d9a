import { shortHash } from "./owner.ts";

/**
 * The name of an object in the cloud: `<prefix>-<namespace>-<name>-<hash6>`, the same on both clouds, so that a crash
 * between create and status finds its own work again. The hash is over the parts, so `a-b`/`c` and `a`/`b-c` differ.
 * Lower-case letters, digits and `-` only; starts with a letter. Where it is longer than `max` (at least 8) the readable
 * part is cut, never the hash. A `variant` gives the same object another name, with another hash: for a second one that
 * takes the place of the first. With an `ending` it is `…-<hash6>-<ending>`.
 */
export function cloudName(
  parts: { prefix: string; namespace: string; name: string; variant?: string | undefined },
  max: number,
  ending?: string,
): string {
  const variant = parts.variant === undefined ? "" : `/${parts.variant}`;
  const hash = shortHash(`${parts.prefix}/${parts.namespace}/${parts.name}${variant}`, 6);
  const readable = [parts.prefix, parts.namespace, parts.name]
    .filter(Boolean)
    .join("-")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "");
  const tail = ending === undefined ? hash : `${hash}-${ending}`;
  const head = readable.slice(0, max - tail.length - 1).replace(/-+$/, "");
  return `${head || "x"}-${tail}`;
}
