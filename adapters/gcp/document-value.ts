import type { Item } from "../../operator/provider/item-mark.ts";
import type { Neutral } from "../../operator/provider/provider.ts";
import type { Document } from "./firestore.ts";

type Fields = NonNullable<Document["fields"]>;
type Value = Fields[string];

/** A value of JSON as Firestore has it: docs/guides/items.md. */
export function toValue(value: Neutral): Value {
  if (value === null || value === undefined) return { nullValue: "NULL_VALUE" };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { booleanValue: value };
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { integerValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toValue) } };
  return { mapValue: { fields: toFields(value as Item, null) } };
}

/** @param ttlField the field that holds the expiry, whole seconds since 1970: a timestamp in Firestore */
export const toFields = (item: Item, ttlField: string | null): Fields =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      name === ttlField && typeof value === "number" ? { timestampValue: { seconds: value } } : toValue(value),
    ]),
  );

/**
 * The other way round. A field that is a timestamp of whole seconds is a number, as the expiry is; what else is
 * Firestore's alone is a map of its type and its text: it equals nothing else.
 */
export const fromFields = (fields: Fields): Item =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, secondsIn(value) ?? fromValue(value)]));

function secondsIn({ timestampValue }: Value): number | undefined {
  return timestampValue && !timestampValue.nanos ? Number(timestampValue.seconds ?? 0) : undefined;
}

function fromValue(value: Value): Neutral {
  if (typeof value.stringValue === "string") return value.stringValue;
  if (typeof value.booleanValue === "boolean") return value.booleanValue;
  if (value.integerValue != null) return Number(value.integerValue);
  if (typeof value.doubleValue === "number" && Number.isFinite(value.doubleValue)) return value.doubleValue;
  if (value.nullValue != null) return null;
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(fromValue);
  if (value.mapValue)
    return Object.fromEntries(
      Object.entries(value.mapValue.fields ?? {}).map(([name, each]) => [name, fromValue(each)]),
    );
  const [type = "", held] = Object.entries(value).find(([name]) => name.endsWith("Value")) ?? [];
  return { [type]: String(JSON.stringify(held)) };
}
