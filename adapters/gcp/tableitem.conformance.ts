/** Documents that somebody marks between the look that a write makes by itself and the write: its precondition alone holds it back. */
import { afterAll, expect, it } from "vitest";
import type { ItemOutputs, ItemWant } from "../../controllers/leaf/wants.ts";
import type { Present, Provider } from "../../operator/provider/provider.ts";
import type { Firestore } from "./firestore.ts";
import type { Gcp } from "./gcp.ts";
import { tableItemProvider } from "./tableitem.ts";
import { call, marks, PROJECT, present, REGION, startAdapter } from "./testing/cloud.ts";

type Items = Provider<ItemWant, ItemOutputs>;

const adapter = await startAdapter();
afterAll(() => adapter.close());
const { firestore } = adapter.direct;
const signal = AbortSignal.timeout(60_000);
const table = `projects/${PROJECT}/databases/rows`;
await firestore.createDatabase(PROJECT, "rows", { locationId: REGION, type: "FIRESTORE_NATIVE" }, signal);

const itemsBy = (port: Firestore): Items => tableItemProvider({ firestore: port } as Gcp);

/** The same port; after each look at a document somebody else marks it. */
const raced: Firestore = {
  ...firestore,
  async document(name, ...more) {
    const found = await firestore.document(name, ...more);
    if (found)
      await firestore.changeDocument({ ...found, fields: { onyx: { stringValue: "theirs" } } }, ["onyx"], signal);
    return found;
  },
};

const context = call("TableItem", "one");
const at = (want: ItemWant) => ({ name: "one", footprint: itemsBy(firestore).footprint?.(want) ?? [] });

it.each<[string, (items: Items, seen: Present<ItemWant, ItemOutputs>, want: ItemWant) => Promise<unknown>]>([
  [
    "update",
    (items, seen, want) =>
      items.update(seen, { ...want, attributes: { state: "ours" } }, new Set(["attributes"]), context),
  ],
  ["delete", (items, seen, want) => items.delete(seen, at(want), context)],
  ["release", (items, seen) => items.release!(seen, context)],
])("%s of a document that is marked by somebody else meanwhile: refused, and theirs stays", async (verb, act) => {
  const want: ItemWant = {
    table,
    key: [{ name: "pk", value: verb }],
    place: { collection: "items", ttlField: null },
    attributes: { state: "new" },
    from: {},
    tags: marks("TableItem", "one"),
  };
  const items = itemsBy(firestore);
  await items.create(verb, want, context);
  const seen = present(await items.observe(at(want), context));
  await expect(act(itemsBy(raced), seen, want)).rejects.toMatchObject({
    fault: "conflict",
    code: "FAILED_PRECONDITION",
  });
  const left = await firestore.document(`${table}/documents/items/${verb}`, signal);
  expect(left?.fields).toMatchObject({ onyx: { stringValue: "theirs" }, state: { stringValue: "new" } });
});
