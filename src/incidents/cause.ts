// What kind of thing probably went wrong, by what calls saw and by what the provider says. A suspicion with its evidence,
// never a verdict: where nothing points anywhere it says so.

import { FAULTS, type FaultKind } from "../core/fault.ts";
import type { CauseClass, Incident, Suspicion } from "../core/incident.ts";

/** From this share of the faults on, a kind of fault names the suspicion. */
const MAIN_SHARE = 0.5;

interface Group {
  readonly class: CauseClass;
  readonly kinds: readonly FaultKind[];
  readonly says: string;
}

const GROUPS: readonly Group[] = [
  { class: "demand", kinds: ["overloaded"], says: "it says that it is overloaded" },
  {
    class: "infrastructure",
    kinds: ["connect-failed", "connect-timeout", "stream-broken"],
    says: "connections fail or are cut",
  },
  {
    class: "infrastructure",
    kinds: ["first-token-timeout", "whole-timeout", "idle-timeout"],
    says: "it accepts calls and stays silent",
  },
  {
    class: "deployment or configuration",
    kinds: ["malformed-reply", "empty-reply", "model-missing"],
    says: "it answers with what its own API does not allow",
  },
];

export interface Surroundings {
  /** Other providers whose trouble began within the same minute. */
  readonly alike: readonly string[];
}

export function suspect(incident: Incident, { alike }: Surroundings): Suspicion {
  if (incident.edge === "account") return ofAccount(incident);
  const total = Object.values(incident.faults).reduce((sum, count) => sum + count, 0);
  if (total === 0) return { class: "unknown", evidence: ["no failed attempt has been seen yet"] };
  const evidence = topFaults(incident.faults, total);
  const share = (kinds: readonly FaultKind[]): number =>
    kinds.reduce((sum, kind) => sum + (incident.faults[kind] ?? 0), 0) / total;
  if (alike.length > 0 && share(["connect-failed", "connect-timeout"]) >= MAIN_SHARE) {
    const others = `${alike.join(", ")} became unreachable within the same minute: our own network is nearer than both`;
    return { class: "ours", evidence: [...evidence, others] };
  }
  const main = GROUPS.find(({ kinds }) => share(kinds) >= MAIN_SHARE);
  if (main === undefined) return { class: "unknown", evidence };
  return { class: main.class, evidence: [...evidence, main.says] };
}

function ofAccount({ faults }: Incident): Suspicion {
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  const evidence = topFaults(faults, total);
  const rejected = (faults["credential-rejected"] ?? 0) > 0;
  return rejected
    ? {
        class: "ours",
        evidence: [...evidence, "our key is rejected: it was revoked, has expired, or is the wrong one"],
      }
    : { class: "quota", evidence };
}

function topFaults(faults: Readonly<Record<string, number>>, total: number): string[] {
  return Object.entries(faults)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([kind, count]) => `${kind} in ${count} of ${total} failed attempts (${summaryOf(kind)})`);
}

export function summaryOf(kind: string): string {
  // Kinds come from the table; a stored incident may be older than it.
  return Object.hasOwn(FAULTS, kind) ? FAULTS[kind as FaultKind].summary : "a fault of an earlier version";
}

/** The words by which providers name causes; the first class with a word of its own wins. */
const STATED: readonly (readonly [CauseClass, RegExp])[] = [
  ["security", /\b(security|ddos|denial[- ]of[- ]service|attack|malicious|abuse|credential leak)\b/i],
  ["database", /\b(database|db|replica(?:tion)?|storage|shards?|primary node|query|queries)\b/i],
  [
    "deployment or configuration",
    /\b(deploy(?:ment|ed|s)?|rollout|rolled? back|roll(?:ed|ing)? back|release|config(?:uration)?|misconfigur\w*|change|upgrade|migration|regression)\b/i,
  ],
  ["quota", /\b(quota|billing|rate[- ]limit\w*|spend limit|credits?)\b/i],
  ["demand", /\b(capacity|load|demand|traffic spike|surge|traffic|overload\w*|saturat\w*)\b/i],
  [
    "infrastructure",
    /\b(network\w*|hardware|power|data ?cent(?:er|re)|dns|infrastructure|gpus?|hosts?|cluster|load balancer|cloud provider|upstream|certificate|capacity loss)\b/i,
  ],
];
const QUOTE_MAX = 240;

/** The cause that a page's words state; `undefined` where they state none. */
export function statedCause(text: string): { readonly class: CauseClass; readonly quote: string } | undefined {
  // A sentence that says that nothing is known yet states no cause.
  const sentences = text
    .split(/(?<=[.!?])\s+/)
    .filter((sentence) =>
      /\b(caus|due to|because|result of|root|identified|fix|issue with|problem with)/i.test(sentence),
    );
  for (const sentence of sentences) {
    const found = STATED.find(([, words]) => words.test(sentence));
    if (found !== undefined) return { class: found[0], quote: sentence.trim().slice(0, QUOTE_MAX) };
  }
  return undefined;
}
