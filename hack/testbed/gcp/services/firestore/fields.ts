/** Single fields: index exemptions and time to live. Comments of google/firestore/admin/v1/field.proto. */
import { invalid, notFound, precondition } from "../../engine/errors.ts";
import { applyMask, maskedPaths } from "../../engine/masks.ts";
import { child, type Message, text } from "../../engine/messages.ts";
import { parentName } from "../../engine/names.ts";
import { page } from "../../engine/pages.ts";
import type { Call, Handler } from "../../engine/world.ts";
import { DATABASE } from "./databases.ts";

const FIELD = "firestore.googleapis.com/Field";
const FILTERS: Readonly<Record<string, (field: Message) => boolean>> = {
  "indexConfig.usesAncestorConfig:false": (field) => child(field, "indexConfig")?.usesAncestorConfig !== true,
  "ttlConfig:*": (field) => field.ttlConfig !== undefined,
};

const databaseOf = (name: string): string => name.split("/collectionGroups/")[0] ?? "";

/** Every field has a configuration: its own, or that of all fields. */
function inherited(name: string): Message {
  const ancestorField = `${databaseOf(name)}/collectionGroups/__default__/fields/*`;
  const index = (mode: Message) => ({
    queryScope: "COLLECTION",
    state: "READY",
    fields: [{ fieldPath: "*", ...mode }],
  });
  const indexes = [index({ order: "ASCENDING" }), index({ order: "DESCENDING" }), index({ arrayConfig: "CONTAINS" })];
  return { name, indexConfig: { indexes, usesAncestorConfig: true, ancestorField } };
}

function requireDatabase(call: Call, name: string): void {
  if (call.view.get(DATABASE, databaseOf(name)) === undefined) throw notFound(databaseOf(name));
}

const read = (call: Call, name: string): Message => call.view.get(FIELD, name) ?? inherited(name);

function checkTtl(call: Call, field: Message): void {
  if (child(field, "ttlConfig") === undefined) return;
  const group = parentName(text(field, "name"));
  const other = call.world.store
    .list(FIELD, `${group}/fields/`)
    .find((one) => one.ttlConfig !== undefined && one.name !== field.name);
  if (other !== undefined)
    throw precondition(
      `${text(other, "name")} has a TTL already, and a collection group has at most one: clear that first.`,
    );
}

/** An index configuration that was given is the field's own; one that was cleared is the ancestor's again. */
function withIndexConfig(field: Message, cleared: boolean): Message {
  const name = text(field, "name");
  if (cleared) return { ...field, indexConfig: inherited(name).indexConfig };
  const config = child(field, "indexConfig");
  const { ancestorField } = inherited(name).indexConfig as Message;
  return config?.usesAncestorConfig === true
    ? field
    : { ...field, indexConfig: { ...(config?.indexes ? { indexes: config.indexes } : {}), ancestorField } };
}

const update: Handler = (call) => {
  const { store, operations, definitions } = call.world;
  const sent = child(call.request, "field") ?? {};
  const name = text(sent, "name");
  if (definitions.resource(FIELD)?.patterns.some((pattern) => pattern.matches(name)) !== true)
    throw invalid(`"${name}" is not the name of a field.`, "field.name");
  requireDatabase(call, name);
  const running = operations.pendingOn(name);
  if (running !== undefined) throw precondition(`Another operation works on ${name}: wait for ${running}.`);
  const type = definitions.type("google.firestore.admin.v1.Field");
  const input = call.world.validator.without("OUTPUT_ONLY", type, sent);
  const { name: _name, ...content } = input;
  const paths = maskedPaths(type, child(call.request, "updateMask"), content);
  const before = read(call, name);
  const changed = applyMask(type, before, input, paths);
  checkTtl(call, changed);
  const indexed = paths.includes("index_config") ? withIndexConfig(changed, input.indexConfig === undefined) : changed;
  const ttl = child(indexed, "ttlConfig");
  const withState = (state: string): Message => (ttl ? { ...indexed, ttlConfig: { ...ttl, state } } : indexed);
  const put = (field: Message) => store.put(FIELD, name, field);
  put(withState(paths.includes("ttl_config") ? "CREATING" : ((ttl?.state as string | undefined) ?? "ACTIVE")));
  return operations.start({
    call,
    resource: name,
    effect() {
      put(withState("ACTIVE"));
      return withState("ACTIVE");
    },
    failed: () => put(paths.includes("ttl_config") && ttl ? withState("NEEDS_REPAIR") : before),
  });
};

/** Only what is configured on its own can be listed, and the filter must say so. */
const listFields: Handler = (call) => {
  const parent = text(call.request, "parent");
  requireDatabase(call, `${parent}/fields/x`);
  const filters = text(call.request, "filter")
    .split(/\s+OR\s+/)
    .map((filter) => FILTERS[filter]);
  if (filters.some((filter) => filter === undefined))
    throw invalid(`filter must be one of ${Object.keys(FILTERS).join(", ")}, or both joined by OR.`, "filter");
  const all = call.view
    .list(FIELD, parent.endsWith("/-") ? `${databaseOf(parent)}/` : `${parent}/fields/`)
    .filter((field) => filters.some((filter) => filter?.(field)));
  const { items, nextPageToken } = page(all, (field) => text(field, "name"), call.request);
  return { fields: items, nextPageToken };
};

const ADMIN = "google.firestore.admin.v1.FirestoreAdmin";

export const fieldHandlers: Record<string, Handler> = {
  [`${ADMIN}.GetField`]: (call) => {
    const name = text(call.request, "name");
    requireDatabase(call, name);
    return read(call, name);
  },
  [`${ADMIN}.UpdateField`]: update,
  [`${ADMIN}.ListFields`]: listFields,
};
