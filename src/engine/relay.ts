// The native lane: client and provider speak the same dialect, so frames pass byte for byte. A tap reads them for faults,
// endings and usage; frames are never re-cut, only whole frames wait: the preamble until the commit, a tool call until
// its end.

import { concat } from "../core/bytes.ts";
import { type Fault, fault } from "../core/fault.ts";
import { tailLoops } from "../core/repetition.ts";
import type { Words } from "../core/reply.ts";
import type { Unfinished } from "../core/unfinished.ts";
import type { Usage } from "../core/usage.ts";
import {
  type Decoder,
  type DialectCodec,
  type DialectWire,
  type EncodeContext,
  SEAM_BLOCK,
  type Tap,
  type TapOptions,
} from "../dialects/dialect.ts";
import { FrameCutter } from "../dialects/sse.ts";
import { HELD_BYTES_MAX, type Lane } from "./lane.ts";
import type { Telling } from "./telling.ts";
import { type Demands, Hearing, looped, wrongForm } from "./usefulness.ts";

export interface RelayOptions extends TapOptions {
  /** What writes in the client's dialect from a seam on; absent where nobody goes on. */
  readonly goesOn?: { readonly codec: DialectCodec; readonly context: EncodeContext } | undefined;
  /** The client asked for no output (`max_tokens: 0`). */
  readonly emptyAllowed: boolean;
  readonly demands?: Demands | undefined;
  /** Reads the text, where its form matters. */
  readonly decoder?: Decoder | undefined;
  /** Hears all of it, where more than its words is kept. */
  readonly heard?: { readonly telling: Telling; readonly decoder: Decoder } | undefined;
}

export class Relay implements Lane {
  received = false;
  committed = false;
  progress = 0;
  finished = false;
  fault: Fault | undefined;
  flaw: Fault | undefined;
  readonly #demands: Demands | undefined;
  readonly #decoder: Decoder | undefined;
  readonly #kept: RelayOptions["heard"];
  readonly #heard: Hearing | undefined;
  readonly #wire: DialectWire;
  readonly #tap: Tap;
  readonly #cutter = new FrameCutter(HELD_BYTES_MAX);
  readonly #emptyAllowed: boolean;
  /** Frames that wait, in order: before the commit everything, later those of an open tool call. */
  #held: Uint8Array[] | undefined;
  #heldBytes = 0;
  #toolOpen = false;
  #toolSeen = false;
  #out: Uint8Array[] | undefined;
  readonly #goesOn: RelayOptions["goesOn"];

  constructor(wire: DialectWire, options: RelayOptions) {
    this.#wire = wire;
    this.#tap = wire.tap(options);
    this.#goesOn = options.goesOn;
    this.#emptyAllowed = options.emptyAllowed;
    this.#demands = options.demands;
    this.#decoder = options.decoder;
    this.#kept = options.heard;
    this.#heard = options.decoder && new Hearing(false);
  }

  get stopped(): boolean {
    return this.#tap.stopped;
  }

  get usage(): Usage | undefined {
    return this.#tap.usage;
  }

  told(): Words | undefined {
    if (this.#kept === undefined) return this.#tap.words();
    const { telling, decoder } = this.#kept;
    // Where the closing marker was missing.
    for (const event of decoder.end()) telling.hear(event);
    return telling.words;
  }

  unfinished(): Unfinished | undefined {
    const seam = this.#tap.seam(this.#toolOpen);
    if (seam === undefined || this.#goesOn === undefined) return undefined;
    const encoder = this.#goesOn.codec.encoder({ ...this.#goesOn.context, seam });
    const { text, thought, native, toolCalls } = seam;
    const write: Unfinished["write"] = (event) => encoder.encode(event)?.bytes;
    return { text, thought, native, toolCalls, toolOpen: this.#toolOpen, block: SEAM_BLOCK, write };
  }

  feed(chunk: Uint8Array): Uint8Array | undefined {
    if (this.committed && !this.#toolOpen && this.#cutter.atRest && this.#tap.recognises(chunk)) {
      if (this.#decoder !== undefined) this.#hear(this.#decoder, chunk);
      if (this.#kept !== undefined) this.#tell(this.#kept, chunk);
      this.progress++;
      return chunk;
    }
    const frames = this.#cutter.push(chunk);
    if (this.#cutter.overflowed) this.#fail(fault("malformed-reply", "a frame over the size limit"));
    for (const frame of frames) {
      this.#take(frame);
      if (this.finished || this.fault !== undefined) break;
    }
    return this.#flush();
  }

  end(): Uint8Array | undefined {
    if (this.#stopSeen()) this.#supplyTerminal();
    else this.#fail(fault("stream-broken", "the stream ended before its terminal event"));
    return this.#flush();
  }

  broke(reason: Fault): Uint8Array | undefined {
    if (this.#stopSeen()) this.#supplyTerminal();
    else this.#fail(reason);
    return this.#flush();
  }

  #stopSeen(): boolean {
    return this.#tap.stopped && !this.finished && this.fault === undefined;
  }

  #take(frame: Uint8Array): void {
    const kind = this.#tap.see(frame);
    if (this.#decoder !== undefined) this.#hear(this.#decoder, frame);
    if (this.#kept !== undefined) this.#tell(this.#kept, frame);
    switch (kind) {
      case "drop":
        return;
      case "preamble":
      case "ping":
        this.#hold(frame, !this.committed || this.#toolOpen);
        break;
      case "content":
        this.#content(frame);
        break;
      case "tool":
      case "tool-next":
        this.#tool(frame, kind === "tool-next");
        break;
      case "tool-end":
        this.#toolOpen = false;
        this.progress++;
        this.#hold(frame, true);
        this.#checkCalls();
        this.#commit();
        break;
      case "stop":
        this.#stop(frame);
        break;
      case "terminal":
        this.#terminal(frame);
        break;
      case "error":
      case "malformed":
        this.#inBand();
        break;
    }
  }

  #content(frame: Uint8Array): void {
    this.received = true;
    this.progress++;
    this.#hold(frame, !this.committed || this.#toolOpen);
    if (!this.#toolOpen) this.#commit();
  }

  #tool(frame: Uint8Array, next: boolean): void {
    this.received = true;
    this.progress++;
    if (next) {
      this.#checkCalls();
      this.#commit();
    }
    this.#toolOpen = true;
    this.#toolSeen = true;
    this.#hold(frame, true);
  }

  #stop(frame: Uint8Array): void {
    this.progress++;
    this.#hold(frame, true);
    const toolClosed = this.#toolOpen;
    this.#toolOpen = false;
    if (toolClosed) this.#checkCalls();
    // An answer without content waits for its end: only then is it known to be a legal one.
    if (this.committed || toolClosed || this.#toolSeen || this.#tap.hasContent) this.#commit();
  }

  #terminal(frame: Uint8Array): void {
    if (this.#tap.stopped) {
      this.#hold(frame, true);
      this.#finish();
    } else this.#fail(fault("stream-broken", "the closing marker came without a stop reason"));
  }

  #inBand(): void {
    // After the stop reason the answer is whole; what a provider says then no longer takes it back.
    if (this.#tap.stopped) this.#supplyTerminal();
    else this.#fail(this.#tap.fault ?? fault("malformed-reply", "a frame that is not of this dialect"));
  }

  #supplyTerminal(): void {
    this.#hold(this.#wire.terminalFrame, true);
    this.#finish();
  }

  #finish(): void {
    if (this.fault !== undefined) return;
    if (this.committed || this.#emptyAllowed || this.#tap.emptyIsLegal) {
      this.#commit();
      this.finished = true;
      if (tailLoops((bytesMax) => this.#tap.tail(bytesMax))) this.flaw ??= looped();
      if (this.#heard !== undefined) this.flaw ??= wrongForm(this.#demands?.format, this.#heard);
    } else this.#fail(fault("empty-reply", "the stream ended well but held no content"));
  }

  #hear(decoder: Decoder, frame: Uint8Array): void {
    for (const event of decoder.decode(frame)) this.#heard?.hear(event);
  }

  #tell({ telling, decoder }: NonNullable<RelayOptions["heard"]>, frame: Uint8Array): void {
    for (const event of decoder.decode(frame)) telling.hear(event);
  }

  /** Of the calls that are about to be released. */
  #checkCalls(): void {
    const check = this.#demands?.toolCheck;
    if (check === undefined) return;
    for (const call of this.#tap.closedCalls()) {
      const wrong = check(call);
      if (wrong === undefined) continue;
      if (this.#demands?.replaces && !this.committed) this.#fail(wrong);
      else this.flaw ??= wrong;
    }
  }

  #fail(reason: Fault): void {
    this.#held = undefined;
    this.fault ??= reason;
  }

  #hold(frame: Uint8Array, wait: boolean): void {
    if (!wait) {
      this.#out ??= [];
      this.#out.push(frame);
      return;
    }
    this.#held ??= [];
    this.#held.push(frame);
    this.#heldBytes += frame.length;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#fail(fault("malformed-reply", "a tool call over the size limit"));
  }

  #commit(): void {
    // What is held may just have grown over its limit.
    if (this.fault !== undefined) return;
    this.committed = true;
    const held = this.#held;
    this.#held = undefined;
    this.#heldBytes = 0;
    if (this.#out === undefined) this.#out = held;
    else for (const frame of held ?? []) this.#out.push(frame);
  }

  #flush(): Uint8Array | undefined {
    const out = this.#out;
    this.#out = undefined;
    return out && join(out);
  }
}

/** Frames cut from one chunk lie side by side: one view covers them without a copy. */
function join(frames: readonly Uint8Array[]): Uint8Array {
  const first = frames[0];
  if (first === undefined || frames.length === 1) return first ?? new Uint8Array(0);
  let end = first.byteOffset + first.length;
  for (let i = 1; i < frames.length; i++) {
    const frame = frames[i];
    if (frame === undefined || frame.buffer !== first.buffer || frame.byteOffset !== end) return concat(frames);
    end += frame.length;
  }
  return new Uint8Array(first.buffer, first.byteOffset, end - first.byteOffset);
}
