import { type Dispatcher, Pool, ProxyAgent } from "undici";
import type { Credentials } from "./credentials.ts";

/** The connections that one set of credentials uses. */
export interface ConnectionPair {
  /** For requests: a bounded number of HTTP/1.1 connections that are kept. */
  readonly requests: Dispatcher;
  /** For watches: each has a connection of its own, so that no request waits behind one. */
  readonly streams: Dispatcher;
}

export interface Connections {
  /** The connections for these credentials. Those of credentials before are closed once their requests have ended. */
  of(credentials: Credentials): ConnectionPair;
  opened(): number;
  close(): Promise<void>;
}

export interface ConnectionsOptions {
  /** How many connections serve requests at most. */
  readonly limit: number;
  readonly onOpen: () => void;
}

/** Shorter than the API server's 90 s and than the 60 s of common load balancers, so that we close before they do. */
const KEEP_ALIVE_MS = 50_000;
/** A peer that vanished is found in this time plus ten probes of a second each. */
const PROBE_AFTER_MS = 20_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * HTTP/1.1 with a few kept connections costs the least processor time per request, and HTTP/2 would put all watches
 * behind one connection's flow control.
 */
export function createConnections({ limit, onOpen }: ConnectionsOptions): Connections {
  let key: string | undefined;
  let pair: ConnectionPair | undefined;
  const old = new Set<Dispatcher>();
  let count = 0;

  function open(credentials: Credentials, connections: number | null): Dispatcher {
    const { origin, proxyUrl, tls } = credentials;
    const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS, timeout: CONNECT_TIMEOUT_MS };
    const settings = {
      connections,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const dispatcher = proxyUrl
      ? new ProxyAgent({ ...settings, uri: proxyUrl, requestTls: connect })
      : new Pool(origin, { ...settings, connect });
    dispatcher.on("connect", () => {
      count++;
      onOpen();
    });
    return dispatcher;
  }

  function retire(dispatcher: Dispatcher): void {
    old.add(dispatcher);
    dispatcher.close().then(
      () => old.delete(dispatcher),
      () => old.delete(dispatcher),
    );
  }

  return {
    of(credentials) {
      if (pair && key === credentials.connectionKey) return pair;
      if (pair) {
        retire(pair.requests);
        retire(pair.streams);
      }
      key = credentials.connectionKey;
      pair = { requests: open(credentials, limit), streams: open(credentials, null) };
      return pair;
    },
    opened: () => count,
    async close() {
      const all = [...old, ...(pair ? [pair.requests, pair.streams] : [])];
      await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
    },
  };
}
