import type { Amount } from "../../crds/amount.ts";

import { amountText, parseAmount } from "../../crds/amount.ts";

/** What was spent on one day, of one currency. */
export interface Spent {
  /** `2024-09-18`. */
  readonly day: string;
  readonly amount: Amount;
}

/** What a month will have cost. */
export interface Forecast {
  readonly amount: Amount;
  /**
   * - `WeekdayMean` month to date, and for each day left the mean of that day of the week over the last 28 days
   * - `DailyMean`   likewise with the mean of all days that there are, where there are fewer than 28
   * - `Complete`    the month is over
   */
  readonly method: "WeekdayMean" | "DailyMean" | "Complete";
}

/** A day that cost more, or less, than its like. */
export interface Anomaly extends Spent {
  readonly service: string;
  /** The median of the days before. */
  readonly usual: Amount;
  /** How many times the usual deviation it is off, one decimal; negative: too little. */
  readonly score: number;
}

const DAY_MS = 86_400_000;
/** Days that one day is compared with. */
export const WINDOW = 28;
/** Fewer tell nothing of what is usual. */
const LEAST_DAYS = 7;
/** Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993): modified z-scores above 3.5 are outliers. */
const SCORE_TENTHS = 35n;
/** 1.4826 makes the median absolute deviation of normally distributed values their standard deviation. In ten thousandths. */
const MAD_SCALE = 14_826n;

/** A moment's day in UTC, `2024-09-18`. */
export const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10);
/** When a day begins in UTC. */
export const msOf = (day: string) => Date.parse(`${day}T00:00:00Z`);

/** A sum divided by a count, rounded towards zero at the 18th decimal. */
const mean = (amounts: readonly bigint[]): bigint =>
  amounts.length === 0 ? 0n : amounts.reduce((sum, one) => sum + one, 0n) / BigInt(amounts.length);

/**
 * The forecast of a month by the days up to and including `lastDay`, the last day that the report is whole for. A day without
 * a row cost nothing.
 *
 * @param spent of one currency, in any order; days of this month and of those before
 * @param month `2024-09`
 */
export function forecast(spent: readonly Spent[], month: string, lastDay: string): Forecast {
  const byDay = byDayOf(spent);
  const inMonth = [...byDay].filter(([day]) => day.startsWith(month) && day <= lastDay);
  const toDate = inMonth.reduce((sum, [, amount]) => sum + amount, 0n);
  const end = Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 1);
  const left: string[] = [];
  for (let at = Math.max(msOf(`${month}-01`), msOf(lastDay) + DAY_MS); at < end; at += DAY_MS) left.push(dayText(at));
  if (left.length === 0) return { amount: amountText(toDate), method: "Complete" };
  const first = [...byDay.keys()].reduce((a, b) => (a < b ? a : b), lastDay);
  const known = Math.round((msOf(lastDay) - msOf(first)) / DAY_MS) + 1;
  const days = Array.from({ length: Math.min(WINDOW, known) }, (_, n) => dayText(msOf(lastDay) - n * DAY_MS));
  const of = (some: readonly string[]) => some.map((day) => byDay.get(day) ?? 0n);
  const weekday = (day: string) => new Date(msOf(day)).getUTCDay();
  const method = known >= WINDOW ? "WeekdayMean" : "DailyMean";
  const expected = left.map((day) =>
    mean(of(method === "DailyMean" ? days : days.filter((one) => weekday(one) === weekday(day)))),
  );
  return { amount: amountText(expected.reduce((sum, one) => sum + one, toDate)), method };
}

/**
 * Days of a service that are outliers by the modified z-score over the 28 days before each: how far it is from their median,
 * in deviations (1.4826 × the median of the distances from that median). A tenth of the median is the least deviation that
 * counts, so that a service which costs the same each day is not told for a cent. At least seven days must be known.
 *
 * @param services daily amounts of one currency
 * @param floor the least difference in money that is worth telling
 * @param since the first day that is judged
 */
export function anomalies(
  services: ReadonlyMap<string, readonly Spent[]>,
  floor: Amount,
  since: string,
  lastDay: string,
): readonly Anomaly[] {
  const least = parseAmount(floor);
  const found: Anomaly[] = [];
  for (const [service, spent] of services) {
    const byDay = byDayOf(spent);
    const first = [...byDay.keys()].reduce((a, b) => (a < b ? a : b), "9999-12-31");
    for (let at = msOf(since); at <= msOf(lastDay); at += DAY_MS) {
      const known = Math.min(WINDOW, Math.round((at - msOf(first)) / DAY_MS));
      if (known < LEAST_DAYS) continue;
      const before = Array.from({ length: known }, (_, n) => byDay.get(dayText(at - (n + 1) * DAY_MS)) ?? 0n);
      const usual = median(before);
      const amount = byDay.get(dayText(at)) ?? 0n;
      const off = size(amount - usual);
      const deviation = max((median(before.map((one) => size(one - usual))) * MAD_SCALE) / 10_000n, size(usual) / 10n);
      if (off < least || off * 10n <= deviation * SCORE_TENTHS) continue;
      const tenths = deviation === 0n ? 9_999n : min((off * 10n) / deviation, 9_999n);
      found.push({
        day: dayText(at),
        service,
        amount: amountText(amount),
        usual: amountText(usual),
        score: (amount < usual ? -1 : 1) * (Number(tenths) / 10),
      });
    }
  }
  return found.sort((a, b) => (a.day === b.day ? (a.service < b.service ? -1 : 1) : a.day < b.day ? -1 : 1));
}

function byDayOf(spent: readonly Spent[]): ReadonlyMap<string, bigint> {
  const byDay = new Map<string, bigint>();
  for (const { day, amount } of spent) byDay.set(day, (byDay.get(day) ?? 0n) + parseAmount(amount));
  return byDay;
}

const size = (amount: bigint) => (amount < 0n ? -amount : amount);
const max = (a: bigint, b: bigint) => (a > b ? a : b);
const min = (a: bigint, b: bigint) => (a < b ? a : b);

function median(amounts: readonly bigint[]): bigint {
  const sorted = amounts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0n;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0n)) / 2n;
}
