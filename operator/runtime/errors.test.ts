import { expect, it } from "vitest";
import { isExpired, isTooLargeResourceVersion, statusToApiError, toApiError } from "./errors.ts";

const tooLarge = {
  kind: "Status",
  reason: "Timeout",
  message: "Timeout: Too large resource version: 9, current: 1",
  details: { causes: [{ reason: "ResourceVersionTooLarge" }], retryAfterSeconds: 1 },
};

it.each([
  ["header", "7", "{}", 7_000],
  ["details", undefined, JSON.stringify({ kind: "Status", details: { retryAfterSeconds: 2 } }), 2_000],
  ["neither", undefined, "{}", undefined],
  ["a date, which is not understood", "Wed, 21 Oct 2026 07:28:00 GMT", "{}", undefined],
])("takes Retry-After from %s", (_, header, body, expected) => {
  expect(toApiError("GET /x", 429, header, body).retryAfterMs).toBe(expected);
});

it("knows a resource version that is too large from an ordinary timeout", () => {
  expect(isTooLargeResourceVersion(toApiError("GET /x", 504, undefined, JSON.stringify(tooLarge)))).toBe(true);
  expect(
    isTooLargeResourceVersion(
      toApiError("GET /x", 504, undefined, JSON.stringify({ kind: "Status", message: tooLarge.message })),
    ),
  ).toBe(true);
  expect(isTooLargeResourceVersion(toApiError("GET /x", 504, undefined, "gateway timeout"))).toBe(false);
  expect(isTooLargeResourceVersion(new Error("too large resource version"))).toBe(false);
});

it.each([
  ["a Status", { code: 410, reason: "Expired", message: "too old" }, 410, "Expired", /too old/],
  ["no Status at all", "<html>", 0, "Unknown", /<html>/],
  ["nothing", null, 0, "Unknown", /an error/],
])("makes an error of %s in an event", (_, status, code, reason, message) => {
  const error = statusToApiError("WATCH /x", status);
  expect(error).toMatchObject({ status: code, reason });
  expect(error.message).toMatch(message);
  expect(isExpired(error)).toBe(code === 410);
});

it("says what was asked, and what came back, in one line", () => {
  expect(toApiError("GET /x", 500, undefined, "<h1>a\n  b</h1>").message).toBe(
    "GET /x: the API server answered 500: <h1>a b</h1>",
  );
  expect(toApiError("GET /x", 500, undefined, "").message).toBe(
    "GET /x: the API server answered 500: no further explanation",
  );
});
