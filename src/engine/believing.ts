// Ties a target's belief to what happens on it: attempts that begin, answer and end, and probes. The rules are in
// `health/`; this is their thin shell. Everything is driven by calls that come by: there is no timer to leave behind but
// the deadline of a probe.

import type { Call } from "../core/call.ts";
import type { BeliefCell, Cells, IntakeCell, TargetCell } from "../core/cell.ts";
import type { ProbeVerdict } from "../core/evidence.ts";
import { FAULTS, type Fault } from "../core/fault.ts";
import { fingerprint } from "../core/fingerprint.ts";
import type { FlowPlace } from "../core/pace-cell.ts";
import type { Ending, Frames, Reply, StreamUnderWay } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import type { Target } from "../core/target.ts";
import {
  type Believed,
  type Change,
  causeOf,
  isDown,
  isMuted,
  note,
  type Outcome,
  probed,
  type Standing,
  stand,
} from "../health/belief.ts";
import { lookAtStreams, streamBegan, streamEnded } from "../health/crawl.ts";
import { promptCounts, promptSucceeded, tenantCounts } from "../health/fairness.ts";
import { createKeyEvidence, noteKey } from "../health/key-node.ts";
import { mayProbe, spendProbe } from "../health/probe.ts";
import { judgeAnswer } from "../health/probe-answer.ts";
import { countOne } from "../health/rate.ts";
import { isLagging, isSilent, isSleptThrough, silentDomains, toldOfSelf } from "../health/self.ts";
import { callAnswered, callBegan, lateAfterMs, shapeOf, soonestMs } from "../health/silence.ts";
import { firstCame, wrote } from "../health/slowness.ts";
import { countJudged, isUseless, weightOfUseless } from "../health/useless.ts";
import { enterIntake, isIntakeFull, leaveIntake } from "../policies/bulkhead.ts";
import { expectedUsd } from "../policies/hedge.ts";
import type { Hedging } from "../policies/pursuit.ts";
import type { Standpoint } from "../policies/shed.ts";
import { askOwn, type ProbeFact } from "./own-question.ts";
import { PROBE_FORMS } from "./probe-call.ts";

/** How much one answer moves the mean length of answers. */
const LENGTH_SHARE = 0.05;
const LENGTH_MAX = 1_000_000;
/** Silence while we kept the provider waiting is not the provider's. */
const PAUSED_MS = 5_000;
/** Larger prompts are not hashed: their failures all count. */
const PROMPT_BYTES_MAX = 262_144;
/** The halves of a success, and both at once. */
const BEGAN_WELL = { failed: false, weight: 0.5, last: false } as const;
const ENDED_WELL = { failed: false, weight: 0.5, last: true } as const;
const WELL = { failed: false, weight: 1, last: true } as const;

export interface BelievingContext {
  readonly cells: Cells;
  readonly identity: string;
  /** By name and url: what its intake is found by. */
  readonly provider: string;
  readonly target: Target;
  readonly probesUsdPerDay: number;
  /** One attempt, outside of any pursuit. */
  readonly send: (call: Call, scope: Scope) => Promise<Reply>;
}

export interface Believing extends Hedging {
  stand(call: Call, scope: Scope): Standpoint;
  /** As of now; moves nothing. */
  isDown(nowMs: number): boolean;
  /** The least it will take to its first content, in milliseconds, by what was seen of it; 0: not known. */
  soonestMs(call: Call): number;
  /** As much is under way at the provider as may be, or as this tenant may have there. */
  isFull(tenant: string, strained: boolean, nowMs: number): boolean;
  /** Around one attempt. */
  watch(call: Call, scope: Scope, sending: Sending): Promise<Reply>;
}

export interface Sending {
  /** Where the provider has several. */
  readonly key: KeyTaken | undefined;
  readonly beganMs: number;
  send(): Promise<Reply>;
  /** Told first of all what came of it. */
  came(reply: Reply, nowMs: number): void;
}

/** The key of one attempt. */
export interface KeyTaken {
  readonly cell: TargetCell;
  /** Another one is well. */
  hasOther(nowMs: number): boolean;
}

export function createBelieving(context: BelievingContext): Believing {
  const { cells, identity, target } = context;
  const believed: Believed = {
    cell: cells.belief(identity),
    pool: cells.pool(target.domain),
    vendor: target.vendor === undefined ? undefined : cells.pool(`vendor\n${target.vendor}`),
    model: target.model,
    self: cells.self,
    domain: target.domain,
    owner: target.vendor,
  };
  const intake = cells.intake(context.provider);
  const place = { believed, target, intake };
  return {
    soonestMs: (call) => soonestMs(believed.cell, shapeOfCall(call)),
    isDown: (nowMs) => isDown(believed.cell) || isMuted(believed, nowMs),
    isFull: (tenant, strained, nowMs) => isIntakeFull(intake, { tenant, strained }, nowMs),
    stand: (call, scope) => standpoint(context, believed, call, scope),
    watch: (call, scope, sending) => watched(place, call, scope, sending),
    isWell: () => believed.cell.state === "healthy" && !believed.cell.slow,
    lateMs: (call, share) => lateAfterMs(believed.cell, shapeOfCall(call), share),
    outputTokens: () => believed.cell.outputTokens,
    usd: ({ body, inspected }, outputTokens) =>
      expectedUsd(target.price, body.length, Math.min(outputTokens, inspected.maxTokens ?? LENGTH_MAX)),
  };
}

export function shapeOfCall({ stream, inspected: { thinks, maxTokens }, body }: Call): number {
  return shapeOf({ stream, thinks, maxTokens, promptBytes: body.length });
}

function standpoint(context: BelievingContext, believed: Believed, call: Call, scope: Scope): Standpoint {
  const { runtime } = scope;
  const nowMs = runtime.clock.now();
  const standing: Standing = stand(believed, call.id, { nowMs, random: runtime.random });
  const { change } = standing;
  if (change !== undefined) emitChange({ target: context.target, believed, change }, scope, call.id);
  tellOfSelf(believed, scope, call.id, nowMs);
  if (lookAtStreams(believed.cell, nowMs)) tellOfPace(context.target, believed.cell, scope, call.id);
  if (!standing.probeDue || call.operation !== "generate") return standing;
  const { cell } = believed;
  cell.probedAtMs = nowMs;
  const limitKey = PROBE_FORMS[cell.probeForm];
  const { probes } = context.cells;
  if (limitKey !== undefined && mayProbe(probes, context.probesUsdPerDay, nowMs)) {
    spendProbe(probes);
    void probe(context, believed, { call, scope }, limitKey);
    return standing;
  }
  // No money for a probe, or no way to ask: a real call is tried, and fails over like any other.
  return { admitted: true, strained: true, down: false, hopeful: false, hushed: false, mute: false };
}

async function probe(
  context: BelievingContext,
  believed: Believed,
  { call, scope }: { readonly call: Call; readonly scope: Scope },
  limitKey: (typeof PROBE_FORMS)[number],
): Promise<void> {
  const { cell } = believed;
  const { runtime } = scope;
  const { target, send } = context;
  cell.probing = true;
  const beganMs = runtime.clock.now();
  const id = `probe_${call.id}`;
  try {
    const found = await askOwn({ id, dialect: call.dialect, target, limitKey, send }, runtime);
    if (found === undefined) cell.probeForm++;
    else if (found.ok || !isSleptThrough(believed.self, beganMs, found.atMs)) {
      const { verdict, fact } = judged(cell, found);
      scope.emit(fact);
      const moment = { nowMs: fact.atMs, random: runtime.random };
      const change = probed(believed, verdict, moment);
      if (change !== undefined) emitChange({ target, believed, change }, scope, call.id);
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    scope.emit({ type: "bug", atMs: runtime.clock.now(), call: id, message });
  } finally {
    cell.probing = false;
  }
}

/** What it shows of the target; one that is held against it is told as the fault that it would be of a call. */
function judged(
  { probeHabit }: BeliefCell,
  fact: ProbeFact,
): { readonly verdict: ProbeVerdict; readonly fact: ProbeFact } {
  const { answer } = fact;
  if (answer === undefined) return { verdict: "sick", fact };
  const verdict = judgeAnswer(probeHabit, answer);
  if (verdict !== "sick") return { verdict, fact };
  return { verdict, fact: { ...fact, ok: false, fault: answer === "nothing" ? "empty-reply" : "useless-reply" } };
}

interface Place {
  readonly believed: Believed;
  readonly target: Target;
  readonly intake: IntakeCell;
}

function watched(place: Place, call: Call, scope: Scope, sending: Sending): Promise<Reply> {
  const { believed, target, intake } = place;
  const { cell } = believed;
  const { tenant, stream } = call;
  const { key, beganMs } = sending;
  countOne(cell.attempted, beganMs);
  const shape = shapeOfCall(call);
  // What a sick key is tried with tells of the key: its silence is nobody else's.
  const alone = key?.cell.evidence?.sick === true && key.hasOther(beganMs);
  const slot = alone ? undefined : callBegan(cell, shape, beganMs);
  enterIntake(intake, { tenant, strained: cell.state !== "healthy" }, beganMs);
  const witness: Witness = {
    believed,
    target,
    intake,
    tenant,
    id: call.id,
    scope,
    beganMs,
    key,
    stream,
    shape,
    slot,
    began: false,
  };
  return sending.send().then((reply) => {
    const nowMs = scope.runtime.clock.now();
    sending.came(reply, nowMs);
    return replied(witness, call, reply, nowMs);
  });
}

function replied(witness: Witness, call: Call, reply: Reply, nowMs: number): Reply {
  const { believed, beganMs, stream, shape, slot } = witness;
  const { cell } = believed;
  const outrun = !reply.ok && reply.fault.kind === "superseded";
  const lags = isLagging(believed.self, nowMs) || isSleptThrough(believed.self, beganMs, nowMs);
  const learn = (reply.ok || outrun) && cell.state === "healthy" && !lags;
  if (slot !== undefined) callAnswered(cell, { shape, slot, content: reply.ok, learn }, nowMs);
  if (stream && !lags && (reply.ok || outrun) && firstCame(cell, shape, nowMs - beganMs, nowMs)) {
    tellOfPace(witness.target, cell, witness.scope, call.id);
  }
  if (!reply.ok) {
    leaveIntake(witness.intake, witness.tenant);
    failed(witness, reply.fault, promptOf(call), nowMs);
    return reply;
  }
  if (cell.prompts.size > 0) promptServed(cell, call);
  else cell.successes++;
  if (cell.score === 0 && cell.prompts.size > 0) cell.prompts.clear();
  const { ending } = reply;
  const ended = ending instanceof Promise ? undefined : ending;
  // Of an answer that is over both halves are told together.
  if (ended?.kind !== "complete" || ended.flaw !== undefined) {
    outcome(witness, BEGAN_WELL, nowMs);
    witness.began = true;
  }
  if (ending instanceof Promise) settleWith(witness, reply.frames, ending, nowMs);
  else {
    leaveIntake(witness.intake, witness.tenant);
    settled(witness, ending, undefined, nowMs);
  }
  return reply;
}

function promptServed(cell: BeliefCell, call: Call): void {
  promptSucceeded(cell, () => promptOf(call) ?? "");
}

/** Its own function, so that an open stream keeps no request alive. */
function settleWith(witness: Witness, { underWay }: Frames, ending: Promise<Ending>, nowMs: number): void {
  const place = underWay && streamBegan(witness.believed.cell, underWay, nowMs);
  const watching = place && { place, stream: underWay };
  void ending.then((ended) => {
    leaveIntake(witness.intake, witness.tenant);
    settled(witness, ended, watching, witness.scope.runtime.clock.now());
  });
}

interface Witness {
  readonly believed: Believed;
  readonly target: Target;
  readonly intake: IntakeCell;
  readonly tenant: string;
  readonly id: string;
  readonly scope: Scope;
  readonly beganMs: number;
  readonly key: KeyTaken | undefined;
  readonly stream: boolean;
  readonly shape: number;
  readonly slot: number | undefined;
  /** The first half of its success was told. */
  began: boolean;
}

function promptOf({ body }: Call): string | undefined {
  return body.length <= PROMPT_BYTES_MAX ? fingerprint(body) : undefined;
}

interface WatchedStream {
  readonly place: FlowPlace;
  readonly stream: StreamUnderWay;
}

/** A stream that began is no longer its prompt's doing; nor must it keep its request alive. */
function settled(witness: Witness, ending: Ending, watching: WatchedStream | undefined, nowMs: number): void {
  const { believed, target, scope, id } = witness;
  const { cell } = believed;
  // What it took is nobody's pace where we slept meanwhile.
  const whole = ending.kind === "complete" && !isSleptThrough(believed.self, witness.beganMs, nowMs);
  if (watching !== undefined && streamEnded(cell, { ...watching, whole }, nowMs)) {
    tellOfPace(target, cell, scope, id);
  }
  const tokens = whole ? ending.usage?.outputTokens : undefined;
  if (tokens !== undefined && tokens >= 0) {
    cell.outputTokens += LENGTH_SHARE * (Math.min(tokens, LENGTH_MAX) - cell.outputTokens);
    const writingMs = ending.tookMs - ending.firstContentMs - ending.pausedMs;
    // A whole answer has none.
    wrote(cell, { tokens, writingMs });
  }
  if (ending.flaw !== undefined) failed(witness, ending.flaw, undefined, nowMs);
  else if (ending.kind === "complete") {
    countJudged(cell, false);
    outcome(witness, witness.began ? ENDED_WELL : WELL, nowMs);
  } else if (ending.fault !== undefined && ending.pausedMs <= PAUSED_MS)
    failed(witness, ending.fault, undefined, nowMs);
}

function failed(witness: Witness, { kind }: Fault, prompt: string | undefined, nowMs: number): void {
  const { blame, evidence } = FAULTS[kind];
  const { beganMs, believed } = witness;
  if (isSleptThrough(believed.self, beganMs, nowMs)) return;
  if (evidence === 0 || (blame !== "provider" && blame !== "network")) return;
  // An overloaded provider and a lost connection say nothing of a prompt.
  const ofPrompt = kind !== "overloaded" && kind !== "connect-failed" && kind !== "connect-timeout";
  if (ofPrompt && prompt !== undefined && !promptCounts(witness.believed.cell, prompt)) return;
  const { cell } = witness.believed;
  const useless = isUseless(kind);
  if (useless) countJudged(cell, true);
  const weight = useless ? weightOfUseless(cell, evidence) : evidence;
  outcome(witness, { failed: true, weight, last: true, silent: isSilent(kind) }, nowMs);
}

function outcome(witness: Witness, told: Omit<Outcome, "beganMs">, nowMs: number): void {
  const { believed, target, tenant, id, scope, beganMs, key } = witness;
  const { random } = scope.runtime;
  if (!tenantCounts(believed.cell, tenant, told.failed, nowMs)) return;
  const { failed, weight, last, silent } = told;
  if (key !== undefined && isKeysOwn(key, { failed, weight }, nowMs)) return;
  const change = note(believed, { failed, weight, last, silent, beganMs }, { nowMs, random });
  if (change !== undefined) emitChange({ target, believed, change }, scope, id);
  tellOfSelf(believed, scope, id, nowMs);
}

/** True: it fails with this key, and another is well. Then it says nothing of the target. */
function isKeysOwn(key: KeyTaken, told: { readonly failed: boolean; readonly weight: number }, nowMs: number): boolean {
  const { cell } = key;
  // Nothing is kept of a key that never failed.
  if (cell.evidence === undefined && !told.failed) return false;
  cell.evidence ??= createKeyEvidence();
  noteKey(cell.evidence, told, nowMs);
  return told.failed && cell.evidence.sick && key.hasOther(nowMs);
}

function tellOfSelf({ self }: Believed, scope: Scope, call: string, atMs: number): void {
  const state = toldOfSelf(self, atMs);
  if (state !== undefined) {
    scope.emit({ type: "self-suspicion", atMs, call, state, domains: silentDomains(self, atMs) });
  }
}

function tellOfPace({ id: target, domain }: Target, { slow }: BeliefCell, scope: Scope, call: string): void {
  scope.emit({ type: "slow", atMs: scope.runtime.clock.now(), call, target, domain, slow });
}

interface Changed {
  readonly target: Target;
  readonly believed: Believed;
  readonly change: Change;
}

function emitChange({ target, believed, change }: Changed, scope: Scope, call: string): void {
  const nowMs = scope.runtime.clock.now();
  scope.emit({
    type: "belief",
    atMs: nowMs,
    call,
    target: target.id,
    domain: target.domain,
    ...change,
    cause: causeOf(believed, nowMs),
  });
}
