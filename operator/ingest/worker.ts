import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Amount } from "../../crds/amount.ts";
import type { CostCloud, CostItem, CostTable, CostValue, Delivery, ReportBucket } from "../provider/costs.ts";
import { type Digest, digest } from "./digest.ts";
import { type Facts, type Published, publish, type Version, versionOf } from "./ledger.ts";
import { Refusal, type RefusalReason } from "./refusal.ts";
import { type Report, reportOf } from "./report.ts";
import type { Settings } from "./settings.ts";
import { summarize } from "./summary.ts";

export interface WorkerOptions extends Settings {
  /** Name of the source: rows of several may lie in one table. */
  readonly source: string;
  /** Objects elsewhere in the bucket are no reports of this source. */
  readonly prefix: string;
  /** Of the settings: a report is read again with newer ones when it is delivered again. */
  readonly generation: number;
  /** Where reports lie while they are read. Emptied by whoever gives it. */
  readonly folder: string;
  readonly memoryMb: number;
  readonly threads: number;
  /** The most bytes of a report: what the folder takes. */
  readonly maxBytes: number;
  readonly settleSeconds: number;
  /** For how long a message is held at a time. */
  readonly holdSeconds: number;
  /** The least difference in money, of any currency, that the summary tells as an anomaly. */
  readonly anomalyFloor: Amount;
}

/** What became of a report. */
export interface Outcome extends Facts {
  readonly version: string;
  readonly result: "Ingested" | "Refused";
  /** Of a refusal; else empty. */
  readonly reason: RefusalReason | "";
  readonly message: string;
  readonly periods: readonly string[];
}

/** What became of a message. */
export type Handled =
  | { readonly outcome: Outcome; readonly published: Readonly<Record<string, Published>> }
  | { readonly known: string }
  | { readonly ignored: string }
  | { readonly later: string };

export interface WorkerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** How long a message whose work failed waits before it comes again. */
const RETRY_SECONDS = 30;

export const outcomesKey = (source: string) => `${source}#reports`;

/** Takes messages until the signal says to stop; the one at hand is brought to its end. */
export async function work(
  cloud: CostCloud,
  options: WorkerOptions,
  log: WorkerLog,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const delivery = await cloud.queue.receive(signal).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (delivery) await take(cloud, options, log, delivery);
  }
}

/** Does what one message asks for. It is done only when all of that is written. */
export async function take(
  cloud: CostCloud,
  options: WorkerOptions,
  log: WorkerLog,
  delivery: Delivery,
): Promise<void> {
  const extend = () =>
    delivery
      .extend(options.holdSeconds)
      .catch((err: unknown) => log.warn({ err }, "the message can't be held for longer"));
  const held = setInterval(extend, (options.holdSeconds * 1_000) / 2);
  try {
    const handled = await handle(cloud, options, delivery.body);
    if ("later" in handled) {
      log.info({ later: handled.later }, "the report is not whole yet");
      return await delivery.giveBack(options.settleSeconds);
    }
    if ("outcome" in handled && handled.outcome.result === "Refused") log.warn({ ...handled }, "a report is refused");
    else log.info({ ...handled }, "message handled");
    await delivery.done();
  } catch (err) {
    log.warn({ err }, "a message could not be handled; it comes again");
    await delivery.giveBack(RETRY_SECONDS).catch(() => undefined);
  } finally {
    clearInterval(held);
  }
}

/** @throws ProviderError what may work the next time */
export async function handle(cloud: CostCloud, options: WorkerOptions, body: string): Promise<Handled> {
  const key = createdKey(body, cloud.bucket.url);
  if (key === undefined) return { ignored: "it tells of no new object in this bucket" };
  if (!key.startsWith(options.prefix)) return { ignored: `${key} is not within ${options.prefix}` };
  const found = await reportOf(cloud.bucket, key, Date.now(), options.settleSeconds * 1_000);
  if ("nothing" in found) return { ignored: `${key}: ${found.nothing}` };
  if ("later" in found) return { later: `${key}: ${found.later}` };
  return ingest(cloud, options, found.report);
}

/** The key in a CloudEvent of a Bucket: docs/guides/notifications.md. Undefined: it is about something else. */
function createdKey(body: string, url: string): string | undefined {
  try {
    const event = JSON.parse(body) as {
      type?: unknown;
      source?: unknown;
      data?: { object?: { key?: unknown } };
    } | null;
    const key = event?.data?.object?.key;
    const ours = event?.type === "io.onelens.onyx.bucket.object.created" && event.source === url;
    return ours && typeof key === "string" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Takes a report in, unless that was done before. */
async function ingest(cloud: CostCloud, options: WorkerOptions, report: Report): Promise<Handled> {
  const version = versionOf(report.modified, options.generation, report.fingerprint);
  const before = await cloud.table.read(outcomesKey(options.source), report.name);
  if (before?.item.version === version.id) {
    await tell(cloud.table, options, { ...(before.item as unknown as StoredOutcome), report: report.name });
    return { known: report.name };
  }
  const base = { report: report.name, reported: report.modified, version: version.id };
  mkdirSync(options.folder, { recursive: true });
  const folder = mkdtempSync(join(options.folder, "report-"));
  try {
    const paths = await fetchAll(cloud.bucket, report, folder, options.maxBytes);
    const digested = await digest(paths, { ...options, folder });
    try {
      const facts = factsOf(digested, base);
      const published = await publishAll(cloud.table, options.source, report, version, digested, facts);
      const periods = Object.keys(published);
      const outcome: Outcome = { ...facts, ...base, periods, result: "Ingested", reason: "", message: "" };
      await keep(cloud.table, options, outcome);
      return { outcome, published };
    } finally {
      digested.close();
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { reason, message } = error;
    const outcome: Outcome = { ...nothing, ...base, ingested: now(), result: "Refused", reason, message };
    await keep(cloud.table, options, outcome);
    return { outcome, published: {} };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const now = () => new Date().toISOString();
const nothing = { format: "", reportRows: 0, rejected: [], notes: [], periods: [] };

const factsOf = ({ format, rows, rejected, notes }: Digest, base: Pick<Facts, "report" | "reported">): Facts => ({
  report: base.report,
  reported: base.reported,
  format,
  reportRows: rows,
  rejected,
  notes,
  ingested: now(),
});

async function publishAll(
  table: CostTable,
  source: string,
  report: Report,
  version: Version,
  digested: Digest,
  facts: Facts,
): Promise<Readonly<Record<string, Published>>> {
  // A month whose report has no rows any more has cost nothing: that is in force then, too.
  const periods = new Set([...digested.periods, ...(report.period === undefined ? [] : [report.period])]);
  const published: Record<string, Published> = {};
  for (const period of [...periods].sort())
    published[period] = await publish(table, source, period, version, facts, () => digested.rowsOf(period));
  return published;
}

/** The outcome as an item: whether the summary tells of it already. */
type StoredOutcome = Outcome & { readonly summary?: "Due" | "Written" };

const itemOf = (source: string, { report, ...rest }: StoredOutcome): CostItem => ({
  pk: outcomesKey(source),
  sk: report,
  ...(rest as unknown as Readonly<Record<string, CostValue>>),
});

async function keep(table: CostTable, options: WorkerOptions, outcome: Outcome): Promise<void> {
  const due: StoredOutcome = { ...outcome, summary: "Due" };
  await table.writeAll([itemOf(options.source, due)]);
  await tell(table, options, due);
}

/** Brings the summary up to date, unless it is: a worker may have ended between the outcome and the summary. */
async function tell(table: CostTable, { source, anomalyFloor }: WorkerOptions, outcome: StoredOutcome): Promise<void> {
  if (outcome.summary === "Written") return;
  await summarize(table, source, outcome, anomalyFloor);
  const found = await table.read(outcomesKey(source), outcome.report);
  if (found?.item.version !== outcome.version) return;
  await table.swap({ ...found.item, summary: "Written" }, found.mark);
}

/** Brings the files here, each while it is the one that was listed. */
async function fetchAll(bucket: ReportBucket, { files }: Report, folder: string, maxBytes: number) {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > maxBytes)
    throw new Refusal("TooLarge", `the report has ${bytes} bytes, and the worker has room for ${maxBytes}`);
  const paths: string[] = [];
  for (const [at, file] of files.entries()) {
    const path = join(folder, `part-${String(at).padStart(6, "0")}`);
    await pipeline(await bucket.open(file), createWriteStream(path));
    paths.push(path);
  }
  return paths;
}
