// Whom an attempt is sent to: provider, model, region and key, with what the path must know of it. Identity, not position:
// two routes that name the same target share its cells.

import type { DialectId } from "./call.ts";

/** Of a million tokens; where a price changes with the hour, the highest. */
export interface TokenPrice {
  readonly inputPerMillionUsd: number;
  readonly outputPerMillionUsd: number;
}

export interface Target {
  /** `provider/model`: what users see. */
  readonly id: string;
  readonly provider: string;
  readonly model: string;
  readonly dialect: DialectId;
  /** The failure domain: targets of one domain are expected to fail together. */
  readonly domain: string;
  /** Whose domain it is, where the configuration has others of the same vendor: regions, or accounts. */
  readonly vendor?: string;
  readonly tier: "remote" | "local";
  /** What the model can hold, prompt and answer, in tokens, where known. */
  readonly contextTokens?: number;
  /** The model's largest output in tokens, where known: an Anthropic request must name one. */
  readonly maxOutputTokens?: number;
  /** Where known. */
  readonly price?: TokenPrice;
}
