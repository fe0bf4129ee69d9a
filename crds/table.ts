import { z } from "zod";
import { leafColumns } from "./columns.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { encryption, leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { limits } from "./limits.ts";
import { numberRange, numberWithin } from "./ranges.ts";
import { immutable, withRules } from "./rules.ts";
import { formed, mapList } from "./text.ts";

const limit = limits.table;

const attributeName = () =>
  formed(
    /^[A-Za-z][A-Za-z0-9_-]*$/,
    limit.attributeName.portable.max,
    "an attribute's name must begin with a letter, then letters, digits, '_' and '-'",
  );

const keyAttribute = () =>
  z.strictObject({
    name: attributeName().describe("Name of the attribute."),
    type: z.enum(["String", "Number"]).describe("Type of its values."),
  });

/** An attribute has one type, wherever it is used as a key. */
const oneTypeEach = (own: string, other: string) =>
  `self.indexes.all(i, (i.${own}.name != self.${other}.name || i.${own}.type == self.${other}.type))`;

const onDemandMaximum = withRules(
  z.strictObject({
    readUnits: numberWithin(limit.onDemandUnits).optional().describe("Read request units a second."),
    writeUnits: numberWithin(limit.onDemandUnits).optional().describe("Write request units a second."),
  }),
  {
    rule: "has(self.readUnits) || has(self.writeUnits)",
    message: "give readUnits, writeUnits or both",
    reason: "FieldValueRequired",
  },
);

const spec = leafSpec(
  {
    partitionKey: keyAttribute().describe("The attribute that items are spread by. Fixed once the table is made."),
    sortKey: keyAttribute()
      .optional()
      .describe("The attribute that items of one partition are ordered by. Fixed once the table is made."),
    indexes: mapList(
      z.strictObject({
        name: formed(
          /^[A-Za-z][A-Za-z0-9_.-]{2,}$/,
          255,
          "an index's name must have at least three characters: a letter first, then letters, digits, '_', '-' and '.'",
        ).describe("Name of the index."),
        partitionKey: keyAttribute().describe("The attribute that it is looked up by."),
        sortKey: keyAttribute().optional().describe("The attribute that it is ordered by."),
      }),
      limit.indexes.portable.max,
      "name",
    )
      .optional()
      .describe("Other ways to query. Readers must bear that an index is a little behind the table, as it is on AWS."),
    ttlField: attributeName()
      .optional()
      .describe(
        "Attribute that holds when an item expires: seconds since 1970 on AWS, a timestamp on GCP; a workflow takes seconds on both. An expired item can still be read for a while (AWS: days).",
      ),
    pointInTimeRecovery: z
      .strictObject({
        days: numberWithin(limit.pointInTimeRecoveryDays).describe(
          "How many days back. GCP always keeps seven, which covers fewer.",
        ),
      })
      .optional()
      .describe("Keep what is needed to restore the table as it was at any moment. Absent: off."),
    deletionProtection: z
      .boolean()
      .default(true)
      .describe("The cloud refuses to delete the table while this is on, whoever asks."),
    finalBackup: z
      .boolean()
      .default(true)
      .describe(
        "Before a table that holds items is destroyed (deletionPolicy Delete, with approval), the cloud makes a backup that stays until you delete it. AWS only: Firestore makes backups by schedule, never on demand.",
      ),
    encryption: encryption(),
  },
  {
    aws: {
      tableClass: z
        .enum(["Standard", "StandardInfrequentAccess"])
        .optional()
        .describe("Price class: cheaper storage for dearer reads and writes."),
      onDemandMaximum: onDemandMaximum
        .optional()
        .describe(
          "The most that the table takes in a second; what is more is throttled. A bound for the bill. Absent: the account's quota. Indexes are not bounded by it.",
        ),
      stream: z
        .enum(["KeysOnly", "NewImage", "OldImage", "NewAndOldImages"])
        .optional()
        .describe(
          "A stream of changes, kept for 24 hours, and what each record holds. Its ARN is the output STREAM_ID. Another value is another stream: what was not read of the old one is lost.",
        ),
    },
    gcp: {},
  },
  numberRange("pointInTimeRecovery.days", limit.pointInTimeRecoveryDays),
  immutable("partitionKey", "no cloud can change the keys of a table; make a new table and copy the items"),
  immutable("sortKey", "no cloud can change the keys of a table; make a new table and copy the items"),
  {
    rule: "!has(self.sortKey) || self.sortKey.name != self.partitionKey.name",
    message: "sortKey must be another attribute than partitionKey",
    fieldPath: ".sortKey.name",
  },
  {
    rule: "!has(self.indexes) || self.indexes.all(i, !has(i.sortKey) || i.sortKey.name != i.partitionKey.name)",
    message: "an index needs two different attributes as partitionKey and sortKey",
    fieldPath: ".indexes",
  },
  {
    rule: "!has(self.ttlField) || (self.ttlField != self.partitionKey.name && (!has(self.sortKey) || self.ttlField != self.sortKey.name))",
    message: "ttlField can't be one of the table's keys: on GCP it is a timestamp",
    fieldPath: ".ttlField",
  },
  {
    rule: `!has(self.indexes) || (${oneTypeEach("partitionKey", "partitionKey")} && self.indexes.all(i, !has(i.sortKey) || i.sortKey.name != self.partitionKey.name || i.sortKey.type == self.partitionKey.type))`,
    message: "an attribute has one type: an index uses the table's partitionKey with another one",
    fieldPath: ".indexes",
  },
  {
    rule: `!has(self.indexes) || !has(self.sortKey) || (${oneTypeEach("partitionKey", "sortKey")} && self.indexes.all(i, !has(i.sortKey) || i.sortKey.name != self.sortKey.name || i.sortKey.type == self.sortKey.type))`,
    message: "an attribute has one type: an index uses the table's sortKey with another one",
    fieldPath: ".indexes",
  },
);

export const table = defineKind({
  kind: "Table",
  plural: "tables",
  shortNames: ["oxt"],
  scope: "Namespaced",
  role: "leaf",
  stateful: true,
  doc: `A table of items that are found by key.

AWS: a DynamoDB table, billed by request. GCP: a Firestore database in Native mode with one collection, so that access,
recovery and protection are a table's own. A document's id is made of the item's key: docs/guides/items.md.`,
  spec,
  status: leafStatus(),
  columns: leafColumns({
    name: "PITR-Days",
    type: "integer",
    jsonPath: ".spec.pointInTimeRecovery.days",
    description: "Days back to which it can be restored.",
    priority: 1,
  }),
  selectableFields: leafSelectableFields,
});

export type TableSpec = SpecOf<typeof table>;
export type TableStatus = StatusOf<typeof table>;
export type TableObject = ObjectOf<typeof table>;
