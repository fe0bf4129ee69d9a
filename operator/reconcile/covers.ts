import { identities } from "./list-keys.ts";
import { isQuantity, quantityValue } from "./quantity.ts";

/**
 * The path of the first field that `desired` names and `live` has not or has otherwise, or undefined when `live` covers
 * `desired`. What `live` has besides is no difference: the API server's defaults, and what others own.
 */
export function firstDifference(desired: unknown, live: unknown): string | undefined {
  return differs(desired, live, "", undefined, "");
}

function differs(
  desired: unknown,
  live: unknown,
  path: string,
  parent: string | undefined,
  key: string,
): string | undefined {
  if (Array.isArray(desired)) return Array.isArray(live) ? listDiffers(desired, live, path, key) : path;
  if (isRecord(desired)) return isRecord(live) ? recordDiffers(desired, live, path, key) : path;
  if (Object.is(desired, live)) return undefined;
  return isQuantity(parent, key) && sameQuantity(desired, live) ? undefined : path;
}

function recordDiffers(
  desired: Record<string, unknown>,
  live: Record<string, unknown>,
  path: string,
  parent: string,
): string | undefined {
  for (const [key, value] of Object.entries(desired)) {
    if (value === undefined) continue;
    const found = differs(
      value,
      Object.hasOwn(live, key) ? live[key] : undefined,
      path ? `${path}.${key}` : key,
      parent,
      key,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function listDiffers(
  desired: readonly unknown[],
  live: readonly unknown[],
  path: string,
  key: string,
): string | undefined {
  const wanted = identities(key, desired);
  const found = wanted && identities(key, live);
  if (!wanted || !found) {
    if (desired.length !== live.length) return path;
    return first(desired, (item, at) => differs(item, live[at], `${path}[${at}]`, undefined, ""));
  }
  return first(desired, (item, at) => {
    const name = wanted[at] as string;
    return differs(item, live[found.indexOf(name)], `${path}[${name}]`, undefined, "");
  });
}

function first<T>(items: readonly T[], look: (item: T, at: number) => string | undefined): string | undefined {
  for (const [at, item] of items.entries()) {
    const found = look(item, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function sameQuantity(a: unknown, b: unknown): boolean {
  const [x, y] = [a, b].map((one) =>
    typeof one === "string" || typeof one === "number" ? quantityValue(one) : undefined,
  );
  return x !== undefined && x === y;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
