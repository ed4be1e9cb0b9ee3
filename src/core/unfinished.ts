// Half an answer: what the client of a stream that broke has, and how its stream can be gone on with.

import type { StreamEvent } from "./stream-event.ts";

/** A stream that ended before its end, as its client sees it. */
export interface Unfinished {
  /** All visible text, in order; `undefined` when it was too much to keep. */
  readonly text: string | undefined;
  /** Reasoning was shown. */
  readonly thought: boolean;
  /** Something was shown that only its provider can go on with (a server tool's block). */
  readonly native: boolean;
  /** Calls that were shown, whole. */
  readonly toolCalls: number;
  /** A call had begun, and nothing of it was shown. */
  readonly toolOpen: boolean;
  /** What text that goes on is a delta of. */
  readonly block: number;
  /** Whole frames that go on with the client's stream, in its dialect. */
  write(event: StreamEvent): Uint8Array | undefined;
}
