import type { Firestore } from "@google-cloud/firestore";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { type GcpUnderTest, REGION } from "./cloud.ts";
import { maskOf, unlessGone } from "./queue.ts";

/** The field of Want that each path of an update mask is. */
const FIELDS: Readonly<Record<string, string>> = {
  delete_protection_state: "deletionProtection",
  point_in_time_recovery_enablement: "pointInTimeRecoveryDays",
};

/** Firestore keeps the id of a deleted database for about five minutes. */
const NAME_HELD_MS = 5 * 60_000;

/** Table on GCP, by Google's Firestore clients: a database, and the document in it that says whose it is. */
export function tableOnGcp({ eyes, byOthers, place }: GcpUnderTest): KindOnCloud {
  const { firestoreAdmin } = eyes;
  const parent = `projects/${place.account}`;
  const nameOf = ({ name }: Subject) => `${parent}/databases/${name}`;
  const items = (subject: Subject) => `${nameOf(subject)}/collectionGroups/items`;
  const clients = new Map<string, Firestore>();
  const documents = (id: string): Firestore => {
    const client = clients.get(id) ?? eyes.documents(id);
    clients.set(id, client);
    return client;
  };
  const owner = async (id: string) => (await documents(id).doc("onyx/owner").get()).data();
  const database = async (subject: Subject) => {
    const [found] = (await unlessGone(firestoreAdmin.getDatabase({ name: nameOf(subject) }))) ?? [];
    return found;
  };
  const change = (fields: object, path: string) => async (subject: Subject) => {
    await byOthers(async () => {
      const [operation] = await firestoreAdmin.updateDatabase({
        database: { name: nameOf(subject), ...fields },
        updateMask: { paths: [path] },
      });
      await operation.promise();
    });
  };

  return {
    makes: ["CreateDatabase", "CreateDocument", "CreateIndex", "CreateIndex"],
    unmakes: ["DeleteDatabase"],
    touches({ operation, request }) {
      if (operation === "UpdateDatabase") return maskOf(request).map((path) => FIELDS[path] ?? path);
      if (operation === "UpdateField") return ["ttlField"];
      if (operation.endsWith("Index")) return ["indexes"];
      // The owner's document holds the tags and the names of our indexes.
      return operation === "UpdateDocument" && JSON.stringify(request).includes('"team"') ? ["tags"] : [];
    },
    async list({ object }) {
      const [{ databases }] = await firestoreAdmin.listDatabases({ parent });
      const ids = (databases ?? []).map(({ name }) => name?.split("/").at(-1) ?? "");
      const found: { id: string }[] = [];
      for (const id of ids) {
        const tags = (await owner(id))?.tags as Record<string, string> | undefined;
        if (carries(ownerOf(tags ?? {}), object)) found.push({ id });
      }
      return found;
    },
    async snapshot(subject) {
      const found = await database(subject);
      if (!found) return undefined;
      const { earliestVersionTime: _moves, etag: _too, ...fields } = found;
      const [indexes] = await firestoreAdmin.listIndexes({ parent: items(subject) });
      const [expiring] = await firestoreAdmin.listFields({ parent: items(subject), filter: "ttlConfig:*" });
      const [item] = await documents(subject.name).collection("items").listDocuments();
      return { fields, indexes, expiring, owner: await owner(subject.name), item: item?.path };
    },
    tamper: {
      deletionProtection: change({ deleteProtectionState: "DELETE_PROTECTION_ENABLED" }, "delete_protection_state"),
      pointInTimeRecoveryDays: change(
        { pointInTimeRecoveryEnablement: "POINT_IN_TIME_RECOVERY_ENABLED" },
        "point_in_time_recovery_enablement",
      ),
      ttlField: async (subject) => {
        await byOthers(async () => {
          const field = { name: `${items(subject)}/fields/theirs`, ttlConfig: {} };
          const [operation] = await firestoreAdmin.updateField({ field, updateMask: { paths: ["ttl_config"] } });
          await operation.promise();
        });
      },
      indexes: async (subject) => {
        const [[index]] = await firestoreAdmin.listIndexes({ parent: items(subject) });
        await byOthers(() => firestoreAdmin.deleteIndex({ name: index?.name ?? "" }));
      },
      tags: async ({ name }) => {
        await byOthers(() => documents(name).doc("onyx/owner").update({ "tags.stage": "somebody" }));
      },
    },
    async createForeign(subject) {
      await byOthers(async () => {
        const [operation] = await firestoreAdmin.createDatabase({
          parent,
          databaseId: subject.name,
          database: { locationId: REGION, type: "FIRESTORE_NATIVE" },
        });
        await operation.promise();
        await documents(subject.name).doc("items/theirs").set({ theirs: "x" });
      });
    },
    async fill(subject) {
      await byOthers(() => documents(subject.name).doc("items/one").set({ tenant: "t", at: 1 }));
    },
    async remove(subject) {
      if (!(await database(subject))) return;
      await change({ deleteProtectionState: "DELETE_PROTECTION_DISABLED" }, "delete_protection_state")(subject);
      await byOthers(async () => {
        const [operation] = await firestoreAdmin.deleteDatabase({ name: nameOf(subject) });
        await operation.promise();
      });
    },
    nameHeld: { ms: NAME_HELD_MS, hold: () => {} },
  };
}
