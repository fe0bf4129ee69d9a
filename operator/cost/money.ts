/** An amount of money, exact: billionths of a currency's unit. */
export type Money = bigint;

const BILLION = 1_000_000_000n;
const DECIMAL = /^(\d+)(?:\.(\d{1,9}))?$/;

/**
 * @param text a decimal such as `0.40`
 * @throws Error for anything else
 */
export function parseMoney(text: string): Money {
  const [, whole, part = ""] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) throw new Error(`"${text}" is no amount of money: digits, and at most nine decimals.`);
  return BigInt(whole) * BILLION + BigInt(part.padEnd(9, "0"));
}

/** With two decimals, or as many more as it takes: `12.40`, `0.0625`. */
export function moneyText(amount: Money): string {
  const part = (amount % BILLION).toString().padStart(9, "0").replace(/0+$/, "").padEnd(2, "0");
  return `${amount / BILLION}.${part}`;
}

/** What `quantity` whole units cost when `per` of them cost `amount`; less than a billionth is dropped. */
export const charge = (amount: Money, quantity: number, per: number): Money =>
  (amount * BigInt(quantity)) / BigInt(per);

export const sum = (amounts: readonly Money[]): Money => amounts.reduce((total, one) => total + one, 0n);
