import { expect, it } from "vitest";
import { createMetrics } from "./metrics.ts";
import { createQueue, PRIORITY } from "./queue.ts";
import { createFakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog } from "./testing/memory-log.ts";

it("shows what every part reports", async () => {
  const metrics = createMetrics(false);
  metrics.transport.request({ verb: "patch", group: "onyx.onelens.io", resource: "queues/status" }, "200", 12);
  metrics.transport.connectionOpened();
  metrics.reflector.event("queues", "bookmark");
  metrics.reflector.failure("queues", "status-410");
  metrics.reflector.synced("queues", "watchList", 1_250);
  metrics.reflector.size("queues", 10_000);
  metrics.queue.started("Queue", 40);
  metrics.queue.finished("Queue", "done", 7);
  metrics.queue.stuck("Queue");
  metrics.events.event("joined");
  const text = await metrics.registry.metrics();
  for (const line of [
    'onyx_api_requests_total{verb="patch",group="onyx.onelens.io",resource="queues/status",code="200"} 1',
    'onyx_api_request_seconds_bucket{le="0.025",verb="patch",resource="queues/status"} 1',
    "onyx_api_connections_opened_total 1",
    'onyx_cache_events_total{resource="queues",type="bookmark"} 1',
    'onyx_cache_failures_total{resource="queues",cause="status-410"} 1',
    'onyx_cache_syncs_total{resource="queues",step="watchList"} 1',
    'onyx_cache_sync_seconds{resource="queues"} 1.25',
    'onyx_cache_objects{resource="queues"} 10000',
    'onyx_queue_wait_seconds_count{queue="Queue"} 1',
    'onyx_queue_work_seconds_sum{queue="Queue",result="done"} 0.007',
    'onyx_queue_stuck_total{queue="Queue"} 1',
    'onyx_events_total{outcome="joined"} 1',
    "onyx_leader 0",
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});

it("shows the state of queues and caches at the moment of reading", async () => {
  const metrics = createMetrics(false);
  const clock = createFakeClock();
  const queue = createQueue({
    name: "Queue",
    clock,
    log: createMemoryLog(),
    concurrency: 1,
    work: () => new Promise(() => {}),
  });
  const type = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };
  metrics.watch({ queue });
  metrics.watch({ reflector: { type, lastEventAge: () => 4_000 } });
  for (const key of ["a", "b", "c"]) queue.add(key, { priority: PRIORITY.retry });
  queue.add("d", { afterMs: 60_000 });
  queue.start();
  await settle();
  await clock.advance(2_500);
  const lines = (await metrics.registry.metrics()).split("\n");
  expect(lines).toContain('onyx_queue_depth{queue="Queue",priority="retry"} 2');
  expect(lines).toContain('onyx_queue_depth{queue="Queue",priority="created"} 0');
  expect(lines).toContain('onyx_queue_delayed{queue="Queue"} 1');
  expect(lines).toContain('onyx_queue_running{queue="Queue"} 1');
  expect(lines).toContain('onyx_queue_longest_running_seconds{queue="Queue"} 2.5');
  expect(lines).toContain('onyx_cache_last_event_age_seconds{resource="nodes"} 4');
});

it("keeps the numbers of two processes' worth of parts apart, and can measure the process itself", async () => {
  const [first, second] = [createMetrics(true), createMetrics(false)];
  first.lease.leading(true);
  expect(await second.registry.metrics()).toContain("onyx_leader 0");
  expect(await first.registry.metrics()).toContain("nodejs_eventloop_lag_p99_seconds");
  expect(await second.registry.metrics()).not.toContain("nodejs_");
});
