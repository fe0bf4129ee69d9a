/** The machinery that keeps watch over Kubernetes objects and writes them. It knows nothing of any kind. */
export { type BackoffOptions, equalJitter, fullJitter, type Random, spread } from "./backoff.ts";
export * from "./client.ts";
export { type Cancel, type Clock, createClock, sleep } from "./clock.ts";
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
export { createLog, type Log, type LogOptions } from "./log.ts";
export { redact, redactText } from "./redact.ts";
export type { RequestInfo } from "./request-info.ts";
export * from "./resource.ts";
export { createTimers, type Timers } from "./timers.ts";
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
