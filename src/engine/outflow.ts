// What a client's stream is made of: the answer's frames, then its ending in words. After an early open the facts that the
// headers could not tell ride on the first event.

import type { Fault } from "../core/fault.ts";
import { fault } from "../core/fault.ts";
import {
  type Answer,
  type AttemptRecord,
  attemptsIn,
  type Ending,
  type Frames,
  type FrameTaker,
  type Reply,
} from "../core/reply.ts";
import type { DialectWire } from "../dialects/dialect.ts";
import { pumpFrames } from "./stream.ts";

const COMMA = 0x2c;
const EQUALS = 0x3d;

export interface Outflow {
  /** The next frames; `undefined` when there are no more, and then `tail` follows. Never rejects. */
  read(): Promise<Uint8Array | undefined>;
  /** The same, one after another, with who takes them. */
  pump(taker: FrameTaker): Promise<void>;
  /** What is left to be said: the in-band error of an answer that broke, or nothing. */
  tail(): Promise<Uint8Array | undefined>;
  /** A keep-alive that may be sent whenever `read` is outstanding. */
  readonly pingFrame: Uint8Array;
}

/** A stream that opens with its commit. */
export function flow(wire: DialectWire, call: string, answer: Answer): Outflow {
  return new Flow(wire, call, answer);
}

/** A stream that is open already while its call is still being answered. */
export function earlyFlow(wire: DialectWire, call: string, replying: Promise<Reply>): Outflow {
  return new EarlyFlow(wire, call, replying);
}

class Flow implements Outflow {
  readonly pingFrame: Uint8Array;
  readonly #wire: DialectWire;
  readonly #call: string;
  readonly #answer: Answer;
  readonly #frames: Frames;

  constructor(wire: DialectWire, call: string, answer: Answer) {
    this.pingFrame = wire.pingFrame;
    this.#wire = wire;
    this.#call = call;
    this.#answer = answer;
    this.#frames = answer.frames;
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#frames.read();
  }

  pump(taker: FrameTaker): Promise<void> {
    const frames = this.#frames;
    return frames.pump === undefined ? pumpFrames(frames, taker) : frames.pump(taker);
  }

  async tail(): Promise<Uint8Array | undefined> {
    const ending = await this.#answer.ending;
    if (ending.kind !== "broken") return undefined;
    const { target, trail } = this.#answer;
    const reason = ending.fault ?? fault("stream-broken", "the stream broke");
    return this.#wire.errorFrame(interrupted(reason, target), {
      call: this.#call,
      trail: withBreak(trail, reason, ending),
    });
  }
}

class EarlyFlow implements Outflow {
  readonly pingFrame: Uint8Array;
  readonly #wire: DialectWire;
  readonly #call: string;
  readonly #replying: Promise<Reply>;
  #inner: Outflow | undefined;
  #refusal: Uint8Array | undefined;

  constructor(wire: DialectWire, call: string, replying: Promise<Reply>) {
    this.pingFrame = wire.pingFrame;
    this.#wire = wire;
    this.#call = call;
    this.#replying = replying;
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#inner === undefined ? this.#first() : this.#inner.read();
  }

  async pump(taker: FrameTaker): Promise<void> {
    try {
      const first = this.#inner === undefined ? await this.#first() : undefined;
      if (first !== undefined && !(await taker.took(first))) return;
      await (this.#inner === undefined ? taker.over() : this.#inner.pump(taker));
    } catch (bug) {
      taker.failed(bug);
    }
  }

  tail(): Promise<Uint8Array | undefined> {
    return this.#inner === undefined ? Promise.resolve(this.#refusal) : this.#inner.tail();
  }

  async #first(): Promise<Uint8Array | undefined> {
    const reply = await this.#replying;
    if (reply.ok) {
      this.#inner = new Flow(this.#wire, this.#call, reply);
      const first = await this.#inner.read();
      return first === undefined ? undefined : this.#wire.annotate(first, inBandFacts(this.#call, reply));
    }
    // A client that left is owed no word.
    if (reply.fault.kind !== "cancelled") {
      this.#refusal = this.#wire.errorFrame(reply.fault, { call: this.#call, trail: reply.trail });
    }
    return undefined;
  }
}

/** The client holds half an answer: it must not read "no target could answer", nor the provider's words alone. */
function interrupted(reason: Fault, target: string): Fault {
  const why = reason.message.replace(/\.$/, "");
  return { ...reason, message: `The answer of ${target} broke off and is incomplete: ${why}.` };
}

/** The attempt that had become the answer took until it broke; those after it, which nobody could go on by, say so themselves. */
function withBreak(trail: readonly AttemptRecord[], { kind }: Fault, { tookMs }: Ending): readonly AttemptRecord[] {
  const last = trail.at(-1);
  return last?.fault === "ok" ? [...trail.slice(0, -1), { ...last, fault: kind, ms: tookMs }] : trail;
}

function inBandFacts(call: string, answer: Answer): Readonly<Record<string, unknown>> {
  return {
    call,
    target: answer.target,
    attempts: attemptsIn(answer.trail),
    trail: trailText(answer.trail),
    served_by: answer.servedBy,
    ...(answer.degraded !== undefined && { degraded: answer.degraded }),
    ...(answer.lossy.length > 0 && { lossy: answer.lossy }),
  };
}

/** `alpha/a=overloaded, beta/b=ok` */
export function trailText(trail: readonly AttemptRecord[]): string {
  const [only] = trail;
  if (trail.length === 1 && only !== undefined) return step(only);
  return trail.map(step).join(", ");
}

/** A model's name comes from a client: it must not look like another step. */
function step({ target, fault: kind }: AttemptRecord): string {
  return `${hasMark(target) ? target.replace(/[,=]/g, encodeURIComponent) : target}=${kind}`;
}

function hasMark(target: string): boolean {
  for (let i = 0; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code === COMMA || code === EQUALS) return true;
  }
  return false;
}
