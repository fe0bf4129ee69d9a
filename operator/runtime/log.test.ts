import { describe, expect, it } from "vitest";
import { ApiError } from "./errors.ts";
import { createLog, type Log, type LogOptions } from "./log.ts";
import { redact } from "./redact.ts";

type LogRecord = Record<string, unknown>;

const CANARY = "c4n4ry-v4lu3";

function capture(write: (log: Log) => void, level: LogOptions["level"] = "debug"): { text: string; line: LogRecord } {
  let text = "";
  const destination = {
    write(chunk: string) {
      text += chunk;
    },
  };
  write(createLog({ level, fields: { service: "onyx" }, destination }));
  return { text, line: JSON.parse(text || "{}") };
}

describe("redaction", () => {
  it.each([
    ["an authorization header", { headers: { Authorization: `Bearer ${CANARY}` } }],
    ["a token", { user: { token: CANARY } }],
    ["a password", { password: CANARY }],
    [
      "an AWS key",
      { credentials: { secretAccessKey: CANARY }, config: { AWS_SECRET_ACCESS_KEY: CANARY, sessionToken: CANARY } },
    ],
    [
      "a Secret's data",
      { object: { kind: "Secret", metadata: { name: "a" }, data: { x: CANARY }, stringData: { y: CANARY } } },
    ],
    ["a client key", { user: { "client-key-data": CANARY } }],
    ["a private key in a text", { note: `-----BEGIN EC PRIVATE KEY-----\n${CANARY}\n-----END EC PRIVATE KEY-----` }],
    ["a cut private key", { note: `-----BEGIN PRIVATE KEY-----\n${CANARY}` }],
    ["a bearer token in a text", { note: `sent "authorization: bearer ${CANARY}"` }],
    ["an error's message", { err: new Error(`GET failed: Basic ${CANARY}`) }],
    ["an error's cause", { err: new Error("outer", { cause: { token: CANARY } }) }],
    ["a list", { list: [{ secret: CANARY }] }],
  ])("hides %s", (_, fields) => {
    expect(capture((log) => log.info(fields, "message")).text).not.toContain(CANARY);
    expect(capture((log) => log.child(fields).info("message")).text).not.toContain(CANARY);
  });

  it("hides tokens in the message itself", () => {
    expect(capture((log) => log.info(`Bearer ${CANARY}`)).text).not.toContain(CANARY);
    const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4eHh4In0.c2lnbmF0dXJl";
    for (const text of [`got ${token}`, `https://a.example.com/x-${token}?b`, `${token}.${token}`, `a.b.${token} and`])
      expect(capture((log) => log.warn({}, text)).text).not.toMatch(/c2lnbmF0dXJl|eyJzdWIi/);
  });

  it("keeps what is no secret", () => {
    const { line } = capture((log) =>
      log.child({ controller: "queue" }).info({ kind: "ConfigMap", data: { a: 1 }, n: null }, "done"),
    );
    expect(line).toMatchObject({
      level: "info",
      msg: "done",
      service: "onyx",
      controller: "queue",
      data: { a: 1 },
      n: null,
    });
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it("shows errors with their type, fields, stack and cause", () => {
    const err = new ApiError("no", { status: 409, reason: "Conflict", details: undefined, retryAfterMs: undefined });
    const { line } = capture((log) => log.error({ err: new Error("outer", { cause: err }) }, "failed"));
    expect(line.err).toMatchObject({
      type: "Error",
      message: "outer",
      stack: expect.stringContaining("log.test.ts"),
      cause: { type: "ApiError", status: 409, reason: "Conflict", message: "no" },
    });
  });

  it("survives circles, depth, odd keys and binary data, and changes nothing that it was given", () => {
    const circle: Record<string, unknown> = { token: "t", when: new Date(0), bytes: Buffer.from("x"), big: 1n };
    circle.self = circle;
    circle.__proto__x = JSON.parse('{"__proto__": {"polluted": true}}');
    let deep: unknown = "bottom";
    for (let level = 0; level < 50; level++) deep = { deep };
    circle.deep = deep;
    const clean = redact(circle) as Record<string, unknown>;
    expect(clean.token).toBe("[redacted]");
    expect(clean.self).toBe("[circular]");
    expect(clean.bytes).toBe("[1 bytes]");
    expect(clean.big).toBe("1");
    expect(JSON.stringify(clean)).not.toContain("bottom");
    expect(circle.token).toBe("t");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("writes nothing below its level", () => {
    expect(capture((log) => log.info("quiet"), "warn").text).toBe("");
  });
});
