import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
beforeEach(() => cloud.gcp.control.reset());
afterAll(() => cloud.close());

const parent = () => `projects/${cloud.gcp.project}`;
const source = () => `${parent()}/databases/orders`;
const minute = (ago = 0) => ({ seconds: (Math.floor(Date.now() / 60_000) - ago) * 60 });

async function make(): Promise<void> {
  const database = { locationId: "europe-west1", type: "FIRESTORE_NATIVE" } as const;
  const [operation] = await cloud.firestoreAdmin.createDatabase({ parent: parent(), databaseId: "orders", database });
  await operation.promise();
  await cloud.documents("orders").doc("items/one").set({ tenant: "t" });
}

async function clone(databaseId: string, snapshotTime: object): Promise<void> {
  const pitrSnapshot = { database: source(), snapshotTime };
  const [operation] = await cloud.firestoreAdmin.cloneDatabase({ parent: parent(), databaseId, pitrSnapshot });
  await operation.promise();
}

it("copies documents into a database of its own", async () => {
  await make();
  await clone("orders-again", minute());
  const copy = cloud.documents("orders-again").doc("items/one");
  expect((await copy.get()).data()).toEqual({ tenant: "t" });
  await copy.set({ tenant: "other" });
  expect((await cloud.documents("orders").doc("items/one").get()).data()).toEqual({ tenant: "t" });
});

it.each<[string, string, () => object, RegExp]>([
  ["a name that is taken", "orders", minute, /already exists/i],
  ["a moment that is no whole minute", "orders-again", () => ({ seconds: minute().seconds + 1 }), /whole minute/],
  ["a moment before what is kept", "orders-again", () => minute(61), /retention/],
  ["a moment to come", "orders-again", () => minute(-2), /retention/],
  ["an id that no database can have", "No", minute, /Invalid database_id/],
])("refuses %s", async (_what, id, at, why) => {
  await make();
  await expect(clone(id, at())).rejects.toThrow(why);
});
