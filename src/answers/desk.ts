// Kept answers for a call while all is well: found by its keys, and, where none may be given, one upstream call for all who
// ask the very same. What is kept and for how long is elsewhere.

import type { Call } from "../core/call.ts";
import type { AnswerKeys, KeptAnswer } from "../core/cell.ts";
import type { Desk } from "../core/desk.ts";
import type { Answer } from "../core/reply.ts";
import type { HeaderMap } from "../core/runtime.ts";
import type { Scope } from "../core/service.ts";
import type { Flights } from "./flight.ts";
import { mayGive } from "./freshness.ts";
import { type KeyContext, questionKeys } from "./question-key.ts";
import type { Shelf } from "./recorder.ts";
import { spoken } from "./spoken.ts";

export interface DeskOptions {
  readonly shelf: Shelf;
  readonly keys: KeyContext;
  readonly flights: Flights;
}

export function createDesk({ shelf, keys: context, flights }: DeskOptions): Desk {
  const keysOf = (call: Call, { runtime }: Scope) => questionKeys(call, context, runtime);
  const find = (keys: AnswerKeys | undefined, call: Call, { runtime }: Scope): Answer | undefined => {
    const nowMs = runtime.clock.now();
    const kept = keys && shelf.find(call, keys, nowMs);
    if (kept === undefined || !mayGive(kept, call.cache, nowMs, false)) return undefined;
    const { texts, calls, target, model } = kept;
    const speech = { texts, calls, target, model, headers: headersOf(kept, nowMs), is: { servedBy: "cache" } as const };
    return spoken(speech, context.client, call, runtime);
  };
  return {
    give: (call, scope) => find(keysOf(call, scope), call, scope),
    giveOrAsk(call, scope, next) {
      const keys = keysOf(call, scope);
      const kept = find(keys, call, scope);
      if (kept !== undefined || keys === undefined) return kept ?? next(call, scope);
      return flights.board(flightOf(call, keys.exact), call, scope, next);
    },
  };
}

/** What makes two answers to one question differ in their bytes. */
function flightOf({ tenant, dialect, stream, inspected, strict, headers }: Call, exact: string): string {
  const { includeUsage = false } = inspected.streamOptions ?? {};
  const version = headers["anthropic-version"] ?? "";
  return JSON.stringify([tenant, dialect, stream, includeUsage, strict ?? "", version, exact]);
}

function headersOf({ atMs, freshUntilMs }: KeptAnswer, nowMs: number): HeaderMap {
  return {
    age: String(Math.max(0, Math.floor((nowMs - atMs) / 1_000))),
    "cache-status": `holdfast; hit; ttl=${Math.floor((freshUntilMs - nowMs) / 1_000)}`,
  };
}
