import { amountText, moneyText, parseAmount } from "../../../crds/amount.ts";
import type { TenantCostSourceStatus } from "../../../crds/tenantcostsource.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import type { Verdict } from "../../../operator/reconcile/conditions.ts";
import { refOf } from "../tenant/names.ts";

type Status = TenantCostSourceStatus;
type Item = Readonly<Record<string, unknown>>;

/** What the worker's item says, as far as it can be read. */
export interface Figures {
  readonly status: Partial<Status>;
  readonly result: string;
  readonly reason: string;
  readonly message: string;
}

/** Undefined: no report was looked at yet. */
export function figuresOf(item: Child, seen: Seen): Figures | undefined {
  const { effective } = (seen.live(refOf(item.object))?.status ?? {}) as {
    readonly effective?: { readonly attributes?: Item };
  };
  const found = effective?.attributes;
  if (!found || !text(found.report, 2048)) return undefined;
  return {
    result: text(found.result, 64) ?? "",
    reason: text(found.reason, 64) ?? "",
    message: text(found.message, 512) ?? "",
    status: statusOf(found),
  };
}

/** What can't be read is undefined: that takes away what was told before. */
const statusOf = (found: Item): Partial<Status> => ({
  lastReport: text(found.report, 2048),
  lastReported: text(found.reported, 64),
  lastIngested: text(found.ingested, 64),
  format: text(found.format, 64),
  reportRows: count(found.reportRows),
  rejectedRows: count(found.rejectedRows),
  rejected: some(found.rejected, 10, ({ reason, rows, sample }) => ({
    reason: text(reason, 64) ?? "",
    rows: count(rows) ?? 0,
    sample: text(sample, 256) ?? "",
  })),
  month: text(found.month, 7),
  lastDay: text(found.lastDay, 10),
  rows: count(found.rows),
  monthToDate: money(found.monthToDate),
  lastMonth: money(found.lastMonth),
  forecast: byCurrency(some(found.forecast, 16, (one) => ({ ...moneyOf(one), method: text(one.method, 64) ?? "" }))),
  anomalies: some(found.anomalies, 20, ({ day, service, currency, amount, usual, score }) => ({
    day: text(day, 64) ?? "",
    service: text(service, 256) ?? "",
    currency: text(currency, 64) ?? "",
    amount: amountOf(amount),
    usual: amountOf(usual),
    score: text(score, 64) ?? "",
  })),
});

/** Its part of status. */
export function told(figures: Figures | undefined): Partial<Status> {
  const status = figures?.status ?? statusOf({});
  return { ...status, total: status.monthToDate && moneyText(status.monthToDate) };
}

/** Whether the last report was taken in. */
export function accepted(figures: Figures | undefined): Verdict {
  if (!figures) return { status: "Unknown", reason: "NoReport", message: "No report has come yet." };
  const { lastReport, reportRows = 0, rejectedRows = 0 } = figures.status;
  if (figures.result === "Refused")
    return {
      status: "False",
      reason: "ReportRefused",
      message: `${lastReport} was refused (${figures.reason}): ${figures.message} What was in force before stays.`,
    };
  const left = rejectedRows > 0 ? ` ${rejectedRows} of them could not be read: status.rejected tells why.` : "";
  return {
    status: "True",
    reason: "ReportIngested",
    message: `${lastReport} was taken in: ${reportRows} rows.${left}`,
  };
}

/** Whoever may write the table may write anything: what is no text is left out, what is too long is cut. */
const text = (value: unknown, most: number): string | undefined =>
  typeof value === "string" && value !== "" ? value.slice(0, most).toWellFormed() : undefined;

const count = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;

function amountOf(value: unknown): string {
  try {
    return amountText(parseAmount(String(value).slice(0, 64)));
  } catch {
    return "0";
  }
}

function some<T>(value: unknown, most: number, of: (one: Item) => T): T[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.slice(0, most).map((one) => of(typeof one === "object" && one !== null ? (one as Item) : {}));
}

const moneyOf = ({ currency, amount }: Item) => ({ currency: text(currency, 64) ?? "", amount: amountOf(amount) });

/** One amount a currency. */
function money(value: unknown): { currency: string; amount: string }[] | undefined {
  return byCurrency(some(value, 16, moneyOf));
}

/** The API server takes no two of one currency. */
const byCurrency = <T extends { readonly currency: string }>(all: readonly T[] | undefined): T[] | undefined =>
  all && [...new Map(all.map((one) => [one.currency, one])).values()];
