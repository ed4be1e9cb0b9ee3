// What became of a client's call, judged from its bytes alone: a complete answer, an answer that broke off and says so, or
// an error. Anything else, such as half an answer that looks whole, throws.

import type { DialectId } from "../../src/core/call.ts";
import { read } from "./lanes.ts";
import { bytesOf, type Client } from "./virtual.ts";
import { readWhole } from "./whole-reader.ts";

export interface Outcome {
  readonly kind: "complete" | "broken" | "refused";
  readonly status: number;
  readonly text: string;
  readonly tools: number;
  /** Of the error, in the client's dialect. */
  readonly errorType: string | undefined;
  readonly message: string;
}

export function outcomeOf(client: Client, words: number): Outcome {
  const { delivery, call } = client;
  if (delivery === undefined || client.endedAtMs < 0) throw new Error(`${call.id} was never answered`);
  const outcome =
    delivery.body instanceof Uint8Array ? wholeOutcome(client, delivery.status) : streamOutcome(client, call.dialect);
  const full = isFull(outcome, words);
  if (outcome.kind === "complete" && !full)
    throw new Error(`${call.id} looks complete and is not: ${JSON.stringify(outcome)}`);
  if (outcome.kind === "broken" && !isPart(outcome)) throw new Error(`${call.id} has strange text: ${outcome.text}`);
  return outcome;
}

function wholeOutcome(client: Client, status: number): Outcome {
  const { text, tools, error } = readWhole(client.call.dialect, bytesOf(client));
  if (status >= 400 !== (error !== undefined)) throw new Error(`status ${status} does not fit its body`);
  return {
    kind: error === undefined ? "complete" : "refused",
    status,
    text,
    tools: tools.length,
    errorType: error === undefined ? undefined : String(error.type),
    message: String(error?.message ?? ""),
  };
}

function streamOutcome(client: Client, dialect: DialectId): Outcome {
  const heard = read(dialect, bytesOf(client), false);
  if (heard.violations.length > 0) throw new Error(`${client.call.id}: ${heard.violations.join("; ")}`);
  if (heard.errors.length + (heard.closed ? 1 : 0) !== 1)
    throw new Error(`${client.call.id} ends with ${heard.errors.length} errors, closed: ${heard.closed}`);
  if (heard.tools.some((tool) => !tool.whole)) throw new Error(`${client.call.id} has part of a tool call`);
  const error = heard.errors[0]?.error as { type?: unknown; message?: unknown } | undefined; // both dialects' errors
  return {
    kind: error === undefined ? "complete" : "broken",
    status: 200,
    text: heard.text,
    tools: heard.tools.length,
    errorType: error === undefined ? undefined : String(error.type),
    message: String(error?.message ?? ""),
  };
}

/** The simulated providers begin with who they are and end with a full stop. */
function isFull({ text, tools }: Outcome, words: number): boolean {
  if (tools > 0) return /^((alpha|beta|gamma) calls a tool\.)?$/.test(text);
  return /^This is (alpha|beta|gamma) with [\w-]+: .*\.$/.test(text) && text.split(" ").length === words;
}

function isPart({ text }: Outcome): boolean {
  return /^(This( is( (alpha|beta|gamma)( with( [\w-]+:.*)?)?)?)? ?|(alpha|beta|gamma)( calls( a tool\.)?)? ?)?$/.test(
    text,
  );
}
