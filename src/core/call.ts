// What a client asked, in the form the whole data path shares. The body stays the client's own bytes; `Inspected` is what
// a scan of its top level found, so that the native lane never parses the prompt.

import type { DeferWish } from "./deferral.ts";
import type { HeaderMap } from "./runtime.ts";

export type DialectId = "anthropic-messages" | "openai-chat";
export type Operation = "generate" | "embed" | "count-tokens";
/** Which broken answers another target goes on with: none, text without tools, or text beside tools as well. */
export type ResumeMode = "off" | "text" | "all";
export type Criticality = "critical" | "default" | "sheddable";

/** A byte range of the body: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a scan of the request's top level found. Spans cover values, quotes and braces included. */
export interface Inspected {
  readonly model: string;
  readonly stream: boolean;
  /** The end user whom the client names (`safety_identifier`, `user`, `metadata.user_id`) cut to 512 letters. Never written down. */
  readonly endUser?: string;
  /** The client's own output limit, in tokens; absent when it set none. */
  readonly maxTokens?: number;
  /** How many answers it asks for at once (OpenAI Chat `n`); absent: one. */
  readonly choices?: number;
  /** True when the request asks the model to think (so that the first token may be late). */
  readonly thinks: boolean;
  readonly modelSpan: Span;
  /** The field by which the request goes on with what is stored at its provider; absent: none. */
  readonly stored?: string;
  /** The declared tools, and what asks for output of a certain form, when present; not parsed yet. */
  readonly tools?: Span;
  readonly format?: Span;
  /** OpenAI Chat `stream_options`, when present. */
  readonly streamOptions?: { readonly span: Span; readonly includeUsage: boolean };
}

/** Request directives of `cache-control` (RFC 9111 §5.2.1, RFC 5861 §4). */
export interface CacheWish {
  /** Keep nothing of this call. */
  readonly noStore: boolean;
  /** Give no kept answer. */
  readonly noCache: boolean;
  /** By how much a kept answer may be past its `ttl`, in milliseconds; absent: as long as the route says. */
  readonly maxStaleMs?: number;
  /** How old a kept answer may be. */
  readonly maxAgeMs?: number;
  /** For how long it must still be fresh. */
  readonly minFreshMs?: number;
  /** RFC 5861: by how much it may be past its `ttl` where no target can answer. */
  readonly staleIfErrorMs?: number;
  /** What the answer is about, in the client's own names, so that it can be purged by them; absent: nothing was said. */
  readonly tags?: readonly string[];
  /** A kept answer or none. */
  readonly onlyIfCached?: boolean;
}

/** The first part of an answer that another target is to go on with. */
export interface DeliveredPart {
  /** All the text that the client has; "": it has none, and the answer begins anew. */
  readonly text: string;
  /** Its last words, for a target that is asked to repeat them. */
  readonly anchor: string;
  /** Roughly what it cost of the output limit. */
  readonly tokens: number;
  /** Made so far. */
  readonly attempts: number;
  /** Targets whose answer broke, by id. */
  readonly failed: ReadonlySet<string>;
}

export interface Call {
  /** Unique; the client sees it as `x-holdfast-call`. */
  readonly id: string;
  readonly operation: Operation;
  readonly dialect: DialectId;
  /** The model name that the client used; also the route's key. */
  readonly model: string;
  readonly stream: boolean;
  readonly body: Uint8Array;
  readonly inspected: Inspected;
  /** Client headers that a provider may see (`anthropic-version`, `anthropic-beta`, …); never a credential. */
  readonly headers: HeaderMap;
  /** The client's query string with its `?`, or "". */
  readonly query: string;
  /** On `Clock`; the client's own deadline, `Infinity` when it sent none. Holds beyond the commit. */
  readonly deadlineMs: number;
  readonly tenant: string;
  /** A keyed hash of the end user whom the client named, where somebody counts them. */
  readonly endUser?: string | undefined;
  /** Names of the routes that its tenant may use; absent: all. */
  readonly routes?: readonly string[] | undefined;
  /** From `x-holdfast-criticality`; absent: the route's. */
  readonly criticality?: Criticality | undefined;
  /** `x-stainless-retry-count`: over 0 is the same logical call again. */
  readonly retryCount: number;
  /** True when a lossy translation must be refused; from the header, else the route. */
  readonly strict?: boolean | undefined;
  /** What the client's `cache-control` says of kept answers. */
  readonly cache?: CacheWish | undefined;
  /** Its `accept-language`, where a route has something to say in several. */
  readonly language?: string | undefined;
  /** From the header, else the route. */
  readonly resume?: ResumeMode | undefined;
  /** The client would rather be answered later than not at all. */
  readonly defer?: DeferWish | undefined;
  /** From this attempt on a useless answer is taken as it is, where others than usual are left to give another. Set by `pursue`. */
  readonly tolerantFrom?: number | undefined;
  /** What broken attempts of this call already delivered. Set only by `resume`, read by `pursue` and `attempt`. */
  readonly delivered?: DeliveredPart;
}
