import { expect, it } from "vitest";
import { tableItem as schema, type TableItemSpec } from "../../crds/tableitem.ts";
import type { Given, Target } from "../../operator/reconcile/leaf-object.ts";
import { tableItem } from "./tableitem.ts";

const spec = (over: object = {}): TableItemSpec =>
  schema.spec.parse({ tableRef: { name: "plans" }, key: { partition: "a/b", sort: 5 }, ...over });

const KEYS = { partitionKey: { name: "plan", type: "String" }, sortKey: { name: "since", type: "Number" } };

const given = (targets: Readonly<Record<string, Partial<Target>>> = {}, table: Target["effective"] = KEYS): Given => ({
  namespace: "shop",
  name: "row",
  cloud: "aws",
  tags: { team: "shop" },
  target: (field) => ({
    outputs: field === "tableRef" ? { TABLE_ID: "arn:table", COLLECTION: "items" } : {},
    effective: field === "tableRef" ? table : {},
    ...targets[field],
  }),
  source: () => "",
});

const FROM = { attributesFrom: [{ attribute: "engine", workflow: "flow", output: "WORKFLOW_ID" }] };
const FLOW = { "attributesFrom[0].workflow": { outputs: { WORKFLOW_ID: "arn:flow", REGION: "x" } } };

it("is called as a document with its key is", () => {
  expect(tableItem.nameOf?.(spec())).toBe("a%2Fb:5");
  expect(tableItem.nameOf?.(spec({ key: { partition: "_x" } }))).toBe("%5Fx");
});

it("refers to its Table and to what attributes come from", () => {
  expect(tableItem.references(spec(FROM))).toEqual([
    { field: "tableRef", kind: "Table", name: "plans" },
    { field: "attributesFrom[0].workflow", kind: "Workflow", name: "flow" },
  ]);
});

it("wants the attributes of spec, outputs of others, and the key by the names of the Table", () => {
  const want = tableItem.want(
    spec({ attributes: { open: true }, ...FROM }),
    given(FLOW, { ...KEYS, ttlField: "until" }),
  );
  expect(want).toEqual({
    table: "arn:table",
    key: [
      { name: "plan", value: "a/b" },
      { name: "since", value: 5 },
    ],
    place: { collection: "items", ttlField: "until" },
    attributes: { open: true },
    from: { engine: "arn:flow" },
    tags: { team: "shop" },
  });
});

it.each<[object, string]>([
  [{ attributes: { onyx: {} } }, 'attributes: "onyx" says whose the item is'],
  [{ ...FROM, attributes: { engine: "x" } }, "attributesFrom: engine is in attributes too"],
  [{ attributes: { text: "é".repeat(17_000) } }, "attributes: 34011 bytes of JSON, and there can be 32768"],
  [{ key: { partition: "/".repeat(200) } }, "key: it has 600 characters with what is percent-encoded"],
  [{ attributes: { big: 2 ** 53 } }, "attributes: big has a number of more digits than both clouds keep"],
  [{ attributes: { huge: 1e300 } }, "attributes: huge has a number"],
  [{ attributes: { tiny: 1e-300 } }, "attributes: tiny has a number"],
  [{ attributes: { list: [{ deep: 0.1 + 0.2 }] } }, "attributes: list has a number of more digits"],
])("tells a flaw of %j", (over, said) => expect(tableItem.flaw?.(spec(over))).toContain(said));

it("finds no flaw in what both clouds hold", () => {
  const attributes = { a: 2 ** 53 - 1, b: 0.3, c: 1e-9, d: -0.25, e: null, f: [{ g: [] }] };
  expect(tableItem.flaw?.(spec({ attributes, ...FROM }))).toBeUndefined();
  expect(tableItem.problem?.(spec({ attributes, ...FROM }), given(FLOW))).toBeUndefined();
});

it.each<[object, Given, string]>([
  [{}, given({}, {}), "tableRef: Table plans tells no keys yet; one that is only observed never does"],
  [{ key: { partition: "a" } }, given(), "key.sort: is missing, and the sort key of Table plans is since"],
  [{}, given({}, { partitionKey: KEYS.partitionKey }), "key.sort: Table plans has no sort key; leave it out"],
  [
    { key: { partition: 1, sort: 5 } },
    given(),
    "key.partition: should be a string, as plan of Table plans is, and is 1",
  ],
  [
    { key: { partition: "a", sort: "5" } },
    given(),
    'key.sort: should be a number, as since of Table plans is, and is "5"',
  ],
  [
    FROM,
    given({ "attributesFrom[0].workflow": { outputs: { REGION: "x", ARN: "y" } } }),
    "attributesFrom[0].workflow: Workflow flow has no output WORKFLOW_ID: it has ARN, REGION",
  ],
  [{ attributes: { since: 1 } }, given(), "attributes: since is part of the key, and spec.key says what it is"],
  [
    { attributes: { until: "soon" } },
    given({}, { ...KEYS, ttlField: "until" }),
    "attributes: until should be whole seconds since 1970",
  ],
  [{ attributes: { __x__: 1 } }, given(), 'attributes: no attribute is called "__x__"'],
])("tells what of %j does not fit", (over, targets, said) => {
  expect(tableItem.problem?.(spec(over), targets)).toContain(said);
});
