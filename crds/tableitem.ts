import { z } from "zod";
import { BINDABLE, type BindingField } from "./access.ts";
import { leafColumns } from "./columns.ts";
import type { ObjectOf, SpecInputOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { localReference } from "./refs.ts";
import { exactlyOne, immutable, withRules } from "./rules.ts";
import { formed, mapList, objectName, text } from "./text.ts";

/** Part of a key: a text, or a whole number that both clouds hold. */
const keyPart = () =>
  z.union([z.int(), z.string().min(1).max(255)]).meta({
    "x-kubernetes-int-or-string": true,
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
    minLength: 1,
    maxLength: 255,
  });

const SOURCES = Object.keys(BINDABLE) as BindingField[];

const named = (kind: string) => objectName().optional().describe(`A ${kind} of this namespace.`);

const source = withRules(
  z
    .strictObject({
      attribute: text(255).describe("Name of the attribute."),
      queue: named("Queue"),
      table: named("Table"),
      key: named("EncryptionKey"),
      secret: named("ManagedSecret"),
      topic: named("Topic"),
      bucket: named("Bucket"),
      workflow: named("Workflow"),
      output: formed(
        /^[A-Z][A-Z0-9_]*$/,
        63,
        "output must be the name of an output, such as WORKFLOW_ID: status.outputs of the object has them",
      ).describe("Which of its outputs, such as WORKFLOW_ID."),
    })
    .refine(
      (given) => SOURCES.filter((kind) => given[kind] !== undefined).length === 1,
      `give exactly one of ${SOURCES.join(", ")}`,
    ),
  exactlyOne(...SOURCES),
);

const spec = leafSpec(
  {
    tableRef: localReference("Table").describe("The Table that it is in."),
    key: z
      .strictObject({
        partition: keyPart().describe("Value of the partition key: a text or a whole number, as the Table says."),
        sort: keyPart().optional().describe("Value of the sort key, of a Table that has one."),
      })
      .describe("What the item is found by."),
    attributes: z
      .record(z.string(), z.unknown())
      .meta({ "x-kubernetes-preserve-unknown-fields": true })
      .optional()
      .describe(
        "Its attributes, without the key. What values there are, docs/guides/items.md tells. No secrets: whoever reads the Table, or status, sees them.",
      ),
    optional: z
      .boolean()
      .optional()
      .describe(
        "With managementPolicy Observe: true says that it is no trouble when there is no such item. Absent: false.",
      ),
    attributesFrom: mapList(source, 32, "attribute")
      .optional()
      .describe("Attributes that are outputs of other objects: ids, which are others on each cloud."),
  },
  { aws: {}, gcp: {} },
  immutable("tableRef", "an item doesn't move; make a new TableItem"),
  immutable("key", "an item is what its key says; make a new TableItem"),
  {
    rule: "!has(self.optional) || !self.optional || self.managementPolicy == 'Observe'",
    message: "optional is for an item that is only observed: it needs managementPolicy Observe",
    reason: "FieldValueForbidden",
    fieldPath: ".optional",
  },
  {
    rule: "!has(self.externalName)",
    message: "an item has no name but its key: leave externalName out",
    reason: "FieldValueForbidden",
    fieldPath: ".externalName",
  },
);

export const tableItem = defineKind({
  kind: "TableItem",
  plural: "tableitems",
  shortNames: ["oxitem"],
  scope: "Namespaced",
  role: "leaf",
  doc: `One item of a Table: a row of settings, of a catalogue, of what there is, that services read and Git says.

AWS: an item of the DynamoDB table. GCP: a document of the Firestore database. Both are written as docs/guides/items.md
has it, so that services and workflows find what they expect, with an attribute \`onyx\` that says whose it is. Attributes
that spec doesn't name are left to those who write them, and go with the item when it is deleted.`,
  spec,
  status: leafStatus(),
  columns: leafColumns({
    name: "Table",
    type: "string",
    jsonPath: ".spec.tableRef.name",
    description: "The Table that it is in.",
  }),
  selectableFields: [...leafSelectableFields, ".spec.tableRef.name"],
});

export type TableItemSpec = SpecOf<typeof tableItem>;
export type TableItemSpecInput = SpecInputOf<typeof tableItem>;
export type TableItemStatus = StatusOf<typeof tableItem>;
export type TableItemObject = ObjectOf<typeof tableItem>;
