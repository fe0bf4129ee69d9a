import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createClock } from "./clock.ts";
import { ApiError, type TransportError } from "./errors.ts";
import { createFakeClock, type FakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog } from "./testing/memory-log.ts";
import { createScriptedServer, type ScriptedServer } from "./testing/scripted-server.ts";
import { createSelfSigned } from "./testing/self-signed.ts";
import { createTransport, type Transport, type TransportOptions } from "./transport.ts";

let closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

async function serve(tls?: Parameters<typeof createScriptedServer>[0]): Promise<ScriptedServer> {
  const server = await createScriptedServer(tls);
  closers.push(() => server.close());
  return server;
}

function connect(config: Parameters<typeof createTransport>[0], options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport(config, {
    clock: createClock(),
    log: createMemoryLog(),
    random: () => 0,
    ...options,
  });
  closers.push(() => transport.close());
  return transport;
}

/** Moves a fake clock on until the promise has settled. */
async function settled<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let done = false;
  const finish = () => {
    done = true;
  };
  promise.then(finish, finish);
  while (!done) {
    await settle(5);
    if (!done) await clock.advance(50);
  }
  return promise;
}

describe("requests", () => {
  it("#1 shares its connections: 200 requests, and no handshake after the second", async () => {
    const tls = createSelfSigned();
    const server = await serve(tls);
    server.otherwise(({ json }) => json(200, { ok: true }));
    const transport = connect(server.kubeConfig());
    for (let index = 0; index < 200; index++) await transport.request({ path: "/version" });
    expect(server.requests).toHaveLength(200);
    expect(server.connections()).toBeLessThanOrEqual(2);
    expect(transport.connectionsOpened()).toBe(server.connections());
  });

  it("#1 opens no more connections than its limit", async () => {
    const server = await serve();
    server.otherwise(({ json }) => json(200, {}));
    const transport = connect(server.kubeConfig(), { connections: 4 });
    await Promise.all(Array.from({ length: 100 }, () => transport.request({ path: "/version" })));
    expect(server.connections()).toBe(4);
  });

  it("sends method, path, query, body, content type and user agent", async () => {
    const server = await serve();
    server.next(({ json }) => json(201, { made: true }));
    const transport = connect(server.kubeConfig({ token: "s3cret" }, { server: `${server.url}/k8s/clusters/c-1/` }));
    const reply = await transport.request({
      method: "PATCH",
      path: "/api/v1/namespaces/a/configmaps/b",
      query: { fieldManager: "x y", force: true, dryRun: undefined },
      body: { data: { ä: "€" } },
      contentType: "application/merge-patch+json",
    });
    expect(reply).toMatchObject({ status: 201, body: { made: true } });
    const [request] = server.requests;
    expect(request?.method).toBe("PATCH");
    expect(request?.path).toBe("/k8s/clusters/c-1/api/v1/namespaces/a/configmaps/b");
    expect(Object.fromEntries(request!.query)).toEqual({ fieldManager: "x y", force: "true" });
    expect(JSON.parse(request!.body)).toEqual({ data: { ä: "€" } });
    expect(request?.headers).toMatchObject({
      "content-type": "application/merge-patch+json",
      authorization: "Bearer s3cret",
      accept: "application/json",
    });
    expect(request?.headers["user-agent"]).toMatch(/^onyx-operator\/\d+\.\d+\.\d+/);
  });

  it.each([
    [
      "a Status",
      404,
      { kind: "Status", reason: "NotFound", message: 'queues "a" not found', details: { name: "a" } },
      /404.*queues "a" not found/,
      "NotFound",
    ],
    ["JSON of another kind", 418, { error: "teapot" }, /418.*teapot/, "Unknown"],
  ])("turns %s into an ApiError", async (_, code, body, message, reason) => {
    const server = await serve();
    server.next(({ json }) => json(code, body));
    const error: ApiError = await connect(server.kubeConfig())
      .request({ path: "/apis/x" })
      .catch((caught) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: code, reason });
    expect(error.message).toMatch(message);
  });

  it.each([502, 200])("turns HTML with status %i into an ApiError that quotes it", async (code) => {
    const server = await serve();
    server.next(
      ({ response }) => void response.writeHead(code, { "content-type": "text/html" }).end("<html>Bad\n gateway"),
    );
    await expect(connect(server.kubeConfig()).request({ path: "/version", retry: false })).rejects.toMatchObject({
      name: "ApiError",
      status: code,
      message: expect.stringContaining("<html>Bad gateway"),
    });
  });

  it("gives up after timeoutMs", async () => {
    const server = await serve();
    const clock = createFakeClock();
    server.next(() => {});
    const request = connect(server.kubeConfig(), { clock }).request({ path: "/version", timeoutMs: 5_000 });
    const error: TransportError = await settled(
      clock,
      request.catch((caught) => caught),
    );
    expect(error).toMatchObject({ name: "TransportError", code: "TIMEOUT" });
    expect(error.message).toContain("GET /version: no answer from the API server within 5000 ms");
  });

  it("ends with the caller's reason when the caller aborts", async () => {
    const server = await serve();
    const abort = new AbortController();
    const reason = new Error("no longer needed");
    server.next(() => abort.abort(reason));
    await expect(connect(server.kubeConfig()).request({ path: "/version", signal: abort.signal })).rejects.toBe(reason);
  });
});

describe("retries", () => {
  it.each(["GET", "PATCH"] as const)("%s after a reset: only a request that reads is sent again", async (method) => {
    const server = await serve();
    server.next(({ reset }) => reset());
    server.otherwise(({ json }) => json(200, { ok: 1 }));
    const request = connect(server.kubeConfig()).request({
      method,
      path: "/api/v1/nodes/a",
      ...(method === "PATCH" && { body: {} }),
    });
    if (method === "GET") {
      await expect(request).resolves.toMatchObject({ body: { ok: 1 } });
    } else {
      await expect(request).rejects.toMatchObject({ name: "TransportError", sent: true });
      expect(server.requests).toHaveLength(1);
    }
  });

  it("sends a write again when it certainly was not received", async () => {
    const server = await serve();
    await server.close();
    const log = createMemoryLog();
    const transport = connect(server.kubeConfig(), { log });
    await expect(transport.request({ method: "POST", path: "/api/v1/nodes", body: {} })).rejects.toMatchObject({
      name: "TransportError",
      code: "ECONNREFUSED",
      sent: false,
    });
    expect(log.lines.map((line) => line.fields.attempt)).toEqual([1, 2, 3]);
  });

  it.each(["GET", "POST"] as const)("#17 obeys Retry-After of a 429 (%s)", async (method) => {
    const server = await serve();
    const clock = createFakeClock();
    const times: number[] = [];
    server.next(({ status }) => {
      times.push(clock.monotonic());
      status(429, "TooManyRequests", {}, { "retry-after": "3" });
    });
    server.next(({ json }) => {
      times.push(clock.monotonic());
      json(200, {});
    });
    const transport = connect(server.kubeConfig(), { clock });
    await settled(clock, transport.request({ method, path: "/api/v1/nodes", ...(method === "POST" && { body: {} }) }));
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(3_000);
    expect(times[1]! - times[0]!).toBeLessThan(3_200);
  });

  it("hands a 429 to the caller when the wait would be long", async () => {
    const server = await serve();
    server.next(({ status }) => status(429, "TooManyRequests", { details: { retryAfterSeconds: 60 } }));
    await expect(connect(server.kubeConfig()).request({ path: "/api" })).rejects.toMatchObject({
      status: 429,
      retryAfterMs: 60_000,
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ["GET", 503, 2],
    ["GET", 500, 1],
    ["PUT", 503, 1],
  ] as const)("%s answered with %i is sent %i times", async (method, code, times) => {
    const server = await serve();
    server.next(({ status }) => status(code, "Whatever"));
    server.otherwise(({ json }) => json(200, {}));
    await connect(server.kubeConfig())
      .request({ method, path: "/api", ...(method === "PUT" && { body: {} }) })
      .catch(() => {});
    expect(server.requests).toHaveLength(times);
  });
});

describe("beforeSend", () => {
  it("is asked after the wait for a connection, and what it throws keeps the request in the process", async () => {
    const server = await serve();
    let held = true;
    server.next(async ({ json }) => {
      held = false;
      json(200, {});
    });
    server.otherwise(({ json }) => json(200, {}));
    const transport = connect(server.kubeConfig(), { connections: 1 });
    const beforeSend = () => {
      if (!held) throw new Error("lost the lease");
    };
    const first = transport.request({ method: "POST", path: "/a", body: {}, beforeSend });
    const second = transport.request({ method: "POST", path: "/b", body: {}, beforeSend });
    await expect(first).resolves.toMatchObject({ status: 200 });
    await expect(second).rejects.toThrow("lost the lease");
    expect(server.requests.map((request) => request.path)).toEqual(["/a"]);
    await transport.request({ path: "/c" });
    expect(server.connections()).toBe(1);
  });
});

describe("credentials", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), `transport-${randomUUID()}`));
    closers.push(() => rm(folder, { recursive: true }));
  });

  it("#18 reads a rotated token file within a minute, and not at every request", async () => {
    const server = await serve();
    const clock = createFakeClock();
    server.otherwise(({ json }) => json(200, {}));
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "one\n");
    const transport = connect(server.kubeConfig({ authProvider: { name: "tokenFile", config: { tokenFile } } }), {
      clock,
    });
    await transport.request({ path: "/1" });
    await writeFile(tokenFile, "two\n");
    await transport.request({ path: "/2" });
    clock.freeze(60_000);
    await transport.request({ path: "/3" });
    expect(server.requests.map((request) => request.headers.authorization)).toEqual([
      "Bearer one",
      "Bearer one",
      "Bearer two",
    ]);
  });

  it("reads the token at once after a 401, and sends the request again", async () => {
    const server = await serve();
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "old");
    server.next(async ({ status }) => {
      await writeFile(tokenFile, "new");
      status(401, "Unauthorized");
    });
    server.next(({ json }) => json(200, {}));
    server.otherwise(({ status }) => status(401, "Unauthorized"));
    const transport = connect(server.kubeConfig({ authProvider: { name: "tokenFile", config: { tokenFile } } }));
    await transport.request({ method: "POST", path: "/a", body: {}, retry: false });
    expect(server.requests.map((request) => request.headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
    await expect(transport.request({ path: "/b" })).rejects.toMatchObject({ status: 401 });
    expect(server.requests).toHaveLength(4);
  });

  it("#8 keeps the credentials of before while they can't be read, and says so", async () => {
    const server = await serve();
    const clock = createFakeClock();
    const log = createMemoryLog();
    server.otherwise(({ json }) => json(200, {}));
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "one");
    const transport = connect(server.kubeConfig({ authProvider: { name: "tokenFile", config: { tokenFile } } }), {
      clock,
      log,
    });
    await transport.request({ path: "/1" });
    await rm(tokenFile);
    clock.freeze(60_000);
    await transport.request({ path: "/2" });
    expect(server.requests[1]?.headers.authorization).toBe("Bearer one");
    expect(log.lines).toContainEqual(expect.objectContaining({ level: "warn" }));
  });

  it("#8 rejects, and recovers, when credentials can't be read at first", async () => {
    const server = await serve();
    server.otherwise(({ json }) => json(200, {}));
    const tokenFile = join(folder, "token");
    const transport = connect(server.kubeConfig({ authProvider: { name: "tokenFile", config: { tokenFile } } }));
    await expect(transport.request({ path: "/1" })).rejects.toThrow(/ENOENT/);
    await writeFile(tokenFile, "one");
    await expect(transport.request({ path: "/2" })).resolves.toMatchObject({ status: 200 });
  });

  it("asks an exec plugin", async () => {
    const server = await serve();
    server.otherwise(({ json }) => json(200, {}));
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "from-plugin" },
    };
    const exec = { command: process.execPath, args: ["-p", JSON.stringify(JSON.stringify(credential))] };
    await connect(server.kubeConfig({ exec })).request({ path: "/1" });
    expect(server.requests[0]?.headers.authorization).toBe("Bearer from-plugin");
  });

  it("#18 trusts a rotated CA file on new connections, while old ones end in peace", async () => {
    const [first, second] = [createSelfSigned("first"), createSelfSigned("second")];
    const server = await serve(first);
    const clock = createFakeClock();
    server.otherwise(({ json }) => json(200, {}));
    const caFile = join(folder, "ca.crt");
    await writeFile(caFile, first.cert);
    const transport = connect(server.kubeConfig({}, { caFile }), { clock });
    await transport.request({ path: "/1" });
    server.rotate(second);
    await writeFile(caFile, second.cert);
    await transport.request({ path: "/2" });
    expect(server.connections()).toBe(1);
    clock.freeze(60_000);
    await transport.request({ path: "/3" });
    expect(server.connections()).toBe(2);
  });

  it("refuses a server that its CA does not vouch for", async () => {
    const server = await serve(createSelfSigned());
    const caData = Buffer.from(createSelfSigned().cert).toString("base64");
    await expect(connect(server.kubeConfig({}, { caData })).request({ path: "/1" })).rejects.toMatchObject({
      name: "TransportError",
      sent: false,
    });
  });
});

describe("a proxy", () => {
  it("is used when the kubeconfig names one", async () => {
    const server = await serve(createSelfSigned());
    server.otherwise(({ json }) => json(200, { ok: true }));
    const tunnels: string[] = [];
    const proxy = createServer().on("connect", (request, client: Socket) => {
      tunnels.push(request.url ?? "");
      const upstream = connectSocket(Number(new URL(server.url).port), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.pipe(client).pipe(upstream);
      });
      client.on("error", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    closers.push(async () => void proxy.close());
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const transport = connect(server.kubeConfig({}, { proxyUrl }));
    await expect(transport.request({ path: "/version" })).resolves.toMatchObject({ body: { ok: true } });
    expect(tunnels).toEqual([new URL(server.url).host]);
  });
});

describe("streams", () => {
  async function collect(stream: AsyncIterable<unknown>): Promise<{ values: unknown[]; error: unknown }> {
    const values: unknown[] = [];
    try {
      for await (const value of stream) values.push(value);
      return { values, error: undefined };
    } catch (error) {
      return { values, error };
    }
  }
  const signal = new AbortController().signal;

  it("gives the values as they come, and counts bytes", async () => {
    const server = await serve();
    server.next(async ({ response }) => {
      response.writeHead(200);
      const text = Buffer.from('{"a":"ä"}\n{"a":2}\r\n\n{"a":3}\n');
      for (const byte of text) response.write(Buffer.from([byte]));
      response.end();
    });
    let bytes = 0;
    const onBytes = (count: number) => {
      bytes += count;
    };
    const { values, error } = await collect(connect(server.kubeConfig()).stream({ path: "/w", signal, onBytes }));
    expect(values).toEqual([{ a: "ä" }, { a: 2 }, { a: 3 }]);
    expect(error).toBeUndefined();
    expect(bytes).toBe(29);
  });

  it.each([
    ["#9 a line that is not JSON", "<html>\n", { name: "StreamError", kind: "invalid" }],
    ["#9 an end inside a line", '{"b":', { name: "StreamError", kind: "truncated" }],
  ])("reports %s, after the values before it", async (_, tail, expected) => {
    const server = await serve();
    server.next(({ response }) => void response.writeHead(200).end(`{"a":1}\n${tail}`));
    const { values, error } = await collect(connect(server.kubeConfig()).stream({ path: "/w", signal }));
    expect(values).toEqual([{ a: 1 }]);
    expect(error).toMatchObject(expected);
  });

  it("reports a reset, a refusal, and an answer that is no success", async () => {
    const server = await serve();
    const transport = connect(server.kubeConfig());
    server.next(({ response, reset }) => {
      response.writeHead(200);
      response.write('{"a":1}\n', () => reset());
    });
    const broken = await collect(transport.stream({ path: "/w", signal }));
    expect(broken.error).toMatchObject({ name: "TransportError" });
    server.next(({ status }) => status(410, "Expired"));
    expect((await collect(transport.stream({ path: "/w", signal }))).error).toMatchObject({
      name: "ApiError",
      status: 410,
    });
    server.next(({ response }) => void response.writeHead(503, { "retry-after": "7" }).end("<html>"));
    expect((await collect(transport.stream({ path: "/w", signal }))).error).toMatchObject({
      status: 503,
      retryAfterMs: 7_000,
    });
  });

  it("ends with the signal's reason, and keeps no connection", async () => {
    const server = await serve();
    const abort = new AbortController();
    let closed: Promise<unknown> | undefined;
    server.next(({ response }) => {
      closed = new Promise((resolve) => response.on("close", resolve));
      response.writeHead(200);
      response.write('{"a":1}\n', () => abort.abort(new Error("stopped")));
    });
    const { error } = await collect(connect(server.kubeConfig()).stream({ path: "/w", signal: abort.signal }));
    expect(error).toMatchObject({ message: "stopped" });
    await closed;
  });

  it("holds up no request, however many streams are open", async () => {
    const server = await serve();
    server.otherwise(({ request, response, json }) => {
      if (request.path !== "/w") return json(200, {});
      response.writeHead(200);
      response.write("{}\n");
    });
    const transport = connect(server.kubeConfig(), { connections: 2 });
    const streams = Array.from({ length: 20 }, () => transport.stream({ path: "/w", signal }));
    await Promise.all(streams.map((stream) => stream.next()));
    await transport.request({ path: "/version" });
    for (const stream of streams) await stream.return();
  });
});

describe("metrics", () => {
  it("counts each attempt by verb, resource and code", async () => {
    const server = await serve();
    const seen: string[] = [];
    server.next(({ status }) => status(503, "Busy"));
    server.otherwise(({ json }) => json(200, {}));
    const metrics = {
      request: (info: { verb: string; resource: string }, code: string) =>
        void seen.push(`${info.verb} ${info.resource} ${code}`),
      connectionOpened: () => void seen.push("connection"),
    };
    await connect(server.kubeConfig(), { metrics }).request({
      path: "/apis/onyx.onelens.io/v1alpha1/namespaces/a/queues/b",
    });
    expect(seen).toEqual(["connection", "get queues 503", "get queues 200"]);
  });
});
