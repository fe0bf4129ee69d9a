import { parseAmount, roundedText } from "../../crds/amount.ts";
import type { Cost, Spending } from "./cost.ts";
import { type Paint, table } from "./output.ts";

/** An amount for people. */
const cents = (amount: string): string => roundedText(parseAmount(amount));

/** Values come from reports that others write: nothing in them may steer the terminal. */
const shown = (value: string): string => (value === "" ? "-" : value.replace(/\p{C}/gu, "\ufffd"));

const HEADERS = ["VALUE", "MONTH TO DATE", "LAST MONTH", "CURRENCY"] as const;

/** A line for each value and currency, then totals by currency. */
export function costTable({ month, lastMonth, costs, totals }: Cost, by: string, paint: Paint): string {
  if (costs.length === 0) return `No cost is known of ${month}, nor of ${lastMonth}.`;
  const rows = [
    ...costs.map(({ value, ...spending }) => cellsOf(shown(value), spending)),
    ...totals.map((spending) => cellsOf(paint("bold", "TOTAL"), spending)),
  ];
  return [
    paint("bold", `Billed cost by ${shown(by)}: ${month} to date, and ${lastMonth}`),
    "",
    table(HEADERS, rightAligned(rows)),
  ].join("\n");
}

const cellsOf = (name: string, { monthToDate, lastMonth, currency }: Spending): readonly string[] => [
  name,
  cents(monthToDate),
  cents(lastMonth),
  shown(currency),
];

/** With the amounts, which are the second and the third cell, at the right. */
function rightAligned(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const widths = HEADERS.map((header, at) => Math.max(header.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => row.map((cell, at) => (at === 1 || at === 2 ? cell.padStart(widths[at] ?? 0) : cell)));
}

/** Records of RFC 4180, each with its end: exact amounts, without totals, which a sum over the lines would count twice. */
export function costCsv({ costs }: Cost): string {
  const lines = costs.map(({ value, monthToDate, lastMonth, currency }) => [
    textField(value),
    monthToDate,
    lastMonth,
    textField(currency),
  ]);
  return [["value", "month_to_date", "last_month", "currency"], ...lines]
    .map((fields) => `${fields.join(",")}\r\n`)
    .join("");
}

/** A spreadsheet takes text that begins like this for a formula, and runs it. */
const FORMULA = /^[=+\-@\t\r]/;

function textField(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
