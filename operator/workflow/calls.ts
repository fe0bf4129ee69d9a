import { DYNAMIC, type Field, INTEGER, STRING, type Type } from "./expression/index.ts";

/** Kinds whose objects calls refer to. */
export type TargetKind = "Queue" | "Topic" | "Table" | "Bucket";
export type TargetAccess = "Produce" | "Read" | "Write";

/** `names`: a list of attributes. */
export type Setting =
  | { readonly is: "bool" | "name" | "names" }
  | { readonly is: "integer"; readonly from: number; readonly to: number };
export type SettingValue = boolean | number | string | readonly string[];

/** What a workflow can call: its arguments, what it refers to, what it gives. Both back ends and the reference follow it. */
export interface CallEntry {
  /** Kind of the object that it refers to by name. Absent: none. */
  readonly target?: TargetKind;
  /** Name of the argument that holds that name. */
  readonly targetArgument?: string;
  /** What the identity of the workflow needs for it, as in `bindings` of OnyxService. */
  readonly access?: TargetAccess;
  readonly arguments: Readonly<Record<string, Field>>;
  /** What else may be said of it: written out, never computed. */
  readonly settings?: Readonly<Record<string, Setting>>;
  readonly gives: Type;
  /** For the reference, in Markdown. */
  readonly docs: { readonly does: string; readonly fails: string };
}

const map = (fields: Readonly<Record<string, Field>>, rest?: Type): Type => ({ kind: "map", fields, rest });
const required = (type: Type): Field => ({ type, optional: false });
const optional = (type: Type): Field => ({ type, optional: true });
const TEXTS = map({}, STRING);
const ID = map({ id: required(STRING) });
const NOTHING = map({});
const ANY_MAP = map({}, DYNAMIC);
const OF_A_STORE = "Denied, Throttled, Transient; Business with code 400 what the cloud refuses";

/** Items of a query at most, and where nothing is said. */
export const QUERY_ITEMS = 100;
/** Code of the Business error of a write that wants nothing to be there, where something is. */
export const CONFLICT = "Conflict";

/** Every call of the language. */
export const CALLS = {
  http: {
    arguments: {
      method: required(STRING),
      endpoint: required(STRING),
      headers: optional(TEXTS),
      query: optional(TEXTS),
      body: optional(DYNAMIC),
    },
    gives: map({ status: required(INTEGER), body: required(DYNAMIC) }),
    docs: {
      does: "One request. JSON in, JSON or text out. It carries the idempotency key as `Idempotency-Key`.",
      fails:
        "Any status but 2xx: 408 Timeout; 429 Throttled; 5xx Transient; 401 and 403 Denied; 404 NotFound; others Business, with the status for its code.",
    },
  },
  "queue.send": {
    target: "Queue",
    targetArgument: "queue",
    access: "Produce",
    arguments: { body: required(DYNAMIC), attributes: optional(TEXTS), key: optional(STRING) },
    gives: ID,
    docs: {
      does: "Sends a message to a Queue: `body` as JSON, `attributes` as they are. `key` is needed where the Queue keeps an order.",
      fails: "NotFound where the Queue is gone, Denied, Throttled, Transient.",
    },
  },
  "topic.publish": {
    target: "Topic",
    targetArgument: "topic",
    access: "Produce",
    arguments: { body: required(DYNAMIC), attributes: optional(TEXTS), key: optional(STRING) },
    gives: ID,
    docs: {
      does: "Publishes to a Topic: `body` as JSON, `attributes` as they are. `key` is needed where the Topic keeps an order.",
      fails: "NotFound where the Topic is gone, Denied, Throttled, Transient.",
    },
  },
  "table.get": {
    target: "Table",
    targetArgument: "table",
    access: "Read",
    arguments: { key: required(ANY_MAP) },
    gives: map({ item: required(DYNAMIC) }),
    docs: {
      does: "Reads the item of a Table that has that `key`, as it is now; null where there is none.",
      fails: `NotFound where the Table is gone, ${OF_A_STORE}.`,
    },
  },
  "table.put": {
    target: "Table",
    targetArgument: "table",
    access: "Write",
    arguments: { item: required(ANY_MAP) },
    settings: { ifAbsent: { is: "bool" } },
    gives: NOTHING,
    docs: {
      does: "Writes an item into a Table, in place of the one of the same key; with `ifAbsent: true` only where there is none.",
      fails: `Business with code ${CONFLICT} where \`ifAbsent\` does not hold, NotFound where the Table is gone, ${OF_A_STORE}.`,
    },
  },
  "table.update": {
    target: "Table",
    targetArgument: "table",
    access: "Write",
    arguments: { key: required(ANY_MAP), set: optional(ANY_MAP) },
    settings: { remove: { is: "names" } },
    gives: NOTHING,
    docs: {
      does: "Writes the attributes in `set` of the item of that `key`, takes away those in `remove`, and leaves the others. Where there is no item it makes one.",
      fails: `NotFound where the Table is gone, ${OF_A_STORE}.`,
    },
  },
  "table.delete": {
    target: "Table",
    targetArgument: "table",
    access: "Write",
    arguments: { key: required(ANY_MAP) },
    gives: NOTHING,
    docs: {
      does: "Takes the item of that `key` out of a Table; where there is none, nothing happens.",
      fails: `NotFound where the Table is gone, ${OF_A_STORE}.`,
    },
  },
  "table.query": {
    target: "Table",
    targetArgument: "table",
    access: "Read",
    arguments: { key: required(ANY_MAP), from: optional(DYNAMIC), to: optional(DYNAMIC) },
    settings: {
      index: { is: "name" },
      descending: { is: "bool" },
      limit: { is: "integer", from: 1, to: QUERY_ITEMS },
    },
    gives: map({ items: required({ kind: "list", of: DYNAMIC }) }),
    docs: {
      does: `The items of one partition, in the order of the sort key: \`key\` holds the partition key alone, \`from\` and \`to\` bound the sort key, themselves within. At most \`limit\`, which is ${QUERY_ITEMS} where it is not given. An \`index\` may be a little behind.`,
      fails: `NotFound where the Table is gone, ${OF_A_STORE}.`,
    },
  },
  "bucket.get": {
    target: "Bucket",
    targetArgument: "bucket",
    access: "Read",
    arguments: { object: required(STRING) },
    gives: map({ body: required(DYNAMIC) }),
    docs: {
      does: "Reads an object of a Bucket that is JSON, a map or a list.",
      fails: `NotFound where there is no such object, or no such Bucket any more, ${OF_A_STORE}.`,
    },
  },
  "bucket.put": {
    target: "Bucket",
    targetArgument: "bucket",
    access: "Write",
    arguments: { object: required(STRING), body: required(DYNAMIC) },
    settings: { ifAbsent: { is: "bool" } },
    gives: NOTHING,
    docs: {
      does: "Writes a map or a list as JSON into an object of a Bucket; with `ifAbsent: true` only where there is none of that name.",
      fails: `Business with code ${CONFLICT} where \`ifAbsent\` does not hold, NotFound where the Bucket is gone, ${OF_A_STORE}.`,
    },
  },
} as const satisfies Readonly<Record<string, CallEntry>>;

export type CallName = keyof typeof CALLS;
/** Calls of Tables, and of those and Buckets. */
export type TableCall = Extract<CallName, `table.${string}`>;
export type StoreCall = TableCall | Extract<CallName, `bucket.${string}`>;

export const isTableCall = (call: CallName): call is TableCall => call.startsWith("table.");

/** The message attribute that carries the idempotency key. */
export const DEDUP_ATTRIBUTE = "dedupKey";
