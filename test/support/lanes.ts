// The two lanes of the engine, driven by hand: bytes in, cut as a test wants it, and what came out of them.

import type { DialectId, Inspected } from "../../src/core/call.ts";
import { type Fault, fault } from "../../src/core/fault.ts";
import { DIALECTS } from "../../src/dialects/registry.ts";
import type { Lane } from "../../src/engine/lane.ts";
import { Relay } from "../../src/engine/relay.ts";
import { Translation } from "../../src/engine/translate.ts";
import { readChat } from "./chat-reader.ts";
import type { Heard } from "./heard.ts";
import { readMessages } from "./messages-reader.ts";

export const otherDialect = (dialect: DialectId): DialectId =>
  dialect === "openai-chat" ? "anthropic-messages" : "openai-chat";

export function nativeLane(dialect: DialectId, dropUsage = false): Lane {
  return new Relay(DIALECTS[dialect].wire, { dropUsage, emptyAllowed: false });
}

export function inspected(usageAsked: boolean): Inspected {
  const span = { start: 0, end: 0 };
  const streamOptions = { span, includeUsage: true };
  return { model: "asked", stream: true, thinks: false, modelSpan: span, ...(usageAsked && { streamOptions }) };
}

/** From a provider of `dialect` to a client of the other one. */
export function translatedLane(dialect: DialectId, usageAsked: boolean): Lane {
  const context = { call: { id: "call_golden", inspected: inspected(usageAsked) }, createdS: 1_790_000_000 };
  const encoder = DIALECTS[otherDialect(dialect)].codec.encoder(context);
  return new Translation(DIALECTS[dialect].codec.decoder(), encoder, { emptyAllowed: false, follow: false });
}

/** As an attempt has it where the route resumes. */
export function followedLane(dialect: DialectId, client: DialectId): Lane {
  const context = { call: { id: "call_1", inspected: inspected(true) }, createdS: 1_790_000_000 };
  const { codec } = DIALECTS[client];
  const own = { dropUsage: false, emptyAllowed: false, follow: true };
  if (client === dialect) {
    return new Relay(DIALECTS[client].wire, { ...own, goesOn: { codec, context } });
  }
  return new Translation(DIALECTS[dialect].codec.decoder(), codec.encoder(context), own);
}

export function read(dialect: DialectId, bytes: Uint8Array, usageAsked = true): Heard {
  return dialect === "openai-chat" ? readChat(bytes, usageAsked) : readMessages(bytes);
}

export interface LaneRun {
  readonly out: Uint8Array;
  readonly finished: boolean;
  readonly fault: Fault | undefined;
}

const CUT = fault("stream-broken", "the connection broke");

/** `end`: the input ends after the chunks; `break`: the connection does. */
export function drive(lane: Lane, chunks: Iterable<Uint8Array>, how: "end" | "break" = "end"): LaneRun {
  const out: Uint8Array[] = [];
  const take = (bytes: Uint8Array | undefined): void => {
    if (bytes === undefined) return;
    if (!lane.committed) throw new Error("bytes were released before the commit");
    if (bytes.length === 0) throw new Error("nothing was released as bytes");
    out.push(bytes);
  };
  for (const chunk of chunks) {
    if (lane.finished || lane.fault !== undefined) break;
    take(lane.feed(chunk));
  }
  if (!lane.finished && lane.fault === undefined) take(how === "end" ? lane.end() : lane.broke(CUT));
  if (lane.finished === (lane.fault !== undefined)) throw new Error("neither finished nor at fault, or both");
  return { out: Buffer.concat(out), finished: lane.finished, fault: lane.fault };
}

/** Pieces of `size` bytes, the first of them shorter by `phase`: over all phases every byte is a place of a cut. */
export function* pieces(bytes: Uint8Array, size: number, phase = 0): Generator<Uint8Array> {
  let start = 0;
  for (let end = size - phase; start < bytes.length; end += size) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** Places in a stream, evenly spread, so that reading up to (or past) each of them stays within a budget of bytes. */
export function places(bytes: Uint8Array, step: number, budgetBytes: number): readonly number[] {
  const most = Math.max(50, Math.floor(budgetBytes / bytes.length));
  const stride = Math.max(step, Math.ceil(bytes.length / most));
  // An odd stride meets every place within a frame sooner or later.
  const odd = stride % 2 === 0 ? stride + 1 : stride;
  const found: number[] = [];
  for (let at = 1; at < bytes.length; at += odd) found.push(at);
  return found;
}
