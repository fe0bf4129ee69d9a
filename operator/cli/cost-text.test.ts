import { describe, expect, it } from "vitest";
import type { Cost, ValueSpending } from "./cost.ts";
import { costCsv, costTable } from "./cost-text.ts";
import { painter } from "./output.ts";

const line = (value: string, monthToDate: string, lastMonth = "0", currency = "USD"): ValueSpending => ({
  value,
  monthToDate,
  lastMonth,
  currency,
});
const cost = (...costs: ValueSpending[]): Cost => ({
  month: "2026-11",
  lastMonth: "2026-10",
  costs,
  totals: [{ currency: "USD", monthToDate: "1234.5", lastMonth: "7" }],
});
const plain = painter(false);

describe("the table", () => {
  it("has amounts at the right and totals at the end", () => {
    const text = costTable(
      cost(line("acme", "1230.004", "7"), line("", "4.5"), line("acme", "3", "0", "EUR")),
      "tenant",
      plain,
    );
    expect(text).toBe(
      [
        "Billed cost by tenant: 2026-11 to date, and 2026-10",
        "",
        "VALUE   MONTH TO DATE   LAST MONTH   CURRENCY",
        "acme          1230.00         7.00   USD",
        "-                4.50         0.00   USD",
        "acme             3.00         0.00   EUR",
        "TOTAL         1234.50         7.00   USD",
      ].join("\n"),
    );
  });

  it("says so when there is nothing", () => {
    expect(costTable(cost(), "tenant", plain)).toBe("No cost is known of 2026-11, nor of 2026-10.");
  });

  it("lets no value steer the terminal", () => {
    expect(costTable(cost(line("a\u001b[2Jb\n\u202e", "1")), "service", plain)).toContain("a\ufffd[2Jb\ufffd\ufffd ");
  });
});

describe("CSV", () => {
  it("has exact amounts and no totals, and ends each record as RFC 4180 says", () => {
    expect(costCsv(cost(line("acme", "0.000000000000000001", "-7")))).toBe(
      "value,month_to_date,last_month,currency\r\nacme,0.000000000000000001,-7,USD\r\n",
    );
  });

  it.each([
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["two\nlines", '"two\nlines"'],
    ["", ""],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
    ["a=b", "a=b"],
  ])("writes %j as %j", (value, field) => {
    expect(costCsv(cost(line(value, "1"))).split("\r\n")[1]).toBe(`${field},1,0,USD`);
  });
});
