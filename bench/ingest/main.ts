/**
 * `make bench-ingest`: how fast cost reports are taken in and in how much memory, next to DuckDB that reads the same file plainly.
 *
 *   node bench/ingest/main.ts [--rows=10000000] [--runs=3] [--kinds=parquet,csv,gzip]
 *
 * Plainly means one SELECT with the same groups and sums, types as DuckDB guesses them, sums in floating point, and nothing
 * checked. Each run is a process of its own, whose memory is the most that it ever held (VmHWM).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../../operator/cli/output.ts";
import { writeReport } from "../../operator/ingest/testing/reports.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "10000000" },
    runs: { type: "string", default: "3" },
    kinds: { type: "string", default: "parquet,csv,gzip" },
  },
});
const rows = Number(values.rows);

/** Files by kind, and the options of COPY that write them. */
const KINDS: Readonly<Record<string, { readonly file: string; readonly options: string }>> = {
  parquet: { file: "report.parquet", options: "FORMAT parquet" },
  csv: { file: "report.csv", options: "FORMAT csv, HEADER" },
  gzip: { file: "report.csv.gz", options: "FORMAT csv, HEADER, COMPRESSION gzip" },
};

/** Rows as a month of an account has them: hours, 40 services, 50 accounts, 5 regions, 7 teams, each row with a resource of its own. */
const select = `SELECT (i * 7919 % 1000003) / 1e6 AS BilledCost, (i * 7919 % 1000003) / 1.1e6 AS EffectiveCost, (i * 7919 % 1000003) / 0.9e6 AS ListCost,
  'USD' AS BillingCurrency, TIMESTAMP '2024-09-01' AS BillingPeriodStart, TIMESTAMP '2024-10-01' AS BillingPeriodEnd,
  TIMESTAMP '2024-09-01' + to_hours((i // 14000 % 720)::INT) AS ChargePeriodStart, 'Usage' AS ChargeCategory,
  'Service ' || (i % 40) AS ServiceName, 'account-' || (i % 50) AS SubAccountId, 'region-' || (i % 5) AS RegionId,
  '{"team": "t' || (i % 7) || '", "environment": "prod"}' AS Tags, 'arn:aws:ec2:resource/' || i AS ResourceId,
  'a description of the charge of this row ' || (i % 1000) AS ChargeDescription FROM range(${rows}) t(i)`;

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
  readonly groups: number;
}

function measure(how: "ours" | "plain", file: string): Measured {
  const child = spawnSync(process.execPath, [join(import.meta.dirname, "one.ts"), how, file], { encoding: "utf8" });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as Measured;
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

const folder = mkdtempSync(join(tmpdir(), "onyx-bench-ingest-"));
try {
  console.log(
    `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.versions.node}\n${rows.toLocaleString("en")} rows, medians of ${values.runs} runs\n`,
  );
  const lines: string[][] = [];
  for (const kind of values.kinds.split(",")) {
    const { file, options } = KINDS[kind] ?? {};
    if (file === undefined || options === undefined)
      throw new Error(`${kind} is none of ${Object.keys(KINDS).join(", ")}.`);
    const path = join(folder, file);
    if (!existsSync(path)) await writeReport(path, select, options);
    const found: Record<"ours" | "plain", Measured[]> = { ours: [], plain: [] };
    // In turn, so that what else the machine does meets both alike.
    for (let run = 0; run < Number(values.runs); run += 1)
      for (const how of ["plain", "ours"] as const) found[how].push(measure(how, path));
    const of = (how: "ours" | "plain", figure: keyof Measured) => median(found[how].map((one) => one[figure]));
    const ratio = (figure: keyof Measured) => (of("ours", figure) / of("plain", figure)).toFixed(2);
    lines.push([
      kind,
      (statSync(path).size / 2 ** 20).toFixed(0),
      of("plain", "seconds").toFixed(2),
      of("ours", "seconds").toFixed(2),
      ratio("seconds"),
      ratio("cpuSeconds"),
      Math.round(rows / of("ours", "seconds")).toLocaleString("en"),
      of("plain", "peakMib").toFixed(0),
      of("ours", "peakMib").toFixed(0),
    ]);
    rmSync(path);
  }
  const head = ["FILE", "MiB", "PLAIN s", "OURS s", "RATIO", "CPU RATIO", "ROWS/s", "PLAIN PEAK MiB", "OURS PEAK MiB"];
  console.log(table(head, lines));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
