import { table as leaf } from "../../../controllers/leaf/table.ts";
import type { TableWant } from "../../../controllers/leaf/wants.ts";
import { table as schema, type TableSpec } from "../../../crds/table.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

const BASE = {
  partitionKey: { name: "tenant", type: "String" },
  sortKey: { name: "at", type: "Number" },
  deletionProtection: false,
  deletionPolicy: "Delete",
} as const;

const index = (name: string, on: string) => ({ name, partitionKey: { name: on, type: "String" } });

const indexes: Edit = {
  title: "an index",
  spec: { indexes: [{ ...index("by-owner", "owner"), sortKey: { name: "at", type: "Number" } }] },
  fields: ["indexes"],
};
const ttl: Edit = { title: "expiry", spec: { ttlField: "expiresAt" }, fields: ["ttlField"] };
const recovery: Edit = {
  title: "recovery",
  spec: { pointInTimeRecovery: { days: 7 } },
  fields: ["pointInTimeRecoveryDays"],
};
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

const stream: Edit = {
  title: "a stream, AWS alone",
  spec: { portability: "Warn", overrides: { aws: { stream: "NewAndOldImages" } } },
  fields: ["overrides"],
  nothingOn: { gcp: "an override for the other cloud" },
};

/** Table, as it is on every cloud. */
export const table: KindUnderTest<TableSpec, TableWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, ...BASE, ...over }),
  edits: [
    indexes,
    ttl,
    recovery,
    { title: "deletion protection", spec: { deletionProtection: true }, fields: ["deletionProtection"] },
    stream,
    tags,
  ],
  optional: [indexes, ttl, recovery, tags],
  falsy: [{ title: "no protection", spec: { deletionProtection: false }, effective: { deletionProtection: false } }],
  immutable: [
    { spec: { partitionKey: { name: "customer", type: "String" } }, field: "partitionKey", on: ["aws", "gcp"] },
    { spec: { sortKey: { name: "at", type: "String" } }, field: "sortKey", on: ["aws", "gcp"] },
  ],
  guard: { on: { deletionProtection: true }, off: { deletionProtection: false } },
  many: { indexes: Array.from({ length: 20 }, (_, n) => index(`by-field-${n}`, `field${n}`)) },
  shows: {
    outputs: ["TABLE_ID", "TABLE_NAME", "COLLECTION", "REGION"],
    effective: {
      partitionKey: BASE.partitionKey,
      sortKey: BASE.sortKey,
      // `indexes` differ by the rule key-index: Firestore needs one of its own to order by the sort key.
      deletionProtection: false,
      tags: TAGS,
    },
  },
  doesNotApply: {
    L16: "no cloud keeps a deleted table for a while; recovery makes a new one",
    L25: "a Table refers to nothing",
  },
};
