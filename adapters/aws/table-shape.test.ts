import type { StreamSpecification, TableDescription, UpdateTableCommandInput } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TableWant } from "../../controllers/leaf/wants.ts";
import { actualOf, createInput, phaseOf, updateSteps } from "./table-shape.ts";
import { tableWant } from "./testing/fixtures.ts";

/** The table that CreateTable makes of its input, as DescribeTable tells it, in another order. */
function described(input: ReturnType<typeof createInput>): TableDescription {
  return {
    TableStatus: "ACTIVE",
    KeySchema: [...(input.KeySchema ?? [])].reverse(),
    AttributeDefinitions: [...(input.AttributeDefinitions ?? [])].reverse(),
    GlobalSecondaryIndexes: [...(input.GlobalSecondaryIndexes ?? [])]
      .reverse()
      .map(({ IndexName, KeySchema }) => ({ IndexName, KeySchema, IndexStatus: "ACTIVE" })),
    DeletionProtectionEnabled: input.DeletionProtectionEnabled,
    ...(input.SSESpecification && {
      SSEDescription: { Status: "ENABLED", SSEType: "KMS", KMSMasterKeyArn: input.SSESpecification.KMSMasterKeyId },
    }),
    TableClassSummary: { TableClass: input.TableClass },
    BillingModeSummary: { BillingMode: input.BillingMode },
    OnDemandThroughput: input.OnDemandThroughput,
    StreamSpecification: input.StreamSpecification,
  };
}

/** DynamoDB's rules for UpdateTable: one index a call, definitions of all keys and no others. */
function apply(
  table: TableDescription,
  { GlobalSecondaryIndexUpdates = [], AttributeDefinitions, ...rest }: Partial<UpdateTableCommandInput>,
) {
  const kinds = [GlobalSecondaryIndexUpdates.length > 0, ...Object.keys(rest).map(() => true)].filter(Boolean);
  expect(kinds).toHaveLength(1);
  expect(GlobalSecondaryIndexUpdates.length).toBeLessThanOrEqual(1);
  const [update] = GlobalSecondaryIndexUpdates;
  const indexes = table.GlobalSecondaryIndexes ?? [];
  let next = indexes;
  if (update?.Delete) {
    expect(indexes.map(({ IndexName }) => IndexName)).toContain(update.Delete.IndexName);
    next = indexes.filter(({ IndexName }) => IndexName !== update.Delete?.IndexName);
  }
  if (update?.Create) {
    expect(indexes.map(({ IndexName }) => IndexName)).not.toContain(update.Create.IndexName);
    next = [...indexes, { ...update.Create, IndexStatus: "ACTIVE" }];
    const used = new Set([table, ...next].flatMap(({ KeySchema = [] }) => KeySchema.map((key) => key.AttributeName)));
    expect(new Set(AttributeDefinitions?.map((one) => one.AttributeName))).toEqual(used);
    expect(AttributeDefinitions).toHaveLength(used.size);
  }
  const definitions = new Map(
    [...(table.AttributeDefinitions ?? []), ...(AttributeDefinitions ?? [])].map((one) => [one.AttributeName, one]),
  );
  return {
    ...table,
    GlobalSecondaryIndexes: next,
    AttributeDefinitions: [...definitions.values()],
    ...(rest.DeletionProtectionEnabled !== undefined && { DeletionProtectionEnabled: rest.DeletionProtectionEnabled }),
    ...(rest.TableClass && { TableClassSummary: { TableClass: rest.TableClass } }),
    ...(rest.OnDemandThroughput && { OnDemandThroughput: rest.OnDemandThroughput }),
    ...(rest.StreamSpecification && { StreamSpecification: streamAfter(table, rest.StreamSpecification) }),
    ...(rest.SSESpecification && {
      SSEDescription: rest.SSESpecification.Enabled
        ? { Status: "ENABLED" as const, KMSMasterKeyArn: rest.SSESpecification.KMSMasterKeyId }
        : { Status: "DISABLED" as const },
    }),
  };
}

/** A stream that is on can only be ended, one that is off only be begun. */
function streamAfter({ StreamSpecification: before }: TableDescription, asked: StreamSpecification) {
  expect(asked.StreamEnabled).not.toBe(before?.StreamEnabled ?? false);
  expect(asked.StreamViewType !== undefined).toBe(asked.StreamEnabled);
  return asked;
}

/** Attributes keep one type each, as the schema demands. */
const ATTRIBUTES = ["a", "b", "c", "d"].map((name, position) => ({
  name,
  type: position % 2 === 0 ? ("String" as const) : ("Number" as const),
}));
const keys = fc.shuffledSubarray(ATTRIBUTES, { minLength: 1, maxLength: 2 }).map(([partitionKey, sortKey]) => ({
  partitionKey: partitionKey!,
  sortKey: sortKey ?? null,
}));
const indexes = fc
  .uniqueArray(fc.record({ name: fc.constantFrom("by-a", "by-b", "by-c", "by-d"), keys }), {
    selector: ({ name }) => name,
  })
  .map((list) => list.map(({ name, keys }) => ({ name, ...keys })).sort((a, b) => (a.name < b.name ? -1 : 1)));
const changeable = fc.record({
  indexes,
  deletionProtection: fc.boolean(),
  encryptionKey: fc.option(fc.constantFrom("arn:key/1", "arn:key/2")),
  overrides: fc.constantFrom(
    {},
    { tableClass: "StandardInfrequentAccess" },
    { onDemandMaximum: { readUnits: 100 } },
    { onDemandMaximum: { readUnits: 100, writeUnits: 20 }, stream: "KeysOnly" },
    { stream: "NewAndOldImages", tableClass: "StandardInfrequentAccess" },
  ),
});
const FIELDS = ["indexes", "deletionProtection", "encryptionKey", "overrides"] as const;
const pick = (want: Partial<TableWant>) => Object.fromEntries(FIELDS.map((field) => [field, want[field]]));

describe("the shape of a table", () => {
  it("reads back as it was made, whatever order DynamoDB answers in", () => {
    fc.assert(
      fc.property(keys, changeable, (own, over) => {
        const want = tableWant("t", { ...own, ...over });
        const { tags: _tags, ttlField: _ttl, pointInTimeRecoveryDays: _days, ...rest } = want;
        expect(actualOf(described(createInput("t", want)))).toEqual(rest);
      }),
    );
  });

  it("defines each attribute of a key once and no other", () => {
    fc.assert(
      fc.property(keys, changeable, (own, over) => {
        const want = tableWant("t", { ...own, ...over });
        const used = new Set(
          [want, ...want.indexes].flatMap((one) => [one.partitionKey.name, ...(one.sortKey ? [one.sortKey.name] : [])]),
        );
        const defined = createInput("t", want).AttributeDefinitions?.map((one) => one.AttributeName) ?? [];
        expect(defined.toSorted()).toEqual([...used].toSorted());
      }),
    );
  });

  it("any table becomes any other by steps that DynamoDB takes one by one", () => {
    fc.assert(
      fc.property(keys, changeable, changeable, (own, before, after) => {
        let table = described(createInput("t", tableWant("t", { ...own, ...before })));
        const want = tableWant("t", { ...own, ...after });
        for (const { change } of updateSteps(actualOf(table), want, new Set(FIELDS))) table = apply(table, change);
        expect(pick(actualOf(table))).toEqual(pick(want));
      }),
    );
  });

  it("cut off after any step, what is left is done from there", () => {
    fc.assert(
      fc.property(keys, changeable, changeable, (own, before, after) => {
        let table = described(createInput("t", tableWant("t", { ...own, ...before })));
        const want = tableWant("t", { ...own, ...after });
        for (let pass = 0; pass < 24; pass += 1) {
          const actual = actualOf(table);
          const changed = new Set(
            FIELDS.filter((field) => JSON.stringify(actual[field]) !== JSON.stringify(want[field])),
          );
          const [first] = updateSteps(actual, want, changed);
          if (!first) break;
          table = apply(table, first.change);
        }
        expect(pick(actualOf(table))).toEqual(pick(want));
      }),
    );
  });

  it("touches only what changed", () => {
    const seen = { indexes: [{ name: "x", partitionKey: ATTRIBUTES[0]!, sortKey: null }] };
    expect(updateSteps(seen, tableWant("t", { indexes: seen.indexes }), new Set(["indexes"]))).toEqual([]);
    expect(updateSteps(seen, tableWant("t"), new Set(["tags"]))).toEqual([]);
  });

  it("an index that goes is gone already, and the table waits for it", () => {
    const table: TableDescription = {
      TableStatus: "ACTIVE",
      GlobalSecondaryIndexes: [{ IndexName: "old", IndexStatus: "DELETING", KeySchema: [] }],
    };
    expect(actualOf(table).indexes).toEqual([]);
    expect(phaseOf(table)).toEqual({ phase: "pending", message: "Index old is DELETING." });
  });

  it.each([
    [{ TableStatus: "ACTIVE" }, "ready"],
    [{ TableStatus: "CREATING" }, "pending"],
    [{ TableStatus: "UPDATING" }, "pending"],
    [{ TableStatus: "DELETING" }, "deleting"],
    [{ TableStatus: "INACCESSIBLE_ENCRYPTION_CREDENTIALS" }, "failed"],
    [{ TableStatus: "ARCHIVED" }, "failed"],
    [{ TableStatus: "REPLICATION_NOT_AUTHORIZED" }, "ready"],
    [{ TableStatus: "SOMETHING_NEW" }, "pending"],
    [{}, "pending"],
    [{ TableStatus: "ACTIVE", SSEDescription: { Status: "UPDATING" } }, "pending"],
    [{ TableStatus: "ACTIVE", SSEDescription: { Status: "ENABLED" } }, "ready"],
    [{ TableStatus: "ACTIVE", GlobalSecondaryIndexes: [{ IndexName: "i", IndexStatus: "CREATING" }] }, "pending"],
  ])("%o is %s", (table, phase) => {
    expect(phaseOf(table as TableDescription).phase).toBe(phase);
  });
});
