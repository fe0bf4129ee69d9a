import { parser } from "@prometheus-io/lezer-promql";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { registerTenantMetrics } from "../../operator/tenant-metrics.ts";
import { ALERTS, monitoringFiles, RULES } from "./monitoring.ts";

const expressions = [...RULES, ...ALERTS].map(({ expr }) => expr);

/** What Prometheus could not read of an expression. */
function errorsIn(expr: string): readonly string[] {
  const found: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) found.push(`${from}: ${expr.slice(from, to + 20)}`);
    },
  });
  return found;
}

test("the parser finds what is wrong", () => {
  expect(errorsIn("sum by (tenant (up)")).not.toEqual([]);
});

test.each(expressions)("Prometheus reads %s", (expr) => {
  expect(errorsIn(expr)).toEqual([]);
});

test("they go by metrics that the operator has, and by rules that are there", () => {
  const registry = new Registry();
  registerTenantMetrics(registry, () => []);
  const ours = registry.getMetricsAsArray().map(({ name }) => name);
  const rules = RULES.map(({ record }) => record);
  const text = expressions.join(" ");
  expect([...new Set(text.match(/\bonyx_\w+/g))].filter((name) => !ours.includes(name))).toEqual([]);
  expect([...new Set(text.match(/\btenant:[\w:]+/g))].filter((name) => !rules.includes(name))).toEqual([]);
});

test("each rule has a panel, which names a tenant", () => {
  const json = monitoringFiles().find(({ path }) => path.endsWith(".json"))?.text ?? "";
  const { panels } = JSON.parse(json) as { panels: { targets: { expr: string }[] }[] };
  expect(panels.map(({ targets }) => targets[0]?.expr)).toEqual(
    RULES.map(({ record }) => `${record}{tenant=~"$tenant"}`),
  );
});
