/** Reports in the shape of those that the clouds write, made by DuckDB. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { literal } from "../sandbox.ts";

/** A folder of one test file, and its end. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "onyx-ingest-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes what a SELECT gives to a file. @param options of COPY, such as `FORMAT parquet` */
export async function writeReport(path: string, select: string, options: string): Promise<string> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO ${literal(path)} (${options})`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

/** Rows of a plain query, as text. */
export async function query(sql: string): Promise<readonly (readonly string[])[]> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRows().map((row) => row.map(String));
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** One row of a FOCUS report, as the cells of its columns. */
export type FocusRow = Readonly<Partial<Record<(typeof FOCUS_COLUMNS)[number], string>>>;

export const FOCUS_COLUMNS = [
  "BilledCost",
  "BillingCurrency",
  "BillingPeriodEnd",
  "BillingPeriodStart",
  "ChargeCategory",
  "ChargePeriodEnd",
  "ChargePeriodStart",
  "EffectiveCost",
  "ListCost",
  "RegionId",
  "ServiceName",
  "SubAccountId",
  "Tags",
] as const;

const USUAL = {
  BilledCost: "1",
  BillingCurrency: "USD",
  BillingPeriodEnd: "2024-10-01 00:00:00",
  BillingPeriodStart: "2024-09-01 00:00:00",
  ChargeCategory: "Usage",
  ChargePeriodEnd: "2024-09-18 23:00:00",
  ChargePeriodStart: "2024-09-18 22:00:00",
  EffectiveCost: "1",
  ListCost: "1",
  RegionId: "us-east-1",
  ServiceName: "Queues",
  SubAccountId: "1001",
  Tags: "NULL",
} as const satisfies FocusRow;

const cell = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A FOCUS report as CSV. @param columns in this order, with others than those of FOCUS if need be */
export function focusCsv(rows: readonly FocusRow[], columns: readonly string[] = FOCUS_COLUMNS): string {
  const line = (row: Readonly<Record<string, string>>) => columns.map((name) => cell(row[name] ?? "")).join(",");
  return `${[columns.map(cell).join(","), ...rows.map((row) => line({ ...USUAL, ...row }))].join("\n")}\n`;
}

export const bytesOf = (path: string): Buffer => readFileSync(path);
