/** Pages of the JSON API. A token says after which item the next page starts, so nothing shifts in between. */
import { bad } from "./refusals.ts";

const MAXIMUM = 1000;

/** @param all sorted by `key`, by UTF-8 bytes */
export function pageOf<T>(
  all: readonly T[],
  key: (item: T) => string,
  query: URLSearchParams,
): { readonly items: readonly T[]; readonly nextPageToken?: string } {
  const asked = query.get("maxResults") ?? String(MAXIMUM);
  if (!/^[1-9]\d*$/.test(asked)) throw bad(`Invalid value for maxResults: "${asked}".`);
  const token = query.get("pageToken");
  const after = token === null || token === "" ? undefined : Buffer.from(token, "base64url").toString();
  const rest = after === undefined ? all : all.filter((item) => compare(key(item), after) > 0);
  const items = rest.slice(0, Math.min(Number(asked), MAXIMUM));
  const last = items.at(-1);
  if (last === undefined || items.length === rest.length) return { items };
  return { items, nextPageToken: Buffer.from(key(last)).toString("base64url") };
}

/** The order of Cloud Storage: by UTF-8 bytes. */
export const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
