// The facts of one call as the engine tells them, from a few words: for tests of what reads facts. No engine is involved.

import type { FaultKind } from "../../src/core/fault.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { Usage } from "../../src/core/usage.ts";

export interface ScriptedCall {
  readonly id: string;
  readonly atMs?: number;
  readonly route?: string;
  readonly model?: string;
  readonly tenant?: string;
  readonly stream?: boolean;
  /** In order: the target, and the fault it was left for; the last one without a fault answers. Each takes 100 ms. */
  readonly attempts?: readonly (readonly [target: string, fault?: FaultKind])[];
  readonly ending?: "complete" | "broken" | "cancelled" | "refused";
  readonly fault?: FaultKind;
  readonly degraded?: "model";
  /** Before the second attempt. */
  readonly waitMs?: number;
  readonly usage?: Usage;
  readonly trace?: { readonly parent: string; readonly state?: string };
}

const ATTEMPT_MS = 100;
const FIRST_MS = 40;

export function callFacts(script: ScriptedCall): GatewayEvent[] {
  const { id, atMs = 0, attempts = [["alpha/a"]], ending = "complete", stream = true } = script;
  const start: GatewayEvent = {
    type: "call-start",
    atMs,
    call: id,
    route: script.route ?? "chat",
    operation: "generate",
    dialect: "anthropic-messages",
    model: script.model ?? "chat",
    stream,
    tenant: script.tenant ?? "default",
    ...(script.trace && { trace: script.trace }),
  };
  const facts: GatewayEvent[] = [start];
  let nowMs = atMs;
  attempts.forEach(([target, fault], index) => {
    const number = index + 1;
    if (number === 2 && script.waitMs !== undefined) {
      facts.push({ type: "retry-wait", atMs: nowMs, call: id, target, delayMs: script.waitMs });
      nowMs += script.waitMs;
    }
    facts.push({ type: "attempt-start", atMs: nowMs, call: id, target, number });
    const answers = index === attempts.length - 1 && ending !== "refused";
    if (answers) facts.push({ type: "call-commit", atMs: nowMs + FIRST_MS, call: id, target, attempts: number });
    nowMs += ATTEMPT_MS;
    facts.push({
      type: "attempt-end",
      atMs: nowMs,
      call: id,
      target,
      number,
      ...(fault !== undefined && { fault, message: `it said ${fault}`, status: 529 }),
      committed: answers,
      ...(answers && { firstContentMs: FIRST_MS, requestId: `req_${id}` }),
      ...(answers && script.usage && { usage: script.usage }),
      tookMs: ATTEMPT_MS,
      pausedMs: 0,
    });
  });
  const last = attempts.at(-1);
  facts.push({
    type: "call-end",
    atMs: nowMs,
    call: id,
    ending,
    attempts: attempts.length,
    tookMs: nowMs - atMs,
    ...(script.fault !== undefined && { fault: script.fault }),
    ...(ending !== "refused" && last && { target: last[0], servedBy: "target" as const }),
    ...(ending !== "refused" && { firstContentMs: nowMs - atMs - ATTEMPT_MS + FIRST_MS }),
    ...(script.degraded && { degraded: script.degraded }),
    ...(script.usage && ending !== "refused" && { usage: script.usage }),
  });
  return facts;
}
