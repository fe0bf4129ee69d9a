import { expect, test } from "vitest";
import type { Cloud } from "../../provider/provider.ts";
import { type Bill, estimateOf, rateText } from "../estimate.ts";
import { bucket } from "./bucket.ts";
import { encryptionKey } from "./encryptionkey.ts";
import { eventRule } from "./eventrule.ts";
import { managedSecret } from "./managedsecret.ts";
import { topic } from "./topic.ts";
import { workflow } from "./workflow.ts";

const open = { encryptionKey: null };
const hot = { ...open, storageClass: "Hot" as const, lifecycle: [], replicateTo: null };
const secret = { ...open, rotation: null, overrides: {} };
const told = { targetIs: { kind: "Queue" } };
const colder = [{ to: "Cool" }, { to: "Archive" }, { to: "Cool" }, { to: null }] as const;

const cases: readonly { what: string; on: Cloud; bill: Bill; monthly: string; rates: readonly string[] }[] = [
  {
    what: "a topic",
    on: "aws",
    bill: topic.aws({ ...open, ordering: "None" }),
    monthly: "0.00",
    rates: ["publishing, each 64 KB one; delivery to a queue is free: 0.50 USD per 1,000,000 requests"],
  },
  {
    what: "a topic in order",
    on: "aws",
    bill: topic.aws({ encryptionKey: "k", ordering: "PerKey" }),
    monthly: "0.00",
    rates: [
      "publishing, each message: 0.30 USD per 1,000,000 requests",
      "publishing, each byte: 0.017 USD per GB",
      "delivery to a queue, each message: 0.01 USD per 1,000,000 messages",
      "delivery to a queue, each byte: 0.001 USD per GB",
      "use of the key: 0.03 USD per 10,000 requests",
    ],
  },
  {
    what: "a topic",
    on: "gcp",
    bill: topic.gcp({ ...open, ordering: "PerKey" }),
    monthly: "0.00",
    rates: ["published, each 1 kB a request at least: 40.00 USD per TiB"],
  },
  {
    what: "a bucket",
    on: "aws",
    bill: bucket.aws({ ...hot, lifecycle: colder }),
    monthly: "0.00",
    rates: [
      "stored, old versions included: 0.023 USD per GB a month",
      "stored in Cool: 0.0125 USD per GB a month",
      "stored in Archive: 0.00099 USD per GB a month",
      "writes and lists: 0.005 USD per 1,000 requests",
      "reads: 0.0004 USD per 1,000 requests",
    ],
  },
  {
    what: "a bucket that finds its class by itself",
    on: "gcp",
    bill: bucket.gcp({ ...hot, storageClass: "Auto" }),
    monthly: "0.00",
    rates: [
      "stored, old versions and what is softly deleted included: 0.02 USD per GiB a month",
      "watching for what can be colder: price unknown",
      "writes and lists: 0.05 USD per 10,000 operations of class A",
      "reads: 0.004 USD per 10,000 operations of class B",
    ],
  },
  {
    what: "a bucket that is copied",
    on: "aws",
    bill: bucket.aws({ ...hot, replicateTo: { target: "b" } }),
    monthly: "0.00",
    rates: [
      "stored, old versions included: 0.023 USD per GB a month",
      "writes and lists: 0.005 USD per 1,000 requests",
      "reads: 0.0004 USD per 1,000 requests",
      "copies, each a write in the other bucket: 0.005 USD per 1,000 requests",
    ],
  },
  {
    what: "a schedule",
    on: "aws",
    bill: eventRule.aws({ ...told, pattern: null }),
    monthly: "0.00",
    rates: ["each time it fires: 1.00 USD per 1,000,000 invocations"],
  },
  {
    what: "a rule with a pattern",
    on: "aws",
    bill: eventRule.aws({ ...told, pattern: [] }),
    monthly: "0.00",
    rates: [
      "each event that is published to the bus, once for all rules: 1.00 USD per 1,000,000 events, each 64 KB of one",
    ],
  },
  { what: "a schedule", on: "gcp", bill: eventRule.gcp({ ...told, pattern: null }), monthly: "0.10", rates: [] },
  { what: "a key", on: "aws", bill: encryptionKey.aws({ overrides: {} }), monthly: "1.00", rates: [] },
  { what: "a key", on: "gcp", bill: encryptionKey.gcp({ overrides: {} }), monthly: "0.06", rates: [] },
  {
    what: "a key in hardware",
    on: "gcp",
    bill: encryptionKey.gcp({ overrides: { protectionLevel: "HSM" } }),
    monthly: "1.00",
    rates: [],
  },
  {
    what: "a secret with copies in two other regions",
    on: "aws",
    bill: managedSecret.aws({ ...secret, overrides: { replicas: [{ region: "a" }, { region: "b" }] } }),
    monthly: "1.20",
    rates: ["reads and changes: 0.05 USD per 10,000 requests"],
  },
  {
    what: "a secret",
    on: "aws",
    bill: managedSecret.aws(secret),
    monthly: "0.40",
    rates: ["reads and changes: 0.05 USD per 10,000 requests"],
  },
  {
    what: "a secret in three locations with a key",
    on: "gcp",
    bill: managedSecret.gcp({ ...secret, encryptionKey: "k", overrides: { locations: ["a", "b", "c"] } }),
    monthly: "0.18",
    rates: ["reads: 0.03 USD per 10,000 accesses", "use of the key: 0.03 USD per 10,000 operations"],
  },
  {
    what: "a workflow without a log",
    on: "aws",
    bill: workflow.aws({ logLevel: "None" }),
    monthly: "0.00",
    rates: ["each step of a run, several for a task: 0.025 USD per 1,000 state transitions"],
  },
];

test.each(cases)("$what on $on", ({ on, bill, monthly, rates }) => {
  const made = estimateOf(on, bill);
  expect(made.monthly).toBe(monthly);
  expect(made.byUse.map((rate) => rateText(rate, made.currency))).toEqual(rates);
});

test("a secret says that replaced versions are still paid for", () =>
  expect(managedSecret.gcp({ ...secret, rotation: {} }).note).toMatch(/disabled, not destroyed/));

test.each([
  ["a schedule", null],
  ["a rule with a pattern", []],
])("%s that starts a workflow says what it leaves out, on both clouds", (_what, pattern) => {
  const starts = { pattern, targetIs: { kind: "Workflow" } };
  const note = "what the workflow does once it is started is billed with the workflow";
  expect([eventRule.aws(starts).note, eventRule.gcp(starts).note]).toEqual([note, note]);
  expect(eventRule.aws({ ...told, pattern }).note).toBeUndefined();
});

test("a workflow's log is paid for where there is one, by a price that we don't know", () => {
  const { byUse = [] } = workflow.aws({ logLevel: "Errors" });
  expect(byUse.map(({ what, price }) => [what, price.amount])).toEqual([
    ["each step of a run, several for a task", "0.025"],
    ["what its log gets", undefined],
  ]);
});
