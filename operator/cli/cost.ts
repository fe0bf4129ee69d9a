import { amountText, parseAmount } from "../../crds/amount.ts";
import { type By, monthBefore, type Total } from "../ingest/read.ts";

/** What `onyx cost` keeps totals apart by, besides currency: facts of a source, or of each of its rows. */
export type CostBy = "tenant" | "environment" | "service" | "account" | "region" | { readonly tag: string };

/** The text of `--by`, or undefined where it says nothing that we know. */
export function costByOf(text: string): CostBy | undefined {
  if (text.startsWith("tag:")) return text.length > 4 ? { tag: text.slice(4) } : undefined;
  return (["tenant", "environment", "service", "account", "region"] as const).find((one) => one === text);
}

/** What the totals of a source are to be kept apart by, for `costOf`. */
export const totalsBy = (by: CostBy): readonly By[] => (ofSource(by) ? ["period"] : ["period", by]);

const ofSource = (by: CostBy): by is "tenant" | "environment" => by === "tenant" || by === "environment";

/** One source of cost, with what it has spent in two months. */
export interface SourceCost {
  /** Empty: it names none. So for `environment`. */
  readonly tenant: string;
  readonly environment: string;
  /** By `totalsBy`. */
  readonly totals: readonly Total[];
}

/** Billed cost of two months in one currency, as exact decimals. */
export interface Spending {
  /** ISO 4217. */
  readonly currency: string;
  readonly monthToDate: string;
  readonly lastMonth: string;
}

/** The spending of one value. Empty: of what has none. */
export interface ValueSpending extends Spending {
  readonly value: string;
}

/** What was spent in a month and the one before. Both are sorted by month to date, the greatest first. */
export interface Cost {
  readonly month: string;
  readonly lastMonth: string;
  readonly costs: readonly ValueSpending[];
  readonly totals: readonly Spending[];
}

interface Sum {
  readonly value: string;
  readonly currency: string;
  month: bigint;
  last: bigint;
}

/**
 * Adds sources up by value and currency. Amounts of two currencies are never added up.
 * @param month `2026-11`; totals of other months than this and the one before don't count
 */
export function costOf(sources: readonly SourceCost[], by: CostBy, month: string): Cost {
  const lastMonth = monthBefore(month);
  const [values, all] = [new Map<string, Sum>(), new Map<string, Sum>()];
  for (const source of sources)
    for (const { of, currency, billed } of source.totals) {
      const [period = "", own = ""] = of;
      const value = ofSource(by) ? source[by] : own;
      for (const sum of [sumOf(values, value, currency), sumOf(all, "", currency)]) {
        if (period === month) sum.month += parseAmount(billed);
        else if (period === lastMonth) sum.last += parseAmount(billed);
      }
    }
  return {
    month,
    lastMonth,
    costs: sorted(values).map((sum) => ({ value: sum.value, ...spendingOf(sum) })),
    totals: sorted(all).map(spendingOf),
  };
}

function sumOf(sums: Map<string, Sum>, value: string, currency: string): Sum {
  const id = JSON.stringify([value, currency]);
  const sum = sums.get(id) ?? { value, currency, month: 0n, last: 0n };
  sums.set(id, sum);
  return sum;
}

const sorted = (sums: ReadonlyMap<string, Sum>): readonly Sum[] =>
  [...sums.values()].sort(
    (a, b) =>
      descending(a.month, b.month) ||
      descending(a.last, b.last) ||
      ascending(a.value, b.value) ||
      ascending(a.currency, b.currency),
  );

const ascending = <T extends string | bigint>(a: T, b: T): number => (a === b ? 0 : a < b ? -1 : 1);
const descending = (a: bigint, b: bigint): number => ascending(b, a);

const spendingOf = ({ currency, month, last }: Sum): Spending => ({
  currency,
  monthToDate: amountText(month),
  lastMonth: amountText(last),
});
