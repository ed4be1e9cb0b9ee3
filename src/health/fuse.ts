// How a provider's status page moves a belief: not at all by itself. Where its own calls already speak against a target, a
// page that says the same makes that evidence count for more, so that it is left sooner. Pages are late, wrong and about
// other things too often for more than that (figures in docs/adr/0019-status-pages.md). Recovery never asks the page.

import type { PageWord } from "../core/cell.ts";
import { isMeant } from "../core/model-name.ts";
import type { PageHealth } from "../core/status-page.ts";

/** The most that a page may add, as a share of what ejects. Maintenance and the unknown are no evidence. */
const SHARE: Readonly<Record<PageHealth, number>> = {
  operational: 0,
  maintenance: 0,
  unknown: 0,
  degraded: 1 / 8,
  partial_outage: 1 / 4,
  major_outage: 1 / 2,
};

/** One failed call gives so much: what every target has now and then, and what no page may double. */
const ONE_FAILURE = 2.53;

/** What the page adds to `own` evidence, where `limit` ejects. 0 without evidence of our own, whatever it says. */
export function pageEvidence(
  word: PageWord | undefined,
  model: string,
  { own, limit }: { readonly own: number; readonly limit: number },
  nowMs: number,
): number {
  if (word === undefined || own <= ONE_FAILURE) return 0;
  const most = SHARE[word.health] * limit;
  return most === 0 || !isAbout(word, model, nowMs) ? 0 : Math.min(most, own - ONE_FAILURE);
}

/** Where too few calls would tell, what its page says is worth a probe so often. */
const PROBE_EVERY_MS: Readonly<Partial<Record<PageHealth, number>>> = {
  degraded: 300_000,
  partial_outage: 180_000,
  major_outage: 60_000,
};

/** `undefined`: it says nothing that is worth one. */
export function wordProbeEveryMs(word: PageWord | undefined, model: string, nowMs: number): number | undefined {
  const everyMs = word === undefined ? undefined : PROBE_EVERY_MS[word.health];
  return word !== undefined && everyMs !== undefined && isAbout(word, model, nowMs) ? everyMs : undefined;
}

const HALF = 0.5;
/** What one failed probe leaves behind, and one failed call does not. */
const FAILED_PROBE = 3;

/**
 * Of the few calls that come, the share that may go first to a target whose page says that it is down: half of them while
 * nothing of our own speaks against it, none once a probe has failed, too, until the next one tells. All, whatever the page
 * says, where there are calls enough to tell; and all once it says that it is repaired and watched.
 */
export function wordShare(
  word: PageWord | undefined,
  model: string,
  { score, isSeldom }: { readonly score: number; readonly isSeldom: boolean },
  nowMs: number,
): number {
  if (word?.health !== "major_outage" || word.easing === true || !isSeldom || !isAbout(word, model, nowMs)) return 1;
  return score >= FAILED_PROBE ? 0 : HALF;
}

/** Its page names other models as sick, and not this one: the trouble is theirs, not the provider's. */
export function isSpared(word: PageWord, model: string, nowMs: number): boolean {
  return SHARE[word.health] > 0 && nowMs < word.untilMs && !isAbout(word, model, nowMs);
}

function isAbout({ models, untilMs }: PageWord, model: string, nowMs: number): boolean {
  return nowMs < untilMs && (models.length === 0 || models.some((named) => isMeant(model, named)));
}
