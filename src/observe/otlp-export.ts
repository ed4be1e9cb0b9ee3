// Sends spans to a collector over OTLP/HTTP, with OpenTelemetry's own exporter and batches. It reads the standard
// `OTEL_…` variables. Loaded only where an endpoint is set: it costs 50 ms at the start and 10 MB.

import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace";
import { VERSION } from "../core/version.ts";
import { spansOf } from "./spans.ts";
import type { TrackedCall } from "./tracked-call.ts";

export interface SpanExport {
  /** Never waits: what does not fit in the queue is dropped. */
  add(call: TrackedCall): void;
  readonly dropped: number;
  /** Sends what is queued. */
  close(): Promise<void>;
}

/** Spans that wait for the collector or are on their way to it. */
export const QUEUED_SPANS_MAX = 4_096;
const BATCH_MAX = 512;
const BATCH_DELAY_MS = 1_000;

/** `warn` is told once each time the collector begins to fail. */
export function createSpanExport(warn: (message: string) => void): SpanExport {
  let inside = 0;
  let dropped = 0;
  let failing = false;
  const inner = new OTLPTraceExporter();
  const exporter: SpanExporter = {
    export(spans, done) {
      inner.export(spans, (result) => {
        inside -= spans.length;
        if (result.code === 0) failing = false;
        else {
          dropped += spans.length;
          if (!failing) warn(`traces cannot be exported: ${result.error?.message ?? "the collector refused them"}`);
          failing = true;
        }
        // A failure is told above; the processor would only report it again, to nobody.
        done({ code: 0 });
      });
    },
    shutdown: () => inner.shutdown(),
    forceFlush: () => inner.forceFlush(),
  };
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: QUEUED_SPANS_MAX,
    maxExportBatchSize: BATCH_MAX,
    scheduledDelayMillis: BATCH_DELAY_MS,
  });
  const named = resourceFromAttributes({ "service.name": "holdfast", "service.version": VERSION });
  const resource = named.merge(detectResources({ detectors: [envDetector] }));
  return {
    add(call) {
      for (const span of spansOf(call, resource)) {
        if (inside >= QUEUED_SPANS_MAX) dropped++;
        else {
          inside++;
          processor.onEnd(span);
        }
      }
    },
    get dropped() {
      return dropped;
    },
    close: () => processor.shutdown(),
  };
}
