// The canonical request, used only when client and target speak different dialects. It follows the Anthropic block list
// (ordered, typed parts), which loses least; what it cannot carry is declared as a loss, never dropped in silence.

export interface Loss {
  /** The field in the client's own names, e.g. `top_k`, `messages[3].content[0].cache_control`. */
  readonly path: string;
  readonly why: string;
}

export interface Translated<T> {
  readonly value: T;
  readonly losses: readonly Loss[];
}

export type ImageSource =
  | { readonly type: "base64"; readonly mediaType: string; readonly data: string }
  | { readonly type: "url"; readonly url: string };

export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly source: ImageSource }
  | { readonly type: "document"; readonly mediaType: string; readonly data: string; readonly title?: string }
  /** `input` is the parsed JSON arguments. */
  | { readonly type: "tool-use"; readonly id: string; readonly name: string; readonly input: unknown }
  | {
      readonly type: "tool-result";
      readonly id: string;
      readonly parts: readonly Part[];
      readonly isError: boolean;
    };

export interface Turn {
  readonly role: "user" | "assistant" | "system";
  readonly parts: readonly Part[];
}

export interface ToolSpec {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema. */
  readonly schema: unknown;
  readonly strict?: boolean;
}

export type ToolChoice = { readonly type: "auto" | "none" | "any" } | { readonly type: "tool"; readonly name: string };

export type OutputFormat =
  | { readonly type: "json-object" }
  | { readonly type: "json-schema"; readonly name?: string; readonly schema: unknown; readonly strict?: boolean };

export type Effort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";

export interface Prompt {
  readonly stream: boolean;
  /** Leading system text, one string per block. */
  readonly system: readonly string[];
  readonly turns: readonly Turn[];
  readonly tools: readonly ToolSpec[];
  readonly toolChoice?: ToolChoice;
  readonly parallelTools?: boolean;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly stop: readonly string[];
  readonly format?: OutputFormat;
  readonly effort?: Effort;
  /** The end user's id, as the client named it (`metadata.user_id`, `user`). */
  readonly user?: string;
}
