import { Gauge, type Registry } from "prom-client";
import type { TenantObject } from "../crds/tenant.ts";

/** What each Tenant costs and has, from its status. Every process tells the same: take the maximum over them. */
export function registerTenantMetrics(registry: Registry, tenants: () => readonly TenantObject[]): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    samples: (tenant: TenantObject) => readonly (readonly [Readonly<Record<string, string>>, number | undefined])[],
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ["tenant", ...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        for (const one of tenants())
          for (const [labels, value] of samples(one))
            if (value !== undefined && Number.isFinite(value))
              this.set({ tenant: one.metadata.name, ...labels }, value);
      },
    });
  gauge(
    "onyx_tenant_info",
    "1 for each Tenant, with its isolation, phase, plan and namespace.",
    ["isolation", "phase", "plan", "tenant_namespace"],
    ({ spec, status }) => [
      [
        {
          isolation: spec.isolation,
          phase: status?.phase ?? "",
          plan: spec.plan ?? "",
          // A scrape gives each series the label namespace: that of the operator.
          tenant_namespace: status?.namespace ?? "",
        },
        1,
      ],
    ],
  );
  gauge("onyx_tenant_objects", "Objects of ours in its namespace.", [], ({ status }) => [[{}, status?.objects]]);
  gauge("onyx_tenant_budget_used_ratio", "Month to date by its budget; 1: all of it.", [], ({ status }) => [
    [{}, status?.budgetUsed === undefined ? undefined : status.budgetUsed / 100],
  ]);
  gauge(
    "onyx_tenant_cost_month_to_date",
    "What its bills come to this month, by currency. Rounded to a float: status has the exact amount.",
    ["currency", "month"],
    ({ status }) => costs(status?.cost?.month, status?.cost?.monthToDate),
  );
  gauge(
    "onyx_tenant_cost_forecast",
    "What its bills will come to this month, by currency.",
    ["currency", "month"],
    ({ status }) => costs(status?.cost?.month, status?.cost?.forecast),
  );
}

const costs = (
  month: string | undefined,
  all: readonly { readonly currency: string; readonly amount: string }[] = [],
) => all.map(({ currency, amount }) => [{ currency, month: month ?? "" }, Number(amount)] as const);
