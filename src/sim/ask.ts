// What a simulated model needs to know of a request, in both dialects' common terms, and how a provider says no.

import type { GoingOn } from "./going-on.ts";

export interface AskTool {
  readonly name: string;
  readonly schema: unknown;
}

export interface Ask {
  readonly model: string;
  readonly stream: boolean;
  /** `Infinity` when the request sets no limit. */
  readonly maxTokens: number;
  readonly thinking: "none" | "shown" | "omitted";
  readonly tools: readonly AskTool[];
  /** An object: that tool must be called. */
  readonly choice: "auto" | "none" | "any" | { readonly name: string };
  readonly parallel: boolean;
  /** The last user text: what the answer is derived from. */
  readonly prompt: string;
  readonly stops: readonly string[];
  /** The answer must be JSON; with a schema, of that schema. */
  readonly format?: { readonly schema?: unknown };
  /** It is asked to go on with an answer that another model began. */
  readonly goingOn?: GoingOn;
  /** OpenAI Chat: the stream ends with a usage chunk. */
  readonly includeUsage: boolean;
  readonly inputTokens: number;
}

/** A provider's refusal, before it is put into a dialect's words. */
export interface Problem {
  readonly status: number;
  /** The dialect's own name for it. */
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly param?: string;
}

export function isProblem(value: Ask | Problem): value is Problem {
  return "status" in value;
}

/** A rough count, as providers' own are to anybody else: four bytes a token. */
export function tokensOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 4));
}
