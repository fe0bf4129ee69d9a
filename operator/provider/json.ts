import type { Neutral } from "./provider.ts";

/** The value of a text in JSON; undefined: it is none. */
export function jsonIn(text: string): Neutral {
  try {
    return JSON.parse(text) as Neutral;
  } catch {
    return undefined;
  }
}
