import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { connectCosts } from "./costs.ts";

/** What Cloud Storage answers, one after the other; the last again and again. */
let answers: readonly { readonly status: number; readonly body?: object }[] = [];
let asked = 0;
let server: Server;
let costs: ReturnType<typeof connectCosts>;

beforeEach(async () => {
  asked = 0;
  server = createServer((_, reply) => {
    const { status, body = {} } = answers[Math.min(asked, answers.length - 1)] ?? { status: 500 };
    asked += 1;
    reply.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoints = { storage: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  costs = connectCosts({
    region: "us-central1",
    account: "p",
    endpoints,
    queue: {},
    bucket: { "": "reports" },
    table: {},
  });
});
afterEach(async () => {
  costs.close();
  await new Promise((resolve) => server.close(resolve));
});

const object = { key: "a.csv", version: "7", bytes: 1, modified: "2026-01-01T00:00:00.000Z" };
const refusal = (reason: string) => ({ error: { message: "no", errors: [{ reason }] } });
const found = { name: "a.csv", generation: "7", size: "1", updated: "2026-01-01T00:00:00Z" };

it("an object of another generation is a conflict, and is not asked for again", async () => {
  answers = [{ status: 412, body: refusal("conditionNotMet") }];
  await expect(costs.bucket.open(object)).rejects.toMatchObject({ fault: "conflict" });
  expect(asked).toBe(1);
});

it("what is not there is no error", async () => {
  answers = [{ status: 404 }];
  expect(await costs.bucket.stat("a.csv")).toBeUndefined();
  expect(asked).toBe(1);
});

it("what we may not do is not tried again", async () => {
  answers = [{ status: 403, body: refusal("forbidden") }];
  await expect(costs.bucket.stat("a.csv")).rejects.toMatchObject({ fault: "denied" });
  expect(asked).toBe(1);
});

it.each([
  ["is busy", { status: 503 }],
  ["asks us to slow down", { status: 429, body: refusal("rateLimitExceeded") }],
  ["asks us to slow down by a 403", { status: 403, body: refusal("userRateLimitExceeded") }],
])("is asked again when it %s", async (_, first) => {
  answers = [first, { status: 200, body: found }];
  expect(await costs.bucket.stat("a.csv")).toEqual(object);
  expect(asked).toBe(2);
});
