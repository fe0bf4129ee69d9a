import { CONFLICT, QUERY_ITEMS } from "../calls.ts";
import { TaskError } from "../errors.ts";
import type { Value } from "../expression/index.ts";
import type { CallRequest } from "../interpret.ts";
import { documentId, refuseOthers, refuseUnstorable, typed } from "./item.ts";
import { keysOf, queriedBy, type TableSchema } from "./schema.ts";

type Item = Readonly<Record<string, Value>>;

/** Tables and Buckets that are gone with the process: what their calls mean on each cloud. */
export interface Stores {
  /** @throws TaskError what the call fails with @throws Error it is of no Table and no Bucket */
  call(request: Pick<CallRequest, "call" | "target" | "with" | "settings">): Value;
  /** The items of a Table, by the ids of their documents. */
  items(table: string): ReadonlyMap<string, Item>;
  /** The objects of a Bucket. */
  objects(bucket: string): ReadonlyMap<string, Value>;
}

/** @param schemas of the Tables that there are; each Bucket is there */
export function createStores(schemas: Readonly<Record<string, TableSchema>>): Stores {
  const tables = new Map<string, Map<string, Item>>();
  const buckets = new Map<string, Map<string, Value>>();
  const of = <T>(all: Map<string, Map<string, T>>, name: string): Map<string, T> => {
    const found = all.get(name) ?? new Map<string, T>();
    all.set(name, found);
    return found;
  };
  return {
    items: (table) => of(tables, table),
    objects: (bucket) => of(buckets, bucket),
    call({ call, target = "", with: given, settings }) {
      if (call === "bucket.get" || call === "bucket.put") return ofBucket(of(buckets, target), given, settings, call);
      const schema = schemas[target];
      if (!schema) throw new TaskError("NotFound", `there is no Table ${target}`);
      const items = of(tables, target);
      switch (call) {
        case "table.get":
          return { item: items.get(idOf(given.key as Item, schema)) ?? null };
        case "table.put":
          return put(items, given.item as Item, settings.ifAbsent === true, schema);
        case "table.update":
          return update(items, given, (settings.remove ?? []) as readonly string[], schema);
        case "table.delete":
          items.delete(idOf(given.key as Item, schema));
          return {};
        case "table.query":
          return query(items, given, settings, schema);
        default:
          throw new Error(`${call} is no call of a Table or a Bucket`);
      }
    },
  };
}

function idOf(key: Item, schema: TableSchema): string {
  refuseOthers(key, keysOf(schema));
  return documentId(schema, key);
}

function put(items: Map<string, Item>, item: Item, ifAbsent: boolean, schema: TableSchema): Value {
  const id = documentId(schema, item);
  refuseUnstorable(item, schema);
  if (ifAbsent && items.has(id)) throw new TaskError("Business", `there is an item ${id}`, CONFLICT);
  items.set(id, item);
  return {};
}

function update(items: Map<string, Item>, given: Item, removed: readonly string[], schema: TableSchema): Value {
  const id = idOf(given.key as Item, schema);
  const set = (given.set ?? {}) as Item;
  refuseUnstorable(set, schema);
  const next = { ...items.get(id), ...(given.key as Item), ...set };
  items.set(id, Object.fromEntries(Object.entries(next).filter(([name]) => !removed.includes(name))));
  return {};
}

function query(
  items: ReadonlyMap<string, Item>,
  given: Item,
  { index, descending = false, limit = QUERY_ITEMS }: CallRequest["settings"],
  schema: TableSchema,
): Value {
  const by = queriedBy(schema, index as string | undefined);
  if (!by) throw new Error(`there is no index ${index}`);
  const { partitionKey, sortKey } = by;
  refuseOthers(given.key as Item, [partitionKey]);
  const partition = typed((given.key as Item)[partitionKey.name], partitionKey);
  const [from, to] = [given.from, given.to].map((bound) =>
    bound === undefined ? undefined : typed(bound, sortKey ?? partitionKey),
  );
  const placeOf = (item: Item) => (sortKey ? item[sortKey.name] : null);
  const found = [...items.values()]
    .filter((item) => item[partitionKey.name] === partition && placeOf(item) !== undefined)
    .filter((item) => from === undefined || compare(placeOf(item)!, from) >= 0)
    .filter((item) => to === undefined || compare(placeOf(item)!, to) <= 0)
    .sort((a, b) => compare(placeOf(a)!, placeOf(b)!));
  return { items: (descending ? found.reverse() : found).slice(0, limit as number) };
}

/** Numbers by their value, texts by their bytes in UTF-8. */
function compare(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function ofBucket(
  objects: Map<string, Value>,
  given: Item,
  { ifAbsent }: CallRequest["settings"],
  call: "bucket.get" | "bucket.put",
): Value {
  const name = given.object as string;
  if (name === "") throw new TaskError("Expression", "an object has a name");
  const found = objects.get(name);
  if (call === "bucket.get") {
    if (found === undefined) throw new TaskError("NotFound", `there is no object ${name}`);
    return { body: found };
  }
  if (ifAbsent === true && found !== undefined) throw new TaskError("Business", `there is an object ${name}`, CONFLICT);
  objects.set(name, given.body!);
  return {};
}
