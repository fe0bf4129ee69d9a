import { randomBytes, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { KubeConfig } from "@kubernetes/client-node";
import { types } from "../crds/generated/types.ts";
import { tenant } from "../crds/tenant.ts";
import packageJson from "../package.json" with { type: "json" };
import { createInstrumentation } from "./instrument.ts";
import { readOptions } from "./options.ts";
import { createEnvironmentRegistry } from "./reconcile/environments.ts";
import { createManager } from "./reconcile/manager.ts";
import { createClient } from "./runtime/client.ts";
import { createClock } from "./runtime/clock.ts";
import { createDiscovery } from "./runtime/discovery.ts";
import { createEventRecorder } from "./runtime/events.ts";
import { cacheCheck, serveHealth } from "./runtime/health.ts";
import { createLease } from "./runtime/lease.ts";
import { createLog } from "./runtime/log.ts";
import { createMetrics } from "./runtime/metrics.ts";
import type { KubeObject } from "./runtime/resource.ts";
import { createShutdown } from "./runtime/shutdown.ts";
import { createTracing } from "./runtime/tracing.ts";
import { createTransport } from "./runtime/transport.ts";
import { registerTenantMetrics } from "./tenant-metrics.ts";
import { composites, connect, leaves, runs } from "./wiring.ts";

/** The operator: watches from the start, works while it leads, ends in good order. */
async function main(): Promise<void> {
  const options = readOptions(process.argv);
  const clock = createClock();
  const served = types.filter(({ kind }) => options.tenants || kind !== tenant.kind);
  const identity = `${process.env.POD_NAME ?? hostname()}_${randomUUID().slice(0, 8)}`;
  const log = createLog({ level: options.logLevel, fields: { identity } });
  const shutdown = createShutdown({ clock, log, process: process as never });
  const metrics = createMetrics();
  const tracing = await createTracing({
    env: process.env,
    service: "onyx-operator",
    version: packageJson.version,
    instance: identity,
  });

  const transport = createTransport(kubeConfig(options.kubeconfig), { clock, log, metrics: metrics.transport });
  const open = createClient(transport);
  const lease = createLease({
    client: open,
    clock,
    log,
    namespace: options.leaseNamespace,
    name: options.leaseName,
    identity,
    metrics: metrics.lease,
  });
  const client = createClient(transport, lease.fence);
  const recorder = createEventRecorder({
    client,
    clock,
    log,
    metrics: metrics.events,
    controller: "onyx.onelens.io/operator",
    instance: identity,
  });
  const discovery = createDiscovery(transport, clock);
  const instruments = createInstrumentation({
    clock,
    log,
    registry: metrics.registry,
    tracing,
    fence: lease.fence,
  });
  const registry = createEnvironmentRegistry(connect, instruments.wrap);
  registry.subscribe(instruments.forget);
  const manager = createManager({
    client,
    clock,
    log,
    registry,
    budgets: instruments.budgets,
    types: new Map(served.map((type) => [type.kind, type])),
    leaves,
    composites: composites.filter(({ kind }) => served.some((type) => type.kind === kind)),
    runs,
    serves: (type) => discovery.serves(type),
    fence: lease.fence.signal,
    tell: (object, notice) => recorder.tell(object as KubeObject, notice),
    span: (name, attributes, run) => tracing.span(name, attributes, run),
    now: () => new Date(clock.now()),
    randomBytes,
    concurrency: options.concurrency,
    resyncMs: options.resync,
    namespace: options.namespace,
    metrics,
  });

  registerTenantMetrics(metrics.registry, () => manager.caches.get(tenant.kind)?.list() ?? []);
  const own = new Set<string>(served.map(({ kind }) => kind));
  const checks = [...manager.caches].map(([kind, cache]) => cacheCheck(cache, own.has(kind)));
  const health = await serveHealth({
    address: options.address.host,
    port: options.address.port,
    ready: checks,
    registry: metrics.registry,
  });
  log.info(
    { version: packageJson.version, url: health.url, lease: `${options.leaseNamespace}/${options.leaseName}` },
    "started",
  );

  shutdown.step({ name: "finish what is under way", timeoutMs: 15_000, run: () => manager.drain(10_000) });
  shutdown.step({ name: "write the last events", timeoutMs: 2_000, run: () => recorder.flush() });
  shutdown.step({ name: "give the lease back", timeoutMs: 3_000, run: () => lease.release() });
  shutdown.step({ name: "send the last traces", timeoutMs: 2_000, run: () => tracing.shutdown() });
  shutdown.step({ name: "close the health server", timeoutMs: 1_000, run: () => health.close() });

  await manager.watch(shutdown.signal);
  await lease.acquire(shutdown.signal);
  manager.start();
  const lost = await lease.lost;
  await shutdown.end(lost.message, 1);
}

function kubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (path) config.loadFromFile(path);
  else config.loadFromDefault();
  return config;
}

main().catch((error: Error) => {
  if (error.name === "AbortError" || /shutting down/.test(error.message)) return;
  console.error(`onyx-operator can't run: ${error.message}`);
  process.exit(1);
});
