/** What is special to tables on Google Cloud; what all clouds share is in operator/provider/conformance. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TableOutputs, TableWant } from "../../controllers/leaf/wants.ts";
import { createIntent, type Present } from "../../operator/provider/provider.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { ownerDocument, toFields } from "./table-shape.ts";
import {
  type Adapter,
  at,
  call,
  marks,
  owned,
  owner,
  PROJECT,
  present,
  providerOf,
  REGION,
  startAdapter,
} from "./testing/cloud.ts";
import { convergeTable, SLOW, tableWant } from "./testing/table.ts";

let adapter: Adapter;
beforeAll(async () => {
  adapter = await startAdapter();
});
afterAll(() => adapter.close());
beforeEach(() => adapter.prepare());

const signal = AbortSignal.timeout(120_000);
const table = () => providerOf(adapter.connection, "Table");
const id = (name: string) => `projects/${PROJECT}/databases/${name}`;
const items = (name: string) => `${id(name)}/collectionGroups/items`;

const pk = { name: "tenant", type: "String" } as const;
const sk = { name: "at", type: "Number" } as const;

function wanted(name: string, change: Partial<TableWant> = {}): TableWant {
  const want = tableWant(name, { partitionKey: pk, ...change });
  return table().fit?.(want).want ?? want;
}

type Found = Present<TableWant, TableOutputs>;

const look = (name: string, footprint = [createIntent(name)], provider = table()) =>
  provider.observe(at(name, footprint), call("Table", name));
const seen = async (name: string): Promise<Found> => present(await look(name));

const converge = (name: string, want: TableWant) => convergeTable(adapter, name, want);

async function made(name: string, want = wanted(name)): Promise<TableWant> {
  await converge(name, want);
  adapter.writes();
  return want;
}

/** A database that somebody else made. */
const foreign = async (name: string) => {
  const settings = { locationId: REGION, type: "FIRESTORE_NATIVE" } as const;
  await adapter.direct.firestore.createDatabase(PROJECT, name, settings, signal);
  adapter.writes();
};

const composites = async (name: string) =>
  (await adapter.direct.firestore.indexes(items(name), signal)).map(({ fields }) =>
    (fields ?? []).map(({ fieldPath, order }) => `${fieldPath} ${order}`).join(", "),
  );

describe("create", () => {
  test("makes a database and its owner's document, and nothing when it is looked at again", async () => {
    const want = wanted("orders", { pointInTimeRecoveryDays: 7, deletionProtection: true });
    expect(await look("orders", [])).toEqual({ exists: false });
    expect(await table().create("orders", want, call("Table", "orders"))).toEqual({ id: id("orders") });
    expect(adapter.writes()).toEqual(["CreateDatabase"]);
    expect(await converge("orders", want)).toEqual([["tags"]]);
    expect(adapter.writes()).toEqual(["CreateDocument"]);
    expect(await adapter.direct.firestore.database(id("orders"), signal)).toMatchObject({
      locationId: REGION,
      type: "FIRESTORE_NATIVE",
      databaseEdition: "STANDARD",
      pointInTimeRecoveryEnablement: "POINT_IN_TIME_RECOVERY_ENABLED",
      deleteProtectionState: "DELETE_PROTECTION_ENABLED",
    });
    const found = await seen("orders");
    expect(found).toMatchObject({
      id: id("orders"),
      owner: owned("Table", "orders"),
      phase: "ready",
      outputs: { TABLE_ID: id("orders"), TABLE_NAME: "orders", COLLECTION: "items", REGION },
    });
    expect(diff(want, found.actual)).toEqual([]);
    expect(adapter.writes()).toEqual([]);
  });

  test("every field comes back as it was asked for", async () => {
    const want = wanted("all-fields", {
      sortKey: sk,
      indexes: [
        { name: "by-state", partitionKey: { name: "state", type: "String" }, sortKey: sk },
        { name: "by-user", partitionKey: { name: "user.name", type: "String" }, sortKey: null },
      ],
      ttlField: "expires-at",
      pointInTimeRecoveryDays: 7,
      encryptionKey: `projects/${PROJECT}/locations/${REGION}/keyRings/r/cryptoKeys/k`,
      tags: { ...marks("Table", "all-fields"), team: "core" },
    });
    await made("all-fields", want);
    const found = await seen("all-fields");
    expect(diff(want, found.actual)).toEqual([]);
    expect(Object.keys(want).filter((field) => found.actual[field as keyof TableWant] === undefined)).toEqual([]);
    expect((await composites("all-fields")).sort()).toEqual([
      "state ASCENDING, at ASCENDING, __name__ ASCENDING",
      "state ASCENDING, at DESCENDING, __name__ DESCENDING",
      "tenant ASCENDING, at ASCENDING, __name__ ASCENDING",
      "tenant ASCENDING, at DESCENDING, __name__ DESCENDING",
    ]);
  });

  test("while the operation runs it is pending, and nothing is sent", async () => {
    adapter.cloud.control.settings.operationMillis = SLOW;
    await table().create("orders", wanted("orders"), call("Table", "orders"));
    for (let pass = 0; pass < 3; pass++)
      expect(await look("orders")).toMatchObject({ exists: true, phase: "pending", owner: owner("Table", "orders") });
    expect(adapter.writes()).toEqual(["CreateDatabase"]);
    adapter.cloud.control.advance(SLOW);
    expect(await look("orders")).toMatchObject({ exists: true, phase: "ready" });
  });

  test("after a restart the running operation is found in the cloud", async () => {
    adapter.cloud.control.settings.operationMillis = SLOW;
    await table().create("orders", wanted("orders"), call("Table", "orders"));
    const restarted = adapter.connect();
    const again = await look("orders", [createIntent("orders")], providerOf(restarted, "Table"));
    expect(again).toMatchObject({ exists: true, phase: "pending" });
    restarted.close();
  });

  test("made, but not shown yet: pending, not absent", async () => {
    adapter.cloud.control.faults.add({ method: "GetDatabase", error: { code: "NOT_FOUND" }, times: 2 });
    await table().create("orders", wanted("orders"), call("Table", "orders"));
    expect(await look("orders")).toMatchObject({ exists: true, phase: "pending" });
    expect(await look("orders")).toMatchObject({ exists: true, phase: "pending" });
    expect(await look("orders")).toMatchObject({ exists: true, phase: "ready" });
    expect(adapter.writes()).toEqual(["CreateDatabase"]);
  });

  test("an operation that fails is told once as its error; then the table is absent", async () => {
    const failOperation = { code: "RESOURCE_EXHAUSTED", message: "exceeded its quota" } as const;
    adapter.cloud.control.settings.operationMillis = SLOW;
    adapter.cloud.control.faults.add({ method: "CreateDatabase", failOperation, times: 1 });
    await table().create("orders", wanted("orders"), call("Table", "orders"));
    adapter.cloud.control.advance(SLOW);
    await expect(look("orders")).rejects.toMatchObject({ fault: "quota" });
    expect(await look("orders")).toEqual({ exists: false });
  });

  test("a name that was just deleted is waited for as long as Firestore says", async () => {
    await made("orders");
    await table().delete(await seen("orders"), at("orders"), call("Table", "orders"));
    expect(await look("orders")).toEqual({ exists: false });
    const error = await table()
      .create("orders", wanted("orders"), call("Table", "orders"))
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ fault: "transient", message: expect.stringContaining("retry later") });
    const { retryAfterMs = 0 } = error as { retryAfterMs?: number };
    expect(retryAfterMs).toBeGreaterThan(200_000);
    adapter.cloud.control.advance(retryAfterMs);
    await made("orders");
  });
});

describe("ownership", () => {
  test("a lost reply and a restart: the database is ours by the recorded intent", async () => {
    adapter.cloud.control.faults.add({ method: "CreateDatabase", dropReply: true, times: 1 });
    await expect(table().create("orders", wanted("orders"), call("Table", "orders"))).rejects.toMatchObject({
      fault: "transient",
    });
    const restarted = adapter.connect();
    const provider = providerOf(restarted, "Table");
    expect(await look("orders", [createIntent("orders")], provider)).toMatchObject({ owner: owner("Table", "orders") });
    expect(present(await look("orders", [], provider)).owner).toBeUndefined();
    restarted.close();
    await made("orders");
    expect((await seen("orders")).owner).toEqual(owned("Table", "orders"));
  });

  test("without our intent an unmarked database is somebody else's, empty or not", async () => {
    await foreign("orders");
    expect(present(await look("orders", [])).owner).toBeUndefined();
    await expect(table().create("orders", wanted("orders"), call("Table", "orders"))).rejects.toMatchObject({
      fault: "conflict",
    });
    expect(present(await look("orders", [])).owner).toBeUndefined();
    expect(adapter.writes()).toEqual([]);
  });

  test("with our intent, what holds data and no marks is somebody else's all the same", async () => {
    await foreign("orders");
    const name = `${id("orders")}/documents/things/one`;
    await adapter.direct.firestore.createDocument(name, { a: { stringValue: "b" } }, signal);
    expect((await seen("orders")).owner).toBeUndefined();
  });

  test("of two that claim a database one wins, and the other sees whose it is", async () => {
    await foreign("orders");
    const found = await seen("orders");
    const theirs = { tags: marks("Table", "other"), schema: undefined };
    await adapter.direct.firestore.createDocument(ownerDocument(id("orders")), toFields(theirs), signal);
    expect((await seen("orders")).owner).toMatchObject({ name: "other" });
    adapter.cloud.control.faults.add({ method: "GetDocument", error: { code: "NOT_FOUND" }, times: 1 });
    const claiming = table().update(found, wanted("orders"), new Set(["tags"] as const), call("Table", "orders"));
    await expect(claiming).rejects.toMatchObject({ fault: "conflict", step: expect.stringContaining("onyx/owner") });
    expect((await seen("orders")).owner).toMatchObject({ name: "other" });
  });

  test("adoption writes the owner's document and changes nothing else", async () => {
    await foreign("orders");
    await table().adopt(present(await look("orders", [])), wanted("orders"), call("Table", "orders"));
    expect(adapter.writes()).toEqual(["CreateDocument"]);
    const found = present(await look("orders", []));
    expect(found.owner).toEqual(owned("Table", "orders"));
    expect(found.actual.partitionKey).toEqual(pk);
  });

  test("release takes off who holds it; the same object made again finds it", async () => {
    await made("orders");
    await table().release?.(await seen("orders"), call("Table", "orders"));
    expect(adapter.writes()).toEqual(["UpdateDocument"]);
    const left = present(await look("orders", []));
    expect(left.owner).toEqual({ ...owned("Table", "orders"), cluster: "", uid: "" });
    expect(await converge("orders", wanted("orders"))).toEqual([["tags"]]);
  });

  test("fields of others in the owner's document stay", async () => {
    await made("orders");
    const document = await adapter.direct.firestore.document(ownerDocument(id("orders")), signal);
    const fields = { ...document?.fields, theirs: { stringValue: "t" } };
    await adapter.direct.firestore.replaceDocument({ ...document, fields }, signal);
    await converge("orders", wanted("orders", { tags: { ...marks("Table", "orders"), team: "core" } }));
    const after = await adapter.direct.firestore.document(ownerDocument(id("orders")), signal);
    expect(after?.fields?.theirs).toMatchObject({ stringValue: "t" });
  });
});

describe("update", () => {
  test.each<[string, Partial<TableWant>, string[]]>([
    ["recovery", { pointInTimeRecoveryDays: 7 }, ["point_in_time_recovery_enablement"]],
    ["protection", { deletionProtection: true }, ["delete_protection_state"]],
    [
      "both",
      { pointInTimeRecoveryDays: 7, deletionProtection: true },
      ["delete_protection_state", "point_in_time_recovery_enablement"],
    ],
  ])("%s sends its own paths and nothing else, there and back", async (_, change, paths) => {
    await made("orders");
    await converge("orders", wanted("orders", change));
    expect(adapter.requests("UpdateDatabase")).toMatchObject([{ updateMask: { paths } }]);
    expect(adapter.writes()).toEqual(["UpdateDatabase"]);
    await converge("orders", wanted("orders"));
    expect(adapter.writes()).toEqual(["UpdateDatabase"]);
  });

  test("the field of the time to live: set, moved (the old one cleared first), cleared", async () => {
    await made("orders");
    const paths = () =>
      adapter.requests("UpdateField").map((request) => (request as { field: { name: string } }).field.name);
    await converge("orders", wanted("orders", { ttlField: "expires" }));
    expect(paths()).toEqual([`${items("orders")}/fields/expires`]);
    expect(adapter.writes()).toEqual(["UpdateField"]);
    await converge("orders", wanted("orders", { ttlField: "other-one" }));
    expect(paths()).toEqual([`${items("orders")}/fields/expires`, `${items("orders")}/fields/\`other-one\``]);
    expect(adapter.writes()).toEqual(["UpdateField", "UpdateField"]);
    await converge("orders", wanted("orders"));
    expect(adapter.writes()).toEqual(["UpdateField"]);
    expect((await seen("orders")).actual.ttlField).toBeNull();
  });

  test("one index changed: that one is rebuilt, deletions first, one at a time, and no other is touched", async () => {
    const keep = { name: "keep", partitionKey: { name: "a", type: "String" }, sortKey: sk } as const;
    const before = { name: "move", partitionKey: { name: "b", type: "String" }, sortKey: sk } as const;
    const after = { ...before, partitionKey: { name: "c", type: "String" } } as const;
    await made("orders", wanted("orders", { indexes: [keep, before] }));
    adapter.cloud.control.settings.operationMillis = SLOW;
    await converge("orders", wanted("orders", { indexes: [keep, after] }));
    const writes = adapter.writes().filter((method) => method.includes("Index"));
    expect(writes).toEqual(["DeleteIndex", "DeleteIndex", "CreateIndex", "CreateIndex"]);
    expect((await composites("orders")).map((text) => text.slice(0, 1)).sort()).toEqual(["a", "a", "c", "c"]);
  });

  test("while an index is built the table is pending and names it", async () => {
    await made("orders");
    adapter.cloud.control.settings.operationMillis = SLOW;
    const want = wanted("orders", {
      indexes: [{ name: "by-a", partitionKey: { name: "a", type: "String" }, sortKey: sk }],
    });
    await table().update(await seen("orders"), want, new Set(["indexes"] as const), call("Table", "orders"));
    expect(adapter.writes()).toEqual(["UpdateDocument", "CreateIndex"]);
    expect(await look("orders")).toMatchObject({ phase: "pending", message: "Firestore is building index by-a." });
    await converge("orders", want);
    expect(adapter.writes()).toEqual(["CreateIndex"]);
  });

  test("an index that could not be built is a failure that names it", async () => {
    await made("orders");
    const failOperation = { code: "INTERNAL", message: "broken" } as const;
    adapter.cloud.control.settings.operationMillis = SLOW;
    adapter.cloud.control.faults.add({ method: "CreateIndex", failOperation, times: 1 });
    const want = wanted("orders", {
      indexes: [{ name: "by-a", partitionKey: { name: "a", type: "String" }, sortKey: sk }],
    });
    await table().update(await seen("orders"), want, new Set(["indexes"] as const), call("Table", "orders"));
    adapter.cloud.control.advance(SLOW);
    await expect(look("orders")).rejects.toMatchObject({ fault: "transient" });
    expect(await look("orders")).toMatchObject({ phase: "failed", message: expect.stringContaining("index by-a") });
  });

  test("a crash between recording an index and making it is finished; one that exists already is taken", async () => {
    await made("orders");
    const want = wanted("orders", {
      indexes: [{ name: "by-a", partitionKey: { name: "a", type: "String" }, sortKey: sk }],
    });
    adapter.cloud.control.faults.add({ method: "CreateIndex", dropReply: true, times: 1 });
    const found = await seen("orders");
    await expect(
      table().update(found, want, new Set(["indexes"] as const), call("Table", "orders")),
    ).rejects.toMatchObject({
      step: "create the index by-a",
    });
    await converge("orders", want);
    expect(adapter.writes()).toEqual(["UpdateDocument", "CreateIndex", "CreateIndex"]);
    expect(await composites("orders")).toHaveLength(2);
  });

  test("indexes that somebody else made are neither reported nor touched", async () => {
    await made("orders");
    const theirs = ["x", "y"].map((fieldPath) => ({ fieldPath, order: "ASCENDING" as const }));
    await adapter.direct.firestore.createIndex(items("orders"), { queryScope: "COLLECTION", fields: theirs }, signal);
    adapter.writes();
    expect(diff(wanted("orders"), (await seen("orders")).actual)).toEqual([]);
    await converge("orders", wanted("orders", { sortKey: null, indexes: [] }));
    expect(await composites("orders")).toHaveLength(1);
    expect(adapter.writes()).toEqual([]);
  });

  test("an index of ours that somebody deleted is drift", async () => {
    const want = wanted("orders", { sortKey: sk });
    await made("orders", want);
    const [first] = await adapter.direct.firestore.indexes(items("orders"), signal);
    await adapter.direct.firestore.deleteIndex(first?.name ?? "", signal);
    adapter.writes();
    expect(await converge("orders", want)).toEqual([["indexes"]]);
    expect(adapter.writes()).toEqual(["CreateIndex"]);
  });

  test("keys that differ from those recorded are seen, so that core can refuse them", async () => {
    await made("orders");
    const want = wanted("orders", { partitionKey: { name: "other", type: "String" } });
    expect(diff(want, (await seen("orders")).actual).map(({ field }) => field)).toEqual(["partitionKey"]);
    expect(table().immutable).toContain("partitionKey");
  });
});

describe("delete", () => {
  test("sends the etag it has just read, is deleting while the operation runs, and then absent", async () => {
    await made("orders");
    adapter.cloud.control.settings.operationMillis = SLOW;
    await table().delete(await seen("orders"), at("orders"), call("Table", "orders"));
    const { etag } = (await adapter.direct.firestore.database(id("orders"), signal)) ?? {};
    expect(adapter.requests("DeleteDatabase")).toMatchObject([{ etag }]);
    expect(await look("orders")).toMatchObject({ phase: "deleting" });
    adapter.cloud.control.advance(SLOW);
    expect(await look("orders")).toEqual({ exists: false });
  });

  test("what is absent is no error", async () => {
    await made("orders");
    const found = await seen("orders");
    await table().delete(found, at("orders"), call("Table", "orders"));
    await table().delete(found, at("orders"), call("Table", "orders"));
    expect(adapter.writes()).toEqual(["DeleteDatabase"]);
  });

  test("protection is a guard that names the field to change, and Firestore itself refuses too", async () => {
    await made("orders", wanted("orders", { deletionProtection: true }));
    const found = await seen("orders");
    expect(found.deleteBlockedBy).toMatchObject({ field: "deletionProtection" });
    await expect(table().delete(found, at("orders"), call("Table", "orders"))).rejects.toMatchObject({
      fault: "conflict",
    });
    await converge("orders", wanted("orders"));
    expect((await seen("orders")).deleteBlockedBy).toBeUndefined();
  });
});

describe("what goes wrong while looking", () => {
  test.each(["GetDatabase", "GetDocument", "ListIndexes", "ListFields"])(
    "a failed %s is an error, never absence",
    async (method) => {
      await made("orders");
      for (const code of ["UNAVAILABLE", "RESOURCE_EXHAUSTED"] as const) {
        adapter.cloud.control.faults.add({ method, error: { code }, times: 1 });
        await expect(look("orders")).rejects.toMatchObject({ name: "ProviderError", code });
      }
    },
  );

  test("a new database that does not let us in yet is pending; an old one is denied", async () => {
    await table().create("orders", wanted("orders"), call("Table", "orders"));
    adapter.cloud.control.faults.add({ method: "GetDocument", error: { code: "PERMISSION_DENIED" }, times: 2 });
    expect(await look("orders")).toMatchObject({ phase: "pending", owner: owner("Table", "orders") });
    const { connectGcp } = await import("./connect.ts");
    const later = connectGcp(adapter.place, { now: () => Date.now() + 3_600_000 });
    await expect(look("orders", [], providerOf(later, "Table"))).rejects.toMatchObject({ fault: "denied" });
    later.close();
  });

  test("a key that is out of reach is a failed table, not a missing one", async () => {
    const encryptionKey = `projects/${PROJECT}/locations/${REGION}/keyRings/r/cryptoKeys/k`;
    await made("orders", wanted("orders", { encryptionKey }));
    const error = { code: "FAILED_PRECONDITION", message: "The Cloud KMS key is disabled" } as const;
    adapter.cloud.control.faults.add({ method: "GetDocument", error, times: 1 });
    const { connectGcp } = await import("./connect.ts");
    const later = connectGcp(adapter.place, { now: () => Date.now() + 3_600_000 });
    const found = await look("orders", [createIntent("orders")], providerOf(later, "Table"));
    expect(found).toMatchObject({ phase: "failed", message: expect.stringContaining(encryptionKey) });
    later.close();
  });
});
