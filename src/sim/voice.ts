// How a simulated provider's answers and errors look in one dialect. Written on its own, from the providers' formats and
// not with the gateway's encoders: a mistake in those must not hide behind the same mistake here.

import type { HeaderMap } from "../core/runtime.ts";
import type { Ask, Problem } from "./ask.ts";
import type { Completion } from "./completion.ts";

/** `content` frames are what a fault's `after` counts. */
export interface Frame {
  readonly kind: "preamble" | "content" | "stop" | "terminal";
  readonly bytes: Uint8Array;
}

/** The causes of a refusal that every dialect has its own words for. */
export type Cause =
  | "overloaded"
  | "rate-limit"
  | "server-error"
  | "credential"
  | "model-missing"
  | "bad-request"
  | "context-too-long"
  | "no-such-path";

export interface Voice {
  /** The whole reply; without a stop reason where `finished` is false. */
  whole(completion: Completion, finished: boolean): unknown;
  frames(completion: Completion, ask: Ask): readonly Frame[];
  problem(cause: Cause, model: string): Problem;
  /** The type of error for a bare HTTP status. */
  typeOf(status: number): string;
  errorBody(problem: Problem, requestId: string): unknown;
  errorFrame(problem: Problem, requestId: string): Uint8Array;
  readonly pingFrame: Uint8Array;
  readonly malformedFrame: Uint8Array;
  /** Headers that every answer has beside its content type. */
  headers(requestId: string): HeaderMap;
}
