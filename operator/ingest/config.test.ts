import { describe, expect, it } from "vitest";
import { configOf } from "./config.ts";

const costs = { source: "shop", queue: "new-reports", bucket: "reports", table: "costs" };
const env = (over: object = {}, more: Readonly<Record<string, string>> = {}) => ({
  ONYX_CLOUD: "aws",
  ONYX_REGION: "us-east-1",
  ONYX_ACCOUNT: "000000000000",
  ONYX_COSTS: JSON.stringify({ ...costs, ...over }),
  QUEUE_NEW_REPORTS_URL: "https://queue",
  QUEUE_NEW_REPORTS_ID: "arn",
  BUCKET_REPORTS: "prod-reports",
  BUCKET_REPORTS_URL: "s3://prod-reports",
  TABLE_COSTS_NAME: "prod-costs",
  ...more,
});

describe("the configuration", () => {
  it("takes the outputs of what the worker is bound to", () => {
    expect(configOf(env())).toMatchObject({
      cloud: "aws",
      region: "us-east-1",
      queue: { URL: "https://queue", ID: "arn" },
      bucket: { "": "prod-reports", URL: "s3://prod-reports" },
      table: { NAME: "prod-costs" },
      options: {
        source: "shop",
        prefix: "",
        rejectedShare: 0.01,
        settleSeconds: 60,
        generation: 0,
        allocations: [],
        anomalyFloor: "1",
      },
    });
  });

  it("takes allocations", () => {
    const allocations = [
      { name: "support", from: { services: ["Support"] }, over: { tag: "team" }, by: { a: "0.5", b: "0.5" } },
      { name: "net", from: { tags: { team: [""] } }, over: "account", by: "Even" },
    ];
    expect(configOf(env({ allocations, tagKeys: ["team"] })).options).toMatchObject({ allocations, tagKeys: ["team"] });
  });

  it.each<[string, Record<string, string | undefined>, RegExp]>([
    ["a missing variable", { ...env(), ONYX_REGION: undefined }, /ONYX_REGION is missing/],
    ["another cloud", { ...env(), ONYX_CLOUD: "azure" }, /it is aws or gcp/],
    ["no JSON", { ...env(), ONYX_COSTS: "{" }, /ONYX_COSTS is no JSON/],
    ["an unknown field", env({ qeue: "x" }), /qeue/],
    ["a floor that is no amount", env({ anomalyFloor: "-1" }), /anomalyFloor/],
    ["a share above all", env({ rejectedShare: 2 }), /rejectedShare/],
    [
      "a float as share of an allocation",
      env({ allocations: [{ name: "a", from: {}, over: "account", by: { x: "1e3" } }] }),
      /allocations/,
    ],
    [
      "a tag that is not declared",
      env({ allocations: [{ name: "a", from: {}, over: { tag: "team" }, by: "Even" }] }),
      /by the tag team, which tagKeys lacks/,
    ],
    ["no binding", env({ table: "other" }), /No environment variable begins with TABLE_OTHER/],
  ])("%s is told", (_what, given, message) => {
    expect(() => configOf(given)).toThrow(message);
  });
});
