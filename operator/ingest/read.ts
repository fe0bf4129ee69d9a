import type { Amount } from "../../crds/amount.ts";
import { amountText, parseAmount } from "../../crds/amount.ts";
import type { CostRow, CostTable } from "../provider/costs.ts";
import { type Head, heads, readHead, rowsKey } from "./ledger.ts";

/** What totals are kept apart by, besides currency: amounts of two currencies are never added up. */
export type By =
  | "day"
  | "period"
  | "service"
  | "account"
  | "region"
  | "category"
  | "allocation"
  | { readonly tag: string };

/** Months or days, both ends included: `2024-09` or `2024-09-18`. */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** The month before: of `2026-01` it is `2025-12`. */
export function monthBefore(month: string): string {
  const [year, number] = month.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 2)).toISOString().slice(0, 7);
}

export interface Total {
  /** Values in the order of `by`. */
  readonly of: readonly string[];
  readonly currency: string;
  readonly billed: Amount;
  readonly effective: Amount;
  readonly list: Amount;
  readonly count: number;
}

/** How often rows are read anew because the report was replaced while they were read. */
const ATTEMPTS = 10;

/** The row with its billing period. */
export interface PeriodRow extends CostRow {
  readonly period: string;
}

/**
 * Sums of all that is in force, sorted. Each billing period is of one version of its report.
 *
 * @param periods billing periods, months
 * @param days further limits the days of charge; absent: all of those periods
 */
export async function totals(
  table: CostTable,
  source: string,
  { periods, days, by }: { readonly periods: Range; readonly days?: Range; readonly by: readonly By[] },
): Promise<readonly Total[]> {
  const sums: Sums = new Map();
  for await (const { period } of heads(table, source, periods.from, periods.to))
    for (const [id, row] of (await addedUp(table, source, period, by, days))?.sums ?? []) {
      const sum = sums.get(id);
      if (!sum) sums.set(id, row);
      else {
        sum.units = sum.units.map((units, at) => units + (row.units[at] ?? 0n)) as Sum["units"];
        sum.count += row.count;
      }
    }
  return sorted(sums);
}

/** One billing period in force. */
export interface PeriodTotals {
  readonly head: Head;
  readonly totals: readonly Total[];
}

/** Sums of one billing period, sorted, with the head that they are of. Undefined: none is in force. */
export async function periodTotals(
  table: CostTable,
  source: string,
  period: string,
  by: readonly By[],
  days?: Range,
): Promise<PeriodTotals | undefined> {
  const found = await addedUp(table, source, period, by, days);
  return found && { head: found.head, totals: sorted(found.sums) };
}

interface Sum {
  readonly of: readonly string[];
  readonly currency: string;
  /** Billed, effective and list, in units of amounts. */
  units: [bigint, bigint, bigint];
  count: number;
}

/** By values and currency. */
type Sums = Map<string, Sum>;

const sorted = (sums: Sums): readonly Total[] =>
  [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { of, currency, units, count }]) => {
      const [billed, effective, list] = units;
      return {
        of,
        currency,
        billed: amountText(billed),
        effective: amountText(effective),
        list: amountText(list),
        count,
      };
    });

/** Of one period, from one version, by reading again when it was replaced meanwhile. */
async function addedUp(table: CostTable, source: string, period: string, by: readonly By[], days: Range | undefined) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const before = await readHead(table, source, period);
    const version = before?.head.version;
    if (!version) return undefined;
    const sums: Sums = new Map();
    const items = table.query(rowsKey(source, period, version.id), days?.from ?? "", `${days?.to ?? ""}~`);
    for await (const item of items) {
      const row = { ...(item as unknown as CostRow), period };
      const of = by.map((one) => (typeof one === "string" ? row[one] : (row.tags[one.tag] ?? "")));
      const id = JSON.stringify([of, row.currency]);
      const sum: Sum = sums.get(id) ?? { of, currency: row.currency, units: [0n, 0n, 0n], count: 0 };
      sums.set(id, sum);
      sum.units[0] += parseAmount(row.billed);
      sum.units[1] += parseAmount(row.effective);
      sum.units[2] += parseAmount(row.list);
      sum.count += row.count;
    }
    const after = await readHead(table, source, period);
    if (after?.head.version?.id === version.id) return { head: after.head, sums };
  }
  throw new Error(`The report of ${period} of ${source} is replaced all the time: its cost can't be read.`);
}

/** All heads that are in force, by period. */
export async function periodsOf(table: CostTable, source: string, { from, to }: Range): Promise<readonly Head[]> {
  const found: Head[] = [];
  for await (const head of heads(table, source, from, to)) if (head.version) found.push(head);
  return found;
}
