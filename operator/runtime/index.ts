/** The machinery that keeps watch over Kubernetes objects and writes them. It knows nothing of any kind. */
export { type BackoffOptions, equalJitter, fullJitter, type Random, spread } from "./backoff.ts";
export * from "./client.ts";
export { type Cancel, type Clock, createClock, sleep } from "./clock.ts";
export {
  type Controller,
  type ControllerOptions,
  createController,
  priorityOf,
  type ReconcileContext,
  type Request,
  type Result,
  type Source,
} from "./controller.ts";
export type { KubeConfigLike } from "./credentials.ts";
export { createDiscovery, type Discovery } from "./discovery.ts";
export {
  ApiError,
  DeadlineError,
  isAlreadyExists,
  isConflict,
  isExpired,
  isNotFound,
  NotLeaderError,
  StreamError,
  TransportError,
} from "./errors.ts";
export { createEventRecorder, type EventNote, type EventOptions, type EventRecorder } from "./events.ts";
export {
  cacheCheck,
  type Finding,
  type HealthCheck,
  type HealthOptions,
  type HealthServer,
  serveHealth,
} from "./health.ts";
export { createLease, type LeaderLease, type LeaseOptions } from "./lease.ts";
export { createLog, type Log, type LogOptions } from "./log.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export {
  type Attempt,
  createQueue,
  type Outcome,
  PRIORITY,
  type Priority,
  type QueueMetrics,
  type QueueOptions,
  type WorkQueue,
} from "./queue.ts";
export { redact, redactText } from "./redact.ts";
export {
  createReflector,
  type Reflector,
  type ReflectorEvent,
  type ReflectorMetrics,
  type ReflectorOptions,
  type ReflectorState,
} from "./reflector.ts";
export type { RequestInfo } from "./request-info.ts";
export * from "./resource.ts";
export { compareResourceVersions, isOlder } from "./resource-version.ts";
export {
  createShutdown,
  type ProcessLike,
  type Shutdown,
  type ShutdownOptions,
  type ShutdownStep,
} from "./shutdown.ts";
export type { Change, Indexer } from "./store.ts";
export { createTimers, type Timers } from "./timers.ts";
export { createTracing, type Tracing, type TracingOptions } from "./tracing.ts";
export {
  createTransport,
  type Query,
  type StreamRequest,
  type Transport,
  type TransportMetrics,
  type TransportOptions,
  type TransportReply,
  type TransportRequest,
} from "./transport.ts";
