import { z } from "zod";
import { formed } from "./text.ts";

/** Money that is not negative, as decimal text. */
export const amount = () =>
  formed(/^[0-9]{1,15}(\.[0-9]{1,18})?$/, 34, "must be an amount in digits, such as 250 or 99.50, without a currency");

/** ISO 4217. */
export const currency = () => formed(/^[A-Z]{3}$/, 3, "must be a currency in three letters, such as USD");

/** What a bill says, in status. */
export const billed = (what: string) => z.string().max(64).describe(what);

/** What a bill comes to in one currency. */
export const money = () => z.strictObject({ currency: billed("ISO 4217."), amount: billed("Amount.") });
