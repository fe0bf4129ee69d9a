import { readFileSync } from "node:fs";
import type { Reply } from "./script-server.ts";

const cases = JSON.parse(readFileSync(new URL("../testdata/wire.json", import.meta.url), "utf8")) as Record<
  string,
  Reply
>;

/** An answer of AWS as it stands on the wire, with its source in testdata/wire.json. */
export function wire(name: string): Reply {
  const reply = cases[name];
  if (!reply) throw new Error(`testdata/wire.json has no case ${name}`);
  return reply;
}

/** A successful answer of the JSON protocol. */
export const json = (body: object): Reply => ({
  status: 200,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: JSON.stringify(body),
});
