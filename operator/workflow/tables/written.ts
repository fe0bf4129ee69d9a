import { isTableCall, type TableCall } from "../calls.ts";
import { WorkflowError } from "../errors.ts";
import { check, type Expression, type Scope } from "../expression/index.ts";
import type { Call, Settings, Task, Typed } from "../ir.ts";
import { within } from "../reader.ts";
import {
  indexedAttributes,
  isReserved,
  type KeyAttribute,
  keysOf,
  queriedBy,
  type TableSchema,
  typeOf,
} from "./schema.ts";

/** What of a call of a Table can't be, whatever the Table. @throws WorkflowError */
export function refuseUnfit(typed: Typed, settings: Settings, path: string, call: TableCall): void {
  const given = argumentsIn(typed);
  if (call === "table.put") refuseNames(given.item, within(path, "item"));
  if (call !== "table.update") return;
  const { set } = given;
  const removed = (settings.remove ?? []) as readonly string[];
  if (set && set.kind !== "map")
    throw new WorkflowError(
      within(path, "set"),
      "is computed as a whole: write it as a map, and compute what is in it",
    );
  const written = set ? set.entries.map(({ key }) => key) : [];
  if (written.length + removed.length === 0)
    throw new WorkflowError(path, "changes nothing: set says which attributes to write, remove which to take away");
  refuseNames(set, within(path, "set"));
  for (const name of removed) refuseName(name, within(path, "remove"));
  const twice = [...written, ...removed].find((name, at, all) => all.indexOf(name) !== at);
  if (twice !== undefined) throw new WorkflowError(path, `names ${twice} twice`);
}

function refuseNames(map: Expression | undefined, path: string): void {
  if (map?.kind === "map") for (const { key } of map.entries) refuseName(key, path);
}

function refuseName(name: string, path: string): void {
  if (isReserved(name))
    throw new WorkflowError(path, `has the attribute "${name}": no attribute is called so on Google Cloud`);
}

/**
 * What of calls of Tables does not fit those, as far as it is written out, for people, such as `task put does not fit the Table
 * orders: with.item lacks id, which is part of the key`.
 * @param schemaOf nothing for a Table that is not looked at
 */
export function misfitsOfTables(
  tasks: readonly Task[],
  schemaOf: (table: string) => TableSchema | null | undefined,
): readonly string[] {
  return tasks.flatMap((task) => {
    if (task.kind !== "call" || !isTableCall(task.call)) return [];
    const schema = schemaOf(task.target ?? "");
    const misfit = schema && misfitOf(task, schema);
    return misfit ? [`task ${task.path} does not fit the Table ${task.target}: ${misfit}`] : [];
  });
}

/** Undefined: nothing. */
function misfitOf(task: Call, schema: TableSchema): string | undefined {
  const { call, settings } = task;
  const given = argumentsIn(task.with);
  const lacks = (name: "key" | "item", attributes: readonly KeyAttribute[], only: boolean) =>
    misfitOfKey(given[name], attributes, task.with.scope, only, `with.${name}`);
  const typed = (name: "item" | "set") => misfitOfAttributes(given[name], schema, task.with.scope, `with.${name}`);
  if (call === "table.put") return lacks("item", keysOf(schema), false) ?? typed("item");
  if (call !== "table.query")
    return lacks("key", keysOf(schema), true) ?? misfitOfChange(given.set, settings, schema) ?? typed("set");
  const index = settings.index as string | undefined;
  const by = queriedBy(schema, index);
  if (!by) return `with.index: the Table has no index ${index}${namesOf(schema.indexes)}`;
  if (!by.sortKey && (given.from || given.to))
    return `with.${given.from ? "from" : "to"}: ${index === undefined ? "the Table" : `its index ${index}`} has no sort key`;
  for (const bound of ["from", "to"] as const) {
    const problem = given[bound] && by.sortKey && misfitOfValue(given[bound], by.sortKey, task.with.scope);
    if (problem) return `with.${bound}: ${problem}`;
  }
  return lacks("key", [by.partitionKey], true);
}

const namesOf = (all: readonly { readonly name: string }[]): string =>
  all.length === 0 ? "; it has none" : `: it has ${all.map(({ name }) => name).join(", ")}`;

/** The arguments, each as it is written. */
export function argumentsIn({ expression }: Typed): Readonly<Record<string, Expression>> {
  const entries = expression.kind === "map" ? expression.entries : [];
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

/** @param only it may have no other attributes */
function misfitOfKey(
  map: Expression | undefined,
  attributes: readonly KeyAttribute[],
  scope: Scope,
  only: boolean,
  field: string,
): string | undefined {
  if (map?.kind !== "map") return undefined;
  const entries = new Map(map.entries.map(({ key, value }) => [key, value]));
  for (const attribute of attributes) {
    const value = entries.get(attribute.name);
    if (!value) return `${field} lacks ${attribute.name}, which is part of the key`;
    const problem = misfitOfValue(value, attribute, scope);
    if (problem) return `${field}.${attribute.name}: ${problem}`;
  }
  const other = only && [...entries.keys()].find((name) => !attributes.some((one) => one.name === name));
  return other
    ? `${field}.${other} is no part of the key, which is ${attributes.map(({ name }) => name).join(", ")}`
    : undefined;
}

/** Attributes of indexes, and the expiry, may be missing, but not of another type. */
function misfitOfAttributes(
  map: Expression | undefined,
  schema: TableSchema,
  scope: Scope,
  field: string,
): string | undefined {
  const expiry: KeyAttribute[] = schema.ttlField === null ? [] : [{ name: schema.ttlField, type: "Number" }];
  for (const attribute of [...indexedAttributes(schema), ...expiry]) {
    const entry = map?.kind === "map" && map.entries.find(({ key }) => key === attribute.name);
    const problem = entry && misfitOfValue(entry.value, attribute, scope);
    if (problem) return `${field}.${attribute.name}: ${problem}`;
  }
  return undefined;
}

function misfitOfValue(value: Expression, attribute: KeyAttribute, scope: Scope): string | undefined {
  const { kind } = check(value, scope);
  if (kind !== typeOf(attribute) && kind !== "dynamic") return `is a ${kind}, and the attribute is a ${attribute.type}`;
  return value.kind === "literal" && value.value === "" ? "is empty, which no key may be" : undefined;
}

function misfitOfChange(set: Expression | undefined, settings: Settings, schema: TableSchema): string | undefined {
  const written = set?.kind === "map" ? set.entries.map(({ key }) => key) : [];
  const removed = (settings.remove ?? []) as readonly string[];
  const key = keysOf(schema).find(({ name }) => written.includes(name) || removed.includes(name));
  return (
    key && `with.${written.includes(key.name) ? "set" : "remove"}: ${key.name} is part of the key, which never changes`
  );
}
