import { expect, test } from "vitest";
import { costStatus, estimateOf, rateText, totalOf, unpriced } from "./estimate.ts";
import type { Price } from "./prices.ts";
import { priceTables } from "./prices.ts";

const price = (amount: string | undefined, per = 1, unit = "keys"): Price => ({
  ...(amount ? { amount } : {}),
  per,
  unit,
  source: "https://example.com/pricing",
  checked: "2026-01-01",
});
const line = (what: string, amount: string | undefined, quantity = 1) => ({ what, quantity, price: price(amount) });
const { asOf } = priceTables.aws;

test.each([
  { fixed: [], monthly: "0.00" },
  { fixed: [line("the key", "1.00")], monthly: "1.00" },
  { fixed: [line("the key", "1.00"), line("versions", "0.06", 3)], monthly: "1.18" },
  { fixed: [line("the key", "1.00"), line("backups", undefined, 3)], monthly: "1.00" },
])("the month of $fixed.length lines is $monthly", ({ fixed, monthly }) =>
  expect(estimateOf("aws", { fixed }).monthly).toBe(monthly),
);

test("what has no price is named, not counted as nothing", () => {
  const estimate = estimateOf("gcp", {
    fixed: [line("the key", "1.00"), line("backups", undefined)],
    byUse: [{ what: "reads", price: price(undefined) }],
  });
  expect(unpriced(estimate)).toEqual(["backups", "reads"]);
  expect(estimate.fixed[1]).toMatchObject({ what: "backups", amount: null });
  expect(costStatus(estimate)).toMatchObject({
    monthlyEstimate: "1.00 USD",
    byUse: ["reads: price unknown"],
    unknown: ["backups", "reads"],
    prices: `us-central1 ${asOf}`,
  });
});

test("status says what is fixed and the rates of the rest", () =>
  expect(
    costStatus(estimateOf("aws", { byUse: [{ what: "requests", price: price("0.40", 1_000_000, "requests") }] })),
  ).toEqual({
    monthlyEstimate: "0.00 USD",
    byUse: ["requests: 0.40 USD per 1,000,000 requests"],
    prices: `us-east-1 ${asOf}`,
  }));

test.each([
  [1, "GiB a month", "stored: 0.15 USD per GiB a month"],
  [10_000, "requests", "stored: 0.15 USD per 10,000 requests"],
])("a rate for %d %s", (per, unit, text) =>
  expect(rateText({ what: "stored", amount: "0.15", per, unit, source: "" }, "USD")).toBe(text),
);

test.each([
  [[], undefined],
  [["1.00 USD"], "1.00 USD"],
  [["1.00 USD", "0.06 USD", "0.00 USD"], "1.06 USD"],
  [["1.00 USD", "2.00 EUR"], "1.00 USD + 2.00 EUR"],
])("%j is %s together", (amounts, total) => expect(totalOf(amounts)).toBe(total));
