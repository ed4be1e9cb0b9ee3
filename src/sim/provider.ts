// The one definition of how a simulated provider behaves: a pure function from a request to the steps on its connection.
// The virtual transport and the real sockets both play what it says.

import type { DialectId } from "../core/call.ts";
import type { HeaderMap } from "../core/runtime.ts";
import { type Ask, isProblem, type Problem, tokensOf } from "./ask.ts";
import { askOfAnthropic } from "./ask-anthropic.ts";
import { askOfOpenai, openaiProblem } from "./ask-openai.ts";
import { complete, emptied } from "./completion.ts";
import type { FaultScript, ScheduledFault } from "./fault-script.ts";
import type { Manner } from "./going-on.ts";
import { asCount, asRecord, asText, parseJson } from "./json.ts";
import { blindSteps, type Pace, refusalSteps, streamSteps, wholeSteps } from "./play.ts";
import { type Random, randomId, randomStream } from "./random.ts";
import { faultAt } from "./schedule.ts";
import type { Step } from "./step.ts";
import { type Supplying, supplied } from "./supplied.ts";
import type { Supply } from "./supply.ts";
import type { Voice } from "./voice.ts";
import { anthropicVoice } from "./voice-anthropic.ts";
import { openaiVoice } from "./voice-openai.ts";

export type { Step } from "./step.ts";

export interface SimProvider {
  readonly name: string;
  readonly dialect: DialectId;
  /** From the request to the first content of a stream. */
  readonly firstTokenMs: number;
  readonly tokensPerS: number;
  /** Length of a text answer in words, which are its tokens. */
  readonly words: number;
  /** Share of calls that fail in calm weather, half overloaded and half server errors. */
  readonly errors: number;
  /** How it goes on with another's answer; absent: as it is asked. */
  readonly manner?: Manner;
  /** What it serves, `prefix*` allowed; absent: every model. */
  readonly models?: readonly string[];
  /** What it can serve at a time; absent: anything. */
  readonly supply?: Supply;
  readonly faults: readonly ScheduledFault[];
}

/** What a provider is unless told otherwise. */
export const SIM_PROVIDER_DEFAULTS = { firstTokenMs: 200, tokensPerS: 100, words: 40, errors: 0, faults: [] } as const;

export interface SimRequest {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  /** Since the world began. */
  readonly atMs: number;
  /** Milliseconds since the Unix epoch; absent: those of the virtual world. */
  readonly wallMs?: number;
}

/** The steps with what a log wants to know of the request. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly model: string;
  readonly stream: boolean;
  readonly fault?: FaultScript["kind"];
  /** To be called when the request is over: its place is free. */
  readonly release?: (nowMs: number) => void;
}

/** A fixed instant, so that one seed gives one run. */
const EPOCH_S = 1_790_000_000;
const EMBEDDING_SIZE = 16;
const EMBEDDING_SIZE_MAX = 3072;
const INPUTS_MAX = 2048;

/** What `provider` does with `request`. All that is left to chance comes from `random`, a stream of this request's own. */
export function plan(request: SimRequest, provider: SimProvider, random: Random): readonly Step[] {
  return planCall(request, provider, random).steps;
}

/** `plan`, with what the log notes. `supplying`: the provider's supply and what is taken of it. */
export function planCall(request: SimRequest, provider: SimProvider, random: Random, supplying?: Supplying): Plan {
  const voice = provider.dialect === "anthropic-messages" ? anthropicVoice : openaiVoice;
  const json = request.body.length === 0 ? undefined : parseJson(request.body);
  const work = workOf(request, json, { provider, voice });
  const { model, stream } = aimOf(json);
  const scripted = faultAt(provider.faults, request.atMs, { provider: provider.name, model }, random);
  const fault = scripted ?? calmFault(provider.errors, random);
  const pace: Pace = {
    firstTokenMs: provider.firstTokenMs,
    gapMs: provider.tokensPerS > 0 ? 1000 / provider.tokensPerS : 0,
    voice,
    requestId: `req_${randomId(random, 24)}`,
  };
  const blind = fault === undefined ? undefined : blindSteps(fault, pace, { model, stream });
  const about = { model, stream, ...(fault === undefined ? {} : { fault: fault.kind }) };
  if (blind !== undefined) return { steps: blind, ...about };
  if (supplying === undefined || work.type !== "generate") {
    return { steps: answerSteps({ work, request, provider, random, pace, fault }), ...about };
  }
  const { headers, atMs, wallMs = EPOCH_S * 1_000 + atMs } = request;
  const { inputTokens } = work.ask;
  const asked = { dialect: provider.dialect, headers, json, inputTokens, atMs, wallMs, pace };
  const { refused, ...served } = supplied(supplying, asked, random, (paced, cachedTokens) =>
    answerSteps({ work, request, provider, random, pace: paced, fault, cachedTokens }),
  );
  return { ...about, ...served, ...(refused === undefined ? {} : { fault: refused }) };
}

interface Being {
  readonly provider: SimProvider;
  readonly voice: Voice;
}

/** What the request turned out to ask for. */
type Work =
  | { readonly type: "problem"; readonly problem: Problem }
  | { readonly type: "generate"; readonly ask: Ask }
  | { readonly type: "body"; readonly value: unknown };

function workOf(request: SimRequest, json: unknown, { provider, voice }: Being): Work {
  const query = request.path.indexOf("?");
  const path = query < 0 ? request.path : request.path.slice(0, query);
  const headers = request.headers;
  const bodyBytes = request.body.length;
  // Of a drill nearly all are.
  if (request.method === "POST" && path === "/v1/chat/completions" && provider.dialect === "openai-chat") {
    return generate(askOfOpenai(json, bodyBytes), provider, voice);
  }
  switch (`${provider.dialect} ${request.method} ${path}`) {
    case "anthropic-messages POST /v1/messages":
      return generate(askOfAnthropic({ headers, json, bodyBytes, counting: false }), provider, voice);
    case "anthropic-messages POST /v1/messages/count_tokens": {
      const ask = askOfAnthropic({ headers, json, bodyBytes, counting: true });
      return isProblem(ask)
        ? { type: "problem", problem: ask }
        : { type: "body", value: { input_tokens: ask.inputTokens } };
    }
    case "openai-chat POST /v1/embeddings":
      return embeddings(json, bodyBytes, provider);
    case "anthropic-messages GET /v1/models":
    case "openai-chat GET /v1/models":
      return { type: "body", value: modelList(provider) };
    default:
      return { type: "problem", problem: voice.problem("no-such-path", "") };
  }
}

function generate(ask: Ask | Problem, provider: SimProvider, voice: Voice): Work {
  if (isProblem(ask)) return { type: "problem", problem: ask };
  return serves(provider, ask.model)
    ? { type: "generate", ask }
    : { type: "problem", problem: voice.problem("model-missing", ask.model) };
}

function serves({ models }: SimProvider, model: string): boolean {
  if (models === undefined) return true;
  return models.some((name) => (name.endsWith("*") ? model.startsWith(name.slice(0, -1)) : name === model));
}

/** Model and manner of the request as far as they can be read: a fault may hit a request that is not valid. */
function aimOf(json: unknown): { readonly model: string; readonly stream: boolean } {
  const body = asRecord(json);
  return { model: asText(body?.model) ?? "", stream: body?.stream === true };
}

function calmFault(errors: number, random: Random): FaultScript | undefined {
  const drawn = random();
  if (drawn >= errors) return undefined;
  return { kind: drawn < errors / 2 ? "overloaded" : "server-error" };
}

interface Answering {
  readonly work: Work;
  readonly request: SimRequest;
  readonly provider: SimProvider;
  readonly random: Random;
  readonly pace: Pace;
  readonly fault: FaultScript | undefined;
  readonly cachedTokens?: number;
}

function answerSteps({ work, request, provider, random, pace, fault, cachedTokens = 0 }: Answering): readonly Step[] {
  if (work.type === "problem") return refusalSteps(work.problem, pace);
  if (work.type === "body") return wholeSteps(work.value, 0, { ...pace, firstTokenMs: pace.firstTokenMs / 4 }, fault);
  const createdS = EPOCH_S + Math.floor(request.atMs / 1000);
  const { name, words, manner } = provider;
  const speaker = { provider: name, words, createdS, ...(manner && { manner }) };
  const spoken = complete(work.ask, speaker, random);
  const completion = { ...(fault?.kind === "empty" ? emptied(spoken, work.ask, fault.message) : spoken), cachedTokens };
  if (work.ask.stream) return streamSteps(pace.voice.frames(completion, work.ask), pace, fault);
  const bodyMs = Math.max(0, completion.outputTokens - 1) * pace.gapMs;
  return wholeSteps(pace.voice.whole(completion, fault?.kind !== "no-finish"), bodyMs, pace, fault);
}

function modelList({ dialect, name, models }: SimProvider): unknown {
  const ids = (models ?? [`${name}-model`]).filter((id) => !id.endsWith("*"));
  if (dialect === "openai-chat") {
    return { object: "list", data: ids.map((id) => ({ id, object: "model", created: EPOCH_S, owned_by: name })) };
  }
  const data = ids.map((id) => ({ type: "model", id, display_name: id, created_at: "2026-09-21T00:00:00Z" }));
  return { data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null };
}

function embeddings(json: unknown, bodyBytes: number, provider: SimProvider): Work {
  const body = asRecord(json);
  const model = asText(body?.model);
  const input = body?.input;
  const bad = (message: string, param: string): Work => ({ type: "problem", problem: openaiProblem(message, param) });
  if (model === undefined) return bad("you must provide a model parameter", "model");
  if (input === undefined || input === null || input === "")
    return bad("Missing required parameter: 'input'.", "input");
  // A list of numbers is one input of tokens; any other list is many inputs.
  const inputs: readonly unknown[] = Array.isArray(input) && typeof input[0] !== "number" ? input : [input];
  if (inputs.length === 0 || inputs.length > INPUTS_MAX) return bad("'input' has too few or too many items.", "input");
  const size = Math.min(Math.max(1, asCount(body?.dimensions) ?? EMBEDDING_SIZE), EMBEDDING_SIZE_MAX);
  const data = inputs.map((item, index) => {
    const random = randomStream(0, `${provider.name}/${model}/${JSON.stringify(item)}`);
    const vector = unit(Float32Array.from({ length: size }, () => random() * 2 - 1));
    const embedding = body?.encoding_format === "base64" ? base64(vector) : Array.from(vector);
    return { object: "embedding", index, embedding };
  });
  const tokens = tokensOf(bodyBytes);
  return {
    type: "body",
    value: { object: "list", data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
  };
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / (length || 1));
}

function base64(vector: Float32Array): string {
  let text = "";
  for (const byte of new Uint8Array(vector.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}
