import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../operator/reconcile/object.ts";
import { seenWith } from "../testing/seen.ts";
import { billOf, usedOf, withinBudget } from "./cost.ts";

const TENANCY = { namespace: "onelens" };
type Money = readonly { readonly currency: string; readonly amount: string }[];

const source = (namespace: string, status: object | undefined, tenant?: string): KubeObject => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "TenantCostSource",
  metadata: { namespace, name: "bill" },
  spec: tenant ? { tenantRef: { name: tenant } } : {},
  ...(status ? { status } : {}),
});
const bill = (within: string | undefined, parts: readonly KubeObject[], live: readonly KubeObject[] = []) =>
  billOf(within, seenWith({ name: "acme", tenancy: TENANCY, parts, live }));
const spent = (month: string, monthToDate: Money, more: object = {}) => ({ month, monthToDate, ...more });
const usd = (amount: string): Money => [{ currency: "USD", amount }];

describe("what a tenant's bills come to", () => {
  it("is nothing where there is none", () => {
    expect(bill(undefined, [])).toEqual({});
    expect(bill(undefined, [source("onelens", undefined, "acme")])).toEqual({});
  });

  it("is the sum of all, to the last digit, and never of two currencies", () => {
    const parts = [
      source("onelens", spent("2026-11", usd("0.1"), { lastIngested: "2026-11-30T02:00:00Z" }), "acme"),
      source(
        "onelens",
        spent("2026-11", [...usd("0.2"), { currency: "EUR", amount: "-1" }], {
          forecast: usd("9"),
          lastIngested: "2026-11-29T02:00:00Z",
        }),
        "acme",
      ),
    ];
    expect(bill(undefined, parts)).toEqual({
      month: "2026-11",
      monthToDate: [
        { currency: "EUR", amount: "-1" },
        { currency: "USD", amount: "0.3" },
      ],
      forecast: usd("9"),
      total: "-1.00 EUR, 0.30 USD",
      asOf: "2026-11-29T02:00:00Z",
    });
  });

  it("is of the last month that any has: what is behind is not taken for it", () => {
    const parts = [
      source("onelens", spent("2026-10", usd("500")), "acme"),
      source("onelens", spent("2026-11", usd("7")), "acme"),
    ];
    expect(bill(undefined, parts)).toMatchObject({ month: "2026-11", monthToDate: usd("7") });
  });

  it("counts what stands in its namespace, and what the platform says; nothing that others say of it", () => {
    const own = source("tenant-acme", spent("2026-11", usd("1")));
    const named = source("tenant-acme", spent("2026-11", usd("2")), "acme");
    const platform = source("onelens", spent("2026-11", usd("4")), "acme");
    const hostile = source("tenant-globex", spent("2026-11", usd("100")), "acme");
    const foreign = source("tenant-acme", spent("2026-11", usd("1000")), "globex");
    const made = bill("tenant-acme", [named, platform, hostile], [own, named, foreign]);
    expect(made.monthToDate).toEqual(usd("7"));
  });
});

describe("a budget", () => {
  const budget = (over: object = {}) => ({ amount: "1000", currency: "USD", ...over });
  const cost = (amount: string, currency = "USD") => ({ month: "2026-11", monthToDate: [{ currency, amount }] });
  const said = (amount: string, over: object = {}) => {
    const verdict = withinBudget(budget(over), cost(amount));
    return verdict && `${verdict.status} ${verdict.reason}: ${verdict.message}`;
  };

  it.each([
    ["499.99", 49, "True WithinBudget: Month to date is below each threshold of the budget of 1000 USD in 2026-11."],
    ["500", 50, "False ThresholdReached: Month to date has reached 50 % of the budget of 1000 USD in 2026-11."],
    ["999.999999", 99, "False ThresholdReached: Month to date has reached 80 % of the budget of 1000 USD in 2026-11."],
    ["1000", 100, "False OverBudget: Month to date has reached 100 % of the budget of 1000 USD in 2026-11."],
    ["2500", 250, "False OverBudget: Month to date has reached 100 % of the budget of 1000 USD in 2026-11."],
    ["-3", 0, "True WithinBudget: Month to date is below each threshold of the budget of 1000 USD in 2026-11."],
  ])("of which %s is spent is used to %s %%", (amount, used, text) => {
    expect(usedOf(budget(), cost(amount))).toBe(used);
    expect(said(amount)).toBe(text);
  });

  it("tells each of its own thresholds once it is reached", () => {
    expect(said("130", { thresholds: [25, 10] })).toContain("reached 10 %");
    expect(said("2500", { thresholds: [200, 50] })).toContain("OverBudget: Month to date has reached 200 %");
    expect(said("1500", { thresholds: [200] })).toContain("OverBudget: Month to date has reached 100 %");
  });

  it("leaves out what is billed in another currency, and says so", () => {
    expect(usedOf(budget(), cost("5000", "EUR"))).toBe(0);
    expect(withinBudget(budget(), cost("5000", "EUR"))?.message).toContain("What was spent in EUR is not counted.");
  });

  it("says nothing without a bill, and is taken away where there is none", () => {
    expect(withinBudget(budget(), {})).toBeNull();
    expect(withinBudget(undefined, cost("1"))).toBeNull();
    expect(usedOf(undefined, cost("1"))).toBeUndefined();
  });
});
