// The canonical stream, used only when client and target speak different dialects. Events are noun-action; `block` numbers
// are the decoder's own, contiguous from 0, and several may be open at once; only an encoder orders them for its client.

import type { Fault } from "./fault.ts";
import type { Usage } from "./usage.ts";

/** Why the model stopped. `pause` is Anthropic's `pause_turn`: the provider wants the turn sent again. */
export type StopReason = "end" | "length" | "stop-sequence" | "tool-use" | "refusal" | "pause" | "context-full";

export type StreamEvent =
  | { readonly type: "message-start"; readonly id: string; readonly model: string; readonly usage?: Usage }
  | { readonly type: "text-delta"; readonly block: number; readonly text: string; readonly refusal?: true }
  /** `signature` is opaque, bound to its provider, and never shown to another. */
  | { readonly type: "reasoning-delta"; readonly block: number; readonly text: string }
  | { readonly type: "tool-start"; readonly block: number; readonly id: string; readonly name: string }
  | { readonly type: "tool-delta"; readonly block: number; readonly json: string }
  | { readonly type: "block-end"; readonly block: number }
  | {
      readonly type: "message-end";
      readonly stop: StopReason;
      readonly stopSequence?: string;
      readonly usage?: Usage;
    }
  /** The provider's in-band error; nothing follows it. */
  | { readonly type: "error"; readonly fault: Fault }
  /** Something only this dialect has (a server tool's block, a citation): a declared loss. */
  | { readonly type: "native"; readonly what: string };
