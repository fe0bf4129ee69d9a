import { TaskError } from "../errors.ts";
import type { Value } from "../expression/index.ts";
import { isList, isMap } from "../expression/values.ts";
import {
  indexedAttributes,
  isReserved,
  type KeyAttribute,
  keysOf,
  MAX_EXPIRY,
  MAX_NESTING,
  type TableSchema,
  typeOf,
} from "./schema.ts";

type Item = Readonly<Record<string, Value>>;

/**
 * The id of the document that holds an item in Firestore, and what tells items of one table apart: the texts of its keys, the
 * sort key after a colon, with `%`, `/` and `:` percent-encoded, and `.` and `_` where one of them would be the first character.
 * @throws TaskError a key is missing, is of another type, or is empty; a number has a fraction
 */
export function documentId(schema: Pick<TableSchema, "partitionKey" | "sortKey">, item: Item): string {
  return documentIdOf(keysOf(schema).map((attribute) => keyIn(item, attribute) as string | number));
}

/** The same, of the values of a key, the partition key first. */
export const documentIdOf = (key: readonly (string | number)[]): string =>
  key
    .map((part) => String(part).replace(/[%/:]/g, encodeURIComponent))
    .join(":")
    .replace(/^[._]/, (first) => (first === "." ? "%2E" : "%5F"));

/** @throws TaskError */
function keyIn(item: Item, attribute: KeyAttribute): Value {
  const value = typed(item[attribute.name], attribute);
  if (typeof value === "number" && !Number.isInteger(value))
    throw misfit(`${attribute.name} is ${value}: a key is a whole number`);
  return value;
}

/** @throws TaskError it is of another type, or an empty text */
export function typed(value: Value | undefined, attribute: KeyAttribute): Value {
  if (value !== undefined && value !== "" && typeof value === typeOf(attribute)) return value;
  const { name, type } = attribute;
  throw misfit(`${name} should be a ${type}, and is ${value === undefined ? "missing" : JSON.stringify(value)}`);
}

/** A key by itself. @throws TaskError also where there are other attributes */
export function refuseOthers(key: Item, attributes: readonly KeyAttribute[]): void {
  const other = Object.keys(key).find((name) => !attributes.some((one) => one.name === name));
  if (other !== undefined) throw misfit(`${other} is no part of the key`);
}

/** What is written of an item: all of it, or the attributes that change. @throws TaskError it can't be stored on both clouds */
export function refuseUnstorable(attributes: Item, schema: TableSchema): void {
  for (const attribute of indexedAttributes(schema))
    if (Object.hasOwn(attributes, attribute.name)) typed(attributes[attribute.name], attribute);
  const expires = schema.ttlField === null ? undefined : attributes[schema.ttlField];
  if (expires !== undefined && !isExpiry(expires))
    throw misfit(`${schema.ttlField} should be whole seconds since 1970, and is ${JSON.stringify(expires)}`);
  refuseMap(attributes, MAX_NESTING);
}

const isExpiry = (value: Value): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_EXPIRY;

function refuseMap(map: Item, left: number): void {
  for (const [name, value] of Object.entries(map)) {
    if (isReserved(name)) throw misfit(`no attribute is called "${name}"`);
    refuseValue(value, left);
  }
}

function refuseValue(value: Value, left: number): void {
  if (!isList(value) && !isMap(value)) return;
  if (left < 1) throw misfit(`more than ${MAX_NESTING} lists and maps are within each other`);
  if (isMap(value)) refuseMap(value, left - 1);
  else refuseList(value, left - 1);
}

function refuseList(list: readonly Value[], left: number): void {
  for (const each of list) {
    if (isList(each)) throw misfit("a list lies in a list: put it into a map");
    refuseValue(each, left);
  }
}

const misfit = (message: string): TaskError => new TaskError("Expression", message);
