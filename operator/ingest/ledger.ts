import { createHash } from "node:crypto";
import type { CostItem, CostRow, CostTable, CostValue } from "../provider/costs.ts";

/**
 * Exactly-once writing of reports. The rows of each version of a report lie in a partition of their own; one item, the head of
 * (source, billing period), names the version in force, and is switched when all rows of the new one are there. Readers go by
 * the head. So a crash leaves what was in force, a second delivery changes nothing, and an older report never takes the place
 * of a newer one. Before rows are written, the head lists their version among `open`: what never came into force, and what was
 * in force before, is deleted from that list, by whoever comes next if need be.
 */

/**
 * A version of a report: `id` by its content, when it was written, and the settings it was read with. Content that comes back
 * later is another version: the rows of the one before may just be on their way out.
 */
export interface Version {
  readonly id: string;
  /** Of two versions the one with the greater text is the newer one. */
  readonly order: string;
}

/** @param modified of the report, ISO 8601 @param generation of the settings */
export function versionOf(modified: string, generation: number, fingerprint: string): Version {
  const at = `${new Date(modified).toISOString()}#${String(generation).padStart(10, "0")}`;
  const id = createHash("sha256").update(`${at} ${fingerprint}`).digest("hex").slice(0, 20);
  return { id, order: `${at}#${id}` };
}

/** What a head tells besides its version. */
export interface Facts {
  readonly report: string;
  readonly format: string;
  /** Rows of the whole report, and those of it that could not be read. */
  readonly reportRows: number;
  readonly rejected: readonly { readonly reason: string; readonly rows: number; readonly sample: string }[];
  readonly notes: readonly string[];
  /** When the report was written, and when it was taken in. ISO 8601. */
  readonly reported: string;
  readonly ingested: string;
}

export interface Head extends Facts {
  readonly period: string;
  /** In force. Absent: none is yet. */
  readonly version: Version | undefined;
  /** Daily rows in force. */
  readonly rows: number;
  /** Versions that have rows, or may have, besides the one in force. */
  readonly open: readonly Version[];
}

export type Published =
  /** It is in force now. */
  | "written"
  /** It was before. */
  | "unchanged"
  /** A newer one is. */
  | "older";

export const headKey = (source: string) => `${source}#heads`;
export const rowsKey = (source: string, period: string, version: string) => `${source}#rows#${period}#${version}`;

/** How many items are written between two looks at whether to go on. */
const BATCH = 500;

const NO_FACTS: Facts = {
  report: "",
  format: "",
  reportRows: 0,
  rejected: [],
  notes: [],
  reported: "",
  ingested: "",
};

/** The head of a period and the state that it is in. */
export async function readHead(table: CostTable, source: string, period: string) {
  const found = await table.read(headKey(source), period);
  return found && { head: headOf(found.item), mark: found.mark };
}

/** All heads of a source, from one month to another, both included. */
export async function* heads(table: CostTable, source: string, from: string, to: string): AsyncIterable<Head> {
  for await (const item of table.query(headKey(source), from, to)) yield headOf(item);
}

/** Puts a version of one billing period into force. Any part of it may be done again. */
export async function publish(
  table: CostTable,
  source: string,
  period: string,
  version: Version,
  facts: Facts,
  rows: () => AsyncIterable<CostRow>,
): Promise<Published> {
  const before = await change(table, source, period, (head) => {
    if (!mayReplace(head, version) || head.open.some(({ id }) => id === version.id)) return head;
    return { ...head, open: [...head.open, version] };
  });
  if (before.version?.id === version.id) {
    await cleanUp(table, source, period);
    return "unchanged";
  }
  if (!mayReplace(before, version)) {
    await deleteRows(table, source, period, version.id);
    return "older";
  }
  const written = await writeRows(table, rowsKey(source, period, version.id), rows());
  const after = await change(table, source, period, (head) => {
    if (!mayReplace(head, version)) return head;
    const open = [...head.open.filter(({ id }) => id !== version.id), ...(head.version ? [head.version] : [])];
    return { ...head, ...facts, version, rows: written, open };
  });
  if (after.version?.id !== version.id) {
    await deleteRows(table, source, period, version.id);
    return "older";
  }
  await cleanUp(table, source, period);
  return "written";
}

const mayReplace = ({ version }: Pick<Head, "version">, by: Version): boolean =>
  version === undefined || (version.id !== by.id && version.order < by.order);

/** Changes a head, however many others do so at the same time. Gives back what it is then. */
async function change(table: CostTable, source: string, period: string, next: (head: Head) => Head): Promise<Head> {
  for (;;) {
    const found = await readHead(table, source, period);
    const head = found?.head ?? { ...NO_FACTS, period, version: undefined, rows: 0, open: [] };
    const changed = next(head);
    if (changed === head) return head;
    if (await table.swap(itemOf(source, changed), found?.mark ?? null)) return changed;
  }
}

async function writeRows(table: CostTable, pk: string, rows: AsyncIterable<CostRow>): Promise<number> {
  let [count, batch] = [0, [] as CostItem[]];
  for await (const row of rows) {
    batch.push({ pk, sk: `${row.day}#${idOf(row)}`, ...row });
    count += 1;
    if (batch.length < BATCH) continue;
    await table.writeAll(batch);
    batch = [];
  }
  if (batch.length > 0) await table.writeAll(batch);
  return count;
}

/** The same for the same row of any run. */
function idOf({ service, account, region, tags, category, currency, allocation }: CostRow): string {
  const parts = [service, account, region, Object.entries(tags).sort(), category, currency, allocation];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
}

/** Deletes what was in force before, and what was never to be. Versions newer than the one in force are somebody's at work. */
async function cleanUp(table: CostTable, source: string, period: string): Promise<void> {
  const found = await readHead(table, source, period);
  if (!found) return;
  const { version, open } = found.head;
  const gone = open.filter(({ order }) => version !== undefined && order < version.order);
  if (gone.length === 0) return;
  for (const { id } of gone) await deleteRows(table, source, period, id);
  const ids = new Set(gone.map(({ id }) => id));
  await change(table, source, period, (head) =>
    head.open.some(({ id }) => ids.has(id)) ? { ...head, open: head.open.filter(({ id }) => !ids.has(id)) } : head,
  );
}

async function deleteRows(table: CostTable, source: string, period: string, version: string): Promise<void> {
  let keys: Pick<CostItem, "pk" | "sk">[] = [];
  for await (const { pk, sk } of table.query(rowsKey(source, period, version), "", "~")) {
    keys.push({ pk, sk });
    if (keys.length < BATCH) continue;
    await table.deleteAll(keys);
    keys = [];
  }
  if (keys.length > 0) await table.deleteAll(keys);
}

function itemOf(source: string, { version, open, ...rest }: Head): CostItem {
  const plain = ({ id, order }: Version) => ({ id, order });
  return {
    pk: headKey(source),
    sk: rest.period,
    ...(rest as unknown as Readonly<Record<string, CostValue>>),
    open: open.map(plain),
    ...(version && { version: plain(version) }),
  };
}

function headOf(item: CostItem): Head {
  const { pk: _pk, sk: _sk, version, ...rest } = item as unknown as CostItem & Head;
  return { ...rest, version };
}
