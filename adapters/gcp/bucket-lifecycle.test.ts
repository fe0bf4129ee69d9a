import fc from "fast-check";
import { expect, test } from "vitest";
import type { BucketLifecycleRule } from "../../controllers/leaf/wants.ts";
import { fitLifecycle, lifecycleOf, toRule } from "./bucket-lifecycle.ts";

const rule = (fields: Partial<BucketLifecycleRule>): BucketLifecycleRule => ({
  name: "given",
  prefix: "",
  action: "Expire",
  days: 30,
  to: null,
  versionsKept: null,
  ...fields,
});

test("live objects expire and move by their age, old versions by the time since they became old", () => {
  expect(toRule(rule({ prefix: "logs/" }))).toEqual({
    action: { type: "Delete" },
    condition: { age: 30, isLive: true, matchesPrefix: ["logs/"] },
  });
  expect(toRule(rule({ action: "Transition", to: "Cool" }))).toEqual({
    action: { type: "SetStorageClass", storageClass: "NEARLINE" },
    condition: { age: 30, isLive: true },
  });
  expect(toRule(rule({ action: "TransitionNoncurrent", to: "Archive" }))).toEqual({
    action: { type: "SetStorageClass", storageClass: "ARCHIVE" },
    condition: { daysSinceNoncurrentTime: 30, isLive: false },
  });
  expect(toRule(rule({ action: "AbortMultipart", days: 7 }))).toEqual({
    action: { type: "AbortIncompleteMultipartUpload" },
    condition: { age: 7 },
  });
});

test("three old versions that stay are four that are newer: the live one is newer than all", () => {
  expect(toRule(rule({ action: "ExpireNoncurrent", versionsKept: 3 }))).toEqual({
    action: { type: "Delete" },
    condition: { daysSinceNoncurrentTime: 30, isLive: false, numNewerVersions: 4 },
  });
});

test("a rule is called by what it does, and the same rule twice is one", () => {
  const names = fitLifecycle([
    rule({ name: "b", action: "ExpireNoncurrent", versionsKept: 3 }),
    rule({ name: "a", prefix: "logs/" }),
    rule({ name: "c", prefix: "logs/" }),
    rule({ name: "d", action: "Transition", to: "Cold", days: 90 }),
  ]).map(({ name }) => name);
  expect(names).toEqual([
    "expire after 30 d: logs/",
    "expire noncurrent but 3 after 30 d",
    "transition to Cold after 90 d",
  ]);
});

const rules = fc
  .record({
    action: fc.constantFrom("Expire", "Transition", "AbortMultipart", "ExpireNoncurrent", "TransitionNoncurrent"),
    days: fc.integer({ min: 1, max: 36_500 }),
    prefix: fc.string({ maxLength: 20 }),
    to: fc.constantFrom("Cool", "Cold", "Archive"),
    versionsKept: fc.option(fc.integer({ min: 1, max: 100 })),
  })
  .map(({ to, versionsKept, ...fields }) =>
    rule({
      ...fields,
      to: fields.action.startsWith("Transition") ? to : null,
      versionsKept: fields.action === "ExpireNoncurrent" ? versionsKept : null,
    }),
  );

test("what is written is read back as it was asked, in whatever order Google gives it", () => {
  fc.assert(
    fc.property(fc.array(rules, { maxLength: 20 }), (asked) => {
      const fitted = fitLifecycle(asked);
      expect(lifecycleOf(fitted.map(toRule).reverse())).toEqual(fitted);
    }),
  );
});

test("a rule that spec can't ask for is seen, so it is drift", () => {
  const seen = [
    { action: { type: "Delete" }, condition: { age: 1 } },
    { action: { type: "Delete" }, condition: { age: 1, isLive: true, matchesSuffix: [".tmp"] } },
    { action: { type: "SetStorageClass", storageClass: "REGIONAL" }, condition: { age: 1, isLive: true } },
    { action: { type: "Delete" }, condition: { age: 1, isLive: true, matchesPrefix: ["a", "b"] } },
    { action: { type: "Paint" }, condition: { age: 1 } },
  ];
  const found = lifecycleOf(seen);
  expect(found).toHaveLength(seen.length);
  for (const { name, days } of found) {
    expect(name).toMatch(/^not ours: /);
    expect(days).toBe(0);
  }
});
