// What becomes of a stream that broke: gone on with, begun anew, ended as it stands, or told to the client as broken. The
// pure rule; reading, asking and writing are the engine's.

import type { ResumeMode } from "../core/call.ts";
import { FAULTS, type Fault } from "../core/fault.ts";
import type { Unfinished } from "../core/unfinished.ts";

/** However many targets a route has: an answer of four pieces is nobody's. */
export const CONTINUATIONS_MAX = 2;

export interface Break extends Pick<Unfinished, "text" | "native" | "toolCalls"> {
  readonly fault: Fault;
  readonly mode: ResumeMode;
  /** The client declared tools. */
  readonly hasTools: boolean;
  /** It asked for JSON. */
  readonly hasFormat: boolean;
  /** Upstream requests that the call has left. */
  readonly attemptsLeft: number;
  readonly continuations: number;
}

export type AfterBreak =
  /** By another attempt, from the last word on. */
  | { readonly type: "go-on" }
  /** By another attempt, from the beginning: the client has nothing of the answer yet. */
  | { readonly type: "anew" }
  /** The calls that the client has are whole, and it will run them: a second model might make them again. */
  | { readonly type: "end-as-tool-use" }
  | { readonly type: "stop"; readonly why: string };

export function afterBreak(broken: Break): AfterBreak {
  const { blame } = FAULTS[broken.fault.kind];
  if (blame !== "provider" && blame !== "network") return stop("the call itself has ended");
  if (broken.toolCalls > 0) return { type: "end-as-tool-use" };
  if (broken.native) return stop("only its provider can go on with it");
  if (broken.attemptsLeft <= 0) return stop("the call has no attempt left");
  if (broken.continuations >= CONTINUATIONS_MAX) return stop("it broke too often");
  if (broken.text === undefined) return stop("it is too long");
  if (broken.text === "") return { type: "anew" };
  if (broken.hasFormat) return stop("another model cannot go on inside of JSON");
  if (broken.hasTools && broken.mode !== "all")
    return stop("the client has tools, and the answer might have called one");
  return { type: "go-on" };
}

function stop(why: string): AfterBreak {
  return { type: "stop", why };
}

/** What text costs of an output limit, in tokens, as roughly as anybody outside can tell: four letters each, or one that is no letter of the Latin script. */
export function tokensOf(text: string): number {
  return Math.ceil(sharesOf(text));
}

/** The same of a piece of a text, not rounded. */
export function sharesOf(text: string): number {
  let tokens = 0;
  for (const letter of text) tokens += letter <= "\u024f" ? 0.25 : 0.8;
  return tokens;
}
