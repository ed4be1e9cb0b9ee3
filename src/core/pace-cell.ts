// How fast things go at a target: what is remembered of it, and what is looked at of streams that are under way. The rules are
// `health/slowness.ts` and `health/crawl.ts`.

import type { StreamUnderWay } from "./reply.ts";

/** How long something takes, or how fast it goes: mean and variance of its logarithm, forgotten exponentially. */
export interface PaceCell {
  seen: number;
  mean: number;
  variance: number;
  /** The mean of the last few, learnt in trouble too. */
  recent: number;
}

/** Where one stream was when its present window began. */
export interface FlowPlace {
  stream: StreamUnderWay | undefined;
  fromMs: number;
  fromWritten: number;
}

/** How streams flow once they have begun. */
export interface FlowCell {
  /** In events a second. */
  readonly pace: PaceCell;
  /** A few of the streams under way; none until the first. */
  readonly places: FlowPlace[];
  lookedAtMs: number;
}
