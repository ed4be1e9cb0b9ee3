// Whose outcomes count: no single tenant, and no single prompt that fails wherever it goes, may take a target from all
// others. Pure rules over the belief's cell.

import type { BeliefCell, TenantShare } from "../core/cell.ts";

const WINDOW_MS = 10_000;
/** A tenant that was not heard for this long is none. */
const PRESENT_MS = 60_000;
const UNITS_MAX = 2;
/** Rationing begins with this many. */
const TENANTS_MIN = 3;
const TENANTS_KEPT = 64;
const PROMPTS_KEPT = 64;

/**
 * True when this tenant's outcomes count now. While at least three tenants use the target, one gives it at most two
 * failures in 10 s; beyond that its successes are not heard either, or they would outvote everybody's failures.
 */
export function tenantCounts(cell: BeliefCell, tenant: string, failed: boolean, nowMs: number): boolean {
  const share = shareOf(cell, tenant, nowMs);
  if (nowMs - share.sinceMs >= WINDOW_MS || nowMs < share.sinceMs) {
    share.sinceMs = nowMs;
    share.units = 0;
  }
  const muted = share.units >= UNITS_MAX && severalTenants(cell, nowMs);
  if (failed && !muted) share.units++;
  return !muted;
}

function shareOf({ tenants }: BeliefCell, tenant: string, nowMs: number): TenantShare {
  const known = tenants.get(tenant);
  if (known !== undefined) return known;
  const oldest = tenants.size >= TENANTS_KEPT ? tenants.keys().next().value : undefined;
  if (oldest !== undefined) tenants.delete(oldest);
  const made = { sinceMs: nowMs, units: 0 };
  tenants.set(tenant, made);
  return made;
}

function severalTenants({ tenants }: BeliefCell, nowMs: number): boolean {
  if (tenants.size < TENANTS_MIN) return false;
  let present = 0;
  for (const { sinceMs } of tenants.values()) if (nowMs - sinceMs < PRESENT_MS) present++;
  return present >= TENANTS_MIN;
}

/**
 * True when the failure of this prompt counts. The same prompt failing again says nothing new of the target if others
 * succeeded in between: it may be the prompt. Where nothing succeeds, or the fault says that it is not the prompt's
 * (overload, no connection), every failure counts.
 */
export function promptCounts({ prompts, successes }: BeliefCell, prompt: string): boolean {
  const before = prompts.get(prompt);
  prompts.delete(prompt);
  const oldest = prompts.size >= PROMPTS_KEPT ? prompts.keys().next().value : undefined;
  if (oldest !== undefined) prompts.delete(oldest);
  prompts.set(prompt, successes);
  return before === undefined || before === successes;
}

/** A prompt that succeeds is not what fails. `lookUp` is called only while there is something to find. */
export function promptSucceeded(cell: BeliefCell, lookUp: () => string): void {
  if (cell.prompts.size > 0 && cell.prompts.delete(lookUp())) return;
  cell.successes++;
}
