import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { charge, moneyText, parseMoney, sum } from "./money.ts";

const decimal = fc
  .tuple(fc.nat(999_999), fc.stringMatching(/^\d{0,9}$/))
  .map(([whole, part]) => (part ? `${whole}.${part}` : `${whole}`));

describe("money", () => {
  test.each([
    ["0.40", "0.40"],
    ["12.4", "12.40"],
    ["3", "3.00"],
    ["0.0625", "0.0625"],
    ["0.000000001", "0.000000001"],
    ["1000000.10", "1000000.10"],
  ])("%s is shown as %s", (given, shown) => expect(moneyText(parseMoney(given))).toBe(shown));

  test.each(["", "1,5", "-1", "1.", ".5", "1e3", "0.1234567891", "USD 1"])("%j is no amount", (text) =>
    expect(() => parseMoney(text)).toThrow(/no amount of money/),
  );

  test("what was shown reads back as the same amount", () =>
    fc.assert(fc.property(decimal, (text) => parseMoney(moneyText(parseMoney(text))) === parseMoney(text))));

  test("sums are exact where floating point is not", () =>
    expect(moneyText(sum(["0.10", "0.20"].map(parseMoney)))).toBe("0.30"));

  test.each([
    ["0.40", 3_000_000, 1_000_000, "1.20"],
    ["0.06", 3, 1, "0.18"],
    ["0.03", 1, 10_000, "0.000003"],
    ["1.00", 0, 1, "0.00"],
  ])("%s for %d of %d is %s", (amount, quantity, per, shown) =>
    expect(moneyText(charge(parseMoney(amount), quantity, per))).toBe(shown),
  );
});
