import { afterEach, describe, expect, it } from "vitest";
import { cacheCheck, type HealthOptions, type HealthServer, serveHealth } from "./health.ts";
import { createMetrics } from "./metrics.ts";
import type { Reflector, ReflectorState } from "./reflector.ts";

let server: HealthServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function get(path: string, options: Partial<HealthOptions> = {}, init: RequestInit = {}) {
  server ??= await serveHealth({ port: 0, ...options });
  const response = await fetch(server.url + path, init);
  return { status: response.status, text: await response.text(), type: response.headers.get("content-type") };
}

function cache(state: ReflectorState, synced: boolean, age: number | undefined): Reflector {
  return {
    type: { group: "onyx.onelens.io", version: "v1alpha1", plural: "queues", kind: "Queue", namespaced: true },
    state: () => state,
    hasSynced: () => synced,
    lastEventAge: () => age,
    size: 3,
  } as unknown as Reflector;
}

describe("pages", () => {
  it("listen on the loopback unless told otherwise", async () => {
    await get("/healthz");
    expect(server?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it("say what is well and what is not", async () => {
    const fine = { name: "lease", check: () => ({ ok: true, detail: "held" }) };
    const bad = {
      name: "odd",
      check: () => {
        throw new Error("no idea");
      },
    };
    const options = { live: [fine], ready: [fine, bad] };
    expect(await get("/healthz", options)).toMatchObject({ status: 200, text: "[+] lease: held\nok\n" });
    expect(await get("/readyz?verbose")).toMatchObject({
      status: 503,
      text: "[+] lease: held\n[-] odd: the check itself failed: no idea\nnot ok\n",
    });
  });

  it("are few, and can only be read", async () => {
    expect(await get("/metrics")).toMatchObject({ status: 404, text: "Pages: /healthz, /readyz\n" });
    expect((await get("/constructor")).status).toBe(404);
    expect((await get("/healthz", {}, { method: "POST" })).status).toBe(405);
  });

  it("show the metrics if there are any", async () => {
    const { registry, lease } = createMetrics(false);
    lease.leading(true);
    const page = await get("/metrics", { registry });
    expect(page.status).toBe(200);
    expect(page.type).toContain("text/plain");
    expect(page.text).toContain("onyx_leader 1");
  });

  it("fail with words when the port is taken", async () => {
    await get("/healthz");
    await expect(serveHealth({ port: Number(new URL(server!.url).port) })).rejects.toThrow(/EADDRINUSE/);
  });
});

describe("a cache", () => {
  it.each([
    ["in order", cache("Synced", true, 12_300), true, true, "Synced, 3 objects, last heard of 12 s ago"],
    [
      "retrying for a while",
      cache("Retrying", true, 299_000),
      true,
      true,
      "Retrying, 3 objects, last heard of 299 s ago",
    ],
    ["cut off", cache("Retrying", true, 301_000), true, false, "Retrying, 3 objects, last heard of 301 s ago"],
    ["never filled", cache("Retrying", false, undefined), true, false, "Retrying: the complete state was never read"],
    ["stopped", cache("Stopped", true, 0), true, false, "Stopped, 3 objects, last heard of 0 s ago"],
    [
      "of a kind that is missing",
      cache("NotServed", false, undefined),
      true,
      false,
      "NotServed: the complete state was never read",
    ],
    [
      "of a kind that may be missing",
      cache("NotServed", false, undefined),
      false,
      true,
      "not installed, and not required",
    ],
  ])("that is %s", (_, reflector, required, ok, detail) => {
    const { name, check } = cacheCheck(reflector, required);
    expect(name).toBe("cache queues.onyx.onelens.io");
    expect(check()).toEqual({ ok, detail });
  });
});
