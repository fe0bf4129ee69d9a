import type { ItemOutputs, ItemWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import {
  adopted,
  changeOf,
  keyIn,
  MARK,
  type Mark,
  markOf,
  newItem,
  partsOf,
  placesIn,
  placeText,
  refuseOtherHands,
  refuseTaken,
  released,
} from "../../operator/provider/item-mark.ts";
import { ownerOf } from "../../operator/provider/owner.ts";
import type { Call, Present, Provider } from "../../operator/provider/provider.ts";
import { fieldPath } from "../../operator/workflow/cloud-workflows/index.ts";
import { documentIdOf } from "../../operator/workflow/index.ts";
import { fromFields, toFields } from "./document-value.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Document } from "./firestore.ts";
import type { Gcp } from "./gcp.ts";
import { refuseForeign } from "./owner.ts";

type Seen = Present<ItemWant, ItemOutputs>;

/** Where an item is: its database and collection, and its key. */
interface Spot extends Pick<ItemWant, "table" | "key"> {
  readonly collection: string;
}

/**
 * TableItem as document of a Firestore database, in one write with its mark. Every write holds only while the document is
 * what was read, so nothing of somebody else's is changed or deleted, whenever they come. The id of a document tells no
 * types, so the key stands in the footprint.
 */
export function tableItemProvider({ firestore }: Gcp): Provider<ItemWant, ItemOutputs> {
  const markIn = (document: Document | undefined) => document && markOf(fromFields(document.fields ?? {}));

  /** What is there now, still marked as it was seen. */
  async function readAgain(seen: Seen, call: Call) {
    const document = await firestore.document(seen.id, call.signal);
    if (!document) throw new ProviderError("notFound", `the document ${seen.id} is gone`, { code: "NOT_FOUND" });
    const item = fromFields(document.fields ?? {});
    const mark = markOf(item);
    refuseOtherHands(mark, seen.owner, `the document ${seen.id}`);
    return { document, item, mark };
  }

  const setMark = (document: Document, mark: Mark, call: Call) =>
    firestore.changeDocument({ ...document, fields: toFields({ [MARK]: mark }, null) }, [MARK], call.signal);

  return {
    ids: "derived",
    service: "firestore-items",
    immutable: ["table"],
    footprint: (want) => [placeText(spotOf(want))],
    foresee: (_name, want) => ({ ITEM_ID: idOf(spotOf(want)) }),

    async observe(at, call) {
      for (const spot of placesIn(at, idOf)) {
        const id = idOf(spot);
        const document = await firestore.document(id, call.signal);
        if (!document) continue;
        const item = fromFields(document.fields ?? {});
        const tags = markOf(item)?.tags ?? {};
        const names = spot.key.map(({ name }) => name);
        const key = names.map((name) => ({ name, value: item[name] })) as unknown as ItemWant["key"];
        const actual = { table: spot.table, key, ...partsOf(item, names), tags };
        return { exists: true, id, owner: ownerOf(tags), phase: "ready", actual, outputs: { ITEM_ID: id } };
      }
      return { exists: false };
    },

    async create(_name, want, call) {
      const id = idOf(spotOf(want));
      const fields = toFields(newItem(want, call.owner), want.place.ttlField);
      try {
        await firestore.createDocument(id, fields, call.signal);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const document = await firestore.document(id, call.signal);
        refuseForeign(id, document && { labels: markIn(document)?.tags }, call.owner);
        return { id };
      }
      return { id, outputs: { ITEM_ID: id } };
    },

    async update(seen, want, _changed, call) {
      const { document, item } = await readAgain(seen, call);
      const { set, remove } = changeOf(item, want, call.owner);
      // A field of the key is a field like others here: somebody may have written it.
      const key = Object.fromEntries(Object.entries(keyIn(want)).filter(([name, value]) => item[name] !== value));
      const all = { ...key, ...set };
      const mask = [...Object.keys(all), ...remove];
      if (mask.length === 0) return;
      const fields = toFields(all, want.place.ttlField);
      await firestore.changeDocument({ ...document, fields }, mask.map(fieldPath), call.signal);
    },

    async delete(seen, _at, call) {
      const { document } = await readAgain(seen, call);
      await firestore.deleteDocument(document, call.signal);
    },

    async adopt(seen, _want, call) {
      const { document, item, mark } = await readAgain(seen, call);
      refuseTaken(item, mark, `the document ${seen.id}`);
      await setMark(document, adopted(mark, call.owner), call);
    },

    async release(seen, call) {
      const { document, mark } = await readAgain(seen, call);
      if (mark) await setMark(document, released(mark), call);
    },
  };
}

const spotOf = ({ table, key, place: { collection } }: ItemWant): Spot => ({ table, collection, key });

const idOf = ({ table, collection, key }: Spot): string =>
  `${table}/documents/${collection}/${documentIdOf(key.map(({ value }) => value))}`;
