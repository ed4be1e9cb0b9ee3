// The two halves of a wire format. The wire half serves every call and works on bytes; the codec half is only for calls
// whose target speaks another dialect. Implementations are pure: no clock, no I/O, no state outside the objects they make.

import type { Place } from "../core/bytes.ts";
import type { Call, DeliveredPart, DialectId, Inspected, Operation } from "../core/call.ts";
import type { Fault } from "../core/fault.ts";
import type { OutputFormat, Prompt, Translated } from "../core/message.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { AttemptRecord, Unread, Words } from "../core/reply.ts";
import type { HeaderMap } from "../core/runtime.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import type { Target } from "../core/target.ts";
import type { Usage } from "../core/usage.ts";

/**
 * What one SSE frame is to the release rule.
 * `preamble`: no content, passes in order (`message_start`, role-only chunk, block starts and stops, comments, usage).
 * `ping`: keep-alive of the provider: proof of transport, not of progress.
 * `content`: visible text, refusal text, reasoning text, a server tool's block.
 * `tool`: opens or continues a client tool call: held until its end. So is the end of a call that is not whole, which only
 * a stop reason can explain (the output limit was reached): what follows is `stop`, or `malformed`.
 * `tool-next`: closes the held tool call and opens the next: release what is held, hold this.
 * `tool-end`: closes the tool call: release it all, this frame included.
 * `stop`: carries the stop reason (closes an open tool call too).
 * `terminal`: the closing marker (`message_stop`, `[DONE]`).
 * `error`: the provider's in-band error; `Tap.fault` says which.
 * `malformed`: not what the dialect allows; `Tap.fault` says why.
 * `drop`: not the client's: a usage chunk that it did not ask for, a frame that says nothing and that SDKs break on.
 */
export type FrameClass =
  | "preamble"
  | "ping"
  | "content"
  | "tool"
  | "tool-next"
  | "tool-end"
  | "stop"
  | "terminal"
  | "error"
  | "malformed"
  | "drop";

export interface TapOptions {
  /** The client did not ask for the usage frame, so that it is ours to take out. */
  readonly dropUsage: boolean;
  /** How many answers the call asked for (`Inspected.choices`); default: one. */
  readonly choices?: number;
  /** Keep what is shown, so that another can go on with it; default: not. */
  readonly follow?: boolean;
}

/** Where a stream stands that another one goes on with. */
export interface Seam {
  /** All visible text; `undefined` when it was too much to keep. */
  readonly text: string | undefined;
  readonly thought: boolean;
  /** Something was shown that only its provider can go on with. */
  readonly native: boolean;
  /** Tool calls that were shown, whole. */
  readonly toolCalls: number;
  /** What the next frames need to know of those before; undefined where nothing was shown of it. */
  readonly id: string | undefined;
  /** Who spoke, as the frames name it. */
  readonly model: string | undefined;
  readonly createdS: number | undefined;
  /** Blocks that were shown, an open one included; Chat has none. */
  readonly blocks: number;
  /** The last of them is open, and is text. */
  readonly openText: boolean;
  /** It is open, and is something else. */
  readonly openOther: boolean;
  /** Namely thinking, which was not signed yet. */
  readonly openThinking: boolean;
  readonly usage: Usage | undefined;
}

/** Reads the frames of one stream, in order, without changing them. */
export interface Tap {
  /** One whole SSE frame with its closing blank line. */
  see(frame: Uint8Array): FrameClass;
  /**
   * True when a chunk that begins at a frame is one whole frame of class `content`, as its bytes alone show; then it needs
   * neither cutting nor `see`. Nearly every chunk of a stream is one.
   */
  recognises(chunk: Uint8Array): boolean;
  /** True once a stop reason was seen, of every answer that was asked for. */
  readonly stopped: boolean;
  /** True once visible content or a client's tool call was seen, a stop frame's own included. */
  readonly hasContent: boolean;
  /** True when nothing visible came and that is legal: a refusal. (`max_tokens: 0` is the caller's to know.) */
  readonly emptyIsLegal: boolean;
  readonly usage: Usage | undefined;
  /** Why `see` last answered `error` or `malformed`. */
  readonly fault: Fault | undefined;
  /** The client's tool calls that have become whole since this was last asked. */
  closedCalls(): readonly ClosedCall[];
  /** The end of the text, as it came, of no more than `bytesMax`; "" where the stream is not followed. */
  tail(bytesMax: number): string;
  /** Of a stream that ended by itself and was words alone: those, and whose they are. `undefined`: it was not, or is not followed. */
  words(): Words | undefined;
  /** Where the stream stands; `undefined` where it is not followed. `toolOpen`: a call was begun that was never shown. */
  seam(toolOpen: boolean): Seam | undefined;
}

/** A whole call of a client's tool. */
export interface ClosedCall {
  readonly name: string;
  readonly input: unknown;
}

/** The tools that a request declares. */
export interface DeclaredTools {
  /** The schema of each tool's input by name; `undefined` where it has none that is known. */
  readonly schemas: ReadonlyMap<string, unknown>;
  /** There are tools whose names are not told: a call of another name is no fault. */
  readonly open: boolean;
}

/** What is right or wrong with a whole reply of status 2xx. */
export interface Verdict {
  readonly fault?: Fault;
  readonly usage?: Usage;
  /** The end of the answer's text, where it is long enough to have ended in a loop. */
  readonly tail?: string;
  /** It has calls of the client's tools. */
  readonly calls?: true;
  /** What it says, where that is words alone and it ended by itself. */
  readonly words?: Words | Unread;
}

export interface WireError {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
}

/** What a final error tells beside its fault. */
export interface ErrorContext {
  readonly call: string;
  readonly trail: readonly AttemptRecord[];
}

export interface PatchEdits {
  /** The model name to put in; absent: left. */
  readonly model?: string;
  /** Ask the provider for usage in the stream (Chat: `stream_options.include_usage`). */
  readonly includeUsage?: boolean;
}

export interface DialectWire {
  readonly id: DialectId;
  /** The path below the provider's url for an operation; `undefined` when the dialect has none. */
  path(operation: Operation): string | undefined;
  /** Reads the top level by span, without a full parse. `invalid-request` names the field (`param`) and what is allowed. */
  inspect(body: Uint8Array, operation: Operation): Inspected | Fault;
  /** Splices; every other byte stays. Gives the body itself when there is nothing to change. */
  patch(body: Uint8Array, inspected: Inspected, edits: PatchEdits): Uint8Array;
  /** Parses. True when answering may do something in the world by itself (tools that the provider runs): never ask twice. */
  actsAlone(body: Uint8Array): boolean;
  tap(options: TapOptions): Tap;
  /** What the JSON of the request's `tools` declares. */
  toolsOf(json: Uint8Array): DeclaredTools;
  /** The form of output that the JSON of the request's format asks for, if any. */
  formatOf(json: Uint8Array): OutputFormat | undefined;
  /** True for models that go on in the last message of a request when it is the assistant's. Unknown ones do not. */
  takesPrefix(model: string): boolean;
  /**
   * The request, in this dialect, that asks to go on after `part.text`: the history stands untouched, less output is asked
   * for, and no thinking. The body itself when nothing was delivered; `unsupported` when it cannot be asked.
   */
  goOn(body: Uint8Array, part: Continuation): Uint8Array | Fault;
  /** Judges a whole 2xx reply: valid JSON of this dialect, no error inside, not empty where that is a fault. */
  judge(body: Uint8Array, call: Pick<Call, "operation" | "inspected">): Verdict;
  /** Classifies a non-2xx answer. `wallMs` is for HTTP dates in `retry-after`. */
  faultFrom(status: number, headers: HeaderMap, body: Uint8Array, wallMs: number): Fault;
  /** The final error as this dialect's client expects it, before anything was sent. */
  faultTo(fault: Fault, context: ErrorContext): WireError;
  /** The same after the stream has opened: one whole frame. */
  errorFrame(fault: Fault, context: ErrorContext): Uint8Array;
  /** A keep-alive that this dialect's clients accept at any place between frames. */
  readonly pingFrame: Uint8Array;
  /** The closing marker, supplied when a provider sent its stop reason and then ended. */
  readonly terminalFrame: Uint8Array;
  /** Adds `"holdfast": facts` as an extra key of a known event; gives the frame itself when it has no JSON object. */
  annotate(frame: Uint8Array, facts: Readonly<Record<string, unknown>>): Uint8Array;
  /** The rate limits that a provider tells in the headers of an answer of any status; `undefined` where there are none. */
  limitsOf(headers: HeaderMap, wallMs: () => number): readonly RateLimit[] | undefined;
  /** Headers of a provider's answer that may pass to this dialect's client. */
  passHeaders(headers: HeaderMap): HeaderMap;
}

/** More text for a block that is open, as it stands in a frame: the inside of a JSON string that any other may be made of. */
export interface OpenText extends Place {
  readonly block: number;
}

export interface Decoder {
  /**
   * The text of a frame, or of a chunk that is one whole frame, when its bytes alone show that `decode` would give just this
   * text for the open block, and that it is written as `JSON.stringify` writes it. Nearly every frame is one. What is given
   * is good until the next call; a frame without such text is still to be decoded, and changed nothing.
   */
  more(frame: Uint8Array): OpenText | undefined;
  /** One whole SSE frame that `more` gave no text of. */
  decode(frame: Uint8Array): readonly StreamEvent[];
  /** At the end of input: closes what is open. Never invents a `message-end`. */
  end(): readonly StreamEvent[];
  /** True once a stop reason was seen, so that a missing closing marker is no fault. */
  readonly stopped: boolean;
}

/**
 * The only writer of translated frames: one open block at a time, contiguous indices, one finish, the terminal event
 * exactly once. Tool calls leave it whole, at their `block-end`; blocks that interleave are put in order.
 */
export interface Encoder {
  /** The frame that `encode` would write for text of a block that is open; `undefined` when it is not, or the text may not pass. */
  more(from: Uint8Array, text: OpenText): Uint8Array | undefined;
  /** Bytes of zero or more whole frames. `content` is true when they hold the first or further content of the answer. */
  encode(event: StreamEvent): { readonly bytes: Uint8Array; readonly content: boolean } | undefined;
}

export interface EncodeContext {
  readonly call: Pick<Call, "id" | "inspected">;
  /** Seconds since the epoch, for `created`. */
  readonly createdS: number;
  /** The client has the beginning already: what is written goes on from there. Text of block `SEAM_BLOCK` is its open text. */
  readonly seam?: Seam;
}

/** No decoder counts so. */
export const SEAM_BLOCK = -1;

/** What a target is asked beyond the client's own request, so that it goes on with an answer that broke. */
export interface Continuation extends DeliveredPart {
  readonly form: "prefix" | "anchor";
}

export interface DialectCodec {
  readonly id: DialectId;
  /** A path of `Prompt` in this dialect's own names (`topK` → `top_k`), for the losses that another encoder declares. */
  clientPath(path: string): string;
  /** `invalid-request` or `unsupported` when the request cannot be carried at all. Paths of losses are this dialect's. */
  decodeRequest(body: Uint8Array): Translated<Prompt> | Fault;
  /** `unsupported` when the target's dialect cannot carry it. Paths of losses are keys of `Prompt` (`topK`, `tools[0].strict`). */
  encodeRequest(prompt: Prompt, target: Target): Translated<Uint8Array> | Fault;
  /** The name that a request of this dialect gives to a client's tool; its own where that is allowed. */
  sentName(name: string): string;
  /** A whole reply as the events of the same answer streamed: `fold(decoder(stream)) = fold(decodeReply(whole))`. */
  decodeReply(body: Uint8Array): readonly StreamEvent[] | Fault;
  /** A whole reply from the events of an answer that has ended well. */
  encodeReply(events: readonly StreamEvent[], context: EncodeContext): Uint8Array;
  decoder(): Decoder;
  encoder(context: EncodeContext): Encoder;
}

export interface Dialect {
  readonly wire: DialectWire;
  readonly codec: DialectCodec;
}
