// A second answer on its way into the client's stream: its frames become events, its text is joined to what the client has,
// and the first stream's own writer writes what is new. It knows neither targets nor attempts.

import { concat } from "../core/bytes.ts";
import { endsInLoop } from "../core/repetition.ts";
import type { Answer } from "../core/reply.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import type { Unfinished } from "../core/unfinished.ts";
import type { Usage } from "../core/usage.ts";
import type { Decoder, Dialect } from "../dialects/dialect.ts";
import { FrameCutter } from "../dialects/sse.ts";
import { Join } from "../policies/join.ts";
import { mergedUsage } from "../policies/merged-usage.ts";
import { sharesOf, tokensOf } from "../policies/resume.ts";
import { StopScan } from "../policies/stop-scan.ts";
import { HELD_BYTES_MAX } from "./lane.ts";

export interface ContinuationOptions {
  readonly answer: Answer;
  readonly client: Dialect;
  /** What the client has of the first answer. */
  readonly unfinished: Unfinished;
  /** All the text that the client has by now. */
  readonly delivered: string;
  /** What that cost of the output, roughly. */
  readonly deliveredTokens: number;
  /** Of those before it: what the client's prompt cost, where one has told. */
  readonly firstUsage: Usage | undefined;
  /** Which continuation of its call it is, from 1. */
  readonly number: number;
  /** The client declared tools, and the mode lets them be called across a seam. */
  readonly mayCallTools: boolean;
  /** The client's stop strings: one may have begun before the seam. */
  readonly stops: readonly string[];
  /** Puts the facts of the seam on the stream's last event. */
  readonly sign: (last: Uint8Array) => Uint8Array;
}

/** Blocks of different answers must not be taken for one another. */
const BLOCKS_APART = 100_000;
/** What an answer is whole without. */
const SPARED: ReadonlySet<string> = new Set(["redacted_thinking", "citation"]);

export class Continuation {
  /** Why it cannot be joined, or is none; nothing of it was shown if it was not joined. */
  failure: string | undefined;
  /** Text that it has shown. */
  shown = "";
  /** Tool calls that it has shown, whole. */
  toolCalls = 0;
  finished = false;
  /** It came to its end saying the same again and again: its last event was left out. */
  looped = false;
  /** It was ended for the client while its provider was still speaking. */
  stopped = false;
  /** Something was shown that only its provider can go on with, or something came that cannot be shown. */
  native = false;
  /** Of the client's whole answer. */
  usage: Usage | undefined;
  readonly answer: Answer;
  readonly #options: ContinuationOptions;
  readonly #cutter = new FrameCutter(HELD_BYTES_MAX);
  readonly #decoder: Decoder;
  readonly #join: Join | undefined;
  readonly #stops: StopScan;
  /** The decoder's number of the text that is joined. */
  #textBlock: number | undefined;
  readonly #openTools = new Set<number>();
  /** The text that was joined, as it came. */
  #heardTokens = 0;
  #straight = false;
  #out: Uint8Array[] = [];
  #wrote = false;

  constructor(options: ContinuationOptions) {
    this.#options = options;
    this.answer = options.answer;
    this.#decoder = options.client.codec.decoder();
    this.#stops = new StopScan(options.stops, options.delivered);
    this.#join =
      options.delivered === "" ? undefined : new Join(options.delivered, options.answer.joinedBy ?? "anchor");
  }

  /** The next frames for the client; `undefined` once there are none: then it is `finished`, has a `failure`, or broke. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.finished || this.failure !== undefined) return undefined;
      const bytes = await this.answer.frames.read();
      if (bytes === undefined) return undefined;
      for (const frame of this.#cutter.push(bytes)) {
        for (const event of this.#decoder.decode(frame)) this.#take(event);
      }
      const out = this.#out;
      this.#out = [];
      // What was written before a failure was joined, and is the client's.
      if (out.length > 0) return concat(out);
    }
  }

  #take(event: StreamEvent): void {
    if (this.finished || this.failure !== undefined) return;
    switch (event.type) {
      case "message-start":
        // Whoever answers now; the id stays that of the stream, and its own count of the prompt is not the client's.
        this.#write({ type: "message-start", id: "", model: event.model });
        return;
      case "text-delta":
        this.#text(event);
        return;
      case "reasoning-delta":
        if (this.#join === undefined) this.#write({ ...event, block: this.#number(event.block) });
        return;
      case "tool-start":
        if (!this.#options.mayCallTools) this.failure = "it called a tool";
        else if (this.#goesStraight() || this.#flush()) {
          this.#openTools.add(event.block);
          this.#write({ ...event, block: this.#number(event.block) });
        }
        return;
      case "tool-delta":
      case "block-end":
        if (event.type === "block-end" && event.block === this.#textBlock && !this.#flush()) return;
        // Calls leave the writer whole, at their end.
        if (event.type === "block-end" && this.#openTools.delete(event.block)) this.toolCalls++;
        this.#write({ ...event, block: this.#number(event.block) });
        return;
      case "message-end":
        this.#end(event);
        return;
      case "native":
        if (SPARED.has(event.what)) return;
        this.native = true;
        this.failure = "it used what only its provider has";
        return;
      default:
        // An error breaks the attempt itself.
        return;
    }
  }

  #text({ block, text, refusal }: Extract<StreamEvent, { type: "text-delta" }>): void {
    if (refusal === true && this.#join !== undefined) {
      this.failure = "it refused";
      return;
    }
    this.#textBlock ??= block;
    const joins = this.#join !== undefined && !this.#straight && block === this.#textBlock;
    if (refusal === true) this.native = true;
    if (joins) this.#heardTokens += sharesOf(text);
    const fresh = joins ? this.#join.feed(text) : text;
    if (joins && this.#join.failure !== undefined) this.failure = this.#join.failure;
    if (fresh !== "") this.#show(block, fresh, refusal);
  }

  #show(block: number, fresh: string, refusal?: true): void {
    const { said, stop } = this.#stops.take(fresh);
    this.shown += said;
    this.#write({ type: "text-delta", block: this.#number(block), text: said, ...(refusal && { refusal }) });
    if (stop === undefined) return;
    this.#write({ type: "block-end", block: this.#number(block) });
    this.usage = this.#merged(undefined);
    this.#write({ type: "message-end", stop: "stop-sequence", stopSequence: stop, usage: this.usage });
    this.stopped = true;
    this.finished = true;
  }

  #end(event: Extract<StreamEvent, { type: "message-end" }>): void {
    if (this.#join !== undefined && event.stop === "refusal" && this.shown === "") {
      this.failure = "it refused";
      return;
    }
    if (!this.#flush()) return;
    this.usage = this.#merged(event.usage);
    // Its client did not ask for this model's words: a loop of them is no good end of another's.
    this.looped = this.#join !== undefined && endsInLoop(this.shown);
    if (!this.looped) this.#write({ ...event, usage: this.usage });
    this.finished = true;
  }

  #merged(last: Usage | undefined): Usage {
    const shownTokens = tokensOf(this.shown);
    return mergedUsage({
      first: this.#options.firstUsage,
      last,
      beforeTokens: this.#options.deliveredTokens,
      shownTokens,
      againTokens: Math.max(0, Math.floor(this.#heardTokens) - shownTokens),
    });
  }

  /** A model that goes straight to its call, without a word, has left the text as it is. */
  #goesStraight(): boolean {
    if (this.#textBlock === undefined) this.#straight = true;
    return this.#straight;
  }

  /** What the join still holds is decided by now. False when it does not fit, or ended the answer. */
  #flush(): boolean {
    const join = this.#join;
    if (join === undefined || this.#straight) return true;
    const fresh = join.end();
    if (join.failure !== undefined) {
      this.failure = join.failure;
      return false;
    }
    if (fresh !== "") this.#show(this.#textBlock ?? 0, fresh);
    return !this.finished;
  }

  #number(block: number): number {
    const goesOn = this.#join !== undefined && !this.#straight && block === this.#textBlock;
    return goesOn ? this.#options.unfinished.block : this.#options.number * BLOCKS_APART + block;
  }

  #write(event: StreamEvent): void {
    const bytes = this.#options.unfinished.write(event);
    if (bytes === undefined || bytes.length === 0) return;
    // The first event behind the seam is signed by whoever hands it out.
    this.#out.push(event.type === "message-end" && this.#wrote ? this.#options.sign(bytes) : bytes);
    this.#wrote = true;
  }
}
