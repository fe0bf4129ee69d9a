import { describe, expect, it } from "vitest";
import { reportOf } from "./report.ts";
import { memoryBucket } from "./testing/memory.ts";

const LATER = Date.UTC(2030, 0, 1);
const of = (bucket: ReturnType<typeof memoryBucket>, key: string, now = LATER) => reportOf(bucket, key, now, 60_000);
const manifest = (...keys: string[]) =>
  JSON.stringify({ executionId: "e", dataFiles: keys.map((key) => `s3://reports/${key}`) });

describe("an export of AWS", () => {
  const [DATA, META] = ["p/cur/data/BILLING_PERIOD=2024-09/", "p/cur/metadata/BILLING_PERIOD=2024-09/"];

  it("is what its manifest lists, whatever else lies there", async () => {
    const bucket = memoryBucket();
    for (const n of [2, 1, 3]) bucket.put(`${DATA}cur-0000${n}.csv.gz`, `${n}`);
    bucket.put(`${META}cur-Manifest.json`, manifest(`${DATA}cur-00002.csv.gz`, `${DATA}cur-00001.csv.gz`));
    const found = await of(bucket, `${META}cur-Manifest.json`);
    expect(found).toMatchObject({ report: { period: "2024-09", name: `${META}cur-Manifest.json` } });
    if ("report" in found)
      expect(found.report.files.map(({ key }) => key)).toEqual([`${DATA}cur-00001.csv.gz`, `${DATA}cur-00002.csv.gz`]);
    expect(await of(bucket, `${DATA}cur-00001.csv.gz`)).toEqual({ nothing: "the manifest of the export tells of it" });
  });

  it("with a folder for each execution", async () => {
    const bucket = memoryBucket();
    const [data, meta] = [
      `${DATA}2024-09-02T00:00:00.000Z-1/cur-00001.snappy.parquet`,
      `${META}2024-09-02T00:00:00.000Z-1/cur-Manifest.json`,
    ];
    bucket.put(data, "1");
    bucket.put(meta, manifest(data));
    expect(await of(bucket, meta)).toMatchObject({ report: { period: "2024-09", files: [{ key: data }] } });
  });

  it("waits for files that are missing or were written just now", async () => {
    const bucket = memoryBucket();
    bucket.put(`${META}cur-Manifest.json`, manifest(`${DATA}a.parquet`, `${DATA}b.parquet`), "2024-09-02T00:00:00Z");
    bucket.put(`${DATA}a.parquet`, "1", "2024-09-02T00:00:00Z");
    expect(await of(bucket, `${META}cur-Manifest.json`)).toEqual({ later: "1 of its 2 files are missing" });
    bucket.put(`${DATA}b.parquet`, "1", "2024-09-02T00:01:00Z");
    const at = (text: string) => of(bucket, `${META}cur-Manifest.json`, Date.parse(text));
    expect(await at("2024-09-02T00:01:59Z")).toEqual({ later: "an object of it was written just now" });
    expect(await at("2024-09-02T00:02:00Z")).toMatchObject({ report: { modified: "2024-09-02T00:01:00Z" } });
  });

  it.each([
    ["that is no JSON", "{"],
    ["without files", "{}"],
    ["with files of another bucket", JSON.stringify({ dataFiles: ["s3://other/a.parquet"] })],
    ["with something else than names", JSON.stringify({ dataFiles: [{}] })],
    ["that is null", "null"],
  ])("a manifest %s tells of nothing", async (_what, text) => {
    const bucket = memoryBucket();
    bucket.put(`${META}cur-Manifest.json`, text);
    expect(await of(bucket, `${META}cur-Manifest.json`)).toEqual({ nothing: "its manifest lists no dataFiles" });
  });

  it("whose manifest is gone is nothing", async () => {
    expect(await of(memoryBucket(), `${META}cur-Manifest.json`)).toEqual({ nothing: "its manifest is gone" });
  });
});

describe("any other report", () => {
  it.each<[string, string, string[], string[]]>([
    [
      "one file",
      "p/september.csv",
      ["p/september.csv"],
      ["p/october.csv", "p/september.csv.md5", "p/september-final.csv"],
    ],
    [
      "shards",
      "p/b-000000000001.parquet",
      ["p/b-000000000000.parquet", "p/b-000000000001.parquet"],
      ["p/c-000000000000.parquet", "p/b/x.parquet"],
    ],
    [
      "zipped shards",
      "p/b000000000000.csv.gz",
      ["p/b000000000000.csv.gz", "p/b000000000001.csv.gz"],
      ["p/bb000000000000.csv.gz"],
    ],
    ["chunks", "p/r-00001.snappy.parquet", ["p/r-00001.snappy.parquet", "p/r-00002.snappy.parquet"], []],
  ])("%s", async (_what, key, own, others) => {
    const bucket = memoryBucket();
    for (const one of [...own, ...others]) bucket.put(one, one);
    const found = await of(bucket, key);
    expect("report" in found && found.report.files.map((file) => file.key)).toEqual(own);
    expect("report" in found && found.report.period).toBe(undefined);
  });

  it("is another one when a shard comes, goes or changes", async () => {
    const bucket = memoryBucket();
    const prints: string[] = [];
    const look = async () => {
      const found = await of(bucket, "b-000000000000.csv");
      if ("report" in found) prints.push(found.report.fingerprint);
    };
    bucket.put("b-000000000000.csv", "1");
    await look();
    await look();
    expect(prints[0]).toBe(prints[1]);
    bucket.put("b-000000000001.csv", "2");
    await look();
    bucket.put("b-000000000001.csv", "3");
    await look();
    bucket.remove("b-000000000000.csv");
    await look();
    expect(new Set(prints).size).toBe(4);
  });

  it("takes its period from its folder", async () => {
    const bucket = memoryBucket();
    bucket.put("p/BILLING_PERIOD=2024-09/x.csv", "1");
    expect(await of(bucket, "p/BILLING_PERIOD=2024-09/x.csv")).toMatchObject({ report: { period: "2024-09" } });
  });

  it("that is gone, or no report at all, is nothing", async () => {
    const bucket = memoryBucket();
    expect(await of(bucket, "p/x.csv")).toEqual({ nothing: "it is gone" });
    bucket.put("p/readme.txt", "x");
    expect(await of(bucket, "p/readme.txt")).toEqual({ nothing: "it is no CSV and no Parquet" });
  });
});
