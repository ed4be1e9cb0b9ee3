// One line a call, at its end: JSON for machines, text for people. No prompt, no answer, no header, no key. Where the line
// goes, and what happens when nobody takes it, is the writer's business.

import { FAULTS } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { callLine, oneLine, paint } from "./call-line.ts";
import type { CallReader } from "./follow-calls.ts";
import { recordOf, type TrackedCall, trailOf } from "./tracked-call.ts";

export type LogLevel = "info" | "warn" | "error";

export interface LogOptions {
  readonly format: "json" | "text";
  readonly colour: boolean;
  /** Takes one line without its end; it must not wait. */
  write(line: string): void;
}

export interface CallLog {
  readonly read: CallReader;
  /** A bug may belong to no call that is followed. */
  bug(event: Extract<GatewayEvent, { type: "bug" }>, wallMs: number): void;
}

/** What `HOLDFAST_LOG` asks for; `undefined`: a value that it does not know. */
export function logFormat(
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): Omit<LogOptions, "write"> | "off" | undefined {
  const asked = env.HOLDFAST_LOG?.trim() || (isTerminal ? "text" : "json");
  if (asked === "off") return "off";
  if (asked !== "json" && asked !== "text") return undefined;
  return { format: asked, colour: wantsColour(env, isTerminal) };
}

/** Colour only on a terminal, and not where `NO_COLOR` is set (https://no-color.org). */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
}

export function createCallLog({ format, colour, write }: LogOptions): CallLog {
  const tint = paint(colour);
  return {
    read: {
      "call-end": (_, call) => write(format === "json" ? JSON.stringify(entry(call)) : callLine(recordOf(call), tint)),
    },
    bug({ call, message, stack }, wallMs) {
      const time = new Date(wallMs).toISOString();
      const text = tint("red", `a bug, in call ${call}: `) + oneLine(message);
      write(format === "json" ? JSON.stringify({ time, level: "error", event: "bug", call, message, stack }) : text);
    },
  };
}

/** The level of a call that ended: errors are ours or a provider's, warnings are the caller's or a lesser answer. */
export function levelOf({ end }: TrackedCall): LogLevel {
  if (end === undefined || end.ending === "cancelled") return "info";
  if (end.ending === "complete") return end.degraded === undefined ? "info" : "warn";
  return end.fault !== undefined && FAULTS[end.fault].blame === "caller" ? "warn" : "error";
}

/** The object of one line. What is absent is unknown or does not apply; JSON leaves it out. */
function entry(call: TrackedCall): Readonly<Record<string, unknown>> {
  const { start, end } = call;
  return {
    time: new Date(call.startedWallMs + (end?.tookMs ?? 0)).toISOString(),
    level: levelOf(call),
    event: "call",
    call: start.call,
    route: start.route,
    operation: start.operation,
    dialect: start.dialect,
    model: start.model,
    stream: start.stream,
    tenant: start.tenant,
    outcome: end?.ending,
    fault: end?.fault,
    target: call.target,
    servedBy: end?.servedBy,
    degraded: end?.degraded,
    attempts: call.attempts.length,
    trail: trailOf(call),
    firstContentMs: rounded(end?.firstContentMs),
    tookMs: rounded(end?.tookMs),
    ...end?.usage,
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10;
}
