import { prices as generated } from "./generated/prices.ts";

/** A list price of one cloud in one region. */
export interface Price {
  /** A decimal in the currency of its table, for `per` units. Absent: no source was found. */
  readonly amount?: string;
  readonly per: number;
  /** For people, in the plural: `requests`, `GiB a month`. */
  readonly unit: string;
  /** For people: what the cloud gives for nothing. Estimates don't take it off: it is the account's, not the object's. */
  readonly free?: string;
  /** Page of the provider that gives it. */
  readonly source: string;
  /** When that was looked up, `YYYY-MM-DD`. */
  readonly checked: string;
  /** What the amount was compared with. */
  readonly against?: string;
}

/** The prices of one cloud, all of one region and one currency. */
export interface PriceTable {
  readonly cloud: "aws" | "gcp";
  readonly region: string;
  readonly currency: string;
  /** Day of the whole table, `YYYY-MM-DD`. */
  readonly asOf: string;
  readonly prices: Readonly<Record<string, Price>>;
}

/** What the clouds ask, from operator/cost/prices: data with a source and a date. */
export const priceTables = generated satisfies { readonly aws: PriceTable; readonly gcp: PriceTable };

/** Prices by name, for the estimators: a name that the table lacks does not compile. */
export const aws: { readonly [Name in keyof typeof generated.aws.prices]: Price } = priceTables.aws.prices;
export const gcp: { readonly [Name in keyof typeof generated.gcp.prices]: Price } = priceTables.gcp.prices;
