import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { amountText, parseAmount } from "../../crds/amount.ts";
import type { CostRow } from "../provider/costs.ts";
import { type Digest, type DigestOptions, digest } from "./digest.ts";
import type { RefusalReason } from "./refusal.ts";
import {
  bytesOf,
  FOCUS_COLUMNS,
  type FocusRow,
  focusCsv,
  query,
  temporaryFolder,
  writeReport,
} from "./testing/reports.ts";

const room = temporaryFolder();
afterAll(room.remove);

const options = (over: Partial<DigestOptions> = {}): DigestOptions => {
  const folder = mkdtempSync(join(room.path, "report-"));
  return { folder, memoryMb: 128, threads: 2, tagKeys: ["team"], allocations: [], rejectedShare: 0.01, ...over };
};

/** What becomes of files with these contents, all rows of all periods at once. */
async function digested(contents: readonly (string | Buffer)[], over: Partial<DigestOptions> = {}) {
  const given = options(over);
  const paths = contents.map((content, at) => {
    const path = join(given.folder, `part-${at}`);
    writeFileSync(path, content);
    return path;
  });
  const result = await digest(paths, given);
  try {
    return { ...result, all: await allRows(result) };
  } finally {
    result.close();
  }
}

async function allRows(result: Digest): Promise<readonly CostRow[]> {
  const rows: CostRow[] = [];
  for (const period of result.periods) for await (const row of result.rowsOf(period)) rows.push(row);
  return rows;
}

const total = (rows: readonly CostRow[], of: "billed" | "effective" | "list" = "effective") =>
  amountText(rows.reduce((sum, row) => sum + parseAmount(row[of]), 0n));

async function parquet(select: string): Promise<Buffer> {
  const folder = join(room.path, "made");
  mkdirSync(folder, { recursive: true });
  return bytesOf(await writeReport(join(folder, "made.parquet"), select, "FORMAT parquet"));
}

const refused = (contents: readonly (string | Buffer)[], reason: RefusalReason, message: RegExp) =>
  expect(digested(contents)).rejects.toMatchObject({
    name: "Refusal",
    reason,
    message: expect.stringMatching(message),
  });

describe("FOCUS", () => {
  it("is added up by day, service, account, region, tag, category and currency, to the last digit", async () => {
    const { format, rows, rejected, periods, all } = await digested([
      focusCsv([
        { BilledCost: "0.1", EffectiveCost: "0.000000000000000001", Tags: '{"team": "a", "x": "1"}' },
        { BilledCost: "0.2", EffectiveCost: "12345678901234567890", Tags: '{"team": "a", "x": "2"}' },
        { BilledCost: "1e-7", Tags: '{"team": "b"}' },
        { ChargePeriodStart: "2024-09-19T00:00:00Z" },
        { BillingCurrency: "EUR" },
        { BillingPeriodStart: "2024-10-01T00:00:00Z", ChargeCategory: "Tax", SubAccountId: "NULL", RegionId: "" },
      ]),
    ]);
    expect({ format, rows, rejected, periods }).toEqual({
      format: "FOCUS",
      rows: 6,
      rejected: [],
      periods: ["2024-09", "2024-10"],
    });
    const usual = {
      day: "2024-09-18",
      service: "Queues",
      account: "1001",
      region: "us-east-1",
      tags: {},
      category: "Usage",
    };
    const one = { ...usual, currency: "USD", allocation: "", billed: "1", effective: "1", list: "1", count: 1 };
    const effective = "12345678901234567890.000000000000000001";
    expect(all).toEqual([
      { ...one, currency: "EUR" },
      { ...one, tags: { team: "a" }, billed: "0.3", effective, list: "2", count: 2 },
      { ...one, tags: { team: "b" }, billed: "0.0000001" },
      { ...one, day: "2024-09-19" },
      { ...one, account: "", region: "", category: "Tax" },
    ]);
  });

  const rows: readonly FocusRow[] = Array.from({ length: 5_000 }, (_, n) => ({
    BilledCost: `${n % 97}.${String((n * 7919) % 1_000_003).padStart(10, "0")}`,
    EffectiveCost: `-0.${String((n * 104_729) % 999_983).padStart(11, "0")}`,
    ChargePeriodStart: `2024-09-${String((n % 30) + 1).padStart(2, "0")} 0${n % 10}:00:00`,
    Tags: `{"team": "t, ""${n % 3}"}`.replaceAll('""', '\\"'),
    ServiceName: `line one\nof "${n % 5}"`,
  }));

  it.each<[string, () => Promise<readonly (string | Buffer)[]>]>([
    ["as CSV", async () => [focusCsv(rows)]],
    ["as CSV with CRLF", async () => [focusCsv(rows).replaceAll(/\n(?=\d|$)/g, "\r\n")]],
    ["with a byte order mark", async () => [`\ufeff${focusCsv(rows)}`]],
    ["zipped", async () => [gzipSync(focusCsv(rows))]],
    [
      "as several zipped members",
      async () => [
        Buffer.concat([gzipSync(focusCsv(rows.slice(0, 99))), gzipSync(focusCsv(rows.slice(99)).replace(/^.*\n/, ""))]),
      ],
    ],
    [
      "in parts, one of them zipped",
      async () => [focusCsv(rows.slice(0, 1_000)), gzipSync(focusCsv(rows.slice(1_000)))],
    ],
    [
      "in parts with other columns and another order",
      async () => [
        focusCsv(rows.slice(0, 1_000)),
        focusCsv(rows.slice(1_000), ["x_Extra", ...FOCUS_COLUMNS.toReversed(), "x_More"]),
      ],
    ],
  ])("%s: the same totals as plain SQL over the same rows", async (_how, make) => {
    const plain = join(room.path, "plain.csv");
    writeFileSync(plain, focusCsv(rows));
    const [[billed, effective, count] = []] = await query(
      `SELECT sum(BilledCost::DECIMAL(38,18)), sum(EffectiveCost::DECIMAL(38,18)), count(*) FROM read_csv('${plain}', all_varchar = true)`,
    );
    const { all, rows: many, rejected } = await digested(await make());
    expect(rejected).toEqual([]);
    expect(many).toBe(Number(count));
    expect(parseAmount(total(all, "billed"))).toBe(parseAmount(billed ?? ""));
    expect(parseAmount(total(all))).toBe(parseAmount(effective ?? ""));
    expect(new Set(all.map(({ tags }) => tags.team))).toEqual(new Set(['t, "0', 't, "1', 't, "2']));
  });

  it("as Parquet: decimals as they are, floats rounded to 12 decimals, which the outcome says", async () => {
    const select = (
      type: string,
    ) => `SELECT (i / 10)::${type} AS BilledCost, (i / 10)::${type} AS EffectiveCost, 'USD' AS BillingCurrency,
      TIMESTAMPTZ '2024-09-01 00:00:00+00' AS BillingPeriodStart, TIMESTAMP '2024-09-18 22:00:00' AS ChargePeriodStart, 'Usage' AS ChargeCategory,
      'S' AS ServiceName, '1' AS SubAccountId, MAP {'team': 'a'} AS Tags FROM range(1, 4) t(i)`;
    const decimal = await digested([await parquet(select("DECIMAL(20,10)"))]);
    const float = await digested([await parquet(select("DOUBLE"))]);
    for (const { all } of [decimal, float]) {
      expect(all.map(({ effective, tags, list }) => [effective, tags, list])).toEqual([["0.6", { team: "a" }, "0"]]);
    }
    expect(decimal.notes).toEqual([]);
    expect(float.notes).toEqual([expect.stringMatching(/rounded to 12 decimals/)]);
  });

  it("tags as a list of keys and values", async () => {
    const { all } = await digested([
      await parquet(`SELECT 1.5 AS BilledCost, 1.5 AS EffectiveCost, 'USD' AS BillingCurrency, DATE '2024-09-01' AS BillingPeriodStart,
        TIMESTAMP '2024-09-18 22:00:00' AS ChargePeriodStart, 'S' AS ServiceName, '1' AS SubAccountId, [{key: 'x', value: 'y'}, {key: 'team', value: 'a'}] AS Tags`),
    ]);
    expect(all.map(({ tags }) => tags)).toEqual([{ team: "a" }]);
  });
});

describe("CUR 2.0", () => {
  const line = (
    type: string,
    cost: string,
    over = "",
  ) => `SELECT TIMESTAMP '2024-09-01' AS bill_billing_period_start_date,
    TIMESTAMP '2024-09-18 22:00:00' AS line_item_usage_start_date, '${type}' AS line_item_line_item_type, ${cost}::DOUBLE AS line_item_unblended_cost,
    'USD' AS line_item_currency_code, 'AmazonEC2' AS line_item_product_code, '1001' AS line_item_usage_account_id, 'eu-west-1' AS product_region_code,
    MAP {'user_team': 'a'} AS resource_tags, 9::DOUBLE AS pricing_public_on_demand_cost ${over}`;
  const commitments = `, 2::DOUBLE AS savings_plan_savings_plan_effective_cost, 7::DOUBLE AS savings_plan_total_commitment_to_date,
    4::DOUBLE AS savings_plan_used_commitment, 1.5::DOUBLE AS reservation_effective_cost, 0.25::DOUBLE AS reservation_unused_recurring_fee,
    0.5::DOUBLE AS reservation_unused_amortized_upfront_fee_for_billing_period, 'arn' AS reservation_reservation_a_r_n`;

  it.each([
    ["Usage", "Usage", "3"],
    ["SavingsPlanCoveredUsage", "Usage", "2"],
    ["SavingsPlanNegation", "Usage", "0"],
    ["SavingsPlanRecurringFee", "Purchase", "3"],
    ["SavingsPlanUpfrontFee", "Purchase", "0"],
    ["DiscountedUsage", "Usage", "1.5"],
    ["RIFee", "Purchase", "0.75"],
    ["Fee", "Purchase", "0"],
    ["Tax", "Tax", "3"],
    ["Credit", "Credit", "3"],
    ["Refund", "Adjustment", "3"],
  ])("%s is %s, and costs %s by amortization", async (type, category, effective) => {
    const { format, all, notes } = await digested([await parquet(line(type, "3", commitments))]);
    expect(format).toBe("CUR 2.0");
    expect(all).toEqual([
      {
        day: "2024-09-18",
        service: "AmazonEC2",
        account: "1001",
        region: "eu-west-1",
        tags: { team: "a" },
        category,
        currency: "USD",
        allocation: "",
        billed: "3",
        effective,
        list: "9",
        count: 1,
      },
    ]);
    expect(notes).toEqual([expect.stringMatching(/12 decimals/)]);
  });

  it("without columns of commitments costs what is billed, and says so", async () => {
    const { all, notes } = await digested([await parquet(line("SavingsPlanNegation", "-3"))]);
    expect(all.map(({ effective }) => effective)).toEqual(["-3"]);
    expect(notes).toContainEqual(expect.stringMatching(/effective cost is the unblended cost there/));
  });

  it("as zipped CSV with its maps as JSON", async () => {
    const head =
      "bill_billing_period_start_date,line_item_usage_start_date,line_item_line_item_type,line_item_unblended_cost,line_item_currency_code,line_item_product_code,line_item_usage_account_id,product_region_code,resource_tags";
    const csv = `${head}\n2024-09-01T00:00:00.000Z,2024-09-18T22:00:00.000Z,Usage,0.0000004000,USD,AWSQueueService,1001,us-east-1,"{""user:team"":""a""}"\n`;
    const { all, notes } = await digested([gzipSync(csv)]);
    expect(all.map(({ billed, tags, service }) => [billed, tags, service])).toEqual([
      ["0.0000004", { team: "a" }, "AWSQueueService"],
    ]);
    expect(notes).not.toContainEqual(expect.stringMatching(/12 decimals/));
  });
});

describe("GCP", () => {
  const row = (cost: string, credits: string, over: Readonly<Record<string, string>> = {}) =>
    Object.entries({
      billing_account_id: "'AAAA-BBBB'",
      service: "{'id': '1', 'description': 'Compute Engine'}",
      usage_start_time: "TIMESTAMPTZ '2024-09-18 22:00:00+00'",
      project: "{'id': 'shop', 'name': 'Shop'}",
      labels: "[{'key': 'team', 'value': 'a'}]",
      location: "{'location': 'europe-west1', 'region': 'europe-west1'}",
      cost: `${cost}::DOUBLE`,
      currency: "'EUR'",
      credits,
      invoice: "{'month': '202409'}",
      cost_type: "'regular'",
      cost_at_list: "5::DOUBLE",
      ...over,
    })
      .map(([name, sql]) => `${sql} AS ${name}`)
      .join(", ");
  const none = "[]::STRUCT(name VARCHAR, amount DOUBLE)[]";
  const some = "[{'name': 'sustained use', 'amount': -0.1::DOUBLE}, {'name': 'free tier', 'amount': -0.2::DOUBLE}]";

  it("as Parquet: credits are taken off, structs and lists are read", async () => {
    const tax = row("2", none, {
      project: "NULL::STRUCT(id VARCHAR, name VARCHAR)",
      cost_type: "'tax'",
      labels: "NULL::STRUCT(key VARCHAR, value VARCHAR)[]",
    });
    const { format, all, rejected } = await digested([
      await parquet(`SELECT ${row("1", some)} UNION ALL SELECT ${tax}`),
    ]);
    expect(rejected).toEqual([]);
    expect(format).toBe("GCP detailed billing export");
    const usual = {
      day: "2024-09-18",
      service: "Compute Engine",
      region: "europe-west1",
      currency: "EUR",
      allocation: "",
      list: "5",
      count: 1,
    };
    expect(all).toEqual([
      { ...usual, account: "AAAA-BBBB", tags: {}, category: "Tax", billed: "2", effective: "2" },
      { ...usual, account: "shop", tags: { team: "a" }, category: "Usage", billed: "0.7", effective: "0.7" },
    ]);
  });

  it("as Parquet whose lists are not marked", async () => {
    const nested = row("1", "{'list': [{'element': {'name': 'x', 'amount': -0.25::DOUBLE}}]}", {
      labels: "{'list': [{'element': {'key': 'team', 'value': 'a'}}]}",
    });
    const { all } = await digested([await parquet(`SELECT ${nested}`)]);
    expect(all.map(({ effective, tags }) => [effective, tags])).toEqual([["0.75", { team: "a" }]]);
  });

  it("as CSV, with its lists as JSON", async () => {
    const csv = [
      "billing_account_id,service_description,usage_start_time,project_id,labels,location_region,cost,currency,credits,invoice_month,cost_type",
      `A,BigQuery,2024-09-18 22:00:00 UTC,shop,"[{""key"":""team"",""value"":""a""}]",us-central1,1.000000000000000003,USD,"[{""amount"":-1e-05},{""amount"":-0.1}]",202409,regular`,
      `A,BigQuery,2024-09-18 22:00:00 UTC,shop,[],us-central1,1,USD,"[{""amount"":""none""}]",202409,regular`,
      "A,BigQuery,2024-09-18 22:00:00 UTC,shop,[],us-central1,1,USD,[],202409,adjustment",
    ].join("\n");
    const { all, rejected } = await digested([csv], { rejectedShare: 0.5 });
    expect(all.map(({ effective, tags, category }) => [effective, tags, category])).toEqual([
      ["1", {}, "Adjustment"],
      ["0.899990000000000003", { team: "a" }, "Usage"],
    ]);
    expect(rejected).toEqual([{ reason: "cost: no amount", rows: 1, sample: "1" }]);
  });
});

describe("rows that can't be read", () => {
  const good = Array.from({ length: 99 }, () => ({}));

  it.each<[string, FocusRow, string, string]>([
    ["an amount that is a word", { BilledCost: "free" }, "BilledCost: no amount", "free"],
    ["an amount with a comma", { EffectiveCost: "1,5" }, "EffectiveCost: no amount", "1,5"],
    ["an amount with an underscore", { BilledCost: "1_000" }, "BilledCost: no amount", "1_000"],
    [
      "an amount of 21 digits",
      { BilledCost: "123456789012345678901" },
      "BilledCost: no amount",
      "123456789012345678901",
    ],
    ["NaN", { BilledCost: "NaN" }, "BilledCost: no amount", "NaN"],
    ["no amount", { EffectiveCost: "" }, "EffectiveCost: no amount", ""],
    ["a list price that is a word", { ListCost: "x" }, "ListCost: no amount", "x"],
    ["no currency", { BillingCurrency: "" }, "BillingCurrency: no currency", ""],
    ["a currency that is none", { BillingCurrency: "Dollars" }, "BillingCurrency: no currency", "Dollars"],
    ["no period", { BillingPeriodStart: "NULL" }, "BillingPeriodStart: no date", ""],
    [
      "another zone than UTC",
      { ChargePeriodStart: "2024-09-18T22:00:00+02:00" },
      "ChargePeriodStart: no date",
      "2024-09-18T22:00:00+02:00",
    ],
    [
      "a day that is none",
      { ChargePeriodStart: "2024-02-30 00:00:00" },
      "ChargePeriodStart: no date",
      "2024-02-30 00:00:00",
    ],
    ["tags that are no JSON", { Tags: "{team: a}" }, "Tags: no JSON", "{team: a}"],
    ["a long text", { ServiceName: "s".repeat(1_025) }, "a text of more than 1024 bytes", ""],
    ["a long amount", { BilledCost: "z".repeat(5_000) }, "BilledCost: no amount", "z".repeat(40)],
  ])("%s: counted with its reason and a short sample, and in no sum", async (_what, row, reason, sample) => {
    const { all, rows, rejected } = await digested([focusCsv([...good, row])]);
    expect(rejected).toEqual([{ reason, rows: 1, sample }]);
    expect(rows).toBe(100);
    expect(total(all, "billed")).toBe("99");
  });

  it("more than may be: the whole report is refused", async () => {
    const bad = [{ BilledCost: "x" }, { BillingCurrency: "?" }];
    await refused(
      [focusCsv([...good, ...bad])],
      "TooManyRejected",
      /^2 of 101 rows can't be read \(1 × BilledCost: no amount; 1 × BillingCurrency: no currency\); 1 % may$/,
    );
  });
});

describe("what is no report, or a broken one, is refused in words", () => {
  const csv = focusCsv(Array.from({ length: 20_000 }, (_, n) => ({ BilledCost: String((n * 7919) % 10_007) })));
  const zipped = gzipSync(csv);
  const damaged = Buffer.from(zipped);
  damaged[damaged.length - 6]! ^= 0xff;

  it.each<[string, readonly (string | Buffer)[], RefusalReason, RegExp]>([
    ["nothing at all", [""], "EmptyFile", /no content/],
    ["half a gzip file", [zipped.subarray(0, zipped.length >> 1)], "BrokenGzip", /cut off or damaged/],
    ["a gzip file without its last bytes", [zipped.subarray(0, -4)], "BrokenGzip", /cut off or damaged/],
    ["a gzip file with another checksum", [damaged], "BrokenGzip", /cut off or damaged/],
    ["a gzip file that ends in its header", [zipped.subarray(0, 12)], "BrokenGzip", /cut off or damaged/],
    ["a line that is cut off", [csv.slice(0, -60)], "Unreadable", /^line 20001 of a file/],
    ["a line with one cell more", [`${csv}1,2,3,4,5,6,7,8,9,10,11,12,13,14\n`], "Unreadable", /^line 20002 of a file/],
    ["a quote that is not closed", [`${csv}"1,2,3\n`], "Unreadable", /of a file of the report|longer than/],
    [
      "bytes that are no UTF-8",
      [Buffer.concat([Buffer.from(csv), Buffer.from([0xff, 0xfe, 0x0a])])],
      "Unreadable",
      /of a file/,
    ],
    [
      "missing columns",
      [
        focusCsv(
          [{}],
          FOCUS_COLUMNS.filter((name) => name !== "EffectiveCost" && name !== "ServiceName"),
        ),
      ],
      "UnknownFormat",
      /lacks the column EffectiveCost, ServiceName of FOCUS$/,
    ],
    [
      "a missing column that tells the format",
      [
        focusCsv(
          [{}],
          FOCUS_COLUMNS.filter((name) => name !== "BilledCost"),
        ),
      ],
      "UnknownFormat",
      /lacks the column BilledCost of FOCUS$/,
    ],
    ["another table", ["a,b\n1,2\n"], "UnknownFormat", /none of FOCUS, CUR 2.0, GCP/],
    ["a picture", [Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])], "UnknownFormat", /none of FOCUS/],
    ["a Parquet file of four bytes", ["PAR1"], "Unreadable", /can't be read/],
    [
      "sums of more than 20 digits",
      [focusCsv([{ BilledCost: "99999999999999999999" }, { BilledCost: "99999999999999999999" }])],
      "Overflow",
      /more than 20 digits/,
    ],
    ["one broken file among good ones", [csv, zipped.subarray(0, -4)], "BrokenGzip", /cut off or damaged/],
  ])("%s", async (_what, contents, reason, message) => {
    await refused(contents, reason, message);
  });

  it("a Parquet file that is cut off", async () => {
    const whole = await parquet(`SELECT * FROM range(1000) t(BilledCost)`);
    await refused([whole.subarray(0, whole.length - 10)], "Unreadable", /can't be read/);
  });

  it("a cell of 100 MB, in a column that is read and in one that is not", async () => {
    const huge = "h".repeat(100_000_000);
    await refused([`${focusCsv([])}${huge}\n`], "Unreadable", /longer than 2,000,000 bytes/);
    const columns = ["ResourceId", ...FOCUS_COLUMNS];
    const rows = focusCsv([{}, {}], columns).split("\n");
    await refused([[rows[0], huge + rows[1], rows[2], ""].join("\n")], "Unreadable", /longer than 2,000,000 bytes/);
    const last = [rows[0], rows[1], huge + rows[2], ""].join("\n");
    await refused([last], "Unreadable", /longer than 2,000,000 bytes/);
    await refused([gzipSync(last)], "Unreadable", /longer than 2,000,000 bytes/);
  });

  it("a cell of 100 MB in Parquet: too much for its memory, or a row that is rejected, and never a sum without it", async () => {
    const select = `SELECT '1' AS BilledCost, '1' AS EffectiveCost, 'USD' AS BillingCurrency, '2024-09-01 00:00:00' AS BillingPeriodStart,
      '2024-09-18 00:00:00' AS ChargePeriodStart, repeat('h', 100000000) AS ServiceName, '1' AS SubAccountId`;
    await expect(digested([await parquet(select)])).rejects.toMatchObject({
      reason: expect.stringMatching(/^(OutOfMemory|TooManyRejected|Unreadable)$/),
    });
  });
});

describe("what is unusual and whole", () => {
  it("no rows, with and without an end of line", async () => {
    for (const content of [focusCsv([]), focusCsv([]).trimEnd(), gzipSync(focusCsv([]))]) {
      const { rows, periods, all } = await digested([content]);
      expect({ rows, periods, all }).toEqual({ rows: 0, periods: [], all: [] });
    }
  });

  it("credits and refunds are negative, and sums may be", async () => {
    const { all } = await digested([
      focusCsv([
        { BilledCost: "5", EffectiveCost: "5" },
        { BilledCost: "-7.5", EffectiveCost: "-7.5", ChargeCategory: "Credit" },
        {
          BilledCost: "-1",
          EffectiveCost: "-1",
          ChargeCategory: "Adjustment",
          ChargePeriodStart: "2024-07-01 00:00:00",
        },
      ]),
    ]);
    expect(total(all)).toBe("-3.5");
    expect(all.map(({ day, category }) => [day, category])).toContainEqual(["2024-07-01", "Adjustment"]);
  });

  it("names of columns are nothing but names", async () => {
    const columns = [...FOCUS_COLUMNS, `x"); DROP TABLE daily; --`, "'", ""];
    expect((await digested([focusCsv([{}], columns)])).rows).toBe(1);
  });

  it("keys of tags are nothing but keys", async () => {
    const key = `a/b~c'"; --$.x`;
    const { all } = await digested([focusCsv([{ Tags: JSON.stringify({ [key]: "v" }) }])], { tagKeys: [key, "none"] });
    expect(all.map(({ tags }) => tags)).toEqual([{ [key]: "v" }]);
  });
});
