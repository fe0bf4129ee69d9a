import { stringify } from "yaml";
import { MARK, type Output } from "./output.ts";

/** A recording rule of Prometheus. */
interface Rule {
  readonly record: string;
  readonly expr: string;
  /** For people, on the dashboard. */
  readonly title: string;
  readonly unit: string;
}

/** Whose namespace it is. Of our own metric a scrape renames no label, since it is not called `namespace`. */
const OWNER = `label_replace(max by (tenant, tenant_namespace) (onyx_tenant_info{tenant_namespace!=""}), "namespace", "$1", "tenant_namespace", "(.+)")`;

/** A metric by namespace, by tenant. */
const byTenant = (perNamespace: string) =>
  `sum by (tenant) (${perNamespace} * on (namespace) group_left (tenant) ${OWNER})`;

/** KEDA is scraped in its own namespace: where labels are not honoured, its own `namespace` comes as `exported_namespace`. */
const BACKLOG = `label_replace(keda_scaler_metrics_value{scaler=~"aws-sqs-queue.*|.*prometheus.*"}, "namespace", "$1", "exported_namespace", "(.+)")`;

/** Requests by OpenTelemetry's conventions: opentelemetry.io/docs/specs/semconv/http/http-metrics */
const REQUESTS = "http_server_request_duration_seconds_count";

export const RULES: readonly Rule[] = [
  {
    record: "tenant:http_requests:rate5m",
    expr: byTenant(`sum by (namespace) (rate(${REQUESTS}[5m]))`),
    title: "Requests",
    unit: "reqps",
  },
  {
    record: "tenant:http_errors:ratio_rate5m",
    expr: `${byTenant(`sum by (namespace) (rate(${REQUESTS}{http_response_status_code=~"5.."}[5m]))`)} / (tenant:http_requests:rate5m > 0)`,
    title: "Errors, of all requests",
    unit: "percentunit",
  },
  {
    record: "tenant:backlog:sum",
    expr: byTenant(`sum by (namespace) (${BACKLOG})`),
    title: "Backlog of its queues",
    unit: "short",
  },
  {
    record: "tenant:cpu_usage_cores:rate5m",
    expr: byTenant(`sum by (namespace) (rate(container_cpu_usage_seconds_total{container!=""}[5m]))`),
    title: "Processors in use",
    unit: "short",
  },
  {
    record: "tenant:cost_month_to_date:max",
    expr: "max by (tenant, currency, month) (onyx_tenant_cost_month_to_date)",
    title: "Billed this month",
    unit: "short",
  },
  {
    record: "tenant:cost_forecast:max",
    expr: "max by (tenant, currency, month) (onyx_tenant_cost_forecast)",
    title: "Forecast of this month",
    unit: "short",
  },
  {
    record: "tenant:budget_used:ratio",
    expr: "max by (tenant) (onyx_tenant_budget_used_ratio)",
    title: "Budget used",
    unit: "percentunit",
  },
];

export const ALERTS = [
  {
    alert: "OnyxTenantOverBudget",
    expr: "tenant:budget_used:ratio >= 1",
    for: "15m",
    labels: { severity: "warning" },
    annotations: {
      summary: "Tenant {{ $labels.tenant }} has used up its budget",
      description:
        "{{ $value | humanizePercentage }} of the budget of this month. kubectl get tenant {{ $labels.tenant }} -o wide",
    },
  },
];

/** Recording rules and a dashboard for each Tenant: the chart installs them where it is told to. */
export function monitoringFiles(): readonly Output[] {
  const groups = [{ name: "onyx-tenants", rules: [...RULES.map(({ record, expr }) => ({ record, expr })), ...ALERTS] }];
  return [
    {
      path: "charts/onyx-operator/files/tenant-rules.yaml",
      text: `# ${MARK}: what Prometheus records of each Tenant.\n${stringify({ groups }, { lineWidth: 0 })}`,
    },
    {
      path: "charts/onyx-operator/files/tenant-dashboard.json",
      text: `${JSON.stringify(dashboard(), null, 2)}\n`,
    },
  ];
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the dashboard
const datasource = { type: "prometheus", uid: "${datasource}" };
const WIDTH = 12;
const HEIGHT = 8;

/** For Grafana 10 and newer. */
function dashboard() {
  return {
    uid: "onyx-tenants",
    title: "Onyx / Tenants",
    description: MARK,
    tags: ["onyx"],
    schemaVersion: 39,
    editable: false,
    time: { from: "now-6h", to: "now" },
    refresh: "1m",
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus", label: "Prometheus" },
        {
          name: "tenant",
          type: "query",
          label: "Tenant",
          datasource,
          query: { query: "label_values(onyx_tenant_info, tenant)", refId: "tenants" },
          refresh: 2,
          multi: true,
          includeAll: true,
          allValue: ".*",
        },
      ],
    },
    panels: RULES.map(({ record, title, unit }, at) => ({
      id: at + 1,
      type: "timeseries",
      title,
      datasource,
      gridPos: { x: (at % 2) * WIDTH, y: Math.floor(at / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      targets: [
        {
          refId: "A",
          datasource,
          expr: `${record}{tenant=~"$tenant"}`,
          legendFormat: record.includes("cost") ? "{{tenant}} {{currency}}" : "{{tenant}}",
        },
      ],
    })),
  };
}
