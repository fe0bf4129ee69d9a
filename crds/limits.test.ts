import { describe, expect, test } from "vitest";
import type { Limit } from "./limits.ts";
import { limits, widest } from "./limits.ts";

const every: (readonly [string, Limit])[] = Object.entries(limits).flatMap(([file, entries]) =>
  Object.entries(entries).map(([field, limit]) => [`${file}.${field}`, limit as Limit] as const),
);

describe.each(every)("%s", (_name, limit) => {
  const clouds = [limit.aws, limit.gcp].filter((cloud) => cloud !== undefined);

  test("has a source with a date for what it says of a cloud", () => {
    for (const cloud of clouds) {
      expect(cloud.source).toMatch(/^https:\/\/(docs\.aws\.amazon\.com|cloud\.google\.com)\//);
      expect(cloud.checked).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(cloud.min).toBeLessThanOrEqual(cloud.max);
    }
  });

  test("the portable range is inside the widest one, and no wider at its end than any cloud", () => {
    const { min, max } = widest(limit);
    expect(limit.portable.min).toBeGreaterThanOrEqual(min);
    for (const cloud of clouds) expect(limit.portable.max).toBeLessThanOrEqual(cloud.max);
    expect(max).toBeGreaterThanOrEqual(limit.portable.max);
  });

  test("our default is portable", () => {
    const { default: ours, min, max } = limit.portable;
    if (ours === undefined) return;
    expect(ours).toBeGreaterThanOrEqual(min);
    expect(ours).toBeLessThanOrEqual(max);
  });
});
