import fc from "fast-check";
import { expect, test } from "vitest";
import { dueOf, parseState, stateText, unfitValue, type ValueState } from "./kept-value.ts";

const state: ValueState = {
  value: { from: "Generated", revision: "32-Alphanumeric-1" },
  version: "3",
  since: 1_000_000,
  rotation: { everySeconds: 7200, overlapSeconds: 600 },
  recoveryDays: 30,
};

test("what is written is read again, and fits the tag of a cloud", () => {
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
  const any: fc.Arbitrary<ValueState> = fc.record({
    value: fc.record({
      from: fc.constantFrom("Secret" as const, "Generated" as const, "External" as const),
      revision: fc.stringMatching(/^[A-Za-z0-9-]{1,40}$/),
    }),
    version: fc.option(fc.stringMatching(/^[a-z0-9-]{1,64}$/)),
    since: seconds,
    rotation: fc.option(fc.record({ everySeconds: seconds, overlapSeconds: seconds })),
    recoveryDays: fc.integer({ min: 0, max: 30 }),
  });
  fc.assert(
    fc.property(any, (one) => {
      const text = stateText(one);
      expect(parseState(text)).toEqual(one);
      expect(text).toMatch(/^[A-Za-z0-9 +\-=._:/@]{1,256}$/);
    }),
  );
});

test.each([undefined, null, "", "from=Secret", "from=Other revision=x since=1 recover=1", "since=1 recover=x"])(
  "what we didn't write is nothing: %s",
  (text) => expect(parseState(text)).toBeUndefined(),
);

test("a value is due when it is old enough, its predecessor when the overlap is over", () => {
  const at = (seconds: number, previous = true) =>
    dueOf(state, previous, (state.since + seconds) * 1000).map(({ field }) => field);
  expect(at(599)).toEqual([]);
  expect(at(600)).toEqual(["rotation"]);
  expect(at(600, false)).toEqual([]);
  expect(at(7199)).toEqual(["rotation"]);
  expect(at(7200)).toEqual(["value"]);
});

test("without rotation nothing is ever due, and what comes from a Secret is never rotated by us", () => {
  const later = (state.since + 1e9) * 1000;
  expect(dueOf({ ...state, rotation: null }, true, later)).toEqual([]);
  expect(dueOf({ ...state, value: { from: "Secret", revision: "r" } }, false, later)).toEqual([]);
});

test("values of 1 to 65,536 bytes are kept", () => {
  const range = { min: 1, max: 65_536 };
  expect(unfitValue(new Uint8Array(1), range)).toBeUndefined();
  expect(unfitValue(new Uint8Array(65_536), range)).toBeUndefined();
  expect(unfitValue(new Uint8Array(65_537), range)).toContain("65537 bytes");
  expect(unfitValue(new Uint8Array(0), range)).toContain("empty");
});
