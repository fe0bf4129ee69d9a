import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical, matches } from "../crds/pattern.ts";
import { eventPattern, readEventPattern } from "./event-pattern.ts";
import { anEvent, aPattern } from "./testing/events.ts";

type Node = { readonly [field: string]: Node | readonly unknown[] };

/** What EventBridge documents of the operators that are used: a list means any of it, fields mean all of them. */
function bridges(pattern: Node, event: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    const value = event[field];
    if (!Array.isArray(wanted))
      return typeof value === "object" && value !== null && bridges(wanted as Node, value as Record<string, unknown>);
    return wanted.some((term) => {
      if (typeof term !== "object") return value === term;
      const { prefix, exists } = term as { prefix?: string; exists?: boolean };
      if (exists !== undefined) return exists === Object.hasOwn(event, field);
      return typeof value === "string" && value.startsWith(prefix ?? "");
    });
  });
}

describe("a pattern in the language of EventBridge", () => {
  it("matches what the pattern matches", () => {
    fc.assert(
      fc.property(aPattern, anEvent, (pattern, event) => {
        expect(bridges(JSON.parse(eventPattern(pattern)), { detail: event })).toBe(matches(pattern, event));
      }),
    );
  });

  it("matches nothing that isn't a CloudEvent", () => {
    const pattern = [{ attribute: "type", anyOf: ["a"] }];
    expect(bridges(JSON.parse(eventPattern(pattern)), { detail: { type: "a" } })).toBe(false);
  });

  it("is read back as it was", () => {
    fc.assert(
      fc.property(aPattern, (pattern) => {
        expect(readEventPattern(eventPattern(pattern))).toEqual(canonical(pattern));
      }),
    );
  });

  it.each([
    "",
    "null",
    "{}",
    '{"detail":{"type":["a"]}}',
    '{"detail":{"specversion":["1.0"]}}',
    '{"detail":{"specversion":["1.0"],"type":["a",{"prefix":"b"}]}}',
    '{"detail":{"specversion":["1.0"],"type":[{"anything-but":"b"}]}}',
    '{"detail":{"specversion":["1.0"],"type":["a"]},"source":["x"]}',
  ])("does not take %s for one that spec can ask for", (text) => {
    expect(readEventPattern(text)).toBeUndefined();
  });
});
