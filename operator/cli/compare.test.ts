import { expect, test } from "vitest";
import { estimateOf } from "../cost/estimate.ts";
import type { Cloud } from "../provider/provider.ts";
import { type CloudPlan, compare, compareExitCode } from "./compare.ts";
import { comparisonText } from "./compare-text.ts";
import { painter } from "./output.ts";
import type { PlannedLeaf } from "./plan.ts";

const price = (amount?: string) => ({ ...(amount ? { amount } : {}), per: 1, unit: "keys", source: "", checked: "" });
const leaf = (cloud: Cloud, name: string, over: Partial<PlannedLeaf> = {}): PlannedLeaf => ({
  kind: "Thing",
  namespace: "shop",
  name,
  cloud,
  environment: cloud,
  externalName: `${cloud}-shop-${name}`,
  action: "create",
  changes: [],
  deviations: [],
  want: { size: 5, tags: { "onyx-environment": cloud }, target: `${cloud}:1` },
  ...over,
});
const plan = (cloud: Cloud, leaves: readonly PlannedLeaf[], assumed?: string): CloudPlan => ({
  cloud,
  plan: { target: `${cloud} somewhere`, leaves, children: [] },
  ...(assumed ? { assumed } : {}),
});
const text = (plans: readonly CloudPlan[]) => comparisonText(compare(plans), painter(false), 100);

test("pairs objects by kind, namespace and name, and keeps those that one cloud has not", () => {
  const { objects } = compare([
    plan("aws", [leaf("aws", "a"), leaf("aws", "b")]),
    plan("gcp", [leaf("gcp", "b"), leaf("gcp", "c")]),
  ]);
  expect(objects.map(({ name, on }) => [name, ...Object.keys(on)])).toEqual([
    ["a", "aws"],
    ["b", "aws", "gcp"],
    ["c", "gcp"],
  ]);
});

test("tells the fields that differ, but not what is a cloud's own", () => {
  const other = leaf("gcp", "a", { want: { size: 7, tags: {}, target: "gcp:1", extra: true } });
  const [object] = compare([plan("aws", [leaf("aws", "a")]), plan("gcp", [other])]).objects;
  expect(object?.differing).toEqual(["size", "extra"]);
  const nested = (id: string) => ({ deadLetter: { target: id, maxReceives: 5 } });
  const [same] = compare([
    plan("aws", [leaf("aws", "a", { want: nested("x") })]),
    plan("gcp", [leaf("gcp", "a", { want: nested("y") })]),
  ]).objects;
  expect(same?.differing).toEqual([]);
});

test.each([
  { aws: "create", gcp: "none", code: 2 },
  { aws: "none", gcp: "none", code: 0 },
  { aws: "create", gcp: "refuse", code: 1 },
] as const)("$aws on aws and $gcp on gcp ends with $code", ({ aws, gcp, code }) =>
  expect(
    compareExitCode([
      plan("aws", [leaf("aws", "a", { action: aws })]),
      plan("gcp", [leaf("gcp", "a", { action: gcp })]),
    ]),
  ).toBe(code),
);

test("adds up what is fixed, and counts what has no price instead of taking it for nothing", () => {
  const cost = (amount?: string) =>
    estimateOf("aws", {
      fixed: [{ what: "the key", quantity: 3, price: price(amount) }],
      byUse: [{ what: "reads", price: price() }],
    });
  const plans = [plan("aws", [leaf("aws", "a", { cost: cost("0.10") }), leaf("aws", "b", { cost: cost() })])];
  expect(compare(plans).clouds[0]?.total).toMatchObject({
    create: 2,
    monthly: "0.30",
    currency: "USD",
    rates: 2,
    unknown: 3,
  });
  expect(text(plans)).toMatch(/price unknown\s+3 of them/);
});

test("says that a cloud was not asked, and what it refuses", () => {
  const refused = leaf("gcp", "a", {
    action: "refuse",
    message: "OutsidePortableRange: spec.size: too large",
    want: undefined,
  });
  const told = text([plan("aws", [leaf("aws", "a")]), plan("gcp", [refused], "not asked (--offline). As if empty.")]);
  expect(told).toContain("asked: the plan is for what is there");
  expect(told).toContain("not asked (--offline). As if empty.");
  expect(told).toMatch(/refuse gcp-shop-a/);
  expect(told).toContain("OutsidePortableRange: spec.size: too");
  expect(told).toMatch(/1 to create, 0 to change\s+0 to create, 0 to change, 1 refused/);
});

test("keeps to the width that it is given", () => {
  const long = leaf("gcp", "a", { message: `${"word ".repeat(60)}${"x".repeat(200)}` });
  for (const line of text([plan("aws", [leaf("aws", "a")]), plan("gcp", [long])]).split("\n"))
    if (!line.startsWith("On-demand")) expect(line.length, line).toBeLessThanOrEqual(100);
});

test("shows what an update changes", () => {
  const changed = leaf("aws", "a", { action: "update", changes: [{ field: "size", from: 5, to: 7 }] });
  expect(text([plan("aws", [changed]), plan("gcp", [leaf("gcp", "a")])])).toMatch(/^ {2}changes +size: 5 → 7$/m);
});
