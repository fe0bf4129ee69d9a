import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListTagsOfResourceCommand,
  TagResourceCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, describe, expect, it } from "vitest";
import type { TableWant } from "../../controllers/leaf/wants.ts";
import { isReleased, ownerOf, ownerTags } from "../../operator/provider/owner.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { awsClients } from "./clients.ts";
import { tableProvider } from "./table.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call as anyCall, owner, place, REGION, tableWant } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const provider = tableProvider(aws);
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const fresh = (label: string) => `${label}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
const marks = (name: string) => ownerTags(owner(name, { kind: "Table" }));
const call = (name: string) => anyCall(name, { owner: owner(name, { kind: "Table" }) });
const at = (name: string) => ({ name, footprint: [] });
const arnOf = (name: string) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`;
const live = async (TableName: string) =>
  (await aws.dynamodb.send(new DescribeTableCommand({ TableName }))).Table ?? {};

async function seen(name: string) {
  const found = await provider.observe(at(name), call(name));
  if (!found.exists) expect.fail(`${name} is not there`);
  return found;
}

/** What core does until nothing differs: each round one observe and one update. */
async function settle(name: string, want: TableWant): Promise<number> {
  for (let rounds = 0; rounds < 10; rounds += 1) {
    const now = await seen(name);
    const changed = new Set(diff(want, now.actual).map(({ field }) => field as keyof TableWant & string));
    if (changed.size === 0) return rounds;
    await provider.update(now, want, changed, call(name));
  }
  return expect.fail("it never settled");
}

async function made(label: string, over: Partial<TableWant> = {}) {
  const name = fresh(label);
  const want = tableWant(name, over);
  const { id } = await provider.create(name, want, call(name));
  await settle(name, want);
  return { name, want, id };
}

const index = (name: string, partition: string, sort?: string) => ({
  name,
  partitionKey: { name: partition, type: "String" as const },
  sortKey: sort === undefined ? null : { name: sort, type: "Number" as const },
});

describe("DynamoDB table", () => {
  it("is absent before; create sets all but TTL and recovery; then nothing differs", async () => {
    const name = fresh("full");
    expect(await provider.observe(at(name), call(name))).toEqual({ exists: false });
    const want = tableWant(name, {
      indexes: [index("by-owner", "owner", "sk")],
      ttlField: "expires",
      pointInTimeRecoveryDays: 7,
      deletionProtection: true,
      overrides: { tableClass: "StandardInfrequentAccess" },
    });
    expect(await provider.create(name, want, call(name))).toEqual({ id: arnOf(name) });
    expect(await live(name)).toMatchObject({
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      GlobalSecondaryIndexes: [
        expect.objectContaining({ IndexName: "by-owner", Projection: { ProjectionType: "ALL" } }),
      ],
      DeletionProtectionEnabled: true,
      TableClassSummary: { TableClass: "STANDARD_INFREQUENT_ACCESS" },
    });
    expect(await settle(name, want)).toBe(1);
    const ttl = await aws.dynamodb.send(new DescribeTimeToLiveCommand({ TableName: name }));
    expect(ttl.TimeToLiveDescription).toMatchObject({ TimeToLiveStatus: "ENABLED", AttributeName: "expires" });
    const backups = await aws.dynamodb.send(new DescribeContinuousBackupsCommand({ TableName: name }));
    expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe(
      "ENABLED",
    );
    expect(await seen(name)).toMatchObject({
      id: arnOf(name),
      owner: ownerOf(marks(name)),
      phase: "ready",
      outputs: { TABLE_ID: arnOf(name), TABLE_NAME: name, COLLECTION: name, REGION },
      deleteBlockedBy: { field: "deletionProtection" },
    });
  });

  it("indexes: one goes, one stays, one is rebuilt with other keys, two come", async () => {
    const { name, want } = await made("indexes", {
      indexes: [index("changes", "a"), index("goes", "b"), index("stays", "c")],
    });
    const stayed = (await live(name)).GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === "stays");
    const next = {
      ...want,
      indexes: [index("changes", "d"), index("new-1", "e"), index("new-2", "e", "sk"), index("stays", "c")],
    };
    await settle(name, next);
    const now = await live(name);
    expect(now.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName).toSorted()).toEqual([
      "changes",
      "new-1",
      "new-2",
      "stays",
    ]);
    expect(now.GlobalSecondaryIndexes).toContainEqual(stayed);
    expect(now.AttributeDefinitions?.map((one) => one.AttributeName).toSorted()).toEqual(["c", "d", "e", "pk", "sk"]);
    await settle(name, { ...want, indexes: [] });
    expect((await live(name)).AttributeDefinitions?.map((one) => one.AttributeName).toSorted()).toEqual(["pk", "sk"]);
  });

  it("a stream and a bound of its use: on, other ones, off", async () => {
    const { name, want } = await made("settings", {
      overrides: { stream: "KeysOnly", onDemandMaximum: { readUnits: 100 } },
    });
    expect(await live(name)).toMatchObject({
      StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
      OnDemandThroughput: { MaxReadRequestUnits: 100 },
    });
    expect((await seen(name)).outputs.STREAM_ID).toMatch(new RegExp(`:table/${name}/stream/`));
    await settle(name, { ...want, overrides: { stream: "NewImage", onDemandMaximum: { writeUnits: 20 } } });
    const changed = await live(name);
    expect(changed.StreamSpecification?.StreamViewType).toBe("NEW_IMAGE");
    expect(changed.OnDemandThroughput).toEqual({ MaxReadRequestUnits: -1, MaxWriteRequestUnits: 20 });
    await settle(name, { ...want, overrides: {} });
    expect((await live(name)).StreamSpecification?.StreamEnabled ?? false).toBe(false);
    expect((await seen(name)).outputs).not.toHaveProperty("STREAM_ID");
  });

  it("capacity that somebody reserved is drift, and goes", async () => {
    const { name, want } = await made("reserved");
    const ProvisionedThroughput = { ReadCapacityUnits: 5, WriteCapacityUnits: 5 };
    await aws.dynamodb.send(
      new UpdateTableCommand({ TableName: name, BillingMode: "PROVISIONED", ProvisionedThroughput }),
    );
    expect((await seen(name)).actual.overrides).toEqual({ billing: "Provisioned" });
    await settle(name, want);
    expect((await live(name)).BillingModeSummary?.BillingMode).toBe("PAY_PER_REQUEST");
  });

  it("TTL: on, another field, off", async () => {
    const { name, want } = await made("ttl", { ttlField: "expires" });
    for (const ttlField of ["ends", null]) {
      await settle(name, { ...want, ttlField });
      expect((await seen(name)).actual.ttlField).toBe(ttlField);
    }
  });

  it("recovery: on, off", async () => {
    const { name, want } = await made("pitr", { pointInTimeRecoveryDays: 7 });
    await settle(name, { ...want, pointInTimeRecoveryDays: null });
    expect((await seen(name)).actual.pointInTimeRecoveryDays).toBeNull();
  });

  it("a customer's key: on, another, off", async () => {
    const key = (id: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`;
    const { name, want } = await made("kms", { encryptionKey: key("one") });
    for (const encryptionKey of [key("two"), null]) {
      await settle(name, { ...want, encryptionKey });
      expect((await seen(name)).actual.encryptionKey).toBe(encryptionKey);
    }
  });

  it("foreign tags stay, ours are changed and removed, beyond one page of tags", async () => {
    const { name, want, id } = await made("tags");
    const theirs = Array.from({ length: 24 }, (_, n) => ({ Key: `theirs-${n}`, Value: "kept" }));
    await aws.dynamodb.send(new TagResourceCommand({ ResourceArn: id, Tags: theirs }));
    await settle(name, { ...want, tags: { ...want.tags, team: null, cost: "7" } });
    expect((await seen(name)).actual.tags).toEqual({
      ...Object.fromEntries(theirs.map(({ Key, Value }) => [Key, Value])),
      cost: "7",
      ...marks(name),
    });
  });

  it("create of what is ours finishes it; of what is foreign is a conflict", async () => {
    const { name, want, id } = await made("again");
    expect(await provider.create(name, want, call(name))).toEqual({ id });
    const foreign = fresh("foreign");
    await aws.dynamodb.send(
      new CreateTableCommand({
        TableName: foreign,
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "B" }],
        BillingMode: "PAY_PER_REQUEST",
      }),
    );
    await expect(provider.create(foreign, tableWant(foreign), call(foreign))).rejects.toMatchObject({
      fault: "conflict",
    });
    expect((await aws.dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: arnOf(foreign) }))).Tags).toEqual([]);
    const found = await seen(foreign);
    expect(found.owner).toBeUndefined();
    expect(diff(tableWant(foreign), found.actual).map(({ field }) => field)).toContain("partitionKey");
  });

  it("adopt and release change our marks only", async () => {
    const { name, want } = await made("adopt");
    await provider.release?.(await seen(name), call(name));
    const free = await seen(name);
    expect(free.owner && isReleased(free.owner)).toBe(true);
    expect(free.actual.tags).toMatchObject({ team: "billing", "onyx-name": name.toLowerCase() });
    await provider.adopt(free, want, call(name));
    expect((await seen(name)).owner).toEqual(ownerOf(marks(name)));
  });

  it("protection: delete is refused by DynamoDB while on; off, it goes; deleting the absent succeeds", async () => {
    const { name, want } = await made("protected", { deletionProtection: true });
    const before = await seen(name);
    await expect(provider.delete(before, at(name), call(name))).rejects.toMatchObject({ fault: "invalid" });
    await provider.update(before, { ...want, deletionProtection: false }, new Set(["deletionProtection"]), call(name));
    const open = await seen(name);
    expect(open.deleteBlockedBy).toBeUndefined();
    await provider.delete(open, at(name), call(name));
    await expect.poll(() => provider.observe(at(name), call(name))).toEqual({ exists: false });
    await provider.delete(open, at(name), call(name));
  });
});
