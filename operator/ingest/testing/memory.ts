/** A cloud of cost reports in memory, which tells what is done to it and can be made to fail. */
import { Readable } from "node:stream";
import type { CostCloud, CostItem, CostTable, Delivery, ReportBucket } from "../../provider/costs.ts";
import { ProviderError } from "../../provider/fault.ts";

/** Thrown in place of an operation, as if the program had ended there. */
export class Crash extends Error {}

export interface MemoryTable extends CostTable {
  readonly items: Map<string, { item: CostItem; revision: number }>;
  /** Operations that change something, so far: each is one or more items. */
  readonly changes: number;
}

/**
 * @param before called ahead of each operation, with its name and how many changes there were; what it throws is thrown, and
 *   of `writeAll` and `deleteAll` the first half is done then
 */
export function memoryTable(
  before: (operation: string, change: number) => void | Promise<void> = () => {},
): MemoryTable {
  const items: MemoryTable["items"] = new Map();
  let changes = 0;
  const id = ({ pk, sk }: Pick<CostItem, "pk" | "sk">) => `${pk}\u0000${sk}`;
  async function half<T>(operation: string, all: readonly T[], apply: (one: T) => void) {
    changes += 1;
    try {
      await before(operation, changes);
    } catch (error) {
      for (const one of all.slice(0, all.length >> 1)) apply(one);
      throw error;
    }
    for (const one of all) apply(one);
  }
  const put = (item: CostItem) => {
    items.set(id(item), { item: structuredClone(item), revision: (items.get(id(item))?.revision ?? 0) + 1 });
  };
  return {
    items,
    get changes() {
      return changes;
    },
    async read(pk, sk) {
      await before("read", changes);
      const found = items.get(id({ pk, sk }));
      return found && { item: structuredClone(found.item), mark: String(found.revision) };
    },
    async swap(item, mark) {
      changes += 1;
      await before("swap", changes);
      const found = items.get(id(item));
      if ((found ? String(found.revision) : null) !== mark) return false;
      put(item);
      return true;
    },
    writeAll: (all) => half("writeAll", all, put),
    deleteAll: (keys) => half("deleteAll", keys, (key) => items.delete(id(key))),
    async *query(pk, from, to) {
      await before("query", changes);
      const found = [...items.values()].map(({ item }) => item).filter((item) => item.pk === pk);
      const within = found.filter(({ sk }) => sk >= from && sk <= to).sort((a, b) => (a.sk < b.sk ? -1 : 1));
      for (const item of within) yield structuredClone(item);
    },
  };
}

export interface MemoryBucket extends ReportBucket {
  put(key: string, content: string | Buffer, modified?: string): void;
  remove(key: string): void;
}

export function memoryBucket(url = "s3://reports"): MemoryBucket {
  const objects = new Map<string, { content: Buffer; version: string; modified: string }>();
  let writes = 0;
  const told = (key: string) => {
    const found = objects.get(key);
    return found && { key, version: found.version, bytes: found.content.length, modified: found.modified };
  };
  return {
    url,
    put(key, content, modified = new Date(Date.UTC(2024, 9, 1) + writes * 3_600_000).toISOString()) {
      writes += 1;
      objects.set(key, { content: Buffer.from(content), version: String(writes), modified });
    },
    remove: (key) => void objects.delete(key),
    async list(prefix) {
      return [...objects.keys()].filter((key) => key.startsWith(prefix)).flatMap((key) => told(key) ?? []);
    },
    stat: async (key) => told(key),
    async open({ key, version }) {
      const found = objects.get(key);
      if (found?.version !== version) throw new ProviderError("conflict", `${key} is another one by now`);
      return Readable.from([found.content]);
    },
  };
}

/** What a Bucket tells of a new object. */
export const created = (url: string, key: string): string =>
  JSON.stringify({
    specversion: "1.0",
    id: "1",
    source: url,
    type: "io.onelens.onyx.bucket.object.created",
    subject: key,
    data: { bucket: url.slice("s3://".length), object: { key, size: 1, etag: "e" } },
  });

export interface MemoryDelivery extends Delivery {
  readonly end: "open" | "done" | number;
}

export function memoryDelivery(body: string): MemoryDelivery {
  let end: MemoryDelivery["end"] = "open";
  return {
    body,
    get end() {
      return end;
    },
    extend: async () => {},
    async done() {
      end = "done";
    },
    async giveBack(seconds) {
      end = seconds;
    },
  };
}

/** @param deliveries what the queue gives out, in order; then it is empty */
export const memoryCloud = (bucket: ReportBucket, table: CostTable, deliveries: Delivery[] = []): CostCloud => ({
  bucket,
  table,
  queue: { receive: async () => deliveries.shift() },
  close() {},
});
