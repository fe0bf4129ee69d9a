import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ANNOTATIONS, isPaused, type KubeObject, mergePatch, pollInterval } from "./object.ts";
import { applyPatch } from "./testing/one-object.ts";

const keys = fc.oneof(
  fc.constantFrom("a", "b", "c", "__proto__", "constructor", "toString"),
  fc.string({ maxLength: 3 }),
);
/** JSON as it stands in a status: no null but in lists, where a merge patch keeps it. */
const { record } = fc.letrec<{ value: unknown; record: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ maxLength: 4 }),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.constantFrom(1, null, "x", { n: null })),
    tie("record"),
  ),
  record: fc.dictionary(keys, tie("value"), { maxKeys: 5, noNullPrototype: true }),
}));
const sent = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

describe("mergePatch", () => {
  it("turns from into to, as it is sent", () => {
    fc.assert(
      fc.property(record, record, (from, to) => {
        const patch = sent(mergePatch(from, to));
        expect(patch === undefined ? from : applyPatch(from, patch)).toEqual(to);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is undefined where nothing is to be done, and only there", () => {
    fc.assert(
      fc.property(record, record, (from, to) => {
        expect(mergePatch(from, sent(from))).toBeUndefined();
        if (JSON.stringify(from) !== JSON.stringify(to) && mergePatch(from, to) === undefined) expect(from).toEqual(to);
      }),
    );
  });

  it("sends only what differs", () => {
    expect(mergePatch({ a: 1, b: { c: 1, d: 2 }, e: [1] }, { a: 1, b: { c: 1, d: 3 }, f: "x" })).toEqual({
      b: { d: 3 },
      e: null,
      f: "x",
    });
  });

  it("takes undefined and null for absent, so that nothing is patched for ever", () => {
    expect(mergePatch({}, { a: undefined, b: null })).toBeUndefined();
    expect(mergePatch({ b: 1 }, { b: null })).toEqual({ b: null });
  });
});

const withAnnotation = (name: string, value: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name: "x", annotations: { [name]: value } },
});

describe("annotations", () => {
  it.each([
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["2h", 7_200_000],
    ["1s", 30_000],
    ["9999999999h", 86_400_000],
    ["soon", 600_000],
    ["-5m", 600_000],
    ["", 600_000],
  ])("poll interval %s", (text, ms) => {
    expect(pollInterval(withAnnotation(ANNOTATIONS.pollInterval, text), 600_000)).toBe(ms);
  });

  it('pauses on "true" alone', () => {
    expect(["true", "True", "yes", ""].map((text) => isPaused(withAnnotation(ANNOTATIONS.paused, text)))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
