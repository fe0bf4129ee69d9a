import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TopicWant } from "../../controllers/leaf/wants.ts";
import { topicWant } from "./testing/fixtures.ts";
import { type Attributes, actualTopic, attributesToCreate, attributesToUpdate, fitTopic } from "./topic-shape.ts";

const aws = { arn: (service: string, resource: string) => `arn:aws:${service}:us-east-1:1:${resource}` };
const fitted = (over: Partial<TopicWant>) => fitTopic(aws, topicWant("t", over));
const KEY = "arn:aws:kms:us-east-1:1:key/k";

const deliveryPolicy = fc
  .record({ retries: fc.integer({ min: 0, max: 100 }), low: fc.integer({ min: 1, max: 99 }), more: fc.nat(99) })
  .chain(({ retries, low, more }) =>
    fc.record(
      {
        retries: fc.constant(retries),
        minimumDelay: fc.constant(`${low}s`),
        maximumDelay: fc.constant(`${low + more}s`),
        backoff: fc.constantFrom("Linear", "Arithmetic", "Geometric", "Exponential"),
        maxReceivesPerSecond: fc.integer({ min: 1, max: 1000 }),
      },
      { requiredKeys: ["retries", "minimumDelay", "maximumDelay"] },
    ),
  );
const role = fc.constantFrom("arn:aws:iam::111122223333:role/a", "arn:aws:iam::111122223333:role/b");
const overrides = fc.record(
  {
    displayName: fc.string({ minLength: 1, maxLength: 20 }),
    tracing: fc.constantFrom("PassThrough", "Active"),
    signatureVersion: fc.constantFrom(1, 2),
    deliveryPolicy,
    fifo: fc.constantFrom({}, { throughputPer: "Topic" }, { throughputPer: "Key", deduplicateByContent: true }),
    deliveryStatus: fc.record({
      successRoleArn: role,
      failureRoleArn: role,
      successSamplePercent: fc.integer({ min: 0, max: 100 }),
    }),
  },
  { requiredKeys: [] },
);
const wants = fc.record({
  ordering: fc.constantFrom("None" as const, "PerKey" as const),
  maxMessageBytes: fc.integer({ min: 1024, max: 1_048_576 }),
  encryptionKey: fc.constantFrom(null, KEY),
  overrides: overrides as fc.Arbitrary<TopicWant["overrides"]>,
});

/** What SNS keeps: empty text takes an attribute away. */
const stored = (before: Attributes, set: readonly (readonly [string, string])[]): Attributes =>
  Object.fromEntries(Object.entries({ ...before, ...Object.fromEntries(set) }).filter(([, value]) => value !== ""));

describe("what is written reads back as what was wanted", () => {
  test("after a create", () => {
    fc.assert(
      fc.property(wants, (over) => {
        const { want } = fitted(over);
        const { tags: _tags, ...rest } = want;
        expect(actualTopic(attributesToCreate(want))).toEqual(rest);
      }),
    );
  });

  test("after an update from anything to anything, and then nothing is left to send", () => {
    fc.assert(
      fc.property(wants, wants, (first, second) => {
        const [from, to] = [fitted(first).want, fitted({ ...second, ordering: first.ordering }).want];
        const all = new Set(["maxMessageBytes", "encryptionKey", "overrides"] as const);
        const live = attributesToCreate(from);
        const after = stored(live, attributesToUpdate(live, to, all));
        const { tags: _tags, ...rest } = to;
        expect(actualTopic(after)).toEqual(rest);
        expect(attributesToUpdate(after, to, all)).toEqual([]);
      }),
    );
  });
});

test("a FIFO topic that somebody slowed down differs from what it should be, and is told in words", () => {
  const { want } = fitted({ ordering: "PerKey" });
  const live = { ...attributesToCreate(want), FifoThroughputScope: "Topic", ContentBasedDeduplication: "true" };
  expect(attributesToCreate(want)).toMatchObject({
    FifoTopic: "true",
    ContentBasedDeduplication: "false",
    FifoThroughputScope: "MessageGroup",
  });
  expect(actualTopic(live).overrides).toEqual({ fifo: { throughputPer: "Topic", deduplicateByContent: true } });
  expect(attributesToUpdate(live, want, new Set(["overrides"]))).toEqual([
    ["ContentBasedDeduplication", "false"],
    ["FifoThroughputScope", "MessageGroup"],
  ]);
});

test("an update sends only the attributes that differ", () => {
  const { want } = fitted({ overrides: { tracing: "Active", signatureVersion: 2 } });
  const live = { ...attributesToCreate(want), SignatureVersion: "1" };
  expect(attributesToUpdate(live, want, new Set(["overrides"]))).toEqual([["SignatureVersion", "2"]]);
});

test("SNS tells the size only where it was set: absent means 256 KiB", () => {
  expect(actualTopic({}).maxMessageBytes).toBe(262_144);
});

test("an override that says what SNS does anyway is none, and is shown as specific all the same", () => {
  const { want, deviations } = fitted({ overrides: { tracing: "PassThrough", signatureVersion: 1 } });
  expect(want.overrides).toEqual({});
  expect(deviations.map(({ field, kind }) => [field, kind])).toEqual([
    ["overrides.aws.tracing", "CloudSpecific"],
    ["overrides.aws.signatureVersion", "CloudSpecific"],
  ]);
});

test("sizes beyond SNS are clamped, and said to be", () => {
  const { want, deviations } = fitted({ maxMessageBytes: 2_000_000 });
  expect(want.maxMessageBytes).toBe(1_048_576);
  expect(deviations).toMatchObject([{ field: "maxMessageBytes", kind: "Clamped" }]);
});

test("a delivery policy that somebody broke equals no wish", () => {
  const broken = actualTopic({ DeliveryPolicy: "{" }).overrides;
  expect(broken).not.toEqual({});
});

test("an unknown override is refused by its path", () => {
  expect(() => fitted({ overrides: { colour: "red" } })).toThrow("overrides.aws.colour");
});
