import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { TracingOptions } from "./tracing.ts";

/** What makes and sends spans. A module of its own, so that its libraries are loaded with it and not before. */
export function createProvider({ exporter, service, version, instance }: TracingOptions): TracerProvider {
  const own = { "service.name": service, "service.version": version, "service.instance.id": instance };
  const detected = detectResources({ detectors: [envDetector, serviceNameEnvDetector] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(own)).merge(detected),
    spanProcessors: [new BatchSpanProcessor({ exporter: exporter ?? new OTLPTraceExporter() })],
  });
}
