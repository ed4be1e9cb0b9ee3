// A target together with its provider's keys, as `pursue` sees it: each attempt takes the key that is best now, and what
// came of it is noted with that key.

import type { Call } from "../core/call.ts";
import type { BeliefCell, TargetCell } from "../core/cell.ts";
import { FAULTS, type FaultKind, fault } from "../core/fault.ts";
import type { HeadroomCell } from "../core/headroom-cell.ts";
import type { Refusal, Reply } from "../core/reply.ts";
import type { Scope, Service } from "../core/service.ts";
import type { Target } from "../core/target.ts";
import { PROBES_USD_PER_DAY } from "../health/probe.ts";
import { lateAfterMs } from "../health/silence.ts";
import { tokensPerSAtLeast } from "../health/slowness.ts";
import { lacksRoom, type Room } from "../policies/context-fit.ts";
import { refusedRate, roomFor, sendTo, tokensOfBody, tookOver } from "../policies/headroom.ts";
import type { Headroom, Pursued } from "../policies/pursuit.ts";
import { type AttemptPlan, attempt, serves } from "./attempt.ts";
import { createBelieving, type KeyTaken, type Sending, shapeOfCall } from "./believing.ts";
import { createKeyring, type KeyContext, type Keyring, type KeySlot } from "./keyring.ts";
import { quotaGate } from "./quota-gate.ts";
import type { Learnt } from "./timeouts.ts";

export interface KeyedTarget extends Pursued {
  /** As it was compiled. */
  readonly made: Target;
  /** One attempt outside of any pursuit, which no belief sees. */
  readonly send: Service;
  readonly keyring: Pick<Keyring<unknown>, "count">;
}

export interface KeyedContext extends Omit<KeyContext, "model"> {
  /** What probes may cost a day. */
  readonly probesUsdPerDay?: number | undefined;
  /** The route has other targets: one that is later than it ever was need not be waited for. */
  readonly alternatives?: boolean;
}

/** What a plan has from the key that it is tried with, and from what its target has shown. */
export type KeyedPart = "key" | "account" | "quota" | "joinedBy";

export function keyedTarget(planned: Omit<AttemptPlan, KeyedPart>, context: KeyedContext): KeyedTarget {
  const { id, domain, model, contextTokens, maxOutputTokens } = planned.target;
  // A translation lowers a limit that is too high.
  const room = { contextTokens, outputTokens: planned.client === planned.dialect ? maxOutputTokens : undefined };
  const identity = identityOf(context.provider, model);
  const takesPrefix = planned.dialect.wire.takesPrefix(model);
  const joinedBy = () => (takesPrefix && !context.cells.target(identity).refusesPrefix ? "prefix" : "anchor");
  const belief = context.cells.belief(identity);
  const learnt = context.alternatives === true ? { learnt: (call: Call) => learntOf(belief, call) } : {};
  const keyring = createKeyring(
    { ...context, model },
    (key, account, { pause }): AttemptPlan =>
      Object.assign({ key, account, quota: quotaGate(pause), joinedBy }, planned, learnt),
  );
  const send = asked(keyring, id);
  const believing = createBelieving({
    cells: context.cells,
    identity,
    provider: `${context.provider.name}\n${context.provider.url}`,
    target: planned.target,
    probesUsdPerDay: context.probesUsdPerDay ?? PROBES_USD_PER_DAY,
    send,
  });
  const place = { id, keyring, several: context.provider.keys.length > 1 };
  const headroom = context.cells.headroom(identity);
  return {
    id,
    made: planned.target,
    send,
    identity,
    domain,
    model,
    keyring,
    headroom: headroomOf(headroom),
    keys: keyring.standing,
    contextTokens,
    lacking: (call) => lacksFor(planned, room, call),
    stand: believing.stand,
    hedging: believing,
    isDown: believing.isDown,
    isFull: believing.isFull,
    soonestMs: believing.soonestMs,
    attempt(call, scope, number) {
      const nowMs = scope.runtime.clock.now();
      sendTo(headroom, tokensOfBody(call.body.length), nowMs);
      const replying = believing.watch(call, scope, new KeyedSending(place, { call, scope, number, nowMs }));
      if (call.delivered === undefined || joinedBy() === "anchor") return replying;
      return replying.then((reply) => (reply.ok ? reply : taught(reply, context.cells.target(identity))));
    },
  };
}

/** One attempt, with the key that is best now. */
class KeyedSending implements Sending {
  readonly key: KeyTaken | undefined;
  readonly beganMs: number;
  readonly #place: Place;
  readonly #slot: KeySlot<AttemptPlan> | undefined;
  readonly #call: Call;
  readonly #scope: Scope;
  readonly #number: number;

  constructor(place: Place, { call, scope, number, nowMs }: Sent) {
    const slot = place.keyring.take(nowMs);
    this.beganMs = nowMs;
    this.key = place.several && slot !== undefined ? keyTaken(place.keyring, slot) : undefined;
    this.#place = place;
    this.#slot = slot;
    this.#call = call;
    this.#scope = scope;
    this.#number = number;
  }

  send(): Promise<Reply> {
    const slot = this.#slot;
    if (slot === undefined) return Promise.resolve(keyless(this.#place.id));
    return attempt(slot.made, this.#call, this.#scope, this.#number);
  }

  came(reply: Reply, nowMs: number): void {
    noteKey(this.#place.keyring, this.#slot, reply, nowMs);
  }
}

interface Sent {
  readonly call: Call;
  readonly scope: Scope;
  readonly number: number;
  readonly nowMs: number;
}

interface Place {
  readonly id: string;
  readonly keyring: Keyring<AttemptPlan>;
  readonly several: boolean;
}

function headroomOf(cell: HeadroomCell): Headroom {
  return {
    room: ({ body }, criticality, nowMs) => roomFor(cell, { tokens: tokensOfBody(body.length), criticality }, nowMs),
    answered: (nowMs) => tookOver(cell, nowMs),
    refused: (nowMs) => refusedRate(cell, nowMs),
  };
}

/** A model that takes no prefix after all: it is remembered, and the request itself was not wrong. */
function taught(refusal: Refusal, cell: TargetCell): Refusal {
  const { kind, message } = refusal.fault;
  const isIt = FAULTS[kind].blame === "caller" && /prefill|must end with a user message/i.test(message);
  if (!isIt) return refusal;
  cell.refusesPrefix = true;
  return { ...refusal, fault: fault("unsupported", "this model does not go on in a prefix", { taught: true }) };
}

/** First contents are learnt of streams alone: a whole answer is as late as it is long. */
function learntOf(belief: BeliefCell, call: Call): Learnt {
  return {
    lateMs: call.stream ? lateAfterMs(belief, shapeOfCall(call), 0.99) : undefined,
    tokensPerS: tokensPerSAtLeast(belief),
  };
}

/** What the cells of a target are found by. */
export function identityOf(provider: { readonly name: string; readonly url: string }, model: string): string {
  return `${provider.name}\n${provider.url}\n${model}`;
}

function lacksFor(planned: Parameters<typeof serves>[0], room: Room, call: Call): FaultKind | undefined {
  if (!serves(planned, call.operation)) return "unsupported";
  return isEnlarged(call) ? undefined : lacksRoom(room, call);
}

/** The client asks its provider for more than the model's usual limits. */
function isEnlarged({ headers }: Call): boolean {
  const beta = headers["anthropic-beta"];
  return beta !== undefined && /\b(?:context|output)-\d/.test(beta);
}

/** What a key that served is told. */
const ANSWERED = {};

function keyTaken(keyring: Keyring<AttemptPlan>, slot: KeySlot<AttemptPlan>): KeyTaken {
  return { cell: slot.pause, hasOther: (nowMs) => keyring.hasOther(slot, nowMs) };
}

/** One attempt that no pursuit makes. */
function asked(keyring: Keyring<AttemptPlan>, id: string): Service {
  return async (call, scope) => {
    const { clock } = scope.runtime;
    const slot = keyring.takeWell(clock.now());
    if (slot === undefined) return keyless(id);
    const reply = await attempt(unvalidated(slot.made), call, scope, 1);
    noteKey(keyring, slot, reply, clock.now());
    return reply;
  };
}

/** What a route asks of its answers it does not ask of one token. */
function unvalidated(plan: AttemptPlan): AttemptPlan {
  return plan.validation === undefined ? plan : { ...plan, validation: undefined };
}

function keyless(target: string): Refusal {
  const reason = fault("credential-rejected", "no key of this provider could be read");
  return { ok: false, fault: reason, trail: [{ target, fault: reason.kind, ms: 0, skipped: true }] };
}

function noteKey(
  keyring: Keyring<AttemptPlan>,
  slot: KeySlot<AttemptPlan> | undefined,
  reply: Reply,
  nowMs: number,
): void {
  if (slot === undefined) return;
  keyring.note(slot, reply.ok ? ANSWERED : { fault: reply.fault, status: reply.trail.at(-1)?.status }, nowMs);
}
