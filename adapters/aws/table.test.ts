import { afterEach, describe, expect, it } from "vitest";
import type { TableOutputs, TableWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import type { Present } from "../../operator/provider/provider.ts";
import { awsClients } from "./clients.ts";
import { tableProvider } from "./table.ts";
import { ACCOUNT, call as anyCall, owner, place, REGION, tableWant } from "./testing/fixtures.ts";
import { type Script, scriptServer } from "./testing/script-server.ts";
import { json, wire } from "./testing/wire.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function against(script: Script) {
  const server = await scriptServer(script);
  const aws = awsClients(place(server.url));
  open.push(server, aws);
  return { provider: tableProvider(aws), operations: () => server.asked.map((one) => one.operation), server };
}

const mine = owner("orders", { kind: "Table" });
const call = anyCall("orders", { owner: mine });
const at = { name: "orders", footprint: [] };
const arn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/orders`;
const Tags = Object.entries(ownerTags(mine)).map(([Key, Value]) => ({ Key, Value }));
const table = (over: object = {}) => ({
  TableArn: arn,
  TableStatus: "ACTIVE",
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  ...over,
});
const recovery = (over: object) =>
  json({ ContinuousBackupsDescription: { ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription: over } });

/** A table that is there, with replies of one's own in front. */
const living =
  (replies: Record<string, ReturnType<Script>>, over: object = {}): Script =>
  ({ operation }) =>
    replies[operation] ??
    {
      DescribeTable: json({ Table: table(over) }),
      ListTagsOfResource: json({ Tags }),
      DescribeTimeToLive: json({ TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } }),
      DescribeContinuousBackups: recovery({ PointInTimeRecoveryStatus: "DISABLED" }),
    }[operation] ??
    json({});

const seen = (actual: Partial<TableWant>): Present<TableWant, TableOutputs> => ({
  exists: true,
  id: arn,
  phase: "ready",
  actual,
  outputs: { TABLE_ID: arn, TABLE_NAME: "orders", COLLECTION: "orders", REGION },
});

describe("observe", () => {
  it("asks four times for a table, once for none", async () => {
    const there = await against(living({}));
    expect(await there.provider.observe(at, call)).toMatchObject({
      exists: true,
      actual: { ttlField: null, pointInTimeRecoveryDays: null },
    });
    expect(there.operations()).toHaveLength(4);
  });

  it.each(["DescribeTable", "ListTagsOfResource", "DescribeTimeToLive", "DescribeContinuousBackups"])(
    "%s denied, empty or cut is an error, not absence",
    async (operation) => {
      for (const reply of [wire("DynamoDbAccessDenied"), wire("Empty"), "cut the answer"] as const) {
        const { provider } = await against(living({ [operation]: reply }));
        await expect(provider.observe(at, call)).rejects.toMatchObject({ name: "ProviderError" });
      }
    },
  );

  it("a table that is being made is told without what can't be read yet", async () => {
    const { provider, operations } = await against(living({}, { TableStatus: "CREATING" }));
    const found = await provider.observe(at, call);
    expect(found).toMatchObject({ exists: true, phase: "pending", owner: expect.objectContaining({ name: "orders" }) });
    expect(found).not.toHaveProperty("actual.ttlField");
    expect(operations()).toEqual(["DescribeTable", "ListTagsOfResource"]);
  });

  it.each([
    ["ENABLING", "expires"],
    ["ENABLED", "expires"],
    ["DISABLING", null],
    ["DISABLED", null],
  ])("TTL that is %s holds the field %s", async (TimeToLiveStatus, ttlField) => {
    const DescribeTimeToLive = json({ TimeToLiveDescription: { TimeToLiveStatus, AttributeName: "expires" } });
    const { provider } = await against(living({ DescribeTimeToLive }));
    expect(await provider.observe(at, call)).toMatchObject({ actual: { ttlField } });
  });

  it("days of recovery: as told; those asked for where they aren't told; else unknown", async () => {
    const told = await against(
      living({
        DescribeContinuousBackups: recovery({ PointInTimeRecoveryStatus: "ENABLED", RecoveryPeriodInDays: 14 }),
      }),
    );
    expect(await told.provider.observe(at, call)).toMatchObject({ actual: { pointInTimeRecoveryDays: 14 } });
    const untold = await against(
      living({ DescribeContinuousBackups: recovery({ PointInTimeRecoveryStatus: "ENABLED" }) }),
    );
    expect(await untold.provider.observe(at, call)).not.toHaveProperty("actual.pointInTimeRecoveryDays");
    const want = tableWant("orders", { pointInTimeRecoveryDays: 7 });
    await untold.provider.update(seen({}), want, new Set(["pointInTimeRecoveryDays"]), call);
    expect(await untold.provider.observe(at, call)).toMatchObject({ actual: { pointInTimeRecoveryDays: 7 } });
  });
});

describe("create", () => {
  it("without a reply can be repeated, and finds its own work", async () => {
    let made = 0;
    const { provider } = await against((asked) => {
      if (asked.operation !== "CreateTable") return living({})(asked);
      made += 1;
      return made === 1 ? "close before the answer" : wire("DynamoDbTableExists");
    });
    const create = () => provider.create("orders", tableWant("orders"), call);
    await expect(create()).rejects.toMatchObject({ fault: "transient" });
    expect(await create()).toEqual({ id: arn });
  });
});

describe("update", () => {
  const everything = new Set([
    "tags",
    "pointInTimeRecoveryDays",
    "deletionProtection",
    "indexes",
    "ttlField",
  ] as const satisfies (keyof TableWant)[]);
  const want = tableWant("orders", {
    pointInTimeRecoveryDays: 7,
    deletionProtection: true,
    ttlField: "ends",
    indexes: [{ name: "by-x", partitionKey: { name: "x", type: "String" }, sortKey: null }],
  });

  it("ends with the change that makes the table busy; TTL waits for its turn", async () => {
    const { provider, operations } = await against(
      living({ UpdateTable: json({ TableDescription: table({ TableStatus: "UPDATING" }) }) }),
    );
    await provider.update(seen({ tags: {}, indexes: [], ttlField: null }), want, everything, call);
    expect(operations()).toEqual(["TagResource", "UpdateContinuousBackups", "UpdateTable"]);
  });

  it("goes on while the table stays active", async () => {
    const { provider, operations } = await against(living({ UpdateTable: json({ TableDescription: table() }) }));
    await provider.update(seen({ tags: {}, indexes: [], ttlField: "expires" }), want, everything, call);
    expect(operations()).toEqual([
      "TagResource",
      "UpdateContinuousBackups",
      "UpdateTable",
      "UpdateTable",
      "UpdateTimeToLive",
      "UpdateTimeToLive",
    ]);
  });

  it("another TTL field: the old one ends, the new one has to wait, and the message says for what", async () => {
    let changes = 0;
    const { provider, server } = await against((asked) => {
      if (asked.operation !== "UpdateTimeToLive") return living({})(asked);
      changes += 1;
      return changes === 1 ? json({}) : wire("TimeToLiveModified");
    });
    await expect(
      provider.update(seen({ ttlField: "expires" }), want, new Set(["ttlField"]), call),
    ).rejects.toMatchObject({
      fault: "throttled",
      step: "set the TTL field",
      retryAfterMs: 600_000,
      message: expect.stringContaining("an hour"),
    });
    expect(server.asked.map(({ body }) => body.TimeToLiveSpecification)).toEqual([
      { AttributeName: "expires", Enabled: false },
      { AttributeName: "ends", Enabled: true },
    ]);
  });

  it("what is off already counts as done", async () => {
    const { provider } = await against(living({ UpdateTimeToLive: wire("TimeToLiveAlreadyDisabled") }));
    const off = tableWant("orders", { ttlField: null });
    await provider.update(seen({ ttlField: "expires" }), off, new Set(["ttlField"]), call);
  });

  it("recovery that isn't available yet is tried again", async () => {
    const { provider } = await against(living({ UpdateContinuousBackups: wire("ContinuousBackupsUnavailable") }));
    await expect(provider.update(seen({}), want, new Set(["pointInTimeRecoveryDays"]), call)).rejects.toMatchObject({
      fault: "transient",
      step: "set point-in-time recovery",
    });
  });

  it("a second index while one is built is throttled, with its step", async () => {
    const { provider } = await against(living({ UpdateTable: wire("DynamoDbOneIndexAtATime") }));
    await expect(provider.update(seen({ indexes: [] }), want, new Set(["indexes"]), call)).rejects.toMatchObject({
      fault: "throttled",
      step: "make index by-x",
    });
  });
});

describe("fit", () => {
  const provider = tableProvider(awsClients(place("http://127.0.0.1:1")));
  const fitted = (over: Partial<TableWant>) => provider.fit?.(tableWant("orders", over)) ?? expect.fail("no fit");

  it("leaves what both clouds can do, calls more days specific, clamps what AWS can't", () => {
    expect(fitted({ pointInTimeRecoveryDays: 7 })).toEqual({
      want: tableWant("orders", { pointInTimeRecoveryDays: 7 }),
      deviations: [],
    });
    const kinds = [14, 99].map((days) => fitted({ pointInTimeRecoveryDays: days }).deviations.map(({ kind }) => kind));
    expect(kinds).toEqual([["CloudSpecific"], ["Clamped"]]);
    expect(fitted({ pointInTimeRecoveryDays: 99 }).want.pointInTimeRecoveryDays).toBe(35);
  });

  it("a table class that DynamoDB takes anyway is no override", () => {
    expect(fitted({ overrides: { tableClass: "Standard" } }).want.overrides).toEqual({});
    expect(fitted({ overrides: { tableClass: "StandardInfrequentAccess" } }).want.overrides).toEqual({
      tableClass: "StandardInfrequentAccess",
    });
  });
});
