import {
  type Column,
  type Columns,
  type Format,
  field,
  fieldsOf,
  listOf,
  moment,
  money,
  notesOf,
  orNothing,
  readable,
  text,
  valueInEntries,
} from "./format.ts";

/**
 * Google's detailed usage cost data: cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage. It comes
 * from BigQuery as Parquet, with its structs and lists; or as CSV, which has neither: then structs are columns of their own
 * (`service.description` or `service_description`), and `credits` and `labels` are TO_JSON_STRING of them.
 *
 * What is billed is the cost with its credits, as on the invoice, and that is what is effective. The period is the invoice's
 * month. A charge without a project, such as a tax, is the billing account's.
 */
export const GCP: Format = {
  name: "GCP detailed billing export",
  marks: ["billing_account_id", "cost", "currency", "usage_start_time"],
  needs: [
    ["credits"],
    ["service", "service.description", "service_description"],
    ["invoice", "invoice.month", "invoice_month"],
  ],
  select(columns) {
    const column = (name: string) => orNothing(columns.find(name), name);
    const [cost, credits, list] = [column("cost"), column("credits"), columns.find("cost_at_list")];
    const [currency, charged, labels] = [column("currency"), column("usage_start_time"), column("labels")];
    const month = orNothing(field(columns, "invoice", "month"), "invoice.month");
    const project = orNothing(field(columns, "project", "id"), "project.id");
    const type = column("cost_type");
    const net = `${money(cost)} + ${creditsOf(credits)}`;
    return {
      period: `TRY_CAST(substr(${text(month)}, 1, 4) || '-' || substr(${text(month)}, 5, 2) || '-01' AS TIMESTAMP)`,
      charged: moment(charged),
      service: text(orNothing(field(columns, "service", "description"), "service.description")),
      account: `coalesce(NULLIF(${text(project)}, ''), ${text(column("billing_account_id"))})`,
      region: regionOf(columns),
      category: `CASE ${text(type)} WHEN 'tax' THEN 'Tax' WHEN 'adjustment' THEN 'Adjustment' WHEN 'rounding_error' THEN 'Adjustment' ELSE 'Usage' END`,
      currency: text(currency),
      billed: net,
      effective: net,
      list: list ? `coalesce(${money(list)}, ${money(cost)})` : money(cost),
      tag: (parameter, pointer) => valueInEntries(labels, parameter, pointer),
      tagsReadable: readable(labels),
      raw: { period: month, charged, currency, billed: cost, effective: credits, list: list ?? cost, tags: labels },
      notes: notesOf(cost, list),
    };
  },
};

const regionOf = (columns: Columns): string => {
  const [region, location] = [field(columns, "location", "region"), field(columns, "location", "location")];
  const known = [region, location].flatMap((one) => (one ? [`NULLIF(${text(one)}, '')`] : []));
  return `coalesce(${[...known, "''"].join(", ")})`;
};

/** The sum of `credits.amount`; NULL where one of them can't be read. */
function creditsOf(credits: Column): string {
  const entries = listOf(credits) ?? `from_json(NULLIF(${credits.sql}, ''), '[{"amount":"VARCHAR"}]')`;
  const element = /^STRUCT/.test(credits.type) ? credits.type.replace(/\[\]$/, "") : "";
  const inner = fieldsOf(element).get("list")?.replace(/\[\]$/, "") ?? element;
  const amounts = fieldsOf(fieldsOf(inner).get("element") ?? inner);
  const amount: Column = { name: "credits.amount", type: amounts.get("amount") ?? "VARCHAR", sql: "e.amount" };
  const each = `list_transform(${entries}, lambda e: ${money(amount)})`;
  const unreadable = `list_contains(list_transform(${each}, lambda a: a IS NULL), true)`;
  const sum = `CASE WHEN ${unreadable} THEN NULL ELSE coalesce(list_sum(${each}), 0)::DECIMAL(38,18) END`;
  if (credits.type !== "VARCHAR") return sum;
  return `CASE WHEN coalesce(${credits.sql}, '') = '' THEN 0::DECIMAL(38,18) WHEN json_valid(${credits.sql}) THEN ${sum} END`;
}
