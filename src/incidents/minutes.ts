// How bad it was, minute by minute: what a drill of the incident is made of. Bounded: a long incident has longer minutes.

import type { Incident, IncidentMinute } from "../core/incident.ts";

const MINUTE_MS = 60_000;
const KEPT_MAX = 240;

export function noteMinute(
  { minutes }: Incident,
  { attempts, failed }: { readonly attempts: number; readonly failed: number },
  nowMs: number,
): void {
  const last = minutes[minutes.length - 1];
  const widthMs = widthOf(minutes);
  if (last === undefined || nowMs >= last.atMs + widthMs) {
    if (minutes.length >= KEPT_MAX) halve(minutes);
    const minute = { atMs: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS, attempts, failed };
    minutes.push(minute);
    if (failed > 0) failedIn(minute, nowMs);
    return;
  }
  last.attempts += attempts;
  last.failed += failed;
  if (failed > 0) failedIn(last, nowMs);
}

function failedIn(minute: IncidentMinute, nowMs: number): void {
  minute.lastFailedMs = nowMs;
  minute.attemptsByThen = minute.attempts;
}

/** Between the first two; a list that was halved has gaps of more. */
function widthOf(minutes: Incident["minutes"]): number {
  return minutes.length < KEPT_MAX / 2
    ? MINUTE_MS
    : Math.max(MINUTE_MS, (minutes[1]?.atMs ?? 0) - (minutes[0]?.atMs ?? 0));
}

/** Two become one. */
function halve(minutes: Incident["minutes"]): void {
  const merged = [];
  for (let at = 0; at < minutes.length; at += 2) {
    const [one, other] = [minutes[at], minutes[at + 1]];
    if (one === undefined) continue;
    const both = {
      atMs: one.atMs,
      attempts: one.attempts + (other?.attempts ?? 0),
      failed: one.failed + (other?.failed ?? 0),
    };
    merged.push({ ...both, ...lastOf(one, other) });
  }
  minutes.splice(0, minutes.length, ...merged);
}

/** Of two that become one. */
function lastOf(one: IncidentMinute, other: IncidentMinute | undefined): Partial<IncidentMinute> {
  if (other?.lastFailedMs !== undefined) {
    return { lastFailedMs: other.lastFailedMs, attemptsByThen: one.attempts + (other.attemptsByThen ?? 0) };
  }
  const { lastFailedMs, attemptsByThen } = one;
  return lastFailedMs === undefined ? {} : { lastFailedMs, attemptsByThen: attemptsByThen ?? 0 };
}
