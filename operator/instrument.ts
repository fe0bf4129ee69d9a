import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type Bucket, createBucket, type Limits } from "./provider/budget.ts";
import { levelOf } from "./provider/budget-use.ts";
import { audited, budgeted, decorate, fenced, guarded, measured, traced } from "./provider/decorate.ts";
import type { BudgetUse } from "./reconcile/environment.ts";
import type { Wrap } from "./reconcile/environments.ts";
import type { Fence } from "./runtime/client.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Log } from "./runtime/log.ts";
import type { Tracing } from "./runtime/tracing.ts";

/**
 * How hard one account is called when its Environment says nothing, in verbs of ours a second. These are ours, well
 * below what the clouds allow by default, so that the operator never starves the account's other users.
 */
const DEFAULT_LIMITS: Readonly<Record<string, Limits>> = {
  default: { perSecond: 100, concurrent: 20 },
  iam: { perSecond: 10, concurrent: 5 },
  firestore: { perSecond: 20, concurrent: 10 },
  // Looks at runs are what both allow least of: https://docs.cloud.google.com/workflows/quotas, and AWS's service quotas.
  states: { perSecond: 20, concurrent: 10 },
  workflows: { perSecond: 20, concurrent: 10 },
};

export interface Instruments {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  readonly tracing: Tracing;
  readonly fence: Fence;
}

/** What goes round providers, and what it tells of the budgets. */
export interface Instrumentation {
  /** Puts trace, metrics, audit record, budget and fence round a provider. */
  readonly wrap: Wrap;
  /** How the services of an account were used in the last minute. */
  budgets(account: string): readonly BudgetUse[];
  /** Takes the limits of an Environment away that has changed or gone; those of its next providers are set anew. */
  forget(environment: string): void;
}

/** The budget of one service of one account, and what each Environment there allows of it. */
interface Shared {
  readonly account: string;
  readonly service: string;
  readonly bucket: Bucket;
  readonly limits: Map<string, number>;
}

/** One budget for each account and service, whatever objects, kinds and Environments call it: the lowest limit holds. */
export function createInstrumentation({ clock, log, registry, tracing, fence }: Instruments): Instrumentation {
  const shared = new Map<string, Shared>();
  const metrics = cloudMetrics(registry, () => shared.values());
  const budgetOf = (account: string, service: string, environment: string, perSecond: number, usual: Limits) => {
    const key = `${account}/${service}`;
    const found = shared.get(key) ?? {
      account,
      service,
      bucket: createBucket({ ...usual, perSecond }, clock),
      limits: new Map(),
    };
    shared.set(key, found);
    found.limits.set(environment, perSecond);
    found.bucket.limit(Math.min(...found.limits.values()));
    return found.bucket;
  };
  const wrap: Wrap = (kind, provider, place, budget) => {
    const { service } = provider;
    const usual = (DEFAULT_LIMITS[service] ?? DEFAULT_LIMITS.default) as Limits;
    const perSecond = budget?.[service] ?? budget?.default ?? usual.perSecond;
    const bucket = budgetOf(place.account, service, place.environment, perSecond, usual);
    return decorate(kind, provider, [
      traced((name, attributes, run) => tracing.span(name, attributes, run)),
      measured(
        (step, result, seconds) => metrics.done(place.account, step.service, step.verb, result, seconds),
        () => clock.monotonic(),
      ),
      audited(({ step, result, requestId }) => {
        const { owner, verb, service } = step;
        log.info(
          {
            audit: true,
            kind,
            namespace: owner.namespace,
            name: owner.name,
            service,
            verb,
            result,
            requestId,
            account: place.account,
          },
          "changed the cloud",
        );
      }),
      budgeted(() => bucket),
      fenced(() => fence.check()),
      guarded,
    ]);
  };
  return {
    wrap,
    budgets: (account) =>
      [...shared.values()]
        .filter((one) => one.account === account)
        .map(({ service, bucket }) => ({ service, perSecond: bucket.perSecond(), use: levelOf(bucket.use()) }))
        .sort((a, b) => (a.service < b.service ? -1 : 1)),
    forget(environment) {
      for (const { bucket, limits } of shared.values())
        if (limits.delete(environment) && limits.size > 0) bucket.limit(Math.min(...limits.values()));
    },
  };
}

function cloudMetrics(registry: Registry, budgets: () => Iterable<Shared>) {
  const registers = [registry];
  const calls = new Counter({
    name: "onyx_cloud_verbs_total",
    help: "Verbs of providers (observe, create, update, delete, adopt, release, backup, reveal, start, stop), by how they ended: ok or the fault.",
    labelNames: ["account", "service", "verb", "result"],
    registers,
  });
  const seconds = new Histogram({
    name: "onyx_cloud_verb_seconds",
    help: "Time that a verb took, waiting for its budget included.",
    labelNames: ["service", "verb"],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
    registers,
  });
  const gauge = (name: string, help: string, read: (bucket: Bucket) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["account", "service"],
      registers,
      collect() {
        for (const { account, service, bucket } of budgets()) this.set({ account, service }, read(bucket));
      },
    });
  gauge("onyx_cloud_budget_limit", "Verbs a second that the budget allows.", (bucket) => bucket.perSecond());
  gauge(
    "onyx_cloud_budget_rate",
    "Verbs a second that are let through now; lower than the limit after the cloud asked to slow down.",
    (bucket) => bucket.rate(),
  );
  gauge(
    "onyx_cloud_budget_used_ratio",
    "Part of the budget that was used in the last minute, 0 to 1.",
    (bucket) => bucket.use().share,
  );
  gauge("onyx_cloud_budget_waiting", "Verbs that wait for their budget.", (bucket) => bucket.waiting());
  gauge(
    "onyx_cloud_throttled",
    "Verbs that the cloud refused in the last minute for being too many; 0: none.",
    (bucket) => bucket.use().throttled,
  );
  return {
    done(account: string, service: string, verb: string, result: string, elapsed: number) {
      calls.inc({ account, service, verb, result });
      seconds.observe({ service, verb }, elapsed);
    },
  };
}
