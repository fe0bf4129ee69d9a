import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { afterEach, expect, it } from "vitest";
import { createTracing, type Tracing } from "./tracing.ts";

const about = { service: "onyx-operator", version: "1.2.3", instance: "pod-1" };
let tracing: Tracing | undefined;
afterEach(() => tracing?.shutdown());

it("is off without an endpoint, and runs everything all the same", async () => {
  tracing = await createTracing({ env: {}, ...about });
  expect(tracing.enabled).toBe(false);
  expect(await tracing.span("a", {}, async () => 42)).toBe(42);
  await expect(
    tracing.span("a", {}, async () => {
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
});

it("is on with an endpoint, unless it is disabled", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
  tracing = await createTracing({ env, ...about });
  expect(tracing.enabled).toBe(true);
  expect((await createTracing({ env: { ...env, OTEL_SDK_DISABLED: "true" }, ...about })).enabled).toBe(false);
});

it("nests spans, also across waits, and records failures without secrets", async () => {
  const exporter = new InMemorySpanExporter();
  const spans: ReturnType<InMemorySpanExporter["getFinishedSpans"]> = [];
  const keep = Object.assign(exporter, {
    export(batch: typeof spans, done: (result: { code: number }) => void) {
      spans.push(...batch);
      done({ code: 0 });
    },
  });
  tracing = await createTracing({
    env: { OTEL_RESOURCE_ATTRIBUTES: "k8s.cluster.name=eks" },
    ...about,
    exporter: keep,
  });
  const { span, shutdown } = tracing;
  const failing = span("reconcile Queue", { "onyx.key": "shop/orders" }, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await span("sqs CreateQueue", {}, async () => {});
    throw new Error("denied: Bearer abcdefghijklmnop");
  });
  const other = span("reconcile Table", {}, async () => {});
  await Promise.allSettled([failing, other]);
  await shutdown();
  const [table, call, queue] = ["reconcile Table", "sqs CreateQueue", "reconcile Queue"].map(
    (name) => spans.find((one) => one.name === name)!,
  );
  expect(call?.parentSpanContext?.spanId).toBe(queue?.spanContext().spanId);
  expect(table?.parentSpanContext).toBeUndefined();
  expect(table?.spanContext().traceId).not.toBe(queue?.spanContext().traceId);
  expect(queue?.attributes).toMatchObject({ "onyx.key": "shop/orders" });
  expect(queue?.status).toMatchObject({ code: 2, message: "denied: Bearer [redacted]" });
  expect(JSON.stringify(queue?.events)).not.toContain("abcdefghijklmnop");
  expect(queue?.resource.attributes).toMatchObject({ "service.name": "onyx-operator", "service.version": "1.2.3" });
});
