import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Cluster, KubeConfig, type User } from "@kubernetes/client-node";
import type { SelfSigned } from "./self-signed.ts";

/** A request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One exchange that a test answers as it likes, or not at all. */
export interface Exchange {
  readonly request: SeenRequest;
  readonly response: http.ServerResponse;
  json(status: number, body: unknown, headers?: Record<string, string>): void;
  /** Answers with a metav1.Status. */
  status(code: number, reason: string, extra?: object, headers?: Record<string, string>): void;
  /** Breaks the connection off with a TCP reset. */
  reset(): void;
}

export type Script = (exchange: Exchange) => void | Promise<void>;

/** An HTTP server for injecting faults: every answer comes from the test. */
export interface ScriptedServer {
  readonly url: string;
  readonly requests: SeenRequest[];
  /** How many connections were accepted. */
  connections(): number;
  /** Answers the next request that no earlier script took; scripts are used up in order. */
  next(script: Script): void;
  /** Answers every request for which no script is left. */
  otherwise(script: Script): void;
  /** Presents another certificate from the next connection on. */
  rotate(tls: SelfSigned): void;
  kubeConfig(user?: Partial<User>, cluster?: Partial<Cluster>): KubeConfig;
  /** Stops listening and breaks every connection. */
  close(): Promise<void>;
}

export async function createScriptedServer(tls?: SelfSigned): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  const scripts: Script[] = [];
  const sockets = new Set<Socket>();
  let fallback: Script = ({ status }) => status(500, "Unscripted");
  let accepted = 0;

  const onRequest = async (incoming: http.IncomingMessage, response: http.ServerResponse) => {
    const script = scripts.shift() ?? fallback;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? "/", "http://server");
    const request: SeenRequest = {
      method: incoming.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(request);
    const json: Exchange["json"] = (status, body, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    };
    await script({
      request,
      response,
      json,
      status: (code, reason, extra = {}, headers = {}) =>
        json(
          code,
          { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: reason, ...extra },
          headers,
        ),
      reset: () => void incoming.socket.resetAndDestroy(),
    });
  };

  const server = tls ? https.createServer({ ...tls }, onRequest) : http.createServer(onRequest);
  server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    requests,
    connections: () => accepted,
    next: (script) => void scripts.push(script),
    otherwise: (script) => {
      fallback = script;
    },
    rotate: (fresh) => (server as https.Server).setSecureContext({ ...fresh }),
    kubeConfig(user = {}, cluster = {}) {
      const config = new KubeConfig();
      const trust = tls
        ? { caData: Buffer.from(tls.cert).toString("base64"), skipTLSVerify: false }
        : { skipTLSVerify: true };
      config.loadFromClusterAndUser(
        { name: "scripted", server: url, ...trust, ...cluster },
        { name: "someone", ...user },
      );
      return config;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}
