// A prepared sentence in the client's own dialect, whole or as a stream, with the facts of the outage in it. Only where a
// sentence is an answer: a program that waits for a tool call or for JSON gets the refusal instead.

import { concat } from "../core/bytes.ts";
import type { Call } from "../core/call.ts";
import { FAULTS, isFault } from "../core/fault.ts";
import type { Outage, Rung } from "../core/last-resort.ts";
import type { Prompt } from "../core/message.ts";
import type { Answer, Ending, Frames } from "../core/reply.ts";
import type { Runtime } from "../core/runtime.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import type { Dialect, EncodeContext } from "../dialects/dialect.ts";

/** What a canned answer names as its target and its model: none of a provider's. */
export const CANNED_TARGET = "holdfast/canned";

/** Larger requests are not parsed only to say that nobody can answer them. */
const BODY_BYTES_MAX = 4_194_304;
/** Of a streamed sentence, in characters: what a client shows at once. */
const PIECE = /[\s\S]{1,40}(?:\s|$)|[\s\S]{1,40}/gu;
/** Where the fault names no time: as the final error says. */
const RETRY_MS = 5_000;
const NOTHING_BILLED = { inputTokens: 0, outputTokens: 0 } as const;

/** `text` may hold `{model}`, `{reason}`, `{since}` and `{retry}`. */
export function canned(text: string, client: Dialect): Rung {
  return {
    serve: (outage) => async (call, scope) => {
      if (!takesSentence(call, client)) return { ok: false, fault: outage.fault, trail: [] };
      return answer(filled(text, call, outage), client, call, scope.runtime);
    },
  };
}

/** `{since}` is in UTC, `{retry}` in seconds. */
function filled(text: string, call: Call, { fault, sinceWallMs }: Outage): string {
  const facts = new Map([
    ["model", call.model],
    ["reason", FAULTS[fault.kind].summary],
    ["since", `${new Date(sinceWallMs).toISOString().slice(0, 16).replace("T", " ")} UTC`],
    ["retry", `${Math.ceil((fault.retryAfterMs ?? RETRY_MS) / 1_000)} s`],
  ]);
  return text.replace(/\{([a-z]+)\}/g, (whole, name: string) => facts.get(name) ?? whole);
}

function takesSentence(call: Call, { codec }: Dialect): boolean {
  const { choices = 1, maxTokens } = call.inspected;
  if (call.operation !== "generate" || choices !== 1 || maxTokens === 0) return false;
  if (call.body.length > BODY_BYTES_MAX) return false;
  const prompt = codec.decodeRequest(call.body);
  return !isFault(prompt) && expectsProse(prompt.value);
}

function expectsProse({ format, toolChoice, turns }: Prompt): boolean {
  const forced = toolChoice?.type === "any" || toolChoice?.type === "tool";
  // A turn that the client began itself would be finished by a sentence that does not belong to it.
  return format === undefined && !forced && turns.at(-1)?.role !== "assistant";
}

function answer(text: string, { codec }: Dialect, call: Call, runtime: Runtime): Answer {
  const context: EncodeContext = { call, createdS: Math.floor(runtime.wallMs() / 1_000) };
  const events = eventsOf(call.stream ? (text.match(PIECE) ?? []) : [text]);
  const ending: Ending = { kind: "complete", usage: NOTHING_BILLED, firstContentMs: 0, tookMs: 0, pausedMs: 0 };
  return {
    ok: true,
    target: CANNED_TARGET,
    dialect: call.dialect,
    status: 200,
    headers: {},
    frames: once(call.stream ? streamed(events, codec.encoder(context)) : codec.encodeReply(events, context)),
    ending: Promise.resolve(ending),
    servedBy: "canned",
    degraded: "canned",
    lossy: [],
    trail: [],
    // It is all there: nothing is in flight that could be stopped.
    cancel() {},
  };
}

function eventsOf(pieces: readonly string[]): StreamEvent[] {
  return [
    { type: "message-start", id: "", model: CANNED_TARGET, usage: NOTHING_BILLED },
    ...pieces.map((text): StreamEvent => ({ type: "text-delta", block: 0, text })),
    { type: "block-end", block: 0 },
    { type: "message-end", stop: "end", usage: NOTHING_BILLED },
  ];
}

function streamed(events: readonly StreamEvent[], encoder: ReturnType<Dialect["codec"]["encoder"]>): Uint8Array {
  return concat(events.flatMap((event) => encoder.encode(event)?.bytes ?? []));
}

function once(bytes: Uint8Array): Frames {
  let left: Uint8Array | undefined = bytes;
  return {
    read() {
      const next = left;
      left = undefined;
      return Promise.resolve(next);
    },
  };
}
