import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamError } from "./errors.ts";
import { judge } from "./reflector-policy.ts";
import { decodeWatchEvent } from "./watch-event.ts";

const object = { apiVersion: "v1", kind: "Thing", metadata: { name: "a", uid: "u", resourceVersion: "7" } };

describe("a line of a watch", () => {
  it.each([
    ["ADDED", { type: "added", object }],
    ["MODIFIED", { type: "modified", object }],
    ["DELETED", { type: "deleted", object }],
    ["BOOKMARK", { type: "bookmark", resourceVersion: "7", endsInitialEvents: false }],
  ])("%s is understood", (type, expected) => {
    expect(decodeWatchEvent("WATCH /x", { type, object })).toEqual(expected);
  });

  it("that ends the initial events says so", () => {
    const annotations = { "k8s.io/initial-events-end": "true" };
    const event = decodeWatchEvent("WATCH /x", {
      type: "BOOKMARK",
      object: { metadata: { resourceVersion: "7", annotations } },
    });
    expect(event).toMatchObject({ type: "bookmark", endsInitialEvents: true });
  });

  it.each([
    ["nothing", undefined],
    ["a number", 1],
    ["an unknown type", { type: "RENAMED", object }],
    ["a type that every object has", { type: "toString", object }],
    ["no object", { type: "ADDED" }],
    ["no name", { type: "ADDED", object: { metadata: { resourceVersion: "7" } } }],
    ["no resource version", { type: "MODIFIED", object: { metadata: { name: "a" } } }],
    ["a namespace that is a list", { type: "ADDED", object: { metadata: { ...object.metadata, namespace: [["a"]] } } }],
    ["a uid that is a number", { type: "ADDED", object: { metadata: { ...object.metadata, uid: 7 } } }],
    ["annotations that are a text", { type: "ADDED", object: { metadata: { ...object.metadata, annotations: "a" } } }],
    ["a bookmark without a position", { type: "BOOKMARK", object: {} }],
  ])("with %s is refused", (_, value) => {
    expect(() => decodeWatchEvent("WATCH /x", value)).toThrow(StreamError);
  });

  it("of any content leads to an event, a report or a refusal, and to a wait that is a number", () => {
    const text = fc.oneof(fc.constantFrom("ADDED", "BOOKMARK", "ERROR", "__proto__"), fc.string());
    const shaped = fc.record({
      type: text,
      object: fc.object({
        key: fc.constantFrom(
          "metadata",
          "code",
          "details",
          "retryAfterSeconds",
          "name",
          "resourceVersion",
          "__proto__",
        ),
        maxDepth: 3,
      }),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), shaped), (value) => {
        try {
          const event = decodeWatchEvent("WATCH /x", value);
          if (event.type !== "error") return;
          const verdict = judge("watch", event.error, { failures: 1, expirations: 1 }, () => 0.5);
          expect(verdict.delayMs).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(StreamError);
        }
        expect(({} as Record<string, unknown>).name).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });
});
