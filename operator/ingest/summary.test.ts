import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAmount } from "../../crds/amount.ts";
import type { CostRow, CostTable } from "../provider/costs.ts";
import { type Facts, publish, versionOf } from "./ledger.ts";
import { cutToFit, lastWholeDay, SUMMARY_BYTES, type Summary, summarize, summaryKey, type Told } from "./summary.ts";
import { memoryTable } from "./testing/memory.ts";

const SOURCE = "shop";
const outcome = (over: Partial<Told> = {}): Told => ({
  report: "r",
  reported: "2024-10-20T06:00:00.000Z",
  ingested: "2024-10-20T07:00:00.000Z",
  result: "Ingested",
  reason: "",
  message: "",
  format: "FOCUS",
  reportRows: 1,
  rejected: [],
  ...over,
});
const row = (day: string, billed: string, over: Partial<CostRow> = {}): CostRow => ({
  day,
  service: "Queues",
  account: "1",
  region: "",
  tags: {},
  category: "Usage",
  currency: "USD",
  allocation: "",
  billed,
  effective: "0",
  list: "0",
  count: 1,
  ...over,
});

async function put(table: CostTable, period: string, reported: string, rows: readonly CostRow[]) {
  const facts: Facts = { ...outcome(), notes: [], reported };
  const given = async function* () {
    yield* rows;
  };
  await publish(table, SOURCE, period, versionOf(reported, 1, period), facts, given);
}
const summary = (table: CostTable, over: Partial<Told> = {}, floor = "1") =>
  summarize(table, SOURCE, outcome(over), floor);
const dayOf = (month: number, n: number) => new Date(Date.UTC(2024, month - 1, n)).toISOString().slice(0, 10);
const daily = (month: number, days: number, billed: (n: number) => string, over: Partial<CostRow> = {}) =>
  Array.from({ length: days }, (_, n) => row(dayOf(month, n + 1), billed(n + 1), over));
const REPORTED = "2024-10-20T06:00:00.000Z";

describe("a summary", () => {
  it("of a source with no report in force has no figures", async () => {
    const table = memoryTable();
    const refused = await summary(table, { result: "Refused", reason: "EmptyFile", message: "m".repeat(600) });
    expect(refused).toEqual({
      report: "r",
      reported: REPORTED,
      ingested: "2024-10-20T07:00:00.000Z",
      result: "Refused",
      reason: "EmptyFile",
      message: "m".repeat(512),
      format: "FOCUS",
      reportRows: 1,
      rejectedRows: 0,
      rejected: [],
      month: "",
      lastDay: "",
      rows: 0,
      monthToDate: [],
      lastMonth: [],
      forecast: [],
      anomalies: [],
    });
  });

  it("forecasts by whole days, and tells of the day that is not like the others", async () => {
    const table = memoryTable();
    const cost = (n: number) => (n === 10 ? "50" : "2");
    await put(
      table,
      "2024-09",
      REPORTED,
      daily(9, 30, () => "2"),
    );
    // The 19th and 20th are not whole yet.
    await put(
      table,
      "2024-10",
      REPORTED,
      daily(10, 20, (n) => (n > 18 ? "0.5" : cost(n))),
    );
    const { lastDay, monthToDate, lastMonth, forecast, anomalies } = await summary(table);
    expect(lastDay).toBe("2024-10-18");
    expect(monthToDate).toEqual([{ currency: "USD", amount: "85" }]);
    expect(lastMonth).toEqual([{ currency: "USD", amount: "60" }]);
    // 84 to the 18th, thirteen days left, of which two are Thursdays, the weekday of the 10th.
    expect(forecast).toEqual([{ currency: "USD", amount: "134", method: "WeekdayMean" }]);
    expect(anomalies).toEqual([
      { day: "2024-10-10", service: "Queues", currency: "USD", amount: "50", usual: "2", score: "240.0" },
    ]);
    expect((await summary(table, {}, "100")).anomalies).toEqual([]);
  });

  it("keeps currencies apart, and has the newest anomalies of all of them", async () => {
    const table = memoryTable();
    const wild = (currency: string) =>
      Array.from({ length: 15 }, (_, s) => daily(10, 12, (n) => (n > 10 ? "90" : "2"), { currency, service: `s${s}` }));
    await put(table, "2024-10", REPORTED, [...wild("EUR"), ...wild("USD")].flat());
    const { monthToDate, anomalies, lastMonth } = await summary(table);
    expect(monthToDate.map(({ currency, amount }) => `${amount} ${currency}`)).toEqual(["3000 EUR", "3000 USD"]);
    expect(lastMonth).toEqual([]);
    expect(anomalies.length).toBe(20);
    expect(new Set(anomalies.map(({ day }) => day))).toEqual(new Set(["2024-10-12"]));
  });

  it("compares the first day of a month with all 28 before it, whatever period they are billed with", async () => {
    const table = memoryTable();
    await put(table, "2024-01", "2024-03-03T06:00:00.000Z", [row("2024-02-01", "7"), row("2024-01-31", "9000")]);
    await put(
      table,
      "2024-02",
      "2024-03-03T06:00:00.000Z",
      daily(2, 29, () => "7"),
    );
    await put(table, "2024-03", "2024-03-03T06:00:00.000Z", [row("2024-03-01", "70"), row("2024-02-29", "1")]);
    const { anomalies, monthToDate, forecast } = await summary(table);
    expect(anomalies.map(({ day, usual }) => [day, usual])).toEqual([["2024-03-01", "7"]]);
    expect(monthToDate).toEqual([{ currency: "USD", amount: "71" }]);
    expect(forecast[0]?.method).toBe("WeekdayMean");
  });

  it("of a month that is over forecasts what it cost, with charges that are dated outside of it", async () => {
    const table = memoryTable();
    const all = [row("2024-09-30", "1"), row("2024-10-04", "2"), row("2024-11-01", "4")];
    await put(table, "2024-10", "2024-11-02T00:00:00.000Z", all);
    expect(await summary(table)).toMatchObject({
      lastDay: "2024-10-31",
      monthToDate: [{ currency: "USD", amount: "7" }],
      forecast: [{ currency: "USD", amount: "7", method: "Complete" }],
    });
  });

  it("tells of the report that was taken in last, whoever ends last", async () => {
    const table = memoryTable();
    await summary(table, { report: "newer", ingested: "2024-10-20T08:00:00.000Z" });
    await summary(table, { report: "older", ingested: "2024-10-20T07:59:59.000Z" });
    expect((await summary(table)).report).toBe("newer");
    expect((await summary(table, { report: "newest", ingested: "2024-10-21T00:00:00.000Z" })).report).toBe("newest");
  });

  it("has all that was in force when another worker came between", async () => {
    let between: (() => Promise<unknown>) | undefined;
    const table = memoryTable(async (operation) => {
      const now = operation === "swap" ? between : undefined;
      if (!now) return;
      between = undefined;
      await now();
    });
    await put(table, "2024-09", REPORTED, [row("2024-09-01", "1")]);
    between = async () => {
      await put(table, "2024-10", REPORTED, [row("2024-10-01", "2")]);
      await summary(table, { report: "other", ingested: "2024-10-20T09:00:00.000Z" });
    };
    await summary(table);
    const { pk, sk } = summaryKey(SOURCE);
    expect((await table.read(pk, sk))?.item).toMatchObject({
      report: "other",
      month: "2024-10",
      monthToDate: [{ currency: "USD", amount: "2" }],
      lastMonth: [{ currency: "USD", amount: "1" }],
    });
  });

  it("adds up to the last digit, reading each row once", async () => {
    const amount = fc
      .tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.integer({ min: 0, max: 10 ** 9 - 1 }))
      .map(([whole, part]) => `${whole}.${String(part).padStart(9, "0")}1`);
    const rows = (month: number) =>
      fc.array(
        fc
          .tuple(fc.integer({ min: -2, max: 33 }), amount, fc.constantFrom("USD", "EUR"), fc.constantFrom("a", "b"))
          .map(([n, billed, currency, service]) => row(dayOf(month, n), billed, { currency, service })),
        { maxLength: 30 },
      );
    await fc.assert(
      fc.asyncProperty(rows(9), rows(10), async (september, october) => {
        let read = 0;
        const memory = memoryTable();
        const distinct = (all: readonly CostRow[]) => all.map((one, n) => ({ ...one, account: String(n) }));
        await put(memory, "2024-09", REPORTED, distinct(september));
        await put(memory, "2024-10", REPORTED, distinct(october));
        const table: CostTable = {
          ...memory,
          async *query(pk, from, to) {
            for await (const item of memory.query(pk, from, to)) {
              if (pk.includes("#rows#")) read += 1;
              yield item;
            }
          },
        };
        const found = await summary(table);
        expect(read).toBe(september.length + october.length);
        expect(found.rows).toBe(october.length);
        for (const [given, told] of [
          [september, found.lastMonth],
          [october, found.monthToDate],
        ] as const) {
          const sum = (currency: string) =>
            given.filter((one) => one.currency === currency).reduce((all, { billed }) => all + parseAmount(billed), 0n);
          expect(told.map(({ currency }) => currency)).toEqual(
            [...new Set(given.map(({ currency }) => currency))].sort(),
          );
          for (const { currency, amount: text } of told) expect(parseAmount(text)).toBe(sum(currency));
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("the last whole day", () => {
  const of = (reported: string, days: readonly string[]) =>
    lastWholeDay(
      { period: "2024-10", reported },
      days.map((day) => ({ of: [day], currency: "USD", billed: "1", effective: "1", list: "1", count: 1 })),
    );
  const all = daily(10, 31, () => "1").map(({ day }) => day);

  it.each([
    ["2024-10-01T12:00:00.000Z", ""],
    ["2024-10-02T23:59:59.999Z", ""],
    ["2024-10-03T00:00:00.000Z", "2024-10-01"],
    ["2024-10-20T06:00:00.000Z", "2024-10-18"],
    ["2024-11-01T23:59:59.999Z", "2024-10-30"],
    ["2024-11-02T00:00:00.000Z", "2024-10-31"],
    ["2025-02-01T00:00:00.000Z", "2024-10-31"],
  ])("of a report that was written at %s is %s", (reported, day) => {
    expect(of(reported, all)).toBe(day);
  });

  it("is one with rows while the month runs, and the month's last one when it is over", () => {
    expect(of(REPORTED, ["2024-09-30", "2024-10-04"])).toBe("2024-10-04");
    expect(of("2024-11-02T00:00:00.000Z", ["2024-10-04"])).toBe("2024-10-31");
    expect(of(REPORTED, [])).toBe("");
    expect(of("2024-11-02T00:00:00.000Z", [])).toBe("2024-10-31");
  });
});

describe("a summary that is too large", () => {
  const money = (count: number) => Array.from({ length: count }, (_, n) => ({ currency: `C${n}`, amount: "1" }));
  const full: Summary = {
    ...outcome({ message: "ü".repeat(512), report: "ü".repeat(1_000) }),
    rejectedRows: 10,
    rejected: Array.from({ length: 10 }, () => ({ reason: "r".repeat(100), rows: 1, sample: "ü".repeat(40) })),
    month: "2024-10",
    lastDay: "2024-10-18",
    rows: 1,
    monthToDate: money(3),
    lastMonth: money(3),
    forecast: [],
    anomalies: Array.from({ length: 20 }, (_, n) => ({
      day: `${n}`,
      service: "€".repeat(400),
      currency: "USD",
      amount: "1",
      usual: "1",
      score: "4.0",
    })),
  };

  it("loses the oldest anomalies first, and money last", () => {
    const cut = cutToFit(full);
    expect(Buffer.byteLength(JSON.stringify(cut))).toBeLessThan(SUMMARY_BYTES);
    expect(cut.anomalies).toEqual(full.anomalies.slice(0, cut.anomalies.length));
    expect(cut.anomalies.length).toBeGreaterThan(0);
    expect({ ...cut, anomalies: [] }).toEqual({ ...full, anomalies: [] });
    const many = cutToFit({ ...full, monthToDate: money(300), lastMonth: money(900) });
    expect(many.monthToDate.length).toBe(300);
    expect(many).toMatchObject({ anomalies: [], rejected: [] });
    expect(Buffer.byteLength(JSON.stringify(many))).toBeLessThan(SUMMARY_BYTES);
  });
});
