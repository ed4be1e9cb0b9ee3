// What a client of a whole reply has, read from the formats alone.

import type { DialectId } from "../../src/core/call.ts";
import { asObject, type Json, parsed } from "./heard.ts";

export interface WholeHeard {
  readonly text: string;
  readonly tools: readonly (readonly [name: unknown, input: unknown])[];
  /** In the dialect's own words. */
  readonly stop: unknown;
  readonly model: unknown;
  /** The error of a body that is one. */
  readonly error: Json | undefined;
}

export function readWhole(dialect: DialectId, bytes: Uint8Array): WholeHeard {
  const reply = asObject(parsed(new TextDecoder().decode(bytes)));
  const common = { model: reply?.model, error: asObject(reply?.error) };
  if (dialect === "anthropic-messages") {
    const blocks = list(reply?.content);
    return {
      ...common,
      text: textOf(blocks),
      tools: blocks.filter(({ type }) => type === "tool_use").map(({ name, input }) => [name, input]),
      stop: reply?.stop_reason,
    };
  }
  const [choice] = list(reply?.choices);
  const message = asObject(choice?.message);
  const content = message?.content;
  return {
    ...common,
    text: typeof content === "string" ? content : textOf(list(content)),
    tools: list(message?.tool_calls).map((item) => {
      const fields = asObject(item.function);
      return [fields?.name, parsed(String(fields?.arguments))];
    }),
    stop: choice?.finish_reason,
  };
}

function textOf(parts: readonly Json[]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map((item) => asObject(item) ?? {}) : [];
}
