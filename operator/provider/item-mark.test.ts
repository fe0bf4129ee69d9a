import { expect, it } from "vitest";
import {
  adopted,
  changeOf,
  type Item,
  markFor,
  markOf,
  partsOf,
  placesIn,
  placeText,
  refuseOtherHands,
  refuseTaken,
  released,
} from "./item-mark.ts";
import { type Owner, ownerTags } from "./owner.ts";

const OWNER: Owner = {
  environment: "prod",
  cluster: "one",
  namespace: "shop",
  kind: "tableitem",
  name: "row",
  uid: "u",
};
const TAGS = ownerTags(OWNER);

const item = (attributes: Item, from: Record<string, string> = {}, others: Item = {}): Item => ({
  id: "a",
  ...attributes,
  ...from,
  ...others,
  onyx: markFor({ attributes, from }, TAGS),
});

it("tells what is ours of an item: what its mark names, and is still there", () => {
  const live = item({ price: 1, open: true }, { queue: "q" }, { seen: 5 });
  expect(partsOf(live, ["id"])).toEqual({ attributes: { price: 1, open: true }, from: { queue: "q" } });
  const { open: _gone, ...less } = live;
  expect(partsOf(less, ["id"])).toEqual({ attributes: { price: 1 }, from: { queue: "q" } });
  expect(partsOf({ id: "a", price: 1 }, ["id"])).toEqual({ attributes: { price: 1 }, from: {} });
});

it.each<[string, Item]>([
  ["none", { id: "a" }],
  ["a text", { onyx: "theirs" }],
  ["a list", { onyx: [1] }],
  ["null", { onyx: null }],
  ["a map without tags", { onyx: { attributes: [] } }],
  ["tags that are no texts", { onyx: { tags: { team: 1 } } }],
])("takes for no mark: %s", (_what, live) => expect(markOf(live)).toBeUndefined());

it.each<[string, Item, { attributes: Item; from: Record<string, string> }, { set: string[]; remove: string[] }]>([
  ["nothing", item({ price: 1 }), { attributes: { price: 1 }, from: {} }, { set: [], remove: [] }],
  ["a value", item({ price: 1 }), { attributes: { price: 2 }, from: {} }, { set: ["price"], remove: [] }],
  [
    "the order of keys, which is none",
    item({ map: { a: 1, b: 2 } }),
    { attributes: { map: { b: 2, a: 1 } }, from: {} },
    { set: [], remove: [] },
  ],
  [
    "one more",
    item({ price: 1 }),
    { attributes: { price: 1, open: true }, from: {} },
    { set: ["open", "onyx"], remove: [] },
  ],
  [
    "one less",
    item({ price: 1, open: true }),
    { attributes: { price: 1 }, from: {} },
    { set: ["onyx"], remove: ["open"] },
  ],
  [
    "one less, gone already",
    { ...item({ price: 1 }), onyx: markFor({ attributes: { price: 1, open: true }, from: {} }, TAGS) },
    { attributes: { price: 1 }, from: {} },
    { set: ["onyx"], remove: [] },
  ],
  [
    "what a service wrote stays",
    item({ price: 1 }, {}, { seen: 5 }),
    { attributes: { price: 1 }, from: {} },
    { set: [], remove: [] },
  ],
  [
    "what a service wrote, named now",
    item({}, {}, { seen: 5 }),
    { attributes: { seen: 5 }, from: {} },
    { set: ["onyx"], remove: [] },
  ],
  [
    "from a value to an output",
    item({ queue: "q" }),
    { attributes: {}, from: { queue: "q" } },
    { set: ["onyx"], remove: [] },
  ],
])("changes %s", (_what, live, wanted, change) => {
  const { set, remove } = changeOf(live, { ...wanted, tags: {} }, OWNER);
  expect({ set: Object.keys(set), remove }).toEqual(change);
});

it("keeps what stands in a mark when it is taken over, and lets go of the holder alone", () => {
  const before = markOf(item({ price: 1 }))!;
  const other = { ...OWNER, cluster: "two", uid: "v" };
  expect(adopted(before, other)).toEqual({ ...before, tags: ownerTags(other) });
  expect(adopted(undefined, OWNER)).toEqual({ attributes: [], from: [], tags: TAGS });
  const { "onyx-cluster": _cluster, "onyx-uid": _uid, ...rest } = TAGS;
  expect(released(before)).toEqual({ ...before, tags: rest });
});

it("finds the places that a footprint tells, and where an id is known that one", () => {
  const idOf = ({ table }: { readonly table: string; readonly key: readonly unknown[] }) => table;
  const footprint = [
    placeText({ table: "a", key: [] }),
    "create x",
    placeText({ table: "b", key: [] }),
    '{"table":"c"}',
    "5",
  ];
  expect(placesIn({ name: "n", footprint }, idOf).map(idOf)).toEqual(["a", "b"]);
  expect(placesIn({ name: "n", id: "b", footprint }, idOf).map(idOf)).toEqual(["b"]);
});

it("refuses what changed hands, and what is called like the mark", () => {
  const mark = markOf(item({}));
  expect(() => refuseOtherHands(mark, OWNER, "it")).not.toThrow();
  expect(() => refuseOtherHands(undefined, undefined, "it")).not.toThrow();
  expect(() => refuseOtherHands(undefined, OWNER, "it")).toThrow("it was marked by somebody else meanwhile");
  expect(() => refuseOtherHands(mark, { ...OWNER, uid: "v" }, "it")).toThrow("meanwhile");
  expect(() => refuseTaken({ onyx: 1 }, undefined, "it")).toThrow('it has an attribute "onyx" of somebody else\'s');
  expect(() => refuseTaken({ id: 1 }, undefined, "it")).not.toThrow();
});
