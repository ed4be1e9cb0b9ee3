// The state of what a target takes over from others; beside the other cells for its length alone.

/** What other targets' load a target may take over, and what it had of its own. */
export interface HeadroomCell {
  /** The present minute (when it began), what was sent in it and what is proven, in input tokens a minute. */
  minuteMs: number;
  tokens: number;
  provenTokens: number;
  /** How much more may come at once: tokens, as of then. */
  readonly growth: { level: number; atMs: number };
  /** Calls that came by failover and were answered. */
  readonly accepted: { perS: number; atMs: number };
  /** How many of them a second there were when its provider last refused one for its rate; 0: it did not. */
  refusedAtPerS: number;
  cutAtMs: number;
  /** As `growth`, in calls, by what the refusals taught. */
  readonly learnt: { level: number; atMs: number };
}
