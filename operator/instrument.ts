import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type Bucket, createBucket, type Limits } from "./provider/budget.ts";
import { audited, budgeted, decorate, fenced, guarded, measured, traced } from "./provider/decorate.ts";
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
};

export interface Instruments {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  readonly tracing: Tracing;
  readonly fence: Fence;
}

/** Puts trace, metrics, audit record, budget and fence round every provider. Budgets are an account's and service's. */
export function createWrap({ clock, log, registry, tracing, fence }: Instruments): Wrap {
  const buckets = new Map<string, Bucket>();
  const metrics = cloudMetrics(registry, buckets);
  return (kind, provider, place, budget) => {
    const bucket = (service: string): Bucket => {
      const perSecond = budget?.[service] ?? budget?.default;
      const usual = DEFAULT_LIMITS[service] ?? DEFAULT_LIMITS.default;
      const limits = { ...(usual as Limits), ...(perSecond === undefined ? {} : { perSecond }) };
      const key = [place.account, service, limits.perSecond].join("/");
      const known = buckets.get(key) ?? createBucket(limits, clock);
      buckets.set(key, known);
      return known;
    };
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
      budgeted(bucket),
      fenced(() => fence.check()),
      guarded,
    ]);
  };
}

function cloudMetrics(registry: Registry, buckets: ReadonlyMap<string, Bucket>) {
  const registers = [registry];
  const calls = new Counter({
    name: "onyx_cloud_verbs_total",
    help: "Verbs of providers (observe, create, update, delete, adopt, release, backup), by how they ended: ok or the fault.",
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
  new Gauge({
    name: "onyx_cloud_budget_rate",
    help: "Verbs a second that are let through now; lower than the budget after the cloud asked to slow down.",
    labelNames: ["budget"],
    registers,
    collect() {
      for (const [budget, bucket] of buckets) this.set({ budget }, bucket.rate());
    },
  });
  new Gauge({
    name: "onyx_cloud_budget_waiting",
    help: "Verbs that wait for their budget.",
    labelNames: ["budget"],
    registers,
    collect() {
      for (const [budget, bucket] of buckets) this.set({ budget }, bucket.waiting());
    },
  });
  return {
    done(account: string, service: string, verb: string, result: string, elapsed: number) {
      calls.inc({ account, service, verb, result });
      seconds.observe({ service, verb }, elapsed);
    },
  };
}
