import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy, type Trouble } from "./fault-proxy.ts";

/** A server that keeps one value: PUT sets it, GET gives it. */
let server: Server;
let value = "";
let asked = 0;
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
      response.write("one\n");
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

  it("passes an answer that goes on for ever piece by piece", async () => {
    const answer = await fetch(`${proxy.url}/watch`);
    const { value: piece } = (await answer.body?.getReader().read()) ?? {};
    expect(new TextDecoder().decode(piece)).toBe("one\n");
  });
});
