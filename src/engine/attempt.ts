// One try at one target, from the client's bytes to the commit: encode for this target, authorize, send, classify in the
// target's dialect, hold until the release rule, then relay or translate. It never retries and knows no other target.

import type { Call, Operation, ResumeMode } from "../core/call.ts";
import { FAULTS, type Fault, fault, isFault } from "../core/fault.ts";
import type { Loss } from "../core/message.ts";
import { OneFrame } from "../core/one-frame.ts";
import type { Answer, Frames, Refusal, Reply } from "../core/reply.ts";
import type { HeaderMap, WireRequest, WireResponse } from "../core/runtime.ts";
import type { Scope } from "../core/service.ts";
import type { Target } from "../core/target.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { inNamesOf } from "../dialects/losses.ts";
import { changedNames } from "../dialects/tool-name.ts";
import type { Validation } from "../policies/validate.ts";
import type { Provider } from "../providers/provider.ts";
import { bugOf } from "./bug.ts";
import { encodedBody } from "./encoded-body.ts";
import { HeldForm } from "./held-form.ts";
import type { Lane } from "./lane.ts";
import type { QuotaGate } from "./quota-gate.ts";
import { Relay } from "./relay.ts";
import { Settlement } from "./settlement.ts";
import { StreamReader } from "./stream.ts";
import { Telling } from "./telling.ts";
import { type AttemptTimeouts, type Learnt, NO_CONTENT, NO_WHOLE, timeoutsFor } from "./timeouts.ts";
import { Translation } from "./translate.ts";
import { type Demands, demandsOf, invalidReply, isReplaced, uselessReply } from "./usefulness.ts";
import { toldLater, translateWhole } from "./whole.ts";
import { Withheld } from "./withheld.ts";
import { withoutKey } from "./without-key.ts";

/** Everything about a target that is known before a call comes. */
export interface AttemptPlan {
  readonly target: Target;
  readonly provider: Provider;
  readonly key: string | undefined;
  /** Its fingerprint. */
  readonly account: string | undefined;
  /** Of that key at this target. */
  readonly quota: QuotaGate;
  /** Speaks the target's dialect. */
  readonly dialect: Dialect;
  /** Speaks the client's; the same object on the native lane. */
  readonly client: Dialect;
  readonly timeouts: AttemptTimeouts;
  /** Asked where a timeout is `auto`, of a call's first attempt: those after it get all the patience there is. Absent: there is nobody else. */
  readonly learnt?: (call: Call) => Learnt;
  readonly exactUsage: boolean;
  /** Refuse a lossy translation, unless the call says otherwise. */
  readonly strict: boolean;
  /** From this attempt of a call on a useless answer is taken as it is: there would be nobody left to give another. */
  readonly tolerantFrom: number;
  /** What a client stored is stored here: the first provider of this dialect on the route. */
  readonly hasStore: boolean;
  /** What the route asks of every answer. */
  readonly validation?: Validation | undefined;
  readonly resume: ResumeMode;
  /** What is remembered of an answer until it is over, so that it can be kept. */
  readonly keeps: "nothing" | "words" | "calls";
  /** How it is asked to go on with an answer; what it refused once it is not asked again. */
  readonly joinedBy: () => "prefix" | "anchor";
}

/** A whole reply, and an error body, may not be larger than this. */
const WHOLE_BYTES_MAX = 67_108_864;
const ERROR_BYTES_MAX = 262_144;
/** An error's status is known; its body is not worth more waiting. */
const ERROR_BODY_MS = 5_000;

/** Types of what is no stream. */
const NO_STREAM = /application\/json|text\/html/i;

const NO_LOSSES: readonly Loss[] = [];
const NO_NAMES: readonly string[] = [];

/** What is still asked of a request once it is sent. */
export interface Asked {
  readonly losses: readonly Loss[];
  /** The usage chunk is ours, not the client's. */
  readonly dropUsage: boolean;
  /** The client's names of tools by those that were sent. */
  readonly names?: ReadonlyMap<string, string> | undefined;
}

export interface Prepared {
  readonly body: Uint8Array;
  /** Apart from what was sent itself, which would be held for as long as an answer is waited for. */
  readonly asked: Asked;
}

/** What is natively asked loses nothing. */
const AS_IT_IS: Asked = { losses: NO_LOSSES, dropUsage: false };
const WITH_USAGE: Asked = { losses: NO_LOSSES, dropUsage: true };

export async function attempt(plan: AttemptPlan, call: Call, scope: Scope, number: number): Promise<Reply> {
  const prepared = prepareSafely(plan, call, scope);
  if (isFault(prepared)) return unsent(plan, prepared);
  const settlement = new Settlement(call, scope, plan.target.id, number);
  settlement.secret = plan.key;
  settlement.account = plan.account;
  settlement.quota = plan.quota;
  settlement.debit = plan.quota.begin(call, settlement.startMs);
  try {
    const timeouts = timeoutsFor(plan.timeouts, call, number === 1 ? plan.learnt?.(call) : undefined);
    settlement.deadline = call.stream ? NO_CONTENT : NO_WHOLE;
    const { startMs } = settlement;
    settlement.timer.moveTo(startMs + (call.stream ? timeouts.firstTokenMs : timeouts.wholeMs), startMs);
    const response = await scope.runtime.transport(
      request(plan, call, prepared, scope.propagate?.(call, number)),
      settlement.cancel,
    );
    if (isFault(response)) return refuse(settlement, settlement.cancel.fault ?? response);
    const sent = { scope, settlement, asked: prepared.asked, response };
    const bad = received(plan, call, sent);
    if (bad !== undefined) return refuse(settlement, isFault(bad) ? bad : await bad);
    // Written out for a whole reply: an async function more costs it more than all that is done with it.
    const body = call.stream ? undefined : await response.body.whole(WHOLE_BYTES_MAX);
    if (body !== undefined) return orRefusal(settlement, whole(plan, call, sent, body));
    const opening = opened(plan, call, sent, timeouts);
    const reader = opening instanceof StreamReader ? opening : await opening;
    if (isFault(reader)) return refuse(settlement, reader);
    const failed = await reader.open();
    if (failed !== undefined) response.body.cancel(failed);
    return failed === undefined ? streamed(plan, call, sent, reader) : refuse(settlement, failed);
  } catch (error) {
    // The one place where a throw of the attempt's own code becomes a value.
    const bug = bugOf(error, call, scope);
    settlement.cancel.cancel(bug);
    return refuse(settlement, bug);
  }
}

/** What cannot be asked of this target is no attempt: nothing is sent, counted or timed. */
function unsent({ target }: AttemptPlan, reason: Fault): Refusal {
  return { ok: false, fault: reason, trail: [{ target: target.id, fault: reason.kind, ms: 0, skipped: true }] };
}

function orRefusal(settlement: Settlement, reply: Answer | Fault): Reply {
  return isFault(reply) ? refuse(settlement, reply) : reply;
}

function refuse(settlement: Settlement, found: Fault): Refusal {
  const reason = withoutKey(found, settlement.secret);
  settlement.settle(reason);
  return { ok: false, fault: reason, trail: [settlement.record(reason)] };
}

function isNative(plan: AttemptPlan): boolean {
  return plan.client === plan.dialect;
}

function prepareSafely(plan: AttemptPlan, call: Call, scope: Scope): Prepared | Fault {
  try {
    return prepare(plan, call);
  } catch (error) {
    return bugOf(error, call, scope);
  }
}

function prepare(plan: AttemptPlan, call: Call): Prepared | Fault {
  const { delivered } = call;
  const prepared = prepareRequest(plan, call);
  if (delivered === undefined || isFault(prepared)) return prepared;
  const body = plan.dialect.wire.goOn(prepared.body, { ...delivered, form: plan.joinedBy() });
  return isFault(body) ? body : { body, asked: prepared.asked };
}

/** False for what the target's dialect has no path for, or no translation of: nothing can be sent there. */
export function serves({ client, dialect }: Pick<AttemptPlan, "client" | "dialect">, operation: Operation): boolean {
  return operation === "generate" || (client === dialect && dialect.wire.path(operation) !== undefined);
}

function prepareRequest(plan: AttemptPlan, call: Call): Prepared | Fault {
  if (!serves(plan, call.operation))
    return fault("unsupported", `${plan.target.id} has no ${call.operation} for this kind of call`);
  if (!isNative(plan)) return prepareTranslated(plan, call);
  const { stored } = call.inspected;
  if (stored !== undefined && !plan.hasStore)
    return fault("unsupported", `${plan.target.id} does not have what \`${stored}\` names`, { param: stored });
  const { model } = plan.target;
  const addUsage =
    plan.exactUsage &&
    call.stream &&
    call.dialect === "openai-chat" &&
    call.inspected.streamOptions?.includeUsage !== true;
  const body = plan.dialect.wire.patch(call.body, call.inspected, { model, includeUsage: addUsage });
  return { body, asked: addUsage ? WITH_USAGE : AS_IT_IS };
}

function prepareTranslated(plan: AttemptPlan, call: Call): Prepared | Fault {
  const prompt = plan.client.codec.decodeRequest(call.body);
  if (isFault(prompt)) return prompt;
  const encoded = plan.dialect.codec.encodeRequest(prompt.value, plan.target);
  const { clientPath } = plan.client.codec;
  if (isFault(encoded)) return inNamesOf(clientPath, encoded);
  const losses = [...prompt.losses, ...encoded.losses.map((loss) => ({ ...loss, path: clientPath(loss.path) }))];
  if ((call.strict ?? plan.strict) && losses.length > 0) {
    const named = losses.map((loss) => `${loss.path} (${loss.why})`).join(", ");
    return fault("lossy", `${plan.target.id} would lose: ${named}`, { param: losses[0]?.path ?? "" });
  }
  const names = changedNames(prompt.value.tools, plan.dialect.codec.sentName);
  return { body: encoded.value, asked: { losses, dropUsage: false, names } };
}

interface Sent {
  readonly scope: Scope;
  readonly settlement: Settlement;
  readonly asked: Asked;
  readonly response: WireResponse;
}

/** What its headers tell. Gives what is wrong with a response that is not to be read as an answer. */
function received(plan: AttemptPlan, call: Call, sent: Sent): Fault | Promise<Fault> | undefined {
  const { scope, settlement, response } = sent;
  settlement.status = response.status;
  settlement.limits = plan.dialect.wire.limitsOf(response.headers, scope.runtime.wallMs);
  if (settlement.limits !== undefined) {
    plan.quota.told(call, settlement.debit, { limits: settlement.limits, nowMs: settlement.nowMs });
  }
  settlement.requestId = response.headers["request-id"] ?? response.headers["x-request-id"];
  if (response.status < 200 || response.status > 299) return rejected(plan, scope, settlement, response);
  const encoded = encodedBody(response.headers);
  if (encoded !== undefined) response.body.cancel(encoded);
  return encoded;
}

/** A reader of what should be a stream. */
function opened(
  plan: AttemptPlan,
  call: Call,
  sent: Sent,
  timeouts: ReturnType<typeof timeoutsFor>,
): StreamReader | Promise<Fault> {
  const { scope, settlement, response } = sent;
  if (NO_STREAM.test(response.headers["content-type"] ?? "")) return notStream(plan, call, settlement, response);
  const lane = withheld(plan, call, settlement, laneFor(plan, call, sent));
  return new StreamReader(response.body, lane, settlement, { timeouts, clock: scope.runtime.clock });
}

/** The answer of a stream that has committed. */
function streamed(plan: AttemptPlan, call: Call, sent: Sent, reader: StreamReader): Answer {
  const { lane } = reader;
  const made = answer(plan, call, sent, reader);
  if (call.delivered !== undefined && call.delivered.text !== "") return { ...made, joinedBy: plan.joinedBy() };
  if (plan.keeps !== "nothing") made.told = lane;
  if (isFollowed(plan, call)) made.unfinished = lane;
  return made;
}

function request(plan: AttemptPlan, call: Call, { body }: Prepared, trace: HeaderMap | undefined): WireRequest {
  const own = plan.provider.authorize(plan.key, call.headers);
  const headers = trace === undefined ? own : { ...own, ...trace };
  const query = isNative(plan) ? call.query : "";
  const url = plan.provider.urlOf(plan.dialect.wire.path(call.operation) ?? "");
  return {
    method: "POST",
    url: query === "" ? url : url + query,
    headers,
    body,
    connectMs: plan.timeouts.connectMs,
  };
}

function laneFor(plan: AttemptPlan, call: Call, { scope, asked: { dropUsage, names }, settlement }: Sent): Lane {
  const emptyAllowed = call.inspected.maxTokens === 0;
  const choices = call.inspected.choices ?? 1;
  const demands = demandsOf(plan.client.wire, call, isReplaced(plan, call, settlement.number));
  const context = { call, createdS: Math.floor(scope.runtime.wallMs() / 1000) };
  const { codec } = plan.client;
  // Of a continuation, too, the end is looked at.
  const isFollowedOn = (call.resume ?? plan.resume) !== "off";
  const follow = isFollowedOn || plan.keeps !== "nothing";
  const telling = plan.keeps === "calls" ? new Telling() : undefined;
  if (!isNative(plan)) {
    const options = { emptyAllowed, follow, demands, names, telling };
    return formed(plan, call, demands, new Translation(plan.dialect.codec.decoder(), codec.encoder(context), options));
  }
  const heard = telling && { telling, decoder: codec.decoder() };
  const own = { dropUsage, choices, emptyAllowed, demands, decoder: demands?.format && codec.decoder(), heard };
  const goesOn = isFollowedOn ? { codec, context } : undefined;
  return formed(plan, call, demands, new Relay(plan.dialect.wire, { ...own, follow, goesOn }));
}

/** A route that validates its answers holds them as it is. Apart, for what is shared with a closure lives as long as the stream. */
function formed(plan: AttemptPlan, call: Call, demands: Demands | undefined, lane: Lane): Lane {
  const holds = plan.validation === undefined && (call.resume ?? plan.resume) !== "off";
  return holds && demands?.format !== undefined ? new HeldForm(lane, demands.replaces) : lane;
}

function withheld(plan: AttemptPlan, call: Call, { number }: Settlement, lane: Lane): Lane {
  const { validation, client } = plan;
  if (validation === undefined) return lane;
  return new Withheld(lane, { validation, decoder: client.codec.decoder(), replaces: isReplaced(plan, call, number) });
}

/** A continuation is followed by whoever asked for it. */
function isFollowed(plan: AttemptPlan, call: Call): boolean {
  return (call.resume ?? plan.resume) !== "off" && call.delivered === undefined;
}

async function rejected(
  plan: AttemptPlan,
  scope: Scope,
  settlement: Settlement,
  response: WireResponse,
): Promise<Fault> {
  settlement.timer.move(ERROR_BODY_MS);
  const body = await response.body.whole(ERROR_BYTES_MAX);
  if (settlement.cancel.fault !== undefined && isCallers(settlement.cancel.fault)) return settlement.cancel.fault;
  const bytes = body instanceof Uint8Array ? body : new Uint8Array(0);
  const found = plan.dialect.wire.faultFrom(response.status, response.headers, bytes, scope.runtime.wallMs());
  return asFoundHere(plan, found);
}

function isCallers({ kind }: Fault): boolean {
  return FAULTS[kind].blame === "caller" || kind === "deadline-exceeded";
}

/** A 400 to a request that we wrote is no proof that the caller's was wrong: another target may take it. */
function asFoundHere(plan: AttemptPlan, found: Fault): Fault {
  if (isNative(plan) || FAULTS[found.kind].blame !== "caller" || FAULTS[found.kind].retry !== "never") return found;
  return { ...found, kind: "unsupported" };
}

async function notStream(
  plan: AttemptPlan,
  call: Call,
  settlement: Settlement,
  response: WireResponse,
): Promise<Fault> {
  settlement.timer.move(ERROR_BODY_MS);
  const body = await response.body.whole(ERROR_BYTES_MAX);
  if (!(body instanceof Uint8Array)) return settlement.cancel.fault ?? withinLimit(body);
  const found = plan.dialect.wire.judge(body, call).fault;
  return asFoundHere(plan, found ?? fault("malformed-reply", "a stream was asked for; a whole reply came"));
}

/** A provider that says too much is at fault itself: `too-large` is the caller's. */
function withinLimit(found: Fault): Fault {
  return found.kind === "too-large" ? fault("malformed-reply", "an answer over the size limit") : found;
}

function whole(plan: AttemptPlan, call: Call, sent: Sent, body: Uint8Array | Fault): Answer | Fault {
  const { scope, settlement } = sent;
  if (isFault(body)) return settlement.cancel.fault ?? withinLimit(body);
  const verdict = plan.dialect.wire.judge(body, call);
  if (verdict.fault !== undefined) return asFoundHere(plan, verdict.fault);
  const rendered = isNative(plan) ? body : translateWhole(plan, call, scope, { body, names: sent.asked.names });
  if (isFault(rendered)) return rendered;
  if (call.operation === "generate") {
    const invalid = plan.validation && invalidReply(plan.client, plan.validation, rendered);
    if (invalid !== undefined) return invalid;
    const useless = uselessReply(plan.client, call, rendered, verdict);
    if (useless !== undefined && isReplaced(plan, call, settlement.number)) return useless;
    settlement.flaw = useless;
  }
  settlement.usage = verdict.usage;
  settlement.committed = true;
  const atMs = settlement.nowMs;
  settlement.content(atMs);
  settlement.settle(undefined, atMs);
  const made = answer(plan, call, sent, new OneFrame(rendered));
  if (plan.keeps === "words" && settlement.flaw === undefined) made.told = verdict.words;
  else if (plan.keeps === "calls") made.told = toldLater(plan, body, sent.asked);
  return made;
}

/** Not yet given to anybody. */
type Made = { -readonly [Key in keyof Answer]: Answer[Key] };

function answer(plan: AttemptPlan, call: Call, { settlement, asked, response }: Sent, frames: Frames): Made {
  return {
    ok: true,
    target: plan.target.id,
    dialect: call.dialect,
    status: 200,
    headers: isNative(plan) ? plan.client.wire.passHeaders(response.headers) : {},
    frames,
    ending: settlement.ending,
    servedBy: plan.target.tier === "local" ? "local" : "target",
    lossy: asked.losses.length === 0 ? NO_NAMES : [...new Set(asked.losses.map((loss) => loss.path))],
    trail: [settlement.record(undefined)],
    cancel: settlement.cancel,
  };
}
