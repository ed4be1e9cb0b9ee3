// What a provider's error means, by HTTP status and by the error object of this dialect. It reads; `final-error.ts` writes.

import { FAULTS, type Fault, type FaultKind, fault } from "../../core/fault.ts";
import type { HeaderMap } from "../../core/runtime.ts";
import { clip, isObject, parseJson } from "../json-object.ts";
import { isOwnTrouble, provesRequestWrong, rejectionFacts } from "../rejection.ts";

const decoder = new TextDecoder();
const MESSAGE_CHARS = 300;
/** Bodies beyond this are not read for their meaning; Anthropic's errors are far below it. */
const READ_BYTES = 64 * 1024;

/** `error.type` of an in-band error. */
const KIND_OF_TYPE: Readonly<Record<string, FaultKind>> = {
  overloaded_error: "overloaded",
  rate_limit_error: "rate-limited",
  api_error: "server-error",
  timeout_error: "server-error",
  conflict_error: "server-error",
  invalid_request_error: "invalid-request",
  authentication_error: "credential-rejected",
  permission_error: "credential-rejected",
  billing_error: "quota-exhausted",
  not_found_error: "model-missing",
  request_too_large: "too-large",
};

const KIND_OF_STATUS: Readonly<Record<number, FaultKind>> = {
  401: "credential-rejected",
  402: "quota-exhausted",
  403: "credential-rejected",
  404: "model-missing",
  407: "credential-rejected",
  410: "model-missing",
  429: "rate-limited",
  503: "overloaded",
  529: "overloaded",
};

/** A 400 whose cause is not the request: the words of Anthropic and of the servers that copy its API. */
const MEANINGS: readonly (readonly [RegExp, FaultKind])[] = [
  [/credit balance is too low|usage limits|spend(ing)? limit/i, "quota-exhausted"],
  [
    /prompt is too long|context (window|length|limit)|exceeds? .{0,40}context|too many (input )?tokens/i,
    "context-too-long",
  ],
  [/prefill|must end with a user message/i, "unsupported"],
  [
    /does not support|not supported|unsupported|deprecated for this model|not available (for|on) this model/i,
    "unsupported",
  ],
];

interface ErrorObject {
  readonly type: string;
  readonly message: string;
  readonly code: string;
}

/** Classifies a non-2xx answer; the body is kept for faults that are the caller's own doing. */
export function faultFrom(status: number, headers: HeaderMap, body: Uint8Array, wallMs: number): Fault {
  const text = body.length <= READ_BYTES ? decoder.decode(body) : "";
  const json = parseJson(text);
  const error = errorObject(json);
  const kind = kindOf(status, error, isObject(json));
  const said = describe(`the provider answered ${status}`, kind, error);
  return fault(kind, said, rejectionFacts(kind, { status, headers, body, wallMs }));
}

/** The fault of an `error` event, given the parsed data of its frame; also of a whole 200 that holds an error. */
export function inBandFault(data: unknown): Fault {
  const error = errorObject(data);
  const known = error !== undefined && Object.hasOwn(KIND_OF_TYPE, error.type) ? KIND_OF_TYPE[error.type] : undefined;
  const kind = refine(known ?? "server-error", error);
  return fault(kind, describe("the provider sent an error inside its answer", kind, error));
}

/** True for a body that is an error of this dialect, so that it may be returned to a client as it is. */
export function isErrorBody(body: Uint8Array): boolean {
  if (body.length > READ_BYTES) return false;
  const json = parseJson(decoder.decode(body));
  return isObject(json) && json.type === "error" && errorObject(json) !== undefined;
}

function kindOf(status: number, error: ErrorObject | undefined, isJson: boolean): FaultKind {
  if (status >= 300 && status < 400) return "malformed-reply";
  const known = KIND_OF_STATUS[status];
  if (known !== undefined) return refine(known, error);
  if (status >= 500) return error?.type === "overloaded_error" ? "overloaded" : "server-error";
  if (status < 400) return "malformed-reply";
  if (isOwnTrouble(status)) return "server-error";
  const meant = status === 413 ? "too-large" : refine("invalid-request", error);
  return FAULTS[meant].retry !== "never" || provesRequestWrong(status, isJson) ? meant : "unsupported";
}

/** What the words of the error add to its status or type. */
function refine(kind: FaultKind, error: ErrorObject | undefined): FaultKind {
  if (error === undefined) return kind;
  if (kind === "rate-limited" && error.code.includes("spend_limit")) return "quota-exhausted";
  if (kind !== "invalid-request") return kind;
  return MEANINGS.find(([words]) => words.test(error.message))?.[1] ?? kind;
}

function errorObject(data: unknown): ErrorObject | undefined {
  const error = isObject(data) ? data.error : undefined;
  if (!isObject(error)) return undefined;
  const details = isObject(error.details) ? error.details : undefined;
  return {
    type: typeof error.type === "string" ? error.type : "",
    message: typeof error.message === "string" ? error.message : "",
    code: typeof details?.error_code === "string" ? details.error_code : "",
  };
}

function describe(what: string, kind: FaultKind, error: ErrorObject | undefined): string {
  if (error === undefined) return what;
  const type = clip(error.type, 60);
  // Providers repeat parts of a key in what they say of it.
  const said = kind === "credential-rejected" ? "" : clip(error.message, MESSAGE_CHARS);
  return [what, type, said].filter((part) => part !== "").join(": ");
}
