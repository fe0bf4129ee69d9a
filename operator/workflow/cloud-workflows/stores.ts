import { QUERY_ITEMS, type StoreCall } from "../calls.ts";
import { expressionText } from "../expression/cloud-workflows-steps.ts";
import type { Value } from "../expression/index.ts";
import type { Call } from "../ir.ts";
import { outputOf } from "../place.ts";
import {
  indexedAttributes,
  type KeyAttribute,
  keysOf,
  MAX_NESTING,
  queriedOf,
  type TableSchema,
  typeOf,
} from "../tables/schema.ts";
import { argumentsIn } from "../tables/written.ts";
import type { Arguments } from "./arguments.ts";
import { fieldPath } from "./field-path.ts";
import { authFor } from "./place.ts";
import type { Given, TaskAt } from "./task-at.ts";

type At = TaskAt<Call>;

/**
 * Calls of Tables and Buckets, by the REST APIs of Firestore and Cloud Storage: the connectors for them try again by themselves.
 * https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents
 */
export const STORES: { readonly [Name in StoreCall]: (at: At, given: Arguments) => Given } = {
  "table.get": emitGet,
  "table.put": emitPut,
  "table.update": emitUpdate,
  "table.delete": emitDelete,
  "table.query": emitQuery,
  "bucket.get": emitRead,
  "bucket.put": emitWrite,
};

const quoted = (name: string) => `"${name}"`;
const ttlOf = ({ ttlField }: TableSchema) => (ttlField === null ? "null" : quoted(ttlField));
const nothing = (at: At): Given => {
  at.block.assign({ [at.target]: {} });
  return { output: at.target };
};

function schemaOf({ task, emission }: At): TableSchema {
  return emission.place.schema(task.target ?? "");
}

const outputIn = ({ task, emission }: At, output: string): string => outputOf(task, emission.place, output);

/** `projects/P/databases/D/documents` */
const documentsOf = (at: At) => `${outputIn(at, "TABLE_ID")}/documents`;

interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly service: "firestore" | "storage";
  /** Variable of what follows the endpoint. */
  readonly path: string;
  readonly query?: Readonly<Record<string, Value>>;
  readonly body?: Value;
}

/** Makes a request, and gives the variable of the response. A write whose condition does not hold fails with Conflict. */
function emitRequest({ task, emission, block }: At, { method, service, path, ...more }: Request): string {
  const endpoint = emission.place.endpoints[service];
  const [base, response] = [emission.variable("base"), emission.variable("response")];
  const [error, problem] = [emission.variable("error"), emission.variable("problem")];
  const url = expressionText(`${base} + ${path}`);
  const args = { method, url, ...more, timeout: task.timeoutSeconds, ...authFor(endpoint) };
  block.assign({ [base]: `${endpoint}/` }, { [response]: null });
  block.add(() => ({
    try: { steps: block.list((inner) => inner.add({ call: "http.request", args, result: response })) },
    except: {
      as: error,
      steps: block.list((inner) => {
        inner.call("rt_store_failed", { e: error }, problem);
        inner.call("rt_raise", { problem });
      }),
    },
  }));
  return response;
}

/** The variable of a path that ends with a text, in which a slash is no slash. @param after what follows that */
function emitPath({ emission, block }: At, before: string, text: string, after = ""): string {
  const [path, end] = [emission.variable("path"), emission.variable("end")];
  block.assign(
    { [path]: before },
    { [path]: expressionText(`${path} + text.replace_all(text.url_encode(${text}), "/", "%2F")`) },
    ...(after === "" ? [] : [{ [end]: after }, { [path]: expressionText(`${path} + ${end}`) }]),
  );
  return path;
}

/** The id of the document of an item; its key is looked at. @param of variable of a map with the key */
function emitId({ emission, block }: At, schema: TableSchema, of: string): string {
  const [parts, id] = [emission.variable("parts"), emission.variable("id")];
  const values = keysOf(schema).map((attribute) => {
    const value = emission.variable("value");
    block.call(
      "rt_key",
      { x: `map.get(${of}, "${attribute.name}")`, type: quoted(typeOf(attribute)), whole: "true" },
      value,
    );
    return expressionText(value);
  });
  block.assign({ [parts]: values });
  block.call("rt_id", { parts }, id);
  return id;
}

function emitKey(at: At, given: Arguments, count: number): string {
  const key = given.variable("key");
  at.block.call("rt_only", { x: key, count: String(count) }, key);
  return key;
}

/** The variable of `fields` with the attributes of an item. @param of variable of the map of them */
function emitFields({ emission, block }: At, schema: TableSchema, of: string): string {
  const [fields, ignored] = [emission.variable("fields"), emission.variable("ignored")];
  block.call("rt_map", { x: of }, of);
  for (const attribute of indexedAttributes(schema))
    block.call("rt_indexed", { of, name: quoted(attribute.name), type: quoted(typeOf(attribute)) }, ignored);
  block.call("rt_document", { x: of, ttl: ttlOf(schema), left: String(MAX_NESTING) }, fields);
  return fields;
}

const itemPath = (at: At, id: string, query = "") =>
  emitPath(at, `v1/${documentsOf(at)}/${outputIn(at, "COLLECTION")}/`, id, query);

/** By batchGet, which tells a document that is missing from a database that is. */
function emitGet(at: At, given: Arguments): Given {
  const { emission, block, target } = at;
  const schema = schemaOf(at);
  const id = emitId(at, schema, emitKey(at, given, keysOf(schema).length));
  const [name, path, item] = [emission.variable("name"), emission.variable("path"), emission.variable("item")];
  block.assign(
    { [name]: `${documentsOf(at)}/${outputIn(at, "COLLECTION")}/` },
    { [name]: expressionText(`${name} + ${id}`) },
    { [path]: `v1/${documentsOf(at)}:batchGet` },
  );
  const body = { documents: [expressionText(name)] };
  const response = emitRequest(at, { method: "POST", service: "firestore", path, body });
  block.call("rt_found", { answers: `${response}["body"]`, ttl: ttlOf(schema) }, item);
  block.assign({ [target]: { item: expressionText(item) } });
  return { output: target };
}

function emitPut(at: At, given: Arguments): Given {
  const schema = schemaOf(at);
  const item = given.variable("item");
  const fields = emitFields(at, schema, item);
  const id = emitId(at, schema, item);
  const path = itemPath(at, id, at.task.settings.ifAbsent === true ? "?currentDocument.exists=false" : "");
  emitRequest(at, { method: "PATCH", service: "firestore", path, body: { fields: expressionText(fields) } });
  return nothing(at);
}

/** What is in the mask and not in the fields is taken away. The key is written too: there may be no item yet. */
function emitUpdate(at: At, given: Arguments): Given {
  const { emission, block, task } = at;
  const schema = schemaOf(at);
  const keys = keysOf(schema);
  const key = emitKey(at, given, keys.length);
  const id = emitId(at, schema, key);
  const { set } = argumentsIn(task.with);
  const written = set?.kind === "map" ? set.entries.map((entry) => entry.key) : [];
  const own = emission.variable("own");
  block.call("rt_document", { x: key, ttl: "null", left: "0" }, own);
  const fields = set ? emitFields(at, schema, given.variable("set")) : undefined;
  const all = [...keys.map(({ name }) => name), ...written, ...((task.settings.remove ?? []) as readonly string[])];
  const mask = all.map((name) => `updateMask.fieldPaths=${encodeURIComponent(fieldPath(name))}`).join("&");
  const body = { fields: expressionText(fields ? `map.merge(${fields}, ${own})` : own) };
  emitRequest(at, { method: "PATCH", service: "firestore", path: itemPath(at, id, `?${mask}`), body });
  return nothing(at);
}

function emitDelete(at: At, given: Arguments): Given {
  const schema = schemaOf(at);
  const path = itemPath(at, emitId(at, schema, emitKey(at, given, keysOf(schema).length)));
  emitRequest(at, { method: "DELETE", service: "firestore", path });
  return nothing(at);
}

function emitQuery(at: At, given: Arguments): Given {
  const { emission, block, target, task } = at;
  const schema = schemaOf(at);
  const { descending = false, limit = QUERY_ITEMS } = task.settings;
  const { partitionKey, sortKey } = queriedOf(task, schema);
  const compared = (x: string, attribute: KeyAttribute, op: string): Value => {
    const value = emission.variable("value");
    block.call("rt_key", { x, type: quoted(typeOf(attribute)), whole: "false" }, value);
    block.call("rt_compared", { x: value }, value);
    return { fieldFilter: { field: { fieldPath: fieldPath(attribute.name) }, op, value: expressionText(value) } };
  };
  const key = emitKey(at, given, 1);
  const bounds = { from: "GREATER_THAN_OR_EQUAL", to: "LESS_THAN_OR_EQUAL" };
  const filters = [
    compared(`map.get(${key}, "${partitionKey.name}")`, partitionKey, "EQUAL"),
    ...Object.entries(bounds)
      .filter(([name]) => given.has(name))
      .map(([name, op]) => compared(given.variable(name), sortKey ?? partitionKey, op)),
  ];
  const direction = descending === true ? "DESCENDING" : "ASCENDING";
  const structuredQuery = {
    from: [{ collectionId: outputIn(at, "COLLECTION") }],
    where: { compositeFilter: { op: "AND", filters } },
    ...(sortKey && { orderBy: [{ field: { fieldPath: fieldPath(sortKey.name) }, direction }] }),
    limit: limit as number,
  };
  const [path, items] = [emission.variable("path"), emission.variable("items")];
  block.assign({ [path]: `v1/${documentsOf(at)}:runQuery` });
  const response = emitRequest(at, { method: "POST", service: "firestore", path, body: { structuredQuery } });
  block.call("rt_items", { answers: `${response}["body"]`, ttl: ttlOf(schema) }, items);
  block.assign({ [target]: { items: expressionText(items) } });
  return { output: target };
}

function emitObject(at: At, given: Arguments): string {
  const object = given.variable("object");
  at.block.call("rt_object", { x: object }, object);
  return object;
}

function emitRead(at: At, given: Arguments): Given {
  const { emission, block, target } = at;
  const object = emitObject(at, given);
  const path = emitPath(at, `storage/v1/b/${outputIn(at, "BUCKET")}/o/`, object);
  const response = emitRequest(at, { method: "GET", service: "storage", path, query: { alt: "media" } });
  const body = emission.variable("body");
  block.call("rt_json", { body: `${response}["body"]` }, body);
  block.assign({ [target]: { body: expressionText(body) } });
  return { output: target };
}

function emitWrite(at: At, given: Arguments): Given {
  const { emission, block, task } = at;
  const object = emitObject(at, given);
  const body = given.variable("body");
  const path = emission.variable("path");
  block.assign({ [path]: `upload/storage/v1/b/${outputIn(at, "BUCKET")}/o` });
  const query = {
    uploadType: "media",
    name: expressionText(object),
    ...(task.settings.ifAbsent === true && { ifGenerationMatch: "0" }),
  };
  emitRequest(at, { method: "POST", service: "storage", path, query, body: expressionText(body) });
  return nothing(at);
}
