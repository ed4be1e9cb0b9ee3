// What a Chat provider's error means, as an HTTP answer or inside a stream. Its words never enter a fault's message, as they
// may quote a prompt or a key: only codes, types and field names of a harmless form do.

import { FAULTS, type Fault, type FaultKind, fault } from "../../core/fault.ts";
import type { HeaderMap } from "../../core/runtime.ts";
import { isObject, objectOf, parseJson, textOf } from "../json-object.ts";
import { isOwnTrouble, provesRequestWrong, rejectionFacts } from "../rejection.ts";

const SAFE_CODE = /^[A-Za-z0-9_.-]{1,64}$/;
const SAFE_PARAM = /^[A-Za-z0-9_.[\]-]{1,128}$/;

/** A message is matched no further: its beginning says what is wrong. */
const SAID_MAX_CHARS = 2_000;

const CONTEXT = /context_length|context_window|context_size|string_above_max_length/;
const CONTEXT_SAID = /maximum context length|context (window|length|size)|prompt is too long/;
const QUOTA = /insufficient_quota|insufficient_balance|credit_balance|billing|payment_required|spend_limit/;
const QUOTA_SAID = /exceeded your current quota|insufficient (balance|credit)/;
const OVERLOAD = /overloaded|engine_overloaded|service_unavailable|capacity/;
const RATE = /rate_limit|ratelimit|slow_down|too_many_requests/;
const UNSUPPORTED = /unsupported_(parameter|value|model|feature)|not_supported/;
const UNSUPPORTED_SAID = /(does|do) not support|(is|are) not supported|unsupported (parameter|value)/;
const MODEL = /model_not_found|invalid_model|model_not_available/;
const MODEL_SAID = /\bmodel\b.{0,200}\b(does not exist|not exist|not found)/;
const CREDENTIAL = /invalid_api_key|authentication|unauthorized|permission|access_denied/;
const INVALID = /invalid_request|invalid_prompt|invalid_value|invalid_type|bad_request|missing_required|content_policy/;

interface ErrorWords {
  /** Code and type, lower-case; for matching. */
  readonly names: string;
  /** The message, lower-case; for matching only. */
  readonly said: string;
  /** The first of code and type that is fit for people to read. */
  readonly label: string | undefined;
  readonly param: string | undefined;
  /** A status written as the code, as OpenRouter does. */
  readonly status: number | undefined;
}

/** Classifies an answer that is not 2xx. Faults of the caller keep the answer, so that it can be returned as it was. */
export function faultFrom(status: number, headers: HeaderMap, body: Uint8Array, wallMs: number): Fault {
  const json = parseJson(body);
  const words = errorWords(errorIn(json));
  const kind = kindOf(status, words, isObject(json));
  return fault(kind, message(`the provider answered ${status}`, kind, words), {
    ...rejectionFacts(kind, { status, headers, body, wallMs }),
    ...(words.param !== undefined && { param: words.param }),
  });
}

/** Classifies an error that came inside a 2xx answer, stream or whole. `error` is the value of the key `error`. */
export function faultInside(error: unknown): Fault {
  const words = errorWords(error);
  const kind =
    words.status !== undefined && words.status >= 400 ? kindOf(words.status, words, true) : kindByWords(words);
  return fault(kind, message("the provider reported an error inside its answer", kind, words), {
    ...(words.param !== undefined && { param: words.param }),
  });
}

/** The error that a body or chunk holds, in the forms that are in use; `undefined` when it holds none. */
export function errorIn(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  if (value.error !== undefined && value.error !== null && value.error !== false) return value.error;
  // vLLM's older form is the error object itself.
  return value.object === "error" ? value : undefined;
}

function kindOf(status: number, words: ErrorWords, isJson: boolean): FaultKind {
  const { names, said } = words;
  if (status < 400) return "malformed-reply";
  if (QUOTA.test(names) || status === 402) return "quota-exhausted";
  if (status >= 500) return status === 503 || status === 529 || saysOverload(words) ? "overloaded" : "server-error";
  if (RATE.test(names) || status === 429) return QUOTA_SAID.test(said) ? "quota-exhausted" : "rate-limited";
  if (status === 401 || status === 403 || status === 407) return "credential-rejected";
  if (status === 404 || status === 410 || MODEL.test(names) || MODEL_SAID.test(said)) return "model-missing";
  if (isOwnTrouble(status)) return "server-error";
  if (CONTEXT.test(names) || CONTEXT_SAID.test(said)) return "context-too-long";
  if (UNSUPPORTED.test(names) || UNSUPPORTED_SAID.test(said)) return "unsupported";
  if (!provesRequestWrong(status, isJson)) return "unsupported";
  return status === 413 ? "too-large" : "invalid-request";
}

function kindByWords(words: ErrorWords): FaultKind {
  const { names, said } = words;
  if (QUOTA.test(names) || QUOTA_SAID.test(said)) return "quota-exhausted";
  if (saysOverload(words)) return "overloaded";
  if (RATE.test(names)) return "rate-limited";
  if (CONTEXT.test(names)) return "context-too-long";
  if (UNSUPPORTED.test(names)) return "unsupported";
  if (MODEL.test(names)) return "model-missing";
  if (CREDENTIAL.test(names)) return "credential-rejected";
  return INVALID.test(names) ? "invalid-request" : "server-error";
}

function saysOverload({ names, said }: ErrorWords): boolean {
  return OVERLOAD.test(names) || said.includes("overloaded");
}

function errorWords(value: unknown): ErrorWords {
  const error = objectOf(value) ?? { message: value };
  const code = typeof error.code === "number" ? undefined : textOf(error.code);
  const type = textOf(error.type);
  const status = Number(error.code ?? error.status);
  const param = textOf(error.param);
  return {
    names: `${code ?? ""} ${type ?? ""}`.toLowerCase(),
    said: (textOf(error.message) ?? "").slice(0, SAID_MAX_CHARS).toLowerCase(),
    label: [code, type].find((name) => name !== undefined && SAFE_CODE.test(name)),
    param: param !== undefined && SAFE_PARAM.test(param) ? param : undefined,
    status: Number.isInteger(status) && status >= 100 && status <= 599 ? status : undefined,
  };
}

function message(what: string, kind: FaultKind, { label, param }: ErrorWords): string {
  const about = param === undefined ? "" : `, about "${param}"`;
  return `${what}: ${FAULTS[kind].summary}${label === undefined ? "" : ` (${label})`}${about}`;
}
