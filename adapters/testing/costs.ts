/** What the ingest of cost reports counts on, on each cloud's emulator, and what a worker that is killed leaves behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { headKey, rowsKey } from "../../operator/ingest/ledger.ts";
import { totals } from "../../operator/ingest/read.ts";
import { type Summary, summaryKey } from "../../operator/ingest/summary.ts";
import { focusCsv } from "../../operator/ingest/testing/reports.ts";
import { handle, take, type WorkerOptions } from "../../operator/ingest/worker.ts";
import type { CostCloud, CostItem, CostTable, ReportObject } from "../../operator/provider/costs.ts";

/** A cloud with a Queue, a Bucket and a Table for reports. */
export interface CostsUnderTest {
  readonly costs: CostCloud;
  /** Writes an object as the cloud's own services do. */
  put(key: string, content: string | Buffer): Promise<void>;
  /** Sends a message into the queue. */
  send(body: string): Promise<void>;
  /** Environment variables of a worker's pod, but for ONYX_COSTS. */
  readonly env: Readonly<Record<string, string>>;
}

/** Names of the objects, as ONYX_COSTS of the killed workers has them. */
export const OBJECTS = { queue: "reports", bucket: "reports", table: "costs" } as const;

const WORKER = fileURLToPath(new URL("./costs-worker.ts", import.meta.url));
const log = { info() {}, warn() {} };

const summaryOf = async (table: CostTable, source: string) => {
  const { pk, sk } = summaryKey(source);
  return (await table.read(pk, sk))?.item as unknown as Summary | undefined;
};
const itemsOf = async (table: CostTable, pk: string, from = "", to = "~") => {
  const found: CostItem[] = [];
  for await (const item of table.query(pk, from, to)) found.push(item);
  return found;
};

export function testCosts(under: () => CostsUnderTest): void {
  const told = (key: string) =>
    JSON.stringify({
      type: "io.onelens.onyx.bucket.object.created",
      source: under().costs.bucket.url,
      data: { object: { key } },
    });

  describe("the table", () => {
    const item = (pk: string, sk: string, more: object = {}): CostItem => ({ pk, sk, ...more }) as CostItem;

    it("gives back what was written, in the order of its keys, page by page", async () => {
      const { table } = under().costs;
      const odd = {
        text: 'ü "€" / % : ~',
        amount: "0.000000000000000001",
        count: 7,
        tags: { "a/b": "ü" },
        list: [{ a: "b" }],
      };
      const all = Array.from({ length: 730 }, (_, n) => item("many", `2024-09#${String(n).padStart(4, "0")}`, odd));
      await table.writeAll(all.toReversed());
      await table.writeAll([item("many!", "2024-09#0000")]);
      expect(await itemsOf(table, "many")).toEqual(all);
      expect(await itemsOf(table, "many", "2024-09#0010", "2024-09#0012")).toEqual(all.slice(10, 13));
      expect(await itemsOf(table, "none")).toEqual([]);
      await table.writeAll(all.slice(0, 30));
      await table.deleteAll(all.slice(0, 729));
      await table.deleteAll(all.slice(0, 3));
      expect(await itemsOf(table, "many")).toEqual(all.slice(729));
    });

    it("swaps an item only while it is what was read", async () => {
      const { table } = under().costs;
      const [pk, sk] = ["swapped", "2024-09"];
      expect(await table.read(pk, sk)).toBe(undefined);
      expect(await table.swap(item(pk, sk, { n: "1" }), null)).toBe(true);
      expect(await table.swap(item(pk, sk, { n: "2" }), null)).toBe(false);
      const first = await table.read(pk, sk);
      expect(first?.item).toEqual(item(pk, sk, { n: "1" }));
      expect(await table.swap(item(pk, sk, { n: "2", more: "m" }), first?.mark ?? "")).toBe(true);
      expect(await table.swap(item(pk, sk, { n: "3" }), first?.mark ?? "")).toBe(false);
      const second = await table.read(pk, sk);
      expect(second?.item).toEqual(item(pk, sk, { n: "2", more: "m" }));
      expect(await table.swap(item(pk, sk, { n: "3" }), second?.mark ?? "")).toBe(true);
      expect((await table.read(pk, sk))?.item).toEqual(item(pk, sk, { n: "3" }));
      const tries = Array.from({ length: 8 }, (_, n) => table.swap(item(pk, "race", { n: String(n) }), null));
      expect((await Promise.all(tries)).filter(Boolean).length).toBe(1);
    });
  });

  describe("the bucket", () => {
    it("lists, looks at and gives objects, and only the version that was asked for", async () => {
      const { costs, put } = under();
      const { bucket } = costs;
      const keys = ["b/x y+%2F.csv", "b/x.csv", "b/ü.csv"];
      for (const key of keys) await put(key, key);
      await put("c", "c");
      const listed = await bucket.list("b/");
      expect(listed.map(({ key }) => key).sort()).toEqual(keys.toSorted());
      for (const object of listed) {
        expect(await bucket.stat(object.key)).toMatchObject({
          key: object.key,
          version: object.version,
          bytes: Buffer.byteLength(object.key),
        });
        expect(Math.abs(Date.parse(object.modified) - Date.now())).toBeLessThan(120_000);
        const chunks: Buffer[] = [];
        for await (const chunk of await bucket.open(object)) chunks.push(Buffer.from(chunk as Uint8Array));
        expect(Buffer.concat(chunks).toString()).toBe(object.key);
      }
      expect(await bucket.stat("b/none")).toBe(undefined);
      const [old] = listed;
      await put(old?.key ?? "", "another one");
      await expect(bucket.open(old as ReportObject)).rejects.toMatchObject({ name: "ProviderError" });
      expect((await bucket.stat(old?.key ?? ""))?.version).not.toBe(old?.version);
    });
  });

  describe("the queue", () => {
    it("gives a message out once while it is held, again when it is given back, and never when it is done", async () => {
      const { costs, send } = under();
      await send("hello ü");
      const first = await received(costs);
      expect(first.body).toBe("hello ü");
      await first.extend(60);
      await first.giveBack(0);
      const second = await received(costs);
      expect(second.body).toBe("hello ü");
      await second.done();
      await send("next");
      const third = await received(costs);
      expect(third.body).toBe("next");
      await third.done();
    });

    it("stops waiting when it is told to", async () => {
      const stop = AbortSignal.timeout(50);
      const begin = Date.now();
      await under()
        .costs.queue.receive(stop)
        .catch(() => undefined);
      expect(Date.now() - begin).toBeLessThan(10_000);
    });
  });

  describe("a worker", () => {
    const source = "killed";
    const options = (folder: string): WorkerOptions => ({
      source,
      prefix: "",
      generation: 1,
      folder,
      memoryMb: 128,
      threads: 1,
      maxBytes: 1 << 26,
      settleSeconds: 0,
      holdSeconds: 60,
      tagKeys: [],
      allocations: [],
      rejectedShare: 0,
      anomalyFloor: "1",
    });
    const key = "k/BILLING_PERIOD=2024-09/r.csv";
    const report = (amount: string) =>
      focusCsv(
        Array.from({ length: 1_100 }, (_, n) => ({
          BilledCost: amount,
          EffectiveCost: amount,
          ServiceName: `service ${n}`,
        })),
      );
    const october = (amount: string) =>
      report(amount).replaceAll("2024-10-01 ", "2024-11-01 ").replaceAll("2024-09-", "2024-10-");
    const seen = async () =>
      (await totals(under().costs.table, source, { periods: { from: "2024-01", to: "2024-12" }, by: ["period"] }))
        .map(({ of, effective, count }) => `${of} ${effective} of ${count}`)
        .join();

    it("that is killed at any write loses nothing and doubles nothing", async () => {
      const { costs, put, env } = under();
      const folder = mkdtempSync(join(tmpdir(), "onyx-ingest-"));
      const children: ChildProcess[] = [];
      /** Whether a worker ends by itself, and not at its nth write. */
      const runs = (at: number, after: boolean) =>
        new Promise<boolean>((resolve, reject) => {
          const child = spawn(process.execPath, [WORKER], {
            env: {
              ...process.env,
              ...env,
              ONYX_COSTS: JSON.stringify({ ...OBJECTS, ...forConfig(options(folder)) }),
              KILL_AT: String(at),
              KILL_AFTER: String(after),
              TOLD: told(key),
            },
            stdio: ["ignore", "ignore", "inherit"],
          });
          children.push(child);
          child.once("error", reject);
          child.once("exit", (code, signal) => {
            if (code !== 0 && signal !== "SIGKILL") reject(new Error(`The worker ended with ${code ?? signal}.`));
            else resolve(code === 0);
          });
        });
      try {
        await put(key, report("1"));
        await handle(costs, options(folder), told(key));
        let [now, next, whole, writes] = ["2024-09 1100 of 1100", 2, false, 0];
        for (let at = 1; !whole; at += 1) {
          await put(key, report(String(next)));
          const then = `2024-09 ${1_100 * next} of 1100`;
          // Killed before a write is sent, and after it was made: every second time one of them.
          whole = await runs(at, at % 2 === 0);
          expect([now, then]).toContain(await seen());
          // What comes again, as the message was not deleted, ends it.
          await handle(costs, options(folder), told(key));
          expect(await seen()).toBe(then);
          expect(await summaryOf(costs.table, source)).toMatchObject({
            month: "2024-09",
            rows: 1_100,
            monthToDate: [{ currency: "USD", amount: String(1_100 * next) }],
          });
          [now, next, writes] = [then, next + 1, at];
        }
        expect(writes).toBeGreaterThan(7);
        const [head] = await itemsOf(costs.table, headKey(source));
        expect(head).toMatchObject({ rows: 1_100, open: [] });
        const inForce = (head?.version as { id: string } | undefined)?.id ?? "";
        expect((await itemsOf(costs.table, rowsKey(source, "2024-09", inForce))).length).toBe(1_100);
      } finally {
        for (const child of children) child.kill("SIGKILL");
        rmSync(folder, { recursive: true, force: true });
      }
    }, 240_000);

    it("takes a message from the queue to the table, and two of them end with it once", async () => {
      const { costs, put, send } = under();
      const folder = mkdtempSync(join(tmpdir(), "onyx-ingest-"));
      try {
        await put("two/BILLING_PERIOD=2024-10/r.csv", report("3").replaceAll("2024-09-01 ", "2024-10-01 "));
        for (let n = 0; n < 2; n += 1) await send(told("two/BILLING_PERIOD=2024-10/r.csv"));
        const both = [await received(costs), await received(costs)];
        await Promise.all(both.map((delivery) => take(costs, { ...options(folder), source: "two" }, log, delivery)));
        const [total] = await totals(costs.table, "two", { periods: { from: "2024-10", to: "2024-10" }, by: [] });
        expect(total).toMatchObject({ effective: "3300", count: 1_100 });
        expect((await itemsOf(costs.table, headKey("two"))).map(({ open }) => open)).toEqual([[]]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

    it("that ends at the same time as another leaves a summary of what both have put into force", async () => {
      const { costs, put } = under();
      const folder = mkdtempSync(join(tmpdir(), "onyx-ingest-"));
      const of = (month: string) => `months/BILLING_PERIOD=${month}/r.csv`;
      try {
        await put(of("2024-09"), report("1"));
        await put(of("2024-10"), october("2"));
        await Promise.all(
          ["2024-09", "2024-10"].map((month) =>
            handle(costs, { ...options(folder), source: "months" }, told(of(month))),
          ),
        );
        const { reported, ingested, report: last, ...summary } = (await summaryOf(costs.table, "months")) as Summary;
        expect([of("2024-09"), of("2024-10")].map((key) => key.replace(".csv", ""))).toContain(last);
        expect(Date.parse(reported)).toBeLessThanOrEqual(Date.parse(ingested));
        expect(summary).toEqual({
          ...summaryKey("months"),
          result: "Ingested",
          reason: "",
          message: "",
          format: "FOCUS",
          reportRows: 1_100,
          rejectedRows: 0,
          rejected: [],
          month: "2024-10",
          lastDay: "2024-10-31",
          rows: 1_100,
          monthToDate: [{ currency: "USD", amount: "2200" }],
          lastMonth: [{ currency: "USD", amount: "1100" }],
          forecast: [{ currency: "USD", amount: "2200", method: "Complete" }],
          anomalies: expect.any(Array),
        });
        expect(summary.anomalies.length).toBe(20);
        await put(of("2024-10"), "no report");
        await handle(costs, { ...options(folder), source: "months" }, told(of("2024-10")));
        expect(await summaryOf(costs.table, "months")).toMatchObject({
          result: "Refused",
          reason: "UnknownFormat",
          monthToDate: [{ currency: "USD", amount: "2200" }],
        });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }, 120_000);
  });
}

/** The next message, as long as it takes. */
async function received({ queue }: CostCloud) {
  const signal = AbortSignal.timeout(30_000);
  for (;;) {
    const delivery = await queue.receive(signal);
    if (delivery) return delivery;
  }
}

/** What ONYX_COSTS takes of the options of a worker. */
const forConfig = ({ holdSeconds, ...options }: WorkerOptions) => ({
  ...options,
  holdSeconds: Math.max(20, holdSeconds),
});
