import { describe, expect, test } from "vitest";
import type { QueueWant } from "../../controllers/leaf/wants.ts";
import { type Owner, ownerTags } from "../../operator/provider/owner.ts";
import {
  actualQueue,
  brokenBy,
  fitQueue,
  footprintOf,
  hangsElsewhere,
  jointOwner,
  lacksSubscription,
  maskOf,
  SUBSCRIPTION_MASKS,
  TOPIC_MASKS,
  toSubscription,
  toTopic,
} from "./queue-shape.ts";

const want: QueueWant = {
  tags: { team: "core" },
  processingTimeoutSeconds: 60,
  retentionSeconds: 345_600,
  maxMessageBytes: 10_000_000,
  delaySeconds: 0,
  ordering: "None",
  deadLetter: null,
  subscription: null,
  encryptionKey: null,
  overrides: {},
};

describe("what Pub/Sub makes of a wish", () => {
  test("inside the common range: nothing but the size of messages differs, and that is covered", () => {
    const fitted = fitQueue({ ...want, maxMessageBytes: 262_144 });
    expect(fitted.deviations).toMatchObject([{ field: "maxMessageBytes", kind: "Covered" }]);
    expect(fitted.want).toEqual(want);
    expect(fitQueue(want).deviations).toEqual([]);
  });

  test.each<[string, Partial<QueueWant>, Partial<QueueWant>, string, string]>([
    [
      "too long",
      { processingTimeoutSeconds: 43_200 },
      { processingTimeoutSeconds: 600 },
      "processingTimeout",
      "Clamped",
    ],
    ["too short", { processingTimeoutSeconds: 0 }, { processingTimeoutSeconds: 10 }, "processingTimeout", "Clamped"],
    ["retention below", { retentionSeconds: 60 }, { retentionSeconds: 600 }, "retention", "Clamped"],
    ["retention above", { retentionSeconds: 9_999_999 }, { retentionSeconds: 2_678_400 }, "retention", "Clamped"],
    ["delay", { delaySeconds: 5 }, { delaySeconds: 0 }, "delay", "CloudSpecific"],
    [
      "few receives",
      { deadLetter: { target: "t", maxReceives: 1 } },
      { deadLetter: { target: "t", maxReceives: 5 } },
      "deadLetter.maxReceives",
      "Clamped",
    ],
    [
      "many receives",
      { deadLetter: { target: "t", maxReceives: 1000 } },
      { deadLetter: { target: "t", maxReceives: 100 } },
      "deadLetter.maxReceives",
      "Clamped",
    ],
    [
      "backoff",
      { overrides: { retryBackoff: { minimum: "1m", maximum: "10m" } } },
      { overrides: { retryBackoff: { minimumSeconds: 60, maximumSeconds: 600 } } },
      "overrides.gcp.retryBackoff",
      "CloudSpecific",
    ],
  ])("%s", (_, asked, given, field, kind) => {
    const fitted = fitQueue({ ...want, ...asked });
    expect(fitted.want).toEqual({ ...want, ...given });
    expect(fitted.deviations).toMatchObject([{ field, kind }]);
  });

  test("where messages lie is compared in one form, and only where it is asked for", () => {
    const messageStorage = { regions: ["europe-west4", "europe-west1"] };
    const fitted = fitQueue({ ...want, overrides: { messageStorage } });
    expect(fitted.want).toEqual({
      ...want,
      messageStorage: { regions: ["europe-west1", "europe-west4"], enforceInTransit: false },
    });
    expect(fitQueue(want).want).not.toHaveProperty("messageStorage");
  });

  test("a setting that Pub/Sub hasn't is refused, with those that it has", () =>
    expect(() => fitQueue({ ...want, overrides: { fifo: {} } })).toThrow(
      /overrides\.gcp\.fifo: there is no such setting; there are retryBackoff, exactlyOnce/,
    ));

  test("the edges of the ranges are inside", () => {
    for (const processingTimeoutSeconds of [10, 600])
      for (const retentionSeconds of [600, 2_678_400])
        expect(fitQueue({ ...want, processingTimeoutSeconds, retentionSeconds }).deviations).toEqual([]);
  });

  test("what is fitted once fits, so that core may fit it again", () => {
    const asked: QueueWant = {
      ...want,
      delaySeconds: 9,
      overrides: { retryBackoff: { minimum: "5s", maximum: "1h" } },
    };
    const once = fitQueue(asked).want;
    expect(fitQueue(once).want).toEqual(once);
    expect(once.overrides).toEqual({ retryBackoff: { minimumSeconds: 5, maximumSeconds: 600 } });
  });
});

describe("there and back", () => {
  /** As gax gives it: int64 as text, absent messages as null. */
  const read = (asked: QueueWant) => {
    const sent = toSubscription("projects/p/subscriptions/q", "projects/p/topics/q", asked, { team: "core" });
    return { ...sent, messageRetentionDuration: { seconds: String(asked.retentionSeconds) } } as typeof sent;
  };

  test.each<[string, Partial<QueueWant>]>([
    ["plain", {}],
    ["ordered", { ordering: "PerKey" }],
    ["dead letters", { deadLetter: { target: "projects/p/subscriptions/dead", maxReceives: 7 } }],
    ["key", { encryptionKey: "projects/p/locations/l/keyRings/r/cryptoKeys/k" }],
    ["backoff", { overrides: { retryBackoff: { minimumSeconds: 1, maximumSeconds: 2 } } }],
    ["subscribed", { subscription: { topic: "projects/p/topics/news", filter: [], via: [] } }],
    ["once, and kept", { overrides: { exactlyOnce: true, retainAcknowledged: true } }],
    ["kept in regions", { messageStorage: { regions: ["europe-west1", "europe-west4"], enforceInTransit: true } }],
    [
      "filtered",
      { subscription: { topic: "projects/p/topics/news", filter: [{ attribute: "a", anyOf: ["b", "c"] }], via: [] } },
    ],
  ])("%s", (_, change) => {
    const asked = { ...want, ...change };
    expect(actualQueue(toTopic("projects/p/topics/q", asked, { team: "core" }), read(asked), true)).toEqual({
      messageStorage: null,
      ...asked,
    });
  });

  test("a dead-letter policy without its rights is none that could be asked for", () => {
    const asked = { ...want, deadLetter: { target: "projects/p/subscriptions/dead", maxReceives: 7 } };
    expect(actualQueue(undefined, read(asked), false).deadLetter).toEqual({ ...asked.deadLetter, maxReceives: 0 });
  });

  test("without a subscription nothing is kept, which no wish can be", () => {
    const actual = actualQueue({ name: "t", labels: {} }, undefined, false);
    expect(lacksSubscription(actual)).toBe(true);
    expect(actual).not.toHaveProperty("ordering");
    expect(lacksSubscription(actualQueue({ name: "t" }, read(want), false))).toBe(false);
  });

  test("it never expires, and one that does is drift", () => {
    expect(toSubscription("s", "t", want, {}).expirationPolicy).toEqual({});
    expect(actualQueue(undefined, { ...read(want), expirationPolicy: null }, false).overrides).toEqual({
      expiresAfterSeconds: 2_678_400,
    });
  });
});

test("masks name what changed and no more", () => {
  const mask = (...fields: (keyof QueueWant)[]) => [
    maskOf(TOPIC_MASKS, new Set(fields)),
    maskOf(SUBSCRIPTION_MASKS, new Set(fields)),
  ];
  expect(mask("processingTimeoutSeconds")).toEqual([[], ["ack_deadline_seconds"]]);
  expect(mask("retentionSeconds", "deadLetter")).toEqual([[], ["dead_letter_policy", "message_retention_duration"]]);
  expect(mask("tags", "encryptionKey")).toEqual([["kms_key_name", "labels"], ["labels"]]);
  expect(mask("maxMessageBytes", "delaySeconds")).toEqual([[], []]);
});

describe("the topic that a queue hangs on", () => {
  const own = "projects/p/topics/q";
  const other = "projects/p/topics/news";
  const on = (topic: string) => ({ name: "projects/p/subscriptions/q", topic });
  const subscribes = footprintOf({ ...want, subscription: { topic: other, filter: [], via: [] } });
  test.each<[string, Parameters<typeof hangsElsewhere>[1], readonly string[], boolean]>([
    ["its own", on(own), [], false],
    ["another, as asked", on(other), subscribes, true],
    ["another, not asked for", on(other), [], true],
    ["its own, though another is asked for", on(own), subscribes, false],
    ["nothing yet, another is asked for", undefined, subscribes, true],
    ["nothing yet", undefined, [], false],
    ["one that was deleted, another is asked for", on("_deleted-topic_"), subscribes, true],
    ["one that was deleted", on("_deleted-topic_"), [], false],
  ])("%s", (_, found, footprint, elsewhere) => expect(hangsElsewhere(own, found, footprint)).toBe(elsewhere));

  test("a filter on its own is seen, and equals no wish", () =>
    expect(actualQueue(undefined, { ...on(own), filter: 'attributes:"a"' }, false).subscription).toEqual({
      topic: own,
      filter: [{ attribute: "a", exists: true }],
      via: [],
    }));
});

describe("the owner of two parts", () => {
  const me: Owner = { environment: "e", cluster: "c", namespace: "n", kind: "Queue", name: "q", uid: "u" };
  const part = (change: Partial<Owner> = {}) => ({ labels: ownerTags({ ...me, ...change }) });
  test.each<[string, Parameters<typeof jointOwner>[0], Partial<Owner> | undefined]>([
    ["both mine", [part(), part()], { uid: "u", cluster: "c" }],
    ["one unmarked", [part(), { labels: {} }], undefined],
    ["one of another object", [part(), part({ name: "other" })], { name: "other" }],
    ["one of another cluster", [part({ cluster: "d" }), part()], { cluster: "d" }],
    ["one with an old uid", [part(), part({ uid: "old" })], { uid: "old" }],
    ["only one there", [part(), undefined], { name: "q" }],
  ])("%s", (_, parts, owner) => {
    const found = jointOwner(parts, me);
    if (owner) expect(found).toMatchObject(owner);
    else expect(found).toBeUndefined();
  });
});

test.each([
  [{ topic: "_deleted-topic_" }, "was deleted"],
  [{ topic: "t", detached: true }, "detached"],
  [{ topic: "t", pushConfig: { pushEndpoint: "https://x" } }, "pushes"],
  [{ topic: "t", bigqueryConfig: { table: "a.b.c" } }, "BigQuery"],
  [{ topic: "t", cloudStorageConfig: { bucket: "b" } }, "bucket"],
])("a subscription that no consumer can use is told: %o", (subscription, words) =>
  expect(brokenBy({ name: "s", ...subscription })).toContain(words),
);

test("a subscription as we make it is not broken", () =>
  expect(brokenBy(toSubscription("s", "t", want, {}))).toBeUndefined());
