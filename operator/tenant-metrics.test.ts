import { Registry } from "prom-client";
import { expect, test } from "vitest";
import type { TenantObject } from "../crds/tenant.ts";
import { registerTenantMetrics } from "./tenant-metrics.ts";

const tenant = (name: string, spec: object, status?: object) =>
  ({ apiVersion: "onyx.onelens.io/v1alpha1", kind: "Tenant", metadata: { name }, spec, status }) as TenantObject;
const lines = async (registry: Registry) =>
  (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("each Tenant tells what it costs and has; one that is gone tells nothing any more", async () => {
  const registry = new Registry();
  let all = [
    tenant("globex", { isolation: "Shared" }),
    tenant(
      "acme",
      { isolation: "Namespace", plan: "business" },
      {
        phase: "Active",
        namespace: "tenant-acme",
        objects: 7,
        budgetUsed: 81,
        cost: {
          month: "2026-11",
          monthToDate: [
            { currency: "EUR", amount: "3" },
            { currency: "USD", amount: "812.5" },
          ],
          forecast: [{ currency: "USD", amount: "1000.25" }],
        },
      },
    ),
  ];
  registerTenantMetrics(registry, () => all);
  expect(await lines(registry)).toEqual([
    'onyx_tenant_info{tenant="globex",isolation="Shared",phase="",plan="",tenant_namespace=""} 1',
    'onyx_tenant_info{tenant="acme",isolation="Namespace",phase="Active",plan="business",tenant_namespace="tenant-acme"} 1',
    'onyx_tenant_objects{tenant="acme"} 7',
    'onyx_tenant_budget_used_ratio{tenant="acme"} 0.81',
    'onyx_tenant_cost_month_to_date{tenant="acme",currency="EUR",month="2026-11"} 3',
    'onyx_tenant_cost_month_to_date{tenant="acme",currency="USD",month="2026-11"} 812.5',
    'onyx_tenant_cost_forecast{tenant="acme",currency="USD",month="2026-11"} 1000.25',
  ]);
  all = [];
  expect(await lines(registry)).toEqual([]);
});
