// Which fault a provider's answer is, and how a fault is told to a Chat client.

import { describe, expect, test } from "bun:test";
import { FAULTS, type FaultKind, fault } from "../../core/fault.ts";
import { parseJson } from "../json-object.ts";
import { errorFrame, faultTo } from "./error-reply.ts";
import { faultFrom, faultInside } from "./faults.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const CONTEXT = { call: "c1", trail: [{ target: "alpha/a", fault: "overloaded", status: 503, ms: 12 }] } as const;

const error = (code: unknown, type: string | null = null, message = "said") => ({
  error: { message, type, param: null, code },
});

test.each<[number, unknown, FaultKind]>([
  [400, error(null, "invalid_request_error"), "invalid-request"],
  [400, error("context_length_exceeded"), "context-too-long"],
  [400, error("string_above_max_length"), "context-too-long"],
  [
    400,
    error(null, "invalid_request_error", "This model's maximum context length is 8192 tokens."),
    "context-too-long",
  ],
  [400, error("unsupported_parameter"), "unsupported"],
  [400, error("unsupported_value"), "unsupported"],
  [400, error("model_not_supported"), "unsupported"],
  [400, error(null, "invalid_request_error", "This endpoint does not support tools"), "unsupported"],
  [400, error("model_not_found"), "model-missing"],
  [400, error(null, "invalid_request_error", "Model Not Exist"), "model-missing"],
  [400, error("billing_hard_limit_reached"), "quota-exhausted"],
  [400, { detail: "bad" }, "invalid-request"],
  [400, "<html>a firewall's page", "unsupported"],
  [401, error("invalid_api_key"), "credential-rejected"],
  [403, error("unsupported_country_region_territory"), "credential-rejected"],
  [402, { error: { message: "Insufficient Balance" } }, "quota-exhausted"],
  [404, error("model_not_found"), "model-missing"],
  [404, "<html>", "model-missing"],
  [408, {}, "server-error"],
  [409, {}, "server-error"],
  [405, error(null, "invalid_request_error"), "unsupported"],
  [407, {}, "credential-rejected"],
  [410, {}, "model-missing"],
  [413, {}, "too-large"],
  [413, "<html>a proxy's page", "unsupported"],
  [424, { error: "Request failed during generation", error_type: "generation" }, "server-error"],
  [425, {}, "server-error"],
  [451, error(null, "legal"), "unsupported"],
  [499, "", "server-error"],
  [413, error("rate_limit_exceeded", "tokens"), "rate-limited"],
  [422, { detail: [] }, "invalid-request"],
  [429, error("rate_limit_exceeded"), "rate-limited"],
  [429, error("slow_down"), "rate-limited"],
  [429, {}, "rate-limited"],
  [429, error("insufficient_quota", "insufficient_quota"), "quota-exhausted"],
  [429, error("credit_balance_exhausted"), "quota-exhausted"],
  [500, error(null, "server_error"), "server-error"],
  [500, error(null, "server_error", "The engine is currently overloaded"), "overloaded"],
  [500, error(null, "invalid_request_error"), "server-error"],
  [502, "<html>", "server-error"],
  [503, error("server_is_overloaded"), "overloaded"],
  [529, {}, "overloaded"],
  [504, {}, "server-error"],
  [301, {}, "malformed-reply"],
])("%d %j is %s", (status, body, kind) => {
  const bytes = encode(typeof body === "string" ? body : JSON.stringify(body));
  const got = faultFrom(status, { "retry-after": "7", "content-type": "application/json" }, bytes, 0);
  expect(got.kind).toBe(kind);
  // A wait for what the caller did wrong would pause a target that is well.
  const isCallers = FAULTS[kind].blame === "caller";
  expect<unknown>(got.retryAfterMs).toBe(isCallers ? undefined : 7000);
  expect<unknown>(got.upstream?.body).toBe(isCallers ? bytes : undefined);
});

test.each<[unknown, FaultKind]>([
  [{ message: "x", type: "server_error" }, "server-error"],
  [{ code: "server_is_overloaded" }, "overloaded"],
  [{ type: "overloaded_error" }, "overloaded"],
  [{ message: "Overloaded" }, "overloaded"],
  [{ code: 503 }, "overloaded"],
  [{ code: 502, message: "Provider returned error" }, "server-error"],
  [{ code: 429 }, "rate-limited"],
  [{ code: "rate_limit_exceeded" }, "rate-limited"],
  [{ code: "insufficient_quota" }, "quota-exhausted"],
  [{ code: "context_length_exceeded" }, "context-too-long"],
  [{ type: "invalid_request_error" }, "invalid-request"],
  ["boom", "server-error"],
  [undefined, "server-error"],
])("in-band %j is %s", (value, kind) => {
  expect(faultInside(value).kind).toBe(kind);
});

test("a fault never quotes what the provider said", () => {
  const body = {
    error: { message: "SECRET prompt", type: "SECRET words here", code: "bad_value", param: "messages[0].role" },
  };
  const got = faultFrom(400, {}, encode(JSON.stringify(body)), 0);
  expect(got.message).not.toContain("SECRET");
  expect(got.message).toContain("(bad_value)");
  expect(got.param).toBe("messages[0].role");
  expect(faultInside({ message: "SECRET", code: "SECRET spaced" }).message).not.toContain("SECRET");
});

describe("faultTo", () => {
  const STATUS: Partial<Record<FaultKind, [number, string]>> = {
    "invalid-request": [400, "invalid_request_error"],
    unsupported: [400, "unsupported_feature"],
    lossy: [400, "unsupported_feature"],
    "context-too-long": [400, "context_length_exceeded"],
    unauthorized: [401, "invalid_api_key"],
    forbidden: [403, "forbidden"],
    "not-found": [404, "not_found"],
    "too-large": [413, "request_too_large"],
    "rate-limited": [429, "rate_limit_exceeded"],
    "deadline-exceeded": [504, "timeout"],
    "not-cached": [504, "timeout"],
    bug: [500, "internal_error"],
    cancelled: [499, "cancelled"],
    "client-stall": [499, "cancelled"],
    superseded: [499, "cancelled"],
  };

  test.each(Object.keys(FAULTS) as FaultKind[])("%s", (kind) => {
    const [status, code] = STATUS[kind] ?? [503, "server_is_overloaded"];
    const got = faultTo(fault(kind, "why"), CONTEXT);
    const { error: told } = JSON.parse(decode(got.body));
    expect([got.status, told.code, told.message, told.param]).toEqual([status, code, "why", null]);
    expect(told.holdfast).toEqual(CONTEXT);
    expect(got.headers["x-should-retry"]).toBe("false");
    expect<unknown>(got.headers["retry-after"]).toBe(status === 429 || status === 503 ? "5" : undefined);
  });

  test.each([
    [100, "1"],
    [2001, "3"],
    [300_000, "60"],
  ])("retry-after of %d ms is %s s", (retryAfterMs, header) => {
    expect(faultTo(fault("rate-limited", "w", { retryAfterMs }), CONTEXT).headers["retry-after"]).toBe(header);
  });

  test("a missing model has OpenAI's own code", () => {
    expect(decode(faultTo(fault("not-found", "w", { param: "model" }), CONTEXT).body)).toContain('"model_not_found"');
  });

  test("the caller's own error comes back byte for byte", () => {
    const body = encode('{ "error": {"message": "bad", "type": "invalid_request_error"} }');
    const got = faultTo(faultFrom(422, { "content-type": "application/json; v=1" }, body, 0), CONTEXT);
    expect(got.body).toBe(body);
    expect([got.status, got.headers["content-type"]]).toEqual([422, "application/json; v=1"]);
  });

  test("an error in another dialect's words does not", () => {
    const body = encode('{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}');
    const got = faultTo(faultFrom(400, {}, body, 0), CONTEXT);
    expect(decode(got.body)).toContain('"holdfast"');
    expect(got.status).toBe(400);
  });

  test("in-band it is one frame, and no closing marker", () => {
    const text = decode(errorFrame(fault("stream-broken", "why"), CONTEXT));
    expect(text).toMatch(/^data: \{"error":\{.*\}\}\n\n$/);
    expect(parseJson(text.slice(6))).toMatchObject({ error: { code: "server_is_overloaded", holdfast: CONTEXT } });
  });
});
