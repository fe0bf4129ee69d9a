/** A Table as Firestore has it: canonical forms both ways. Pure. */
import type { KeyAttribute, TableOutputs, TableWant } from "../../controllers/leaf/wants.ts";
import type { Deviation, Fitted } from "../../operator/provider/provider.ts";
import type { Database, Document, Field, Index } from "./firestore.ts";
import { shortName } from "./names.ts";

export type TableIndex = TableWant["indexes"][number];

/** The one collection that holds the items. Its name is part of the contract with consumers (output COLLECTION). */
export const COLLECTION = "items";
/** The one document that is ours: marks, tags and what Firestore has no place for. */
export const OWNER_COLLECTION = "onyx";
export const ownerDocument = (database: string): string => `${database}/documents/${OWNER_COLLECTION}/owner`;
export const itemsGroup = (database: string): string => `${database}/collectionGroups/${COLLECTION}`;

/** google/firestore/admin/v1/database.proto: with point-in-time recovery on, the retention is 7 days. */
const RECOVERY_DAYS = 7;
/** The name of the index behind queries by the table's own keys, where it is told of. No index of a user has it. */
const KEY_INDEX = "(key)";

/** What Firestore makes of a wish. */
export function fitTable(want: TableWant): Fitted<TableWant> {
  const days = want.pointInTimeRecoveryDays;
  const deviations: Deviation[] =
    days === null || days === RECOVERY_DAYS
      ? []
      : [
          {
            field: "pointInTimeRecovery.days",
            kind: days < RECOVERY_DAYS ? "Covered" : "Clamped",
            message: `Firestore keeps ${RECOVERY_DAYS} days or none; ${days} were asked, ${RECOVERY_DAYS} are given.`,
          },
        ];
  return {
    want: {
      ...want,
      indexes: sorted(want.indexes),
      pointInTimeRecoveryDays: days === null ? null : RECOVERY_DAYS,
      overrides: {},
    },
    deviations,
  };
}

const sorted = (indexes: readonly TableIndex[]): readonly TableIndex[] =>
  [...indexes].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

/** The database that `want` asks for, for its creation. Everything explicit: the cloud's defaults are not ours. */
export function toDatabase(want: TableWant, region: string): Database {
  return {
    locationId: region,
    type: "FIRESTORE_NATIVE",
    databaseEdition: "STANDARD",
    ...settingsOf(want),
    ...(want.encryptionKey ? { cmekConfig: { kmsKeyName: want.encryptionKey } } : {}),
  };
}

/** The settings of a database that can change, as `want` asks for them. */
export function settingsOf(want: TableWant): Database {
  return {
    pointInTimeRecoveryEnablement:
      want.pointInTimeRecoveryDays === null ? "POINT_IN_TIME_RECOVERY_DISABLED" : "POINT_IN_TIME_RECOVERY_ENABLED",
    deleteProtectionState: want.deletionProtection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED",
  };
}

const DATABASE_MASKS: Partial<Record<keyof TableWant, string>> = {
  pointInTimeRecoveryDays: "point_in_time_recovery_enablement",
  deletionProtection: "delete_protection_state",
};

export const databaseMask = (changed: ReadonlySet<keyof TableWant & string>): readonly string[] =>
  [...changed].flatMap((field) => DATABASE_MASKS[field] ?? []).sort();

/** The fields and directions of a composite index, as one text: equal means the same index. */
export type Shape = string;

/**
 * The composite indexes behind an index of a Table: one a direction of its sort key, because Firestore reads each in
 * one direction only. Without a sort key there is none: Firestore indexes single fields by itself.
 */
export function shapesOf({ partitionKey, sortKey }: Pick<TableIndex, "partitionKey" | "sortKey">): readonly Shape[] {
  if (!sortKey) return [];
  return (["ASCENDING", "DESCENDING"] as const).map((order) =>
    shapeText([
      [partitionKey.name, "ASCENDING"],
      [sortKey.name, order],
    ]),
  );
}

/**
 * All indexes that a table needs: those that are asked for, and one behind queries by its own keys, which DynamoDB has
 * built in. That one is no field of a Table; it is told of only while it is missing.
 */
export function neededIndexes({
  partitionKey,
  sortKey,
  indexes,
}: Pick<Schema, "partitionKey" | "sortKey" | "indexes">): readonly TableIndex[] {
  return sortKey ? [{ name: KEY_INDEX, partitionKey, sortKey }, ...indexes] : indexes;
}

const shapeText = (fields: readonly (readonly [path: string, order: string])[]): Shape => JSON.stringify(fields);

/** The index to create for a shape. */
export function toIndex(shape: Shape): Index {
  const fields = JSON.parse(shape) as [string, "ASCENDING" | "DESCENDING"][];
  return {
    queryScope: "COLLECTION",
    fields: fields.map(([name, order]) => ({ fieldPath: quoted(name), order })),
  };
}

/** The shape of a live index, or undefined when it isn't of the kind that we make. Firestore adds `__name__` at the end. */
export function shapeOf(index: Index): Shape | undefined {
  const fields = (index.fields ?? []).map(
    ({ fieldPath, order }) => [unquoted(fieldPath ?? ""), String(order)] as const,
  );
  const own = fields.at(-1)?.[0] === "__name__" ? fields.slice(0, -1) : fields;
  const plain = own.every(([, order]) => order === "ASCENDING" || order === "DESCENDING");
  return index.queryScope === "COLLECTION" && plain ? shapeText(own) : undefined;
}

/** Composite indexes of ours in the cloud, by shape. */
export type LiveIndexes = ReadonlyMap<Shape, Index>;

export const liveIndexes = (indexes: readonly Index[]): LiveIndexes =>
  new Map(
    indexes.flatMap((index) => {
      const shape = shapeOf(index);
      return shape === undefined ? [] : [[shape, index] as const];
    }),
  );

/** A field's name in a field path: what isn't a plain identifier is quoted (field.proto, `name`). */
export function quoted(name: string): string {
  return /^[A-Za-z_][A-Za-z_0-9]*$/.test(name) ? name : `\`${name.replace(/[\\`]/g, "\\$&")}\``;
}

export const unquoted = (path: string): string =>
  path.startsWith("`") && path.endsWith("`") && path.length > 1 ? path.slice(1, -1).replace(/\\([\\`])/g, "$1") : path;

/** What the owner's document holds. */
export interface Meta {
  /** Our marks and the user's tags. */
  readonly tags: Readonly<Record<string, string>>;
  readonly schema: Schema | undefined;
}

/** What a Table has and a schemaless database has not: its keys, and the names of its indexes. */
export interface Schema {
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute | null;
  /** The indexes that are ours. One that isn't recorded here is somebody else's. */
  readonly indexes: readonly TableIndex[];
}

export function toFields({ tags, schema }: Meta): NonNullable<Document["fields"]> {
  return {
    tags: {
      mapValue: {
        fields: Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, { stringValue: value }])),
      },
    },
    ...(schema ? { schema: { stringValue: JSON.stringify(schema) } } : {}),
  };
}

export function readMeta(document: Document): Meta {
  const found = document.fields?.tags?.mapValue?.fields ?? {};
  const tags = Object.fromEntries(
    Object.entries(found).flatMap(([key, value]) =>
      typeof value.stringValue === "string" ? [[key, value.stringValue] as const] : [],
    ),
  );
  return { tags, schema: readSchema(document.fields?.schema?.stringValue) };
}

/** Undefined for what we did not write: then the keys are unknown, and no index is ours. */
function readSchema(text: string | null | undefined): Schema | undefined {
  try {
    const { partitionKey, sortKey = null, indexes } = JSON.parse(text ?? "") as Partial<Schema>;
    if (!hasKeys({ partitionKey, sortKey }) || !Array.isArray(indexes) || !indexes.every(isIndex)) return undefined;
    return { partitionKey, sortKey, indexes } as Schema;
  } catch {
    return undefined;
  }
}

/** The workload may write the document too: what it says is looked at before it is believed. */
const isIndex = (value: unknown): boolean =>
  isRecord(value) && typeof value.name === "string" && hasKeys({ sortKey: null, ...value });
const hasKeys = ({ partitionKey, sortKey }: { readonly partitionKey?: unknown; readonly sortKey?: unknown }): boolean =>
  isKey(partitionKey) && (sortKey === null || isKey(sortKey));
const isKey = (value: unknown): boolean =>
  isRecord(value) && typeof value.name === "string" && typeof value.type === "string";
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/**
 * What to record before the indexes change: all that are wanted, and the old ones that still have to be taken down, so
 * that they are known as ours after a crash.
 */
export function recordedIndexes(
  wanted: readonly TableIndex[],
  before: Schema | undefined,
  live: LiveIndexes,
): readonly TableIndex[] {
  const names = new Set(wanted.map(({ name }) => name));
  const standing = (before?.indexes ?? []).filter((index) => shapesOf(index).some((shape) => live.has(shape)));
  // A changed index keeps its name: the old one is recorded under a name that nothing asks for.
  return sorted([
    ...wanted,
    ...standing
      .filter((index) => !wanted.some((one) => sameIndex(one, index)))
      .map((index) => (names.has(index.name) ? { ...index, name: `(old) ${index.name}` } : index)),
  ]);
}

const sameIndex = (a: TableIndex, b: TableIndex): boolean =>
  JSON.stringify([a.name, a.partitionKey, a.sortKey]) === JSON.stringify([b.name, b.partitionKey, b.sortKey]);

/** The next change to composite indexes: all that can go, and the first that is missing. */
export function indexSteps(
  wanted: Pick<Schema, "partitionKey" | "sortKey" | "indexes">,
  before: Schema | undefined,
  live: LiveIndexes,
): { readonly remove: readonly Index[]; readonly add: Shape | undefined } {
  const needed = new Set(neededIndexes(wanted).flatMap(shapesOf));
  const ours = new Set((before?.indexes ?? []).flatMap(shapesOf));
  return {
    remove: [...live].flatMap(([shape, index]) => (ours.has(shape) && !needed.has(shape) ? [index] : [])),
    add: [...needed].find((shape) => !live.has(shape)),
  };
}

/** What was read of one table. */
export interface LiveTable {
  readonly database: Database;
  readonly meta: Meta | undefined;
  readonly indexes: LiveIndexes;
  readonly ttlFields: readonly Field[];
}

/** The live values in the fields of Want. */
export function actualTable({ database, meta, indexes, ttlFields }: LiveTable): Partial<TableWant> {
  const schema = meta?.schema;
  const stands = (index: TableIndex) => shapesOf(index).every((shape) => indexes.has(shape));
  const [key] = schema ? neededIndexes({ ...schema, indexes: [] }) : [];
  const missing = key && !stands(key) ? [{ ...key, name: `${KEY_INDEX} is missing` }] : [];
  const ttl = ttlFields.map(ttlFieldName).sort();
  return {
    ...databaseValues(database),
    tags: meta?.tags ?? {},
    ...(schema ? { partitionKey: schema.partitionKey, sortKey: schema.sortKey } : {}),
    indexes: sorted([...missing, ...(schema?.indexes ?? []).filter(stands)]),
    ttlField: ttl.length > 1 ? ttl.join(", ") : (ttl[0] ?? null),
    overrides: {},
  };
}

/** The values that the database itself tells, also while its documents can't be read. */
export function databaseValues(database: Database): Partial<TableWant> {
  return {
    pointInTimeRecoveryDays:
      database.pointInTimeRecoveryEnablement === "POINT_IN_TIME_RECOVERY_ENABLED" ? RECOVERY_DAYS : null,
    deletionProtection: database.deleteProtectionState === "DELETE_PROTECTION_ENABLED",
    encryptionKey: database.cmekConfig?.kmsKeyName || null,
  };
}

export const ttlFieldName = (field: Field): string => unquoted(shortField(field.name ?? ""));

/** A quoted field path may hold slashes, so it is all that comes after `/fields/`. */
const shortField = (name: string): string => name.slice(name.indexOf("/fields/") + "/fields/".length);

export function tableOutputs(id: string, region: string): TableOutputs {
  return { TABLE_ID: id, TABLE_NAME: shortName(id), COLLECTION, REGION: region };
}
