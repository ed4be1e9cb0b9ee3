// When traces are wanted, and what stands between the facts and an exporter that is still being loaded.

import type { CallReader } from "./follow-calls.ts";
import type { SpanExport } from "./otlp-export.ts";
import type { TrackedCall } from "./tracked-call.ts";

export interface Traces {
  readonly read: CallReader;
  readonly dropped: number;
  close(): Promise<void>;
}

/** Calls that wait for the exporter to be loaded. */
const EARLY_CALLS_MAX = 1_000;

/** By OpenTelemetry's own variables: an endpoint is named, and nothing turns traces off. */
export function tracesWanted(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true" || env.OTEL_TRACES_EXPORTER === "none") return false;
  return Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT);
}

/** `load` is called once, at once; calls that end before it is done are kept for it. */
export function createTraces(load: () => Promise<SpanExport>, warn: (message: string) => void): Traces {
  const early: TrackedCall[] = [];
  let spans: SpanExport | undefined;
  let lost = 0;
  const loading = load().then(
    (loaded) => {
      spans = loaded;
      for (const call of early.splice(0)) loaded.add(call);
    },
    (error: unknown) => warn(`traces are off: ${error instanceof Error ? error.message : String(error)}`),
  );
  return {
    read: {
      "call-end"(_, call) {
        if (spans !== undefined) spans.add(call);
        else if (early.length < EARLY_CALLS_MAX) early.push(call);
        else lost++;
      },
    },
    get dropped() {
      return lost + (spans?.dropped ?? 0);
    },
    async close() {
      await loading;
      await spans?.close();
    },
  };
}
