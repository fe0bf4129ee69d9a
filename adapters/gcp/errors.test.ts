import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { GoogleError, grpc, protobuf } from "google-gax";
import { describe, expect, test } from "vitest";
import type { Fault } from "../../operator/provider/fault.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { isAlreadyExists, isNotFound, isRaced, stable, toProviderError } from "./errors.ts";

const { status } = grpc;

/** An error as @grpc/grpc-js gives it to a callback. */
function grpcError(code: grpc.status, details: string, typed: readonly Detail[] = []): Error {
  const metadata = new grpc.Metadata();
  if (typed.length > 0) metadata.set("grpc-status-details-bin", encode(code, details, typed));
  return Object.assign(new Error(`${code} ${status[code]}: ${details}`), { code, details, metadata });
}

interface Detail {
  readonly type: "ErrorInfo" | "RetryInfo" | "RequestInfo";
  readonly value: object;
}

/** Google's own definition of the typed details. */
const rpc = new protobuf.Root();
const PROTOS = dirname(createRequire(import.meta.url).resolve("google-proto-files/package.json"));
rpc.resolvePath = (_, target) => join(PROTOS, target);
rpc.loadSync(["google/rpc/error_details.proto", "google/rpc/status.proto"]);

function encode(code: number, message: string, typed: readonly Detail[]): Buffer {
  const details = typed.map(({ type, value }) => {
    const message = rpc.lookupType(`google.rpc.${type}`);
    return {
      type_url: `type.googleapis.com/google.rpc.${type}`,
      value: message.encode(message.fromObject(value)).finish(),
    };
  });
  const found = rpc.lookupType("google.rpc.Status");
  return Buffer.from(found.encode(found.fromObject({ code, message, details })).finish());
}

describe("the error table", () => {
  const info = (reason: string, metadata = {}): Detail => ({
    type: "ErrorInfo",
    value: { reason, domain: "googleapis.com", metadata },
  });
  const cases: [string, Error, Fault, string][] = [
    ["absent", grpcError(status.NOT_FOUND, "Resource not found (resource=t)."), "notFound", "NOT_FOUND"],
    ["there before", grpcError(status.ALREADY_EXISTS, "Resource already exists"), "conflict", "ALREADY_EXISTS"],
    ["raced", grpcError(status.ABORTED, "There were concurrent policy changes."), "transient", "ABORTED"],
    ["down", grpcError(status.UNAVAILABLE, "No connection established."), "transient", "UNAVAILABLE"],
    ["late", grpcError(status.DEADLINE_EXCEEDED, "Deadline exceeded after 1.003s"), "transient", "DEADLINE_EXCEEDED"],
    ["broken", grpcError(status.INTERNAL, "Internal error"), "transient", "INTERNAL"],
    ["unknown", grpcError(status.UNKNOWN, "?"), "transient", "UNKNOWN"],
    ["cut off", grpcError(status.CANCELLED, "cancelled"), "transient", "CANCELLED"],
    [
      "not allowed",
      grpcError(status.PERMISSION_DENIED, "User not authorized", [info("IAM_PERMISSION_DENIED")]),
      "denied",
      "PERMISSION_DENIED/IAM_PERMISSION_DENIED",
    ],
    [
      "not enabled",
      grpcError(status.PERMISSION_DENIED, "Cloud Pub/Sub API has not been used", [info("SERVICE_DISABLED")]),
      "denied",
      "PERMISSION_DENIED/SERVICE_DISABLED",
    ],
    ["who are you", grpcError(status.UNAUTHENTICATED, "invalid credentials"), "denied", "UNAUTHENTICATED"],
    [
      "too many calls",
      grpcError(status.RESOURCE_EXHAUSTED, "Quota exceeded", [info("RATE_LIMIT_EXCEEDED")]),
      "throttled",
      "RESOURCE_EXHAUSTED/RATE_LIMIT_EXCEEDED",
    ],
    [
      "too many calls, in words",
      grpcError(
        status.RESOURCE_EXHAUSTED,
        "Quota exceeded for quota metric 'Administrator operations' and limit 'Administrator operations per minute'",
      ),
      "throttled",
      "RESOURCE_EXHAUSTED",
    ],
    [
      "too many things",
      grpcError(
        status.RESOURCE_EXHAUSTED,
        'Your project has exceeded a limit: (type="topics-per-project", current=10000, maximum=10000).',
      ),
      "quota",
      "RESOURCE_EXHAUSTED",
    ],
    [
      "too many things, typed",
      grpcError(status.RESOURCE_EXHAUSTED, "No more", [info("RESOURCE_QUOTA_EXCEEDED")]),
      "quota",
      "RESOURCE_EXHAUSTED/RESOURCE_QUOTA_EXCEEDED",
    ],
    ["exhausted, no word", grpcError(status.RESOURCE_EXHAUSTED, ""), "throttled", "RESOURCE_EXHAUSTED"],
    ["etag", grpcError(status.FAILED_PRECONDITION, "Etag mismatch"), "transient", "FAILED_PRECONDITION"],
    [
      "key disabled",
      grpcError(status.FAILED_PRECONDITION, "The Cloud KMS key is disabled"),
      "denied",
      "FAILED_PRECONDITION",
    ],
    [
      "protected",
      grpcError(status.FAILED_PRECONDITION, "Database has delete protection enabled"),
      "conflict",
      "FAILED_PRECONDITION",
    ],
    ["nonsense", grpcError(status.INVALID_ARGUMENT, "Invalid resource name"), "invalid", "INVALID_ARGUMENT"],
    ["no such method", grpcError(status.UNIMPLEMENTED, "no"), "invalid", "UNIMPLEMENTED"],
    ["no status at all", new Error("socket hang up"), "transient", "UNKNOWN"],
  ];
  test.each(cases)("%s", (_, thrown, fault, code) => {
    const error = toProviderError(thrown, "Pub/Sub");
    expect(error).toBeInstanceOf(ProviderError);
    expect([error.fault, error.code]).toEqual([fault, code]);
    expect(error.message).not.toBe("");
  });

  test("every status but OK has a line", () => {
    const names = Object.values(status).filter(
      (code): code is number => typeof code === "number" && code !== status.OK,
    );
    expect(names.length).toBe(16);
    for (const code of names) {
      const error = toProviderError(grpcError(code, "words"), "Pub/Sub");
      expect(error.code, status[code]).toBe(status[code]);
    }
  });

  test("says what to run when an API is off", () => {
    const thrown = grpcError(status.PERMISSION_DENIED, "off", [
      {
        type: "ErrorInfo",
        value: { reason: "SERVICE_DISABLED", metadata: { service: "pubsub.googleapis.com", consumer: "projects/p" } },
      },
    ]);
    expect(toProviderError(thrown, "Pub/Sub").message).toBe(
      "Pub/Sub is not enabled in this project. Run: gcloud services enable pubsub.googleapis.com --project p",
    );
  });

  test("keeps when to come back and the request's id", () => {
    const error = toProviderError(
      grpcError(status.RESOURCE_EXHAUSTED, "slow down", [
        { type: "RetryInfo", value: { retryDelay: { seconds: 2, nanos: 500_000_000 } } },
        { type: "RequestInfo", value: { requestId: "r-1" } },
      ]),
      "Pub/Sub",
    );
    expect([error.retryAfterMs, error.requestId]).toEqual([2500, "r-1"]);
  });

  test("a GoogleError of the promise form is read too", () => {
    const thrown = Object.assign(new GoogleError("no"), { code: status.PERMISSION_DENIED, reason: "SERVICE_DISABLED" });
    expect(toProviderError(thrown, "Pub/Sub").code).toBe("PERMISSION_DENIED/SERVICE_DISABLED");
  });

  test("a ProviderError stays itself", () => {
    const error = new ProviderError("quota", "full");
    expect(toProviderError(error, "Pub/Sub")).toBe(error);
  });
});

describe("messages are the same each time", () => {
  test.each([
    [
      "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1 (2026-11-23T19:00:00.000Z)",
      "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1",
    ],
    ["5 NOT_FOUND: gone", "gone"],
    ["Denied. Help Token: AbC-123", "Denied."],
    ["Broken. [request-id: 12ab]", "Broken."],
  ])("%s", (raw, clean) => expect(stable(raw)).toBe(clean));

  test("a late call names no times", () => {
    const message = (text: string) => toProviderError(grpcError(status.DEADLINE_EXCEEDED, text), "Firestore").message;
    expect(message("Deadline exceeded after 1.003s")).toBe(
      message("Deadline exceeded after 1.207s,remote_addr=1.2.3.4"),
    );
  });
});

test("the questions that verbs ask of an error", () => {
  const of = (code: grpc.status) => toProviderError(grpcError(code, "x"), "Pub/Sub");
  expect([isNotFound(of(status.NOT_FOUND)), isNotFound(of(status.UNAVAILABLE)), isNotFound(new Error("x"))]).toEqual([
    true,
    false,
    false,
  ]);
  expect([isAlreadyExists(of(status.ALREADY_EXISTS)), isAlreadyExists(of(status.ABORTED))]).toEqual([true, false]);
  expect([isRaced(of(status.ABORTED)), isRaced(of(status.ALREADY_EXISTS))]).toEqual([true, false]);
});
