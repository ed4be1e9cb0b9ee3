// What turns a provider's bytes into the client's, one chunk at a time, and knows when something may be released: the
// native lane (relay.ts) leaves bytes alone, the translated lane (translate.ts) decodes and encodes. A lane does no I/O.

import type { Fault } from "../core/fault.ts";
import type { Words } from "../core/reply.ts";
import type { Unfinished } from "../core/unfinished.ts";
import type { Usage } from "../core/usage.ts";

export interface Lane {
  /** One chunk as it came. Gives what may go to the client now: whole frames, or nothing yet. */
  feed(chunk: Uint8Array): Uint8Array | undefined;
  /** The input has ended cleanly. Gives the last bytes for the client, if any; afterwards `finished` or `fault` is set. */
  end(): Uint8Array | undefined;
  /** The connection broke. What was seen may still be a complete answer. */
  broke(fault: Fault): Uint8Array | undefined;
  /** Content was received from the provider (it may still be held). */
  readonly received: boolean;
  /** Content was released: the commit. Also set by a complete answer that is legally empty. */
  readonly committed: boolean;
  /** Counts what shows progress: content and tool frames, not pings. */
  readonly progress: number;
  /** A stop reason was seen: only the closing marker is missing. */
  readonly stopped: boolean;
  /** The answer is complete. Nothing is to be read any more. */
  readonly finished: boolean;
  /** Why the answer is not one, or is one no longer. */
  readonly fault: Fault | undefined;
  /** What makes the answer useless, found too late to replace it. */
  readonly flaw: Fault | undefined;
  readonly usage: Usage | undefined;
  /** Of a finished answer: see `Answer.told`. `undefined` where it is not followed, or must not be kept. */
  told(): Words | undefined;
  /** What the client has by now, to be gone on with; `undefined` where it is not followed. */
  unfinished(): Unfinished | undefined;
}

/** A frame, or all frames held back for one tool call, may not grow beyond this. */
export const HELD_BYTES_MAX = 16_777_216;
