// `/admin/v1/beliefs`: what is believed of each target, and how much evidence there is. It only reads: what moves a belief
// is in `health/`.

import type { PageWord } from "../core/cell.ts";
import type { Route } from "../engine/compile.ts";
import type { Engine } from "../engine/engine.ts";
import { ejectAt } from "../health/cusum.ts";
import { rateOf } from "../health/rate.ts";
import type { BeliefChange, BeliefLog } from "../observe/belief-log.ts";

/** One target. Times are ISO 8601 in UTC, rates a second. */
export interface BeliefView {
  readonly target: string;
  readonly domain: string;
  readonly state: "healthy" | "suspect" | "ejected" | "probation" | "ramp";
  /** Absent while nothing has ever changed. */
  readonly since?: string;
  /** It answers later or more slowly than it used to: it keeps a small share of its calls. */
  readonly slow?: true;
  /** Log-evidence that it is sick; at `ejectAt` it is out of rotation. */
  readonly score: number;
  readonly ejectAt: number;
  /** The share of calls that may go there first. */
  readonly admission: number;
  /** Calls whose route has it, and attempts on it. */
  readonly offeredPerS: number;
  readonly attemptedPerS: number;
  /** What its provider's status page says of the API; absent: not read, or not understood. */
  readonly page?: Pick<PageWord, "health" | "models" | "incident">;
  /** The newest first, each with why. Absent where no record is kept. */
  readonly changes?: readonly BeliefChange[];
}

const CHANGES_SHOWN = 20;

/** Of each target that a call has come by; no target twice. */
export function listBeliefs(engine: Engine, log?: BeliefLog): readonly BeliefView[] {
  const seen = new Map<string, BeliefView>();
  for (const { keyed } of engine.routes.compiled()) {
    for (const target of keyed) if (!seen.has(target.identity)) seen.set(target.identity, view(engine, target, log));
  }
  return [...seen.values()];
}

function view(
  { cells, runtime }: Engine,
  { id, identity, domain }: Route["keyed"][number],
  log: BeliefLog | undefined,
): BeliefView {
  const cell = cells.belief(identity);
  const nowMs = runtime.clock.now();
  const offsetMs = runtime.wallMs() - nowMs;
  const attemptedPerS = rateOf(cell.attempted, nowMs);
  const { page } = cells.pool(domain);
  return {
    target: id,
    domain,
    state: cell.state,
    ...(cell.sinceMs > 0 && { since: new Date(cell.sinceMs + offsetMs).toISOString() }),
    ...(cell.slow && { slow: true as const }),
    score: rounded(cell.score + cell.silence),
    ejectAt: rounded(ejectAt(attemptedPerS)),
    admission: rounded(Math.min(cell.admission, cell.pageShare)),
    offeredPerS: rounded(rateOf(cell.offered, nowMs)),
    attemptedPerS: rounded(attemptedPerS),
    ...(page !== undefined && nowMs < page.untilMs && { page: pageView(page) }),
    ...(log !== undefined && { changes: log.of(id).slice(0, CHANGES_SHOWN) }),
  };
}

function pageView({ health, models, incident }: PageWord): NonNullable<BeliefView["page"]> {
  return { health, models, ...(incident && { incident }) };
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
