import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amountText, parseAmount } from "../../crds/amount.ts";
import type { Total } from "../ingest/read.ts";
import { monthBefore } from "../ingest/read.ts";
import { costByOf, costOf, type SourceCost, totalsBy } from "./cost.ts";

const total = (of: readonly string[], billed: string, currency = "USD"): Total => ({
  of,
  currency,
  billed,
  effective: "999",
  list: "999",
  count: 1,
});
const source = (tenant: string, environment: string, ...totals: Total[]): SourceCost => ({
  tenant,
  environment,
  totals,
});

describe("--by", () => {
  it.each(["tenant", "environment", "service", "account", "region"])("can be %s", (by) => {
    expect(costByOf(by)).toBe(by);
  });

  it("can be the key of a tag, whatever is in it", () => {
    expect(costByOf("tag:team")).toEqual({ tag: "team" });
    expect(costByOf("tag:a:b")).toEqual({ tag: "a:b" });
  });

  it.each(["", "tag", "tag:", "Service", "day", "constructor"])("can't be %j", (by) => {
    expect(costByOf(by)).toBeUndefined();
  });

  it("keeps rows apart only by what they say themselves", () => {
    expect(totalsBy("tenant")).toEqual(["period"]);
    expect(totalsBy("environment")).toEqual(["period"]);
    expect(totalsBy("service")).toEqual(["period", "service"]);
    expect(totalsBy({ tag: "team" })).toEqual(["period", { tag: "team" }]);
  });
});

it.each([
  ["2026-11", "2026-10"],
  ["2026-01", "2025-12"],
  ["2024-03", "2024-02"],
])("before %s comes %s", (month, before) => expect(monthBefore(month)).toBe(before));

describe("what was spent", () => {
  it("adds the sources of a tenant up, exactly, and sorts by month to date", () => {
    const cost = costOf(
      [
        source("acme", "eu", total(["2026-11"], "0.1"), total(["2026-10"], "7")),
        source("acme", "us", total(["2026-11"], "0.2")),
        source("", "us", total(["2026-11"], "-3")),
        source("globex", "us", total(["2026-11"], "100.000000000000000001"), total(["2026-10"], "1")),
      ],
      "tenant",
      "2026-11",
    );
    expect(cost).toEqual({
      month: "2026-11",
      lastMonth: "2026-10",
      costs: [
        { value: "globex", currency: "USD", monthToDate: "100.000000000000000001", lastMonth: "1" },
        { value: "acme", currency: "USD", monthToDate: "0.3", lastMonth: "7" },
        { value: "", currency: "USD", monthToDate: "-3", lastMonth: "0" },
      ],
      totals: [{ currency: "USD", monthToDate: "97.300000000000000001", lastMonth: "8" }],
    });
  });

  it("goes by environment or by what rows say, too", () => {
    const sources = [
      source("acme", "eu", total(["2026-11", "S3"], "1"), total(["2026-11", ""], "4")),
      source("globex", "eu", total(["2026-11", "S3"], "2"), total(["2026-10", "SQS"], "9")),
    ];
    const values = (by: "environment" | "service") =>
      costOf(sources, by, "2026-11").costs.map(({ value, monthToDate, lastMonth }) => [value, monthToDate, lastMonth]);
    expect(values("environment")).toEqual([["eu", "7", "9"]]);
    expect(values("service")).toEqual([
      ["", "4", "0"],
      ["S3", "3", "0"],
      ["SQS", "0", "9"],
    ]);
  });

  it("leaves other months out of both", () => {
    const cost = costOf([source("acme", "", total(["2026-09"], "5"))], "tenant", "2026-11");
    expect(cost.totals).toEqual([{ currency: "USD", monthToDate: "0", lastMonth: "0" }]);
  });

  it("never adds amounts of two currencies up, and loses nothing", () => {
    const rows = fc.array(
      fc.record({
        tenant: fc.constantFrom("a", "b", ""),
        currency: fc.constantFrom("USD", "EUR", "JPY"),
        month: fc.constantFrom("2026-11", "2026-10"),
        units: fc.bigInt(-(10n ** 30n), 10n ** 30n),
      }),
    );
    fc.assert(
      fc.property(rows, (all) => {
        const cost = costOf(
          all.map(({ tenant, currency, month, units }) =>
            source(tenant, "", total([month], amountText(units), currency)),
          ),
          "tenant",
          "2026-11",
        );
        for (const { currency, monthToDate, lastMonth } of cost.totals) {
          const sum = (month: string) =>
            all
              .filter((one) => one.currency === currency && one.month === month)
              .reduce((before, { units }) => before + units, 0n);
          expect([parseAmount(monthToDate), parseAmount(lastMonth)]).toEqual([sum("2026-11"), sum("2026-10")]);
        }
        const lines = cost.costs.map(({ value, currency }) => `${value} ${currency}`);
        expect(new Set(lines).size).toBe(lines.length);
        const spent = cost.costs.map(({ monthToDate }) => parseAmount(monthToDate));
        expect(spent.every((units, at) => at === 0 || units <= (spent[at - 1] as bigint))).toBe(true);
      }),
    );
  });
});
