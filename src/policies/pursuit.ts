// A call under way among a route's targets, as the parts of `pursue` share it, and how it looks to the rule that decides.

import type { Call, Criticality } from "../core/call.ts";
import type { Cells, OutageCell } from "../core/cell.ts";
import type { FaultKind } from "../core/fault.ts";
import type { AttemptRecord, Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import type { HedgeSettings } from "../core/settings.ts";
import { mayRetry } from "./budget.ts";
import type { Room } from "./headroom.ts";
import type { KeyStanding } from "./key-rotation.ts";
import type { Candidate, Situation, Tried } from "./next-move.ts";
import type { Standpoint } from "./shed.ts";

/** A target as pursue sees it. The trail of what `attempt` gives holds its own record alone. */
export interface Pursued {
  /** As users and operators know it. */
  readonly id: string;
  /** What its cells are found by: the same name at another url is another target. */
  readonly identity: string;
  readonly domain: string;
  readonly model: string;
  /** Takes the key that is best now, and notes what came of it. */
  attempt(call: Call, scope: Scope, number: number): Promise<Reply>;
  keys(nowMs: number): KeyStanding;
  /** Why it cannot hold the call, where that is known. */
  lacking?(call: Call): FaultKind | undefined;
  readonly contextTokens?: number | undefined;
  /** What is believed of it, for this call; asked once a call. */
  stand(call: Call, scope: Scope): Standpoint;
  /** Believed not to answer, as of now; moves nothing. */
  isDown(nowMs: number): boolean;
  /** See `Candidate.soonestMs`. */
  soonestMs(call: Call): number;
  /** See `Candidate.full`. */
  isFull(tenant: string, strained: boolean, nowMs: number): boolean;
  /** Of what would come to it by failover; absent: it takes everything. */
  readonly headroom?: Headroom;
  /** What a route that hedges must know of it; absent: it is never hedged. */
  readonly hedging?: Hedging;
}

export interface Headroom {
  room(call: Call, criticality: Criticality, nowMs: number): Room;
  /** A call that came by failover was answered; or refused for its rate, when no other key could take it. */
  answered(nowMs: number): void;
  refused(nowMs: number): void;
}

export interface Hedging {
  /** Nothing is held against it now. */
  isWell(): boolean;
  /** By when this share of such calls has its first content; `undefined` while too little is known. */
  lateMs(call: Call, share: number): number | undefined;
  /** Of its answers in the mean. */
  outputTokens(): number;
  /** What such a call may cost there, with so long an answer; `undefined` without a price. */
  usd(call: Call, outputTokens: number): number | undefined;
}

/** Another first target than the best, for a call that fares better there. */
export interface Favour {
  choose(call: Call, nowMs: number): Favoured | undefined;
  /** Told when another target than the first answered; `chosen` is what `choose` said before. */
  answered(call: Call, place: number, nowMs: number, chosen: Favoured | undefined): void;
}

export interface Favoured {
  /** Absent: none. */
  readonly place: number | undefined;
  /** The conversation it belongs to, so that it is looked up once. */
  readonly conversation: { readonly key: string; readonly continued: boolean } | undefined;
}

export interface HedgeRule extends HedgeSettings {
  /** False for a call that must not be sent twice. Asked only when one is late. */
  isSafe(call: Call): boolean;
}

export interface PursueRules {
  /** The route: what its admission is found by. */
  readonly route: string;
  /** Of calls that say nothing of their own. */
  readonly criticality: Criticality;
  readonly attemptsMax: number;
  readonly retryWaitMs: number;
  readonly totalMs: number;
  /** Whether anybody was answered since somebody was refused. */
  readonly outage: OutageCell;
  /** An answer is at hand for when no target can: asked only where nobody is believed to answer. */
  readonly spared?: ((call: Call, scope: Scope) => boolean) | undefined;
  /** Absent: never. */
  readonly hedge?: HedgeRule | undefined;
  /** Absent: the route has one target. */
  readonly favour?: Favour | undefined;
}

export interface Pursuit {
  readonly targets: readonly Pursued[];
  readonly rules: PursueRules;
  readonly cells: Cells;
  readonly call: Call;
  readonly scope: Scope;
  readonly dueMs: number;
  /** Less those that another attempt of the same call outran, more by those in which nothing was sent. */
  attemptsMax: number;
  started: number;
  readonly favoured: Favoured | undefined;
  readonly failedBefore: ReadonlySet<string>;
  /** As it was before the call's own attempts. */
  readonly standings: readonly Standpoint[];
  /** No outage was noticed when it began, and its client has nothing of it yet. */
  readonly begunInCalm: boolean;
  /** It has a deadline of its own, and is not among the few that try what seems too late. */
  readonly hurried: boolean;
  /** On `Clock`: how long it may wait for room, once it has to. */
  queueUntilMs: number | undefined;
  readonly history: Tried[];
  readonly trail: AttemptRecord[];
}

export function situation(pursuit: Pursuit): Situation {
  const { targets, rules, scope, history } = pursuit;
  const nowMs = scope.runtime.clock.now();
  const candidates: Candidate[] = [];
  for (const target of targets) candidates.push(candidateOf(pursuit, target, candidates.length, nowMs));
  return {
    history,
    candidates,
    attemptsMax: pursuit.attemptsMax,
    retryWaitMs: rules.retryWaitMs,
    favoured: pursuit.favoured?.place,
    remainingMs: pursuit.dueMs - nowMs,
    random: scope.runtime.random(),
  };
}

function candidateOf(pursuit: Pursuit, target: Pursued, index: number, nowMs: number): Candidate {
  const { cells, history } = pursuit;
  const cell = cells.target(target.identity);
  const { pausedMs, noKey, spareKey } = target.keys(nowMs);
  const strained = pursuit.standings[index]?.strained ?? false;
  const room = index === 0 ? "free" : roomAt(pursuit, target, nowMs);
  return {
    domain: target.domain,
    pausedMs: Math.max(pausedMs, cell.pausedUntilMs - nowMs),
    waitedFor: cell.waiting,
    // Nothing is tried again before something failed.
    mayRetry: history.length === 0 || mayRetry(cells.budget(target.domain), costOf(pursuit, target)),
    failedBefore: pursuit.failedBefore.has(target.id),
    drained: cells.drains.untilMs(target.id) > nowMs,
    noKey,
    spareKey,
    admitted: pursuit.standings[index]?.admitted ?? true,
    strained,
    spared: pursuit.standings[index]?.spared,
    lacking: target.lacking?.(pursuit.call),
    contextTokens: target.contextTokens,
    soonestMs: pursuit.hurried ? target.soonestMs(pursuit.call) : 0,
    full: room === "full" || target.isFull(pursuit.call.tenant, strained, nowMs),
    crowded: room === "crowded",
  };
}

/** What the call is expected to cost there; `undefined` without a price. */
export function costOf({ call }: Pursuit, { hedging }: Pursued): number | undefined {
  return hedging?.usd(call, hedging.outputTokens());
}

function roomAt({ call, rules }: Pursuit, { headroom }: Pursued, nowMs: number): Room {
  return headroom === undefined ? "free" : headroom.room(call, call.criticality ?? rules.criticality, nowMs);
}
