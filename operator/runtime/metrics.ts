import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { PRIORITY, type QueueMetrics, type WorkQueue } from "./queue.ts";
import type { Reflector, ReflectorMetrics } from "./reflector.ts";
import { nameOfType } from "./resource.ts";
import type { TransportMetrics } from "./transport.ts";

/** What the runtime measures, in the form that each of its parts takes. Times are in seconds. */
export interface Metrics {
  /** Where others may add their own; what `/metrics` shows. */
  readonly registry: Registry;
  readonly transport: TransportMetrics;
  readonly reflector: ReflectorMetrics;
  readonly queue: QueueMetrics;
  readonly lease: { leading(isLeader: boolean): void };
  readonly events: { event(outcome: "sent" | "joined" | "dropped" | "failed"): void };
  /** Shows the state of a cache or a queue whenever the metrics are read. */
  watch(source: { readonly reflector: Pick<Reflector, "type" | "lastEventAge"> } | { readonly queue: WorkQueue }): void;
}

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SLOW = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800];

/** @param defaults false: without those of the process and the event loop */
export function createMetrics(defaults = true): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (defaults) collectDefaultMetrics({ register: registry });

  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `onyx_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge({ name: `onyx_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram({ name: `onyx_${name}`, help, labelNames, buckets, registers });

  return {
    registry,
    transport: transportMetrics(),
    reflector: reflectorMetrics(),
    queue: queueMetrics(),
    lease: leaseMetrics(),
    events: eventMetrics(),
    watch: stateMetrics(),
  };

  function transportMetrics(): TransportMetrics {
    const requests = counter("api_requests_total", "Requests to the API server.", [
      "verb",
      "group",
      "resource",
      "code",
    ]);
    const seconds = histogram(
      "api_request_seconds",
      "Time until the API server had answered.",
      ["verb", "resource"],
      FAST,
    );
    const connections = counter("api_connections_opened_total", "Connections opened to the API server.", []);
    return {
      request({ verb, group, resource }, code, durationMs) {
        requests.inc({ verb, group, resource, code });
        seconds.observe({ verb, resource }, durationMs / 1000);
      },
      connectionOpened: () => connections.inc(),
    };
  }

  function reflectorMetrics(): ReflectorMetrics {
    const events = counter("cache_events_total", "Watch events, by what they tell.", ["resource", "type"]);
    const failures = counter("cache_failures_total", "Watches and lists that failed and were tried again.", [
      "resource",
      "cause",
    ]);
    const syncs = counter("cache_syncs_total", "Times that the complete state was read, by how.", ["resource", "step"]);
    const seconds = gauge("cache_sync_seconds", "Time that the last reading of the complete state took.", ["resource"]);
    const objects = gauge("cache_objects", "Objects in the cache.", ["resource"]);
    return {
      event: (resource, type) => events.inc({ resource, type }),
      failure: (resource, cause) => failures.inc({ resource, cause }),
      synced(resource, step, durationMs) {
        syncs.inc({ resource, step });
        seconds.set({ resource }, durationMs / 1000);
      },
      size: (resource, count) => objects.set({ resource }, count),
    };
  }

  function queueMetrics(): QueueMetrics {
    const wait = histogram("queue_wait_seconds", "Time that a key was ready before it was worked on.", ["queue"], SLOW);
    const work = histogram(
      "queue_work_seconds",
      "Time that an attempt took, by how it ended.",
      ["queue", "result"],
      SLOW,
    );
    const stuck = counter("queue_stuck_total", "Attempts that went on although they were aborted.", ["queue"]);
    return {
      started: (queue, waitedMs) => wait.observe({ queue }, waitedMs / 1000),
      finished: (queue, result, durationMs) => work.observe({ queue, result }, durationMs / 1000),
      stuck: (queue) => stuck.inc({ queue }),
    };
  }

  function leaseMetrics(): Metrics["lease"] {
    const leader = gauge("leader", "1 while this process holds the lease.", []);
    leader.set(0);
    return { leading: (isLeader) => leader.set(isLeader ? 1 : 0) };
  }

  function eventMetrics(): Metrics["events"] {
    const events = counter("events_total", "Kubernetes events, by what became of them.", ["outcome"]);
    return { event: (outcome) => events.inc({ outcome }) };
  }

  function stateMetrics(): Metrics["watch"] {
    const reflectors: Pick<Reflector, "type" | "lastEventAge">[] = [];
    const queues: WorkQueue[] = [];
    const state = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void) =>
      new Gauge({
        name: `onyx_${name}`,
        help,
        labelNames,
        registers,
        collect() {
          collect(this);
        },
      });
    state("cache_last_event_age_seconds", "Time since the last event or bookmark.", ["resource"], (age) => {
      for (const { type, lastEventAge } of reflectors) {
        const ms = lastEventAge();
        if (ms !== undefined) age.set({ resource: nameOfType(type) }, ms / 1000);
      }
    });
    state("queue_depth", "Keys that are ready to be worked on.", ["queue", "priority"], (depth) => {
      for (const queue of queues) {
        for (const [name, priority] of Object.entries(PRIORITY)) {
          depth.set({ queue: queue.name, priority: name }, queue.depth(priority));
        }
      }
    });
    state("queue_delayed", "Keys that wait for their time.", ["queue"], (delayed) => {
      for (const queue of queues) delayed.set({ queue: queue.name }, queue.delayed());
    });
    state("queue_running", "Attempts under way.", ["queue"], (running) => {
      for (const queue of queues) running.set({ queue: queue.name }, queue.running());
    });
    state("queue_longest_running_seconds", "Time that the oldest attempt has been under way.", ["queue"], (longest) => {
      for (const queue of queues) longest.set({ queue: queue.name }, queue.longestRunningMs() / 1000);
    });
    return (source) => {
      if ("queue" in source) queues.push(source.queue);
      else reflectors.push(source.reflector);
    };
  }
}
