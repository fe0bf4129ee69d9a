import { RUN, type Scope } from "./machine.ts";
import { at, text } from "./queries.ts";

/** The id of the run in JSONata. */
export const RUN_ID = at(`$${RUN}`, "id");

/** The idempotency key of a task in JSONata: id of the run, path of the task, indices of the loops. */
export function keyOf(path: string, { indices }: Scope): string {
  return [RUN_ID, text(`/${path}`), ...indices.map((index) => `"/" & $string($${index})`)].join(" & ");
}

/** A text of 32 characters that stands for a key where its length or its characters won't do. */
export const digestOf = (key: string): string => `$substring($hash(${key},"SHA-256"),0,32)`;
