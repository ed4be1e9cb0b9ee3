// Stop reasons of the Messages API, to and from the canonical ones.

import type { StopReason } from "../../core/stream-event.ts";

const TO_CANONICAL: Readonly<Record<string, StopReason>> = {
  end_turn: "end",
  max_tokens: "length",
  stop_sequence: "stop-sequence",
  tool_use: "tool-use",
  refusal: "refusal",
  pause_turn: "pause",
  // Beta: the provider compacted the context and wants the turn sent again.
  compaction: "pause",
  model_context_window_exceeded: "context-full",
};

const FROM_CANONICAL: Readonly<Record<StopReason, string>> = {
  end: "end_turn",
  length: "max_tokens",
  "stop-sequence": "stop_sequence",
  "tool-use": "tool_use",
  refusal: "refusal",
  pause: "pause_turn",
  "context-full": "model_context_window_exceeded",
};

/** A reason that is not known yet is an end: clients accept any. */
export function stopReasonOf(reason: string): StopReason {
  return Object.hasOwn(TO_CANONICAL, reason) ? (TO_CANONICAL[reason] ?? "end") : "end";
}

export interface ToolCount {
  /** Calls that the client received whole. */
  readonly complete: number;
  /** Calls that were cut and left out. */
  readonly cut: number;
}

/** Told by what was delivered, not by what was claimed: many providers say `stop` after a tool call, or the reverse. */
export function stopReasonFor(stop: StopReason, tools: ToolCount): string {
  if (tools.cut > 0 && (stop === "length" || stop === "context-full")) return FROM_CANONICAL[stop];
  if (tools.complete > 0) return "tool_use";
  return stop === "tool-use" ? "end_turn" : FROM_CANONICAL[stop];
}

/** True when the answer was cut inside a block: a call that is not whole is then left as it is, and the reason says why. */
export function explainsCut(reason: string): boolean {
  return reason === "max_tokens" || reason === "model_context_window_exceeded" || reason === "refusal";
}

/** True when an answer that ended so may hold nothing visible; `thought`: it has thinking that is not shown. */
export function emptyIsLegal(reason: string | undefined, thought: boolean): boolean {
  if (reason === "refusal" || reason === "pause_turn" || reason === "compaction") return true;
  // All tokens went into thinking: another target would be given the same limit.
  return thought && (reason === "max_tokens" || reason === "model_context_window_exceeded");
}
