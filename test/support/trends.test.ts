import { expect, it } from "vitest";
import { sampleOf, slope, trends } from "./trends.ts";

const HOUR = 3_600_000;

it.each([
  [
    "a straight line",
    [
      [0, 1],
      [1, 3],
      [2, 5],
    ],
    2,
  ],
  [
    "a level one",
    [
      [0, 4],
      [5, 4],
    ],
    0,
  ],
  ["one point", [[3, 9]], 0],
  ["none", [], 0],
] as const)("the slope of %s", (_, points, expected) => {
  expect(slope(points)).toBeCloseTo(expected);
});

it("goes by the least of what a heap has between two collections", () => {
  const samples = Array.from({ length: 200 }, (_, n) => {
    const heap = 50 + (n % 5) * 10 + n / 100;
    const metrics = new Map([["nodejs_heap_size_used_bytes", heap * 2 ** 20]]);
    return sampleOf(metrics, (n * HOUR) / 100);
  });
  const heap = trends(samples).find(({ what }) => what === "heap, MiB");
  expect(heap?.first).toBeCloseTo(50);
  expect(heap?.perHour).toBeCloseTo(1, 1);
});
