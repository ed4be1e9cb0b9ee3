// Page's CUSUM over Bernoulli outcomes: each failure or success moves one log-likelihood score, which never goes below 0
// and says "sick" at a threshold. It sees 0.5 % become 40 % after about ten calls and is wrong once in 10⁷ (Page 1954;
// figures in docs/adr/0010-belief.md). It knows no states: those are in `belief.ts`.

/** The failure rates that a score weighs against each other. */
export interface Hypotheses {
  readonly failed: number;
  readonly succeeded: number;
}

function hypotheses(well: number, sick: number): Hypotheses {
  return { failed: Math.log(sick / well), succeeded: Math.log((1 - sick) / (1 - well)) };
}

export const DETECTION = hypotheses(0.02, 0.25);
/** On the way back ordinary noise must not cut. */
export const RECOVERY = hypotheses(0.03, 0.3);

/**
 * For a while after it came back: what an outage leaves behind is no other one. The way back is open to up to 3.4 % of failures
 * (`ramp.ts`); who was called well with those must not be left for them. The fifth off is as if a quarter more ejected.
 */
export const AFTERMATH = scaled(RECOVERY, 0.8);

function scaled({ failed, succeeded }: Hypotheses, by: number): Hypotheses {
  return { failed: by * failed, succeeded: by * succeeded };
}

/** At this score a target is out of rotation; more calls a second need more, or chance would do it. */
export function ejectAt(ratePerS: number): number {
  return 8 + 2 * Math.log10(Math.max(1, ratePerS));
}

/** No score is further from the way back than this. */
const SCORE_MAX = 40;

/** `weight` 0..2: how much this outcome says; a success is told in halves, at its first content and at its end. */
export function scored(score: number, how: Hypotheses, failed: boolean, weight: number): number {
  const next = score + weight * (failed ? how.failed : how.succeeded);
  return Math.min(SCORE_MAX, Math.max(0, next));
}
