import { createInstrumentation } from "../../operator/instrument.ts";
import type { AnyProvider } from "../../operator/reconcile/environment-view.ts";
import type { AnyConnection } from "../../operator/reconcile/environments.ts";
import { type Clock, createClock } from "../../operator/runtime/clock.ts";
import { createMetrics } from "../../operator/runtime/metrics.ts";
import { createTracing } from "../../operator/runtime/tracing.ts";
import { connect } from "../../operator/wiring.ts";
import { apiAt } from "../support/api.ts";
import { startManaged } from "../support/managed.ts";
import { openTcpGate, type TcpGate } from "../support/tcp-gate.ts";
import type { Lane } from "./lane.ts";

/** All controllers of one operator process, whose every connection can be broken for good. */
export interface Operator {
  /** The way to the API server. */
  readonly gate: TcpGate;
  /** Its `/metrics`. */
  metrics(): Promise<string>;
  /**
   * Ends it as `kill -9` would: from this moment on nothing of it gets out, neither to the API server nor to the cloud. What
   * goes on for a moment inside this process is of no effect.
   */
  kill(): void;
  /** Resolves once nothing of a killed one is left in this process. */
  gone(): Promise<void>;
  /** Ends it in good order. */
  stop(): Promise<void>;
}

export interface OperatorOptions {
  /** What becomes of the provider of each kind, beneath budget, deadline and all else that core puts round it. */
  readonly provider?: (kind: string, provider: AnyProvider) => AnyProvider;
  /** Whose time its connections to the API server go by: waits between tries, patience with silence. Default: the machine's. */
  readonly connections?: Clock | undefined;
}

/**
 * Starts the controllers as the operator's main does, on the lane's clock and behind gates of their own.
 * @param namespace undefined: all
 */
export async function startOperator(
  lane: Lane,
  namespace: string | undefined,
  { provider, connections: cacheClock = createClock() }: OperatorOptions = {},
): Promise<Operator> {
  const gates = new Map<string, TcpGate>();
  const gateTo = async (url: string): Promise<TcpGate> => {
    const at = new URL(url);
    const gate = gates.get(at.host) ?? (await openTcpGate(Number(at.port), lane.gates.get(at.host)));
    gates.set(at.host, gate);
    lane.gates.set(at.host, gate.port);
    return gate;
  };
  const through = async (url: string) => `http://127.0.0.1:${(await gateTo(url)).port}`;
  const endpoints: Record<string, string> = {};
  for (const [service, url] of Object.entries(lane.side.cloud.place.endpoints)) endpoints[service] = await through(url);
  const gate = await gateTo(lane.wire.server);
  const api = apiAt(await through(lane.wire.server), cacheClock);
  const { clock, evidence } = lane;
  const ended = new AbortController();
  const metrics = createMetrics(false);
  const tracing = await createTracing({ env: {}, service: "onyx-operator", version: "0", instance: "chaos" });
  const instruments = createInstrumentation({
    clock,
    log: evidence.log,
    registry: metrics.registry,
    tracing,
    fence: { check: () => ended.signal.throwIfAborted(), signal: ended.signal },
  });
  const connections = new Set<AnyConnection>();
  const managed = await startManaged(lane.cluster, {
    api,
    clock,
    cacheClock,
    log: evidence.log,
    metrics,
    namespace,
    resyncMs: 600_000,
    ended,
    tell: (object, notice) => evidence.told.push(JSON.stringify([object.kind, object.metadata.name, notice])),
    wrap: (kind, provider, ...more) => lane.work.during(instruments.wrap(kind, provider, ...more)),
    async connect(cloud, place) {
      const connection = await connect(cloud, { ...place, endpoints });
      connections.add(connection);
      return lane.work.during(
        provider ? { ...connection, providers: decorated(connection.providers, provider) } : connection,
      );
    },
  });
  const end = async () => {
    evidence.metrics.push(await metrics.registry.metrics());
    for (const connection of connections) connection.close();
    await Promise.all([...gates.values()].map((gate) => gate.close()));
  };
  let going: Promise<unknown> | undefined;
  return {
    gate,
    metrics: () => metrics.registry.metrics(),
    kill() {
      if (going) return;
      for (const gate of gates.values()) gate.shut();
      going = managed.drop().then(end);
    },
    gone: async () => void (await going),
    async stop() {
      await managed.stop();
      await end();
    },
  };
}

const decorated = (
  providers: AnyConnection["providers"],
  decorate: NonNullable<OperatorOptions["provider"]>,
): AnyConnection["providers"] =>
  Object.fromEntries(
    Object.entries(providers).map(([kind, one]) => [kind, "unsupported" in one ? one : decorate(kind, one)]),
  );
