import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  type DuckDBValue,
  listValue,
} from "@duckdb/node-api";
import { amountText, parseAmount, SCALE, split } from "../../crds/amount.ts";
import type { Allocation, Settings } from "./settings.ts";

/** Who gets parts of shared cost, and by which weights. */
interface Targets {
  readonly values: readonly string[];
  readonly weights: readonly bigint[];
}

/**
 * Spreads shared rows of `daily`. Leaves the tables `own`, where `rule` is the number of the allocation that took the row or
 * -1, and `parts`. What finds nobody to go to stays where it is. The parts of a row add up to it, to the last digit.
 *
 * @returns notes for people
 */
export async function allocate(connection: DuckDBConnection, settings: Settings): Promise<readonly string[]> {
  const { tagKeys, allocations } = settings;
  const values: Record<string, DuckDBValue> = {};
  const whens = allocations.map((one, at) => `WHEN ${conditionOf(one, tagKeys, at, values)} THEN ${at}`);
  const rule = whens.length === 0 ? "-1" : `CASE ${whens.join(" ")} ELSE -1 END`;
  await connection.run(
    `CREATE TABLE own AS SELECT date_trunc('month', month)::DATE AS month, * EXCLUDE (month, reason, sample), '' AS allocation, ${rule} AS rule FROM daily WHERE reason = 0`,
    values,
  );
  await connection.run("CREATE TABLE parts AS FROM own LIMIT 0");
  if (allocations.length === 0) return [];
  const notes: string[] = [];
  const appender = await connection.createAppender("parts");
  for (const [at, allocation] of allocations.entries())
    notes.push(...(await spread(connection, appender, allocation, at, tagKeys)));
  appender.closeSync();
  return notes;
}

/** SQL that holds for the rows that an allocation takes. */
function conditionOf(
  { from }: Allocation,
  tagKeys: readonly string[],
  at: number,
  values: Record<string, DuckDBValue>,
) {
  const conditions: string[] = [];
  const oneOf = (column: string, allowed: readonly string[] | undefined) => {
    if (!allowed) return;
    const name = `a${at}_${conditions.length}`;
    values[name] = listValue([...allowed]);
    conditions.push(`list_contains($${name}, ${column})`);
  };
  oneOf("service", from.services);
  oneOf("account", from.accounts);
  for (const [key, allowed] of Object.entries(from.tags ?? {})) oneOf(tagColumn(key, tagKeys), allowed);
  return conditions.length === 0 ? "false" : conditions.join(" AND ");
}

function tagColumn(key: string, tagKeys: readonly string[]): string {
  const at = tagKeys.indexOf(key);
  if (at < 0) throw new Error(`The tag ${key} is not among the declared keys ${tagKeys.join(", ")}.`);
  return `t${at}`;
}

async function spread(
  connection: DuckDBConnection,
  appender: DuckDBAppender,
  allocation: Allocation,
  at: number,
  tagKeys: readonly string[],
): Promise<readonly string[]> {
  const over = allocation.over === "account" ? "account" : tagColumn(allocation.over.tag, tagKeys);
  const targets = await targetsOf(connection, allocation, over);
  const unspread = new Map<string, bigint>();
  const columns = [
    "month",
    "day",
    "service",
    "account",
    "region",
    ...tagKeys.map((_, n) => `t${n}`),
    "category",
    "currency",
  ];
  const place = columns.indexOf(over);
  const result = await connection.stream(
    `SELECT ${columns.join(", ")}, billed, effective, list, rows FROM own WHERE rule = ${at} ORDER BY ALL`,
  );
  for await (const chunk of result.yieldRows())
    for (const row of chunk) {
      const [month, currency] = [String(row[0]), String(row[columns.length - 1])];
      const found = targets(month, currency);
      const dimensions = row.slice(0, columns.length);
      const amounts = row.slice(columns.length).map((value) => unitsOf(value));
      if (!found) {
        unspread.set(currency, (unspread.get(currency) ?? 0n) + (amounts[1] ?? 0n));
        append(appender, dimensions, amounts, "");
        continue;
      }
      const parts = amounts.map((amount) => split(amount, found.weights));
      for (const [n, value] of found.values.entries())
        append(
          appender,
          dimensions.with(place, value),
          parts.map((part) => part[n] ?? 0n),
          allocation.name,
        );
    }
  return [...unspread].map(
    ([currency, amount]) =>
      `allocation ${allocation.name}: ${amountText(amount)} ${currency} stays where it is, since nobody has a share of it`,
  );
}

const unitsOf = (value: DuckDBValue | undefined): bigint =>
  typeof value === "bigint" ? value : (value as DuckDBDecimalValue).value;

function append(
  appender: DuckDBAppender,
  dimensions: readonly DuckDBValue[],
  amounts: readonly bigint[],
  allocation: string,
): void {
  for (const value of dimensions) {
    if (value instanceof DuckDBDateValue) appender.appendDate(value);
    else appender.appendVarchar(String(value));
  }
  const [billed = 0n, effective = 0n, list = 0n, rows = 0n] = amounts;
  for (const amount of [billed, effective, list]) appender.appendDecimal(new DuckDBDecimalValue(amount, 38, SCALE));
  appender.appendBigInt(rows);
  appender.appendVarchar(allocation);
  appender.appendInteger(-1);
  appender.endRow();
}

/** Who has a share, by month and currency: those that have spent something themselves, or those that are named. */
async function targetsOf(connection: DuckDBConnection, { by }: Allocation, over: string) {
  if (by !== "Proportional" && by !== "Even") {
    const values = Object.keys(by).sort();
    const named: Targets = { values, weights: values.map((value) => parseAmount(by[value] ?? "")) };
    return () => (named.weights.some((weight) => weight > 0n) ? named : undefined);
  }
  const result = await connection.runAndReadAll(
    `SELECT month, currency, ${over}, sum(effective)::DECIMAL(38,18) FROM own WHERE rule < 0 AND ${over} <> ''
     GROUP BY 1, 2, 3 HAVING sum(effective) > 0 ORDER BY 1, 2, 3`,
  );
  const byMonth = new Map<string, { values: string[]; weights: bigint[] }>();
  for (const [month, currency, value, spent] of result.getRows()) {
    const id = `${month} ${currency}`;
    const targets = byMonth.get(id) ?? { values: [], weights: [] };
    byMonth.set(id, targets);
    targets.values.push(String(value));
    targets.weights.push(by === "Even" ? 1n : (spent as DuckDBDecimalValue).value);
  }
  return (month: string, currency: string): Targets | undefined => byMonth.get(`${month} ${currency}`);
}
