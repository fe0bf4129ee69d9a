/**
 * Cloud Monitoring's PromQL endpoint, for the one query that KEDA's prometheus scaler sends about a queue:
 * https://cloud.google.com/stackdriver/docs/managed-prometheus/query-api-ui and the prometheus scaler of KEDA.
 */
import type { HttpRoute } from "../engine/rest.ts";
import type { World } from "../engine/world.ts";
import type { ServiceModule } from "./module.ts";

const PATH = /^\/v1\/projects\/([^/]+)\/location\/global\/prometheus\/api\/v1\/query$/;
const METRIC = "pubsub_googleapis_com:subscription_num_undelivered_messages";
const SELECTOR = /^(sum\s*\(\s*)?([\w:]+)\s*\{([^}]*)\}(\s*\))?$/;
const MATCHER = /^\s*(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*$/;
/** Labels of the monitored resource pubsub_subscription, and what selects it. */
const LABELS = new Set(["monitored_resource", "project_id", "subscription_id"]);

class BadQuery extends Error {}

interface Query {
  readonly summed: boolean;
  readonly labels: ReadonlyMap<string, string>;
}

function parse(text: string): Query {
  const match = SELECTOR.exec(text.trim());
  if (match === null || (match[1] === undefined) !== (match[4] === undefined))
    throw new BadQuery(`the test bed understands only sum(${METRIC}{…}) or ${METRIC}{…}, not: ${text}`);
  if (match[2] !== METRIC) throw new BadQuery(`the test bed knows no metric ${match[2] ?? ""}`);
  const labels = new Map<string, string>();
  for (const part of (match[3] ?? "").split(",").filter((piece) => piece.trim() !== "")) {
    const matcher = MATCHER.exec(part);
    if (matcher === null) throw new BadQuery(`parse error: unexpected label matcher ${part.trim()}`);
    const [, name = "", operator, value = ""] = matcher;
    if (operator !== "=") throw new BadQuery(`the test bed understands only label="value", not: ${part.trim()}`);
    if (!LABELS.has(name)) throw new BadQuery(`the metric has no label ${name}`);
    labels.set(name, value);
  }
  return { summed: match[1] !== undefined, labels };
}

type Sample = Readonly<{ metric: Record<string, string>; value: number }>;

function evaluate({ summed, labels }: Query, series: readonly Sample[]): Sample[] {
  const chosen = series.filter(({ metric }) => [...labels].every(([name, value]) => metric[name] === value));
  if (!summed || chosen.length === 0) return chosen;
  return [{ metric: {}, value: chosen.reduce((sum, { value }) => sum + value, 0) }];
}

export interface MonitoringParts {
  readonly world: World;
  /** Undelivered messages by subscription id. */
  backlogs(): ReadonlyMap<string, number>;
  /** Passes a query through the faults. */
  guarded<T>(resource: string, signal: AbortSignal, answer: () => T): Promise<T>;
}

export function monitoring({ world, backlogs, guarded }: MonitoringParts): ServiceModule {
  const series = (): Sample[] =>
    [...backlogs()].map(([id, value]) => ({
      metric: { monitored_resource: "pubsub_subscription", project_id: world.project.id, subscription_id: id },
      value,
    }));

  const route: HttpRoute = (request, signal) => {
    const project = PATH.exec(request.path)?.[1];
    if (project === undefined) return undefined;
    const query = request.query.get("query") ?? request.form.get("query") ?? "";
    return guarded(`projects/${project}`, signal, () => {
      try {
        if (project !== world.project.id) throw new BadQuery(`there is no project ${project}`);
        const at = world.clock.now() / 1000;
        const result = evaluate(parse(query), series()).map(({ metric, value }) => ({
          metric,
          value: [at, String(value)],
        }));
        return { status: 200, body: { status: "success", data: { resultType: "vector", result } } };
      } catch (error) {
        if (!(error instanceof BadQuery)) throw error;
        return { status: 400, body: { status: "error", errorType: "bad_data", error: error.message } };
      }
    });
  };
  return { services: [], routes: [route] };
}
