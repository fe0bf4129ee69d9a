/** Firestore's values: limits, field paths, and their order (https://cloud.google.com/firestore/docs/concepts/data-types). */
import { invalid } from "../../engine/errors.ts";
import { list, type Message, millisOf } from "../../engine/messages.ts";

export type Fields = Readonly<Record<string, Message>>;

/** https://cloud.google.com/firestore/quotas */
const DEPTH = 20;
const RESERVED = /^__.*__$/;

/** `a.b` and `` `a.b` `` (one name with a dot) as lists of names. */
export function fieldPath(path: string): string[] {
  const names: string[] = [];
  const pattern = /(?:`((?:[^`\\]|\\.)+)`|([A-Za-z_][A-Za-z_0-9]*))(\.|$)/y;
  while (pattern.lastIndex < path.length || names.length === 0) {
    const match = pattern.exec(path);
    if (match === null) throw invalid(`Invalid property path "${path}".`, "field_path");
    names.push(match[1]?.replace(/\\(.)/g, "$1") ?? match[2] ?? "");
    if (match[3] === "") break;
  }
  return names;
}

const fieldsOf = (value: Message | undefined): Fields =>
  ((value?.mapValue as Message | undefined)?.fields ?? {}) as Fields;

export function readField(fields: Fields, path: readonly string[]): Message | undefined {
  const [first = "", ...rest] = path;
  const value = Object.hasOwn(fields, first) ? fields[first] : undefined;
  return rest.length === 0 ? value : readField(fieldsOf(value), rest);
}

/** The fields with one path set, or removed where `value` is undefined. */
export function writeField(fields: Fields, path: readonly string[], value: Message | undefined): Fields {
  const [first = "", ...rest] = path;
  const { [first]: current, ...others } = fields;
  if (rest.length === 0) return value === undefined ? others : { ...fields, [first]: value };
  if (current?.mapValue === undefined && value === undefined) return fields;
  return { ...fields, [first]: { mapValue: { fields: writeField(fieldsOf(current), rest, value) } } };
}

function checkValue(value: Message, depth: number, inArray: boolean): void {
  if (depth > DEPTH) throw invalid(`Values nest deeper than ${String(DEPTH)} levels.`);
  if (value.arrayValue !== undefined) {
    if (inArray) throw invalid("Cannot convert an array value in an array value.");
    for (const entry of list(value.arrayValue as Message, "values")) checkValue(entry, depth + 1, true);
  }
  if (value.mapValue !== undefined) checkFields(fieldsOf(value), depth + 1);
}

export function checkFields(fields: Fields, depth = 1): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name === "" || RESERVED.test(name)) throw invalid(`Property "${name}" is reserved or empty.`, "fields");
    checkValue(value, depth, false);
  }
}

const KINDS = [
  ["nullValue"],
  ["booleanValue"],
  ["integerValue", "doubleValue"],
  ["timestampValue"],
  ["stringValue"],
  ["bytesValue"],
  ["referenceValue"],
  ["geoPointValue"],
  ["arrayValue"],
  ["mapValue"],
];

const kindOf = (value: Message): number => KINDS.findIndex((names) => names.some((name) => value[name] !== undefined));
export const sameKind = (a: Message, b: Message): boolean => kindOf(a) === kindOf(b);
const bytes = (value: unknown): Buffer => Buffer.from((value ?? "") as string);
const less = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

function numbers(a: Message, b: Message): number {
  if (a.integerValue !== undefined && b.integerValue !== undefined) {
    const difference = BigInt(a.integerValue as string) - BigInt(b.integerValue as string);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  const [x, y] = [a, b].map((value) => Number(value.integerValue ?? value.doubleValue)) as [number, number];
  if (Number.isNaN(x) || Number.isNaN(y)) return less(Number(!Number.isNaN(x)), Number(!Number.isNaN(y)));
  return less(x, y);
}

function lists(a: readonly Message[], b: readonly Message[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const order = compareValues(a[i] as Message, b[i] as Message);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const pairs = (value: Message): Message[] =>
  Object.entries(fieldsOf(value))
    .toSorted(([a], [b]) => Buffer.compare(bytes(a), bytes(b)))
    .flatMap(([name, entry]) => [{ stringValue: name }, entry]);

/** Negative, zero or positive, first by type, then by value. */
export function compareValues(a: Message, b: Message): number {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return kind - kindOf(b);
  if (kind === 1) return Number(a.booleanValue) - Number(b.booleanValue);
  if (kind === 2) return numbers(a, b);
  if (kind === 3) return less(millisOf(a.timestampValue as Message), millisOf(b.timestampValue as Message));
  if (kind === 4) return Buffer.compare(bytes(a.stringValue), bytes(b.stringValue));
  if (kind === 5) return Buffer.compare(bytes(a.bytesValue), bytes(b.bytesValue));
  if (kind === 6) return Buffer.compare(bytes(a.referenceValue), bytes(b.referenceValue));
  if (kind === 8) return lists(list(a.arrayValue as Message, "values"), list(b.arrayValue as Message, "values"));
  if (kind === 9) return lists(pairs(a), pairs(b));
  return 0;
}
