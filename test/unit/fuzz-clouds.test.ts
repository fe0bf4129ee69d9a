import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lifecycleOf as lifecycleOfS3 } from "../../adapters/aws/bucket-lifecycle.ts";
import { hasTlsOnly, withTlsOnly } from "../../adapters/aws/bucket-policy.ts";
import { fromExpression } from "../../adapters/aws/cron.ts";
import { fromFilterPolicy, toFilterPolicy } from "../../adapters/aws/filter-policy.ts";
import { ourLines, parseKeyPolicy, withOurs as withOurKeyStatements } from "../../adapters/aws/key-policy.ts";
import { actualNotifications as actualRules } from "../../adapters/aws/notification-shape.ts";
import { linesOf, type PolicyDocument } from "../../adapters/aws/policy.ts";
import { actualOf as actualQueueOfSqs } from "../../adapters/aws/queue-shape.ts";
import { statementsIn, withOurs } from "../../adapters/aws/resource-policy.ts";
import { actualSubscription, snsMayUse } from "../../adapters/aws/subscription-shape.ts";
import { tagChanges, tagsOf } from "../../adapters/aws/tags.ts";
import { actualTopic as actualTopicOfSns } from "../../adapters/aws/topic-shape.ts";
import { eventPattern, readEventPattern } from "../../adapters/event-pattern.ts";
import { lifecycleOf } from "../../adapters/gcp/bucket-lifecycle.ts";
import { isRegistered, transformsFor, withBucket } from "../../adapters/gcp/bucket-transform.ts";
import { celMatch, readCelMatch } from "../../adapters/gcp/cel-match.ts";
import { fromPubSubFilter } from "../../adapters/gcp/filter.ts";
import { type Policy, withMember, withoutMember } from "../../adapters/gcp/policy.ts";
import type { LifecycleRule } from "../../adapters/gcp/storage.ts";
import { actualTable, indexSteps, liveIndexes, readMeta, recordedIndexes } from "../../adapters/gcp/table-shape.ts";
import { inputIn } from "../../adapters/gcp/workflow-start.ts";
import { canonicalCron } from "../../crds/cron.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import { pubSubFilter } from "../../crds/filter.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { parseState, stateText } from "../../operator/provider/kept-value.ts";
import { mergeTags, ownerOf, ownerTags } from "../../operator/provider/owner.ts";
import { marksIn, withMarks } from "../../operator/provider/owner-text.ts";
import { quantityValue } from "../../operator/reconcile/quantity.ts";
import { brokenJson, hostileJson, hostileText, nearly, survives, WITHIN_SECONDS } from "../support/hostile.ts";

const isRecord = (value: unknown): value is object => typeof value === "object" && value !== null;
const isProviderError = (error: unknown) => error instanceof ProviderError;
const check = <T>(values: fc.Arbitrary<T>, holds: (value: T) => void, runs = WITHIN_SECONDS) =>
  fc.assert(
    fc.property(values, (value) => void holds(value)),
    runs,
  );
const me = { environment: "prod", cluster: "c", namespace: "shop", kind: "Queue", name: "jobs", uid: "1" };

/** Policies of AWS, nearly: what somebody with rights on a queue, key or bucket can write beside ours. */
const statement = fc.record({
  Sid: fc.constantFrom("OnyxTopic", "OnyxTlsOnly", "OnyxAccount", "theirs"),
  Effect: fc.constantFrom("Allow", "Deny"),
  Principal: fc.constantFrom<unknown>("*", { AWS: "*" }, { Service: ["sns.amazonaws.com", "x"] }),
  Action: fc.constantFrom<unknown>("sqs:SendMessage", ["kms:Decrypt", "kms:GenerateDataKey*"]),
  Resource: fc.constantFrom<unknown>("*", ["arn:a", "arn:b"]),
  Condition: fc.constant({ ArnEquals: { "aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:t" } }),
});
const policyWords = ["Statement", "Version", "Effect", "Action", "Condition", "Principal", "Sid", "StringEquals"];
const policy = brokenJson(
  nearly(
    fc.record({ Version: fc.constant("2012-10-17"), Statement: fc.array(statement, { maxLength: 3 }) }),
    hostileJson(...policyWords),
  ),
);
const ours = { OnyxTopic: { Sid: "OnyxTopic", Effect: "Allow", Action: "sqs:SendMessage", Resource: "arn:a" } };

describe("policies of AWS", () => {
  it("of a queue or topic are read, or are no policy; ours stand in what is written, and theirs stay", () => {
    check(policy, (text) => {
      const written = survives(() => withOurs(text, ours), isProviderError);
      if (!written) return;
      expect(withOurs(written, ours)).toBeUndefined();
      const theirs = (of: string) => statementsIn(of).filter(({ Sid }) => Sid !== "OnyxTopic");
      expect(theirs(written)).toEqual(theirs(text));
    });
  });

  it("of a bucket are read, or are no policy", () => {
    check(policy, (text) => {
      survives(() => hasTlsOnly(text, "arn:b"), isProviderError);
      const written = survives(() => withTlsOnly(text, "arn:b"), isProviderError);
      if (written) expect(hasTlsOnly(written, "arn:b")).toBe(true);
    });
  });

  it("of a key are read, or are no policy", () => {
    check(policy, (text) => {
      const read = survives(() => parseKeyPolicy(text), isProviderError);
      if (!read) return;
      survives(() => [linesOf(read), ourLines(read), snsMayUse(read)]);
      survives(() => withOurKeyStatements(read, []), isProviderError);
    });
  });

  it("with many values for many keys are lines of no more than what a policy can hold", () => {
    const Condition = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`StringEquals${n}`, { k: ["1", "2", "3"] }]),
    );
    const keys = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, ["1", "2"]]));
    const document = (condition: unknown) =>
      ({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "a", Resource: "r", Condition: condition }],
      }) as PolicyDocument;
    expect(linesOf(document(Condition)).length).toBeLessThan(1_000);
    expect(linesOf(document({ StringEquals: keys })).length).toBeLessThan(1_000);
  });
});

describe("attributes of AWS", () => {
  const words = ["deadLetterTargetArn", "maxReceiveCount", "http", "defaultHealthyRetryPolicy", "redrivePermission"];
  const value = fc.oneof(
    hostileText("true", "300", "{}"),
    brokenJson(hostileJson(...words, "sourceQueueArns", "byQueue")),
  );
  const names = ["RedrivePolicy", "RedriveAllowPolicy", "FifoQueue", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"];
  const more = [
    "VisibilityTimeout",
    "DeliveryPolicy",
    "FifoTopic",
    "MaximumMessageSize",
    "SignatureVersion",
    "FilterPolicy",
  ];
  const attributes = fc.dictionary(fc.oneof(fc.constantFrom(...names, ...more), hostileText()), value, {
    noNullPrototype: true,
  });

  it("of queues, topics and subscriptions are read whatever they say", () => {
    check(attributes, (found) => {
      survives(() => actualQueueOfSqs(found));
      survives(() => actualTopicOfSns(found));
      const one = { arn: "arn:s", topic: "arn:aws:sns:eu-west-1:1:t", attributes: found };
      survives(() => actualSubscription("arn:q", [one], found.Policy, () => true), isProviderError);
    });
  });

  it("tags come back as they are, and only ours are changed", () => {
    const tags = fc.array(fc.record({ Key: hostileText("onyx-uid", "aws:x"), Value: hostileText() }));
    check(tags, (list) => {
      const read = survives(() => tagsOf(list)) ?? {};
      survives(() => ownerOf(read));
      const { set, remove } = survives(() => tagChanges(read, { team: "a", gone: null }, me)) ?? {};
      for (const key of [...Object.keys(set ?? {}), ...(remove ?? [])])
        expect([...Object.keys(ownerTags(me)), "team", "gone"]).toContain(key);
    });
  });
});

it("a control character in an expression of Eventarc is none of ours", () => {
  expect(readCelMatch('(has(message.a) && message.a in ["\n"])')).toBeUndefined();
});

it.each(["5", "null", '"bucket"', "{}"])("a function on a topic that names %s names no buckets", (text) => {
  const code = `// Made by Onyx for these buckets: ${text}\nfunction`;
  expect(isRegistered([{ javascriptUdf: { functionName: "onyxBucketEvent", code } }], "bucket")).toBe(false);
});

it.each([
  '{"Statement":[null]}',
  '{"Statement":[{"Action":"a"}]}',
  '{"Statement":[{"Effect":"Allow","Action":0}]}',
  "null",
  "{",
])("%s is no policy", (text) => {
  for (const read of [statementsIn, parseKeyPolicy, (given: string) => hasTlsOnly(given, "arn:b")])
    expect(() => read(text)).toThrow(ProviderError);
});

describe("texts that have an inverse", () => {
  const filterWords = ["anyOf", "prefix", "exists", "a", "attributes."];
  it("filter policies of SNS are read back as what they mean, or stay the text", () => {
    const rule = fc.constantFrom<unknown>(["a", "b"], [{ prefix: "p" }], [{ exists: true }], [{ exists: false }]);
    const text = brokenJson(
      nearly(fc.dictionary(hostileText("a", "b"), rule, { noNullPrototype: true }), hostileJson(...filterWords)),
    );
    check(text, (given) => {
      const read = survives(() => fromFilterPolicy(given));
      if (typeof read === "string" || read === undefined) return expect(read).toBe(given);
      expect(sets(JSON.parse(toFilterPolicy(read)))).toEqual(sets(given === "" ? {} : JSON.parse(given)));
    });
  });

  it("filters of Pub/Sub are read back as they are written, or stay the text", () => {
    const term = fc.constantFrom(
      'attributes:"a"',
      'hasPrefix(attributes."b", "p")',
      'attributes."c" = "d"',
      " AND ",
      " OR ",
      "(",
      ")",
    );
    const text = fc.array(fc.oneof(term, hostileText('attributes."')), { maxLength: 7 }).map((parts) => parts.join(""));
    check(text, (given) => {
      const read = survives(() => fromPubSubFilter(given)) ?? "";
      expect(typeof read === "string" ? read : pubSubFilter(read)).toBe(given);
    });
  });

  it("patterns of EventBridge are read back as what they mean, or as nothing", () => {
    const rule = fc.constantFrom<unknown>(["a", "b"], [{ prefix: "p" }], [{ exists: true }], [{ exists: false }]);
    const detail = fc.dictionary(hostileText("type", "source", "x"), rule, { noNullPrototype: true });
    const whole = detail.map((one) => ({ detail: { specversion: ["1.0"], ...one } }));
    check(brokenJson(nearly(whole, hostileJson("detail", "specversion", "1.0", "prefix"))), (text) => {
      const read = survives(() => readEventPattern(text));
      if (read) expect(sets(JSON.parse(eventPattern(read)))).toEqual(sets(JSON.parse(text)));
    });
  });

  it("expressions of Eventarc are read back as they are written, but for their order, or as nothing", () => {
    const term = fc.constantFrom(
      "has(message.a)",
      "!has(message.b)",
      '(has(message.c) && message.c in ["x", "y"])',
      '(has(message.d) && message.d.startsWith("p"))',
    );
    const parts = fc.array(fc.oneof(term, term, hostileText("message.", '"', "false && ")), { maxLength: 5 });
    const text = fc.oneof(
      parts.map((all) => all.join(" && ")),
      hostileText("a").map((value) => `(has(message.a) && message.a in ["${value}"])`),
      hostileText("a").map((value) => `(has(message.a) && message.a.startsWith("${value}"))`),
    );
    check(text, (given) => {
      const read = survives(() => readCelMatch(given));
      if (!read) return;
      const again = celMatch(read.pattern, read.suspended);
      expect(again.split(" && ").sort()).toEqual(given.split(" && ").sort());
    });
  });

  it("times, durations, quantities, states and marks never throw, and say the same when they are read again", () => {
    const cron = fc
      .array(hostileText("*", "5/10", "1-5", "?", "MON", "cron(", ")", "L"), { maxLength: 7 })
      .map((all) => all.join(" "));
    check(cron, (text) => {
      survives(() => fromExpression(`cron(${text})`));
      const one = survives(() => canonicalCron(text)) ?? "";
      expect(canonicalCron(one)).toBe(one);
    });
    check(fc.nat(99_999 * 3600), (seconds) => expect(durationSeconds(durationText(seconds))).toBe(seconds));
    check(fc.oneof(fc.double(), hostileText("1", "m", "Ki", ".", "e9")), (one) => {
      survives(() => [quantityValue(one), durationText(Number(one)), durationSeconds(String(one))]);
    });
    check(
      fc.array(hostileText("from=Secret", "revision=1", "since=9", "recover=7", "every=1"), { maxLength: 6 }),
      (all) => {
        const state = survives(() => parseState(all.join(" ")));
        if (state) expect(parseState(stateText(state))).toEqual(state);
      },
    );
    check(hostileText("[onyx", " onyx-uid=1", "]", "onyx-"), (text) => {
      survives(() => ownerOf(marksIn(text)));
      expect(marksIn(withMarks(text, ownerTags(me), 500))).toEqual(ownerTags(me));
      expect(survives(() => inputIn(text))).toBeDefined();
    });
  });
});

/** In which the order of values means nothing. */
const sets = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, one) =>
    Array.isArray(one) ? [...new Set(one.map((item) => JSON.stringify(item)))].sort() : one,
  );

describe("answers of Google Cloud", () => {
  it("about lifecycles are rules of ours, or show as others'", () => {
    const rule = fc.record({
      action: fc.constantFrom<unknown>({ type: "Delete" }, { type: "SetStorageClass", storageClass: "COLDLINE" }),
      condition: fc.record({
        age: fc.nat(9),
        isLive: fc.boolean(),
        numNewerVersions: fc.nat(3),
        matchesPrefix: fc.constant(["a"]),
      }),
    });
    check(fc.array(nearly(rule, fc.constantFrom("x", 5, true)), { maxLength: 3 }), (rules) => {
      survives(() => lifecycleOf(rules.filter(isRecord) as unknown as LifecycleRule[]));
    });
  });

  it("with a function on a topic that was written by others name buckets, or none", () => {
    const first = fc.oneof(
      brokenJson(hostileJson("bucket", "[")),
      fc.constantFrom("5", "null", '"bucket"', '[{"a":1}]', '["\\u2028x"]'),
    );
    check(first, (text) => {
      const code = `// Made by Onyx for these buckets: ${text}\nfunction`;
      const live = [{ javascriptUdf: { functionName: "onyxBucketEvent", code } }];
      survives(() => [isRegistered(live, "bucket"), transformsFor(live, "bucket")]);
      const next = survives(() => withBucket(live, "bucket", true)) ?? [];
      expect(transformsFor(next, "bucket")).toBe(true);
      const [line = ""] = (next[0]?.javascriptUdf?.code ?? "").split(/[\n\u2028\u2029]/);
      expect(line.endsWith("]"), line).toBe(true);
    });
  });

  it("of a table's own document, which its workload may write, are a schema or none", () => {
    const key = fc.constant({ name: "id", type: "String" });
    const schema = fc.record({
      partitionKey: key,
      sortKey: fc.constantFrom(null, { name: "at", type: "Number" }),
      indexes: fc.array(fc.record({ name: fc.constantFrom("a", "b"), partitionKey: key, sortKey: fc.constant(null) })),
    });
    const text = brokenJson(nearly(schema, hostileJson("name", "partitionKey", "indexes", "type")));
    const tags = fc.dictionary(
      hostileText("onyx-uid"),
      fc.constantFrom<unknown>({ stringValue: "x" }, { integerValue: 1 }, {}),
      { noNullPrototype: true },
    );
    check(fc.tuple(text, tags), ([stringValue, fields]) => {
      survives(() => {
        const meta = readMeta({ fields: { schema: { stringValue }, tags: { mapValue: { fields } } } } as Parameters<
          typeof readMeta
        >[0]);
        ownerOf(meta.tags);
        const live = liveIndexes([]);
        actualTable({ database: {}, meta, indexes: live, ttlFields: [] });
        const wanted = { partitionKey: { name: "id", type: "String" }, sortKey: null, indexes: [] } as const;
        recordedIndexes(wanted.indexes, meta.schema, live);
        indexSteps(wanted, meta.schema, live);
      });
    });
  });

  it("of policies and labels keep what others wrote", () => {
    const binding = fc.record({
      role: hostileText("roles/r"),
      members: fc.array(hostileText("user:a"), { maxLength: 3 }),
    });
    check(fc.array(binding, { maxLength: 3 }), (bindings) => {
      const live: Policy = { bindings };
      const wanted = { role: "roles/r", member: "user:ours" };
      const withOurs = survives(() => withMember(live, wanted)) ?? {};
      expect(survives(() => withoutMember(withOurs, wanted))?.bindings?.length).toBeLessThanOrEqual(
        live.bindings?.length ?? 0,
      );
    });
    check(fc.dictionary(hostileText("a"), hostileText(), { noNullPrototype: true }), (labels) => {
      const merged = survives(() => mergeTags(labels, { team: "a", gone: null })) ?? {};
      for (const key of Object.keys(labels))
        if (key !== "team" && key !== "gone") expect(Object.hasOwn(merged, key)).toBe(true);
    });
  });

  it("of S3's lifecycles and EventBridge's rules are read whatever they say", () => {
    const rule = fc.record({
      ID: hostileText("onyx-soft-delete"),
      Status: fc.constant("Enabled"),
      Filter: fc.record({ Prefix: hostileText() }),
      Expiration: fc.record({ Days: fc.nat(9) }),
    });
    check(fc.array(nearly(rule, fc.constantFrom(undefined)), { maxLength: 3 }), (rules) => {
      survives(() => lifecycleOfS3(rules.filter(isRecord) as unknown as Parameters<typeof lifecycleOfS3>[0]));
    });
    const live = fc.record({
      name: hostileText("prod-x-created"),
      pattern: brokenJson(hostileJson("detail", "object", "key", "prefix")),
      enabled: fc.boolean(),
      target: fc.option(hostileText("arn:aws:sqs:r:1:q"), { nil: undefined }),
      template: fc.option(hostileText(), { nil: undefined }),
      paths: fc.constant({}),
      tags: fc.dictionary(hostileText("onyx-notification"), hostileText(), { noNullPrototype: true }),
    });
    check(fc.array(live, { maxLength: 3 }), (rules) => void survives(() => actualRules("b", rules, () => true)));
  });
});
