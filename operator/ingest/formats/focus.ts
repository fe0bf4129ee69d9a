import { type Format, moment, money, notesOf, orNothing, readable, text, valueIn } from "./format.ts";

/**
 * FOCUS 1.0 to 1.2: https://focus.finops.org/focus-specification, or github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec,
 * specification/columns. What of it we take has the same names in all three.
 */
export const FOCUS: Format = {
  name: "FOCUS",
  marks: ["BilledCost", "ChargePeriodStart", "BillingCurrency"],
  needs: [["EffectiveCost"], ["BillingPeriodStart"], ["ServiceName"], ["SubAccountId"]],
  select(columns) {
    const column = (name: string) => orNothing(columns.find(name), name);
    const [billed, effective, list] = [column("BilledCost"), column("EffectiveCost"), column("ListCost")];
    const [period, charged, tags] = [column("BillingPeriodStart"), column("ChargePeriodStart"), column("Tags")];
    const currency = column("BillingCurrency");
    return {
      period: moment(period),
      charged: moment(charged),
      service: text(column("ServiceName")),
      account: text(column("SubAccountId")),
      region: text(column("RegionId")),
      category: text(column("ChargeCategory")),
      currency: text(currency),
      billed: money(billed),
      effective: money(effective),
      list: money(list),
      tag: (parameter, pointer) => valueIn(tags, parameter, pointer),
      tagsReadable: readable(tags),
      raw: { period, charged, currency, billed, effective, list, tags },
      notes: notesOf(billed, effective, list),
    };
  },
};
