/** Money as decimal text such as `-12.5`: up to 20 digits before the point and 18 after it, never a float. */
export type Amount = string;

/** Decimals of an amount: what the columns of FOCUS can hold, and more than any cloud tells. */
export const SCALE = 18;
const ONE = 10n ** BigInt(SCALE);
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,18}))?$/;

/**
 * An amount in units of 10⁻¹⁸.
 *
 * @throws Error for what is no decimal of up to 18 places
 */
export function parseAmount(text: Amount): bigint {
  const [, sign, whole, part = ""] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) throw new Error(`"${text}" is no amount: digits, and at most ${SCALE} decimals.`);
  const units = BigInt(whole) * ONE + BigInt(part.padEnd(SCALE, "0"));
  return sign === "-" ? -units : units;
}

/** The shortest text of an amount: `-12.5`, `0`. */
export function amountText(units: bigint): Amount {
  const size = units < 0n ? -units : units;
  const part = (size % ONE).toString().padStart(SCALE, "0").replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${size / ONE}${part === "" ? "" : `.${part}`}`;
}

/**
 * Splits a whole by weights, to the last unit: each part gets its proportion rounded towards zero, and what is left goes,
 * unit by unit, to those that lost most by it, the earlier ones first.
 *
 * @param weights not negative, and not all zero
 * @returns parts that add up to `whole`
 */
export function split(whole: bigint, weights: readonly bigint[]): readonly bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total <= 0n) throw new Error("Nothing can be split by weights that are all zero.");
  const [size, sign] = whole < 0n ? [-whole, -1n] : [whole, 1n];
  const parts = weights.map((weight, at) => ({ at, part: (size * weight) / total, lost: (size * weight) % total }));
  const left = Number(size - parts.reduce((sum, { part }) => sum + part, 0n));
  const first = new Set(
    [...parts]
      .sort((a, b) => (a.lost === b.lost ? a.at - b.at : a.lost > b.lost ? -1 : 1))
      .slice(0, left)
      .map(({ at }) => at),
  );
  return parts.map(({ at, part }) => sign * (first.has(at) ? part + 1n : part));
}

/** The amount with two decimals, rounded half away from zero: `12.50`. For people. */
export function roundedText(units: bigint): string {
  const cent = ONE / 100n;
  const size = units < 0n ? -units : units;
  const cents = (size + cent / 2n) / cent;
  const text = `${cents / 100n}.${(cents % 100n).toString().padStart(2, "0")}`;
  return units < 0n && cents > 0n ? `-${text}` : text;
}

/** What was spent, or billed, in one currency. */
export interface Money {
  /** ISO 4217. */
  readonly currency: string;
  readonly amount: Amount;
}

/** One sum a currency, sorted by it: amounts of two currencies are never added up. */
export function sumsByCurrency(all: readonly Money[]): Money[] {
  const sums = new Map<string, bigint>();
  for (const { currency, amount } of all) sums.set(currency, (sums.get(currency) ?? 0n) + parseAmount(amount));
  return [...sums]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, units]) => ({ currency, amount: amountText(units) }));
}

/** All of it in one text: `812.76 USD, 3.00 EUR`. For people. */
export const moneyText = (all: readonly Money[]): string =>
  all.map(({ amount, currency }) => `${roundedText(parseAmount(amount))} ${currency}`).join(", ");
