import { expect, it } from "vitest";
import type { Neutral } from "../../operator/provider/provider.ts";
import { fromFields, toFields, toValue } from "./document-value.ts";

it.each<[Neutral, object]>([
  ["", { stringValue: "" }],
  ["tea", { stringValue: "tea" }],
  [0, { integerValue: "0" }],
  [-1.5, { doubleValue: -1.5 }],
  [2 ** 53 - 1, { integerValue: "9007199254740991" }],
  [false, { booleanValue: false }],
  [null, { nullValue: "NULL_VALUE" }],
  [[], { arrayValue: { values: [] } }],
  [[1, "a"], { arrayValue: { values: [{ integerValue: "1" }, { stringValue: "a" }] } }],
  [{}, { mapValue: { fields: {} } }],
  [{ a: { b: true } }, { mapValue: { fields: { a: { mapValue: { fields: { b: { booleanValue: true } } } } } } }],
])("writes %j and reads it again", (value, written) => {
  expect(toValue(value)).toEqual(written);
  expect(fromFields({ x: toValue(value) })).toEqual({ x: value });
});

it("writes the expiry as a timestamp, and reads one of whole seconds as a number", () => {
  const fields = toFields({ until: 1_792_592_000, other: 5 }, "until");
  expect(fields).toEqual({ until: { timestampValue: { seconds: 1_792_592_000 } }, other: { integerValue: "5" } });
  expect(fromFields({ until: { timestampValue: { seconds: "1792592000", nanos: 0 } } })).toEqual({
    until: 1_792_592_000,
  });
});

it.each([
  [{ timestampValue: { seconds: "5", nanos: 1 } }, { timestampValue: '{"seconds":"5","nanos":1}' }],
  [{ referenceValue: "projects/p" }, { referenceValue: '"projects/p"' }],
  [{ geoPointValue: { latitude: 1, longitude: 2 } }, { geoPointValue: '{"latitude":1,"longitude":2}' }],
  [{ doubleValue: Number.NaN }, { doubleValue: "null" }],
])("reads what is Firestore's alone, %j, as what nothing else equals", (value, read) => {
  expect(fromFields({ x: value })).toEqual({ x: read });
});
