// `GET /admin/v1/slos`: how the objectives stand now, or how they stood over a month or another time in the past.

import type { SloReading, SloSpan } from "../core/slo.ts";
import type { Observers } from "../observe/observers.ts";
import { spanOf } from "../reports/span.ts";
import { type AdminFault, adminFault } from "./admin-fault.ts";
import { unknownParameter } from "./admin-query.ts";

const KNOWN = ["month", "from", "to"];
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export function listSlos(
  observers: Observers | undefined,
  query: URLSearchParams,
  nowMs: number,
): AdminFault | { readonly slos: readonly SloReading[] } {
  const unknown = unknownParameter(query, KNOWN);
  if (unknown !== undefined) return unknown;
  if (query.size === 0) return { slos: observers?.slos?.() ?? [] };
  const span = sloSpanOf({ month: get(query, "month"), from: get(query, "from"), to: get(query, "to") }, nowMs);
  if (typeof span === "string") return adminFault(400, "invalid-request", `${span}.`);
  try {
    return { slos: observers?.pastSlos?.(span) ?? [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return adminFault(503, "unavailable", `What was counted cannot be read: ${reason}.`);
  }
}

function get(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) ?? undefined;
}

/** As flags say it; a month stays one, since objectives have time zones. A sentence for what is wrong. */
export function sloSpanOf(wish: Parameters<typeof spanOf>[0], nowMs: number): SloSpan | string {
  const span = spanOf(wish, nowMs);
  if (typeof span === "string") return span;
  // Where a month begins a day earlier than in UTC it may have.
  if (span.fromMinute * MINUTE_MS > nowMs + DAY_MS) return `${wish.month ?? wish.from} has not begun`;
  if (wish.month !== undefined) return { month: wish.month };
  return { fromMs: span.fromMinute * MINUTE_MS, toMs: span.toMinute * MINUTE_MS };
}
