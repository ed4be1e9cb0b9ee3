// Owns the attempts of a call: asks the rule for the next move, makes it, tells the cells what came of it. The thin shell
// around `nextMove`; what an attempt is, it does not know.

import type { Call, Criticality } from "../core/call.ts";
import type { Cells } from "../core/cell.ts";
import { FAULTS, type Fault, fault } from "../core/fault.ts";
import type { AttemptRecord, Refusal, Reply } from "../core/reply.ts";
import type { Scope, Service } from "../core/service.ts";
import { sleep } from "../core/timing.ts";
import { spendRetry } from "./budget.ts";
import { isPassedOver } from "./context-fit.ts";
import { hedged } from "./hedged.ts";
import { type Candidate, type Move, nextMove, type Situation } from "./next-move.ts";
import { costOf, type Pursued, type PursueRules, type Pursuit, situation } from "./pursuit.ts";
import {
  admission,
  admittedAnswered,
  chosenOf,
  goesOn,
  isHushed,
  isOutage,
  QUEUE_LOOK_MS,
  QUEUE_MAX,
  queueMs,
  type Standpoint,
  shedRetryMs,
} from "./shed.ts";
import { isHopeless, isTrial } from "./spared.ts";
import { accept, askedOf, failed } from "./tried.ts";
import { verdict } from "./verdict.ts";

/** Of calls with a deadline: so many try what seems too late, so that a target that got faster is noticed. */
const LATE_TRIED_SHARE = 0.05;
/** What a client is told to wait when every target is full. */
const BUSY_RETRY_MS = 5_000;

const BUSY = fault("busy", "No target takes more calls now.", { retryAfterMs: BUSY_RETRY_MS });
const HOPELESS = fault("overloaded", "No target of this route is believed to answer now.");
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
    // A continuation counts on from the attempts of its own call.
    const before = call.delivered ?? (call.retryCount > 0 ? earlier(call, nowMs) : undefined);
    const pursuit: Pursuit = {
      targets,
      rules,
      cells,
      call,
      scope,
      dueMs: Math.min(nowMs + rules.totalMs, call.deadlineMs),
      attemptsMax: Math.max(1, rules.attemptsMax - (before?.attempts ?? 0)),
      started: call.delivered?.attempts ?? 0,
      favoured: rules.favour?.choose(call, nowMs),
      failedBefore: before?.failed ?? NONE,
      standings: standingsOf(targets, call, scope),
      begunInCalm: call.delivered === undefined,
      hurried: Number.isFinite(call.deadlineMs) && scope.runtime.random() >= LATE_TRIED_SHARE,
      queueUntilMs: undefined,
      history: [],
      trail: [],
    };
    // A stream that broke is gone on with as far as that can be: its client has a part already.
    if (call.delivered !== undefined) return run(pursuit);
    if (isHopelessFor(pursuit) && !isTrialNow(pursuit)) return Promise.resolve(refuse(pursuit, HOPELESS));
    if (!pursuit.standings.some(isAway)) return run(pursuit);
    return inDoubt(pursuit, nowMs);
  };
}

function standingsOf(targets: readonly Pursued[], call: Call, scope: Scope): readonly Standpoint[] {
  const standings: Standpoint[] = [];
  for (const target of targets) standings.push(target.stand(call, scope));
  return standings;
}

/** Belief holds that somebody is away. */
function inDoubt(pursuit: Pursuit, nowMs: number): Promise<Reply> {
  const { targets, rules, cells, call, scope } = pursuit;
  const isDrained = (index: number): boolean => cells.drains.untilMs(targets[index]?.id ?? "") > nowMs;
  // Probes, and calls to which nothing else can be given, find out that a target is back.
  if (isHushed(pursuit.standings, isDrained) && rules.spared?.(call, scope) === true) {
    return Promise.resolve(refuse(pursuit, HOPELESS));
  }
  return isOutage(pursuit.standings, isDrained) ? inOutage(pursuit, isDrained) : run(pursuit);
}

/** An answer is at hand, and none is to be hoped for. */
function isHopelessFor({ targets, rules, cells, call, scope }: Pursuit): boolean {
  const { spared, outage } = rules;
  return spared !== undefined && isHopeless(outage, targets, cells, scope.runtime.clock.now()) && spared(call, scope);
}

/** Somebody has to find out; but nobody waits only for that. */
function isTrialNow(pursuit: Pursuit): boolean {
  const { rules, scope } = pursuit;
  const move = nextMove(situation(pursuit));
  return move.type === "try" && move.afterMs === 0 && isTrial(rules.outage, scope.runtime.clock.now());
}

function isAway({ down, hushed }: Standpoint): boolean {
  return down || hushed;
}

/** Belief holds that nobody will answer: a few calls are tried, the others are told at once. */
async function inOutage(pursuit: Pursuit, isDrained: (index: number) => boolean): Promise<Reply> {
  const { cells, rules, call, scope, standings } = pursuit;
  const { clock, random } = scope.runtime;
  const cell = cells.admission(rules.route);
  const criticality = call.criticality ?? rules.criticality;
  const hopeful = standings.some((standing) => standing.hopeful);
  const admitted = admission(cell, { criticality, hopeful, random: random() }, clock.now());
  if (admitted === "shed") return shed(pursuit, criticality);
  const { attemptsMax } = pursuit;
  const tried = {
    ...pursuit,
    begunInCalm: false,
    standings: chosenOf(cell, standings, isDrained),
    attemptsMax: admitted === "one" ? 1 : attemptsMax,
  };
  const reply = await run(tried);
  if (reply.ok) admittedAnswered(cell, clock.now());
  return reply;
}

function shed({ targets, cells, call, scope, trail }: Pursuit, criticality: Criticality): Refusal {
  const { clock, random } = scope.runtime;
  scope.emit({ type: "call-shed", atMs: clock.now(), call: call.id, criticality, why: "outage" });
  for (const { id, identity } of targets) {
    if (cells.drains.untilMs(id) > clock.now()) continue;
    trail.push({ target: id, fault: cells.target(identity).lastFault ?? "overloaded", ms: 0, skipped: true });
  }
  const message = "No target is believed to answer now; only some calls are tried until one does.";
  return { ok: false, fault: fault("overloaded", message, { retryAfterMs: shedRetryMs(random()) }), trail };
}

async function run(pursuit: Pursuit): Promise<Reply> {
  const { targets, call, scope, history, trail } = pursuit;
  const { clock } = scope.runtime;
  for (;;) {
    const now = situation(pursuit);
    const move = nextMove(now);
    if (isLastStraw(pursuit, move)) {
      if (await waitForRoom(pursuit, now)) continue;
      if (move.type === "try" && hasFull(now) && !isTriedAllTheSame(pursuit)) return refuseForRoom(pursuit, now);
    }
    if (history.length === 0) {
      nameSkipped(pursuit, now.candidates);
      passOver(pursuit, now.candidates, move.type === "stop" ? targets.length : move.candidate);
    }
    if (move.type === "stop") {
      passOver(pursuit, now.candidates, targets.length);
      return refuse(pursuit, stopped(pursuit, now));
    }
    if (history.length > 0 && call.delivered === undefined && isHopelessFor(pursuit))
      return refuse(pursuit, verdictOf(pursuit));
    const target = targets[move.candidate];
    if (target === undefined) return refuse(pursuit, fault("bug", "a move to a target that does not exist"));
    if (move.afterMs > 0) await wait(pursuit, move, target);
    if (scope.cancel.fault !== undefined) return refuse(pursuit, scope.cancel.fault);
    if (move.retry) spendRetry(pursuit.cells.budget(target.domain), costOf(pursuit, target));
    const hedge = history.length === 0 ? pursuit.rules.hedge : undefined;
    if (hedge !== undefined) {
      const answered = await hedged(pursuit, hedge, move.candidate);
      if (answered !== undefined) return answered;
    } else {
      const reply = await target.attempt(askedOf(pursuit, move.candidate), scope, ++pursuit.started);
      // Not spread: that makes a list more of every call's only one.
      for (const record of reply.trail) trail.push(record);
      if (reply.ok) {
        if (pursuit.standings[move.candidate]?.down === true && pursuit.begunInCalm) answeredAllTheSame(pursuit);
        return accept(pursuit, target, reply);
      }
      failed(pursuit, move.candidate, reply);
    }
    // The call's own end (client gone, deadline) is never blamed on a target nor followed by another attempt.
    if (scope.cancel.fault !== undefined) return refuse(pursuit, scope.cancel.fault);
    if (
      pursuit.begunInCalm &&
      isOutageNow(pursuit) &&
      !goesOn(pursuit.cells.admission(pursuit.rules.route), clock.now())
    )
      return refuse(pursuit, verdictOf(pursuit));
  }
}

/** Nobody that is believed to answer is left. What broke in mid-answer is gone on with as far as that can be. */
function isLastStraw({ standings, begunInCalm, history, attemptsMax }: Pursuit, move: Move): boolean {
  if (move.type === "stop") {
    const last = history.at(-1);
    return history.length < attemptsMax && (last === undefined || FAULTS[last.fault.kind].retry !== "never");
  }
  return begunInCalm && "candidate" in move && standings[move.candidate]?.down === true;
}

/** Somebody is passed over for want of room alone. */
function hasFull({ candidates, history, remainingMs }: Situation): boolean {
  return candidates.some(
    ({ full, drained, soonestMs }, index) =>
      full && !drained && soonestMs <= remainingMs && history.every(({ candidate }) => candidate !== index),
  );
}

/** Somebody would answer but takes no more: what is believed not to gets as many of the others as in an outage of all. */
function isTriedAllTheSame({ cells, rules, call, scope, standings, history }: Pursuit): boolean {
  const cell = cells.admission(rules.route);
  const { clock, random } = scope.runtime;
  if (history.length > 0) return goesOn(cell, clock.now());
  const criticality = call.criticality ?? rules.criticality;
  const hopeful = standings.some((standing) => standing.hopeful);
  return admission(cell, { criticality, hopeful, random: random() }, clock.now()) !== "shed";
}

function answeredAllTheSame({ cells, rules, scope }: Pursuit): void {
  admittedAnswered(cells.admission(rules.route), scope.runtime.clock.now());
}

function refuseForRoom(pursuit: Pursuit, { candidates }: Situation): Refusal {
  const { history, call, rules, scope, targets } = pursuit;
  passOver(pursuit, candidates, targets.length);
  if (scope.cancel.fault !== undefined) return refuse(pursuit, scope.cancel.fault);
  if (history.length > 0) return refuse(pursuit, verdictOf(pursuit));
  const criticality = call.criticality ?? rules.criticality;
  scope.emit({ type: "call-shed", atMs: scope.runtime.clock.now(), call: call.id, criticality, why: "headroom" });
  return refuse(pursuit, BUSY);
}

/** Once a call: the targets that it is too large for. */
function nameSkipped({ targets, trail }: Pursuit, candidates: readonly Candidate[]): void {
  for (const [index, { lacking }] of candidates.entries()) {
    if (lacking === undefined || !isPassedOver(candidates, index, [])) continue;
    trail.push({ target: targets[index]?.id ?? "", fault: lacking, ms: 0, skipped: true });
  }
}

function isOutageNow({ targets, cells, scope }: Pursuit): boolean {
  const nowMs = scope.runtime.clock.now();
  return targets.every((target) => target.isDown(nowMs) || cells.drains.untilMs(target.id) > nowMs);
}

function verdictOf({ history, targets }: Pursuit): Fault {
  return verdict(history, (index) => targets[index]?.id ?? "?");
}

/** Better targets that had no room are named in the trail; nothing was sent to them. */
function passOver({ targets, trail, scope, call }: Pursuit, candidates: readonly Candidate[], until: number): void {
  for (let index = 0; index < until; index++) {
    const target = targets[index];
    if (target === undefined || candidates[index]?.full !== true) continue;
    if (isNamed(trail, target.id)) continue;
    trail.push({ target: target.id, fault: "busy", ms: 0, skipped: true });
    scope.emit({ type: "target-full", atMs: scope.runtime.clock.now(), call: call.id, target: target.id });
  }
}

function isNamed(trail: readonly AttemptRecord[], target: string): boolean {
  for (const record of trail) if (record.target === target) return true;
  return false;
}

/** True: it waited a little, and is to look again. False: there is nothing to wait for, or it has waited long enough. */
async function waitForRoom(pursuit: Pursuit, now: Situation): Promise<boolean> {
  const { cells, rules, scope } = pursuit;
  if (!hasFull(now) || scope.cancel.fault !== undefined) return false;
  const { clock } = scope.runtime;
  const cell = cells.admission(rules.route);
  pursuit.queueUntilMs ??= clock.now() + queueMs(now.remainingMs);
  if (clock.now() >= pursuit.queueUntilMs || cell.waiting >= QUEUE_MAX) return false;
  cell.waiting++;
  await sleep(clock, Math.min(QUEUE_LOOK_MS, pursuit.queueUntilMs - clock.now()), scope.cancel);
  cell.waiting--;
  return true;
}

function stopped(pursuit: Pursuit, now: Situation): Fault {
  const { candidates } = now;
  const { history, scope, call, rules } = pursuit;
  const ended = scope.cancel.fault;
  if (history.length > 0 || ended !== undefined) return ended ?? verdictOf(pursuit);
  const inRotation = candidates.filter(({ drained }) => !drained);
  if (candidates.length > 0 && inRotation.length === 0) {
    return fault("overloaded", "Every target of this route was taken out of rotation by its operator.");
  }
  if (hasFull(now)) return BUSY;
  if (inRotation.length > 0) {
    const criticality = call.criticality ?? rules.criticality;
    scope.emit({ type: "call-shed", atMs: scope.runtime.clock.now(), call: call.id, criticality, why: "deadline" });
    return fault("deadline-exceeded", "No target answers as soon as the deadline asks; nothing was sent.");
  }
  return verdictOf(pursuit);
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

function refuse({ trail }: Pursuit, reason: Fault): Refusal {
  return { ok: false, fault: reason, trail };
}
