import { FieldValue, Timestamp } from "@google-cloud/firestore";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
let documents: ReturnType<TestCloud["documents"]>;
beforeAll(async () => {
  cloud = await startTestCloud();
  documents = cloud.documents("orders");
});
afterAll(() => cloud.close());

const database = `${PROJECT}/databases/orders`;

beforeEach(async () => {
  await cloud.gcp.control.reset();
  const native = { locationId: "europe-west1", type: "FIRESTORE_NATIVE" as const };
  const [operation] = await cloud.firestoreAdmin.createDatabase({
    parent: PROJECT,
    databaseId: "orders",
    database: native,
  });
  await operation.promise();
});

describe("items", () => {
  test("come back as they were put", async () => {
    const item = {
      text: "ÅÅ",
      empty: "",
      whole: 2 ** 53 - 1,
      negative: -1,
      zero: 0,
      half: 0.5,
      no: false,
      nothing: null,
      list: [],
      map: {},
      nested: { a: [{ b: 1 }] },
      bytes: Buffer.from([0, 255]),
      at: Timestamp.fromMillis(1_700_000_000_123),
    };
    await documents.doc("items/a").create(item);
    expect((await documents.doc("items/a").get()).data()).toEqual(item);
    expect((await documents.doc("items/absent").get()).exists).toBe(false);
  });

  test("lie in collections that can be listed, under the database and under a document", async () => {
    const listed = async (parent: { listCollections(): Promise<{ id: string }[]> }) =>
      (await parent.listCollections()).map(({ id }) => id);
    expect(await listed(documents)).toEqual([]);
    await documents.doc("things/a").create({ a: 1 });
    await documents.doc("items/a/parts/b").create({ b: 1 });
    expect(await listed(documents)).toEqual(["items", "things"]);
    expect(await listed(documents.doc("items/a"))).toEqual(["parts"]);
  });

  test("are created once, updated when there, deleted when absent", async () => {
    const item = documents.doc("items/a");
    expect(await refusal(item.update({ a: 1 }))).toMatchObject({ code: "NOT_FOUND" });
    await item.create({ a: 1, b: { c: 2, d: 3 } });
    expect(await refusal(item.create({ a: 2 }))).toMatchObject({ code: "ALREADY_EXISTS" });
    await item.update({ "b.c": 4, a: FieldValue.delete() });
    expect((await item.get()).data()).toEqual({ b: { c: 4, d: 3 } });
    await item.set({ n: FieldValue.increment(2), at: FieldValue.serverTimestamp() }, { merge: true });
    expect((await item.get()).data()).toMatchObject({ b: { c: 4, d: 3 }, n: 2, at: expect.any(Timestamp) });
    await item.delete();
    await item.delete();
    expect((await item.get()).exists).toBe(false);
  });

  test("change only from the version that was read, if so asked", async () => {
    const item = documents.doc("items/a");
    const { writeTime } = await item.create({ a: 1 });
    await item.update({ a: 2 }, { lastUpdateTime: writeTime });
    const stale = item.update({ a: 3 }, { lastUpdateTime: writeTime });
    expect(await refusal(stale)).toMatchObject({ code: "FAILED_PRECONDITION" });
    expect((await item.get()).data()).toEqual({ a: 2 });
  });

  test("of one commit are all written or none", async () => {
    await documents.doc("items/b").create({ b: 1 });
    const batch = documents.batch().set(documents.doc("items/a"), { a: 1 }).create(documents.doc("items/b"), { b: 2 });
    expect(await refusal(batch.commit())).toMatchObject({ code: "ALREADY_EXISTS" });
    expect((await documents.doc("items/a").get()).exists).toBe(false);
  });

  test.each([
    ["reserved names", { __x__: 1 }, /reserved/],
    ["more than a mebibyte", { big: "x".repeat(1024 * 1024) }, /bytes: at most/],
  ])("refuse %s", async (_what, item, message) => {
    const refused = await refusal(documents.doc("items/a").set(item));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  test("need their database", async () => {
    const elsewhere = cloud.documents("absent");
    expect(await refusal(elsewhere.doc("items/a").get())).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("The database absent does not exist"),
    });
  });
});

test("a transaction that read what changed meanwhile is run again", async () => {
  const counter = documents.doc("items/counter");
  await counter.create({ n: 0 });
  await Promise.all(
    [1, 2, 3].map(() =>
      documents.runTransaction(async (transaction) => {
        const n = (await transaction.get(counter)).get("n") as number;
        transaction.update(counter, { n: n + 1 });
      }),
    ),
  );
  expect((await counter.get()).data()).toEqual({ n: 3 });
});

describe("queries", () => {
  const items = () => documents.collection("items");
  beforeEach(async () => {
    const batch = documents.batch();
    [3, 10, 2].forEach((n, i) => void batch.set(items().doc(`a${String(i)}`), { team: "a", n }));
    batch.set(items().doc("b"), { team: "b", n: 1 }).set(items().doc("c"), { team: "a" });
    batch.set(documents.doc("items/a0/items/below"), { team: "a", n: 5 });
    await batch.commit();
  });
  const ids = async (query: FirebaseFirestore.Query) => (await query.get()).docs.map(({ id }) => id);

  test("find what equals, in one collection, in the order of names", async () => {
    expect(await ids(items().where("team", "==", "a"))).toEqual(["a0", "a1", "a2", "c"]);
    expect(await ids(items().where("team", "==", "x"))).toEqual([]);
    expect(await ids(items().where("team", "in", ["b", "x"]))).toEqual(["b"]);
    expect(await ids(items().where("n", ">=", 2).where("n", "<", 10))).toEqual(["a2", "a0"]);
    expect(await ids(items().orderBy("n", "desc").limit(2))).toEqual(["a1", "a0"]);
  });

  test("on two fields need an index that is ready", async () => {
    const query = items().where("team", "==", "a").where("n", ">", 2).orderBy("n");
    expect(await refusal(query.get())).toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("requires an index on team, n"),
    });
    cloud.gcp.control.settings.operationMillis = 10_000;
    const fields = ["team", "n"].map((fieldPath) => ({ fieldPath, order: "ASCENDING" as const }));
    const parent = `${database}/collectionGroups/items`;
    await cloud.firestoreAdmin.createIndex({ parent, index: { queryScope: "COLLECTION", fields } });
    expect(await refusal(query.get())).toMatchObject({ code: "FAILED_PRECONDITION" });
    cloud.gcp.control.advance(10_000);
    expect(await ids(query)).toEqual(["a0", "a1"]);
  });
});

test("documents over REST", async () => {
  const path = `/v1/${database}/documents/items`;
  const created = await cloud.rest("POST", `${path}?documentId=a`, { fields: { n: { integerValue: "7" } } });
  expect(created).toMatchObject({ status: 200, body: { name: `${database}/documents/items/a` } });
  const { body } = await cloud.rest("GET", `${path}/a`);
  expect(body.fields).toEqual({ n: { integerValue: "7" } });
  expect(await cloud.rest("DELETE", `${path}/a?currentDocument.exists=false`)).toMatchObject({ status: 409 });
  expect(await cloud.rest("DELETE", `${path}/a`)).toMatchObject({ status: 200, body: {} });
});
