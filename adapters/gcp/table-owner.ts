import type { TableOutputs, TableWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { mergeTags, type Owner, ownerOf, type Tags } from "../../operator/provider/owner.ts";
import type { Call, Present } from "../../operator/provider/provider.ts";
import type { Firestore } from "./firestore.ts";
import { shortName } from "./names.ts";
import { mayTake } from "./owner.ts";
import { type Meta, OWNER_COLLECTION, ownerDocument, readMeta, type Schema, toFields } from "./table-shape.ts";

type Seen = Present<TableWant, TableOutputs>;

/** The document that says whose a database is, as `tableProvider` tells. */
export interface TableOwner {
  /** Who asked, where nothing is in a database that carries no marks; undefined: it is somebody's. */
  ownerIfEmpty(id: string, call: Call): Promise<Owner | undefined>;
  /**
   * After a create that was told that the name is taken: by us, in a pass that was cut off, or by somebody else.
   * @throws ProviderError in that last case
   */
  refuseForeign(id: string, call: Call): Promise<void>;
  /**
   * Writes the document: made where there is none, else changed as `change` says, if that changes anything.
   * @returns what was there before
   */
  writeMeta(id: string, change: (meta: Meta) => Meta, call: Call): Promise<Meta | undefined>;
  /** Puts marks on what is there; `schema` is recorded where none is. */
  mark(seen: Seen, tags: Tags, schema: Schema | undefined, call: Call): Promise<void>;
}

export function tableOwner(firestore: Firestore): TableOwner {
  async function ownerIfEmpty(id: string, call: Call): Promise<Owner | undefined> {
    const collections = await firestore.collections(id, call.signal);
    return collections.length === 0 ? call.owner : undefined;
  }

  async function refuseForeign(id: string, call: Call): Promise<void> {
    if (!(await firestore.database(id, call.signal)))
      throw new ProviderError("transient", `${id} exists and can't be seen yet.`, { code: "ALREADY_EXISTS" });
    const document = await firestore.document(ownerDocument(id), call.signal);
    if (document && mayTake(ownerOf(readMeta(document).tags), call.owner)) return;
    throw new ProviderError("conflict", `${id} exists and does not carry our marks. It was left alone.`, {
      code: "ALREADY_EXISTS",
    });
  }

  async function writeMeta(id: string, change: (meta: Meta) => Meta, call: Call): Promise<Meta | undefined> {
    const name = ownerDocument(id);
    const document = await firestore.document(name, call.signal);
    const before = document && readMeta(document);
    const after = change(before ?? { tags: {}, schema: undefined });
    if (!document) await firestore.createDocument(name, toFields(after), call.signal);
    else if (JSON.stringify(toFields(after)) !== JSON.stringify(toFields(before ?? after)))
      await firestore.replaceDocument({ ...document, fields: { ...document.fields, ...toFields(after) } }, call.signal);
    return before;
  }

  const mark = async (seen: Seen, tags: Tags, schema: Schema | undefined, call: Call) => {
    await step(`write the document ${OWNER_COLLECTION}/owner of ${shortName(seen.id)}`, () =>
      writeMeta(seen.id, (meta) => ({ tags: mergeTags(meta.tags, tags), schema: meta.schema ?? schema }), call),
    );
  };

  return { ownerIfEmpty, refuseForeign, writeMeta, mark };
}
