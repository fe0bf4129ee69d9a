import { describe, expect, it, test } from "vitest";
import { tenantCostSource as kind, type TenantCostSourceSpecInput } from "../../crds/tenantcostsource.ts";
import { type Child, type Composed, kindOf, refOf } from "../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import { tenantcostsource } from "./tenantcostsource.ts";
import { seenWith } from "./testing/seen.ts";

type World = NonNullable<Parameters<typeof seenWith>[0]>;
const TENANCY = { namespace: "onelens" };
const specOf = (spec: Partial<TenantCostSourceSpecInput> = {}) =>
  kind.spec.parse({ tableRef: { name: "costs" }, image: "onyx-ingest:1", ...spec });
const seen = (world: World = {}) => seenWith({ namespace: "onelens", name: "acme", tenancy: TENANCY, ...world });
const compose = (spec: Partial<TenantCostSourceSpecInput> = {}, world: World = {}) =>
  tenantcostsource.compose(specOf(spec), seen(world));
function composed(spec: Partial<TenantCostSourceSpecInput> = {}, world: World = {}): Composed {
  const made = compose(spec, world);
  if ("invalid" in made) throw new Error(made.invalid.message);
  return made;
}
const child = (id: string, spec: Partial<TenantCostSourceSpecInput> = {}, world: World = {}) =>
  (composed(spec, world).children as readonly Child[]).find((one) => one.id === id);
const specOfChild = (id: string, spec: Partial<TenantCostSourceSpecInput> = {}) =>
  child(id, spec)?.object.spec as Record<string, unknown>;
const settings = (spec: Partial<TenantCostSourceSpecInput> = {}) =>
  JSON.parse((specOfChild("worker", spec) as { env: { ONYX_COSTS: string } }).env.ONYX_COSTS) as object;

const tenantNamespace = (tenant: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: `tenant-${tenant}`, labels: { "onyx.onelens.io/tenant": tenant } },
});
const summary = (attributes: object): KubeObject => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "TableItem",
  metadata: { namespace: "onelens", name: "acme-summary" },
  status: { effective: { attributes } },
});
const TOLD = {
  report: "exports/2026-11.parquet",
  reported: "2026-11-30T01:00:00.000Z",
  ingested: "2026-11-30T01:05:00.000Z",
  result: "Ingested",
  reason: "",
  message: "",
  format: "FOCUS",
  reportRows: 1200,
  rejectedRows: 3,
  rejected: [{ reason: "amount", rows: 3, sample: "twelve" }],
  month: "2026-11",
  lastDay: "2026-11-29",
  rows: 90,
  monthToDate: [
    { currency: "USD", amount: "812.505" },
    { currency: "EUR", amount: "-3" },
  ],
  lastMonth: [{ currency: "USD", amount: "700" }],
  forecast: [{ currency: "USD", amount: "840.1", method: "WeekdayMean" }],
  anomalies: [{ day: "2026-11-20", service: "EC2", currency: "USD", amount: "90", usual: "30", score: "12.1" }],
};
const statusOf = (made: Composed) => made.summary(() => undefined);

test("each child is of a kind that it declares", () => {
  for (const { object } of composed().children as readonly Child[])
    expect(kindOf(tenantcostsource.uses, refOf(object)), object.kind).toBeDefined();
});

describe("what it is made of", () => {
  it("is a queue that is told of reports, and a bucket that they go to", () => {
    expect(specOfChild("bucket", { prefix: "exports/", keepDays: 90 })).toMatchObject({
      lifecycle: [{ action: "Expire", days: 90 }, { action: "AbortMultipart" }],
      notifications: [{ events: ["ObjectCreated"], prefix: "exports/", queueRef: { name: "acme-reports" } }],
    });
    expect(child("queue")?.object.metadata.name).toBe("acme-reports");
  });

  it("lets just those deliver that are named, under the prefix", () => {
    expect(specOfChild("bucket")).not.toHaveProperty("overrides");
    const delivery = {
      awsAccounts: ["210987654321", "111122223333"],
      gcpServiceAccounts: ["export@acme-prod.iam.gserviceaccount.com"],
    };
    const bucket = specOfChild("bucket", { delivery, prefix: "exports/" });
    expect(bucket.portability).toBe("Warn");
    expect(bucket.overrides).toEqual({
      aws: {
        deliverers: [
          { account: "111122223333", prefix: "exports/" },
          { account: "210987654321", prefix: "exports/" },
        ],
      },
      gcp: { deliverers: [{ serviceAccount: "export@acme-prod.iam.gserviceaccount.com", prefix: "exports/" }] },
    });
  });

  it("is a worker that sleeps while nothing comes, with the rights that it needs", () => {
    expect(specOfChild("worker", { maxReportGiB: 4 })).toMatchObject({
      image: "onyx-ingest:1",
      tmpSize: "12Gi",
      bindings: [
        { queue: "acme-reports", access: "Consume" },
        { bucket: "acme-reports", access: "Read" },
        { table: "costs", access: "ReadWrite" },
      ],
      scaling: { toZero: true, max: 1, queueBacklog: { queue: "acme-reports" } },
    });
  });

  it("tells the worker what spec says", () => {
    expect(settings()).toEqual({
      source: "onelens/acme",
      generation: 1,
      queue: "acme-reports",
      bucket: "acme-reports",
      table: "costs",
      folder: "/tmp",
      maxBytes: 2 ** 30,
    });
    expect(
      settings({
        tagKeys: ["team"],
        rejectedShare: "0.2",
        anomalyFloor: "5",
        allocations: [
          {
            name: "support",
            from: { services: ["Support"] },
            over: "Tag",
            tag: "team",
            by: "Weights",
            weights: { a: "1" },
          },
          { name: "rest", from: { accounts: ["1"] }, over: "Account", by: "Even" },
        ],
      }),
    ).toMatchObject({
      tagKeys: ["team"],
      rejectedShare: 0.2,
      anomalyFloor: "5",
      allocations: [
        { name: "support", from: { services: ["Support"] }, over: { tag: "team" }, by: { a: "1" } },
        { name: "rest", over: "account", by: "Even" },
      ],
    });
  });

  it("has no worker while it is switched off, and all else", () => {
    const ids = (composed({ enabled: false, disabledReason: "audit" }).children as readonly Child[]).map(
      ({ id }) => id,
    );
    expect(ids).toEqual(["queue", "bucket", "summary"]);
  });

  it("stands in its Environment with all its parts", () => {
    for (const { object } of composed({ environmentRef: { name: "eu" } }).children as readonly Child[])
      expect(object.spec).toMatchObject({ environmentRef: { name: "eu" } });
  });

  it("is well before there is any report", () => {
    expect(specOfChild("summary")).toEqual({
      managementPolicy: "Observe",
      optional: true,
      tableRef: { name: "costs" },
      key: { partition: "onelens/acme#summary", sort: "now" },
    });
  });
});

describe("whose bill it is", () => {
  const of = (namespace: string, tenantRef?: string, tenancy: World["tenancy"] = TENANCY) => {
    const world = { namespace, tenancy, live: [tenantNamespace("acme")] } as World;
    const made = compose(tenantRef ? { tenantRef: { name: tenantRef } } : {}, world);
    return "invalid" in made ? made.invalid.message : statusOf(made).tenant;
  };
  it.each([
    ["the platform's namespace says", "onelens", "acme", "acme"],
    ["nobody's, where nobody is named", "onelens", undefined, undefined],
    ["the tenant's, in its namespace", "tenant-acme", undefined, "acme"],
    ["the tenant's, named in its namespace", "tenant-acme", "acme", "acme"],
    [
      "refused: another tenant's",
      "tenant-acme",
      "globex",
      "This namespace is that of Tenant acme: leave tenantRef out, or name that one.",
    ],
    [
      "refused: from anywhere",
      "shop",
      "acme",
      "The bill of a Tenant is told in the tenant's own namespace, or in namespace onelens of Environment prod.",
    ],
  ])("%s", (_what, namespace, tenantRef, expected) => {
    expect(of(namespace, tenantRef)).toBe(expected);
  });

  it("is refused where there are no tenants", () => {
    const made = compose({ tenantRef: { name: "acme" } }, { tenancy: undefined } as unknown as World);
    expect(made).toMatchObject({ invalid: { field: "tenantRef", message: expect.stringContaining("has none") } });
  });

  it("is summed up by the Tenant that is named", () => {
    expect(tenantcostsource.partOf?.(specOf({ tenantRef: { name: "acme" } }))).toEqual({
      kind: "Tenant",
      name: "acme",
    });
    expect(tenantcostsource.partOf?.(specOf())).toBeUndefined();
  });
});

describe("what it tells", () => {
  it("is what the worker's item says", () => {
    const made = composed({}, { live: [summary(TOLD)] });
    expect(statusOf(made)).toMatchObject({
      lastReport: "exports/2026-11.parquet",
      lastIngested: TOLD.ingested,
      reportRows: 1200,
      rejectedRows: 3,
      rejected: TOLD.rejected,
      month: "2026-11",
      lastDay: "2026-11-29",
      rows: 90,
      monthToDate: TOLD.monthToDate,
      lastMonth: TOLD.lastMonth,
      forecast: TOLD.forecast,
      anomalies: TOLD.anomalies,
      total: "812.51 USD, -3.00 EUR",
    });
    expect(made.verdicts?.ReportAccepted).toEqual({
      status: "True",
      reason: "ReportIngested",
      message:
        "exports/2026-11.parquet was taken in: 1200 rows. 3 of them could not be read: status.rejected tells why.",
    });
  });

  it("is nothing before the first report", () => {
    const made = composed();
    expect(made.verdicts?.ReportAccepted).toMatchObject({ status: "Unknown", reason: "NoReport" });
    expect(Object.values(statusOf(made)).filter((value) => value !== undefined)).toEqual([]);
  });

  it("is why a report was refused, and what was in force before", () => {
    const refused = { ...TOLD, result: "Refused", reason: "BrokenGzip", message: "It is cut off." };
    const made = composed({}, { live: [summary(refused)] });
    expect(made.verdicts?.ReportAccepted).toEqual({
      status: "False",
      reason: "ReportRefused",
      message: "exports/2026-11.parquet was refused (BrokenGzip): It is cut off. What was in force before stays.",
    });
    expect(statusOf(made)).toMatchObject({ monthToDate: TOLD.monthToDate });
  });

  it.each([
    ["nothing that can be read", { report: 5, monthToDate: "much" }, undefined],
    ["what is no amount counts for nothing", { monthToDate: [{ currency: "USD", amount: "1e9" }] }, "0.00 USD"],
    [
      "one of a currency",
      {
        monthToDate: [
          { currency: "USD", amount: "1" },
          { currency: "USD", amount: "2" },
        ],
      },
      "2.00 USD",
    ],
    ["no list at all", { monthToDate: { 0: "x" }, anomalies: [null, 7] }, undefined],
  ])("holds what the API server takes, whatever stands in the table: %s", (_what, over, total) => {
    const status = statusOf(composed({}, { live: [summary({ ...TOLD, ...over })] }));
    expect(status.total).toBe(total);
    const told = Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
    expect(kind.status.safeParse(told).error).toBeUndefined();
  });

  it("is where reports are to go, once the bucket is there", () => {
    const made = composed({ prefix: "exports/" });
    const bucket = { status: { outputs: { BUCKET_URL: "s3://prod-acme" } } } as unknown as KubeObject;
    expect(made.summary((id) => (id === "bucket" ? bucket : undefined)).deliverTo).toBe("s3://prod-acme/exports/");
  });
});
