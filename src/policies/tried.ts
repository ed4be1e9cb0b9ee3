// What comes of an attempt, for the cells and for the client: a fault is noted, an answer is accepted as the call's.

import type { Call } from "../core/call.ts";
import type { BudgetCell } from "../core/cell.ts";
import { FAULTS, type Fault } from "../core/fault.ts";
import { type Answer, attemptsIn, type Degraded, type Refusal } from "../core/reply.ts";
import { fundRetry, isFull, learnCost } from "./budget.ts";
import { isKeyFault } from "./key-rotation.ts";
import type { Tried } from "./next-move.ts";
import { costOf, type Pursued, type Pursuit } from "./pursuit.ts";
import { noteLimit } from "./spared.ts";

/** The call as this target is asked it: who cannot be asked, or is believed not to answer, gives no better answer than this one. */
export function askedOf({ call, targets, rules, history, standings }: Pursuit, candidate: number): Call {
  let lost = 0;
  for (let index = 0; index < targets.length; index++) {
    if (index !== candidate && isLost(history, standings[index]?.down === true, index)) lost++;
  }
  return lost === 0 ? call : { ...call, tolerantFrom: Math.min(rules.attemptsMax, targets.length - lost) };
}

/** One that was tried all the same counts as an attempt. */
function isLost(history: readonly Tried[], down: boolean, index: number): boolean {
  for (const tried of history) if (tried.candidate === index) return tried.unsent === true;
  return down;
}

export function failed(pursuit: Pursuit, candidate: number, { fault: reason, trail }: Refusal): void {
  const sent = attemptsIn(trail) > 0;
  pursuit.history.push(sent ? { candidate, fault: reason } : { candidate, fault: reason, unsent: true });
  // A target that could not be asked costs the call nothing.
  if (!sent) {
    pursuit.started--;
    pursuit.attemptsMax++;
  }
  const target = pursuit.targets[candidate];
  if (target === undefined) return;
  pause(pursuit, target, reason);
  if (reason.kind !== "rate-limited" || candidate === 0 || target.headroom === undefined) return;
  const nowMs = pursuit.scope.runtime.clock.now();
  if (!target.keys(nowMs).spareKey) target.headroom.refused(nowMs);
}

/** The provider asked for a pause. What it says of one key is noted with that key, so that the others go on. */
function pause({ cells, scope }: Pursuit, target: Pursued, reason: Fault): void {
  const { kind, retryAfterMs } = reason;
  if (FAULTS[kind].evidence > 0) cells.target(target.identity).lastFault = kind;
  noteLimit(cells.target(target.identity), reason, scope.runtime.clock.now());
  if (retryAfterMs === undefined || isKeyFault(kind) || FAULTS[kind].blame === "caller") return;
  const cell = cells.target(target.identity);
  cell.pausedUntilMs = Math.max(cell.pausedUntilMs, scope.runtime.clock.now() + retryAfterMs);
}

export function accept(pursuit: Pursuit, target: Pursued, answer: Answer): Answer {
  const { targets, cells, trail, history } = pursuit;
  if (target !== targets[0]) {
    settle(pursuit, target);
    target.headroom?.answered(pursuit.scope.runtime.clock.now());
  }
  const budget = cells.budget(target.domain);
  const usd = costOf(pursuit, target);
  if (usd !== undefined) learnCost(budget, usd);
  // A full bucket takes nothing; that is nearly always so.
  if (!isFull(budget)) fundBy(answer, budget, usd);
  const degraded = degradedBy(answer, target, targets[0]);
  // Rate-limit headers and ids of another provider's bucket would mislead the client after a failover.
  const isOwn = target === targets[0] && (history.length === 0 || history.every(({ candidate }) => candidate === 0));
  // It is this call's alone from its attempt on, and nobody has it yet: a copy would say the same.
  const accepted: Accepted = answer;
  if (!isOwn) accepted.headers = {};
  accepted.trail = trail;
  if (degraded !== undefined) accepted.degraded = degraded;
  return accepted;
}

type Accepted = { -readonly [Key in keyof Answer]: Answer[Key] };

/** Where the first target is held back or failed, the conversation's next turn had best come to this one too. */
function settle({ targets, rules, history, standings, favoured, call, scope }: Pursuit, target: Pursued): void {
  const place = targets.indexOf(target);
  const left = history.length > 0 || standings[0]?.admitted === false || favoured?.place === place;
  if (left) rules.favour?.answered(call, place, scope.runtime.clock.now(), favoured);
}

function fundBy({ ending }: Answer, budget: BudgetCell, usd: number | undefined): void {
  void Promise.resolve(ending).then(({ kind }) => {
    if (kind === "complete") fundRetry(budget, usd);
  });
}

function degradedBy(answer: Answer, target: Pursued, best: Pursued | undefined): Degraded | undefined {
  if (target === best) return undefined;
  if (answer.servedBy === "local") return "local";
  return target.model === best?.model ? undefined : "model";
}
