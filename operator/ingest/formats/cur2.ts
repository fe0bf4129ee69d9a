import { type Column, type Format, moment, money, notesOf, orNothing, readable, text, valueIn } from "./format.ts";

/** `line_item_line_item_type` as ChargeCategory of FOCUS. What is not here is Usage. */
const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  Purchase: ["Fee", "RIFee", "SavingsPlanUpfrontFee", "SavingsPlanRecurringFee"],
  Tax: ["Tax"],
  Credit: ["Credit"],
  Adjustment: ["Refund"],
};

/** What a line costs by its type, where that is not its unblended cost, and the columns that tell it. */
const AMORTIZED: readonly { readonly type: string; readonly plus: string; readonly minus?: string }[] = [
  { type: "SavingsPlanCoveredUsage", plus: "savings_plan_savings_plan_effective_cost" },
  {
    type: "SavingsPlanRecurringFee",
    plus: "savings_plan_total_commitment_to_date",
    minus: "savings_plan_used_commitment",
  },
  { type: "DiscountedUsage", plus: "reservation_effective_cost" },
];
const UNUSED = [
  "reservation_unused_amortized_upfront_fee_for_billing_period",
  "reservation_unused_recurring_fee",
] as const;

/**
 * AWS Cost and Usage Report 2.0: docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html. Billed is the unblended
 * cost. Effective is the amortized cost, by the columns of savings plans and reservations as AWS's Well-Architected cost
 * queries add them up; an export without those columns has the unblended cost there too, and its outcome says so.
 */
export const CUR2: Format = {
  name: "CUR 2.0",
  marks: ["line_item_unblended_cost", "line_item_usage_start_date", "line_item_currency_code"],
  needs: [["bill_billing_period_start_date"], ["line_item_product_code"], ["line_item_usage_account_id"]],
  select(columns) {
    const column = (name: string) => orNothing(columns.find(name), name);
    const type = column("line_item_line_item_type");
    const billed = column("line_item_unblended_cost");
    const list = columns.find("pricing_public_on_demand_cost");
    const period = column("bill_billing_period_start_date");
    const charged = column("line_item_usage_start_date");
    const currency = column("line_item_currency_code");
    const tags = column("resource_tags");
    const amortized = effectiveOf((name) => columns.find(name), type, billed);
    return {
      period: moment(period),
      charged: moment(charged),
      service: text(column("line_item_product_code")),
      account: text(column("line_item_usage_account_id")),
      region: text(column("product_region_code")),
      category: `CASE ${Object.entries(CATEGORIES)
        .map(
          ([category, types]) =>
            `WHEN ${type.sql} IN (${types.map((one) => `'${one}'`).join(", ")}) THEN '${category}'`,
        )
        .join(" ")} ELSE 'Usage' END`,
      currency: text(currency),
      billed: money(billed),
      effective: amortized.sql,
      list: list ? money(list) : money(billed),
      // The keys of tags that users made are prefixed by where they came from.
      tag: (parameter, pointer) => {
        const prefixed = (prefix: string) =>
          valueIn(tags, `('${prefix}' || ${parameter})`, `('/${prefix}' || substr(${pointer}, 2))`);
        return `coalesce(${valueIn(tags, parameter, pointer)}, ${prefixed("user:")}, ${prefixed("user_")})`;
      },
      tagsReadable: readable(tags),
      raw: { period, charged, currency, billed, effective: billed, list: list ?? billed, tags },
      notes: [...notesOf(billed, list), ...amortized.notes],
    };
  },
};

function effectiveOf(find: (name: string) => Column | undefined, type: Column, billed: Column) {
  const zeroIfAbsent = (column: Column) => `coalesce(${money(column)}, 0)`;
  const plain = money(billed);
  if (type.sql === "NULL::VARCHAR")
    return { sql: plain, notes: ["no line_item_line_item_type: effective cost is the unblended cost"] };
  const whens: string[] = [];
  const missing: string[] = [];
  for (const { type: name, plus, minus } of AMORTIZED) {
    const [added, taken] = [find(plus), minus === undefined ? undefined : find(minus)];
    if (!added || (minus !== undefined && !taken)) missing.push(plus);
    else
      whens.push(`WHEN ${type.sql} = '${name}' THEN ${zeroIfAbsent(added)}${taken ? ` - ${zeroIfAbsent(taken)}` : ""}`);
  }
  // What is paid up front is in what it covers: where that can't be told, it stays where it was paid.
  if (!missing.some((name) => name.startsWith("savings_plan")))
    whens.push(`WHEN ${type.sql} IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') THEN 0`);
  const unused = UNUSED.map((name) => find(name));
  const reservation = find("reservation_reservation_a_r_n");
  if (unused.every((column) => column !== undefined))
    whens.push(`WHEN ${type.sql} = 'RIFee' THEN ${unused.map(zeroIfAbsent).join(" + ")}`);
  if (reservation && find("reservation_effective_cost"))
    whens.push(`WHEN ${type.sql} = 'Fee' AND ${reservation.sql} <> '' THEN 0`);
  return {
    sql: whens.length === 0 ? plain : `CASE ${whens.join(" ")} ELSE ${plain} END`,
    notes: missing.length === 0 ? [] : [`without ${missing.join(", ")}: effective cost is the unblended cost there`],
  };
}
