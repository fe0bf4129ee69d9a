import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TableWant } from "../../controllers/leaf/wants.ts";
import {
  actualTable,
  databaseMask,
  fitTable,
  indexSteps,
  type LiveIndexes,
  liveIndexes,
  neededIndexes,
  quoted,
  readMeta,
  recordedIndexes,
  type Schema,
  shapeOf,
  shapesOf,
  type TableIndex,
  toDatabase,
  toFields,
  toIndex,
  ttlFieldName,
  unquoted,
} from "./table-shape.ts";

const text = (name: string) => ({ name, type: "String" }) as const;
const want: TableWant = {
  tags: {},
  partitionKey: text("pk"),
  sortKey: null,
  indexes: [],
  ttlField: null,
  pointInTimeRecoveryDays: null,
  deletionProtection: true,
  encryptionKey: null,
  overrides: {},
};
const index = (name: string, pk: string, sk: string | null): TableIndex => ({
  name,
  partitionKey: text(pk),
  sortKey: sk === null ? null : text(sk),
});

describe("what Firestore makes of a wish", () => {
  test.each([
    [null, null, undefined],
    [7, 7, undefined],
    [1, 7, "Covered"],
    [35, 7, "Clamped"],
  ])("recovery of %s days is %s", (asked, given, kind) => {
    const fitted = fitTable({ ...want, pointInTimeRecoveryDays: asked });
    expect(fitted.want.pointInTimeRecoveryDays).toBe(given);
    expect(fitted.deviations.map((one) => one.kind)).toEqual(kind ? [kind] : []);
  });

  test("what is fitted once fits, so that core may fit it again", () => {
    const indexes = [index("b", "x", null), index("a", "y", "z")];
    const once = fitTable({ ...want, pointInTimeRecoveryDays: 1, indexes }).want;
    expect(once.indexes.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(fitTable(once).want).toEqual(once);
  });

  test("queries by the table's own keys need an index of their own, told of only while it is missing", () => {
    const [key] = neededIndexes({ ...want, sortKey: text("sk") });
    expect(key).toMatchObject({ name: "(key)", partitionKey: text("pk"), sortKey: text("sk") });
    expect(neededIndexes(want)).toEqual([]);
    const meta = { tags: {}, schema: { partitionKey: text("pk"), sortKey: text("sk"), indexes: [] } };
    const read = (indexes: LiveIndexes) => actualTable({ database: {}, meta, indexes, ttlFields: [] }).indexes;
    expect(read(new Map())?.map(({ name }) => name)).toEqual(["(key) is missing"]);
    expect(read(liveIndexes(key ? shapesOf(key).map(toIndex) : []))).toEqual([]);
  });

  test("a database is created with everything explicit", () => {
    expect(toDatabase({ ...want, encryptionKey: "k" }, "europe-west1")).toEqual({
      locationId: "europe-west1",
      type: "FIRESTORE_NATIVE",
      databaseEdition: "STANDARD",
      pointInTimeRecoveryEnablement: "POINT_IN_TIME_RECOVERY_DISABLED",
      deleteProtectionState: "DELETE_PROTECTION_ENABLED",
      cmekConfig: { kmsKeyName: "k" },
    });
    expect(toDatabase(want, "r")).not.toHaveProperty("cmekConfig");
  });

  test("masks name what changed and no more", () => {
    expect(databaseMask(new Set(["deletionProtection"]))).toEqual(["delete_protection_state"]);
    expect(databaseMask(new Set(["tags", "indexes", "ttlField"]))).toEqual([]);
  });
});

describe("names in field paths", () => {
  test.each([
    ["plain", "plain"],
    ["_a1", "_a1"],
    ["with-dash", "`with-dash`"],
    ["a.b", "`a.b`"],
    ["1st", "`1st`"],
    ["tick`", "`tick\\``"],
    ["back\\slash", "`back\\\\slash`"],
  ])("%s is written %s", (name, path) => expect(quoted(name)).toBe(path));

  test("are read back as they were", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        expect(unquoted(quoted(name))).toBe(name);
      }),
    );
    const field = (path: string) => `projects/p/databases/d/collectionGroups/items/fields/${path}`;
    expect(ttlFieldName({ name: field("`a/b.c`") })).toBe("a/b.c");
  });
});

describe("indexes", () => {
  test("one direction each, none without a sort key", () => {
    expect(shapesOf(index("i", "a", "b"))).toHaveLength(2);
    expect(shapesOf(index("i", "a", null))).toEqual([]);
  });

  test("an index is known again by its fields, without the tail that Firestore adds", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
        for (const shape of shapesOf(index("i", a, b))) {
          const { fields = [], ...made } = toIndex(shape);
          const order = fields?.at(-1)?.order ?? "ASCENDING";
          expect(shapeOf({ ...made, fields: [...(fields ?? []), { fieldPath: "__name__", order }] })).toBe(shape);
          expect(shapeOf(toIndex(shape))).toBe(shape);
        }
      }),
    );
  });

  test("those of another kind have no shape of ours", () => {
    const fields = [
      { fieldPath: "a", order: "ASCENDING" as const },
      { fieldPath: "b", arrayConfig: "CONTAINS" as const },
    ];
    expect(shapeOf({ queryScope: "COLLECTION", fields })).toBeUndefined();
    expect(
      shapeOf({ ...toIndex(shapesOf(index("i", "a", "b"))[0] ?? ""), queryScope: "COLLECTION_GROUP" }),
    ).toBeUndefined();
  });

  const live = (...indexes: TableIndex[]) =>
    liveIndexes(indexes.flatMap(shapesOf).map((shape) => ({ ...toIndex(shape), name: shape })));
  const wanted = (...indexes: TableIndex[]) => ({ partitionKey: text("pk"), sortKey: null, indexes });
  const schema = (...indexes: TableIndex[]): Schema => ({ partitionKey: text("pk"), sortKey: null, indexes });

  test("what is missing is added one at a time; what is not wanted goes, but only what is recorded as ours", () => {
    const [a, b, theirs] = [index("a", "a", "x"), index("b", "b", "x"), index("t", "t", "x")];
    expect(indexSteps(wanted(a), undefined, live())).toEqual({ remove: [], add: shapesOf(a)[0] });
    expect(indexSteps(wanted(a), schema(a), live(a))).toEqual({ remove: [], add: undefined });
    const change = indexSteps(wanted(b), schema(a), live(a, theirs));
    expect(change.remove.map(({ name }) => name)).toEqual(shapesOf(a));
    expect(change.add).toBe(shapesOf(b)[0]);
  });

  test("two names for the same fields share the index, and it stays while one of them is wanted", () => {
    const [one, two] = [index("one", "a", "x"), index("two", "a", "x")];
    expect(indexSteps(wanted(one), schema(one, two), live(one))).toEqual({ remove: [], add: undefined });
  });

  test("an index that changes its fields is recorded under both, until the old one is gone", () => {
    const [before, after] = [index("i", "a", "x"), index("i", "b", "x")];
    const recorded = recordedIndexes([after], schema(before), live(before));
    expect(recorded.map(({ name, partitionKey }) => [name, partitionKey.name])).toEqual([
      ["(old) i", "a"],
      ["i", "b"],
    ]);
    expect(recordedIndexes([after], { ...schema(), indexes: recorded }, live(after))).toEqual([after]);
  });
});

describe("the owner's document", () => {
  test("is read back as it was written", () => {
    const meta = {
      tags: { "onyx-name": "t", team: "core" },
      schema: { ...want, indexes: [index("i", "a", null)] } as Schema,
    };
    const { partitionKey, sortKey, indexes } = meta.schema;
    const written = { tags: meta.tags, schema: { partitionKey, sortKey, indexes } };
    expect(readMeta({ fields: toFields(written) })).toEqual(written);
  });

  test.each([undefined, "", "{", "null", "[]", "7", '{"partitionKey":1}'])(
    "what is no schema of ours (%s) is none",
    (stringValue) =>
      expect(readMeta({ fields: stringValue === undefined ? {} : { schema: { stringValue } } }).schema).toBeUndefined(),
  );

  test("tags that are no text are not ours", () => {
    const fields = { tags: { mapValue: { fields: { a: { integerValue: 1 }, b: { stringValue: "x" } } } } };
    expect(readMeta({ fields }).tags).toEqual({ b: "x" });
  });
});
