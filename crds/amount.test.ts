import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amountText, moneyText, parseAmount, roundedText, split, sumsByCurrency } from "./amount.ts";

describe("an amount", () => {
  it.each([
    ["0", 0n, "0"],
    ["-0.5", -500_000_000_000_000_000n, "-0.5"],
    ["1.500000000000000000", 1_500_000_000_000_000_000n, "1.5"],
    ["0.000000000000000001", 1n, "0.000000000000000001"],
    ["99999999999999999999", 99_999_999_999_999_999_999n * 10n ** 18n, "99999999999999999999"],
  ])("%s", (text, units, shortest) => {
    expect(parseAmount(text)).toBe(units);
    expect(amountText(units)).toBe(shortest);
  });

  it.each(["", "1e3", "1,5", " 1", "0.1234567890123456789", "NaN", "--1", "1."])("%j is none", (text) => {
    expect(() => parseAmount(text)).toThrow(/is no amount/);
  });

  it("reads back as it was written", () => {
    fc.assert(fc.property(fc.bigInt(-(10n ** 38n), 10n ** 38n), (units) => parseAmount(amountText(units)) === units));
  });
});

describe("a whole that is split", () => {
  const weights = fc
    .array(fc.bigInt(0n, 10n ** 30n), { minLength: 1, maxLength: 30 })
    .filter((all) => all.some((one) => one > 0n));
  const whole = fc.bigInt(-(10n ** 38n), 10n ** 38n);

  it("has parts that add up to it, none further than one unit from its proportion", () => {
    fc.assert(
      fc.property(whole, weights, (all, by) => {
        const total = by.reduce((sum, one) => sum + one, 0n);
        const parts = split(all, by);
        expect(parts.reduce((sum, one) => sum + one, 0n)).toBe(all);
        for (const [at, part] of parts.entries()) {
          const off = part * total - all * (by[at] ?? 0n);
          expect(off < 0n ? -off : off).toBeLessThan(total);
          if (by[at] === 0n) expect(part).toBe(0n);
        }
      }),
    );
  });

  it("gives what is left to the largest remainders, and to the first of equals", () => {
    expect(split(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n]);
    expect(split(-100n, [1n, 1n, 1n])).toEqual([-34n, -33n, -33n]);
    expect(split(10n, [15n, 25n, 60n])).toEqual([2n, 2n, 6n]);
    expect(split(7n, [1n, 9n, 0n])).toEqual([1n, 6n, 0n]);
  });

  it("needs a weight that is not zero", () => {
    expect(() => split(1n, [0n, 0n])).toThrow(/all zero/);
  });
});

it.each([
  ["0", "0.00"],
  ["12", "12.00"],
  ["0.005", "0.01"],
  ["0.004999999999999999", "0.00"],
  ["-0.005", "-0.01"],
  ["-0.004", "0.00"],
  ["0.995", "1.00"],
  ["12345678901234567890.129", "12345678901234567890.13"],
])("%s is %s for people", (amount, text) => expect(roundedText(parseAmount(amount))).toBe(text));

describe("money of several currencies", () => {
  const all = [
    { currency: "USD", amount: "0.1" },
    { currency: "EUR", amount: "-1" },
    { currency: "USD", amount: "0.2" },
  ];

  it("is added up by currency alone, to the last digit", () => {
    expect(sumsByCurrency(all)).toEqual([
      { currency: "EUR", amount: "-1" },
      { currency: "USD", amount: "0.3" },
    ]);
    expect(sumsByCurrency([])).toEqual([]);
  });

  it("is told in one text, rounded", () => {
    expect(moneyText(sumsByCurrency(all))).toBe("-1.00 EUR, 0.30 USD");
  });
});
