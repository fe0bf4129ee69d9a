import { expect, test } from "vitest";
import { baseUrl, endpointOf } from "./endpoints.ts";

test.each([
  ["http://127.0.0.1:9000", { host: "127.0.0.1", port: 9000, tls: false }],
  ["http://emulator", { host: "emulator", port: 80, tls: false }],
  ["127.0.0.1:9000", { host: "127.0.0.1", port: 9000, tls: false }],
  ["[::1]:9000", { host: "::1", port: 9000, tls: false }],
  ["https://pubsub.p.googleapis.com", { host: "pubsub.p.googleapis.com", port: 443, tls: true }],
  ["https://psc.internal:8443/", { host: "psc.internal", port: 8443, tls: true }],
  ["pubsub.p.googleapis.com", { host: "pubsub.p.googleapis.com", port: 443, tls: true }],
  ["pubsub.p.googleapis.com:443", { host: "pubsub.p.googleapis.com", port: 443, tls: true }],
])("%s", (text, endpoint) => expect(endpointOf({ endpoints: { pubsub: text } }, "pubsub")).toEqual(endpoint));

test("the service's own endpoint goes before the default; none means Google's", () => {
  const endpoints = { default: "http://a:1", firestore: "http://b:2" };
  expect(endpointOf({ endpoints }, "firestore")?.host).toBe("b");
  expect(endpointOf({ endpoints }, "pubsub")?.host).toBe("a");
  expect(endpointOf({ endpoints: {} }, "pubsub")).toBeUndefined();
});

test.each(["ftp://x:1", "http://", "a b"])("%s is refused, and the message names it", (text) =>
  expect(() => endpointOf({ endpoints: { default: text } }, "pubsub")).toThrow(`endpoints.default "${text}"`),
);

test("services spoken to by HTTP have their own endpoint or Google's, never the gRPC default", () => {
  expect(baseUrl({ endpoints: { default: "http://a:1" } }, "iam", "https://iam.googleapis.com")).toBe(
    "https://iam.googleapis.com",
  );
  expect(baseUrl({ endpoints: { iam: "http://a:1/" } }, "iam", "https://iam.googleapis.com")).toBe("http://a:1");
});
