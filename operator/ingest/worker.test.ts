import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { CostTable } from "../provider/costs.ts";
import { totals } from "./read.ts";
import { type Summary, summaryKey } from "./summary.ts";
import { Crash, created, memoryBucket, memoryCloud, memoryDelivery, memoryTable } from "./testing/memory.ts";
import { type FocusRow, focusCsv, temporaryFolder } from "./testing/reports.ts";
import { handle, outcomesKey, take, type WorkerOptions, work } from "./worker.ts";

const room = temporaryFolder();
afterAll(room.remove);
const log = { info: vi.fn(), warn: vi.fn() };

const options = (over: Partial<WorkerOptions> = {}): WorkerOptions => ({
  source: "shop",
  prefix: "costs/",
  generation: 1,
  folder: mkdtempSync(join(room.path, "work-")),
  memoryMb: 128,
  threads: 1,
  maxBytes: 1 << 20,
  settleSeconds: 60,
  holdSeconds: 60,
  tagKeys: [],
  allocations: [],
  rejectedShare: 0.01,
  anomalyFloor: "1",
  ...over,
});

const url = "s3://reports";
const told = (key: string) => created(url, key);
const seen = async (table: CostTable) =>
  (await totals(table, "shop", { periods: { from: "2024-01", to: "2024-12" }, by: ["period"] })).map(
    ({ of: [period], currency, effective }) => `${period} ${effective} ${currency}`,
  );
const cost = (amount: string, over: FocusRow = {}): FocusRow => ({
  BilledCost: amount,
  EffectiveCost: amount,
  ...over,
});
const october = { BillingPeriodStart: "2024-10-01 00:00:00" };

function shop(over: Partial<WorkerOptions> = {}) {
  const [bucket, table] = [memoryBucket(url), memoryTable()];
  const cloud = memoryCloud(bucket, table);
  const given = options(over);
  return { bucket, table, cloud, given, hear: (key: string) => handle(cloud, given, told(key)) };
}

describe("a notification of a report", () => {
  it("has its daily rows in the table, and its outcome", async () => {
    const { bucket, table, given, hear } = shop();
    bucket.put("costs/r.csv.gz", gzipSync(focusCsv([cost("1.5"), cost("2"), cost("4", october)])));
    expect(await hear("costs/r.csv.gz")).toMatchObject({
      outcome: { result: "Ingested", format: "FOCUS", reportRows: 3, periods: ["2024-09", "2024-10"], rejected: [] },
      published: { "2024-09": "written", "2024-10": "written" },
    });
    expect(await seen(table)).toEqual(["2024-09 3.5 USD", "2024-10 4 USD"]);
    expect((await table.read(outcomesKey("shop"), "costs/r"))?.item).toMatchObject({
      result: "Ingested",
      reportRows: 3,
    });
    expect(readdirSync(given.folder)).toEqual([]);
  });

  it("that comes again changes nothing, whatever was lost of the first time", async () => {
    const { bucket, table, hear } = shop();
    bucket.put("costs/r.csv", focusCsv([cost("1")]));
    await hear("costs/r.csv");
    const { changes } = table;
    expect(await hear("costs/r.csv")).toEqual({ known: "costs/r" });
    expect(table.changes).toBe(changes);
    await table.deleteAll([{ pk: outcomesKey("shop"), sk: "costs/r" }]);
    expect(await hear("costs/r.csv")).toMatchObject({ published: { "2024-09": "unchanged" } });
    expect(await seen(table)).toEqual(["2024-09 1 USD"]);
  });

  it("that restates a month replaces that month alone", async () => {
    const { bucket, table, hear } = shop();
    bucket.put("costs/BILLING_PERIOD=2024-09/r.csv", focusCsv([cost("1"), cost("5", { ServiceName: "gone" })]));
    bucket.put("costs/BILLING_PERIOD=2024-10/r.csv", focusCsv([cost("7", october)]));
    await hear("costs/BILLING_PERIOD=2024-09/r.csv");
    await hear("costs/BILLING_PERIOD=2024-10/r.csv");
    bucket.put("costs/BILLING_PERIOD=2024-09/r.csv", focusCsv([cost("2")]));
    await hear("costs/BILLING_PERIOD=2024-09/r.csv");
    expect(await seen(table)).toEqual(["2024-09 2 USD", "2024-10 7 USD"]);
    bucket.put("costs/BILLING_PERIOD=2024-09/r.csv", focusCsv([]));
    expect(await hear("costs/BILLING_PERIOD=2024-09/r.csv")).toMatchObject({ published: { "2024-09": "written" } });
    expect(await seen(table)).toEqual(["2024-10 7 USD"]);
  });

  it("is read with newer settings when it is told of again", async () => {
    const { bucket, cloud, table } = shop();
    bucket.put("costs/r.csv", focusCsv([cost("1", { Tags: '{"team":"a"}' })]));
    await handle(cloud, options(), told("costs/r.csv"));
    await handle(cloud, options({ generation: 2, tagKeys: ["team"] }), told("costs/r.csv"));
    const found = await totals(table, "shop", { periods: { from: "2024-09", to: "2024-09" }, by: [{ tag: "team" }] });
    expect(found.map(({ of, effective }) => [of, effective])).toEqual([[["a"], "1"]]);
    expect(await handle(cloud, options(), told("costs/r.csv"))).toMatchObject({ published: { "2024-09": "older" } });
  });

  it("that can't be taken leaves all as it was, and says why once", async () => {
    const { bucket, table, hear, given } = shop();
    bucket.put("costs/r.csv", focusCsv([cost("1")]));
    await hear("costs/r.csv");
    bucket.put("costs/r.csv", focusCsv([cost("2"), cost("x")]));
    expect(await hear("costs/r.csv")).toMatchObject({
      outcome: { result: "Refused", reason: "TooManyRejected", message: expect.stringMatching(/^1 of 2 rows/) },
      published: {},
    });
    expect(await seen(table)).toEqual(["2024-09 1 USD"]);
    expect(await hear("costs/r.csv")).toEqual({ known: "costs/r" });
    expect(readdirSync(given.folder)).toEqual([]);
  });

  it("with more bytes than there is room for is refused before any is fetched", async () => {
    const { bucket, hear } = shop({ maxBytes: 10 });
    bucket.put("costs/r.csv", focusCsv([]));
    bucket.open = () => Promise.reject(new Error("fetched"));
    expect(await hear("costs/r.csv")).toMatchObject({ outcome: { reason: "TooLarge" } });
  });

  it("keeps currencies apart", async () => {
    const { bucket, table, hear } = shop();
    bucket.put("costs/r.csv", focusCsv([cost("1"), cost("2", { BillingCurrency: "EUR" })]));
    await hear("costs/r.csv");
    expect(await seen(table)).toEqual(["2024-09 2 EUR", "2024-09 1 USD"]);
  });

  it.each([
    ["another prefix", told("other/r.csv")],
    ["another bucket", created("s3://elsewhere", "costs/r.csv")],
    ["an object that is gone", told("costs/r.csv")],
    ["a deletion", told("costs/r.csv").replace(".created", ".deleted")],
    ["no object", '{"type":"io.onelens.onyx.bucket.object.created"}'],
    ["no JSON", "hello"],
    ["null", "null"],
  ])("of %s is ignored", async (_what, body) => {
    const { cloud, given, table } = shop();
    expect(await handle(cloud, given, body)).toHaveProperty("ignored");
    expect(table.changes).toBe(0);
  });
});

describe("the summary", () => {
  const summaryOf = async (table: CostTable) => {
    const { pk, sk } = summaryKey("shop");
    return (await table.read(pk, sk))?.item as unknown as Summary | undefined;
  };

  it("tells of the last report and of the newest month", async () => {
    const { bucket, table, hear } = shop();
    bucket.put("costs/r.csv", focusCsv([cost("1.5"), cost("2"), cost("4", october)]), "2024-10-20T06:00:00.000Z");
    await hear("costs/r.csv");
    expect(await summaryOf(table)).toEqual({
      ...summaryKey("shop"),
      report: "costs/r",
      reported: "2024-10-20T06:00:00.000Z",
      ingested: expect.stringMatching(/Z$/),
      result: "Ingested",
      reason: "",
      message: "",
      format: "FOCUS",
      reportRows: 3,
      rejectedRows: 0,
      rejected: [],
      month: "2024-10",
      lastDay: "",
      rows: 1,
      monthToDate: [{ currency: "USD", amount: "4" }],
      lastMonth: [{ currency: "USD", amount: "3.5" }],
      forecast: [{ currency: "USD", amount: expect.any(String), method: "DailyMean" }],
      anomalies: [],
    });
  });

  it("of a refusal keeps the figures and says what is wrong", async () => {
    const { bucket, table, hear } = shop();
    bucket.put("costs/r.csv", focusCsv([cost("1")]));
    await hear("costs/r.csv");
    bucket.put("costs/r.csv", focusCsv([cost("2"), cost("x")]));
    await hear("costs/r.csv");
    expect(await summaryOf(table)).toMatchObject({
      result: "Refused",
      reason: "TooManyRejected",
      message: expect.stringMatching(/^1 of 2 rows/),
      month: "2024-09",
      monthToDate: [{ currency: "USD", amount: "1" }],
    });
  });

  it("is right when a worker ends at any write and the message comes again", async () => {
    let whole = false;
    for (let at = 1; !whole; at += 1) {
      const bucket = memoryBucket(url);
      let armed = true;
      const table = memoryTable((operation, change) => {
        if (armed && operation !== "read" && operation !== "query" && change === at) throw new Crash();
      });
      bucket.put("costs/r.csv", focusCsv([cost("1"), cost("2", october)]));
      const hear = () => handle(memoryCloud(bucket, table), options(), told("costs/r.csv"));
      whole = await hear().then(
        () => true,
        (error) => {
          expect(error).toBeInstanceOf(Crash);
          return false;
        },
      );
      armed = false;
      await hear();
      expect(await summaryOf(table)).toMatchObject({
        month: "2024-10",
        monthToDate: [{ currency: "USD", amount: "2" }],
        lastMonth: [{ currency: "USD", amount: "1" }],
      });
    }
  });
});

describe("a message", () => {
  it("is done when its report is in force, and given back while that is not whole or can't be written", async () => {
    const { bucket, cloud, given, table } = shop();
    bucket.put("costs/new.csv", focusCsv([cost("1")]), new Date().toISOString());
    const early = memoryDelivery(told("costs/new.csv"));
    await take(cloud, given, log, early);
    expect(early.end).toBe(60);
    bucket.put("costs/r.csv", focusCsv([cost("1")]));
    const broken = memoryDelivery(told("costs/r.csv"));
    const failing = { ...cloud, table: { ...table, swap: () => Promise.reject(new Error("no table")) } };
    await take(failing, given, log, broken);
    expect(broken.end).toBe(30);
    expect(await seen(table)).toEqual([]);
    const whole = memoryDelivery(told("costs/r.csv"));
    await take(cloud, given, log, whole);
    expect(whole.end).toBe("done");
    expect(await seen(table)).toEqual(["2024-09 1 USD"]);
  });

  it("of a report that changes while it is fetched comes again, and then is of what is there", async () => {
    const { bucket, cloud, given, table } = shop();
    bucket.put("costs/r.csv", focusCsv([cost("1")]));
    const open = bucket.open.bind(bucket);
    bucket.open = (object) => {
      bucket.open = open;
      bucket.put("costs/r.csv", focusCsv([cost("2")]));
      return open(object);
    };
    const [first, second] = [memoryDelivery(told("costs/r.csv")), memoryDelivery(told("costs/r.csv"))];
    await take(cloud, given, log, first);
    expect(first.end).toBe(30);
    await take(cloud, given, log, second);
    expect(second.end).toBe("done");
    expect(await seen(table)).toEqual(["2024-09 2 USD"]);
  });

  it("is held for longer while the work goes on", async () => {
    const { bucket, cloud, given } = shop({ holdSeconds: 0.02 });
    bucket.put("costs/r.csv", focusCsv(Array.from({ length: 2_000 }, (_, n) => cost(String(n)))));
    const delivery = memoryDelivery(told("costs/r.csv"));
    delivery.extend = vi.fn(async () => {});
    await take(cloud, given, log, delivery);
    expect(delivery.extend).toHaveBeenCalledWith(0.02);
  });
});

it("two workers that get the same report at once end with it once", async () => {
  const { bucket, cloud, table } = shop();
  bucket.put("costs/r.csv", focusCsv(Array.from({ length: 1_500 }, (_, n) => cost("1", { ServiceName: `s${n}` }))));
  const both = [1, 2].map(() => memoryDelivery(told("costs/r.csv")));
  await Promise.all(both.map((delivery) => take(cloud, options(), log, delivery)));
  expect(both.map(({ end }) => end)).toEqual(["done", "done"]);
  expect(await seen(table)).toEqual(["2024-09 1500 USD"]);
});

it("the loop takes what comes until it is told to stop", async () => {
  const { bucket, table } = shop();
  bucket.put("costs/r.csv", focusCsv([cost("1")]));
  const stop = new AbortController();
  const last = memoryDelivery("stop");
  last.done = async () => stop.abort();
  const queue = [memoryDelivery(told("costs/r.csv")), last];
  await work(memoryCloud(bucket, table, queue), options(), log, stop.signal);
  expect(await seen(table)).toEqual(["2024-09 1 USD"]);
});
