// Which calls an objective counts, and which of them are bad. Reads the end of a call alone.

import { FAULTS } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { SloIndicator } from "../core/settings.ts";

type CallEnd = Extract<GatewayEvent, { readonly type: "call-end" }>;

/** Undefined: the call says nothing of this objective. What its caller did wrong, or left, never does. */
export function judgeCall(indicator: SloIndicator, end: CallEnd, stream: boolean): "good" | "bad" | undefined {
  if (end.ending === "cancelled") return undefined;
  if (end.fault !== undefined && FAULTS[end.fault].blame === "caller") return undefined;
  const answered = end.ending !== "refused";
  switch (indicator.kind) {
    case "availability":
      // A prepared sentence is honest and no answer; nor is a promise to answer later.
      return verdict(end.ending === "complete" && end.servedBy !== "canned" && end.servedBy !== "deferred");
    case "complete-stream":
      return answered && stream ? verdict(end.ending === "complete") : undefined;
    case "undegraded":
      return answered ? verdict(end.degraded === undefined) : undefined;
    case "first-token":
      return answered && stream && end.firstContentMs !== undefined
        ? verdict(end.firstContentMs <= indicator.withinMs)
        : undefined;
  }
}

function verdict(good: boolean): "good" | "bad" {
  return good ? "good" : "bad";
}
