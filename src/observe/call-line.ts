// A call that ended as one line for people: in the text form of the log, in `holdfast tail` and in the demo.

import type { CallRecord } from "./call-record.ts";
import { duration } from "./tracked-call.ts";

export type Paint = (colour: "red" | "green" | "yellow" | "dim" | "bold", text: string) => string;

const CODES = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

/** Colour for terminals; without it the text alone, so that every meaning is in words too. */
export function paint(colour: boolean): Paint {
  return (name, text) => (colour && text !== "" ? `\u001b[${CODES[name]}m${text}\u001b[0m` : text);
}

/** `12:03:11  saved      chat  alpha/a overloaded → beta/b  1.2 s, first 310 ms  12+340 tokens  call_…` */
export function callLine(record: CallRecord, tint: Paint): string {
  const call = printable(record);
  const { tookMs = 0, firstContentMs, usage } = call;
  const parts = [
    tint("dim", timeOfDay(Date.parse(call.startedAt) + tookMs)),
    verdict(call, tint),
    tint("bold", call.route === "" ? `${call.model} (no route)` : call.route),
    trail(call, tint),
    duration(tookMs) + (call.stream && firstContentMs !== undefined ? `, first ${duration(firstContentMs)}` : ""),
    usage === undefined ? "" : `${usage.inputTokens ?? "?"}+${usage.outputTokens ?? "?"} tokens`,
    call.tenant === "default" ? "" : call.tenant,
    tint("dim", call.id),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** How it went, padded to one width. */
function verdict({ ending, state, degraded, attempts }: CallRecord, tint: Paint): string {
  if (ending === "cancelled") return tint("dim", pad(ending));
  if (ending !== "complete") return tint("red", pad(ending ?? state));
  if (degraded !== undefined) return tint("yellow", pad(degraded));
  return attempts.length > 1 ? tint("yellow", pad("saved")) : tint("green", pad("ok"));
}

function pad(word: string): string {
  return word.padEnd("cancelled".length);
}

/** Each target in turn, with the fault it was left for. */
function trail({ attempts, fault }: CallRecord, tint: Paint): string {
  if (attempts.length === 0) return tint("red", fault ?? "");
  return attempts
    .map((attempt) =>
      attempt.fault === undefined ? attempt.target : `${attempt.target} ${tint("red", attempt.fault)}`,
    )
    .join(" → ");
}

/** `12:03:11`, where this process is. */
export function timeOfDay(wallMs: number): string {
  const at = new Date(wallMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** For terminals and logs of lines: without control characters, so that nothing forges a line or steers a terminal. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, "\ufffd");
}

/** The record with each of its texts on one line: names of models come from clients, messages from providers. */
export function printable<Shape>(record: Shape): Shape {
  return JSON.parse(JSON.stringify(record), (_key, value: unknown) =>
    typeof value === "string" ? oneLine(value) : value,
  );
}
