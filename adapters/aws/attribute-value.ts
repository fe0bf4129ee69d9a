import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Item } from "../../operator/provider/item-mark.ts";
import type { Neutral } from "../../operator/provider/provider.ts";

/** A value of JSON as DynamoDB has it: docs/guides/items.md. */
export function toAttribute(value: Neutral): AttributeValue {
  if (value === null || value === undefined) return { NULL: true };
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return { M: toAttributes(value as Item) };
}

export const toAttributes = (item: Item): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, toAttribute(value)]));

/** The other way round. What is DynamoDB's alone, a set or bytes, is a map of its type and its text: it equals nothing else. */
export function fromAttribute(value: AttributeValue): Neutral {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.NULL !== undefined) return null;
  if (value.L !== undefined) return value.L.map(fromAttribute);
  if (value.M !== undefined) return fromAttributes(value.M);
  const [type = "", held] = Object.entries(value)[0] ?? [];
  return { [type]: JSON.stringify(held) };
}

export const fromAttributes = (item: Readonly<Record<string, AttributeValue>>): Item =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, fromAttribute(value)]));
