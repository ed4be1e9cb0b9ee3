// What a service gives back, and the three points of a reply: open (headers sent), commit (first content released), end.
// An `Answer` exists at the commit; until then any attempt may be replaced unseen.

import type { DialectId } from "./call.ts";
import type { Fault, FaultKind } from "./fault.ts";
import type { HeaderMap, Wanting } from "./runtime.ts";
import type { Unfinished } from "./unfinished.ts";
import type { Usage } from "./usage.ts";

/** How a committed answer finished. Health, budgets and the ledger settle on this, never on headers. */
export interface Ending {
  readonly kind: "complete" | "broken" | "cancelled";
  readonly fault?: Fault | undefined;
  /** Complete and delivered, and of no use all the same: evidence, and nothing for the client. */
  readonly flaw?: Fault | undefined;
  readonly usage?: Usage | undefined;
  /** From the start of the attempt to the first content received. */
  readonly firstContentMs: number;
  readonly tookMs: number;
  /** How long nobody was reading while the provider could have sent. */
  readonly pausedMs: number;
}

/** One try at one target, as the trail and the final error tell it. */
export interface AttemptRecord {
  readonly target: string;
  /** `ok` when it became the answer. */
  readonly fault: FaultKind | "ok";
  /** The provider's HTTP status, when one came. */
  readonly status?: number | undefined;
  readonly ms: number;
  /** Nothing was sent: it was passed over, `fault` says why. */
  readonly skipped?: true;
}

/** Upstream requests that a trail tells of. */
export function attemptsIn(trail: readonly AttemptRecord[]): number {
  let count = 0;
  for (const { skipped } of trail) if (skipped !== true) count++;
  return count;
}

/** A stream under way, for whoever looks at it now and then; it counts for itself anyway. */
export interface StreamUnderWay {
  /** Content events so far. */
  readonly written: number;
  /** Since its first content, less what its reader kept it waiting, in milliseconds. */
  writingMs(nowMs: number): number;
}

/** Takes all that `read` would give, at its own pace. */
export interface FrameTaker {
  took(frames: Uint8Array): Wanting;
  /** There are no more. Not told to one that wanted none. */
  over(): Promise<void>;
  /** It threw, or what it takes from did. */
  failed(bug: unknown): void;
}

export interface Follower {
  readOn(): Promise<Uint8Array | undefined>;
}

/** One reader. `read` gives whole frames (a whole reply is one frame) and `undefined` once settled; it never rejects. */
export interface Frames {
  read(): Promise<Uint8Array | undefined>;
  /** Instead of `read`: gives until there are no more, or no more are wanted. It never rejects. */
  pump?(taker: FrameTaker): Promise<void>;
  /** Who is read instead of each `undefined`, so that whoever goes on costs no frame before the end anything. */
  followedBy?(next: Follower): void;
  /** Of a provider's own stream. */
  readonly underWay?: StreamUnderWay;
}

/** A whole call of a client's tool. */
export interface CalledTool {
  readonly name: string;
  /** Its input: a JSON object. */
  readonly json: string;
}

/** What an answer said, where that was words alone; `calls` only where a route has those kept too. */
export interface Words {
  readonly text: string;
  readonly calls?: readonly CalledTool[];
  /** The model that wrote them, by its own name. */
  readonly model: string;
}
/** Words that still stand in the bytes of a whole reply. */
export interface Unread {
  /** Bytes that are held until it is read: of the whole reply. */
  readonly size: number;
  read(): Words;
}
/** Reads what an answer said once it is complete: of a stream the words are remembered on the way. */
export interface Teller {
  told(): Words | undefined;
}

/** What an answer said that is complete and of use, or who tells it once it is. */
export type Told = Words | Unread | Teller;

/** Whoever knows what the client has of a stream that broke. */
export interface Goer {
  unfinished(): Unfinished | undefined;
}

export type ServedBy = "target" | "cache" | "stale-cache" | "local" | "canned" | "deferred";
export type Degraded = "model" | "stale" | "local" | "canned" | "deferred" | "passthrough";

export interface Canceller {
  /** It may be called at any time, any number of times. */
  cancel(fault: Fault): void;
}

/** Of an answer that is all there. */
export const NOTHING_TO_CANCEL: Canceller = { cancel() {} };

/**
 * An answer that has begun. Whoever receives one returns it, reads it to its end or cancels it. Its bytes are in the
 * call's dialect. It always ends, once.
 */
export interface Answer {
  readonly ok: true;
  /** `provider/model`. */
  readonly target: string;
  readonly dialect: DialectId;
  readonly status: number;
  /** The provider's headers that may pass to the client. */
  readonly headers: HeaderMap;
  readonly frames: Frames;
  /** Itself, of an answer that is over already: nobody needs to wait for that. */
  readonly ending: Ending | Promise<Ending>;
  readonly servedBy: ServedBy;
  readonly degraded?: Degraded;
  /** Paths of request fields that did not survive translation. */
  readonly lossy: readonly string[];
  readonly trail: readonly AttemptRecord[];
  readonly cancel: Canceller;
  /** How a call with `delivered` was asked: to go on in its own text, or to repeat the last words first. */
  readonly joinedBy?: "prefix" | "anchor" | undefined;
  /** Once it is complete: what it said, as far as that may be kept; absent where nobody keeps it. */
  readonly told?: Told | undefined;
  /** What the client has of a stream that broke, and a way to go on writing it; absent where nobody may go on. */
  readonly unfinished?: Goer | undefined;
}

export interface Refusal {
  readonly ok: false;
  readonly fault: Fault;
  /** Told again from memory: nothing was sent for this call, and the trail is that of the call before. */
  readonly remembered?: true;
  readonly trail: readonly AttemptRecord[];
}

export type Reply = Answer | Refusal;
