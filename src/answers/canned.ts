// A prepared sentence in the client's own dialect, whole or as a stream, with the facts of the outage in it. Only where a
// sentence is an answer: a program that waits for a tool call or for JSON gets the refusal instead.

import type { Call } from "../core/call.ts";
import { FAULTS, isFault } from "../core/fault.ts";
import type { Outage, Rung } from "../core/last-resort.ts";
import type { Prompt } from "../core/message.ts";
import type { LastResortSettings } from "../core/settings.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { pickLanguage } from "./language.ts";
import { spoken } from "./spoken.ts";

/** What a canned answer names as its target and its model: none of a provider's. */
export const CANNED_TARGET = "holdfast/canned";

/** Larger requests are not parsed only to say that nobody can answer them. */
const BODY_BYTES_MAX = 4_194_304;
/** Where the fault names no time: as the final error says. */
const RETRY_MS = 5_000;

type Canned = Extract<LastResortSettings, { readonly type: "canned" }>;

/** In the language that the client would rather read. */
export function canned({ text, languages = [] }: Canned, client: Dialect): Rung {
  const tags = languages.map(({ language }) => language);
  return {
    serve: (outage) => async (call, scope) => {
      if (!takesSentence(call, client)) return { ok: false, fault: outage.fault, trail: [] };
      const said = languages[pickLanguage(call.language, tags)]?.text ?? text;
      const is = { servedBy: "canned", degraded: "canned" } as const;
      const speech = {
        texts: [filled(said, call, outage)],
        target: CANNED_TARGET,
        model: CANNED_TARGET,
        headers: {},
        is,
      };
      return spoken(speech, client, call, scope.runtime);
    },
  };
}

/** `{since}` is in UTC, `{retry}` in seconds. */
function filled(text: string, call: Call, { fault, sinceWallMs }: Outage): string {
  const facts = new Map([
    ["model", call.model],
    ["reason", FAULTS[fault.kind].summary],
    ["since", `${new Date(sinceWallMs).toISOString().slice(0, 16).replace("T", " ")} UTC`],
    ["retry", `${Math.ceil((fault.retryAfterMs ?? RETRY_MS) / 1_000)} s`],
  ]);
  return text.replace(/\{([a-z]+)\}/g, (whole, name: string) => facts.get(name) ?? whole);
}

function takesSentence(call: Call, { codec }: Dialect): boolean {
  const { choices = 1, maxTokens } = call.inspected;
  if (call.operation !== "generate" || choices !== 1 || maxTokens === 0) return false;
  if (call.body.length > BODY_BYTES_MAX) return false;
  const prompt = codec.decodeRequest(call.body);
  return !isFault(prompt) && expectsProse(prompt.value);
}

function expectsProse({ format, toolChoice, turns }: Prompt): boolean {
  const forced = toolChoice?.type === "any" || toolChoice?.type === "tool";
  // A turn that the client began itself would be finished by a sentence that does not belong to it.
  return format === undefined && !forced && turns.at(-1)?.role !== "assistant";
}
