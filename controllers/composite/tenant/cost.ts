import { moneyText, parseAmount, sumsByCurrency } from "../../../crds/amount.ts";
import type { TenantSpec, TenantStatus } from "../../../crds/tenant.ts";
import type { TenantCostSourceSpec, TenantCostSourceStatus } from "../../../crds/tenantcostsource.ts";
import type { Seen } from "../../../operator/reconcile/composite-object.ts";
import type { Verdict } from "../../../operator/reconcile/conditions.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";

type Cost = Pick<NonNullable<TenantStatus["cost"]>, "month" | "monthToDate" | "forecast" | "total" | "asOf">;
type Budget = NonNullable<TenantSpec["budget"]>;
type Source = Partial<TenantCostSourceStatus>;

/** What the bills of a tenant say of the last month that any of them has. Empty: there is none. */
export function billOf(within: string | undefined, seen: Seen): Cost {
  const told = sourcesOf(within, seen).map(({ status }) => (status ?? {}) as Source);
  const month = told
    .flatMap((one) => one.month ?? [])
    .toSorted()
    .at(-1);
  if (month === undefined) return {};
  const current = told.filter((one) => one.month === month);
  const monthToDate = sumsByCurrency(current.flatMap((one) => one.monthToDate ?? []));
  return {
    month,
    monthToDate,
    forecast: sumsByCurrency(current.flatMap((one) => one.forecast ?? [])),
    total: moneyText(monthToDate),
    asOf: current.flatMap((one) => one.lastIngested ?? []).toSorted()[0],
  };
}

/** Its TenantCostSources: those of its namespace, and those of the platform's that name it. */
function sourcesOf(within: string | undefined, seen: Seen): readonly KubeObject[] {
  const isSource = ({ kind }: KubeObject) => kind === "TenantCostSource";
  const isIts = ({ spec }: KubeObject) => ((spec as TenantCostSourceSpec).tenantRef?.name ?? seen.name) === seen.name;
  const own = within === undefined ? [] : seen.within(within).filter((one) => isSource(one) && isIts(one));
  const home = seen.environment.tenancy?.namespace;
  return [...own, ...seen.parts().filter(({ metadata }) => metadata.namespace === home && home !== within)];
}

/** What is used of a budget, in whole percent, rounded down. Undefined: there is no budget, or no bill. */
export function usedOf(budget: Budget | undefined, { monthToDate }: Cost): number | undefined {
  if (!budget || !monthToDate) return undefined;
  const spent = monthToDate.find(({ currency }) => currency === budget.currency)?.amount ?? "0";
  const percent = (parseAmount(spent) * 100n) / parseAmount(budget.amount);
  return percent < 0n ? 0 : Number(percent > MOST ? MOST : percent);
}

const MOST = 1_000_000n;
/** Percent. */
const USUAL = [50, 80, 100];

/** Whether it has reached a threshold of its budget. Null: it has none, or there is no bill. */
export function withinBudget(budget: Budget | undefined, cost: Cost): Verdict | null {
  const used = usedOf(budget, cost);
  if (!budget || used === undefined) return null;
  const reached = (budget.thresholds ?? USUAL)
    .filter((threshold) => threshold <= used)
    .toSorted((a, b) => a - b)
    .at(-1);
  const of = `the budget of ${budget.amount} ${budget.currency} in ${cost.month}`;
  const others = (cost.monthToDate ?? []).map(({ currency }) => currency).filter((one) => one !== budget.currency);
  const beside = others.length > 0 ? ` What was spent in ${others.join(", ")} is not counted.` : "";
  if (used >= 100)
    return {
      status: "False",
      reason: "OverBudget",
      message: `Month to date has reached ${reached ?? 100} % of ${of}.${beside}`,
    };
  if (reached === undefined)
    return {
      status: "True",
      reason: "WithinBudget",
      message: `Month to date is below each threshold of ${of}.${beside}`,
    };
  return {
    status: "False",
    reason: "ThresholdReached",
    message: `Month to date has reached ${reached} % of ${of}.${beside}`,
  };
}
