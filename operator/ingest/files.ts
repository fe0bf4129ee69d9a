/** The files of a report as they lie on this machine: what kind each is, and what its columns are called. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type DuckDBConnection, listValue } from "@duckdb/node-api";
import type { Column, Columns } from "./formats/format.ts";
import { Refusal } from "./refusal.ts";

/** Files of one kind with the same columns, and how SQL reads them. */
export interface Source {
  readonly kind: "csv" | "parquet";
  readonly gzip: boolean;
  readonly paths: readonly string[];
  readonly columns: readonly Column[];
}

/** The most bytes of the line with the columns' names. */
const HEADER_BYTES = 1 << 20;
/** The most bytes of one line. Longer ones end in a refusal. */
const LINE_BYTES = 2_000_000;

/** @throws Refusal a file is none that can be read */
export async function sourcesOf(connection: DuckDBConnection, paths: readonly string[]): Promise<readonly Source[]> {
  const sources = new Map<string, { -readonly [K in keyof Source]: Source[K] }>();
  for (const path of paths) {
    const { kind, gzip } = await kindOf(path);
    const columns = kind === "parquet" ? await parquetColumns(connection, path) : await csvColumns(path, gzip);
    const id = JSON.stringify([kind, gzip, columns]);
    const source = sources.get(id);
    if (source) source.paths = [...source.paths, path];
    else sources.set(id, { kind, gzip, paths: [path], columns });
  }
  return [...sources.values()];
}

/** `FROM` of these files, and the parameter that it takes. */
export function fromSource({ kind, gzip, paths, columns }: Source, parameter: string) {
  const values = { [parameter]: listValue([...paths]) };
  if (kind === "parquet") return { sql: `read_parquet($${parameter}, hive_partitioning = false)`, values };
  const types = columns.map(({ sql }) => `${sql}: 'VARCHAR'`).join(", ");
  const options = [
    `columns = {${types}}`,
    "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'",
    // An unquoted NULL is no value; a quoted one is a word.
    "nullstr = 'NULL', allow_quoted_nulls = false, hive_partitioning = false",
    `max_line_size = ${LINE_BYTES}, compression = '${gzip ? "gzip" : "none"}'`,
  ];
  return { sql: `read_csv($${parameter}, ${options.join(", ")})`, values };
}

export const columnsOf = ({ columns }: Source): Columns => {
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  return {
    find: (...names) => names.map((name) => byName.get(name.toLowerCase())).find((column) => column !== undefined),
  };
};

async function kindOf(path: string): Promise<Pick<Source, "kind" | "gzip">> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead === 0)
      throw new Refusal("EmptyFile", "a file of the report has no content, not even names of columns");
    if (buffer.toString("latin1") === "PAR1") return { kind: "parquet", gzip: false };
    return { kind: "csv", gzip: buffer[0] === 0x1f && buffer[1] === 0x8b };
  } finally {
    await file.close();
  }
}

async function parquetColumns(connection: DuckDBConnection, path: string): Promise<readonly Column[]> {
  const found = await connection.runAndReadAll("SELECT * FROM read_parquet($path, hive_partitioning = false) LIMIT 0", {
    path,
  });
  const types = found.columnTypes();
  return found.columnNames().map((name, at) => ({ name, type: String(types[at]), sql: identifier(name) }));
}

const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Columns of a CSV are spoken of by their place, so that their names are nothing but names. */
async function csvColumns(path: string, gzip: boolean): Promise<readonly Column[]> {
  return namesIn(await headOf(path, gzip)).map((name, at) => ({ name, type: "VARCHAR", sql: `c${at}` }));
}

/** The begin of a file, unpacked: as much as the names of columns take. */
async function headOf(path: string, gzip: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const file = createReadStream(path, { highWaterMark: 64 * 1024 });
  const stream = gzip ? file.pipe(createGunzip()) : file;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > HEADER_BYTES || chunk.includes(0x0a)) break;
    }
  } catch (error) {
    throw brokenGzip(error);
  } finally {
    file.destroy();
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** RFC 4180, section 2: the first record. */
export function namesIn(head: string): readonly string[] {
  const names: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  field.lastIndex = head.startsWith("\ufeff") ? 1 : 0;
  for (;;) {
    const found = field.exec(head);
    if (!found) throw new Refusal("NoColumns", "the first line of the report names no columns that can be read");
    names.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] !== ",") return names;
  }
}

/**
 * What DuckDB would take for a whole CSV though it isn't: a gzip file that is cut off or damaged, which it reads up to there,
 * and a last line that is longer than its buffer, which it leaves out. Takes a gzip file to its end, checksum and length
 * included; of another one it reads the last bytes.
 *
 * @throws Refusal
 */
export async function checkCsv(path: string, gzip: boolean): Promise<void> {
  if ((gzip ? await lastLineUnpacked(path) : await lastLine(path)) > LINE_BYTES)
    throw new Refusal("Unreadable", "a line of the report is longer than 2,000,000 bytes");
}

const NEWLINE = 0x0a;

/** Bytes of the last line, as far as they matter. */
async function lastLine(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - LINE_BYTES - 2);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return bytesRead - 1 - buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE, bytesRead - 2);
  } finally {
    await file.close();
  }
}

async function lastLineUnpacked(path: string): Promise<number> {
  // Where the last line begins, and the one before it: a file may end with the end of a line.
  let [bytes, begin, before] = [0, 0, 0];
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const last = chunk.lastIndexOf(NEWLINE);
      if (last >= 0) {
        const earlier = last === 0 ? -1 : chunk.lastIndexOf(NEWLINE, last - 1);
        before = earlier >= 0 ? bytes + earlier + 1 : begin;
        begin = bytes + last + 1;
      }
      bytes += chunk.length;
      done();
    },
  });
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), createGunzip({ chunkSize: 1 << 18 }), lines);
  } catch (error) {
    throw brokenGzip(error);
  }
  return bytes - (begin === bytes ? before : begin);
}

const brokenGzip = (error: unknown) =>
  new Refusal(
    "BrokenGzip",
    `a gzip file of the report is cut off or damaged: ${error instanceof Error ? error.message : error}`,
  );
