import { expect, test } from "vitest";
import { isAlreadyExists, isNotFound, isRaced } from "./errors.ts";
import { storageFailure, storageRefusal } from "./storage-errors.ts";

const body = (reason: string, message = "It says why.") => ({ error: { message, errors: [{ reason }] } });

test.each([
  [400, "invalid", "invalid", "INVALID_ARGUMENT/invalid"],
  [401, "authError", "denied", "UNAUTHENTICATED/authError"],
  [403, "forbidden", "denied", "PERMISSION_DENIED/forbidden"],
  [403, "rateLimitExceeded", "throttled", "RESOURCE_EXHAUSTED/rateLimitExceeded"],
  [403, "userRateLimitExceeded", "throttled", "RESOURCE_EXHAUSTED/userRateLimitExceeded"],
  [403, "quotaExceeded", "quota", "RESOURCE_EXHAUSTED/quotaExceeded"],
  [403, "retentionPolicyNotMet", "conflict", "FAILED_PRECONDITION/retentionPolicyNotMet"],
  [404, "notFound", "notFound", "NOT_FOUND"],
  [409, "conflict", "conflict", "ALREADY_EXISTS/conflict"],
  [412, "conditionNotMet", "transient", "ABORTED/conditionNotMet"],
  [429, "rateLimitExceeded", "throttled", "RESOURCE_EXHAUSTED/rateLimitExceeded"],
  [500, "backendError", "transient", "UNAVAILABLE/backendError"],
  [503, "backendError", "transient", "UNAVAILABLE/backendError"],
  [504, "", "transient", "UNAVAILABLE"],
  [302, "", "transient", "HTTP 302"],
])("%i %s is %s", (status, reason, fault, code) => {
  expect(storageRefusal(status, body(reason))).toMatchObject({ fault, code });
});

test("the rest of the adapter knows these refusals as it knows those of gRPC", () => {
  expect(isNotFound(storageRefusal(404, body("notFound")))).toBe(true);
  expect(isAlreadyExists(storageRefusal(409, body("conflict")))).toBe(true);
  expect(isRaced(storageRefusal(412, body("conditionNotMet")))).toBe(true);
});

test("an answer without Google's words still says something, and the time to wait is kept", () => {
  expect(storageRefusal(403, "<html>proxy</html>").message).toBe("Cloud Storage refused the call (HTTP 403).");
  expect(storageRefusal(502, undefined).message).toContain("can't be reached");
  expect(storageRefusal(429, body("rateLimitExceeded"), "7").retryAfterMs).toBe(7000);
  expect(storageRefusal(429, body("rateLimitExceeded"), "soon").retryAfterMs).toBeUndefined();
});

test("no answer at all is transient: cut off by us, or not reached", () => {
  expect(storageFailure(new Error("x"), true)).toMatchObject({ fault: "transient", code: "CANCELLED" });
  expect(storageFailure(new Error("connect ECONNREFUSED"), false)).toMatchObject({
    fault: "transient",
    code: "UNAVAILABLE",
    message: "Cloud Storage can't be reached: connect ECONNREFUSED",
  });
});
