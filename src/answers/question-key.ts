// Which calls ask the same, whatever the dialect and whether as a stream: a hash over the canonical request, made with a secret of
// those who share answers, so that nobody else's question ever has the same. What the canonical request cannot hold goes in
// as it was written, so that nothing that may change the answer is left out. The end user's id and metadata are.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Call } from "../core/call.ts";
import type { AnswerKeys, KeptAnswers } from "../core/cell.ts";
import { isFault } from "../core/fault.ts";
import type { Loss, Prompt } from "../core/message.ts";
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

/** All of a prompt that is no words, so that a field that comes to be one cannot be forgotten here. */
type Terms = Readonly<Record<Exclude<keyof Prompt, "stream" | "user" | "turns">, unknown>>;

/** `undefined`: not to be kept nor looked up. Most questions are words and numbers, in which there is nothing to sort. */
export function questionKeys(call: Call, context: KeyContext, runtime: Hashing): AnswerKeys | undefined {
  if (call.operation !== "generate" || call.body.length > QUESTION_BYTES_MAX) return undefined;
  if ((call.inspected.choices ?? 1) !== 1) return undefined;
  const decoded = context.client.codec.decodeRequest(call.body);
  if (isFault(decoded)) return undefined;
  const { value: prompt, losses } = decoded;
  const words = plainWords(prompt);
  if (words === undefined && usesTools(prompt)) return undefined;
  const unplaced = losses.length === 0 ? NOTHING_UNPLACED : unplacedOf(call, losses);
  if (unplaced === undefined) return undefined;
  const { effort, format, maxTokens, parallelTools, stop, system, temperature, toolChoice, tools, topK, topP } = prompt;
  // In the order of their names, as `canonicalJson` writes them too.
  const terms: Terms = {
    effort,
    format,
    maxTokens,
    parallelTools,
    stop,
    system,
    temperature,
    toolChoice,
    tools,
    topK,
    topP,
  };
  const hasPlainTerms = tools.length === 0 && toolChoice === undefined && format === undefined;
  const isPlain = words !== undefined && unplaced === NOTHING_UNPLACED && hasPlainTerms;
  const model = context.scope === "global" ? "" : call.model;
  const beta = call.headers[TELLING_HEADER] ?? "";
  const asked = ["exact", words ?? prompt.turns, model, terms, unplaced.fields, beta, call.query];
  const secret = context.secretOf(partitionOf(call, context.scope), runtime.random);
  const { hmacSha256 = portableHmac } = runtime;
  const jsonOf = isPlain ? JSON.stringify : canonicalJson;
  const exact = hmacSha256(secret, jsonOf(asked));
  const stem = context.likeness === "stem" && !unplaced.inMessages ? stemOf(prompt) : undefined;
  if (stem === undefined) return { exact };
  asked[0] = "stem";
  asked[1] = stem;
  return { exact, stem: hmacSha256(secret, jsonOf(asked)) };
}

/** Roles and texts in turns; `undefined` where a turn is anything but one text. */
function plainWords({ turns }: Prompt): readonly string[] | undefined {
  const words: string[] = [];
  for (const { role, parts } of turns) {
    const part = parts[0];
    if (part?.type !== "text" || parts.length > 1) return undefined;
    words.push(role, part.text);
  }
  return words;
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

/** What did not fit the canonical request. */
interface Unplaced {
  /** Top-level fields as they were written, with the dialect that gives them a meaning. */
  readonly fields: readonly unknown[];
  readonly inMessages: boolean;
}

const NOTHING_UNPLACED: Unplaced = { fields: [], inMessages: false };

/** `undefined` where not all of it is known. */
function unplacedOf(call: Call, losses: readonly Loss[]): Unplaced | undefined {
  const roots = new Set(losses.map(({ path }) => path.split(/[.[]/, 1)[0] ?? ""));
  // There were more losses than are listed.
  if (roots.has("…")) return undefined;
  const names = [...roots].filter((name) => !WHO.has(name));
  if (names.length === 0) return NOTHING_UNPLACED;
  const request = parseJson(call.body);
  if (!isObject(request) || names.some((name) => !Object.hasOwn(request, name))) return undefined;
  const fields = [call.dialect, names.sort().map((name) => [name, request[name]])];
  return { fields, inMessages: roots.has("messages") };
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
