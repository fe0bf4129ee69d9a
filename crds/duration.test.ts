import fc from "fast-check";
import { expect, test } from "vitest";
import { duration, durationSeconds, durationText, durationWithin } from "./duration.ts";

test.each([
  ["60s", 60],
  ["10m", 600],
  ["1h30m", 5400],
  ["336h", 1_209_600],
  ["0s", 0],
  ["1h1m1s", 3661],
])("%s is %i seconds", (text, seconds) => {
  expect(duration().safeParse(text).success).toBe(true);
  expect(durationSeconds(text)).toBe(seconds);
});

test.each(["", "14d", "60", "1.5h", "-1s", "1m1h", "1h 30m", "100ms", "60S", "123456h"])("%j is none", (text) => {
  const { error } = duration().safeParse(text);
  expect(error?.issues[0]?.message).toContain("14 days are 336h");
});

test("seconds survive the way through text", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999 * 3600 }), (seconds) => {
      const text = durationText(seconds);
      expect(duration().safeParse(text).success).toBe(true);
      expect(durationSeconds(text)).toBe(seconds);
    }),
  );
});

test("a range is told in the words of a person", () => {
  const cooldown = durationWithin("cooldown", { min: 30, max: 3600 });
  expect(cooldown.safeParse("30s").success).toBe(true);
  expect(cooldown.safeParse("1h").success).toBe(true);
  expect(cooldown.safeParse("29s").error?.issues[0]?.message).toBe("cooldown must be 30s to 1h");
});
