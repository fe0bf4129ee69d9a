import type { Cloud } from "../provider/provider.ts";
import { charge, type Money, moneyText, parseMoney, sum } from "./money.ts";
import { type Price, priceTables } from "./prices.ts";

/** One line of a bill. */
export interface Charge {
  /** For people, with the price behind it: `requests`, `the key`. */
  readonly what: string;
  readonly price: Price;
}

/** A line whose quantity follows from the Want. */
export interface FixedCharge extends Charge {
  /** Units a month, whole. */
  readonly quantity: number;
}

/** What one object is billed for. */
export interface Bill {
  /** What is paid whether it is used or not. */
  readonly fixed?: readonly FixedCharge[];
  /** What is paid by use: only the rate is known. */
  readonly byUse?: readonly Charge[];
  /** For people: why there is nothing to pay, or what the lines leave out. */
  readonly note?: string;
}

/** What an object of one kind is billed for on each cloud. Pure; sees the Want after `fit`. */
export type Estimator<Want> = { readonly [C in Cloud]: (want: Want) => Bill };

/** What an object costs, by list prices. Amounts are decimals; null where no source for the price was found. */
export interface Estimate {
  readonly currency: string;
  /** Region whose list prices these are, whatever the region of the object. */
  readonly region: string;
  /** Day of the price table. */
  readonly asOf: string;
  /** Fixed cost a month: the sum of what is known. */
  readonly monthly: string;
  readonly fixed: readonly {
    readonly what: string;
    readonly quantity: number;
    readonly unit: string;
    readonly amount: string | null;
    readonly source: string;
  }[];
  readonly byUse: readonly {
    readonly what: string;
    readonly amount: string | null;
    readonly per: number;
    readonly unit: string;
    readonly free?: string | undefined;
    readonly source: string;
  }[];
  readonly note?: string | undefined;
}

/** Puts the prices to a bill. */
export function estimateOf(cloud: Cloud, { fixed = [], byUse = [], note }: Bill): Estimate {
  const { currency, region, asOf } = priceTables[cloud];
  const amounts = fixed.map(({ quantity, price }) => priced(price, quantity));
  return {
    currency,
    region,
    asOf,
    monthly: moneyText(sum(amounts.filter((amount) => amount !== undefined))),
    fixed: fixed.map(({ what, quantity, price }, place) => ({
      what,
      quantity,
      unit: price.unit,
      amount: text(amounts[place]),
      source: price.source,
    })),
    byUse: byUse.map(({ what, price: { amount, per, unit, free, source } }) => ({
      what,
      amount: amount === undefined ? null : moneyText(parseMoney(amount)),
      per,
      unit,
      ...(free ? { free } : {}),
      source,
    })),
    ...(note ? { note } : {}),
  };
}

const priced = ({ amount, per }: Price, quantity: number): Money | undefined =>
  amount === undefined ? undefined : charge(parseMoney(amount), quantity, per);
const text = (amount: Money | undefined): string | null => (amount === undefined ? null : moneyText(amount));

/** What of an estimate has no price, in words. */
export const unpriced = ({ fixed, byUse }: Estimate): readonly string[] =>
  [...fixed, ...byUse].filter(({ amount }) => amount === null).map(({ what }) => what);

/** `requests: 0.40 USD per 1,000,000 requests`. */
export function rateText({ what, amount, per, unit }: Estimate["byUse"][number], currency: string): string {
  if (amount === null) return `${what}: price unknown`;
  return `${what}: ${amount} ${currency} per ${per === 1 ? unit : `${per.toLocaleString("en-US")} ${unit}`}`;
}

/** The estimate as status shows it. The same Want and price table give the same text. */
export interface CostStatus {
  /** Fixed cost a month with the currency: `12.40 USD`. */
  readonly monthlyEstimate: string;
  readonly byUse?: readonly string[] | undefined;
  readonly unknown?: readonly string[] | undefined;
  readonly prices: string;
}

export function costStatus(estimate: Estimate): CostStatus {
  const { monthly, currency, region, asOf, byUse } = estimate;
  const unknown = unpriced(estimate);
  return {
    monthlyEstimate: `${monthly} ${currency}`,
    ...(byUse.length > 0 ? { byUse: byUse.map((rate) => rateText(rate, currency)) } : {}),
    ...(unknown.length > 0 ? { unknown } : {}),
    prices: `${region} ${asOf}`,
  };
}

/** The sum of amounts as status writes them, by currency: `13.40 USD`; undefined when there are none. */
export function totalOf(amounts: readonly string[]): string | undefined {
  const totals = new Map<string, Money>();
  for (const amount of amounts) {
    const [value = "", currency = ""] = amount.split(" ");
    totals.set(currency, (totals.get(currency) ?? 0n) + parseMoney(value));
  }
  if (totals.size === 0) return undefined;
  return [...totals].map(([currency, total]) => `${moneyText(total)} ${currency}`).join(" + ");
}
