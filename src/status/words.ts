// What the words of each vendor mean here, as tables. A word that is not in its table is `unknown`, whatever it is: new
// words come with vendors' releases, and the first of them must not read as "all is well".

import type { PageHealth, PageLifecycle } from "../core/status-page.ts";

type Table<Word extends string> = Readonly<Record<string, Word>>;

/** Components: Statuspage, incident.io (`full_outage`), Instatus (upper case, no underscores). */
const COMPONENT: Table<PageHealth> = {
  operational: "operational",
  degraded_performance: "degraded",
  degradedperformance: "degraded",
  partial_outage: "partial_outage",
  partialoutage: "partial_outage",
  major_outage: "major_outage",
  majoroutage: "major_outage",
  full_outage: "major_outage",
  under_maintenance: "maintenance",
  undermaintenance: "maintenance",
};

/** What an incident claims to be; `none` claims nothing. */
const IMPACT: Table<PageHealth> = {
  minor: "degraded",
  major: "partial_outage",
  critical: "major_outage",
  maintenance: "maintenance",
  degraded_performance: "degraded",
  degradedperformance: "degraded",
  minoroutage: "degraded",
  partial_outage: "partial_outage",
  partialoutage: "partial_outage",
  major_outage: "major_outage",
  majoroutage: "major_outage",
  full_outage: "major_outage",
  under_maintenance: "maintenance",
};

const LIFECYCLE: Table<PageLifecycle> = {
  investigating: "investigating",
  update: "investigating",
  identified: "identified",
  fixing: "identified",
  in_progress: "identified",
  inprogress: "identified",
  maintenance_in_progress: "identified",
  monitoring: "monitoring",
  verifying: "monitoring",
  resolved: "resolved",
  completed: "resolved",
  maintenance_complete: "resolved",
  postmortem: "postmortem",
};

function found<Word extends string>(table: Table<Word>, word: unknown): Word | undefined {
  if (typeof word !== "string") return undefined;
  const key = word.trim().toLowerCase().replace(/[ -]/g, "_");
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** The word of a table, exactly as the vendor writes it. */
export function wordIn<Word extends string>(table: Table<Word>, word: string | undefined): Word | undefined {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}

export function componentHealth(word: unknown): PageHealth {
  return found(COMPONENT, word) ?? "unknown";
}

export function impactClaimed(word: unknown): PageHealth {
  return found(IMPACT, word) ?? "unknown";
}

export function lifecycleOf(word: unknown): PageLifecycle {
  return found(LIFECYCLE, word) ?? "unknown";
}

export function isOver(lifecycle: PageLifecycle): boolean {
  return lifecycle === "resolved" || lifecycle === "postmortem";
}

const ORDER: readonly PageHealth[] = [
  "operational",
  "maintenance",
  "unknown",
  "degraded",
  "partial_outage",
  "major_outage",
];

/** The worst of them; of none, `unknown`. What is not known outweighs what is well, and not what is known to be ill. */
export function worstOf(healths: readonly PageHealth[]): PageHealth {
  if (healths.length === 0) return "unknown";
  return ORDER[Math.max(...healths.map((health) => ORDER.indexOf(health)))] ?? "unknown";
}
