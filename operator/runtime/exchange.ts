import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { TransportError } from "./errors.ts";

/** One request as it goes over the wire. */
export interface WireRequest {
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
}

/** One whole answer. */
export interface WireReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface ExchangeOptions {
  /** Aborting it ends the exchange at once with the signal's reason. */
  readonly signal: AbortSignal;
  /**
   * Called at the last moment before the first byte is written, after any wait for a free connection: what it
   * throws ends the exchange, and nothing is sent.
   */
  readonly beforeSend?: (() => void) | undefined;
}

/**
 * Sends one request and reads the whole answer.
 * @throws TransportError when the connection fails; the signal's reason; what `beforeSend` throws
 */
export function exchange(dispatcher: Dispatcher, request: WireRequest, options: ExchangeOptions): Promise<WireReply> {
  const { signal, beforeSend } = options;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let sent = false;
    let refusal: unknown;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];

    const onAbort = () => {
      refusal = signal.reason;
      controller?.abort(asError(signal.reason));
      reject(signal.reason);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const settled = () => signal.removeEventListener("abort", onAbort);

    dispatcher.dispatch(
      {
        origin: request.origin,
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body ?? null,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart(started) {
          if (signal.aborted) throw asError(signal.reason);
          try {
            beforeSend?.();
          } catch (error) {
            refusal = error;
            throw asError(error);
          }
          controller = started;
          sent = true;
        },
        onResponseStart(_, code, received) {
          status = code;
          headers = received;
        },
        onResponseData(_, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          settled();
          resolve({ status, headers, text: bodyText(chunks) });
        },
        onResponseError(_, error) {
          settled();
          reject(refusal ?? toTransportError(request, error, sent));
        },
      },
    );
  });
}

function bodyText(chunks: Buffer[]): string {
  return (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString("utf8");
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Names the request and keeps the socket's own words. */
export function toTransportError(request: WireRequest, error: unknown, sent: boolean): TransportError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new TransportError(`${request.method} ${request.path}: no answer from ${request.origin}: ${message || code}`, {
    code: code ?? "UNKNOWN",
    sent,
    cause: error,
  });
}
