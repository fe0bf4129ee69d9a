import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy, type Trouble } from "./fault-proxy.ts";

/** A server that keeps one value: PUT sets it, GET gives it. */
let server: Server;
let value = "";
let asked = 0;
/** To whoever watches. */
let say: (text: string) => void;
let proxy: FaultProxy;

beforeEach(async () => {
  [value, asked] = ["old", 0];
  server = createServer(async (request, response) => {
    asked += 1;
    let body = "";
    for await (const part of request) body += part;
    if (request.method === "PUT") value = body;
    response.setHeader("content-type", "text/plain");
    if (request.url === "/watch") {
      say = (text) => void response.write(text);
      say("one\n");
      return;
    }
    response.end(request.method === "PUT" ? "stored" : value);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startFaultProxy({
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    describe: (method, path) => ({ service: "store", operation: `${method} ${path}`, mutating: method !== "GET" }),
    streams: ({ path }) => path === "/watch",
    amend: (_call, body) => body.replace("tpyo", "typo"),
  });
});
afterEach(async () => {
  await proxy.stop();
  server.closeAllConnections();
  server.close();
});

const put = (body: string) => fetch(`${proxy.url}/v`, { method: "PUT", body });
const get = async () => (await fetch(`${proxy.url}/v`)).text();
const every = (trouble: Trouble, times?: number) =>
  proxy.inject({ when: () => true, trouble, ...(times === undefined ? {} : { times }) });

describe("fault proxy", () => {
  it("passes what it is not told to trouble, and numbers it", async () => {
    await put("new");
    expect(await get()).toBe("new");
    expect(proxy.calls).toMatchObject([
      { number: 1, operation: "PUT /v", mutating: true, body: "new", status: 200 },
      { number: 2, operation: "GET /v", mutating: false, status: 200 },
    ]);
  });

  it("answers instead of the server", async () => {
    every({ do: "answer", status: 503, headers: { "x-why": "test" }, body: "away" });
    const answer = await put("new");
    expect([answer.status, answer.headers.get("x-why"), await answer.text()]).toEqual([503, "test", "away"]);
    expect([asked, value]).toEqual([0, "old"]);
    expect(proxy.calls[0]?.status).toBeUndefined();
  });

  it.each([
    ["refuse", "old", undefined],
    ["drop", "new", 200],
  ] as const)("breaks the connection: %s", async (what, kept, status) => {
    every({ do: what });
    await expect(put("new")).rejects.toThrow();
    expect(value).toBe(kept);
    expect(proxy.calls[0]?.status).toBe(status);
  });

  it("breaks off within the answer", async () => {
    every({ do: "cut" });
    const answer = await put("new");
    await expect(answer.text()).rejects.toThrow();
    expect(value).toBe("new");
  });

  it("answers nothing, successfully", async () => {
    every({ do: "empty" });
    const answer = await put("new");
    expect([answer.status, await answer.text(), value]).toEqual([200, "", "new"]);
  });

  it("rewrites an answer", async () => {
    every({ do: "rewrite", body: (body) => body.toUpperCase() });
    expect(await get()).toBe("OLD");
  });

  it("hangs until it is healed", async () => {
    const hung = every({ do: "hang" });
    const answer = put("new");
    const failed = expect(answer).rejects.toThrow();
    while (hung.hits === 0) await new Promise((resolve) => setImmediate(resolve));
    proxy.heal();
    await failed;
    expect(value).toBe("old");
    expect((await put("new")).status).toBe(200);
  });

  it("lets some pass first, and hits so many", async () => {
    const fault = proxy.inject({
      when: ({ mutating }) => mutating,
      skip: 1,
      times: 1,
      trouble: { do: "answer", status: 500, body: "" },
    });
    const statuses = [await put("a"), await put("b"), await put("c")].map(({ status }) => status);
    expect(statuses).toEqual([200, 500, 200]);
    expect([fault.hits, value]).toEqual([1, "c"]);
  });

  it("freezes reads at what they last said, and heals", async () => {
    expect(await get()).toBe("old");
    proxy.freezeReads();
    await put("new");
    expect(await get()).toBe("old");
    proxy.heal();
    expect(await get()).toBe("new");
  });

  it("puts right what the server gets wrong", async () => {
    await put("a tpyo");
    expect(await get()).toBe("a typo");
  });

  it("asks the server something else", async () => {
    proxy.inject({ when: ({ path }) => path === "/else", trouble: { do: "ask", path: "/v" } });
    expect(await (await fetch(`${proxy.url}/else`)).text()).toBe("old");
  });
});

describe("an answer that goes on for ever", () => {
  async function watch(path = "/watch"): Promise<() => Promise<string | undefined>> {
    const reader = (await fetch(`${proxy.url}${path}`)).body?.getReader();
    return async () => {
      const { value: piece, done } = (await reader?.read()) ?? { done: true };
      return done ? undefined : new TextDecoder().decode(piece);
    };
  }

  it("passes line by line, and what is half a line waits for the rest", async () => {
    const next = await watch();
    expect(await next()).toBe("one\n");
    say("tw");
    say("o\nthr");
    expect([await next(), proxy.streams.open.size]).toEqual(["two\n", 1]);
  });

  it("has lines dropped, replaced and held back", async () => {
    const held = Promise.withResolvers<void>();
    proxy.streams.edit(async (line) => {
      if (line === "held") await held.promise;
      return line === "one" ? { send: "" } : line === "two" ? { send: "2\n" } : "pass";
    });
    const next = await watch();
    say("two\nheld\nlast\n");
    expect(await next()).toBe("2\n");
    held.resolve();
    expect(await next()).toMatch(/^held\n/);
  });

  it("ends at a line, in good order or not", async () => {
    proxy.streams.edit(() => ({ send: "half", after: "end" }));
    const next = await watch();
    expect([await next(), await next()]).toEqual(["half", undefined]);
    proxy.streams.edit(() => ({ send: "", after: "cut" }));
    await expect((await watch())()).rejects.toThrow();
    proxy.heal();
    expect(await (await watch())()).toBe("one\n");
  });

  it("says what the server did not say, and ends", async () => {
    const next = await watch();
    await next();
    for (const stream of proxy.streams.open) stream.send("said\n");
    expect(await next()).toBe("said\n");
    for (const stream of proxy.streams.open) stream.end();
    expect([await next(), proxy.streams.open.size]).toEqual([undefined, 0]);
  });

  it("is served without the server", async () => {
    proxy.inject({ when: () => true, trouble: { do: "serve", text: "old view\n" } });
    const next = await watch();
    expect([await next(), asked, proxy.streams.open.size]).toEqual(["old view\n", 0, 1]);
  });
});
