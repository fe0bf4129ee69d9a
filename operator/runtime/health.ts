import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import type { Reflector } from "./reflector.ts";
import { nameOfType } from "./resource.ts";

/** What one check found; `detail` is for people. */
export interface Finding {
  readonly ok: boolean;
  readonly detail: string;
}

export interface HealthCheck {
  readonly name: string;
  readonly check: () => Finding;
}

export interface HealthOptions {
  /** The address to listen on; the loopback if left out, which nothing outside of the machine or pod reaches. */
  readonly address?: string;
  /** 0: any free port. */
  readonly port: number;
  /** What `/healthz` looks at: a process that fails here is to be restarted. */
  readonly live?: readonly HealthCheck[];
  /** What `/readyz` looks at. */
  readonly ready?: readonly HealthCheck[];
  /** What `/metrics` shows; without it there is no such page. */
  readonly registry?: Registry;
}

export interface HealthServer {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  close(): Promise<void>;
}

const MAX_AGE_MS = 300_000;

/**
 * Serves `/healthz`, `/readyz` and `/metrics`. The first two answer 200 or 503, and a line for each check.
 * @throws Error when the address is taken
 */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const { address = "127.0.0.1", port, live = [], ready = [], registry } = options;
  const pages: Record<string, (response: ServerResponse) => Promise<void> | void> = {
    "/healthz": (response) => answer(response, live),
    "/readyz": (response) => answer(response, ready),
    ...(registry && {
      "/metrics": async (response: ServerResponse) => {
        const text = await registry.metrics();
        response.writeHead(200, { "content-type": registry.contentType }).end(text);
      },
    }),
  };
  const listener: RequestListener = (request, response) => {
    const path = (request.url ?? "").split("?")[0]!;
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405, { allow: "GET, HEAD" }).end();
    else if (!page) response.writeHead(404).end(`Pages: ${Object.keys(pages).join(", ")}\n`);
    else Promise.resolve(page(response)).catch(() => response.writeHead(500).end());
  };
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 }, listener);
  server.listen(port, address);
  await once(server, "listening");
  const { port: actual, family, address: host } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${host}]` : host}:${actual}`,
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

function answer(response: ServerResponse, checks: readonly HealthCheck[]): void {
  const findings = checks.map(({ name, check }) => ({ name, ...look(check) }));
  const ok = findings.every((finding) => finding.ok);
  const lines = findings.map((finding) => `[${finding.ok ? "+" : "-"}] ${finding.name}: ${finding.detail}`);
  response.writeHead(ok ? 200 : 503, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${[...lines, ok ? "ok" : "not ok"].join("\n")}\n`);
}

function look(check: () => Finding): Finding {
  try {
    return check();
  } catch (error) {
    return { ok: false, detail: `the check itself failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/**
 * A check that a cache is complete and alive. Servers send a bookmark about once a minute, so one that heard nothing for
 * five minutes is cut off.
 * @param required false: it may be that the server does not know the resource at all
 */
export function cacheCheck(reflector: Reflector, required = true, maxAgeMs = MAX_AGE_MS): HealthCheck {
  const check = (): Finding => {
    const state = reflector.state();
    if (state === "NotServed" && !required) return { ok: true, detail: "not installed, and not required" };
    if (!reflector.hasSynced()) return { ok: false, detail: `${state}: the complete state was never read` };
    const age = Math.round((reflector.lastEventAge() ?? 0) / 1000);
    const detail = `${state}, ${reflector.size} objects, last heard of ${age} s ago`;
    return { ok: age * 1000 <= maxAgeMs && state !== "Stopped", detail };
  };
  return { name: `cache ${nameOfType(reflector.type)}`, check };
}
