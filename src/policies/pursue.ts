// Owns the attempts of a call: asks the rule for the next move, makes it, tells the cells what came of it. The thin shell
// around `nextMove`; what an attempt is, it does not know.

import type { Call, Criticality } from "../core/call.ts";
import type { BudgetCell, Cells } from "../core/cell.ts";
import { FAULTS, type Fault, type FaultKind, fault } from "../core/fault.ts";
import type { Answer, AttemptRecord, Degraded, Refusal, Reply } from "../core/reply.ts";
import type { Scope, Service } from "../core/service.ts";
import { sleep } from "../core/timing.ts";
import { fundRetry, isFull, mayRetry, spendRetry } from "./budget.ts";
import { isPassedOver } from "./context-fit.ts";
import { isKeyFault, type KeyStanding } from "./key-rotation.ts";
import { type Candidate, type Move, nextMove, type Situation, type Tried } from "./next-move.ts";
import {
  admission,
  admittedAnswered,
  chosenOf,
  goesOn,
  isOutage,
  QUEUE_LOOK_MS,
  QUEUE_MAX,
  queueMs,
  type Standpoint,
  shedRetryMs,
} from "./shed.ts";
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
  /** Why it cannot hold the call, where that is known. */
  lacking?(call: Call): FaultKind | undefined;
  readonly contextTokens?: number | undefined;
  /** What is believed of it, for this call; asked once a call. */
  stand(call: Call, scope: Scope): Standpoint;
  /** Believed not to answer, as of now; moves nothing. */
  isDown(): boolean;
  /** See `Candidate.soonestMs`. */
  soonestMs(call: Call): number;
  /** See `Candidate.full`. */
  isFull(tenant: string, strained: boolean, nowMs: number): boolean;
}

export interface PursueRules {
  /** The route: what its admission is found by. */
  readonly route: string;
  /** Of calls that say nothing of their own. */
  readonly criticality: Criticality;
  readonly attemptsMax: number;
  readonly retryWaitMs: number;
  readonly totalMs: number;
  /** An answer is at hand for when no target can: asked only where nobody is believed to answer. */
  readonly spared?: ((call: Call, scope: Scope) => boolean) | undefined;
}

interface Pursuit {
  readonly targets: readonly Pursued[];
  readonly rules: PursueRules;
  readonly cells: Cells;
  readonly call: Call;
  readonly scope: Scope;
  readonly dueMs: number;
  readonly attemptsMax: number;
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

/** Of calls with a deadline: so many try what seems too late, so that a target that got faster is noticed. */
const LATE_TRIED_SHARE = 0.05;
/** What a client is told to wait when every target is full. */
const BUSY_RETRY_MS = 5_000;

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
      failedBefore: before?.failed ?? NONE,
      standings: targets.map((target) => target.stand(call, scope)),
      begunInCalm: call.delivered === undefined,
      hurried: Number.isFinite(call.deadlineMs) && scope.runtime.random() >= LATE_TRIED_SHARE,
      queueUntilMs: undefined,
      history: [],
      trail: [],
    };
    // A stream that broke is gone on with as far as that can be: its client has a part already.
    if (call.delivered !== undefined || !pursuit.standings.some(isDownHere)) return run(pursuit);
    const isDrained = (index: number): boolean => cells.drains.untilMs(targets[index]?.id ?? "") > nowMs;
    return isOutage(pursuit.standings, isDrained) ? inOutage(pursuit, isDrained) : run(pursuit);
  };
}

function isDownHere({ down }: Standpoint): boolean {
  return down;
}

/** Belief holds that nobody will answer: a few calls are tried, the others are told at once. */
async function inOutage(pursuit: Pursuit, isDrained: (index: number) => boolean): Promise<Reply> {
  const { cells, rules, call, scope, standings } = pursuit;
  // Probes, and calls to which nothing else can be given, find out that a target is back.
  if (rules.spared?.(call, scope) === true) return refuse(pursuit, HOPELESS);
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
    if (history.length === 0 && move.type === "stop" && (await waitForRoom(pursuit, now))) continue;
    if (history.length === 0) {
      nameSkipped(pursuit, now.candidates);
      passOver(pursuit, now, move.type === "stop" ? targets.length : move.candidate);
    }
    if (move.type === "stop") return refuse(pursuit, stopped(pursuit, now));
    const target = targets[move.candidate];
    if (target === undefined) return refuse(pursuit, fault("bug", "a move to a target that does not exist"));
    if (move.afterMs > 0) await wait(pursuit, move, target);
    if (scope.cancel.fault !== undefined) return refuse(pursuit, scope.cancel.fault);
    if (move.retry) spendRetry(pursuit.cells.budget(target.domain));
    const reply = await target.attempt(call, scope, (call.delivered?.attempts ?? 0) + history.length + 1);
    trail.push(...reply.trail);
    if (reply.ok) return accept(pursuit, target, reply);
    history.push({ candidate: move.candidate, fault: reply.fault });
    pause(pursuit, target, reply.fault);
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

/** Once a call: the targets that it is too large for. */
function nameSkipped({ targets, trail }: Pursuit, candidates: readonly Candidate[]): void {
  for (const [index, { lacking }] of candidates.entries()) {
    if (lacking === undefined || !isPassedOver(candidates, index, [])) continue;
    trail.push({ target: targets[index]?.id ?? "", fault: lacking, ms: 0, skipped: true });
  }
}

function isOutageNow({ targets, cells, scope }: Pursuit): boolean {
  const nowMs = scope.runtime.clock.now();
  return targets.every((target) => target.isDown() || cells.drains.untilMs(target.id) > nowMs);
}

function verdictOf({ history, targets }: Pursuit): Fault {
  return verdict(history, (index) => targets[index]?.id ?? "?");
}

/** Better targets that had no room are named in the trail; nothing was sent to them. */
function passOver({ targets, trail, scope, call }: Pursuit, { candidates }: Situation, until: number): void {
  for (let index = 0; index < until; index++) {
    const target = targets[index];
    if (target === undefined || candidates[index]?.full !== true) continue;
    trail.push({ target: target.id, fault: "busy", ms: 0, skipped: true });
    scope.emit({ type: "target-full", atMs: scope.runtime.clock.now(), call: call.id, target: target.id });
  }
}

/** True: it waited a little, and is to look again. False: there is nothing to wait for, or it has waited long enough. */
async function waitForRoom(pursuit: Pursuit, { candidates, remainingMs }: Situation): Promise<boolean> {
  const { cells, rules, scope } = pursuit;
  if (!candidates.some(({ full }) => full) || scope.cancel.fault !== undefined) return false;
  const { clock } = scope.runtime;
  const cell = cells.admission(rules.route);
  pursuit.queueUntilMs ??= clock.now() + queueMs(remainingMs);
  if (clock.now() >= pursuit.queueUntilMs || cell.waiting >= QUEUE_MAX) return false;
  cell.waiting++;
  await sleep(clock, Math.min(QUEUE_LOOK_MS, pursuit.queueUntilMs - clock.now()), scope.cancel);
  cell.waiting--;
  return true;
}

function stopped(pursuit: Pursuit, { candidates }: Situation): Fault {
  const { history, scope, call, rules } = pursuit;
  const ended = scope.cancel.fault;
  if (history.length > 0 || ended !== undefined) return ended ?? verdictOf(pursuit);
  const inRotation = candidates.filter(({ drained }) => !drained);
  if (candidates.length > 0 && inRotation.length === 0) {
    return fault("overloaded", "Every target of this route was taken out of rotation by its operator.");
  }
  if (inRotation.some(({ full }) => full)) {
    return fault("busy", "As many calls as may be are under way at every target.", { retryAfterMs: BUSY_RETRY_MS });
  }
  if (inRotation.length > 0) {
    const criticality = call.criticality ?? rules.criticality;
    scope.emit({ type: "call-shed", atMs: scope.runtime.clock.now(), call: call.id, criticality, why: "deadline" });
    return fault("deadline-exceeded", "No target answers as soon as the deadline asks; nothing was sent.");
  }
  return verdictOf(pursuit);
}

function situation(pursuit: Pursuit): Situation {
  const { targets, rules, cells, scope, history } = pursuit;
  const nowMs = scope.runtime.clock.now();
  const candidates = targets.map((target, index): Candidate => {
    const cell = cells.target(target.identity);
    const { pausedMs, noKey, spareKey } = target.keys(nowMs);
    const strained = pursuit.standings[index]?.strained ?? false;
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
      strained,
      lacking: target.lacking?.(pursuit.call),
      contextTokens: target.contextTokens,
      soonestMs: pursuit.hurried ? target.soonestMs(pursuit.call) : 0,
      full: target.isFull(pursuit.call.tenant, strained, nowMs),
    };
  });
  return {
    history,
    candidates,
    attemptsMax: pursuit.attemptsMax,
    retryWaitMs: rules.retryWaitMs,
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
  if (FAULTS[kind].evidence > 0) cells.target(target.identity).lastFault = kind;
  if (retryAfterMs === undefined || isKeyFault(kind) || FAULTS[kind].blame === "caller") return;
  const cell = cells.target(target.identity);
  cell.pausedUntilMs = Math.max(cell.pausedUntilMs, scope.runtime.clock.now() + retryAfterMs);
}

function accept({ targets, cells, trail, history }: Pursuit, target: Pursued, answer: Answer): Answer {
  const budget = cells.budget(target.domain);
  // A full bucket takes nothing; that is nearly always so.
  if (!isFull(budget)) fundBy(answer, budget);
  const degraded = degradedBy(answer, target, targets[0]);
  // Rate-limit headers and ids of another provider's bucket would mislead the client after a failover.
  const headers = target === targets[0] && history.every(({ candidate }) => candidate === 0) ? answer.headers : {};
  return degraded === undefined ? { ...answer, headers, trail } : { ...answer, headers, trail, degraded };
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
