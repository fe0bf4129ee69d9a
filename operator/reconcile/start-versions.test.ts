import { describe, expect, it } from "vitest";
import type { Client } from "../runtime/client.ts";
import { createLog } from "../runtime/log.ts";
import type { ResourceType } from "../runtime/resource.ts";
import { createStartVersions } from "./start-versions.ts";

const THING: ResourceType = { group: "test", version: "v1", plural: "things", kind: "Thing", namespaced: true };

/** An API server that stands at one of these after the other; an Error is thrown. */
function started(...stands: readonly (string | Error)[]) {
  const asked: unknown[] = [];
  const pages: Client["pages"] = async function* (type, options) {
    asked.push([type.kind, options?.namespace, options?.limit, options?.resourceVersion]);
    const stand = stands[asked.length - 1];
    if (stand === undefined || stand instanceof Error) throw stand ?? new Error("It was asked too often.");
    yield { items: [], resourceVersion: stand };
  };
  const log = createLog({ level: "silent" });
  const signal = new AbortController().signal;
  return { asked, start: createStartVersions({ client: { pages }, types: [THING], namespace: "team", signal, log }) };
}

describe("where the API server stood when this process began to lead", () => {
  it("is asked once a kind, of a quorum, for as little as can be", async () => {
    const { asked, start } = started("100");
    start.begin();
    await Promise.all(["1", "2", "3"].map((version) => start.isSince("Thing", version)));
    expect(asked).toEqual([["Thing", "team", 1, undefined]]);
  });

  it.each([
    ["99", false],
    ["100", true],
    ["101", true],
    ["1000", true],
    ["9", false],
    ["", false],
    ["of an aggregated server", false],
  ])("is 100: what was written at %j is since then: %s", async (version, since) => {
    expect(await started("100").start.isSince("Thing", version)).toBe(since);
  });

  it("is asked again where there was no answer, and until then nothing is since", async () => {
    const { start } = started(new Error("away"), "100");
    expect(await start.isSince("Thing", "200")).toBe(false);
    expect(await start.isSince("Thing", "200")).toBe(true);
  });

  it("is nothing that is known of a kind which is none", async () => {
    expect(await started().start.isSince("Other", "1")).toBe(false);
  });

  it("can't be compared with where the server says nothing that can", async () => {
    expect(await started("opaque").start.isSince("Thing", "100")).toBe(false);
    expect(await started("opaque").start.isSince("Thing", "opaque")).toBe(true);
  });
});
