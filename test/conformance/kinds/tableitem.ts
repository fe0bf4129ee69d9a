import { tableItem as leaf } from "../../../controllers/leaf/tableitem.ts";
import type { ItemWant } from "../../../controllers/leaf/wants.ts";
import { tableItem as schema, type TableItemSpec } from "../../../crds/tableitem.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

/** The Table of the suite has the key attributes tenant, a text, and at, a number. */
export const TABLE = "catalogue";
const ATTRIBUTES = { price: 1250, open: true, share: 0.25, lines: [{ sku: "tea", count: 2 }] };
const BASE = { tableRef: { name: TABLE }, key: { partition: "eu/west", sort: 7 }, attributes: ATTRIBUTES };

/** The attribute that is the output of another object. */
export const FROM = "queueUrl";

const from: Edit = {
  title: "an output of another object",
  spec: { attributesFrom: [{ attribute: FROM, queue: "jobs", output: "QUEUE_URL" }] },
  fields: ["from"],
};
const more: Edit = {
  title: "an attribute more, of a name that no expression takes",
  spec: { attributes: { ...ATTRIBUTES, "the name: `a.b`": "c" } },
  fields: ["attributes"],
};
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

const FALSY = { zero: 0, no: false, text: "", map: {}, list: [] };

/** TableItem, as it is on every cloud. */
export const tableItem: KindUnderTest<TableItemSpec, ItemWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, ...BASE, ...over }),
  own: (name) => ({ key: { partition: name, sort: 1 } }),
  edits: [
    { title: "an attribute", spec: { attributes: { ...ATTRIBUTES, price: 990 } }, fields: ["attributes"] },
    more,
    from,
    tags,
  ],
  optional: [more, from, tags],
  falsy: [{ title: "0, false and empty", spec: { attributes: FALSY }, effective: { attributes: FALSY } }],
  immutable: [],
  referring: from.spec,
  shows: {
    outputs: ["ITEM_ID"],
    // `table` differs by the rule cloud-ids.
    effective: {
      key: [
        { name: "tenant", value: "eu/west" },
        { name: "at", value: 7 },
      ],
      attributes: ATTRIBUTES,
      tags: TAGS,
    },
  },
  doesNotApply: {
    L6: "an item is changed at once: no cloud reports an update that still runs",
    L14: "an item is made at once: no cloud reports one that is still being made",
    L15: "its key is free at once on both clouds",
    L16: "no cloud keeps a deleted item for a while",
    L20: "it carries our marks as an attribute: L19",
    L22: "it can't be replaced by one of another name; that its Table can't change: TI5 of tableitems.ts",
    L23: "no reply about an item carries a state that could be new to us",
    L24: "nothing of an item comes in pages",
    L27: "the key of the customer is the Table's: its own cases try that",
  },
};
