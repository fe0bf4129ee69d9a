/** Composite indexes: comments of google/firestore/admin/v1/index.proto. One is built after the other in a database. */
import { isDeepStrictEqual } from "node:util";
import { CloudError, invalid } from "../../engine/errors.ts";
import { list, type Message, text } from "../../engine/messages.ts";
import { parentName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { Call } from "../../engine/world.ts";

export const INDEX = "firestore.googleapis.com/Index";

const NAME = "__name__";
const MODES = ["order", "arrayConfig", "vectorConfig", "searchConfig"];

/** `__name__` is always the last field, in the direction of the field before it. */
function withName(fields: readonly Message[]): readonly Message[] {
  const last = fields.at(-1);
  if (last === undefined || text(last, "fieldPath") === NAME) return fields;
  return [...fields, { fieldPath: NAME, order: last.order ?? "ASCENDING" }];
}

function check(index: Message): void {
  const fields = list(index, "fields");
  if (index.queryScope === undefined) throw invalid("index.query_scope is required.", "index.query_scope");
  const own = fields.filter((field) => text(field, "fieldPath") !== NAME);
  if (own.length < 2 && !own.some((field) => field.vectorConfig !== undefined))
    throw invalid("this index is not necessary, configure using single field index controls", "index.fields");
  if (fields.length > 100) throw invalid("An index has at most 100 fields.", "index.fields");
  for (const field of fields) {
    if (text(field, "fieldPath") === "") throw invalid("Every field of an index needs its field_path.", "index.fields");
    if (!MODES.some((mode) => field[mode] !== undefined))
      throw invalid(
        `Field "${text(field, "fieldPath")}" of the index needs an order or an array_config.`,
        "index.fields",
      );
  }
  const paths = own.map((field) => text(field, "fieldPath"));
  if (new Set(paths).size < paths.length) throw invalid("A field occurs twice in the index.", "index.fields");
}

const identity = ({ queryScope, apiScope, fields }: Message) => ({ queryScope, apiScope, fields });

function create(index: Message, { world: { store } }: Call): Message {
  check(index);
  const { state: _state, ...input } = index;
  const stored: Message = { density: "SPARSE_ALL", ...input, fields: withName(list(index, "fields")), state: "READY" };
  const siblings = store.list(INDEX, `${parentName(text(index, "name"))}/indexes/`);
  if (siblings.some((other) => isDeepStrictEqual(identity(other), identity(stored))))
    throw new CloudError("ALREADY_EXISTS", "index already exists");
  return stored;
}

export const indexes: Semantics = {
  create,
  id: (_index, { world: { store } }) => Buffer.from(`index${String(store.nextRevision())}`).toString("base64url"),
  creating: (index) => ({ ...index, state: "CREATING" }),
  failed: (index) => ({ ...index, state: "NEEDS_REPAIR" }),
  queue: (name) => name.split("/collectionGroups/")[0] ?? name,
};
