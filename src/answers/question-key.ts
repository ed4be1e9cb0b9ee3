// Which calls ask the same, whatever the dialect and whether as a stream: a hash over the canonical request, made with a secret of
// those who share answers, so that nobody else's question ever has the same. What the canonical request cannot hold goes in
// as it was written, so that nothing that may change the answer is left out. The end user's id and metadata are.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Call } from "../core/call.ts";
import type { AnswerKeys, KeptAnswers } from "../core/cell.ts";
import { isFault } from "../core/fault.ts";
import type { Prompt } from "../core/message.ts";
import type { CacheSettings, Likeness } from "../core/settings.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { isObject, parseJson } from "../dialects/json-object.ts";
import { stemOf } from "./stem.ts";

/** Larger questions are asked once, and not worth the hash. */
export const QUESTION_BYTES_MAX = 1_048_576;
/** Says who asks, not what. */
const WHO: ReadonlySet<string> = new Set(["metadata", "user", "safety_identifier"]);
/** The client's headers and query may switch on what the body does not tell. */
const TELLING_HEADER = "anthropic-beta";

export interface KeyContext {
  readonly client: Dialect;
  readonly scope: CacheSettings["scope"];
  readonly likeness: Likeness;
  readonly secretOf: KeptAnswers["secretOf"];
}

/** `undefined`: not to be kept nor looked up. */
export function questionKeys(call: Call, context: KeyContext, random: () => number): AnswerKeys | undefined {
  if (call.operation !== "generate" || call.body.length > QUESTION_BYTES_MAX) return undefined;
  if ((call.inspected.choices ?? 1) !== 1) return undefined;
  const prompt = context.client.codec.decodeRequest(call.body);
  if (isFault(prompt) || usesTools(prompt.value)) return undefined;
  const roots = new Set(prompt.losses.map(({ path }) => path.split(/[.[]/, 1)[0] ?? ""));
  // There were more losses than are listed.
  if (roots.has("…")) return undefined;
  const asWritten = rest(call, roots);
  if (asWritten === undefined) return undefined;
  const { stream, user, turns, ...asked } = prompt.value;
  const model = context.scope === "global" ? "" : call.model;
  const around = [model, asked, asWritten, call.headers[TELLING_HEADER] ?? "", call.query];
  const secret = context.secretOf(partitionOf(call, context.scope), random);
  const hash = (likeness: Likeness, words: unknown): string =>
    bytesToHex(hmac(sha256, secret, utf8ToBytes(canonicalJson([likeness, words, around]))));
  const stem = context.likeness === "stem" && !roots.has("messages") ? stemOf(prompt.value) : undefined;
  const exact = hash("exact", turns);
  return stem === undefined ? { exact } : { exact, stem: hash("stem", stem) };
}

/** The first word has no line end in it, so that no tenant's name can look like another partition. */
function partitionOf({ tenant, model }: Call, scope: CacheSettings["scope"]): string {
  if (scope === "global") return scope;
  return `${scope}\n${scope === "tenant" ? tenant : model}`;
}

/** The turn of a program with its tools is about the state of the world at that moment. */
function usesTools({ turns }: Prompt): boolean {
  return turns.some(({ parts }) => parts.some(({ type }) => type === "tool-use" || type === "tool-result"));
}

/** The top-level fields that did not fit the canonical request, with the dialect that gives them a meaning. */
function rest(call: Call, roots: ReadonlySet<string>): unknown {
  const names = [...roots].filter((name) => !WHO.has(name));
  if (names.length === 0) return [];
  const request = parseJson(new TextDecoder().decode(call.body));
  if (!isObject(request) || names.some((name) => !Object.hasOwn(request, name))) return undefined;
  return [call.dialect, names.sort().map((name) => [name, request[name]])];
}

/** Keys in order, at every depth; unambiguous, since it is JSON. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
