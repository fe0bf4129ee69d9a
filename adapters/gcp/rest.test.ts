import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { restCaller } from "./rest.ts";

let body: unknown;
const server = createServer((_request, response) => {
  response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify(body));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

const violations = (...descriptions: string[]) => [
  { fieldViolations: descriptions.map((description) => ({ field: "f", description })) },
];

test.each([
  ["nothing more", undefined, "request contains errors"],
  ["details of another kind", [{ reason: "X" }], "request contains errors"],
  ["details that are none", "none", "request contains errors"],
  ["what is wrong", violations("the account is invalid"), "request contains errors: the account is invalid"],
  ["several", violations("a", "b is wrong"), "request contains errors: b is wrong"],
  ["what the message says", violations("contains errors"), "request contains errors"],
])("a refusal says what is wrong, where the service gives %s", async (_what, details, message) => {
  body = { error: { status: "INVALID_ARGUMENT", message: "request contains errors", details } };
  const { port } = server.address() as AddressInfo;
  const place = { account: "p", endpoints: { workflows: `http://127.0.0.1:${port}` } };
  const call = restCaller(place, "workflows", "Workflows");
  await expect(call("GET", "x", AbortSignal.timeout(5000))).rejects.toMatchObject({ fault: "invalid", message });
});
