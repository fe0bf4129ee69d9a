/** Serves the engine as REST with JSON, next to routes that are no RPCs. */
import http from "node:http";
import type { Engine } from "./engine.ts";
import { LostReply } from "./engine.ts";
import { type CloudError, httpStatus, invalid, toCloudError } from "./errors.ts";
import { toJson } from "./json.ts";
import { type HttpRequest, noRoute, transcoder } from "./transcode.ts";

export interface HttpAnswer {
  readonly status: number;
  /** Sent as JSON, or as it is when these are bytes; undefined sends no body. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route is given, for APIs that look further than JSON. */
export interface RestRequest extends HttpRequest {
  readonly form: URLSearchParams;
  /** As it was sent: an object's name may hold an encoded slash. */
  readonly encodedPath: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Answers what it knows, undefined for the rest. */
export type HttpRoute = (
  request: RestRequest,
  signal: AbortSignal,
) => Promise<HttpAnswer | undefined> | HttpAnswer | undefined;

const MAXIMUM = 20 * 1024 * 1024;

async function readBody(request: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += (part as Buffer).length;
    if (size > MAXIMUM) throw invalid(`The request body is larger than ${String(MAXIMUM)} bytes.`);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

/** Bytes below /upload/ are somebody's content, whatever their type says. */
const isContent = (path: string): boolean => path.startsWith("/upload/");

function parse(body: string, isJson: boolean): unknown {
  if (body === "" || !isJson) return undefined;
  try {
    return JSON.parse(body);
  } catch (error) {
    throw invalid(`Invalid JSON payload received. ${(error as Error).message}`);
  }
}

/** The error body of Google's JSON APIs. */
export function errorBody(error: CloudError): unknown {
  const details =
    error.violations.length === 0
      ? {}
      : { details: [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: error.violations }] };
  return { error: { code: httpStatus(error.code), message: error.message, status: error.code, ...details } };
}

/** @param routes asked first, in order  @returns a server that isn't listening yet */
export function restServer(engine: Engine, routes: readonly HttpRoute[]): http.Server {
  const transcode = transcoder(engine.definitions);

  async function answer(request: RestRequest, signal: AbortSignal): Promise<HttpAnswer> {
    for (const route of routes) {
      const answered = await route(request, signal);
      if (answered !== undefined) return answered;
    }
    const found = transcode(request);
    if (found === undefined) throw noRoute(request.verb, request.path);
    const { method } = found;
    if (!method.responseStream)
      return { status: 200, body: toJson(method.response, await engine.unary(method, found.request, signal)) };
    const messages = await engine.stream(method, found.request, signal);
    return { status: 200, body: messages.map((message) => toJson(method.response, message)) };
  }

  async function handle(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort(new Error("the client went away")));
    const send = ({ status, body, headers }: HttpAnswer) => {
      const type =
        body === undefined || body instanceof Buffer ? {} : { "content-type": "application/json; charset=UTF-8" };
      outgoing
        .writeHead(status, { ...type, ...headers })
        .end(body === undefined || body instanceof Buffer ? body : JSON.stringify(body));
    };
    try {
      const url = new URL(incoming.url ?? "/", "http://test.bed");
      const isForm = incoming.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;
      const bytes = await readBody(incoming);
      const raw = isContent(url.pathname) ? "" : bytes.toString();
      const request = {
        verb: (incoming.method ?? "get").toLowerCase(),
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        body: parse(raw, !isForm),
        form: new URLSearchParams(isForm ? raw : ""),
        encodedPath: url.pathname,
        headers: incoming.headers,
        bytes,
      };
      send(await answer(request, gone.signal));
    } catch (error) {
      if (error instanceof LostReply || gone.signal.aborted) incoming.socket.destroy();
      else {
        const known = toCloudError(error);
        send({ status: httpStatus(known.code), body: errorBody(known) });
      }
    }
  }

  return http.createServer((incoming, outgoing) => void handle(incoming, outgoing));
}
