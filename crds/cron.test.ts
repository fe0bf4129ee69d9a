import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalCron, cronText, isCron, parseCron } from "./cron.ts";
import { cronTextArbitrary } from "./testing/cron.ts";

const problemOf = (text: string): string => {
  const read = parseCron(text);
  return isCron(read) ? "" : read.problem;
};

describe("cron", () => {
  it.each([
    ["* * * * *", "* * * * *"],
    ["0,30 * * * *", "0,30 * * * *"],
    ["*/15 0-23 * * *", "*/15 * * * *"],
    ["0 6 * * MON-FRI", "0 6 * * 1-5"],
    ["00 06 1 JAN,JUL *", "0 6 1 1,7 *"],
    ["0 0 * * 7", "0 0 * * 0"],
    ["0 0 * * FRI-SUN", "0 0 * * 0,5,6"],
    ["0 0 * * 0-6", "0 0 * * *"],
    ["10-59/10 * * * *", "10-59/10 * * * *"],
    ["1-10/3 * * * *", "1,4,7,10 * * * *"],
    ["0 0 29 2 *", "0 0 29 2 *"],
  ])("%s is %s", (text, canonical) => expect(canonicalCron(text)).toBe(canonical));

  it.each([
    ["* * * *", /five fields/],
    ["*  * * * *", /five fields/],
    ["60 * * * *", /five fields/],
    ["* * 0 * *", /five fields/],
    ["* * * * mon", /five fields/],
    ["* * * * 8", /five fields/],
    ["5/10 * * * *", /five fields/],
    ["*/0 * * * *", /five fields/],
    ["@daily", /five fields/],
    ["0 0 L * *", /five fields/],
    ["0 0 ? * MON", /five fields/],
    ["0 0 1 * MON", /together they mean something else/],
    ["0 0 */2 * 1", /together they mean something else/],
    ["30-10 * * * *", /the range 30-10 runs backwards/],
    ["0 0 31 2,4 *", /never comes/],
    ["0 0 30 FEB *", /never comes/],
  ])("%s is refused", (text, why) => expect(problemOf(text)).toMatch(why));

  it("has one text for the same times, and that text says the same", () => {
    fc.assert(
      fc.property(cronTextArbitrary(), (text) => {
        const read = parseCron(text);
        if (!isCron(read)) return;
        expect(parseCron(cronText(read))).toEqual(read);
        expect(canonicalCron(canonicalCron(text))).toBe(canonicalCron(text));
      }),
    );
  });
});
