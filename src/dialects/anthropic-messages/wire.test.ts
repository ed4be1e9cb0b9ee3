import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Inspected, Operation } from "../../core/call.ts";
import { FAULTS, type Fault, type FaultKind, fault, isFault } from "../../core/fault.ts";
import { FrameCutter, frameFields, frameOf } from "../sse.ts";
import { messagesWire as wire } from "./wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (of: Uint8Array): string => new TextDecoder().decode(of);
const json = (value: unknown): Uint8Array => bytes(JSON.stringify(value));
const request = { model: "claude-x", max_tokens: 5, messages: [{ role: "user", content: "hi" }] };

function inspected(body: Uint8Array, operation: Operation = "generate"): Inspected {
  const result = wire.inspect(body, operation);
  if (isFault(result)) throw new Error(result.message);
  return result;
}

describe("inspect", () => {
  const good: readonly (readonly [string, unknown, Partial<Inspected>])[] = [
    ["plain", request, { model: "claude-x", stream: false, maxTokens: 5, thinks: false }],
    ["stream", { ...request, stream: true }, { stream: true }],
    ["max_tokens 0", { ...request, max_tokens: 0 }, { maxTokens: 0 }],
    ["thinking", { ...request, thinking: { type: "adaptive" } }, { thinks: true }],
    ["thinking disabled", { ...request, thinking: { type: "disabled" } }, { thinks: false }],
    ["nested keys of the same name", { metadata: { model: 1, stream: 2 }, ...request }, { model: "claude-x" }],
  ];
  for (const [name, body, expected] of good) test(name, () => expect(inspected(json(body))).toMatchObject(expected));

  const bad: readonly (readonly [string, string | Uint8Array, string | undefined])[] = [
    ["no model", JSON.stringify({ ...request, model: undefined }), "model"],
    ["an empty model", JSON.stringify({ ...request, model: "" }), "model"],
    ["a model's name of 257 characters", JSON.stringify({ ...request, model: "m".repeat(257) }), "model"],
    ["stream in Python", `{"stream":True,${JSON.stringify(request).slice(1)}`, "stream"],
    ["thinking that is no JSON", `{"thinking":{"type":adaptive},${JSON.stringify(request).slice(1)}`, "thinking"],
    ["a model that is no string", JSON.stringify({ ...request, model: 4 }), "model"],
    ["no messages", JSON.stringify({ ...request, messages: undefined }), "messages"],
    ["messages that are no list", JSON.stringify({ ...request, messages: "hi" }), "messages"],
    ["no max_tokens", JSON.stringify({ ...request, max_tokens: undefined }), "max_tokens"],
    ["negative max_tokens", JSON.stringify({ ...request, max_tokens: -1 }), "max_tokens"],
    ["broken max_tokens", JSON.stringify({ ...request, max_tokens: 1.5 }), "max_tokens"],
    ["max_tokens as a string", JSON.stringify({ ...request, max_tokens: "5" }), "max_tokens"],
    ["stream that is no boolean", JSON.stringify({ ...request, stream: "true" }), "stream"],
    ["model twice", `{"model":"a",${JSON.stringify(request).slice(1)}`, "model"],
    ["stream with an escape", `{"str\\u0065am":true,${JSON.stringify(request).slice(1)}`, "stream"],
    ["a BOM", `\uFEFF${JSON.stringify(request)}`, undefined],
    ["nothing", "", undefined],
    ["a list", "[]", undefined],
    ["cut", JSON.stringify(request).slice(0, -1), undefined],
    ["Latin-1", Uint8Array.from([...json(request).slice(0, -3), 0xe4, ...json(request).slice(-3)]), undefined],
    ["UTF-16", new Uint8Array(new Uint16Array([0xfeff, 0x7b, 0x7d]).buffer), undefined],
  ];
  for (const [name, body, param] of bad)
    test(`wrong: ${name}`, () => {
      const result = wire.inspect(typeof body === "string" ? bytes(body) : body, "generate");
      expect(result).toMatchObject({ kind: "invalid-request", ...(param === undefined ? {} : { param }) });
    });

  test("says it in Anthropic's manner", () => {
    const { max_tokens: _, ...without } = request;
    expect(wire.inspect(json(without), "generate")).toMatchObject({ message: "max_tokens: Field required" });
    expect(inspected(json(without), "count-tokens").maxTokens).toBeUndefined();
  });
});

test("patch: the model is replaced, every other byte stays", () => {
  const name = fc.string({ minLength: 1 });
  const extra = fc.dictionary(
    fc.string().filter((key) => !/model|stream|messages|tokens|thinking/i.test(key)),
    fc.json(),
  );
  fc.assert(
    fc.property(name, name, extra, fc.nat(4), (from, to, more, indent) => {
      const value = { ...more, ...request, model: from };
      const body = bytes(JSON.stringify(value, null, indent));
      const seen = inspected(body);
      const patched = wire.patch(body, seen, { model: to });
      const { start, end } = seen.modelSpan;
      expect(JSON.parse(text(patched))).toEqual({ ...value, model: to });
      expect(patched.subarray(0, start)).toEqual(body.subarray(0, start));
      expect(patched.subarray(patched.length - (body.length - end))).toEqual(body.subarray(end));
      expect(wire.patch(body, seen, { model: from, includeUsage: true })).toBe(body);
    }),
  );
});

describe("judge", () => {
  const call = { operation: "generate", inspected: inspected(json(request)) } as const;
  const message = { type: "message", content: [{ type: "text", text: "hi" }], stop_reason: "end_turn" };
  const rows: readonly (readonly [string, string, FaultKind | undefined])[] = [
    ["a message", JSON.stringify(message), undefined],
    [
      "a tool call",
      JSON.stringify({ ...message, content: [{ type: "tool_use", id: "t", name: "f", input: {} }] }),
      undefined,
    ],
    ["a tool call without its id", JSON.stringify({ ...message, content: [{ type: "tool_use" }] }), "malformed-reply"],
    ...["{}", [], null, undefined].map(
      (input) =>
        [
          `a tool call whose input is ${JSON.stringify(input)}`,
          JSON.stringify({ ...message, content: [{ type: "tool_use", id: "t", name: "f", input }] }),
          "malformed-reply",
        ] as const,
    ),
    ["a text without text", JSON.stringify({ ...message, content: [{ type: "text" }] }), "malformed-reply"],
    ["a block that is no object", JSON.stringify({ ...message, content: [1] }), "malformed-reply"],
    ["a refusal without content", JSON.stringify({ ...message, content: [], stop_reason: "refusal" }), undefined],
    ["no content", JSON.stringify({ ...message, content: [] }), "empty-reply"],
    ["empty text", JSON.stringify({ ...message, content: [{ type: "text", text: "" }] }), "empty-reply"],
    ["no stop reason", JSON.stringify({ ...message, stop_reason: null }), "malformed-reply"],
    ["an error", '{"type":"error","error":{"type":"overloaded_error","message":"x"}}', "overloaded"],
    ["another dialect", '{"choices":[]}', "malformed-reply"],
    ["HTML", "<!DOCTYPE html><p>secret</p>", "malformed-reply"],
    ["cut JSON", '{"type":"message","content":[{"text":"secret', "malformed-reply"],
    ["text", "secret", "malformed-reply"],
    ["nothing", "", "malformed-reply"],
  ];
  for (const [name, body, kind] of rows)
    test(name, () => {
      const found = wire.judge(bytes(body), call).fault;
      expect(found?.kind).toBe(kind);
      expect(found?.message ?? "").not.toContain("secret");
    });

  test("max_tokens 0 may be empty; a token count has its number; usage is told", () => {
    const zero = { ...call, inspected: { ...call.inspected, maxTokens: 0 } };
    expect(wire.judge(json({ ...message, content: [] }), zero).fault).toBeUndefined();
    const count = { ...call, operation: "count-tokens" } as const;
    expect(wire.judge(json({ input_tokens: 3 }), count).fault).toBeUndefined();
    expect(wire.judge(json({}), count).fault?.kind).toBe("malformed-reply");
    const usage = { input_tokens: 1, cache_read_input_tokens: 2, cache_creation_input_tokens: 3, output_tokens: 4 };
    expect(wire.judge(json({ ...message, usage }), call).usage).toEqual({
      ...{ inputTokens: 6, outputTokens: 4, cacheReadTokens: 2, cacheWriteTokens: 3 },
    });
  });
});

describe("faultFrom", () => {
  const error = (type: string, message = "x", details?: object): string =>
    JSON.stringify({ type: "error", error: { type, message, details } });
  const rows: readonly (readonly [number, string, FaultKind])[] = [
    [400, error("invalid_request_error"), "invalid-request"],
    [400, error("invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum"), "context-too-long"],
    [400, error("invalid_request_error", "This model does not support assistant message prefill."), "unsupported"],
    [400, error("invalid_request_error", "Your credit balance is too low"), "quota-exhausted"],
    [400, '{"detail":"bad"}', "invalid-request"],
    [400, "<html>", "unsupported"],
    [401, error("authentication_error"), "credential-rejected"],
    [403, error("permission_error"), "credential-rejected"],
    [402, error("billing_error"), "quota-exhausted"],
    [404, error("not_found_error"), "model-missing"],
    [408, "", "server-error"],
    [409, error("conflict_error"), "server-error"],
    [405, error("invalid_request_error"), "unsupported"],
    [405, error("invalid_request_error", "prompt is too long"), "context-too-long"],
    [410, error("not_found_error"), "model-missing"],
    [413, error("request_too_large"), "too-large"],
    [413, "<html>", "unsupported"],
    [424, error("api_error"), "server-error"],
    [425, "", "server-error"],
    [451, error("legal"), "unsupported"],
    [499, "", "server-error"],
    [422, error("invalid_request_error"), "invalid-request"],
    [429, error("rate_limit_error"), "rate-limited"],
    [429, error("rate_limit_error", "x", { error_code: "ramp_limit_exceeded" }), "rate-limited"],
    [429, error("rate_limit_error", "x", { error_code: "enforced_spend_limit_reached" }), "quota-exhausted"],
    [429, error("rate_limit_error", "x", { error_code: "contract_spend_limit_reached" }), "quota-exhausted"],
    [500, error("api_error"), "server-error"],
    [500, error("overloaded_error"), "overloaded"],
    [502, "<html>", "server-error"],
    [503, "", "overloaded"],
    [504, error("timeout_error"), "server-error"],
    [529, error("overloaded_error"), "overloaded"],
    [599, "", "server-error"],
    [302, "", "malformed-reply"],
  ];
  for (const [status, body, kind] of rows)
    test(`${status} ${body.slice(0, 90)}`, () => {
      const headers = { "content-type": "application/json", "retry-after": "7" };
      const found = wire.faultFrom(status, headers, bytes(body), 0);
      expect(found.kind).toBe(kind);
      // A wait for what the caller did wrong would pause a target that is well.
      const isCallers = FAULTS[kind].blame === "caller";
      expect([found.upstream !== undefined, found.retryAfterMs]).toEqual([isCallers, isCallers ? undefined : 7000]);
    });

  test("repeats nothing of a rejected key", () => {
    const rejected = wire.faultFrom(401, {}, bytes(error("authentication_error", "bad key sk-ant-123")), 0);
    expect(rejected.message).not.toContain("sk-ant");
  });
});

describe("faultTo", () => {
  const trail = [{ target: "alpha/a", fault: "overloaded", status: 529, ms: 12.4 }] as const;
  const context = { call: "call_1", trail };
  const rows: Readonly<Record<FaultKind, readonly [status: number, type: string, retryAfter: string | undefined]>> = {
    "invalid-request": [400, "invalid_request_error", undefined],
    unsupported: [400, "invalid_request_error", undefined],
    lossy: [400, "invalid_request_error", undefined],
    "context-too-long": [400, "invalid_request_error", undefined],
    unauthorized: [401, "authentication_error", undefined],
    forbidden: [403, "permission_error", undefined],
    "not-found": [404, "not_found_error", undefined],
    "too-large": [413, "request_too_large", undefined],
    "rate-limited": [429, "rate_limit_error", "5"],
    "deadline-exceeded": [504, "timeout_error", undefined],
    "not-cached": [504, "timeout_error", undefined],
    cancelled: [499, "api_error", undefined],
    "client-stall": [499, "api_error", undefined],
    superseded: [499, "api_error", undefined],
    bug: [500, "api_error", undefined],
    "quota-exhausted": [529, "overloaded_error", "5"],
    "credential-rejected": [529, "overloaded_error", "5"],
    "model-missing": [529, "overloaded_error", "5"],
    overloaded: [529, "overloaded_error", "5"],
    "server-error": [529, "overloaded_error", "5"],
    "first-token-timeout": [529, "overloaded_error", "5"],
    "whole-timeout": [529, "overloaded_error", "5"],
    "idle-timeout": [529, "overloaded_error", "5"],
    "malformed-reply": [529, "overloaded_error", "5"],
    "empty-reply": [529, "overloaded_error", "5"],
    "useless-reply": [529, "overloaded_error", "5"],
    "stream-broken": [529, "overloaded_error", "5"],
    "connect-failed": [529, "overloaded_error", "5"],
    "connect-timeout": [529, "overloaded_error", "5"],
    busy: [529, "overloaded_error", "5"],
    draining: [529, "overloaded_error", "5"],
  };
  for (const [kind, [status, type, retryAfter]] of Object.entries(rows))
    test(kind, () => {
      // The keys are those of `rows`.
      const final = fault(kind as FaultKind, "why");
      const error = wire.faultTo(final, context);
      expect([error.status, error.headers["retry-after"]]).toEqual([status, retryAfter]);
      expect(error.headers["x-should-retry"]).toBe("false");
      const body = JSON.parse(text(error.body));
      expect(body).toMatchObject({ type: "error", error: { type }, request_id: "call_1" });
      expect(body.holdfast).toEqual({
        call: "call_1",
        trail: [{ target: "alpha/a", fault: "overloaded", status: 529, ms: 12 }],
      });
      const { event, data } = frameFields(wire.errorFrame(final, context));
      expect([event, JSON.parse(data ?? "")]).toEqual(["error", body]);
    });

  test("retry-after is whole seconds of 1 to 60", () => {
    const told = [0, 1, 1001, 59_500, 300_000].map(
      (retryAfterMs) => wire.faultTo(fault("rate-limited", "x", { retryAfterMs }), context).headers["retry-after"],
    );
    expect(told).toEqual(["1", "1", "2", "60", "60"]);
  });

  test("a provider's own 400 goes back byte for byte, another dialect's does not", () => {
    const own = bytes('{ "type": "error", "error": {"type": "invalid_request_error", "message": "bad"} }');
    const returned = (body: Uint8Array): Fault =>
      wire.faultFrom(400, { "content-type": "application/json; x" }, body, 0);
    const same = wire.faultTo(returned(own), context);
    expect([same.status, same.headers["content-type"]]).toEqual([400, "application/json; x"]);
    expect(same.body).toBe(own);
    const foreign = bytes('{"error":{"message":"bad","type":"invalid_request_error"}}');
    expect(text(wire.faultTo(returned(foreign), context).body)).toContain('"call_1"');
  });
});

describe("frames", () => {
  test("annotate adds one key and leaves the rest", () => {
    const frame = frameOf('{"type":"ping"}', "ping");
    expect(text(wire.annotate(frame, { a: 1 }))).toBe('event: ping\ndata: {"holdfast":{"a":1},"type":"ping"}\n\n');
    expect(text(wire.annotate(bytes("data:{}\n\n"), { a: 1 }))).toBe('data:{"holdfast":{"a":1}}\n\n');
    for (const other of [": data: {}\n\n", "data: [1]\n\n", "data: [DONE]\n\n", "event: ping\n\n"])
      expect(text(wire.annotate(bytes(other), { a: 1 }))).toBe(other);
  });

  test("ping and terminal are whole frames", () => {
    expect(text(wire.pingFrame)).toBe('event: ping\ndata: {"type": "ping"}\n\n');
    expect(new FrameCutter(1000).push(wire.terminalFrame)).toHaveLength(1);
    expect(frameFields(wire.terminalFrame)).toEqual({ event: "message_stop", data: '{"type":"message_stop"}' });
  });
});

test("headers that pass", () => {
  const headers = {
    "request-id": "req_1",
    "anthropic-organization-id": "o",
    "anthropic-ratelimit-tokens-reset": "t",
    "retry-after": "9",
    "x-should-retry": "true",
    "set-cookie": "x",
    connection: "close",
    "content-length": "1",
    "content-encoding": "gzip",
  };
  expect(Object.keys(wire.passHeaders(headers))).toEqual([
    ...["request-id", "anthropic-organization-id", "anthropic-ratelimit-tokens-reset"],
  ]);
});

test("paths", () => {
  expect([wire.path("generate"), wire.path("count-tokens"), wire.path("embed")]).toEqual([
    ...["/v1/messages", "/v1/messages/count_tokens", undefined],
  ]);
});
