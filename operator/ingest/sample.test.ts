import { cpSync, existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { amountText, parseAmount } from "../../crds/amount.ts";
import { digest } from "./digest.ts";
import { publish, versionOf } from "./ledger.ts";
import { totals } from "./read.ts";
import { memoryTable } from "./testing/memory.ts";
import { query, temporaryFolder } from "./testing/reports.ts";

/** A FOCUS report of a real bill, as CSV: such as FOCUS-1.0/focus_sample.csv of the FinOps Foundation's FOCUS-Sample-Data. */
const sample = process.env.ONYX_FOCUS_SAMPLE;

const room = temporaryFolder();
afterAll(room.remove);

describe("a real FOCUS report", () => {
  it.skipIf(sample === undefined)(
    sample === undefined
      ? "is skipped: ONYX_FOCUS_SAMPLE names no file (docs/testing.md)"
      : "is reported as plain SQL over the same file adds it up, to the last digit",
    async () => {
      const file = sample ?? "";
      expect(existsSync(file), `${file}, which ONYX_FOCUS_SAMPLE names, is there`).toBe(true);
      const folder = mkdtempSync(join(room.path, "report-"));
      cpSync(file, join(folder, "report.csv"));
      const options = {
        folder,
        memoryMb: 128,
        threads: 2,
        tagKeys: ["environment"],
        allocations: [],
        rejectedShare: 0,
      };
      const table = memoryTable();
      const result = await digest([join(folder, "report.csv")], options);
      const facts = {
        report: "r",
        format: result.format,
        reportRows: result.rows,
        rejected: [],
        notes: [],
        reported: "",
        ingested: "",
      };
      for (const period of result.periods)
        await publish(table, "real", period, versionOf("2024-11-01T00:00:00Z", 0, "x"), facts, () =>
          result.rowsOf(period),
        );
      result.close();
      const ours = await totals(table, "real", {
        periods: { from: "0000-01", to: "9999-12" },
        by: ["period", "day", "service", "account", "region", { tag: "environment" }, "category"],
      });
      const plain = await query(
        `SELECT left(BillingPeriodStart, 7), left(ChargePeriodStart, 10), ServiceName, coalesce(SubAccountId, ''), coalesce(RegionId, ''),
           coalesce(json_extract_string(Tags, '$.environment'), ''), ChargeCategory, BillingCurrency,
           sum(BilledCost::DECIMAL(38,18)), sum(EffectiveCost::DECIMAL(38,18)), sum(ListCost::DECIMAL(38,18)), count(*)
         FROM read_csv('${file.replaceAll("'", "''")}', all_varchar = true, nullstr = 'NULL') GROUP BY ALL`,
      );
      const line = (row: readonly (string | number)[]) => row.join(" | ");
      const exact = (text = "") => amountText(parseAmount(text));
      expect(
        ours
          .map(({ of, currency, billed, effective, list, count }) =>
            line([...of, currency, billed, effective, list, count]),
          )
          .sort(),
      ).toEqual(plain.map((row) => line([...row.slice(0, 8), ...row.slice(8, 11).map(exact), row[11] ?? ""])).sort());
      expect(ours.reduce((sum, { count }) => sum + count, 0)).toBe(result.rows);
    },
  );
});
