import { describe, expect, test } from "vitest";
import { leaves } from "../../controllers/leaf/index.ts";
import type { IdentityWant, LeafKind, QueueWant, TableWant } from "../../controllers/leaf/wants.ts";
import type { Cloud } from "../provider/provider.ts";
import { type Estimate, rateText } from "./estimate.ts";
import { estimate, estimators } from "./index.ts";
import { priceTables } from "./prices.ts";

const queue: QueueWant = {
  processingTimeoutSeconds: 60,
  retentionSeconds: 345_600,
  maxMessageBytes: 262_144,
  delaySeconds: 0,
  ordering: "None",
  deadLetter: null,
  subscription: null,
  encryptionKey: null,
  overrides: {},
  tags: {},
};
const table: TableWant = {
  partitionKey: { name: "id", type: "String" },
  sortKey: null,
  indexes: [],
  ttlField: null,
  pointInTimeRecoveryDays: null,
  deletionProtection: false,
  encryptionKey: null,
  overrides: {},
  tags: {},
};
const index = { name: "by-tenant", partitionKey: { name: "tenant", type: "String" } as const, sortKey: null };
const identity: IdentityWant = {
  serviceAccount: { namespace: "shop", name: "api" },
  grants: [],
  permissions: [],
  trust: [],
  overrides: {},
  tags: {},
};

const rates = ({ byUse, currency }: Estimate) => byUse.map((rate) => rateText(rate, currency));
const SQS = "requests, each 64 KiB of a message one";
const PUBSUB = "published and delivered, each 1 kB a request at least: 40.00 USD per TiB";

describe("Queue", () => {
  test.each<{ name: string; want: Partial<QueueWant>; cloud: Cloud; told: readonly string[] }>([
    { name: "unordered", want: {}, cloud: "aws", told: [`${SQS}: 0.40 USD per 1,000,000 requests`] },
    { name: "ordered", want: { ordering: "PerKey" }, cloud: "aws", told: [`${SQS}: 0.50 USD per 1,000,000 requests`] },
    {
      name: "with a key",
      want: { encryptionKey: "k" },
      cloud: "aws",
      told: [`${SQS}: 0.40 USD per 1,000,000 requests`, "use of the key: 0.03 USD per 10,000 requests"],
    },
    { name: "kept a day", want: { retentionSeconds: 86_400 }, cloud: "gcp", told: [PUBSUB] },
    {
      name: "kept longer",
      want: { retentionSeconds: 86_401 },
      cloud: "gcp",
      told: [PUBSUB, "waiting for more than a day: 0.27 USD per GiB a month"],
    },
    {
      name: "with a key",
      want: { retentionSeconds: 600, encryptionKey: "k" },
      cloud: "gcp",
      told: [PUBSUB, "use of the key: 0.03 USD per 10,000 operations"],
    },
  ])("$name on $cloud", ({ want, cloud, told }) => {
    const made = estimate("Queue", cloud, { ...queue, ...want });
    expect(rates(made)).toEqual(told);
    expect(made.monthly).toBe("0.00");
  });
});

describe("Table", () => {
  test.each<{ name: string; want: Partial<TableWant>; cloud: Cloud; told: readonly string[] }>([
    {
      name: "plain",
      want: {},
      cloud: "aws",
      told: [
        "writes, each 1 KB one: 0.625 USD per 1,000,000 write request units",
        "reads, each 4 KB one, eventually consistent half: 0.125 USD per 1,000,000 read request units",
        "stored: 0.25 USD per GB a month",
      ],
    },
    {
      name: "with an index and recovery",
      want: { indexes: [index], pointInTimeRecoveryDays: 7 },
      cloud: "aws",
      told: [
        "writes, each 1 KB one, again for each index: 0.625 USD per 1,000,000 write request units",
        "reads, each 4 KB one, eventually consistent half: 0.125 USD per 1,000,000 read request units",
        "stored, again for each index: 0.25 USD per GB a month",
        "point-in-time recovery: 0.20 USD per GB a month",
      ],
    },
    {
      name: "in a class whose price we don't know",
      want: { overrides: { tableClass: "StandardInfrequentAccess" } },
      cloud: "aws",
      told: [
        "writes, each 1 KB one: price unknown",
        "reads, each 4 KB one, eventually consistent half: price unknown",
        "stored: price unknown",
      ],
    },
    {
      name: "with expiry and recovery",
      want: { ttlField: "expiresAt", pointInTimeRecoveryDays: 7 },
      cloud: "gcp",
      told: [
        "writes: 0.09 USD per 100,000 documents",
        "reads: 0.03 USD per 100,000 documents",
        "deletes, those by expiry included: 0.01 USD per 100,000 documents",
        "stored, indexes included: 0.15 USD per GiB a month",
        "point-in-time recovery: 0.15 USD per GiB a month",
      ],
    },
  ])("$name on $cloud", ({ want, cloud, told }) =>
    expect(rates(estimate("Table", cloud, { ...table, ...want }))).toEqual(told),
  );
});

test.each<Cloud>(["aws", "gcp"])("an identity costs nothing on %s, and says so", (cloud) =>
  expect(estimate("WorkloadIdentity", cloud, identity)).toMatchObject({
    monthly: "0.00",
    byUse: [],
    note: "IAM costs nothing",
  }),
);

test("every leaf that is wired has an estimator for each cloud", () => {
  for (const { kind } of leaves)
    expect(Object.keys(estimators[kind as LeafKind]).sort()).toEqual(Object.keys(priceTables).sort());
});
