/** Structured queries: filters, order, limit. Composite indexes must exist where Firestore would want one. */
import { CloudError, unimplemented } from "../../engine/errors.ts";
import { child, list, type Message, text } from "../../engine/messages.ts";
import type { View } from "../../engine/store.ts";
import { INDEX } from "./indexes.ts";
import { compareValues, type Fields, fieldPath, readField, sameKind } from "./values.ts";
import { DOCUMENT } from "./writes.ts";

interface Condition {
  readonly path: string;
  readonly op: string;
  readonly value: Message;
}

interface Order {
  readonly path: string;
  readonly descending: boolean;
}

const RANGE = new Set(["LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL"]);
const NAME = "__name__";

const valueAt = (document: Message, path: string): Message | undefined =>
  path === NAME ? { referenceValue: document.name } : readField((document.fields ?? {}) as Fields, fieldPath(path));

/** The conditions that all must hold. */
function conditions(filter: Message | undefined): Condition[] {
  if (filter === undefined) return [];
  const composite = child(filter, "compositeFilter");
  if (composite !== undefined) {
    if (composite.op !== "AND") throw unimplemented("The test bed's Firestore answers no OR queries.");
    return list(composite, "filters").flatMap(conditions);
  }
  const single = child(filter, "fieldFilter");
  const unary = child(filter, "unaryFilter");
  if (single !== undefined)
    return [
      { path: text(child(single, "field"), "fieldPath"), op: text(single, "op"), value: child(single, "value") ?? {} },
    ];
  if (unary?.op === "IS_NULL")
    return [{ path: text(child(unary, "field"), "fieldPath"), op: "EQUAL", value: { nullValue: "NULL_VALUE" } }];
  throw unimplemented("The test bed's Firestore doesn't know this filter.");
}

function holds(document: Message, { path, op, value }: Condition): boolean {
  const actual = valueAt(document, path);
  if (actual === undefined) return false;
  const order = compareValues(actual, value);
  if (op === "EQUAL") return order === 0;
  if (op === "IN") return list(child(value, "arrayValue"), "values").some((one) => compareValues(actual, one) === 0);
  if (!RANGE.has(op)) throw unimplemented(`The test bed's Firestore doesn't know the operator ${op}.`);
  if (!sameKind(actual, value)) return false;
  if (op.startsWith("LESS") ? order < 0 : order > 0) return true;
  return op.endsWith("OR_EQUAL") && order === 0;
}

/** What is asked for, then what ranges imply, then the name: Firestore's own completion of an order. */
function completeOrder(query: Message, filters: readonly Condition[]): Order[] {
  const orders = list(query, "orderBy").map((order) => ({
    path: text(child(order, "field"), "fieldPath"),
    descending: order.direction === "DESCENDING",
  }));
  const implied = filters.filter(({ op, path }) => RANGE.has(op) && !orders.some((order) => order.path === path));
  const last = orders.at(-1)?.descending ?? false;
  const all = [...orders, ...new Set(implied.map(({ path }) => path))].map((order) =>
    typeof order === "string" ? { path: order, descending: last } : order,
  );
  return all.some(({ path }) => path === NAME) ? all : [...all, { path: NAME, descending: last }];
}

/** Equalities beside an order on another field need a composite index: the equalities first, then the order. */
function requireIndex(view: View, group: string, filters: readonly Condition[], orders: readonly Order[]): void {
  const equal = new Set(filters.filter(({ op }) => !RANGE.has(op)).map(({ path }) => path));
  const sorted = orders.filter(({ path }) => path !== NAME && !equal.has(path));
  if (sorted.length === 0 || (equal.size === 0 && sorted.length === 1)) return;
  const fits = (index: Message): boolean => {
    const fields = list(index, "fields").filter((field) => text(field, "fieldPath") !== NAME);
    const head = fields.slice(0, equal.size).map((field) => text(field, "fieldPath"));
    const tail = fields.slice(equal.size);
    return (
      index.state === "READY" &&
      head.every((path) => equal.has(path)) &&
      tail.length === sorted.length &&
      tail.every(
        (field, i) =>
          text(field, "fieldPath") === sorted[i]?.path && (field.order === "DESCENDING") === sorted[i]?.descending,
      )
    );
  };
  if (!view.list(INDEX, `${group}/indexes/`).some(fits))
    throw new CloudError(
      "FAILED_PRECONDITION",
      `The query requires an index on ${[...equal, ...sorted.map(({ path }) => path)].join(", ")} of ${group}, which doesn't exist or isn't ready.`,
    );
}

/** @param parent a document or `projects/p/databases/d/documents` @returns documents in order */
export function runQuery(view: View, parent: string, query: Message): readonly Message[] {
  const [from, second] = list(query, "from");
  if (from === undefined || second !== undefined || from.allDescendants === true)
    throw unimplemented("The test bed's Firestore queries one collection at a time.");
  for (const field of ["startAt", "endAt", "findNearest"])
    if (query[field] !== undefined) throw unimplemented(`The test bed's Firestore doesn't know ${field}.`);
  const collection = `${parent}/${text(from, "collectionId")}/`;
  const filters = conditions(child(query, "where"));
  const orders = completeOrder(query, filters);
  const group = `${parent.split("/documents")[0] ?? ""}/collectionGroups/${text(from, "collectionId")}`;
  requireIndex(view, group, filters, orders);
  const found = view
    .list(DOCUMENT, collection)
    .filter((document) => !text(document, "name").slice(collection.length).includes("/"))
    .filter((document) => filters.every((filter) => holds(document, filter)))
    .filter((document) => orders.every(({ path }) => valueAt(document, path) !== undefined))
    .toSorted((a, b) => {
      for (const { path, descending } of orders) {
        const order = compareValues(valueAt(a, path) as Message, valueAt(b, path) as Message);
        if (order !== 0) return descending ? -order : order;
      }
      return 0;
    });
  const offset = Number(query.offset ?? 0);
  const limit = child(query, "limit")?.value;
  return found.slice(offset, limit === undefined ? undefined : offset + Number(limit));
}
