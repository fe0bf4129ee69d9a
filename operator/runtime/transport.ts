import type { Dispatcher } from "undici";
import packageJson from "../../package.json" with { type: "json" };
import { type BackoffOptions, fullJitter, type Random } from "./backoff.ts";
import { type Clock, sleep } from "./clock.ts";
import { createConnections } from "./connections.ts";
import { type Credentials, createCredentials, type KubeConfigLike } from "./credentials.ts";
import { ApiError, isTooLargeResourceVersion, StreamError, TransportError, toApiError } from "./errors.ts";
import { exchange, toTransportError, type WireReply, type WireRequest } from "./exchange.ts";
import { createLineSplitter, parseJsonLine } from "./json-lines.ts";
import type { Log } from "./log.ts";
import { type RequestInfo, requestInfo } from "./request-info.ts";

/** Values of a query; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface TransportRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The path below the API server's root, its parts already encoded. */
  readonly path: string;
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` if left out. */
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** How long the whole call may take, retries and waits included; 30,000 if left out. */
  readonly timeoutMs?: number | undefined;
  /** false: the first answer or failure counts. */
  readonly retry?: boolean;
  /** Called right before the first byte is written, at each attempt; what it throws is thrown, and nothing is sent. */
  readonly beforeSend?: (() => void) | undefined;
}

export interface TransportReply<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: T;
}

export interface StreamRequest {
  readonly path: string;
  readonly query?: Query | undefined;
  /** Ends the stream; the iteration then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Called when the server has accepted the request. */
  readonly onOpen?: () => void;
  /** Called for whatever arrives, be it a part of a line: the sign that the connection lives. */
  readonly onBytes?: (count: number) => void;
}

/** The way to one API server. Connections are kept and shared; credentials are rotated beneath the callers. */
export interface Transport {
  /**
   * One request with its whole answer. Failed connections are tried again if the request reads, or if it certainly
   * was not sent; a write that the server may have seen never is. 429 is obeyed: the wait it asks for is kept, up to
   * ten seconds in all; then the error goes to the caller, with `retryAfterMs`.
   * @throws ApiError, TransportError, the signal's reason, what `beforeSend` throws
   */
  request<T>(request: TransportRequest): Promise<TransportReply<T>>;
  /**
   * The JSON values of an answer that comes line by line, on a connection of its own. Never tried again here.
   * @throws ApiError, TransportError, StreamError, the signal's reason
   */
  stream(request: StreamRequest): AsyncGenerator<unknown, void, undefined>;
  /** How many connections were opened so far. */
  connectionsOpened(): number;
  /** Ends all connections, idle or not. */
  close(): Promise<void>;
}

export interface TransportMetrics {
  /** One attempt ended: `code` is the HTTP status, or what went wrong in one word. */
  request(info: RequestInfo, code: string, durationMs: number): void;
  connectionOpened(): void;
}

export interface TransportOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: Random;
  readonly metrics?: TransportMetrics;
  readonly userAgent?: string;
  /** How many requests may be under way at once; watches don't count. */
  readonly connections?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const ATTEMPTS = 4;
const BACKOFF: BackoffOptions = { baseMs: 200, capMs: 2_000, floorMs: 50 };
const PATIENCE_MS = 10_000;
const RETRY_AFTER_DEFAULT_MS = 1_000;

/** @param config a KubeConfig of @kubernetes/client-node */
export function createTransport(config: KubeConfigLike, options: TransportOptions): Transport {
  const { clock, log, metrics, random = Math.random, connections: limit = 16 } = options;
  const credentials = createCredentials(config, { clock, log });
  const connections = createConnections({ limit, onOpen: () => metrics?.connectionOpened() });
  const userAgent = options.userAgent ?? `onyx-operator/${packageJson.version}`;

  function wire(request: TransportRequest, access: Credentials): WireRequest {
    const headers: Record<string, string> = { accept: "application/json", "user-agent": userAgent };
    if (request.body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
    return {
      origin: access.origin,
      method: request.method ?? "GET",
      path: access.basePath + request.path + queryString(request.query),
      headers: { ...headers, ...request.headers, ...access.headers },
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
    };
  }

  async function attempt(request: TransportRequest, signal: AbortSignal): Promise<WireReply> {
    const access = await credentials.current();
    const info = requestInfo(request.method ?? "GET", request.path);
    const started = clock.monotonic();
    let code = "error";
    try {
      const pool = connections.of(access).requests;
      const reply = await exchange(pool, wire(request, access), { signal, beforeSend: request.beforeSend });
      code = String(reply.status);
      if (reply.status === 401) credentials.refused(access);
      return reply;
    } catch (error) {
      if (error instanceof TransportError) code = error.code;
      throw error;
    } finally {
      metrics?.request(info, code, clock.monotonic() - started);
    }
  }

  async function converse<T>(request: TransportRequest, signal: AbortSignal): Promise<TransportReply<T>> {
    const method = request.method ?? "GET";
    const name = `${method} ${request.path}`;
    let unauthorized = 0;
    let waited = 0;
    for (let failures = 1; ; failures++) {
      const last = request.retry === false || failures >= ATTEMPTS;
      let wait = fullJitter(BACKOFF, failures, random);
      try {
        const reply = await attempt(request, signal);
        if (reply.status < 300)
          return { status: reply.status, headers: reply.headers, body: parseBody<T>(name, reply) };
        const error = toApiError(name, reply.status, headerText(reply.headers["retry-after"]), reply.text);
        const again = retryAfter(error, method, unauthorized);
        if (reply.status === 401) unauthorized++;
        else if (last) throw error;
        if (again === undefined) throw error;
        wait = Math.max(wait, again * (1 + random() / 4));
        if (waited + wait > PATIENCE_MS) throw error;
      } catch (error) {
        if (!(error instanceof TransportError) || last || (error.sent && method !== "GET")) throw error;
        log.debug({ err: error, attempt: failures }, "a request to the API server failed and is sent again");
      }
      waited += wait;
      await sleep(clock, wait, signal);
    }
  }

  async function* stream(request: StreamRequest): AsyncGenerator<unknown, void, undefined> {
    const { signal, onOpen, onBytes } = request;
    const access = await credentials.current();
    const sending = wire(request, access);
    const info = requestInfo("GET", request.path, true);
    const started = clock.monotonic();
    let code = "error";
    let body: Dispatcher.ResponseData["body"] | undefined;
    try {
      const reply = await connections.of(access).streams.request({ ...sending, body: null, signal });
      code = String(reply.statusCode);
      body = reply.body;
      if (reply.statusCode === 401) credentials.refused(access);
      if (reply.statusCode !== 200) {
        const retryAfterHeader = headerText(reply.headers["retry-after"]);
        throw toApiError(`WATCH ${request.path}`, reply.statusCode, retryAfterHeader, await body.text());
      }
      metrics?.request(info, code, clock.monotonic() - started);
      onOpen?.();
      yield* jsonValues(body, onBytes);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (code !== "200") metrics?.request(info, code, clock.monotonic() - started);
      throw isOurs(error) ? error : toTransportError({ ...sending, method: "WATCH" }, error, true);
    } finally {
      body?.on("error", () => {}).destroy();
    }
  }

  return {
    async request<T>(request: TransportRequest) {
      const { signal, release } = limitTime(clock, request);
      try {
        return await converse<T>(request, signal);
      } finally {
        release();
      }
    },
    stream,
    connectionsOpened: connections.opened,
    close: connections.close,
  };
}

/** How long to wait before the same request may go out again, in milliseconds; undefined: not at all. */
function retryAfter(error: ApiError, method: string, unauthorized: number): number | undefined {
  if (error.status === 401) return unauthorized === 0 ? 0 : undefined;
  if (error.status === 429) return error.retryAfterMs ?? RETRY_AFTER_DEFAULT_MS;
  if (method !== "GET" || isTooLargeResourceVersion(error)) return undefined;
  return error.status >= 502 && error.status <= 504 ? (error.retryAfterMs ?? 0) : undefined;
}

function isOurs(error: unknown): boolean {
  return error instanceof StreamError || error instanceof ApiError;
}

async function* jsonValues(body: AsyncIterable<Buffer>, onBytes?: (count: number) => void) {
  const splitter = createLineSplitter();
  for await (const chunk of body) {
    onBytes?.(chunk.length);
    for (const line of splitter.push(chunk)) yield parseJsonLine(line);
  }
  const rest = splitter.rest();
  if (rest) throw new StreamError("truncated", `the stream ended inside a line: ${JSON.stringify(rest.slice(0, 80))}`);
}

function parseBody<T>(name: string, reply: WireReply): T {
  try {
    return (reply.text === "" ? undefined : JSON.parse(reply.text)) as T;
  } catch {
    throw toApiError(`${name}: expected JSON`, reply.status, undefined, reply.text);
  }
}

function queryString(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) params.set(name, String(value));
  return params.size === 0 ? "" : `?${params}`;
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** A signal that ends with the caller's, or when the time is up. */
function limitTime(clock: Clock, request: TransportRequest): { signal: AbortSignal; release: () => void } {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal: outer } = request;
  const limit = new AbortController();
  const message = `${request.method ?? "GET"} ${request.path}: no answer from the API server within ${timeoutMs} ms`;
  const onTimeout = () => limit.abort(new TransportError(message, { code: "TIMEOUT", sent: true }));
  const cancel = clock.setTimeout(timeoutMs, onTimeout);
  const onAbort = () => limit.abort(outer?.reason);
  if (outer?.aborted) onAbort();
  outer?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: limit.signal,
    release: () => {
      cancel();
      outer?.removeEventListener("abort", onAbort);
    },
  };
}
