/** What a column of a report is called and of which type, and how SQL speaks of it. */

/** A column as DuckDB sees it. */
export interface Column {
  readonly name: string;
  /** DuckDB's name of the type, such as `DECIMAL(18,2)` or `MAP(VARCHAR, VARCHAR)`. */
  readonly type: string;
  /** The column in SQL. */
  readonly sql: string;
}

/** The columns of a file. Names are the same in any case. */
export interface Columns {
  /** The first of these that is there. */
  find(...names: readonly string[]): Column | undefined;
}

/** SQL of each thing that we take from a row. */
export interface Selection {
  /** TIMESTAMP of the billing period's begin, in UTC. */
  readonly period: string;
  /** TIMESTAMP of the charge's begin, in UTC. */
  readonly charged: string;
  readonly service: string;
  readonly account: string;
  readonly region: string;
  readonly category: string;
  readonly currency: string;
  /** DECIMAL of up to 18 decimals; NULL: it can't be read. */
  readonly billed: string;
  readonly effective: string;
  readonly list: string;
  /** @param parameter SQL of the key, which is a prepared parameter @param pointer the key as a JSON pointer, likewise */
  tag(parameter: string, pointer: string): string;
  /** SQL that holds unless the tags can't be read. */
  readonly tagsReadable: string;
  /** The columns that rejections name, with their raw value as text. */
  readonly raw: Readonly<Record<"period" | "charged" | "currency" | "billed" | "effective" | "list" | "tags", Column>>;
  /** What readers of the outcome should know of how amounts came about. */
  readonly notes: readonly string[];
}

/** A kind of report. */
export interface Format {
  readonly name: string;
  /** Columns by which it is told from others; all are there. */
  readonly marks: readonly string[];
  /** Columns without which it can't be read; of each list one. */
  readonly needs: readonly (readonly string[])[];
  select(columns: Columns): Selection;
}

const NOTHING: Column = { name: "", type: "VARCHAR", sql: "NULL::VARCHAR" };

/** A column that may be missing: then it is NULL. */
export const orNothing = (column: Column | undefined, name: string): Column => column ?? { ...NOTHING, name };

const isText = ({ type }: Column) => type === "VARCHAR";
const isFloat = ({ type }: Column) => type === "DOUBLE" || type === "FLOAT";

/** What is said of amounts that a report has as floating point. */
export const ROUNDED =
  "amounts came as floating point: each was rounded to 12 decimals, and is a decimal from there on";

/**
 * An amount. Text is taken digit by digit, rounded at the 18th decimal; a float is rounded at the 12th, half away from zero,
 * which gives back the decimals it was made from up to 9,000 and leaves 15 significant digits above. NULL: it can't be read.
 */
export function money(column: Column): string {
  const { sql } = column;
  if (isText(column)) return moneyText(sql);
  if (isFloat(column)) return `TRY_CAST(${sql} AS DECIMAL(38,12))`;
  return /^DECIMAL\(\d+,(\d|1[0-8])\)$/.test(column.type) ? sql : `TRY_CAST(${sql} AS DECIMAL(38,18))`;
}

/**
 * Up to 14 characters without an exponent have at most 13 decimals: a number of 64 bits holds them exactly, and is read six
 * times as fast as one of 128. DuckDB takes 1_000 for a number, which no bill means.
 */
function moneyText(sql: string): string {
  const cast = (value: string, type: string) => `TRY_CAST(${value} AS DECIMAL(${type}))`;
  const long = cast(`NULLIF(${sql}, '')`, "38,18");
  const plain = `strlen(${sql}) <= 14 AND NOT contains(${sql}, 'e') AND NOT contains(${sql}, 'E') AND NOT contains(${sql}, '_')`;
  const short = `coalesce(${cast(cast(sql, "18,13"), "38,18")}, ${long})`;
  return `CASE WHEN ${plain} THEN ${short} WHEN contains(${sql}, '_') THEN NULL ELSE ${long} END`;
}

export const notesOf = (...columns: readonly (Column | undefined)[]): readonly string[] =>
  columns.some((column) => column && isFloat(column)) ? [ROUNDED] : [];

const ZONED = "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?( ?UTC|Z|\\+00(:?00)?)?";

/** A moment in UTC as TIMESTAMP. Text with another zone is not read: FOCUS and both clouds write UTC. */
export function moment(column: Column): string {
  const { sql, type } = column;
  if (type === "TIMESTAMP WITH TIME ZONE") return `make_timestamp(epoch_us(${sql}))`;
  if (!isText(column)) return `TRY_CAST(${sql} AS TIMESTAMP)`;
  return `CASE WHEN strlen(${sql}) <= 20 OR regexp_full_match(${sql}, '${ZONED}') THEN TRY_CAST(${sql} AS TIMESTAMP) END`;
}

/** Text, empty where there is none. */
export const text = ({ sql, type }: Column): string =>
  type === "VARCHAR" ? `coalesce(${sql}, '')` : `coalesce(${sql}::VARCHAR, '')`;

/** A field of a struct, or a column that is named like the path: `service.description`, `service_description`. */
export function field(columns: Columns, struct: string, name: string): Column | undefined {
  const whole = columns.find(struct);
  if (whole?.type.startsWith("STRUCT"))
    return fieldsOf(whole.type).has(name)
      ? { name: `${struct}.${name}`, type: fieldsOf(whole.type).get(name) ?? "", sql: `${whole.sql}['${name}']` }
      : undefined;
  return columns.find(`${struct}.${name}`, `${struct}_${name}`);
}

/** The fields of `STRUCT(a VARCHAR, "b" STRUCT(c DOUBLE)[])`, on its first level. */
export function fieldsOf(type: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const inside = /^STRUCT\(([\s\S]*)\)$/.exec(type)?.[1] ?? "";
  let [depth, begin] = [0, 0];
  const take = (part: string) => {
    const [, quoted, plain, of] = /^\s*(?:"([^"]*)"|(\S+))\s+([\s\S]+)$/.exec(part) ?? [];
    if (of !== undefined) fields.set(quoted ?? plain ?? "", of);
  };
  for (let at = 0; at < inside.length; at += 1) {
    if (inside[at] === "(") depth += 1;
    if (inside[at] === ")") depth -= 1;
    if (inside[at] === "," && depth === 0) {
      take(inside.slice(begin, at));
      begin = at + 1;
    }
  }
  take(inside.slice(begin));
  return fields;
}

/** A value of tags by its key: a map, a list of keys and values, or text in JSON. */
export function valueIn(tags: Column, parameter: string, pointer: string): string {
  const { sql, type } = tags;
  if (type.startsWith("MAP")) return `${sql}[${parameter}]`;
  const entries = listOf(tags);
  if (entries) return `list_extract(list_filter(${entries}, lambda e: e.key = ${parameter}), 1).value`;
  return `CASE WHEN json_valid(${sql}) THEN json_extract_string(${sql}, ${pointer}) END`;
}

/** Likewise where text is a JSON list of `{"key": …, "value": …}`. */
export function valueInEntries(tags: Column, parameter: string, pointer: string): string {
  if (!isText(tags)) return valueIn(tags, parameter, pointer);
  const entries = `from_json(${tags.sql}, '[{"key":"VARCHAR","value":"VARCHAR"}]')`;
  return `CASE WHEN json_valid(${tags.sql}) THEN list_extract(list_filter(${entries}, lambda e: e.key = ${parameter}), 1).value END`;
}

/** SQL that holds unless this is text and no JSON. */
export const readable = (column: Column): string =>
  isText(column) && column.sql !== NOTHING.sql
    ? `(${column.sql} IS NULL OR ${column.sql} = '' OR json_valid(${column.sql}))`
    : "true";

/**
 * A list of structs. Parquet of writers that don't mark their lists has each as `list.element`:
 * github.com/apache/parquet-format, LogicalTypes, "Lists".
 */
export function listOf({ sql, type }: Column): string | undefined {
  if (/^STRUCT\(.*\)\[\]$/s.test(type)) return sql;
  const inner = fieldsOf(type).get("list");
  return inner?.endsWith("[]") ? `list_transform(${sql}['list'], lambda e: e.element)` : undefined;
}
