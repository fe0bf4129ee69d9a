import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const name = `${PROJECT}/databases/orders`;
const native = { locationId: "europe-west1", type: "FIRESTORE_NATIVE" as const };

/** Starts the creation; resolves to what its operation answers. */
async function create(database: object = native, databaseId = "orders") {
  const [operation] = await cloud.firestoreAdmin.createDatabase({ parent: PROJECT, databaseId, database });
  return (await operation.promise())[0];
}
const read = async (of = name) => (await cloud.firestoreAdmin.getDatabase({ name: of }))[0];
const update = async (database: object, ...paths: string[]) => {
  const request = { database: { name, ...database }, updateMask: { paths } };
  const [operation] = await cloud.firestoreAdmin.updateDatabase(request);
  return (await operation.promise())[0];
};
const remove = async (rest: object = {}) => {
  const [operation] = await cloud.firestoreAdmin.deleteDatabase({ name, ...rest });
  return operation.promise();
};

describe("create", () => {
  test("fills Firestore's defaults", async () => {
    await create();
    expect(await read()).toMatchObject({
      name,
      ...native,
      databaseEdition: "STANDARD",
      concurrencyMode: "PESSIMISTIC",
      pointInTimeRecoveryEnablement: "POINT_IN_TIME_RECOVERY_DISABLED",
      deleteProtectionState: "DELETE_PROTECTION_DISABLED",
      versionRetentionPeriod: { seconds: "3600" },
      freeTier: true,
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      etag: expect.stringMatching(/./),
    });
    await create(native, "second");
    expect((await read(`${PROJECT}/databases/second`)).freeTier).toBe(false);
  });

  test("the earliest version moves with the clock and with recovery", async () => {
    await create();
    const [before] = await cloud.firestoreAdmin.getDatabase({ name });
    const age = Date.now() / 1000 - Number(before.earliestVersionTime?.seconds);
    expect(age).toBeGreaterThanOrEqual(3_599);
    expect(age).toBeLessThan(3_660);
    await update(
      { pointInTimeRecoveryEnablement: "POINT_IN_TIME_RECOVERY_ENABLED" },
      "point_in_time_recovery_enablement",
    );
    expect(await read()).toMatchObject({ versionRetentionPeriod: { seconds: "604800" } });
  });

  test.each([
    ["no location", { type: "FIRESTORE_NATIVE" }, "orders", /location_id is required/],
    ["no type", { locationId: "europe-west1" }, "orders", /type is required/],
    ["a short id", native, "abc", /Invalid database_id/],
    ["a trailing hyphen", native, "orders-", /Invalid database_id/],
    ["an id like a UUID", native, "a1b2c3d4-0000-0000-0000-a1b2c3d4e5f6", /Invalid database_id/],
    ["no id", native, "", /"database_id" is required/],
    ["no database", undefined, "orders", /"database" is required/],
  ])("refuses %s", async (_what, database, databaseId, message) => {
    const request = { parent: PROJECT, databaseId, ...(database ? { database } : {}) };
    const refused = await refusal(cloud.firestoreAdmin.createDatabase(request as never));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  test("twice is refused, the second time also while the first is still at work", async () => {
    cloud.gcp.control.settings.operationMillis = 60_000;
    await cloud.firestoreAdmin.createDatabase({ parent: PROJECT, databaseId: "orders", database: native });
    const again = () => refusal(create());
    expect(await again()).toMatchObject({ code: "ALREADY_EXISTS", message: expect.stringContaining("database_id") });
    expect(await refusal(read())).toMatchObject({ code: "NOT_FOUND" });
    cloud.gcp.control.advance(60_000);
    expect((await read()).name).toBe(name);
    expect(await again()).toMatchObject({ code: "ALREADY_EXISTS" });
  });

  test("the operation can be followed, and can fail", async () => {
    const { faults } = cloud.gcp.control;
    faults.add({ method: "CreateDatabase", times: 1, failOperation: { code: "INTERNAL", message: "no capacity" } });
    expect(await refusal(create())).toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("no capacity"),
    });
    expect(await refusal(read())).toMatchObject({ code: "NOT_FOUND" });
    expect((await create())?.name).toBe(name);
    const { body } = await cloud.rest("GET", `/v1/${name}/operations`);
    expect(body.operations.map((one: { done: boolean }) => one.done)).toEqual([true, true]);
    expect(body.operations[1].response).toMatchObject({ name, "@type": expect.stringContaining("Database") });
  });
});

describe("update", () => {
  beforeEach(async () => {
    await create();
  });

  test("changes what is masked, under a new etag", async () => {
    const before = await read();
    await update({ deleteProtectionState: "DELETE_PROTECTION_ENABLED" }, "delete_protection_state");
    const after = await read();
    expect(after.deleteProtectionState).toBe("DELETE_PROTECTION_ENABLED");
    expect(after.etag).not.toBe(before.etag);
    expect(after.uid).toBe(before.uid);
  });

  test.each([
    ["location_id", { locationId: "us-east1" }, /immutable/],
    ["database_edition", { databaseEdition: "ENTERPRISE" }, /immutable/],
    ["colour", {}, /no field "colour"/],
  ])("refuses the mask %s", async (path, database, message) => {
    const refused = await refusal(update(database, path));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  test("refuses a stale etag, and a second change while one is at work", async () => {
    const { etag } = await read();
    await update({ concurrencyMode: "OPTIMISTIC" }, "concurrency_mode");
    const stale = update({ etag, concurrencyMode: "PESSIMISTIC" }, "concurrency_mode");
    expect(await refusal(stale)).toMatchObject({ code: "FAILED_PRECONDITION" });
    cloud.gcp.control.settings.operationMillis = 60_000;
    await cloud.firestoreAdmin.updateDatabase({ database: { name }, updateMask: { paths: ["concurrency_mode"] } });
    const second = await refusal(update({ concurrencyMode: "PESSIMISTIC" }, "concurrency_mode"));
    expect(second).toMatchObject({ code: "FAILED_PRECONDITION", message: expect.stringContaining("/operations/") });
  });
});

describe("delete", () => {
  beforeEach(async () => {
    await create();
  });

  test("is refused while protected and with a stale etag", async () => {
    const { etag } = await read();
    await update({ deleteProtectionState: "DELETE_PROTECTION_ENABLED" }, "delete_protection_state");
    expect(await refusal(remove())).toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("delete protection"),
    });
    await update({ deleteProtectionState: "DELETE_PROTECTION_DISABLED" }, "delete_protection_state");
    expect(await refusal(remove({ etag }))).toMatchObject({ code: "FAILED_PRECONDITION" });
    await remove({ etag: (await read()).etag });
    expect(await refusal(read())).toMatchObject({ code: "NOT_FOUND" });
    expect(await refusal(remove())).toMatchObject({ code: "NOT_FOUND" });
  });

  test("keeps the name for five minutes, and shows what was deleted under another", async () => {
    const { uid } = await read();
    await remove();
    expect(await refusal(create())).toMatchObject({
      message: expect.stringMatching(/Please retry in (299|300) seconds/),
    });
    const [listed] = await cloud.firestoreAdmin.listDatabases({ parent: PROJECT });
    expect(listed.databases).toEqual([]);
    const [all] = await cloud.firestoreAdmin.listDatabases({ parent: PROJECT, showDeleted: true });
    expect(all.databases).toMatchObject([{ previousId: "orders", uid, name: `${PROJECT}/databases/${String(uid)}` }]);
    cloud.gcp.control.advance(5 * 60_000);
    await create();
    expect((await read()).uid).not.toBe(uid);
  });

  test("takes documents, indexes and schedules with it, and stops what is being built", async () => {
    const documents = cloud.documents("orders");
    await documents.doc("items/a").set({ a: 1 });
    cloud.gcp.control.settings.operationMillis = 60_000;
    const fields = ["a", "b"].map((fieldPath) => ({ fieldPath, order: "ASCENDING" as const }));
    const parent = `${name}/collectionGroups/items`;
    const [building] = await cloud.firestoreAdmin.createIndex({ parent, index: { queryScope: "COLLECTION", fields } });
    cloud.gcp.control.settings.operationMillis = 0;
    await remove();
    cloud.gcp.control.advance(5 * 60_000);
    await create();
    const [indexes] = await cloud.firestoreAdmin.listIndexes({ parent });
    expect(indexes).toEqual([]);
    expect((await documents.doc("items/a").get()).exists).toBe(false);
    expect(await refusal(building.promise())).toMatchObject({ code: "CANCELLED" });
  });
});
