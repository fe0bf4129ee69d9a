import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { fromAttributes, toAttributes } from "../../adapters/aws/attribute-value.ts";
import { onyx } from "../../hack/platform/onyx.ts";
import { type Facts, publish, versionOf } from "../ingest/ledger.ts";
import { type MemoryTable, memoryTable } from "../ingest/testing/memory.ts";
import type { CostRow, CostsPlace, CostTable } from "../provider/costs.ts";
import { ProviderError } from "../provider/fault.ts";
import type { Cost } from "./cost.ts";
import { painter } from "./output.ts";
import { type CostOptions, type CostWorld, runCost, type Unread } from "./run-cost.ts";

const API = "/apis/onyx.onelens.io/v1alpha1";
/** A program of its own takes its time to begin on a busy machine. */
const SPAWN_MS = 60_000;
const NOW = new Date("2026-11-20T12:00:00Z");
const paint = painter(false);

let folder: string;
let kubeconfig: string;
/** What the API server has, by plural; a kind that is missing is none of its. */
let objects: Record<string, readonly object[]>;
let table: MemoryTable;
const servers: Server[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "onyx-cost-"));
  const server = await serve((request, response) => {
    const [, namespace, plural = ""] =
      /^(?:\/namespaces\/([^/]+))?\/([a-z]+)$/.exec(
        new URL(request.url ?? "", "http://x").pathname.slice(API.length),
      ) ?? [];
    const found = objects[plural] as { metadata: { namespace?: string } }[] | undefined;
    response.setHeader("content-type", "application/json").writeHead(found ? 200 : 404);
    const items = found?.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
    response.end(JSON.stringify({ metadata: { resourceVersion: "1" }, items }));
  });
  kubeconfig = join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    stringify({
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      clusters: [{ name: "test", cluster: { server, "insecure-skip-tls-verify": true } }],
      users: [{ name: "test", user: { token: "t" } }],
    }),
  );
  table = memoryTable();
  objects = {
    environments: [environment("eu", "aws"), environment("us", "gcp")],
    tables: [tableObject("costs", "eu", { TABLE_ID: "arn:costs", TABLE_NAME: "eu-costs", REGION: "eu-west-1" })],
    tenantcostsources: [source("acme"), source("globex"), source("shared", { tenant: undefined })],
  };
  await spend("acme", "2026-11", row({ billed: "10.5" }), row({ service: "SQS", billed: "2" }));
  await spend("acme", "2026-10", row({ day: "2026-10-01", billed: "40", tags: { team: "web" } }));
  await spend("acme", "2026-09", row({ day: "2026-09-01", billed: "1000" }));
  await spend("globex", "2026-11", row({ billed: "100" }), row({ currency: "EUR", billed: "0.000000000000000001" }));
  await spend("shared", "2026-11", row({ service: "=1+1", billed: "-3" }));
});

afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true });
});

/** A server of this machine, as http://127.0.0.1:port. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const environment = (name: string, cloud: string, endpoints?: object) => ({
  metadata: { name },
  spec: { cloud, region: `${name}-region`, account: `account-of-${name}`, endpoints },
});
const tableObject = (name: string, where: string, outputs?: object) => ({
  metadata: { namespace: "shop", name },
  status: { environment: where, outputs },
});
const source = (name: string, more: { tenant?: string | undefined; table?: string; environment?: string } = {}) => {
  const { tenant = name, table: tableName = "costs", environment: where = "eu" } = more;
  return {
    metadata: { namespace: "shop", name },
    spec: { tableRef: { name: tableName } },
    status: { ...(!("tenant" in more) || more.tenant ? { tenant } : {}), environment: where },
  };
};

const row = (of: Partial<CostRow>): CostRow => ({
  day: "2026-11-01",
  service: "S3",
  account: "1",
  region: "eu-west-1",
  tags: {},
  category: "Usage",
  currency: "USD",
  allocation: "",
  billed: "1",
  effective: "77",
  list: "88",
  count: 1,
  ...of,
});
const FACTS: Facts = {
  report: "r",
  format: "FOCUS",
  reportRows: 1,
  rejected: [],
  notes: [],
  reported: "2026-11-02T00:00:00Z",
  ingested: "2026-11-02T00:00:00Z",
};
const spend = (name: string, period: string, ...rows: CostRow[]) =>
  publish(table, `shop/${name}`, period, versionOf("2026-11-02T00:00:00Z", 1, name), FACTS, async function* () {
    yield* rows;
  });

const told: string[] = [];
const places: [string, CostsPlace][] = [];
const closed = vi.fn();
/** The world with clouds in memory. */
function world(from: CostTable = table): CostWorld {
  told.length = places.length = 0;
  closed.mockReset();
  return {
    now: NOW,
    tell: (line) => void told.push(line),
    async connect(cloud, place) {
      places.push([cloud, place]);
      const none = new Proxy({}, { get: () => () => expect.unreachable("neither is needed to read") });
      return { table: from, queue: none as never, bucket: none as never, close: closed };
    },
  };
}

type Value = Cost & { readonly unread: readonly Unread[] };
async function cost(options: Partial<CostOptions> = {}, from?: CostTable) {
  const result = await runCost({ by: "tenant", output: "table", kubeconfig, ...options }, paint, world(from));
  return { ...result, value: result.value as Value };
}
const lines = ({ value }: { value: Value }) =>
  value.costs.map((one) => [one.value, one.monthToDate, one.lastMonth, one.currency].join(" "));

describe("onyx cost", () => {
  test("prints what each tenant has spent, by one connection to each table", async () => {
    const { text, exitCode } = await cost();
    expect(text).toBe(`Billed cost by tenant: 2026-11 to date, and 2026-10

VALUE    MONTH TO DATE   LAST MONTH   CURRENCY
globex          100.00         0.00   USD
acme             12.50        40.00   USD
globex            0.00         0.00   EUR
-                -3.00         0.00   USD
TOTAL           109.50        40.00   USD
TOTAL             0.00         0.00   EUR`);
    expect(exitCode).toBe(0);
    expect(told).toEqual([]);
    expect(places).toEqual([
      [
        "aws",
        {
          region: "eu-region",
          account: "account-of-eu",
          endpoints: {},
          queue: {},
          bucket: {},
          table: { ID: "arn:costs", NAME: "eu-costs", REGION: "eu-west-1" },
        },
      ],
    ]);
    expect(closed).toHaveBeenCalledTimes(1);
  });

  test.each([
    ["service", ["S3 110.5 40 USD", "SQS 2 0 USD", "S3 0.000000000000000001 0 EUR", "=1+1 -3 0 USD"]],
    ["environment", ["eu 109.5 40 USD", "eu 0.000000000000000001 0 EUR"]],
    ["tag:team", [" 109.5 0 USD", " 0.000000000000000001 0 EUR", "web 0 40 USD"]],
  ])("by %s", async (by, expected) => {
    expect(lines(await cost({ by }))).toEqual(expected);
  });

  test("of another month, of one tenant, of one source", async () => {
    expect(lines(await cost({ month: "2026-10" }))).toEqual(["acme 40 1000 USD"]);
    expect(lines(await cost({ tenant: "acme" }))).toEqual(["acme 12.5 40 USD"]);
    expect(lines(await cost({ source: "shop/shared" }))).toEqual([" -3 0 USD"]);
    expect(lines(await cost({ source: "shop/shared", month: "2020-01" }))).toEqual([]);
  });

  test("does not let a source name a Tenant that the operator has not agreed to", async () => {
    objects.tenantcostsources = [
      {
        metadata: { namespace: "shop", name: "acme" },
        spec: { tableRef: { name: "costs" }, tenantRef: { name: "globex" } },
        status: { environment: "eu" },
      },
    ];
    expect(lines(await cost())).toEqual([" 12.5 40 USD"]);
  });

  test("says whose bill it is by spec where there is no status yet", async () => {
    objects.tenantcostsources = [
      {
        metadata: { namespace: "shop", name: "acme" },
        spec: { tableRef: { name: "costs" }, tenantRef: { name: "a" } },
      },
    ];
    expect(lines(await cost())).toEqual(["a 12.5 40 USD"]);
    expect(lines(await cost({ by: "environment" }))).toEqual([" 12.5 40 USD"]);
  });

  test("reads every row once, and a bounded number of sources at a time", async () => {
    const many = Array.from({ length: 40 }, (_, n) => `t${n}`);
    objects.tenantcostsources = many.map((name) => source(name));
    for (const name of many) await spend(name, "2026-11", row({}));
    let [now, most] = [0, 0];
    const read: string[] = [];
    const watched: CostTable = {
      ...table,
      async *query(pk, from, to) {
        // Heads are open while the rows of each are read.
        const rows = pk.includes("#rows#") ? 1 : 0;
        now += rows;
        most = Math.max(most, now);
        read.push(pk);
        await new Promise((done) => setTimeout(done, 1));
        yield* table.query(pk, from, to);
        now -= rows;
      },
    };
    const { value } = await cost({}, watched);
    expect(value.totals).toEqual([{ currency: "USD", monthToDate: "40", lastMonth: "0" }]);
    expect(new Set(read).size).toBe(read.length);
    expect(most).toBe(8);
  });
});

test("gives programs exact amounts, and totals apart from them", async () => {
  expect((await cost({ tenant: "acme", output: "json" })).value).toEqual({
    by: "tenant",
    month: "2026-11",
    lastMonth: "2026-10",
    costs: [{ value: "acme", currency: "USD", monthToDate: "12.5", lastMonth: "40" }],
    totals: [{ currency: "USD", monthToDate: "12.5", lastMonth: "40" }],
    unread: [],
  });
});

describe("a source that can't be read is told of, and does not hide the others", () => {
  test("whatever is wrong with it", async () => {
    objects.tables = [
      ...(objects.tables ?? []),
      tableObject("young", "eu"),
      tableObject("lost", "gone", { TABLE_NAME: "lost" }),
    ];
    objects.tenantcostsources = [
      source("acme"),
      source("a", { table: "none" }),
      source("b", { table: "young" }),
      source("c", { table: "lost" }),
    ];
    const { value, text, exitCode } = await cost();
    expect(exitCode).toBe(2);
    expect(value.costs.map((one) => one.value)).toEqual(["acme"]);
    expect(value.unread).toEqual([
      { source: "shop/a", reason: "There is no Table shop/none." },
      { source: "shop/b", reason: "Table shop/young is not there yet: its status has no outputs." },
      { source: "shop/c", reason: 'There is no Environment "gone", which Table shop/lost stands in.' },
    ]);
    expect(text).toContain("\nWithout shop/a: There is no Table shop/none.\n");
    expect(told).toEqual([]);
  });

  test("on the error output where the output is CSV", async () => {
    const denied: CostTable = {
      ...table,
      query() {
        throw new ProviderError("denied", "DynamoDB Query: not authorized");
      },
    };
    const { text, exitCode } = await cost({ output: "csv", source: "shop/acme" }, denied);
    expect([text, exitCode]).toEqual(["value,month_to_date,last_month,currency\r", 2]);
    expect(told).toEqual(["Without shop/acme: DynamoDB Query: not authorized"]);
  });
});

test.each([
  ["CredentialsProviderError", "You have no valid credentials of AWS here: aws sso login, or AWS_PROFILE."],
  ["UNAUTHENTICATED", "You have no valid credentials of Google Cloud here: gcloud auth application-default login."],
  ["AccessDenied", "as the cloud says"],
])("%s is told once, in the words of who reads it", async (code, reason) => {
  const refused: CostTable = {
    ...table,
    query() {
      throw new ProviderError("denied", "as the cloud says", { code });
    },
  };
  const { text } = await cost({}, refused);
  expect(text).toBe(
    `No cost is known of 2026-11, nor of 2026-10.\n\nWithout shop/acme, shop/globex, shop/shared: ${reason}`,
  );
});

describe("what is asked wrongly is told in a sentence", () => {
  test.each<[Partial<CostOptions>, string]>([
    [{ by: "day" }, "--by day: there is tenant, service, environment, account, region and tag:KEY."],
    [{ month: "2026-13" }, "--month 2026-13 is no month: write 2026-11."],
    [{ source: "acme" }, "--source acme: NAMESPACE/NAME is expected."],
    [{ source: "a/b/c" }, "--source a/b/c: NAMESPACE/NAME is expected."],
    [{ source: "shop/none" }, "Cluster test has no TenantCostSource shop/none: docs/guides/cost-reports.md."],
    [{ tenant: "none" }, 'Cluster test has no TenantCostSource of tenant "none". There are those of: acme, globex.'],
  ])("%j", async (options, message) => {
    await expect(cost(options)).rejects.toThrow(message);
  });

  test("and so is a cluster without the kind", async () => {
    delete objects.tenantcostsources;
    await expect(cost()).rejects.toThrow(
      "Cluster test has no tenantcostsources.onyx.onelens.io. Install the chart onyx-crds first, or upgrade it.",
    );
  });
});

describe("the program", () => {
  /** DynamoDB, as far as reading goes. */
  const dynamodb: RequestListener = async (request, response) => {
    const asked = JSON.parse(await textOf(request));
    const keys = fromAttributes(asked.Key ?? asked.ExpressionAttributeValues) as Record<string, string>;
    const reply = String(request.headers["x-amz-target"]).endsWith("GetItem")
      ? { Item: toAttributes((await table.read(keys.pk ?? "", keys.sk ?? ""))?.item as never) }
      : { Items: [] as object[] };
    if ("Items" in reply)
      for await (const item of table.query(keys[":pk"] ?? "", keys[":from"] ?? "", keys[":to"] ?? ""))
        reply.Items?.push(toAttributes(item as never));
    response
      .setHeader("content-type", "application/x-amz-json-1.0")
      .writeHead(asked.TableName === "eu-costs" ? 200 : 400);
    response.end(JSON.stringify(reply));
  };

  test(
    "reads a table of the cloud with the caller's own credentials",
    async () => {
      vi.stubEnv("AWS_ACCESS_KEY_ID", "of-the-caller");
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
      const by: string[] = [];
      const endpoint = await serve((request, response) => {
        by.push(/Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "nobody");
        return dynamodb(request, response);
      });
      objects.environments = [environment("eu", "aws", { dynamodb: endpoint })];
      const args = ["--kubeconfig", kubeconfig, "--month", "2026-11", "--by", "service", "-o", "csv"];
      expect(await onyx("cost", ...args)).toEqual({
        text: "value,month_to_date,last_month,currency\r\nS3,110.5,40,USD\r\nSQS,2,0,USD\r\nS3,0.000000000000000001,0,EUR\r\n'=1+1,-3,0,USD\r\n",
        code: 0,
      });
      expect(new Set(by)).toEqual(new Set(["of-the-caller"]));
    },
    SPAWN_MS,
  );

  test(
    "ends with one line and code 1 where the cluster has no such kind",
    async () => {
      delete objects.tenantcostsources;
      const { text, code } = await onyx("cost", "--kubeconfig", kubeconfig);
      expect([text.trim(), code]).toEqual([
        "error: Cluster test has no tenantcostsources.onyx.onelens.io. Install the chart onyx-crds first, or upgrade it.",
        1,
      ]);
    },
    SPAWN_MS,
  );
});
