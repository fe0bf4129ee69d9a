import type { TableSpec } from "../../crds/table.ts";
import type { Leaf } from "../../operator/reconcile/leaf-object.ts";
import { encryptionKeyOf, encryptionSpec, keyReferences } from "./encryption.ts";
import { overridesFor, overridesSpec } from "./overrides.ts";
import type { TableWant } from "./wants.ts";

/** A table: DynamoDB, or a Firestore database of its own. */
export const table: Leaf<TableSpec, TableWant> = {
  kind: "Table",
  dataBearing: true,
  holds: "its items",
  finalBackup: (spec) => spec.finalBackup,
  // The id of a Firestore database.
  nameLimit: 63,
  references: keyReferences,
  want: (spec, given) => ({
    partitionKey: spec.partitionKey,
    sortKey: spec.sortKey ?? null,
    indexes: (spec.indexes ?? [])
      .map(({ name, partitionKey, sortKey }) => ({ name, partitionKey, sortKey: sortKey ?? null }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    ttlField: spec.ttlField ?? null,
    pointInTimeRecoveryDays: spec.pointInTimeRecovery?.days ?? null,
    deletionProtection: spec.deletionProtection,
    encryptionKey: encryptionKeyOf(spec, given),
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
  specOf: (actual, naming) => ({
    partitionKey: actual.partitionKey,
    sortKey: actual.sortKey ?? undefined,
    indexes: actual.indexes?.map(({ sortKey, ...index }) => ({ ...index, ...(sortKey && { sortKey }) })),
    ttlField: actual.ttlField ?? undefined,
    pointInTimeRecovery: actual.pointInTimeRecoveryDays ? { days: actual.pointInTimeRecoveryDays } : undefined,
    deletionProtection: actual.deletionProtection,
    encryption: encryptionSpec(actual.encryptionKey, naming),
    overrides: overridesSpec(inWords(actual.overrides), naming.cloud),
  }),
};

/** The settings of a cloud as spec has them. Reserved capacity is none: spec can't ask for it. */
function inWords({ billing: _never, ...rest }: TableWant["overrides"] = {}): TableWant["overrides"] {
  return rest;
}
