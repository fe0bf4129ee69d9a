import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError, StreamError, toApiError } from "../../operator/runtime/errors.ts";
import { createLineSplitter, parseJsonLine } from "../../operator/runtime/json-lines.ts";
import { redact, redactText } from "../../operator/runtime/redact.ts";
import { judge } from "../../operator/runtime/reflector-policy.ts";
import { slim } from "../../operator/runtime/slim.ts";
import { createStore } from "../../operator/runtime/store.ts";
import { decodeWatchEvent } from "../../operator/runtime/watch-event.ts";
import { brokenJson, deep, hostileJson, hostileText, nearly, survives, WITHIN_SECONDS } from "../support/hostile.ts";

const WORDS = ["metadata", "name", "namespace", "uid", "resourceVersion", "annotations", "labels", "code", "details"];
const MORE = ["causes", "reason", "message", "retryAfterSeconds", "ResourceVersionTooLarge", "Status", "kind"];
const other = hostileJson(...WORDS, ...MORE);
const event = fc.record({
  type: fc.constantFrom("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"),
  object: fc.record({
    kind: fc.constantFrom("Thing", "Status"),
    code: fc.constantFrom(410, 429, 500, 504),
    reason: fc.constantFrom("Expired", "Timeout"),
    message: fc.constant("no"),
    details: fc.record({ causes: fc.constant([{ reason: "ResourceVersionTooLarge" }]), retryAfterSeconds: fc.nat(5) }),
    metadata: fc.record({
      name: fc.constantFrom("a", "b"),
      namespace: fc.constantFrom("x", "y"),
      uid: fc.constantFrom("1", "2"),
      resourceVersion: fc.constantFrom("1", "10", "9", "x"),
      annotations: fc.constant({ "kubectl.kubernetes.io/last-applied-configuration": "{}" }),
      managedFields: fc.constant([]),
    }),
  }),
});
const isStreamError = (error: unknown) => error instanceof StreamError;

describe("a watch", () => {
  it("of any bytes gives values or a StreamError, wherever they are cut", () => {
    const bytes = fc.oneof(
      brokenJson(nearly(event, other)).map((text) => Buffer.from(`${text}\n`)),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (parts, size) => {
        const all = Buffer.concat(parts);
        survives(() => {
          const splitter = createLineSplitter(2_000);
          const lines: string[] = [];
          for (let at = 0; at < all.length; at += size) lines.push(...splitter.push(all.subarray(at, at + size)));
          for (const line of [...lines, splitter.rest()]) decodeWatchEvent("WATCH /x", parseJsonLine(line));
        }, isStreamError);
      }),
      WITHIN_SECONDS,
    );
  });

  it("of any events is an event, a report or a StreamError, and the wait after it is a number", () => {
    fc.assert(
      fc.property(nearly(event, other), (value) => {
        const decoded = survives(() => decodeWatchEvent("WATCH /x", value), isStreamError);
        if (decoded?.type !== "error") return;
        const { delayMs } =
          survives(() => judge("watch", decoded.error, { failures: 1, expirations: 1 }, () => 0.5)) ?? {};
        expect(delayMs).toBeGreaterThanOrEqual(0);
      }),
      WITHIN_SECONDS,
    );
  });

  it("of any events leaves a store whose indexes know what it holds, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(nearly(event, other), { maxLength: 12 }), (values) => {
        const byUid = ({ metadata }: { metadata: { uid: string } }) => [metadata.uid];
        const store = createStore({ indexers: { byUid } });
        survives(() => {
          for (const value of values) {
            try {
              const read = decodeWatchEvent("WATCH /x", value);
              if (read.type === "deleted") store.remove(slim(read.object));
              else if (read.type === "added" || read.type === "modified") store.put(slim(read.object));
            } catch (error) {
              if (!isStreamError(error)) throw error;
            }
          }
        });
        for (const one of store.list()) expect(store.byIndex("byUid", one.metadata.uid)).toContain(one);
      }),
      WITHIN_SECONDS,
    );
  });

  it.each([true, false])("that is 10,000 levels deep is refused in the same words (lists: %s)", (list) => {
    expect(() => decodeWatchEvent("WATCH /x", deep(10_000, list))).toThrow(StreamError);
    expect(() => decodeWatchEvent("WATCH /x", { type: "ERROR", object: deep(10_000, list) })).not.toThrow();
  });
});

it("a refusal whose causes are no list is judged like any other", () => {
  const error = toApiError("GET /x", 500, undefined, '{"kind":"Status","details":{"causes":1,"retryAfterSeconds":3}}');
  expect(judge("list", error, { failures: 1, expirations: 0 }, () => 0.5).delayMs).toBeGreaterThanOrEqual(3_000);
});

it("a refusal of any body is an ApiError with a status", () => {
  const body = fc.oneof(
    brokenJson(
      nearly(
        event.map(({ object }) => object),
        other,
      ),
    ),
    hostileText(),
  );
  fc.assert(
    fc.property(body, fc.option(hostileText("5", "Wed"), { nil: undefined }), (text, retryAfter) => {
      const error = survives(() => toApiError("GET /x", 500, retryAfter, text));
      expect(error).toBeInstanceOf(ApiError);
      survives(() => judge("list", error, { failures: 1, expirations: 0 }, () => 0.5));
    }),
    WITHIN_SECONDS,
  );
});

describe("redaction", () => {
  it("of anything comes to an end, and the result can be written", () => {
    fc.assert(
      fc.property(hostileJson("token", "data", "kind", "Secret", "eyJ", "Bearer ", "-----BEGIN "), (value) => {
        survives(() => JSON.stringify(redact(value)));
      }),
      WITHIN_SECONDS,
    );
  });

  it.each([
    "eyJ-",
    "eyJaaaaaaaa.",
    "Bearer ",
    "Basic\t",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----END ",
    "-----END A",
  ])("of 256 KiB of %j takes no more than a moment", (part) => {
    const text = part.repeat((256 * 1024) / part.length);
    const begin = performance.now();
    redactText(text);
    redactText(`-----BEGIN PRIVATE KEY-----${text}`);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});
