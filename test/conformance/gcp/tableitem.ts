import { type DocumentReference, FieldPath, type Firestore, Timestamp } from "@google-cloud/firestore";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { cloudName } from "../../../operator/provider/names.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { FROM, TABLE } from "../kinds/tableitem.ts";
import { carries } from "../marks.ts";
import type { ItemServices } from "../tableitems.ts";
import type { GcpUnderTest } from "./cloud.ts";
import { unlessGone } from "./queue.ts";

/** Where an object's item lies, and who writes it besides us, by Google's Firestore client. */
function itemsOf({ eyes, byOthers, place }: GcpUnderTest) {
  const clients = new Map<string, Firestore>();
  const databaseOf = ({ object: { metadata, spec } }: Subject): Firestore => {
    const { tableRef } = spec as { tableRef?: { name: string } };
    const parts = { prefix: place.environment, namespace: metadata.namespace ?? "", name: tableRef?.name ?? TABLE };
    const id = cloudName(parts, 63);
    const client = clients.get(id) ?? eyes.documents(id);
    clients.set(id, client);
    return client;
  };
  const items = (subject: Subject) => databaseOf(subject).collection("items");
  /** The id of the document follows from its key, whatever the object thinks that it is. */
  const at = (subject: Subject): DocumentReference => {
    const { tenant, at } = keyOf(subject);
    return items(subject).doc(`${tenant.replaceAll("/", "%2F")}:${at}`);
  };
  const set = (path: FieldPath, value: unknown) => async (subject: Subject) => {
    await byOthers(() => at(subject).update(path, value));
  };
  const keyOf = ({ object }: Subject) => {
    const { key } = object.spec as unknown as { key: { partition: string; sort: number } };
    return { tenant: key.partition, at: key.sort };
  };
  const snapshot = async (subject: Subject) => (await unlessGone(at(subject).get()))?.data();
  return { items, at, set, keyOf, snapshot };
}

/** What services do with an item. */
export function itemServicesOnGcp(gcp: GcpUnderTest): ItemServices {
  const { at, set, keyOf, snapshot } = itemsOf(gcp);
  return {
    set: (subject, name, value) => set(new FieldPath(name), value)(subject),
    async replace(subject) {
      await gcp.byOthers(() => at(subject).set({ ...keyOf(subject), theirs: "x" }));
    },
    held: async (subject, name) => (await snapshot(subject))?.[name],
    text: (value) => value,
    expiry: Timestamp.fromMillis(1_792_592_000_000),
  };
}

/** TableItem on GCP, by Google's Firestore client. */
export function tableItemOnGcp(gcp: GcpUnderTest): KindOnCloud {
  const { byOthers } = gcp;
  const { items, at, set, snapshot } = itemsOf(gcp);
  const { replace } = itemServicesOnGcp(gcp);
  const tag = (subject: Subject, key: string, value: string) => set(new FieldPath("onyx", "tags", key), value)(subject);

  return {
    makes: ["CreateDocument"],
    unmakes: ["DeleteDocument"],
    touches({ request }) {
      const { fieldPaths: paths = [] } = (request as { updateMask?: { fieldPaths?: string[] } }).updateMask ?? {};
      const fields = paths.filter((path) => path !== "onyx").map((path) => (path === FROM ? "from" : "attributes"));
      return fields.length > 0 ? fields : paths.map(() => "tags");
    },
    async list(subject) {
      const found = await unlessGone(items(subject).get());
      return (found?.docs ?? [])
        .filter((one) => carries(ownerOf((one.get("onyx.tags") ?? {}) as Record<string, string>), subject.object))
        .map(({ id }) => ({ id }));
    },
    snapshot,
    tamper: {
      attributes: set(new FieldPath("price"), 1),
      key: set(new FieldPath("at"), 8),
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    createForeign: replace,
    async remove(subject) {
      await byOthers(() => unlessGone(at(subject).delete()));
    },
  };
}
