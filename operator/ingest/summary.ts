import { type Amount, type Money, sumsByCurrency } from "../../crds/amount.ts";
import type { CostItem, CostTable, CostValue } from "../provider/costs.ts";
import type { Facts, Head } from "./ledger.ts";
import { anomalies, dayText, type Forecast, forecast, msOf, type Spent, WINDOW } from "./outlook.ts";
import { monthBefore, type PeriodTotals, periodsOf, periodTotals, type Total } from "./read.ts";

/** The last report of a source and what became of it. */
export interface LastReport extends Pick<Facts, "report" | "reported" | "ingested" | "format" | "reportRows"> {
  readonly result: "Ingested" | "Refused";
  /** Of a refusal; else empty. So is `message`. */
  readonly reason: string;
  readonly message: string;
  /** Rows of it that could not be read, and the reasons of most of them. */
  readonly rejectedRows: number;
  readonly rejected: Facts["rejected"];
}

/** What the newest billing period in force has cost. */
export interface MonthFigures {
  /** `2026-11`; empty: no report is in force. */
  readonly month: string;
  /** The last day of it that is whole; empty: none is. See `lastWholeDay`. */
  readonly lastDay: string;
  /** Daily rows in force. */
  readonly rows: number;
  readonly monthToDate: readonly Money[];
  /** Of the billing period before; empty: no report of it is in force. */
  readonly lastMonth: readonly Money[];
  readonly forecast: readonly (Money & Pick<Forecast, "method">)[];
  /** The newest first. */
  readonly anomalies: readonly (Money & {
    readonly day: string;
    readonly service: string;
    readonly usual: Amount;
    /** One decimal. */
    readonly score: string;
  })[];
}

/** How a source stands: one item, which the operator reads. */
export interface Summary extends LastReport, MonthFigures {}

/** What a summary takes of an outcome. */
export type Told = Omit<LastReport, "rejectedRows">;

export const summaryKey = (source: string) => ({ pk: `${source}#summary`, sk: "now" });

/** The most bytes of a summary as JSON: it goes into the status of an object. */
export const SUMMARY_BYTES = 24_000;
const MESSAGE_CHARACTERS = 512;
const SERVICE_CHARACTERS = 128;
const REJECTED = 10;
const ANOMALIES = 20;
/** How long after a day's end a report may still lack some of it: both clouds tell of usage within about a day. */
const LAG_MS = 86_400_000;
const DAY_MS = 86_400_000;

/**
 * Writes how a source stands. The state of the item is read before anything else is: who writes last has read all that those
 * before have put into force.
 *
 * @param floor the least difference in money that is an anomaly
 */
export async function summarize(table: CostTable, source: string, outcome: Told, floor: Amount): Promise<Summary> {
  const key = summaryKey(source);
  for (;;) {
    const found = await table.read(key.pk, key.sk);
    const report = later(found && (found.item as unknown as Summary), lastReport(outcome));
    const summary = cutToFit({ ...report, ...(await figuresOf(table, source, floor)) });
    const item: CostItem = { ...key, ...(summary as unknown as Readonly<Record<string, CostValue>>) };
    if (await table.swap(item, found?.mark ?? null)) return summary;
  }
}

function lastReport({ report, reported, ingested, result, reason, message, format, reportRows, rejected }: Told) {
  const most = rejected.toSorted((a, b) => b.rows - a.rows).slice(0, REJECTED);
  return {
    report,
    reported,
    ingested,
    result,
    reason,
    message: cut(message, MESSAGE_CHARACTERS),
    format,
    reportRows,
    rejectedRows: rejected.reduce((sum, { rows }) => sum + rows, 0),
    rejected: most.map(({ reason, rows, sample }) => ({ reason, rows, sample })),
  } satisfies LastReport;
}

/** The one that was taken in later: workers end in any order. */
function later(before: LastReport | undefined, now: LastReport): LastReport {
  if (!before || before.ingested <= now.ingested) return now;
  const { report, reported, ingested, result, reason, message, format, reportRows, rejectedRows, rejected } = before;
  return { report, reported, ingested, result, reason, message, format, reportRows, rejectedRows, rejected };
}

const NO_FIGURES: MonthFigures = {
  month: "",
  lastDay: "",
  rows: 0,
  monthToDate: [],
  lastMonth: [],
  forecast: [],
  anomalies: [],
};

/** Reads each row of the month and of the one before once. */
async function figuresOf(table: CostTable, source: string, floor: Amount): Promise<MonthFigures> {
  const month = (await periodsOf(table, source, { from: "", to: "~" })).at(-1)?.period;
  if (month === undefined) return NO_FIGURES;
  const start = dayText(msOf(firstDay(month)) - WINDOW * DAY_MS);
  const read = (period: string, from = "") =>
    periodTotals(table, source, period, ["day", "service"], { from, to: "9999" });
  const before = monthBefore(month);
  // The first day of a month in UTC may be billed with the month before: Google bills by Pacific time.
  const [current, last, earlier] = await Promise.all([read(month), read(before), read(monthBefore(before), start)]);
  return current ? monthFigures(current, last, earlier, floor) : NO_FIGURES;
}

/**
 * @param last the billing period before
 * @param earlier of the one before that, the days that the first day of the month is compared with
 */
export function monthFigures(
  current: PeriodTotals,
  last: PeriodTotals | undefined,
  earlier: PeriodTotals | undefined,
  floor: Amount,
): MonthFigures {
  const { head, totals } = current;
  const month = head.period;
  const lastDay = lastWholeDay(head, totals);
  const monthToDate = moneyOf(totals);
  const days = [...(earlier?.totals ?? []), ...(last?.totals ?? []), ...totals];
  return {
    month,
    lastDay,
    rows: head.rows,
    monthToDate,
    lastMonth: moneyOf(last?.totals ?? []),
    forecast: monthToDate.flatMap(({ currency }) => {
      const found = forecastOf(current, last, currency, lastDay);
      return found ? [{ currency, ...found }] : [];
    }),
    anomalies: lastDay === "" ? [] : anomaliesOf(days, currenciesOf(totals, last), floor, month, lastDay),
  };
}

/**
 * The last day that a report is whole for. It was written while its month went on, and tells of usage up to a day late, so
 * this is the last day with rows that had been over for a day by then. When the month had been over for a day it is the
 * month's last day, with rows or not: then nothing more comes.
 *
 * @param totals by day, and whatever else
 * @returns empty: no day is whole
 */
export function lastWholeDay(
  { period, reported }: Pick<Head, "period" | "reported">,
  totals: readonly Total[],
): string {
  const whole = dayText(Date.parse(reported) - LAG_MS - DAY_MS);
  if (whole >= finalDay(period)) return finalDay(period);
  const days = totals.map(dayOf).filter((day) => day <= whole && day.startsWith(period));
  return days.sort().at(-1) ?? "";
}

const dayOf = ({ of: [day = ""] }: Total): string => day;
const serviceOf = ({ of: [, service = ""] }: Total): string => service;
const firstDay = (month: string) => `${month}-01`;
const finalDay = (month: string) => dayText(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0));

/** Billed cost by currency, sorted. */
export const moneyOf = (totals: readonly Total[]): readonly Money[] =>
  sumsByCurrency(totals.map(({ currency, billed }) => ({ currency, amount: billed })));

type Dated = Spent & { readonly currency: string };

/** What was billed by day. A charge of a day outside of its billing period counts on the nearest day within it. */
function billedDays({ head: { period }, totals }: PeriodTotals): readonly Dated[] {
  const [first, final] = [firstDay(period), finalDay(period)];
  const within = (day: string): string => {
    if (day < first) return first;
    return day > final ? final : day;
  };
  return totals.map((total) => ({ day: within(dayOf(total)), currency: total.currency, amount: total.billed }));
}

/**
 * What the month of a report will have cost in one currency.
 *
 * @param lastDay the last whole day of the report; empty: there is none
 * @returns undefined: no day is known, of this month or of the one before
 */
export function forecastOf(
  current: PeriodTotals,
  last: PeriodTotals | undefined,
  currency: string,
  lastDay: string,
): Forecast | undefined {
  const month = current.head.period;
  // On the first day of a month, that before tells what is usual.
  const until = lastDay === "" ? dayText(msOf(firstDay(month)) - DAY_MS) : lastDay;
  const days = [...(last ? billedDays(last) : []), ...billedDays(current)];
  const known = days.filter((one) => one.currency === currency && one.day <= until);
  return known.length === 0 ? undefined : forecast(known, month, until);
}

const currenciesOf = (totals: readonly Total[], last: PeriodTotals | undefined): readonly string[] =>
  [...new Set([...totals, ...(last?.totals ?? [])].map(({ currency }) => currency))].sort();

function anomaliesOf(
  totals: readonly Total[],
  currencies: readonly string[],
  floor: Amount,
  month: string,
  lastDay: string,
): MonthFigures["anomalies"] {
  const found = currencies.flatMap((currency) => {
    const own = totals.filter((one) => one.currency === currency);
    const services = new Map<string, Spent[]>();
    for (const total of own) {
      const spent = services.get(serviceOf(total)) ?? [];
      services.set(serviceOf(total), spent);
      spent.push({ day: dayOf(total), amount: total.billed });
    }
    return anomalies(services, floor, firstDay(month), lastDay).map(({ day, service, amount, usual, score }) => ({
      day,
      service: cut(service, SERVICE_CHARACTERS),
      currency,
      amount,
      usual,
      score: score.toFixed(1),
    }));
  });
  return found.toSorted((a, b) => (a.day > b.day ? -1 : a.day < b.day ? 1 : 0)).slice(0, ANOMALIES);
}

const cut = (text: string, characters: number): string => text.slice(0, characters).toWellFormed();
const bytesOf = (summary: Summary): number => Buffer.byteLength(JSON.stringify(summary));

/** Lists that are cut when a summary is too large, the one that is missed least first. */
const LISTS = ["anomalies", "rejected", "forecast", "lastMonth", "monthToDate"] as const;

export function cutToFit(summary: Summary): Summary {
  let fitting = summary;
  for (const list of LISTS)
    while (fitting[list].length > 0 && bytesOf(fitting) >= SUMMARY_BYTES)
      fitting = { ...fitting, [list]: fitting[list].slice(0, -1) };
  return fitting;
}
