import { expect, it } from "vitest";
import { createAttempts } from "./attempts.ts";

it("counts from the moment it began to work, or from the last create of which nothing was told", () => {
  let now = 1_000;
  const attempts = createAttempts(() => now);
  now = 500_000;
  attempts.begin();
  now += 10;
  expect(attempts.quietMs("a")).toBe(10);
  attempts.sent("a");
  now += 5;
  expect([attempts.quietMs("a"), attempts.quietMs("b")]).toEqual([5, 15]);
  attempts.told("a");
  expect(attempts.quietMs("a")).toBe(15);
});

it("takes one back that made nothing, and with it none that was sent before", () => {
  let now = 0;
  const attempts = createAttempts(() => now);
  now = 100;
  attempts.sent("a");
  now = 120;
  const undo = attempts.sent("a");
  now = 150;
  undo();
  expect(attempts.quietMs("a")).toBe(50);
  attempts.sent("b")();
  expect(attempts.quietMs("b")).toBe(150);
});

it("forgets after an hour what nobody told of, and nothing before", () => {
  let now = 0;
  const attempts = createAttempts(() => now);
  attempts.sent("a");
  now = 3_599_999;
  attempts.sent("b");
  expect(attempts.quietMs("a")).toBe(3_599_999);
  now = 7_000_000;
  attempts.sent("c");
  expect([attempts.quietMs("a"), attempts.quietMs("b")]).toEqual([7_000_000, 3_400_001]);
});
