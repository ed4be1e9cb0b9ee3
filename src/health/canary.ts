// Whom to ask for evidence's sake, and what that may cost: minutes in which nobody asks a provider count for the provider,
// and after a failover nobody does. Pure; it moves no belief and changes nothing of who answers.

import type { CanaryCell } from "../core/cell.ts";
import type { TokenPrice } from "../core/target.ts";
import { PROBE_USD } from "./probe.ts";

export interface CanaryCandidate {
  /** At most, in USD. */
  readonly usd: number;
  /** Routing has left it: it is believed to be sick. */
  readonly left: boolean;
  /** On `Clock`: when it was last asked anything, by anybody. */
  readonly askedMs: number;
}

export interface CanaryMoment {
  readonly usdPerDay: number;
  readonly nowMs: number;
  /** On `Clock`: when the present minute began. */
  readonly minuteMs: number;
}

const DAY_MS = 86_400_000;
/** Of the budget, what may go to targets that are merely idle, evenly over the day. The rest waits for an outage. */
const IDLE_SHARE = 0.5;
/** More than such a question has and is answered with. */
const TOKENS_IN = 32;
const TOKENS_OUT = 4;

/** Those that nobody has asked within this minute, as far as the money goes: left ones first, then whoever was not asked for longest. Spends it. */
export function canariesDue<Candidate extends CanaryCandidate>(
  cell: CanaryCell,
  candidates: readonly Candidate[],
  { usdPerDay, nowMs, minuteMs }: CanaryMoment,
): readonly Candidate[] {
  if (nowMs - cell.dayStartMs >= DAY_MS || nowMs < cell.dayStartMs) {
    cell.dayStartMs = nowMs;
    cell.spentUsd = 0;
    cell.idleUsd = 0;
  }
  const idleMax = IDLE_SHARE * usdPerDay * ((nowMs - cell.dayStartMs) / DAY_MS);
  return candidates
    .filter(({ askedMs }) => askedMs < minuteMs)
    .sort((a, b) => Number(b.left) - Number(a.left) || a.askedMs - b.askedMs)
    .filter(({ usd, left }) => {
      // Sums of such fractions are a little off.
      const over = usd * 1e-6;
      if (cell.spentUsd + usd > usdPerDay + over) return false;
      if (!left && cell.idleUsd + usd > idleMax + over) return false;
      cell.spentUsd += usd;
      if (!left) cell.idleUsd += usd;
      return true;
    });
}

/** What one such question costs at most; where no price is known, what probes are reckoned at. */
export function canaryUsd(price: TokenPrice | undefined): number {
  if (price === undefined) return PROBE_USD;
  return Math.max(PROBE_USD, (TOKENS_IN * price.inputPerMillionUsd + TOKENS_OUT * price.outputPerMillionUsd) / 1e6);
}
