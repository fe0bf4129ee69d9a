import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { expect, it } from "vitest";
import type { Neutral } from "../../operator/provider/provider.ts";
import { fromAttribute, toAttribute } from "./attribute-value.ts";

it.each<[Neutral, AttributeValue]>([
  ["", { S: "" }],
  ["tea", { S: "tea" }],
  [0, { N: "0" }],
  [-1.5, { N: "-1.5" }],
  [2 ** 53 - 1, { N: "9007199254740991" }],
  [false, { BOOL: false }],
  [null, { NULL: true }],
  [[], { L: [] }],
  [[1, "a"], { L: [{ N: "1" }, { S: "a" }] }],
  [{}, { M: {} }],
  [{ a: { b: [true] } }, { M: { a: { M: { b: { L: [{ BOOL: true }] } } } } }],
])("writes %j and reads it again", (value, attribute) => {
  expect(toAttribute(value)).toEqual(attribute);
  expect(fromAttribute(attribute)).toEqual(value);
});

it.each<[AttributeValue, Neutral]>([
  [{ SS: ["a"] }, { SS: '["a"]' }],
  [{ NS: ["1"] }, { NS: '["1"]' }],
  [{ B: new Uint8Array([1]) }, { B: '{"0":1}' }],
])("reads what is DynamoDB's alone, %j, as what nothing else equals", (attribute, value) => {
  expect(fromAttribute(attribute)).toEqual(value);
});
