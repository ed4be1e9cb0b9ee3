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
import type { Runtime } from "../core/runtime.ts";
import type { CacheSettings, Likeness } from "../core/settings.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { isList, isObject, type JsonObject, parseJson } from "../dialects/json-object.ts";
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

type Hashing = Pick<Runtime, "random" | "hmacSha256">;

/** `undefined`: not to be kept nor looked up. */
export function questionKeys(call: Call, context: KeyContext, runtime: Hashing): AnswerKeys | undefined {
  if (call.operation !== "generate" || call.body.length > QUESTION_BYTES_MAX) return undefined;
  if ((call.inspected.choices ?? 1) !== 1) return undefined;
  const prompt = context.client.codec.decodeRequest(call.body);
  if (isFault(prompt) || usesTools(prompt.value)) return undefined;
  const roots = new Set(prompt.losses.map(({ path }) => path.split(/[.[]/, 1)[0] ?? ""));
  // There were more losses than are listed.
  if (roots.has("…")) return undefined;
  const asWritten = unplaced(call, roots);
  if (asWritten === undefined) return undefined;
  const { stream, user, turns, ...asked } = prompt.value;
  const model = context.scope === "global" ? "" : call.model;
  const around = [model, asked, asWritten, call.headers[TELLING_HEADER] ?? "", call.query];
  const secret = context.secretOf(partitionOf(call, context.scope), runtime.random);
  const { hmacSha256 = portableHmac } = runtime;
  const rest = canonicalJson(around);
  const hash = (likeness: Likeness, words: unknown): string =>
    hmacSha256(secret, `["${likeness}",${canonicalJson(words)},${rest}]`);
  const stem = context.likeness === "stem" && !roots.has("messages") ? stemOf(prompt.value) : undefined;
  const exact = hash("exact", turns);
  return stem === undefined ? { exact } : { exact, stem: hash("stem", stem) };
}

function portableHmac(key: Uint8Array, text: string): string {
  return bytesToHex(hmac(sha256, key, utf8ToBytes(text)));
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
function unplaced(call: Call, roots: ReadonlySet<string>): unknown {
  const names = [...roots].filter((name) => !WHO.has(name));
  if (names.length === 0) return [];
  const request = parseJson(new TextDecoder().decode(call.body));
  if (!isObject(request) || names.some((name) => !Object.hasOwn(request, name))) return undefined;
  return [call.dialect, names.sort().map((name) => [name, request[name]])];
}

/** JSON with its keys in order, at every depth; unambiguous, since it is JSON. What JSON has no form for is left out as it does. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = "";
  if (isList(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  // A parsed request has nothing but plain objects in it.
  const fields = value as JsonObject;
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key];
    if (field !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(field)}`;
  }
  return `{${text}}`;
}
