import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CostRow, CostTable } from "../provider/costs.ts";
import { type Facts, headKey, publish, readHead, rowsKey, type Version, versionOf } from "./ledger.ts";
import { totals } from "./read.ts";
import { Crash, type MemoryTable, memoryTable } from "./testing/memory.ts";

const [SOURCE, PERIOD] = ["shop", "2024-09"];
const facts: Facts = {
  report: "r",
  format: "FOCUS",
  reportRows: 1,
  rejected: [],
  notes: [],
  reported: "2024-09-02T00:00:00.000Z",
  ingested: "2024-09-02T01:00:00.000Z",
};
const version = (hour: number) => versionOf(new Date(Date.UTC(2024, 8, 2, hour)).toISOString(), 1, `content ${hour}`);
const [older, newer] = [version(1), version(2)];

/** Rows whose amount tells their version; more than one write takes. */
async function* rowsOf(amount: string, count = 700): AsyncIterable<CostRow> {
  for (let n = 0; n < count; n += 1)
    yield {
      day: `2024-09-${String((n % 30) + 1).padStart(2, "0")}`,
      service: `service ${n}`,
      account: "1",
      region: "",
      tags: {},
      category: "Usage",
      currency: "USD",
      allocation: "",
      billed: amount,
      effective: amount,
      list: "0",
      count: 1,
    };
}
const put = (table: CostTable, at: Version, amount: string, count?: number) =>
  publish(table, SOURCE, PERIOD, at, facts, () => rowsOf(amount, count));

/** What a reader sees: how much there is of it all. */
async function seen(table: CostTable): Promise<string> {
  const found = await totals(table, SOURCE, { periods: { from: PERIOD, to: PERIOD }, by: [] });
  return found.map(({ effective, count }) => `${effective} of ${count}`).join();
}

const partitions = (table: MemoryTable) => new Set([...table.items.values()].map(({ item }) => item.pk));

describe("a version", () => {
  it("is another one by its content, by when it was written and by the settings", () => {
    const at = "2024-09-02T00:00:00Z";
    const ids = [
      versionOf(at, 1, "a"),
      versionOf(at, 2, "a"),
      versionOf(at, 1, "b"),
      versionOf("2024-09-02T00:00:01Z", 1, "a"),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(versionOf(at, 1, "a")).toEqual(versionOf("2024-09-02T00:00:00.000Z", 1, "a"));
  });

  it("is newer by when it was written, then by the settings", () => {
    expect(versionOf("2024-09-02T00:00:00Z", 10, "a").order < versionOf("2024-09-02T00:00:01Z", 1, "a").order).toBe(
      true,
    );
    expect(versionOf("2024-09-02T00:00:00Z", 9, "a").order < versionOf("2024-09-02T00:00:00Z", 10, "a").order).toBe(
      true,
    );
  });
});

describe("reports", () => {
  it("come into force, replace what was there, and leave nothing else behind", async () => {
    const table = memoryTable();
    expect(await put(table, older, "1")).toBe("written");
    expect(await seen(table)).toBe("700 of 700");
    expect(await put(table, newer, "2", 3)).toBe("written");
    expect(await seen(table)).toBe("6 of 3");
    expect(partitions(table)).toEqual(new Set([headKey(SOURCE), rowsKey(SOURCE, PERIOD, newer.id)]));
    expect((await readHead(table, SOURCE, PERIOD))?.head).toMatchObject({
      rows: 3,
      open: [],
      version: newer,
      ...facts,
    });
  });

  it("that come again change nothing", async () => {
    const table = memoryTable();
    await put(table, older, "1");
    const { changes } = table;
    expect(await put(table, older, "1")).toBe("unchanged");
    expect(table.changes).toBe(changes);
  });

  it("that are older than what is in force stay out of it", async () => {
    const table = memoryTable();
    await put(table, newer, "2");
    expect(await put(table, older, "1")).toBe("older");
    expect(await seen(table)).toBe("1400 of 700");
    expect(partitions(table).has(rowsKey(SOURCE, PERIOD, older.id))).toBe(false);
  });

  it("of no rows put nothing into force", async () => {
    const table = memoryTable();
    await put(table, older, "1");
    expect(await put(table, newer, "0", 0)).toBe("written");
    expect(await seen(table)).toBe("");
    expect(partitions(table)).toEqual(new Set([headKey(SOURCE)]));
  });

  it("of other sources and periods are not touched", async () => {
    const table = memoryTable();
    await publish(table, "other", PERIOD, newer, facts, () => rowsOf("5", 2));
    await publish(table, SOURCE, "2024-08", newer, facts, () => rowsOf("7", 2));
    await put(table, older, "1");
    await put(table, newer, "2");
    const of = (source: string, period: string) =>
      totals(table, source, { periods: { from: period, to: period }, by: [] });
    expect((await of("other", PERIOD))[0]?.effective).toBe("10");
    expect((await of(SOURCE, "2024-08"))[0]?.effective).toBe("14");
  });
});

describe("a crash", () => {
  it("at any write: readers see the old or the new, whole; what comes again ends it, and nothing is left behind", async () => {
    for (let at = 1; ; at += 1) {
      let limit = Number.POSITIVE_INFINITY;
      const table = memoryTable((_operation, change) => {
        if (change >= limit) throw new Crash();
      });
      await put(table, older, "1");
      limit = table.changes + at;
      const ended = await put(table, newer, "2").then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof Crash)) throw error;
          return false;
        },
      );
      limit = Number.POSITIVE_INFINITY;
      expect(["700 of 700", "1400 of 700"]).toContain(await seen(table));
      expect(["written", "unchanged"]).toContain(await put(table, newer, "2"));
      expect(await seen(table)).toBe("1400 of 700");
      expect(partitions(table)).toEqual(new Set([headKey(SOURCE), rowsKey(SOURCE, PERIOD, newer.id)]));
      if (ended) {
        expect(at).toBeGreaterThan(5);
        return;
      }
    }
  });

  it("of a report that never comes again: the next one clears what it left", async () => {
    let armed = true;
    const table = memoryTable((operation, change) => {
      if (armed && operation === "writeAll" && change >= 3) throw new Crash();
    });
    await expect(put(table, older, "1")).rejects.toThrow(Crash);
    armed = false;
    expect(partitions(table).has(rowsKey(SOURCE, PERIOD, older.id))).toBe(true);
    expect(await seen(table)).toBe("");
    await put(table, newer, "2");
    expect(partitions(table)).toEqual(new Set([headKey(SOURCE), rowsKey(SOURCE, PERIOD, newer.id)]));
  });
});

describe("workers side by side", () => {
  it("in any order of their operations: the newest wins, whole, and nothing else is left", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 }),
        async (s, hours) => {
          const table = memoryTable();
          const turns: CostTable = new Proxy(table, {
            get(target, name, receiver) {
              const member = Reflect.get(target, name, receiver);
              if (typeof member !== "function" || name === "query") return member;
              return (...given: unknown[]) => s.schedule(Promise.resolve(), String(name)).then(() => member(...given));
            },
          });
          const all = hours.map((hour) => put(turns, version(hour), String(hour), 3));
          await s.waitFor(Promise.all(all));
          const best = Math.max(...hours);
          expect(await seen(table)).toBe(`${best * 3} of 3`);
          expect(partitions(table)).toEqual(new Set([headKey(SOURCE), rowsKey(SOURCE, PERIOD, version(best).id)]));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("a reader in the middle of a replacement sees one version, whole", async () => {
    let reads = 0;
    let replace: (() => Promise<unknown>) | undefined;
    const table = memoryTable(async (operation) => {
      if (operation !== "query" || ++reads !== 2) return;
      const now = replace;
      replace = undefined;
      await now?.();
    });
    await put(table, older, "1");
    reads = 0;
    replace = () => put(table, newer, "2");
    expect(await seen(table)).toBe("1400 of 700");
  });
});
