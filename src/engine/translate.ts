// The translated lane: the provider's frames become canonical events, the client's encoder writes its frames from them.
// Tool calls leave the encoder whole, so nothing is held here but what comes before the commit. A frame that is nothing but
// more of the open text, as its bytes show, is written anew around that text without being read.

import { concat } from "../core/bytes.ts";
import { type Fault, fault } from "../core/fault.ts";
import { tailLoops } from "../core/repetition.ts";
import type { Words } from "../core/reply.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import type { Unfinished } from "../core/unfinished.ts";
import type { Usage } from "../core/usage.ts";
import { type Decoder, type Encoder, SEAM_BLOCK } from "../dialects/dialect.ts";
import { FrameCutter } from "../dialects/sse.ts";
import { TextLog } from "../dialects/text-log.ts";
import { HELD_BYTES_MAX, type Lane } from "./lane.ts";
import type { Telling } from "./telling.ts";
import { type Demands, Hearing, looped, wrongForm } from "./usefulness.ts";

export interface TranslationOptions {
  /** The client asked for no output. */
  readonly emptyAllowed: boolean;
  /** Keeps what is needed to go on after a break. */
  readonly follow: boolean;
  readonly demands?: Demands | undefined;
  /** The client's names of tools by those that were sent. */
  readonly names?: ReadonlyMap<string, string> | undefined;
  /** Hears all of it, where more than its words is kept. */
  readonly telling?: Telling | undefined;
}

/** With the client's own name of the tool. */
export function renamed<Event extends StreamEvent>(event: Event, names: ReadonlyMap<string, string>): Event {
  if (event.type !== "tool-start") return event;
  return { ...event, name: names.get(event.name) ?? event.name };
}

type MessageEnd = Extract<StreamEvent, { type: "message-end" }>;

/** An answer may have no content that ends so. */
export function isLegallyEmpty({ stop, usage }: MessageEnd): boolean {
  if (stop === "refusal" || stop === "pause") return true;
  // A model that thought unseen until its limit has answered, if it says so.
  return (stop === "length" || stop === "context-full") && (usage?.outputTokens ?? 0) > 0;
}

export class Translation implements Lane {
  received = false;
  committed = false;
  progress = 0;
  finished = false;
  fault: Fault | undefined;
  flaw: Fault | undefined;
  usage: Usage | undefined;
  readonly #demands: Demands | undefined;
  readonly #heard: Hearing;
  /** What is said matters as it comes, not only at the end. */
  readonly #hearsText: boolean;
  readonly #names: ReadonlyMap<string, string> | undefined;
  readonly #decoder: Decoder;
  readonly #encoder: Encoder;
  readonly #emptyAllowed: boolean;
  readonly #cutter = new FrameCutter(HELD_BYTES_MAX);
  #held: Uint8Array[] | undefined;
  #toolBytes = 0;
  /** All that was shown, where the stream is followed; else its end. */
  readonly #log: TextLog;
  readonly #isFollowed: boolean;
  readonly #telling: Telling | undefined;
  #thought = false;
  #native = false;
  #model = "";
  /** Something that is no plain word was left out, or it did not end by itself. */
  #special = false;
  #toolsBegun = 0;
  #toolsOpen: Set<number> | undefined;
  /** The block of text that is open. */
  #textBlock: number | undefined;

  constructor(decoder: Decoder, encoder: Encoder, options: TranslationOptions) {
    this.#decoder = decoder;
    this.#encoder = encoder;
    this.#emptyAllowed = options.emptyAllowed;
    this.#demands = options.demands;
    this.#names = options.names;
    this.#log = new TextLog(!options.follow);
    this.#isFollowed = options.follow;
    this.#telling = options.telling;
    const hearsCalls = options.demands?.toolCheck !== undefined;
    // Without a form to keep to, only the end of the text is of interest, and the log has it.
    this.#heard = options.demands?.format ? new Hearing(hearsCalls) : new Hearing(hearsCalls, 0);
    this.#hearsText = options.demands?.format !== undefined || options.telling !== undefined;
  }

  told(): Words | undefined {
    if (this.#telling !== undefined) return this.#telling.words;
    const text = this.#native || this.#special || this.#toolsBegun > 0 ? undefined : this.#log.read();
    return text === undefined || text === "" ? undefined : { text, model: this.#model };
  }

  unfinished(): Unfinished | undefined {
    if (!this.#isFollowed) return undefined;
    const open = this.#toolsOpen?.size ?? 0;
    return {
      text: this.#log.read(),
      thought: this.#thought,
      native: this.#native,
      toolCalls: this.#toolsBegun - open,
      toolOpen: open > 0,
      block: this.#textBlock ?? SEAM_BLOCK,
      write: (event) => this.#encoder.encode(event)?.bytes,
    };
  }

  #follow(event: StreamEvent): void {
    if (event.type === "text-delta") {
      this.#textBlock = event.block;
      if (event.refusal === true) this.#native = true;
      else this.#log.addText(event.text);
    } else if (event.type === "reasoning-delta") this.#thought = true;
    else if (event.type === "message-start") this.#model = event.model;
    else if (event.type === "native" || (event.type === "message-end" && event.stop !== "end")) this.#special = true;
    else if (event.type === "tool-start") {
      this.#toolsBegun += 1;
      this.#toolsOpen ??= new Set();
      this.#toolsOpen.add(event.block);
    } else if (event.type === "block-end") {
      this.#toolsOpen?.delete(event.block);
      if (this.#textBlock === event.block) this.#textBlock = undefined;
    }
  }

  get stopped(): boolean {
    return this.#decoder.stopped;
  }

  feed(chunk: Uint8Array): Uint8Array | undefined {
    const more = this.#cutter.atRest ? this.#more(chunk) : undefined;
    if (more !== undefined) return more;
    const frames = this.#cutter.push(chunk);
    if (this.#cutter.overflowed) this.#fail(fault("malformed-reply", "a frame over the size limit"));
    for (const frame of frames) {
      const text = frame === chunk ? undefined : this.#more(frame);
      if (text !== undefined) this.#hold(text);
      else for (const event of this.#decoder.decode(frame)) this.#take(event);
      if (this.finished || this.fault !== undefined) break;
    }
    return this.#flush();
  }

  /** What the client gets for one whole frame that has only more of the text that it is reading. */
  #more(frame: Uint8Array): Uint8Array | undefined {
    if (!this.committed || this.#hearsText) return undefined;
    const text = this.#decoder.more(frame);
    const bytes = text && this.#encoder.more(frame, text);
    if (text === undefined || bytes === undefined) return undefined;
    this.progress++;
    this.#log.addEscaped(frame, text.start, text.end - text.start);
    return bytes;
  }

  end(): Uint8Array | undefined {
    return this.#close(fault("stream-broken", "the stream ended before its terminal event"));
  }

  broke(reason: Fault): Uint8Array | undefined {
    return this.#close(reason);
  }

  /** The decoder tells its `message-end` at the end when only the closing marker was missing. */
  #close(reason: Fault): Uint8Array | undefined {
    if (!this.finished && this.fault === undefined && this.#decoder.stopped) {
      for (const event of this.#decoder.end()) this.#take(event);
    }
    if (!this.finished) this.#fail(reason);
    return this.#flush();
  }

  #take(event: StreamEvent): void {
    if (this.finished || this.fault !== undefined) return;
    if (event.type === "error") this.#fail(event.fault);
    else if (event.type === "message-end" && !this.#mayEnd(event)) {
      this.#fail(fault("empty-reply", "the stream ended well but held no content"));
    } else this.#pass(this.#names === undefined ? event : renamed(event, this.#names));
  }

  #mayEnd(end: MessageEnd): boolean {
    return this.committed || this.#emptyAllowed || isLegallyEmpty(end);
  }

  #pass(event: Exclude<StreamEvent, { type: "error" }>): void {
    if (this.#isUseless(event)) return;
    if (event.type !== "message-start" && event.type !== "native") this.#notice(event);
    this.#follow(event);
    this.#telling?.hear(event);
    const encoded = this.#encoder.encode(event);
    if (encoded !== undefined) {
      if (encoded.bytes.length > 0) this.#hold(encoded.bytes);
      if (encoded.content) this.committed = true;
    }
    if (event.type === "message-end") {
      this.committed = true;
      this.finished = true;
      this.flaw ??= this.#loops() ? looped() : wrongForm(this.#demands?.format, this.#heard);
    }
  }

  #loops(): boolean {
    return tailLoops((bytesMax) => this.#log.tail(bytesMax));
  }

  /** True when the answer is to be replaced for it. */
  #isUseless(event: StreamEvent): boolean {
    const call = this.#heard.hear(event);
    const wrong = call === undefined ? undefined : this.#demands?.toolCheck?.(call);
    if (wrong === undefined) return false;
    if (this.#demands?.replaces !== true || this.committed) {
      this.flaw ??= wrong;
      return false;
    }
    this.#fail(wrong);
    return true;
  }

  #notice(event: Exclude<StreamEvent, { type: "message-start" | "native" | "error" }>): void {
    this.progress++;
    if (event.type === "tool-delta") {
      this.#toolBytes += event.json.length;
      if (this.#toolBytes > HELD_BYTES_MAX) this.#fail(fault("malformed-reply", "tool calls over the size limit"));
    }
    if (event.type === "message-end") this.usage = event.usage;
    else if (event.type !== "block-end") this.received = true;
  }

  #fail(reason: Fault): void {
    this.fault ??= reason;
  }

  #hold(bytes: Uint8Array): void {
    this.#held ??= [];
    this.#held.push(bytes);
  }

  #flush(): Uint8Array | undefined {
    const held = this.#held;
    if (!this.committed || held === undefined) return undefined;
    this.#held = undefined;
    return concat(held);
  }
}
