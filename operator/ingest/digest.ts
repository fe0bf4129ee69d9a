import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { CostRow } from "../provider/costs.ts";
import { allocate } from "./allocate.ts";
import { checkCsv, columnsOf, fromSource, type Source, sourcesOf } from "./files.ts";
import type { Selection } from "./formats/format.ts";
import { formatOf } from "./formats/index.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import { openSandbox, type SandboxOptions } from "./sandbox.ts";
import type { Settings } from "./settings.ts";
import { type Dated, dailyRows } from "./table.ts";

/** Rows that could not be read, by why. */
export interface Rejected {
  /** Such as `BilledCost: no amount`. */
  readonly reason: string;
  readonly rows: number;
  /** The value of one of them, cut short. */
  readonly sample: string;
}

/** A report as daily rows. */
export interface Digest {
  readonly format: string;
  /** Rows of the report, rejected ones included. */
  readonly rows: number;
  readonly rejected: readonly Rejected[];
  /** For people: what was rounded, what was missing, what shared cost found nobody to go to. */
  readonly notes: readonly string[];
  /** Billing periods in it, `2024-09`, sorted. */
  readonly periods: readonly string[];
  /** By day and what else they are kept apart by, in order. */
  rowsOf(period: string): AsyncIterable<CostRow>;
  close(): void;
}

export interface DigestOptions extends Settings, SandboxOptions {}

/** The most bytes of a service, account, region, category, currency or tag. */
const TEXT_BYTES = 1_024;

/**
 * Reads the files of one report. One pass, in bounded memory: rows are added up while they are read, and what doesn't fit is
 * spilled to the folder.
 *
 * @throws Refusal
 */
export async function digest(paths: readonly string[], options: DigestOptions): Promise<Digest> {
  const sandbox = await openSandbox(options);
  const { connection } = sandbox;
  try {
    const sources = await sourcesOf(connection, paths);
    const csv = sources.filter(({ kind }) => kind === "csv");
    const checks = csv.flatMap(({ paths: files, gzip }) => files.map((path) => checkCsv(path, gzip)));
    const format = await checked(checks, connection, () => addUp(connection, sources, options.tagKeys));
    const counted = await countsOf(connection, format.why);
    refuseTooMany(counted, options.rejectedShare);
    const spread = await allocate(connection, options);
    return {
      format: format.name,
      ...counted,
      notes: [...format.notes, ...spread],
      periods: await periodsIn(connection),
      rowsOf: (period) => undated(dailyRows(connection, options.tagKeys, period)),
      close: sandbox.close,
    };
  } catch (error) {
    sandbox.close();
    throw refusalOf(error);
  }
}

/** Adds up while the checks go on. What a check says comes first: it is why DuckDB stumbles, if it does. */
async function checked<T>(checks: Promise<void>[], connection: DuckDBConnection, addUp: () => Promise<T>): Promise<T> {
  const whole = Promise.all(checks).catch((error: unknown) => {
    connection.interrupt();
    throw error;
  });
  // The connection is closed after this: nothing may go on by then.
  const [check, sum] = await Promise.allSettled([whole, addUp()]);
  await Promise.allSettled(checks);
  if (check.status === "rejected") throw check.reason;
  if (sum.status === "rejected") throw sum.reason;
  return sum.value;
}

async function* undated(rows: AsyncIterable<Dated>): AsyncIterable<CostRow> {
  for await (const { row } of rows) yield row;
}

/** Reads all and leaves the table `daily`. */
async function addUp(connection: DuckDBConnection, sources: readonly Source[], tagKeys: readonly string[]) {
  const values: Record<string, DuckDBValue> = {};
  for (const [at, key] of tagKeys.entries()) {
    values[`k${at}`] = key;
    values[`p${at}`] = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  const [names, notes, why] = [new Set<string>(), new Set<string>(), new Map<number, string>()];
  const parts = sources.map((source, at) => {
    const columns = columnsOf(source);
    const format = formatOf(columns);
    if ("unknown" in format) throw new Refusal("UnknownFormat", format.unknown);
    names.add(format.name);
    const selection = format.select(columns);
    for (const note of selection.notes) notes.add(note);
    const from = fromSource(source, `f${at}`);
    Object.assign(values, from.values);
    return oneSource(selection, from.sql, tagKeys.length, at * REASONS + 1, why);
  });
  const tags = tagKeys.map((_, at) => `t${at}`);
  const dimensions = ["month", "day", "service", "account", "region", ...tags, "category", "currency", "reason"];
  const statement = `CREATE TABLE daily AS SELECT ${dimensions.join(", ")}, coalesce(sum(billed), 0)::DECIMAL(38,18) AS billed,
       coalesce(sum(effective), 0)::DECIMAL(38,18) AS effective, coalesce(sum(list), 0)::DECIMAL(38,18) AS list,
       count(*) AS rows, any_value(sample) FILTER (reason > 0) AS sample
     FROM (${parts.join(" UNION ALL ")}) GROUP BY ${dimensions.map((_, at) => at + 1).join(", ")}`;
  // A format asks for keys or for pointers, and DuckDB refuses values that a statement doesn't ask for.
  const asked = new Set([...statement.matchAll(/\$(\w+)/g)].map(([, name]) => name));
  await connection.run(statement, Object.fromEntries(Object.entries(values).filter(([name]) => asked.has(name))));
  return { name: [...names].sort().join(", "), notes: [...notes], why };
}

/** Numbers of the reasons of one source: how many may follow. */
const REASONS = 100;

/** Rows of one source, each with the number of why it is rejected; 0: it is not. */
function oneSource(
  selection: Selection,
  from: string,
  tagCount: number,
  first: number,
  why: Map<number, string>,
): string {
  const { raw } = selection;
  const tags = Array.from({ length: tagCount }, (_, at) => `t${at}`);
  const texts = ["service", "account", "region", ...tags, "category", "currency"];
  const reads = [
    `${selection.period} AS period`,
    `${selection.charged} AS charged`,
    ...(["service", "account", "region", "category", "currency"] as const).map(
      (name) => `${selection[name]} AS ${name}`,
    ),
    ...tags.map((name, at) => `coalesce(${selection.tag(`$k${at}`, `$p${at}`)}, '') AS ${name}`),
    ...(["billed", "effective", "list"] as const).map((name) => `${selection[name]} AS ${name}`),
    `${selection.tagsReadable} AS tags_readable`,
    ...Object.entries(raw).map(([name, column]) => `${column.sql} AS raw_${name}`),
  ];
  const listIsThere = raw.list.sql.startsWith("NULL")
    ? "true"
    : "(list IS NOT NULL OR raw_list IS NULL OR raw_list::VARCHAR = '')";
  const checks: readonly (readonly [string, keyof Selection["raw"], string])[] = [
    ["period IS NOT NULL", "period", "no date"],
    ["charged IS NOT NULL", "charged", "no date"],
    ["regexp_full_match(currency, '[A-Z]{3}')", "currency", "no currency"],
    ["billed IS NOT NULL", "billed", "no amount"],
    ["effective IS NOT NULL", "effective", "no amount"],
    [listIsThere, "list", "no amount"],
    ["tags_readable", "tags", "no JSON"],
  ];
  const short = texts.map((name) => `strlen(${name}) <= ${TEXT_BYTES}`);
  const fine = [...checks.map(([holds]) => holds), ...short].join(" AND ");
  const numbers = checks.map(([holds, name, what], at) => {
    why.set(first + at, `${raw[name].name}: ${what}`);
    return `WHEN NOT ${holds} THEN ${first + at}`;
  });
  why.set(first + checks.length, `a text of more than ${TEXT_BYTES} bytes`);
  const samples = checks.map(([, name], at) => `WHEN ${first + at} THEN left(raw_${name}::VARCHAR, 40)`);
  const cut = (name: string) => `CASE WHEN reason = ${first + checks.length} THEN '' ELSE ${name} END AS ${name}`;
  // Almost every row is fine: one question for all of them, and the others only for those that are not. A long text is cut.
  return `SELECT period::DATE AS month, charged::DATE AS day, ${texts.map(cut).join(", ")}, reason,
      billed, effective, list, CASE WHEN reason = 0 THEN NULL ELSE CASE reason ${samples.join(" ")} ELSE '' END END AS sample
    FROM (SELECT *, CASE WHEN ${fine} THEN 0 ELSE CASE ${numbers.join(" ")} ELSE ${first + checks.length} END END AS reason
      FROM (SELECT ${reads.join(", ")} FROM ${from}))`;
}

async function countsOf(
  connection: DuckDBConnection,
  why: ReadonlyMap<number, string>,
): Promise<Pick<Digest, "rows" | "rejected">> {
  const found = await connection.runAndReadAll(
    "SELECT reason, sum(rows)::BIGINT, coalesce(any_value(sample), '') FROM daily GROUP BY 1 ORDER BY 1",
  );
  const rejected = new Map<string, Rejected>();
  let all = 0;
  for (const [number, count, sample] of found.getRows()) {
    all += Number(count);
    const reason = why.get(Number(number));
    if (reason === undefined) continue;
    const known = rejected.get(reason);
    rejected.set(reason, { reason, rows: Number(count) + (known?.rows ?? 0), sample: known?.sample ?? String(sample) });
  }
  return {
    rows: all,
    rejected: [...rejected.values()].sort((a, b) => b.rows - a.rows || (a.reason < b.reason ? -1 : 1)),
  };
}

function refuseTooMany({ rows, rejected }: Pick<Digest, "rows" | "rejected">, share: number): void {
  const bad = rejected.reduce((sum, one) => sum + one.rows, 0);
  if (bad <= rows * share) return;
  const why = rejected.map(({ reason, rows: many }) => `${many} × ${reason}`).join("; ");
  throw new Refusal(
    "TooManyRejected",
    `${bad} of ${rows} rows can't be read (${why.slice(0, 300)}); ${share * 100} % may`,
  );
}

async function periodsIn(connection: DuckDBConnection): Promise<readonly string[]> {
  const found = await connection.runAndReadAll("SELECT DISTINCT strftime(month, '%Y-%m') FROM own ORDER BY 1");
  return found.getRows().map(([month]) => String(month));
}
