// The policy `resume`: an answer whose stream breaks after the commit is gone on with by another attempt, in the same stream.
// It reaches targets only, so that a prepared sentence is never glued to half an answer. A stream that does not break passes
// as it did.

import { concat } from "../core/bytes.ts";
import type { Call, DeliveredPart, ResumeMode } from "../core/call.ts";
import type { CancelListener } from "../core/cancel.ts";
import { FAULTS, type Fault, fault, isFault } from "../core/fault.ts";
import {
  type Answer,
  type AttemptRecord,
  attemptsIn,
  type Canceller,
  type Ending,
  type Follower,
  type Frames,
  type Reply,
  type Teller,
  type Words,
} from "../core/reply.ts";
import type { Policy, Scope, Service } from "../core/service.ts";
import type { Unfinished } from "../core/unfinished.ts";
import type { Usage } from "../core/usage.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { anchorOf } from "../policies/join.ts";
import { afterBreak, tokensOf } from "../policies/resume.ts";
import { Continuation } from "./continuation.ts";
import { looped } from "./usefulness.ts";

/** For people who read a stream as it is; clients pass over comments. */
const SEAM_COMMENT = new TextEncoder().encode(": holdfast: the stream before this broke, another target goes on\n\n");

const NOBODY: ReadonlySet<string> = new Set();
/** What a tool call costs at the least, its frame and its name; for a guess where the provider told no count. */
const CALL_TOKENS_LEAST = 20;

export interface ResumeOptions {
  readonly mode: ResumeMode;
  readonly client: Dialect;
  /** Over everything sent for one call. */
  readonly attemptsMax: number;
}

export function resuming(options: ResumeOptions): Policy {
  return (next) => (call, scope) => {
    const isFollowed = call.stream && (call.resume ?? options.mode) !== "off";
    return isFollowed ? followed(options, next, { call, scope }) : next(call, scope);
  };
}

interface Asked {
  readonly call: Call;
  readonly scope: Scope;
}

function followed(options: ResumeOptions, next: Service, asked: Asked): Promise<Reply> {
  return next(asked.call, asked.scope).then((reply) =>
    reply.ok && reply.unfinished !== undefined ? new Resumable(options, next, asked, reply).answer : reply,
  );
}

/** What the request says that decides about a break. Read only then. */
interface Request {
  readonly hasTools: boolean;
  readonly hasFormat: boolean;
  readonly stops: readonly string[];
}

class Resumable implements Frames, Follower, CancelListener, Canceller, Teller {
  readonly answer: Answer;
  readonly #options: ResumeOptions;
  readonly #next: Service;
  readonly #call: Call;
  readonly #scope: Scope;
  readonly #first: Answer;
  readonly #startMs: number;
  readonly #trail: AttemptRecord[];
  #failed: Set<string> | undefined;
  #resolve: ((ending: Ending) => void) | undefined;
  #over = false;
  #unfinished: Unfinished | undefined;
  #request: Request | undefined;
  #current: Continuation | undefined;
  /** The ending of what is asked for now, once it is there. */
  #asking: Promise<Ending> | undefined;
  #continuations = 0;
  #text = "";
  /** Of those who went on; a third model must not make them again. */
  #toolCalls = 0;
  /** One of those has shown what only its provider can go on with. */
  #native = false;
  /** Of the first who told what the prompt cost. */
  #usage: Usage | undefined;
  /** What is to be said with the first frame behind the seam. */
  #seam: Readonly<Record<string, unknown>> | undefined;

  constructor(options: ResumeOptions, next: Service, { call, scope }: Asked, first: Answer) {
    this.#options = options;
    this.#next = next;
    this.#call = call;
    this.#scope = scope;
    this.#first = first;
    this.#startMs = scope.runtime.clock.now();
    this.#trail = [...first.trail];
    const ending = new Promise<Ending>((resolve) => {
      this.#resolve = resolve;
    });
    // What has ended well, or by the client, needs no reader to be over: nobody may read on.
    void Promise.resolve(first.ending).then((own) => {
      if (own.kind !== "broken") this.#settle(own);
    });
    scope.cancel.listen(this);
    first.frames.followedBy?.(this);
    const told = first.told !== undefined && "told" in first.told ? this : first.told;
    // Whoever takes a follower is read as before: no frame before a break passes through here.
    const frames = first.frames.followedBy === undefined ? this : first.frames;
    this.answer = {
      ...first,
      frames,
      ending,
      trail: this.#trail,
      cancel: this,
      unfinished: undefined,
      told,
    };
  }

  read(): Promise<Uint8Array | undefined> {
    // The first answer may be over before all of it was read.
    return this.#current === undefined ? this.#first.frames.read() : this.readOn();
  }

  told(): Words | undefined {
    const { told } = this.#first;
    // What two have written is nobody's answer.
    return told === undefined || !("told" in told) || this.#continuations > 0 ? undefined : told.told();
  }

  /** What comes where the first answer's own frames are over. */
  readOn(): Promise<Uint8Array | undefined> {
    if (this.#over) return Promise.resolve(undefined);
    return (this.#current === undefined ? this.#ended() : this.#goOn()).catch((error: unknown) => this.#bug(error));
  }

  cancel(reason: Fault): void {
    (this.#current?.answer ?? this.#first).cancel.cancel(reason);
  }

  /** The call was ended from outside, and perhaps nobody reads any more: it is over with the attempt that is under way. */
  cancelled(): void {
    const ending = this.#asking ?? (this.#current?.answer ?? this.#first).ending;
    void Promise.resolve(ending).then((last) => this.#settle(this.#asLeft(last)));
  }

  /** The ending for a client that left: nobody served it badly. */
  #asLeft(ending: Ending): Ending {
    const reason = this.#scope.cancel.fault;
    const isClients = reason !== undefined && FAULTS[reason.kind].blame === "caller";
    return isClients && ending.kind === "broken" ? { ...ending, kind: "cancelled", fault: reason } : ending;
  }

  /** A reader never rejects: a bug in going on ends the stream like any other fault. */
  #bug(error: unknown): Promise<undefined> {
    const message = error instanceof Error ? error.message : String(error);
    const bug = fault("bug", message);
    this.#scope.emit({ type: "bug", atMs: this.#scope.runtime.clock.now(), call: this.#call.id, message });
    this.#current?.answer.cancel.cancel(bug);
    return this.#settle({ kind: "broken", fault: bug, firstContentMs: 0, tookMs: 0, pausedMs: 0 });
  }

  async #ended(): Promise<Uint8Array | undefined> {
    if (this.#over) return undefined;
    const ending = await this.#first.ending;
    if (ending.kind !== "broken") return this.#settle(ending);
    this.#unfinished = this.#first.unfinished?.unfinished();
    const shown = this.#unfinished?.text ?? "";
    // Blanks alone are nothing that could be gone on with.
    this.#text = shown.trim() === "" ? "" : shown;
    return this.#broke(ending);
  }

  /** Frames of the continuation, until it ends. */
  async #goOn(): Promise<Uint8Array | undefined> {
    const current = this.#current;
    if (current === undefined) return undefined;
    const bytes = await current.read();
    if (bytes !== undefined) return this.#signed(bytes);
    this.#text += current.shown;
    this.#toolCalls += current.toolCalls;
    this.#native ||= current.native;
    if (current.stopped) current.answer.cancel.cancel(fault("superseded", "a stop string of the client's was reached"));
    if (current.finished) {
      const merged = await this.#merged(current);
      return this.#settle(current.looped ? { ...merged, kind: "broken", fault: looped() } : merged);
    }
    if (current.failure !== undefined) {
      current.answer.cancel.cancel(fault("superseded", "it could not be joined to what the client has"));
      return this.#broke({
        ...(await current.answer.ending),
        kind: "broken",
        fault: fault("stream-broken", `what ${current.answer.target} went on with does not fit: ${current.failure}`),
      });
    }
    const ending = await current.answer.ending;
    // An attempt may call itself complete; without its last event the client's stream is not.
    return ending.kind === "cancelled" ? this.#settle(ending) : this.#broke({ ...ending, kind: "broken" });
  }

  /** The rule's word on it, and what follows from it. */
  async #broke(ending: Ending): Promise<Uint8Array | undefined> {
    const unfinished = this.#unfinished;
    const broken = ending.fault ?? fault("stream-broken", "the stream broke");
    if (this.#usage?.inputTokens === undefined) this.#usage = ending.usage;
    if (unfinished === undefined || this.#scope.cancel.fault !== undefined) return this.#settle(this.#asLeft(ending));
    this.#request ??= requestOf(this.#options.client, this.#call);
    const step = afterBreak({
      ...this.#request,
      text: unfinished.text === undefined ? undefined : this.#text,
      native: unfinished.native || this.#native,
      toolCalls: unfinished.toolCalls + this.#toolCalls,
      fault: broken,
      mode: this.#call.resume ?? this.#options.mode,
      attemptsLeft: this.#options.attemptsMax - attemptsIn(this.#trail),
      continuations: this.#continuations,
    });
    if (step.type === "end-as-tool-use") return this.#endAsToolUse(unfinished, ending);
    if (step.type === "stop") return this.#settle(ending);
    return this.#continue(broken, ending);
  }

  async #continue(broken: Fault, ending: Ending): Promise<Uint8Array | undefined> {
    const from = this.#trail.at(-1)?.target ?? this.#first.target;
    this.#markBroken(broken, ending);
    this.#failed ??= new Set();
    this.#failed.add(from);
    this.#continuations++;
    const asking = this.#next(this.#again(), this.#scope);
    this.#asking = asking.then(
      (reply) => (reply.ok ? reply.ending : ending),
      () => ending,
    );
    const reply = await asking;
    this.#trail.push(...reply.trail);
    // Nobody could go on: the client is told of the break, not of who could not help.
    if (!reply.ok) return this.#settle(this.#asLeft(ending));
    const how = this.#text === "" ? "anew" : (reply.joinedBy ?? "anchor");
    const resume = { from, to: reply.target, cause: broken.kind, at_char: this.#text.length, how };
    this.#seam = { resume, ...(reply.lossy.length > 0 && { lossy: reply.lossy }) };
    this.#scope.emit({
      type: "resume",
      atMs: this.#scope.runtime.clock.now(),
      call: this.#call.id,
      from,
      to: reply.target,
      fault: broken.kind,
      deliveredChars: this.#text.length,
      how,
    });
    const unfinished = this.#unfinished;
    if (unfinished === undefined) return this.#settle(ending);
    const { wire } = this.#options.client;
    const facts = this.#seam;
    this.#current = new Continuation({
      stops: this.#request?.stops ?? [],
      sign: (last) => wire.annotate(last, facts),
      answer: reply,
      client: this.#options.client,
      unfinished,
      delivered: this.#text,
      deliveredTokens: tokensOf(this.#text),
      firstUsage: this.#usage,
      number: this.#continuations,
      mayCallTools: this.#text === "" || (this.#call.resume ?? this.#options.mode) === "all",
    });
    return this.#goOn();
  }

  #again(): Call {
    const delivered: DeliveredPart = {
      text: this.#text,
      anchor: anchorOf(this.#text),
      tokens: tokensOf(this.#text),
      attempts: attemptsIn(this.#trail),
      failed: this.#failed ?? NOBODY,
    };
    return { ...this.#call, delivered };
  }

  #endAsToolUse(unfinished: Unfinished, ending: Ending): Promise<Uint8Array | undefined> {
    // A stream may have told a first count at its beginning.
    const calledTokens = (unfinished.toolCalls + this.#toolCalls) * CALL_TOKENS_LEAST;
    const outputTokens = Math.max(ending.usage?.outputTokens ?? 0, tokensOf(this.#text) + calledTokens);
    const usage = { ...ending.usage, outputTokens };
    const bytes = unfinished.write({ type: "message-end", stop: "tool-use", usage });
    const settled = this.#settle({ ...ending, kind: "complete", fault: undefined, usage });
    return bytes === undefined ? settled : Promise.resolve(bytes);
  }

  /** The client reads who goes on, and after what, on the first event behind the seam. */
  #signed(bytes: Uint8Array): Uint8Array {
    const facts = this.#seam;
    if (facts === undefined) return bytes;
    this.#seam = undefined;
    return concat([SEAM_COMMENT, this.#options.client.wire.annotate(bytes, facts)]);
  }

  #markBroken({ kind }: Fault, { tookMs }: Ending): void {
    const last = this.#trail.length - 1;
    const record = this.#trail[last];
    if (record !== undefined) this.#trail[last] = { ...record, fault: kind, ms: Math.round(tookMs) };
  }

  async #merged(current: Continuation): Promise<Ending> {
    const first = await this.#first.ending;
    const last = await current.answer.ending;
    return {
      ...last,
      kind: "complete",
      fault: undefined,
      usage: current.usage,
      firstContentMs: first.firstContentMs,
      tookMs: first.tookMs + (this.#scope.runtime.clock.now() - this.#startMs - first.tookMs),
      pausedMs: first.pausedMs + last.pausedMs,
    };
  }

  #settle(ending: Ending): Promise<undefined> {
    if (!this.#over) this.#scope.cancel.unlisten(this);
    this.#over = true;
    this.#resolve?.(ending);
    return Promise.resolve(undefined);
  }
}

/** A request that cannot be read is treated as one that asks for all that stands in the way. */
function requestOf(client: Dialect, call: Call): Request {
  const prompt = client.codec.decodeRequest(call.body);
  if (isFault(prompt)) return { hasTools: true, hasFormat: true, stops: [] };
  const { tools, format, stop } = prompt.value;
  return { hasTools: tools.length > 0, hasFormat: format !== undefined, stops: stop };
}
