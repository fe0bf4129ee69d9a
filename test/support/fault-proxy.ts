import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import { type AgentOptions, Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as rest } from "node:timers/promises";
import type { Tap } from "../../hack/testbed/tap.ts";
import { createStreams, type Streams } from "./streams.ts";

/** What a request is, told from its words: `CreateQueue`, a write. */
export interface Described {
  readonly service: string;
  readonly operation: string;
  readonly mutating: boolean;
}

/** One request that came to the proxy. */
export interface ProxyCall extends Described {
  /** 1 for the first one. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Status that the server answered, also when the client never heard of it. Undefined: it was not asked, or not yet. */
  readonly status: number | undefined;
}

/**
 * What happens to a request.
 *
 * - `answer`   this answer; the server does not hear of it
 * - `refuse`   the connection breaks before the server hears of it
 * - `drop`     the server does it, then the connection breaks without an answer
 * - `cut`      the server does it, then the connection breaks within the answer's body
 * - `empty`    the server does it, and the answer is an empty 200
 * - `rewrite`  the server does it, and its answer comes with another body
 * - `delay`    the server hears of it so many milliseconds later
 * - `hang`     the server does not hear of it, and no answer comes until `heal` or the client goes
 * - `ask`      the server is asked at this path instead
 * - `serve`    a stream that says this and then nothing more; the server does not hear of it
 */
export type Trouble =
  | { readonly do: "answer"; readonly status: number; readonly headers?: Record<string, string>; readonly body: string }
  | { readonly do: "rewrite"; readonly body: (body: string) => string }
  | { readonly do: "delay"; readonly ms: number }
  | { readonly do: "ask"; readonly path: string }
  | { readonly do: "serve"; readonly text: string }
  | { readonly do: "refuse" | "drop" | "cut" | "empty" | "hang" };

export interface ProxyFault {
  readonly when: (call: ProxyCall) => boolean;
  /** So many matching requests pass first. Default 0. */
  readonly skip?: number;
  /** So many are hit. Default: all. */
  readonly times?: number;
  readonly trouble: Trouble | ((call: ProxyCall) => Trouble);
}

export interface FaultProxy {
  /** `http://127.0.0.1:port`, in place of the server's. */
  readonly url: string;
  /** Every request, in the order in which it came. */
  readonly calls: readonly ProxyCall[];
  inject(fault: ProxyFault): { readonly hits: number };
  /**
   * Reads answer what they answered before, as a cache that lags behind; what was never asked before passes. Writes go
   * through. The server's own answers are remembered from the start.
   */
  freezeReads(): void;
  /** Answers that are passed on line by line. */
  readonly streams: Pick<Streams<ProxyCall>, "open" | "edit" | "quietMs">;
  /** From now on this one sees every request, after the faults that were injected; undefined: nobody. */
  tap(tap: Tap<ProxyCall> | undefined): void;
  /** No fault any more, no edited lines and no frozen reads. The tap stays. */
  heal(): void;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Active {
  readonly fault: ProxyFault;
  seen: number;
  hits: number;
}

/**
 * A proxy between a client and a server on this machine that numbers every request and makes trouble on demand. Requests
 * and answers are held in memory whole, but answers that go on for ever (a watch) pass line by line.
 */
export async function startFaultProxy(options: {
  /** `http://host:port` or `https://host:port`. */
  readonly target: string;
  readonly describe: (method: string, path: string, headers: IncomingHttpHeaders, body: string) => Described;
  /** For a target with https. */
  readonly tls?: Pick<AgentOptions, "ca" | "cert" | "key">;
  /** Puts right, always, what the server gets wrong: the body of a good answer as it should be. */
  readonly amend?: (call: ProxyCall, body: string, before: readonly ProxyCall[]) => string;
  /** Answers of these requests are passed on line by line. */
  readonly streams?: (call: ProxyCall) => boolean;
}): Promise<FaultProxy> {
  const target = new URL(options.target);
  const secure = target.protocol === "https:";
  const agent = secure ? new TlsAgent({ keepAlive: true, ...options.tls }) : new Agent({ keepAlive: true });
  const calls: Writable<ProxyCall>[] = [];
  let faults: Active[] = [];
  const remembered = new Map<string, Answer>();
  let frozen = false;
  let tap: Tap<ProxyCall> | undefined;
  const hanging = new Set<() => void>();
  const streams = createStreams<ProxyCall>();

  const troubleFor = (call: ProxyCall): Trouble | undefined => {
    for (const active of faults) {
      const { fault } = active;
      if (!fault.when(call) || active.hits >= (fault.times ?? Number.POSITIVE_INFINITY)) continue;
      active.seen += 1;
      if (active.seen <= (fault.skip ?? 0)) continue;
      active.hits += 1;
      return typeof fault.trouble === "function" ? fault.trouble(call) : fault.trouble;
    }
    return undefined;
  };

  const ask = async (call: ProxyCall, path: string): Promise<IncomingMessage> => {
    const headers = { ...call.headers, host: target.host };
    const send = secure ? tlsRequest : request;
    const outgoing = send({
      host: target.hostname,
      port: target.port,
      method: call.method,
      path,
      headers,
      agent,
    });
    outgoing.end(call.body);
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    return answer;
  };

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = (await whole(incoming)).toString();
    const { method = "GET", url: path = "/", headers } = incoming;
    const described = options.describe(method, path, headers, body);
    const call: Writable<ProxyCall> = {
      number: calls.length + 1,
      method,
      path,
      headers,
      body,
      status: undefined,
      ...described,
    };
    calls.push(call);
    const question = `${method} ${path}\n${headers["x-amz-target"] ?? ""}\n${body}`;
    const trouble = troubleFor(call);
    if (trouble?.do === "answer")
      return reply(outgoing, {
        status: trouble.status,
        headers: trouble.headers ?? {},
        body: Buffer.from(trouble.body),
      });
    if (trouble?.do === "refuse") return void outgoing.socket?.destroy();
    if (trouble?.do === "hang") return hang(outgoing);
    if (trouble?.do === "delay") await rest(trouble.ms, undefined, { ref: false });
    if (trouble?.do === "serve") return streams.serve(call, trouble.text, outgoing);
    const old = frozen && !call.mutating ? remembered.get(question) : undefined;
    if (old) return reply(outgoing, old);
    const tapping = tap;
    if (tapping?.asked(call) === "refuse") return void outgoing.socket?.destroy();
    const answered = await ask(call, trouble?.do === "ask" ? trouble.path : path);
    call.status = answered.statusCode;
    if (options.streams?.(call)) {
      tapping?.done(call);
      return streams.pass(call, answered, answered.statusCode ?? 502, answered.headers, outgoing);
    }
    const raw = await whole(answered);
    if (tapping?.done(call) === "drop") return void outgoing.socket?.destroy();
    const amended =
      options.amend && (call.status ?? 502) < 300 ? Buffer.from(options.amend(call, raw.toString(), calls)) : raw;
    const answer: Answer = { status: answered.statusCode ?? 502, headers: answered.headers, body: amended };
    if (!call.mutating && !frozen) remembered.set(question, answer);
    if (!trouble || trouble.do === "delay" || trouble.do === "ask") return reply(outgoing, answer);
    if (trouble.do === "drop") return void outgoing.socket?.destroy();
    if (trouble.do === "empty") return reply(outgoing, { ...answer, status: 200, body: Buffer.alloc(0) });
    if (trouble.do === "rewrite")
      return reply(outgoing, { ...answer, body: Buffer.from(trouble.body(answer.body.toString())) });
    cut(outgoing, answer);
  }

  function hang(outgoing: ServerResponse): void {
    const end = () => outgoing.socket?.destroy();
    hanging.add(end);
    outgoing.on("close", () => hanging.delete(end));
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.socket?.destroy());
  });
  // An idle connection that is closed just when it is used again would be trouble that nobody asked for.
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const heal = () => {
    faults = [];
    frozen = false;
    streams.edit(undefined);
    for (const end of hanging) end();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    inject(fault) {
      const active: Active = { fault, seen: 0, hits: 0 };
      faults.push(active);
      return active;
    },
    freezeReads() {
      frozen = true;
    },
    streams,
    tap(next) {
      tap = next;
    },
    heal,
    async stop() {
      heal();
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

function reply(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const { "content-length": _length, "transfer-encoding": _encoding, ...rest } = headers;
  outgoing.writeHead(status, { ...rest, "content-length": body.length });
  outgoing.end(body);
}

/** Promises the whole body, sends half of it and breaks off. */
function cut(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const { "transfer-encoding": _encoding, ...rest } = headers;
  outgoing.writeHead(status, { ...rest, "content-length": body.length });
  outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.socket?.destroy());
}
