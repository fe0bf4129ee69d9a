import { describe, expect, test } from "vitest";
import { parseMoney } from "./money.ts";
import { type Price, type PriceTable, priceTables } from "./prices.ts";

const tables: readonly PriceTable[] = Object.values(priceTables);
const every = tables.flatMap((table) =>
  Object.entries(table.prices).map(([name, price]): [string, Price, PriceTable] => [
    `${table.cloud}.${name}`,
    price,
    table,
  ]),
);
const PAGES = { aws: /^https:\/\/aws\.amazon\.com\/\S+$/, gcp: /^https:\/\/cloud\.google\.com\/\S+$/ };

describe.each(every)("%s", (_name, price, table) => {
  test("has a page of its provider and a day, no later than that of the table", () => {
    expect(price.source).toMatch(PAGES[table.cloud]);
    expect(price.checked).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(price.checked <= table.asOf).toBe(true);
  });

  test("has an amount that was compared with something, or none", () => {
    expect(price.against !== undefined).toBe(price.amount !== undefined);
    if (price.amount !== undefined) expect(parseMoney(price.amount)).toBeGreaterThan(0n);
    expect(price.per).toBeGreaterThanOrEqual(1);
    expect(Number.isInteger(price.per)).toBe(true);
  });
});
