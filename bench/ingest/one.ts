/** One run: `node bench/ingest/one.ts ours|plain FILE`. Prints what it took as JSON. */
import { linkSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { digest } from "../../operator/ingest/digest.ts";
import { openSandbox } from "../../operator/ingest/sandbox.ts";

const [, , how, file = ""] = process.argv;
const folder = mkdtempSync(join(dirname(file), "run-"));
const path = join(folder, basename(file));
linkSync(file, path);
const limits = { folder, memoryMb: 224, threads: 2 };

/** All daily rows, as they would be written. */
async function ours(): Promise<number> {
  const settings = { tagKeys: ["team"], allocations: [], rejectedShare: 0.01 };
  const result = await digest([path], { ...limits, ...settings });
  let groups = 0;
  for (const period of result.periods) for await (const _row of result.rowsOf(period)) groups += 1;
  result.close();
  return groups;
}

async function plain(): Promise<number> {
  const { connection, close } = await openSandbox(limits);
  const from = path.endsWith(".parquet") ? "read_parquet($path)" : "read_csv($path)";
  const found = await connection.runAndReadAll(
    `SELECT BillingPeriodStart, ChargePeriodStart::DATE, ServiceName, SubAccountId, RegionId, json_extract_string(Tags, '$.team') AS team,
       ChargeCategory, BillingCurrency, sum(BilledCost), sum(EffectiveCost), sum(ListCost), count(*) FROM ${from} GROUP BY ALL`,
    { path },
  );
  close();
  return found.currentRowCount;
}

const begin = performance.now();
const groups = await (how === "ours" ? ours() : plain());
const seconds = (performance.now() - begin) / 1_000;
const { user, system } = process.cpuUsage();
const peak = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakMib: Number(peak) / 1_024, groups }));
