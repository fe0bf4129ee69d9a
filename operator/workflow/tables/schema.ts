import { WorkflowError } from "../errors.ts";
import type { Call } from "../ir.ts";

/** What the calls of a Table go by: its keys, and what else its attributes must be. */
export type TableSchema = {
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute | null;
  readonly indexes: readonly TableIndex[];
  /** Attribute that holds when an item expires: seconds since 1970. Null: nothing expires. */
  readonly ttlField: string | null;
};

export type KeyAttribute = {
  readonly name: string;
  readonly type: "String" | "Number";
};

export type TableIndex = {
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute | null;
};

/** Keys of a Table as its spec has them, or its effective spec. Null: there are none yet. */
export function schemaOf(spec: object): TableSchema | null {
  const { partitionKey, sortKey = null, indexes = [], ttlField = null } = spec as Partial<TableSchema>;
  if (!partitionKey) return null;
  return {
    partitionKey,
    sortKey,
    indexes: indexes.map((index) => ({ ...index, sortKey: index.sortKey ?? null })),
    ttlField,
  };
}

/** @throws WorkflowError it is not known yet */
export function knownSchema(table: string, schema: TableSchema | null | undefined): TableSchema {
  if (schema) return schema;
  throw new WorkflowError("", `Table "${table}" has no keys yet: it is not ready`);
}

/** The key of an item: one attribute, or two. */
export const keysOf = ({ partitionKey, sortKey }: Pick<TableSchema, "partitionKey" | "sortKey">) =>
  sortKey ? [partitionKey, sortKey] : [partitionKey];

/** What a query goes by: an index, or where none is named the keys of the table. Undefined: there is no such index. */
export function queriedBy(
  schema: TableSchema,
  index: string | undefined,
): Pick<TableIndex, "partitionKey" | "sortKey"> | undefined {
  return index === undefined ? schema : schema.indexes.find(({ name }) => name === index);
}

/** The same. @throws WorkflowError there is no such index */
export function queriedOf(task: Call, schema: TableSchema): Pick<TableIndex, "partitionKey" | "sortKey"> {
  const { index } = task.settings;
  const found = queriedBy(schema, index as string | undefined);
  if (found) return found;
  throw new WorkflowError(task.path, `Table "${task.target}" has no index "${index}"`);
}

/** What the languages of both engines, and ours, call the type of an attribute. */
export const typeOf = ({ type }: Pick<KeyAttribute, "type">): "string" | "number" =>
  type === "String" ? "string" : "number";

/** Attributes that an item may lack, but not have of another type: those of indexes which are no keys of the table. */
export function indexedAttributes(schema: TableSchema): readonly KeyAttribute[] {
  const keys = new Set(keysOf(schema).map(({ name }) => name));
  const all = new Map(schema.indexes.flatMap(keysOf).map((attribute) => [attribute.name, attribute]));
  return [...all.values()].filter(({ name }) => !keys.has(name));
}

/** What `ttlField` may hold: the seconds of 1970 to 9999, which is as far as a timestamp of Firestore goes. */
export const MAX_EXPIRY = 253_402_300_799;

/** Lists and maps within each other in an attribute: Google's Workflows call no more of its own routines within each other. */
export const MAX_NESTING = 8;

/** What no attribute may be called, besides nothing: Firestore keeps such names for itself. A pattern of ECMAScript and RE2. */
export const RESERVED_NAME = "^__.*__$";

const RESERVED = new RegExp(RESERVED_NAME);

/** Whether no attribute may be called so. */
export const isReserved = (name: string): boolean => name === "" || RESERVED.test(name);
