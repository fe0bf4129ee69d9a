import type { CollectionReference, Firestore } from "@google-cloud/firestore";
import { status } from "@grpc/grpc-js";
import type { Item, Items } from "../items.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** Items by Google's Firestore client. The id of a document is made of its keys. */
export function itemsOnGcp({ eyes }: GcpUnderTest): Items {
  const clients = new Map<string, Firestore>();
  const itemsIn = ({ TABLE_NAME = "", COLLECTION = "" }: Readonly<Record<string, string>>): CollectionReference => {
    const client = clients.get(TABLE_NAME) ?? eyes.documents(TABLE_NAME);
    clients.set(TABLE_NAME, client);
    return client.collection(COLLECTION);
  };
  const idOf = ({ tenant, at }: Item) => `${tenant}#${at}`;
  return {
    async putIfAbsent(outputs, item) {
      try {
        await itemsIn(outputs).doc(idOf(item)).create(item);
        return true;
      } catch (error) {
        if ((error as { code?: number }).code === status.ALREADY_EXISTS) return false;
        throw error;
      }
    },
    async get(outputs, key) {
      return (await itemsIn(outputs).doc(idOf(key)).get()).data() as Item | undefined;
    },
    async delete(outputs, key) {
      await itemsIn(outputs).doc(idOf(key)).delete();
    },
    async query(outputs, { by: [attribute, value], from, to, reverse = false }) {
      const found = await itemsIn(outputs)
        .where(attribute, "==", value)
        .where("at", ">=", from)
        .where("at", "<=", to)
        .orderBy("at", reverse ? "desc" : "asc")
        .get();
      return found.docs.map((document) => document.data() as Item);
    },
  };
}
