import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

const database = `${PROJECT}/databases/orders`;
const parent = `${database}/collectionGroups/items`;

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

type Direction = "ASCENDING" | "DESCENDING";
const fields = (...paths: [string, Direction][]) => paths.map(([fieldPath, order]) => ({ fieldPath, order }));
const byA = fields(["a", "ASCENDING"], ["b", "DESCENDING"]);
const create = (index: object) => cloud.firestoreAdmin.createIndex({ parent, index });
const states = async () => (await cloud.firestoreAdmin.listIndexes({ parent }))[0].map(({ state }) => state);

describe("composite indexes", () => {
  test("end in the name, in the direction of the field before it", async () => {
    const [operation] = await create({ queryScope: "COLLECTION", fields: byA });
    const [index] = await operation.promise();
    const [read] = await cloud.firestoreAdmin.getIndex({ name: index.name ?? "" });
    expect(read.fields).toMatchObject([...byA, { fieldPath: "__name__", order: "DESCENDING" }]);
    expect(read).toMatchObject({ state: "READY", queryScope: "COLLECTION", density: "SPARSE_ALL" });
  });

  test("are the same with and without the name, and exist once", async () => {
    const [operation] = await create({ queryScope: "COLLECTION", fields: byA });
    await operation.promise();
    const explicit = [...byA, ...fields(["__name__", "DESCENDING"])];
    const same = await refusal(create({ queryScope: "COLLECTION", fields: explicit }));
    expect(same).toEqual({ code: "ALREADY_EXISTS", message: "index already exists" });
    await create({ queryScope: "COLLECTION_GROUP", fields: byA });
    expect(await states()).toHaveLength(2);
  });

  test("are built one after the other, and can't be built", async () => {
    cloud.gcp.control.settings.operationMillis = 10_000;
    await create({ queryScope: "COLLECTION", fields: byA });
    await create({ queryScope: "COLLECTION", fields: fields(["b", "ASCENDING"], ["c", "ASCENDING"]) });
    const { faults } = cloud.gcp.control;
    faults.add({ method: "CreateIndex", times: 1, failOperation: { code: "RESOURCE_EXHAUSTED" } });
    await create({ queryScope: "COLLECTION", fields: fields(["c", "ASCENDING"], ["d", "ASCENDING"]) });
    expect(await states()).toEqual(["CREATING", "CREATING", "CREATING"]);
    cloud.gcp.control.advance(10_000);
    expect((await states()).sort()).toEqual(["CREATING", "CREATING", "READY"]);
    cloud.gcp.control.advance(20_000);
    expect((await states()).sort()).toEqual(["NEEDS_REPAIR", "READY", "READY"]);
  });

  test.each([
    ["one field", { queryScope: "COLLECTION", fields: fields(["a", "ASCENDING"]) }, /this index is not necessary/],
    ["no scope", { fields: byA }, /query_scope is required/],
    ["a field without order", { queryScope: "COLLECTION", fields: [{ fieldPath: "a" }, ...byA] }, /needs an order/],
    ["a field twice", { queryScope: "COLLECTION", fields: [...byA, ...byA] }, /occurs twice/],
  ])("refuse %s", async (_what, index, message) => {
    const refused = await refusal(create(index));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  test("need their database, and go when deleted", async () => {
    const elsewhere = `${PROJECT}/databases/absent/collectionGroups/items`;
    const index = { queryScope: "COLLECTION" as const, fields: byA };
    const nowhere = cloud.firestoreAdmin.createIndex({ parent: elsewhere, index });
    expect(await refusal(nowhere)).toMatchObject({ code: "NOT_FOUND" });
    const [operation] = await create(index);
    const [created] = await operation.promise();
    await cloud.firestoreAdmin.deleteIndex({ name: created.name ?? "" });
    expect(await states()).toEqual([]);
    const absent = cloud.firestoreAdmin.getIndex({ name: created.name ?? "" });
    expect(await refusal(absent)).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("fields", () => {
  const name = `${parent}/fields/expires`;
  const setTtl = async (field: string, ttlConfig?: object) => {
    const request = { field: { name: `${parent}/fields/${field}`, ...(ttlConfig ? { ttlConfig } : {}) } };
    const [operation] = await cloud.firestoreAdmin.updateField({ ...request, updateMask: { paths: ["ttl_config"] } });
    return operation;
  };
  const read = async () => (await cloud.firestoreAdmin.getField({ name }))[0];

  test("have the configuration of all fields until they get their own", async () => {
    expect(await read()).toMatchObject({ ttlConfig: null, indexConfig: { usesAncestorConfig: true } });
  });

  test("expire after an operation, and stop to", async () => {
    cloud.gcp.control.settings.operationMillis = 10_000;
    await setTtl("expires", {});
    expect((await read()).ttlConfig?.state).toBe("CREATING");
    cloud.gcp.control.advance(10_000);
    expect((await read()).ttlConfig?.state).toBe("ACTIVE");
    cloud.gcp.control.settings.operationMillis = 0;
    await (await setTtl("expires")).promise();
    expect((await read()).ttlConfig).toBeNull();
  });

  test("one of a collection group has a TTL", async () => {
    await (await setTtl("expires", {})).promise();
    const second = await refusal(setTtl("other", {}));
    expect(second).toMatchObject({ code: "FAILED_PRECONDITION", message: expect.stringContaining("fields/expires") });
    const [listed] = await cloud.firestoreAdmin.listFields({ parent, filter: "ttlConfig:*" });
    expect(listed.map((field) => field.name)).toEqual([name]);
    expect(await refusal(cloud.firestoreAdmin.listFields({ parent }))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("whose TTL can't be applied need repair", async () => {
    cloud.gcp.control.faults.add({ method: "UpdateField", times: 1, failOperation: { code: "INTERNAL" } });
    const operation = await setTtl("expires", {});
    expect(await refusal(operation.promise())).toMatchObject({ code: "INTERNAL" });
    expect((await read()).ttlConfig?.state).toBe("NEEDS_REPAIR");
  });

  test("can be exempted from indexes and taken back", async () => {
    const change = async (rest: object) => {
      const request = { field: { name, ...rest }, updateMask: { paths: ["index_config"] } };
      const [operation] = await cloud.firestoreAdmin.updateField(request);
      await operation.promise();
    };
    await change({ indexConfig: { indexes: [] } });
    expect((await read()).indexConfig).toMatchObject({ indexes: [], usesAncestorConfig: false });
    await change({});
    expect((await read()).indexConfig).toMatchObject({ usesAncestorConfig: true });
  });
});

describe("backup schedules", () => {
  const WEEK = 7 * 86_400;
  const daily = { retention: { seconds: WEEK }, dailyRecurrence: {} };
  const create = (backupSchedule: object) =>
    cloud.firestoreAdmin.createBackupSchedule({ parent: database, backupSchedule }).then(([created]) => created);

  test("are one daily and one weekly", async () => {
    const schedule = await create(daily);
    expect(schedule.name).toMatch(/\/backupSchedules\/[0-9a-f-]{36}$/);
    expect(await refusal(create(daily))).toMatchObject({ code: "ALREADY_EXISTS" });
    await create({ retention: { seconds: WEEK }, weeklyRecurrence: { day: "SUNDAY" } });
    const [{ backupSchedules }] = await cloud.firestoreAdmin.listBackupSchedules({ parent: database });
    expect(backupSchedules).toHaveLength(2);
  });

  test("change their retention, not their recurrence", async () => {
    const name = (await create(daily)).name ?? "";
    const change = (rest: object, path: string) =>
      cloud.firestoreAdmin
        .updateBackupSchedule({ backupSchedule: { name, ...rest }, updateMask: { paths: [path] } })
        .then(([changed]) => changed);
    const changed = await change({ retention: { seconds: 2 * WEEK } }, "retention");
    expect(changed.retention?.seconds).toBe(String(2 * WEEK));
    const weekly = change({ weeklyRecurrence: { day: "MONDAY" } }, "weekly_recurrence");
    expect(await refusal(weekly)).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test.each([
    ["no retention", { dailyRecurrence: {} }, /retention is required/],
    ["15 weeks", { retention: { seconds: 15 * WEEK }, dailyRecurrence: {} }, /at most 14 weeks/],
    ["no recurrence", { retention: { seconds: WEEK } }, /recurrence is required/],
    ["no day", { retention: { seconds: WEEK }, weeklyRecurrence: {} }, /needs its day/],
  ])("refuse %s", async (_what, schedule, message) => {
    const refused = await refusal(create(schedule));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });
});
