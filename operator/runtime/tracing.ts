import { type Attributes, context, type Span, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { redactText } from "./redact.ts";

/** Spans for what the process does. Without an endpoint they cost next to nothing and go nowhere. */
export interface Tracing {
  readonly enabled: boolean;
  /**
   * Runs `fn` within a span, below the span that is under way. What `fn` throws is recorded and thrown.
   * Names say what is done (`reconcile Queue`, `sqs CreateQueue`); attributes say to what.
   */
  span<T>(name: string, attributes: Attributes, fn: (span: Span) => Promise<T>): Promise<T>;
  /** Sends what is left. Never throws. */
  shutdown(): Promise<void>;
}

export interface TracingOptions {
  /** The variables of OpenTelemetry: tracing is on if OTEL_EXPORTER_OTLP_ENDPOINT (or _TRACES_ENDPOINT) is set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly service: string;
  readonly version: string;
  /** Tells this process from others of the same service. */
  readonly instance: string;
  /** Where spans go instead of the endpoint; turns tracing on. */
  readonly exporter?: SpanExporter;
}

/** Loads the tracing libraries only if they are needed. */
export async function createTracing(options: TracingOptions): Promise<Tracing> {
  const { env, exporter } = options;
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if ((!endpoint && !exporter) || env.OTEL_SDK_DISABLED === "true")
    return wrap(trace.getTracer(options.service), false);
  const { createProvider } = await import("./tracing-provider.ts");
  const provider = createProvider(options);
  return wrap(provider.getTracer(options.service, options.version), true, () => provider.shutdown());
}

function wrap(tracer: Tracer, enabled: boolean, shutdown: () => Promise<void> = async () => {}): Tracing {
  return {
    enabled,
    async span(name, attributes, fn) {
      return tracer.startActiveSpan(name, { attributes }, async (span) => {
        try {
          return await fn(span);
        } catch (error) {
          const message = redactText(error instanceof Error ? error.message : String(error));
          span.recordException({ name: error instanceof Error ? error.name : "Error", message });
          span.setStatus({ code: SpanStatusCode.ERROR, message });
          throw error;
        } finally {
          span.end();
        }
      });
    },
    async shutdown() {
      await shutdown().catch(() => {});
      if (enabled) context.disable();
    },
  };
}
