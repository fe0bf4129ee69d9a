/** Paging (AIP-158). A token says after which item the next page starts and for which request it is good. */
import { invalid } from "./errors.ts";
import type { Message } from "./messages.ts";

const DEFAULT = 100;
const MAXIMUM = 1000;

export interface Page<T> {
  readonly items: readonly T[];
  /** "" on the last page. */
  readonly nextPageToken: string;
}

interface Token {
  readonly request: string;
  readonly after: string;
}

function readToken(token: string, request: string): string {
  try {
    const read = JSON.parse(Buffer.from(token, "base64url").toString()) as Token;
    if (read.request === request && typeof read.after === "string") return read.after;
  } catch {
    // What can't be read was not issued here: the refusal below covers it.
  }
  throw invalid("The page token is invalid for this request: pass the token of the previous page unchanged.");
}

/**
 * One page of `all`, which is sorted by `key`. By key and not by number, so that what is created or deleted between
 * two pages shifts nothing.
 * @param request the list request, with pageSize and pageToken
 */
export function page<T>(all: readonly T[], key: (item: T) => string, request: Message): Page<T> {
  const { pageSize, pageToken, ...rest } = request;
  const size = Number(pageSize ?? 0);
  if (size < 0) throw invalid("page_size must not be negative.", "page_size");
  const identity = JSON.stringify(rest);
  const after = typeof pageToken === "string" && pageToken !== "" ? readToken(pageToken, identity) : undefined;
  const remaining = after === undefined ? all : all.filter((item) => key(item) > after);
  const items = remaining.slice(0, Math.min(size === 0 ? DEFAULT : size, MAXIMUM));
  const last = items.at(-1);
  if (last === undefined || items.length === remaining.length) return { items, nextPageToken: "" };
  const token: Token = { request: identity, after: key(last) };
  return { items, nextPageToken: Buffer.from(JSON.stringify(token)).toString("base64url") };
}
