// Owns the attempts of a call: asks the rule for the next move, makes it, tells the cells what came of it. The thin shell
// around `nextMove`; what an attempt is, it does not know.

import type { Call } from "../core/call.ts";
import type { BudgetCell, Cells } from "../core/cell.ts";
import { FAULTS, type Fault, fault } from "../core/fault.ts";
import type { Answer, AttemptRecord, Degraded, Refusal, Reply } from "../core/reply.ts";
import type { Scope, Service } from "../core/service.ts";
import type { HedgeSettings } from "../core/settings.ts";
import { sleep } from "../core/timing.ts";
import { fundRetry, isFull, mayRetry, spendRetry } from "./budget.ts";
import { fundHedge, hedgeAfterMs, mayHedge, spendHedge } from "./hedge.ts";
import { isKeyFault, type KeyStanding } from "./key-rotation.ts";
import { type Candidate, hedgeMove, type Move, nextMove, type Situation, type Tried } from "./next-move.ts";
import { type Leg, race } from "./race.ts";
import { verdict } from "./verdict.ts";

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
  /** What is believed of it, for this call; asked once a call. */
  stand(call: Call, scope: Scope): Pick<Candidate, "admitted" | "strained">;
  /** What a route that hedges must know of it; absent: it is never hedged. */
  readonly hedging?: Hedging;
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
  choose(call: Call, nowMs: number): number | undefined;
  /** Told when another target than the first answered. */
  answered(call: Call, place: number, nowMs: number): void;
}

export interface HedgeRule extends HedgeSettings {
  /** Its cell's key. */
  readonly route: string;
  /** False for a call that must not be sent twice. Asked only when one is late. */
  isSafe(call: Call): boolean;
}

export interface PursueRules {
  readonly attemptsMax: number;
  readonly retryWaitMs: number;
  readonly totalMs: number;
  /** Absent: never. */
  readonly hedge?: HedgeRule | undefined;
  /** Absent: the route has one target. */
  readonly favour?: Favour | undefined;
}

interface Pursuit {
  readonly targets: readonly Pursued[];
  readonly rules: PursueRules;
  readonly cells: Cells;
  readonly call: Call;
  readonly scope: Scope;
  readonly dueMs: number;
  /** Less those that another attempt of the same call outran. */
  attemptsMax: number;
  started: number;
  readonly favoured: number | undefined;
  readonly failedBefore: ReadonlySet<string>;
  /** As it was before the call's own attempts. */
  readonly standings: readonly Pick<Candidate, "admitted" | "strained">[];
  readonly history: Tried[];
  readonly trail: AttemptRecord[];
}

const NONE: ReadonlySet<string> = new Set();

/** What is known of a call that the client sends again (`x-stainless-retry-count`). */
export interface Earlier {
  readonly attempts: number;
  readonly failed: ReadonlySet<string>;
}

export function pursue(
  targets: readonly Pursued[],
  rules: PursueRules,
  cells: Cells,
  earlier: (call: Call, nowMs: number) => Earlier | undefined,
): Service {
  return (call, scope) => {
    const nowMs = scope.runtime.clock.now();
    const before = call.retryCount > 0 ? earlier(call, nowMs) : undefined;
    return run({
      targets,
      rules,
      cells,
      call,
      scope,
      dueMs: Math.min(nowMs + rules.totalMs, call.deadlineMs),
      attemptsMax: Math.max(1, rules.attemptsMax - (before?.attempts ?? 0)),
      started: 0,
      favoured: rules.favour?.choose(call, nowMs),
      failedBefore: before?.failed ?? NONE,
      standings: targets.map((target) => target.stand(call, scope)),
      history: [],
      trail: [],
    });
  };
}

async function run(pursuit: Pursuit): Promise<Reply> {
  const { targets, call, scope, history, trail } = pursuit;
  for (;;) {
    const move = nextMove(situation(pursuit));
    if (move.type === "stop") return refuse(pursuit, stopped(pursuit));
    const target = targets[move.candidate];
    if (target === undefined) return refuse(pursuit, fault("bug", "a move to a target that does not exist"));
    if (move.afterMs > 0) await wait(pursuit, move, target);
    if (scope.cancel.fault !== undefined) return refuse(pursuit, scope.cancel.fault);
    if (move.retry) spendRetry(pursuit.cells.budget(target.domain));
    const hedge = history.length === 0 ? pursuit.rules.hedge : undefined;
    if (hedge !== undefined) {
      const answered = await hedged(pursuit, hedge, move.candidate);
      if (answered !== undefined) return answered;
    } else {
      const reply = await target.attempt(call, scope, ++pursuit.started);
      trail.push(...reply.trail);
      if (reply.ok) return accept(pursuit, target, reply);
      failed(pursuit, move.candidate, reply.fault);
    }
    // The call's own end (client gone, deadline) is never blamed on a target nor followed by another attempt.
    if (scope.cancel.fault !== undefined) return refuse(pursuit, scope.cancel.fault);
  }
}

function failed(pursuit: Pursuit, candidate: number, reason: Fault): void {
  pursuit.history.push({ candidate, fault: reason });
  const target = pursuit.targets[candidate];
  if (target !== undefined) pause(pursuit, target, reason);
}

/** The first attempt, and a second beside it when it is late. `undefined`: neither brought an answer. */
async function hedged(pursuit: Pursuit, rule: HedgeRule, first: number): Promise<Answer | undefined> {
  const { targets, call, scope, cells } = pursuit;
  const target = targets[first];
  if (target === undefined) return undefined;
  const cell = cells.hedge(rule.route);
  // How long the answer gets is the question's doing: of a target that is seldom asked, less is known.
  const outputTokens = target.hedging?.outputTokens() ?? 0;
  fundHedge(cell, rule.share, target.hedging?.usd(call, outputTokens));
  const start = (index: number) => (own: Scope) => targets[index]?.attempt(call, own, ++pursuit.started) ?? nobody();
  const afterMs = hedgeAfterMs(rule, (share) => target.hedging?.lateMs(call, share));
  const places = [first];
  const second = () => {
    if (call.operation !== "generate" || call.delivered !== undefined || !rule.isSafe(call)) return undefined;
    const move = hedgeMove(situation(pursuit), first);
    if (move.type === "stop" || targets[move.candidate]?.hedging?.isWell() !== true) return undefined;
    const usd = targets[move.candidate]?.hedging?.usd(call, outputTokens);
    // From a target under suspicion the call is taken away: to load two providers then would only spread the trouble.
    const instead = target.hedging?.isWell() !== true;
    if (!instead && !mayHedge(cell, usd)) return undefined;
    if (!instead) spendHedge(cell, usd);
    scope.emit({
      type: "hedge",
      atMs: scope.runtime.clock.now(),
      call: call.id,
      target: targets[move.candidate]?.id ?? "?",
      instead,
    });
    places.push(move.candidate);
    return { start: start(move.candidate), instead };
  };
  if (afterMs === undefined || targets.length < 2) {
    const reply = await start(first)(scope);
    return digest(pursuit, places, [{ place: 0, reply, ms: 0 }]);
  }
  const { legs } = await race(scope, { delayMs: afterMs, first: start(first), second });
  return digest(pursuit, places, legs);
}

/** What came of attempts side by side; those that were outrun are told in the trail alone. */
function digest(pursuit: Pursuit, places: readonly number[], legs: readonly Leg[]): Answer | undefined {
  const { targets, trail } = pursuit;
  for (const { place, reply, ms } of legs) {
    const candidate = places[place] ?? 0;
    const target = targets[candidate];
    if (target === undefined) continue;
    trail.push(...(reply?.trail ?? [{ target: target.id, fault: "superseded" as const, ms }]));
    if (reply?.ok === true) return accept(pursuit, target, reply);
    if (reply === undefined || reply.fault.kind === "superseded") pursuit.attemptsMax--;
    else failed(pursuit, candidate, reply.fault);
  }
  return undefined;
}

function nobody(): Promise<Reply> {
  return Promise.resolve({ ok: false, fault: fault("bug", "a move to a target that does not exist"), trail: [] });
}

function stopped({ targets, history, cells, scope }: Pursuit): Fault {
  const nowMs = scope.runtime.clock.now();
  if (history.length === 0 && targets.every(({ id }) => cells.drains.untilMs(id) > nowMs)) {
    return fault("overloaded", "Every target of this route was taken out of rotation by its operator.");
  }
  return verdict(history, (index) => targets[index]?.id ?? "?");
}

function situation(pursuit: Pursuit): Situation {
  const { targets, rules, cells, scope, history } = pursuit;
  const nowMs = scope.runtime.clock.now();
  const candidates = targets.map((target, index): Candidate => {
    const cell = cells.target(target.identity);
    const { pausedMs, noKey, spareKey } = target.keys(nowMs);
    return {
      domain: target.domain,
      pausedMs: Math.max(pausedMs, cell.pausedUntilMs - nowMs),
      waitedFor: cell.waiting,
      mayRetry: mayRetry(cells.budget(target.domain)),
      failedBefore: pursuit.failedBefore.has(target.id),
      drained: cells.drains.untilMs(target.id) > nowMs,
      noKey,
      spareKey,
      admitted: pursuit.standings[index]?.admitted ?? true,
      strained: pursuit.standings[index]?.strained ?? false,
    };
  });
  return {
    history,
    candidates,
    attemptsMax: pursuit.attemptsMax,
    retryWaitMs: rules.retryWaitMs,
    favoured: pursuit.favoured,
    remainingMs: pursuit.dueMs - nowMs,
    random: scope.runtime.random(),
  };
}

async function wait(pursuit: Pursuit, move: Extract<Move, { type: "try" }>, target: Pursued): Promise<void> {
  const { scope, call, cells } = pursuit;
  const { clock } = scope.runtime;
  scope.emit({ type: "retry-wait", atMs: clock.now(), call: call.id, target: target.id, delayMs: move.afterMs });
  const cell = cells.target(target.identity);
  const first = !cell.waiting;
  cell.waiting = true;
  await sleep(clock, move.afterMs, scope.cancel);
  if (first) cell.waiting = false;
}

/** The provider asked for a pause. What it says of one key is noted with that key, so that the others go on. */
function pause({ cells, scope }: Pursuit, target: Pursued, { kind, retryAfterMs }: Fault): void {
  if (retryAfterMs === undefined || isKeyFault(kind) || FAULTS[kind].blame === "caller") return;
  const cell = cells.target(target.identity);
  cell.pausedUntilMs = Math.max(cell.pausedUntilMs, scope.runtime.clock.now() + retryAfterMs);
}

function accept(pursuit: Pursuit, target: Pursued, answer: Answer): Answer {
  const { targets, cells, trail, history } = pursuit;
  if (target !== targets[0]) settle(pursuit, target);
  const budget = cells.budget(target.domain);
  // A full bucket takes nothing; that is nearly always so.
  if (!isFull(budget)) fundBy(answer, budget);
  const degraded = degradedBy(answer, target, targets[0]);
  // Rate-limit headers and ids of another provider's bucket would mislead the client after a failover.
  const headers = target === targets[0] && history.every(({ candidate }) => candidate === 0) ? answer.headers : {};
  return degraded === undefined ? { ...answer, headers, trail } : { ...answer, headers, trail, degraded };
}

/** Where the first target is held back or failed, the conversation's next turn had best come to this one too. */
function settle({ targets, rules, history, standings, favoured, call, scope }: Pursuit, target: Pursued): void {
  const place = targets.indexOf(target);
  const left = history.length > 0 || standings[0]?.admitted === false || favoured === place;
  if (left) rules.favour?.answered(call, place, scope.runtime.clock.now());
}

function fundBy({ ending }: Answer, budget: BudgetCell): void {
  void ending.then(({ kind }) => {
    if (kind === "complete") fundRetry(budget);
  });
}

function degradedBy(answer: Answer, target: Pursued, best: Pursued | undefined): Degraded | undefined {
  if (target === best) return undefined;
  if (answer.servedBy === "local") return "local";
  return target.model === best?.model ? undefined : "model";
}

function refuse({ trail }: Pursuit, reason: Fault): Refusal {
  return { ok: false, fault: reason, trail };
}
