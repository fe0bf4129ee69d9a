import { createHash } from "node:crypto";
import type { ReportBucket, ReportObject } from "../provider/costs.ts";

/** One delivery of a report: its files as they are now. */
export interface Report {
  /** Where it lies, for people: the manifest, or the folder and the begin of the names. */
  readonly name: string;
  readonly files: readonly ReportObject[];
  /** `2024-09`, where the place tells it; undefined: its rows do. */
  readonly period: string | undefined;
  /** When the last of its objects was written. ISO 8601, UTC. */
  readonly modified: string;
  /** Another one for each content. */
  readonly fingerprint: string;
}

/** What a notification leads to. */
export type Found =
  | { readonly report: Report }
  /** Nothing to do, for people: why. */
  | { readonly nothing: string }
  /** It isn't whole yet, for people: why. */
  | { readonly later: string };

const PERIOD = /(?:^|\/)BILLING_PERIOD=(\d{4}-\d{2})(?=\/)/;
const MANIFEST = /^(.*\/)?metadata\/(BILLING_PERIOD=\d{4}-\d{2}\/.*)-Manifest\.json$/;
const OF_EXPORT = /(?:^|\/)(?:data|metadata)\/BILLING_PERIOD=\d{4}-\d{2}\//;
const FILE = /\.(?:csv|csv\.gz|gz|parquet)$/i;
/** The number of a chunk or shard, and what follows it: `-00001.snappy.parquet`, `-000000000000.csv.gz`. */
const SHARD = /[-_]?\d{5,12}(?:\.[a-z]+)*$|(?:\.[a-z]+)+$/i;
/** The most bytes of a manifest. */
const MANIFEST_BYTES = 4 << 20;

/**
 * The report that an object belongs to.
 *
 * - AWS Data Exports (FOCUS and CUR 2.0) write `<export>/data/BILLING_PERIOD=YYYY-MM/…` and then
 *   `<export>/metadata/BILLING_PERIOD=YYYY-MM/…-Manifest.json`, whose `dataFiles` are the report; with "create new" both have
 *   a folder for each execution: docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html. The manifest alone
 *   tells of a report.
 * - Anything else is a file, or shards of one that differ in their number, such as those of BigQuery's EXPORT DATA:
 *   cloud.google.com/bigquery/docs/exporting-data. Nothing tells when all are there: a report is taken once none of its objects
 *   has changed for a while, and again when more come.
 *
 * @param settledMs how long none of its objects may have changed
 */
export async function reportOf(bucket: ReportBucket, key: string, now: number, settledMs: number): Promise<Found> {
  const manifest = MANIFEST.exec(key);
  if (!manifest && OF_EXPORT.test(key)) return { nothing: "the manifest of the export tells of it" };
  if (!manifest && !FILE.test(key)) return { nothing: "it is no CSV and no Parquet" };
  const found = manifest ? await byManifest(bucket, key) : await byShards(bucket, key);
  if ("nothing" in found || "later" in found) return found;
  const { name, objects, files } = found;
  const modified =
    objects
      .map((object) => object.modified)
      .sort()
      .at(-1) ?? "";
  if (now - Date.parse(modified) < settledMs) return { later: "an object of it was written just now" };
  const fingerprint = createHash("sha256");
  for (const { key: path, version, bytes } of files) fingerprint.update(JSON.stringify([path, version, bytes]));
  return {
    report: { name, files, period: PERIOD.exec(key)?.[1], modified, fingerprint: fingerprint.digest("hex") },
  };
}

type Gathered = { name: string; objects: readonly ReportObject[]; files: readonly ReportObject[] };
type Gathering = Gathered | Exclude<Found, { report: Report }>;

async function byManifest(bucket: ReportBucket, key: string): Promise<Gathering> {
  const object = await bucket.stat(key);
  if (!object) return { nothing: "its manifest is gone" };
  const keys = dataFilesOf(await textOf(bucket, object), bucket.url);
  if (!keys) return { nothing: "its manifest lists no dataFiles" };
  const files = await Promise.all(keys.map((one) => bucket.stat(one)));
  const missing = keys.filter((_, at) => files[at] === undefined);
  if (missing.length > 0) return { later: `${missing.length} of its ${keys.length} files are missing` };
  const there = files.filter((file) => file !== undefined).sort(byKey);
  return { name: key, objects: [object, ...there], files: there };
}

async function byShards(bucket: ReportBucket, key: string): Promise<Gathering> {
  const stem = key.replace(SHARD, "");
  const files = (await bucket.list(stem))
    .filter((one) => FILE.test(one.key) && one.key.replace(SHARD, "") === stem)
    .toSorted(byKey);
  return files.length === 0 ? { nothing: "it is gone" } : { name: stem, objects: files, files };
}

const byKey = (a: ReportObject, b: ReportObject) => (a.key < b.key ? -1 : 1);

async function textOf(bucket: ReportBucket, object: ReportObject): Promise<string> {
  if (object.bytes > MANIFEST_BYTES) return "";
  const chunks: Buffer[] = [];
  for await (const chunk of await bucket.open(object)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** Keys of `dataFiles`: `["s3://bucket/key", …]`. Undefined: there are none of this bucket. */
function dataFilesOf(text: string, url: string): readonly string[] | undefined {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { dataFiles } = (manifest ?? {}) as { dataFiles?: unknown };
  if (!Array.isArray(dataFiles) || dataFiles.length === 0) return undefined;
  const inside = `${url}/`;
  const keys = dataFiles.map((one) =>
    typeof one === "string" && one.startsWith(inside) ? one.slice(inside.length) : "",
  );
  return keys.includes("") ? undefined : keys;
}
