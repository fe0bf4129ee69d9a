import fc from "fast-check";
import { expect, test } from "vitest";
import { actualOverrides, overridesToCreate, overridesToSet, queueOverrides } from "./queue-overrides.ts";

const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const settled = fc.record({
  ordering: fc.constantFrom("None" as const, "PerKey" as const),
  encryptionKey: fc.constantFrom(null, "arn:aws:kms:us-east-1:000000000000:key/1"),
  overrides: fc.record(
    {
      kmsDataKeyReuse: fc.constantFrom("5m", "600s", "1h"),
      fifo: fc.constantFrom(
        {},
        { deduplicateByContent: true },
        { throughputPer: "Queue" },
        { deduplicateWithin: "Queue", throughputPer: "Queue", deduplicateByContent: false },
        { deduplicateWithin: "Key", throughputPer: "Key" },
      ),
      deadLetterSources: fc.constantFrom([], [arn("b"), arn("a")]),
    },
    { requiredKeys: [] },
  ),
});
/** The attributes of a queue as SQS tells them. */
const told = (want: { ordering: string; encryptionKey: string | null }, set: object) => ({
  FifoQueue: String(want.ordering === "PerKey"),
  ...(want.encryptionKey !== null && { KmsMasterKeyId: want.encryptionKey }),
  ...set,
});

test("what is made reads back as it was wanted", () => {
  fc.assert(
    fc.property(settled, (want) => {
      const overrides = queueOverrides(want);
      expect(actualOverrides(told(want, overridesToCreate({ ...want, overrides })))).toEqual(overrides);
    }),
  );
});

test("any queue becomes any other of its kind, and nothing is sent twice", () => {
  fc.assert(
    fc.property(settled, settled, (before, { overrides: after }) => {
      const seen = queueOverrides(before);
      const want = { ...before, overrides: queueOverrides({ ...before, overrides: after }) };
      const made = told(before, overridesToCreate({ ...before, overrides: seen }));
      const changed = { ...made, ...overridesToSet(seen, want) };
      expect(actualOverrides(changed)).toEqual(want.overrides);
      expect(overridesToSet(actualOverrides(changed), want)).toEqual({});
    }),
  );
});

test("what somebody changed is told: another scope, hashes for ids, a policy that nobody can read", () => {
  expect(actualOverrides({ FifoQueue: "true", DeduplicationScope: "queue", FifoThroughputLimit: "perQueue" })).toEqual({
    fifo: { deduplicateWithin: "Queue", throughputPer: "Queue" },
  });
  expect(actualOverrides({ FifoQueue: "true", ContentBasedDeduplication: "true" })).toEqual({
    fifo: { deduplicateByContent: true },
  });
  expect(actualOverrides({ RedriveAllowPolicy: '{"redrivePermission":"allowAll"}' })).toEqual({});
  expect(actualOverrides({ RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' })).toEqual({ deadLetterSources: [] });
  expect(actualOverrides({ RedriveAllowPolicy: "torn" })).toEqual({ deadLetterSources: ["torn"] });
});
