import { isDeepStrictEqual } from "node:util";
import type {
  AttributeDefinition,
  CreateTableCommandInput,
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  TableDescription,
  UpdateTableCommandInput,
} from "@aws-sdk/client-dynamodb";
import type { KeyAttribute, TableWant } from "../../controllers/leaf/wants.ts";
import type { Present } from "../../operator/provider/provider.ts";
import { actualOverrides, overrideSteps, overridesToCreate } from "./table-overrides.ts";

type Index = TableWant["indexes"][number];
type Change = Omit<UpdateTableCommandInput, "TableName">;

const TO_AWS = { String: "S", Number: "N" } as const;
/** Binary keys exist in tables of others only; they are told so that they differ from every wish. */
const FROM_AWS: Readonly<Record<string, string>> = { S: "String", N: "Number", B: "Binary" };

const keysOf = (keys: { partitionKey: KeyAttribute; sortKey: KeyAttribute | null }): KeyAttribute[] =>
  keys.sortKey ? [keys.partitionKey, keys.sortKey] : [keys.partitionKey];

const keySchema = (keys: { partitionKey: KeyAttribute; sortKey: KeyAttribute | null }): KeySchemaElement[] =>
  keysOf(keys).map(({ name }, position) => ({ AttributeName: name, KeyType: position === 0 ? "HASH" : "RANGE" }));

/** The attributes of all keys, each once: DynamoDB refuses definitions that nothing uses. */
function attributeDefinitions(...keyed: { partitionKey: KeyAttribute; sortKey: KeyAttribute | null }[]) {
  const types = new Map(keyed.flatMap(keysOf).map(({ name, type }) => [name, TO_AWS[type]] as const));
  return [...types].map(([AttributeName, AttributeType]): AttributeDefinition => ({ AttributeName, AttributeType }));
}

const gsi = (index: Index) => ({
  IndexName: index.name,
  KeySchema: keySchema(index),
  Projection: { ProjectionType: "ALL" as const },
});

const sse = (key: string | null) =>
  key === null ? { Enabled: false } : { Enabled: true, SSEType: "KMS" as const, KMSMasterKeyId: key };

/** All that CreateTable can set. TTL and recovery have calls of their own, once the table is active. */
export function createInput(name: string, want: TableWant): Omit<CreateTableCommandInput, "Tags"> {
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: keySchema(want),
    AttributeDefinitions: attributeDefinitions(want, ...want.indexes),
    ...(want.indexes.length > 0 && { GlobalSecondaryIndexes: want.indexes.map(gsi) }),
    ...(want.encryptionKey !== null && { SSESpecification: sse(want.encryptionKey) }),
    DeletionProtectionEnabled: want.deletionProtection,
    ...overridesToCreate(want),
  };
}

/**
 * The calls of UpdateTable that lead from what is seen to what is wanted, in order: DynamoDB takes one kind of change
 * a call, and one index. Indexes are deleted before new ones are made; a changed one is both.
 */
export function updateSteps(
  seen: Partial<TableWant>,
  want: TableWant,
  changed: ReadonlySet<string>,
): readonly { readonly name: string; readonly change: Change }[] {
  const one = (field: keyof TableWant, name: string, change: Change) => (changed.has(field) ? [{ name, change }] : []);
  return [
    ...one("deletionProtection", "set deletion protection", { DeletionProtectionEnabled: want.deletionProtection }),
    ...one("encryptionKey", "set the key", { SSESpecification: sse(want.encryptionKey) }),
    ...(changed.has("overrides") ? overrideSteps(seen.overrides ?? {}, want.overrides) : []),
    ...(changed.has("indexes") ? indexSteps(seen.indexes ?? [], want) : []),
  ];
}

function indexSteps(live: readonly Index[], want: TableWant) {
  const wanted = new Map(want.indexes.map((index) => [index.name, index]));
  const kept = live.filter((index) => isDeepStrictEqual(index, wanted.get(index.name)));
  const gone = live.filter((index) => !kept.includes(index));
  const made = want.indexes.filter((index) => !kept.some(({ name }) => name === index.name));
  return [
    ...gone.map(({ name }) => ({
      name: `delete index ${name}`,
      change: { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: name } }] },
    })),
    ...made.map((index, position) => ({
      name: `make index ${index.name}`,
      change: {
        AttributeDefinitions: attributeDefinitions(want, ...kept, ...made.slice(0, position + 1)),
        GlobalSecondaryIndexUpdates: [{ Create: gsi(index) }],
      },
    })),
  ];
}

/** What DescribeTable says, in the fields of Want. */
export function actualOf(table: TableDescription): Partial<TableWant> {
  const types = new Map(
    (table.AttributeDefinitions ?? []).map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  );
  const attribute = (schema: readonly KeySchemaElement[] | undefined, kind: string): KeyAttribute | null => {
    const name = schema?.find(({ KeyType }) => KeyType === kind)?.AttributeName;
    const type = FROM_AWS[types.get(name) ?? ""] ?? "Unknown";
    return name === undefined ? null : { name, type: type as KeyAttribute["type"] };
  };
  const keys = (schema: readonly KeySchemaElement[] | undefined) => ({
    partitionKey: attribute(schema, "HASH") ?? { name: "", type: "String" as const },
    sortKey: attribute(schema, "RANGE"),
  });
  const encrypted = table.SSEDescription && !["DISABLED", "DISABLING"].includes(table.SSEDescription.Status ?? "");
  return {
    ...keys(table.KeySchema),
    indexes: (table.GlobalSecondaryIndexes ?? [])
      .filter(({ IndexStatus }) => IndexStatus !== "DELETING")
      .map(({ IndexName, KeySchema }) => ({ name: IndexName ?? "", ...keys(KeySchema) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    deletionProtection: table.DeletionProtectionEnabled ?? false,
    encryptionKey: (encrypted && table.SSEDescription?.KMSMasterKeyArn) || null,
    overrides: actualOverrides(table),
  };
}

type Phase = Pick<Present<TableWant, never>, "phase" | "message">;

/** How far DynamoDB is. A status that is new to us means that it is doing something. */
export function phaseOf(table: TableDescription): Phase {
  const status = table.TableStatus ?? "an unknown state";
  if (status === "DELETING") return { phase: "deleting", message: "DynamoDB is deleting the table." };
  if (status === "INACCESSIBLE_ENCRYPTION_CREDENTIALS")
    return {
      phase: "failed",
      message: "DynamoDB can't use the table's KMS key: is it disabled, or its policy changed?",
    };
  if (status === "ARCHIVED" || status === "ARCHIVING")
    return {
      phase: "failed",
      message: "DynamoDB archived the table because its KMS key could not be used for seven days. Restore its backup.",
    };
  if (status !== "ACTIVE" && status !== "REPLICATION_NOT_AUTHORIZED")
    return { phase: "pending", message: `The table is ${status}.` };
  const index = table.GlobalSecondaryIndexes?.find(({ IndexStatus }) => IndexStatus !== "ACTIVE");
  if (index) return { phase: "pending", message: indexMessage(index) };
  if (["ENABLING", "DISABLING", "UPDATING"].includes(table.SSEDescription?.Status ?? ""))
    return { phase: "pending", message: "DynamoDB is changing the table's key." };
  return { phase: "ready" };
}

const indexMessage = ({ IndexName, IndexStatus }: GlobalSecondaryIndexDescription) =>
  IndexStatus === "CREATING" ? `Index ${IndexName} is being built.` : `Index ${IndexName} is ${IndexStatus}.`;
