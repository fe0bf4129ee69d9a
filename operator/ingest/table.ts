/** The table `daily` within DuckDB, as rows of ours. */
import type { DuckDBConnection, DuckDBDateValue, DuckDBDecimalValue, DuckDBValue } from "@duckdb/node-api";
import { amountText } from "../../crds/amount.ts";
import type { CostRow } from "../provider/costs.ts";

/** A row with its billing period. */
export interface Dated {
  /** `2024-09`. */
  readonly period: string;
  readonly row: CostRow;
}

/** Rows of `daily` and of the parts of shared cost, those that are alike added up. */
export async function* dailyRows(
  connection: DuckDBConnection,
  tagKeys: readonly string[],
  period: string,
): AsyncIterable<Dated> {
  const tags = tagKeys.map((_, at) => `t${at}`);
  const names = ["month", "day", "service", "account", "region", ...tags, "category", "currency", "allocation"];
  const sums = ["billed", "effective", "list"];
  const all = [...names, ...sums, "rows"].join(", ");
  const result = await connection.stream(
    `SELECT ${names.join(", ")}, ${sums.map((name) => `sum(${name})::DECIMAL(38,18)`).join(", ")}, sum(rows)::BIGINT
     FROM (SELECT ${all} FROM own WHERE rule < 0 UNION ALL SELECT ${all} FROM parts)
     WHERE month = ($period || '-01')::DATE
     GROUP BY ${names.join(", ")} ORDER BY ${names.join(", ")}`,
    { period },
  );
  for await (const chunk of result.yieldRows()) for (const values of chunk) yield dated(values, tagKeys);
}

/** @param values in the order of the columns of `dailyRows` */
export function dated(values: readonly DuckDBValue[], tagKeys: readonly string[]): Dated {
  const rest = [...values];
  const next = () => rest.shift() as DuckDBValue;
  const text = () => String(next() ?? "");
  const amount = () => amountText((next() as DuckDBDecimalValue).value);
  const period = String(next() as DuckDBDateValue).slice(0, 7);
  const [day, service, account, region] = [text(), text(), text(), text()];
  const tags = Object.fromEntries(tagKeys.map((key) => [key, text()] as const).filter(([, value]) => value !== ""));
  const [category, currency, allocation] = [text(), text(), text()];
  const [billed, effective, list] = [amount(), amount(), amount()];
  const row = { day, service, account, region, tags, category, currency, allocation, billed, effective, list };
  return { period, row: { ...row, count: Number(next()) } };
}
