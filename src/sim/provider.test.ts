import { describe, expect, test } from "bun:test";
import type { DialectId } from "../core/call.ts";
import { FAULT_SCRIPT_KINDS, type FaultScript, type FaultScriptKind, standingFault } from "./fault-script.ts";
import { encodeJson } from "./json.ts";
import { plan, planCall, SIM_PROVIDER_DEFAULTS, type SimProvider, type SimRequest } from "./provider.ts";
import { randomStream } from "./random.ts";
import type { Step } from "./step.ts";

const DIALECTS: readonly DialectId[] = ["anthropic-messages", "openai-chat"];

function provider(dialect: DialectId, fault?: FaultScript): SimProvider {
  const faults = fault === undefined ? [] : [standingFault(fault)];
  return { ...SIM_PROVIDER_DEFAULTS, name: "alpha", dialect, faults };
}

function request(dialect: DialectId, body: Record<string, unknown> = {}): SimRequest {
  const base = { model: "claude-sonnet-5", max_tokens: 500, messages: [{ role: "user", content: "hello" }] };
  return {
    method: "POST",
    path: dialect === "openai-chat" ? "/v1/chat/completions" : "/v1/messages?beta=true",
    headers: { "anthropic-version": "2023-06-01" },
    body: encodeJson({ ...base, ...body }),
    atMs: 5000,
  };
}

interface Played {
  readonly status: number | undefined;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly ended: string;
  readonly tookMs: number;
  readonly pieces: number;
}

function played(steps: readonly Step[]): Played {
  const head = steps.find((step) => step.type === "head");
  const bodies = steps.filter((step) => step.type === "bytes");
  return {
    status: head?.status,
    type: head?.headers["content-type"]?.split(";")[0] ?? "",
    headers: head?.headers ?? {},
    text: new TextDecoder().decode(Buffer.concat(bodies.map((step) => step.bytes))),
    ended: steps.at(-1)?.type ?? "nothing",
    tookMs: steps.reduce((sum, step) => sum + (step.type === "wait" ? step.ms : 0), 0),
    pieces: bodies.length,
  };
}

function play(dialect: DialectId, fault?: FaultScript, body: Record<string, unknown> = {}): Played {
  return played(plan(request(dialect, body), provider(dialect, fault), randomStream(1, "request")));
}

const STOP = /"(?:stop|finish)_reason":"(?:end_turn|stop)"/;
const TERMINAL = /event: message_stop|data: \[DONE\]/;
const CONTENT = /text_delta|"content":"[A-Za-z]/;

describe.each(DIALECTS)("what a probe asks a %s provider", (dialect) => {
  const asks = { max_tokens: 1, messages: [{ role: "user", content: "What is 3 + 4? Reply with one digit only." }] };
  const textOf = (fault?: FaultScript): string => {
    const whole = JSON.parse(play(dialect, fault, asks).text);
    const said = dialect === "openai-chat" ? whole.choices[0].message.content : whole.content[0]?.text;
    return said ?? "";
  };

  test("the sum; with nothing in it; with the first of other words", () => {
    const found = [textOf(), textOf({ kind: "empty" }), textOf({ kind: "empty", message: "kelp and tide" })];
    expect(found.map((text) => text.trim())).toEqual(["7", "", "kelp"]);
  });
});

describe.each(DIALECTS)("a healthy %s provider", (dialect) => {
  test("says the same whole and streamed, and says who it is", () => {
    const whole = JSON.parse(play(dialect).text);
    const text = dialect === "openai-chat" ? whole.choices[0].message.content : whole.content[0].text;
    expect(text).toStartWith("This is alpha with claude-sonnet-5: ");
    expect(text.split(" ").length).toBe(40);
    const stream = play(dialect, undefined, { stream: true });
    expect(stream.type).toBe("text/event-stream");
    const pieces = [...stream.text.matchAll(/"(?:text|content)":("(?:[^"\\]|\\.)*")/g)].map(([, json]) =>
      JSON.parse(json ?? '""'),
    );
    expect(pieces.join("")).toBe(text);
    expect(stream.text).toMatch(STOP);
    expect(stream.text).toMatch(TERMINAL);
    expect(stream.tookMs).toBe(200 + 39 * 10);
    expect(play(dialect).tookMs).toBe(200 + 39 * 10);
  });

  test("another prompt, provider or model gives another text; the limit is kept", () => {
    const first = play(dialect).text;
    const other = { ...provider(dialect), name: "beta" };
    expect(played(plan(request(dialect), other, randomStream(1, "request"))).text).not.toBe(first);
    const short = play(dialect, undefined, { max_tokens: 3 });
    expect(short.text).toMatch(/"This is alpha "/);
    expect(short.text).toMatch(/"max_tokens"|"length"/);
    const stopped = play(dialect, undefined, { stop: ["with"], stop_sequences: ["with"] });
    expect(stopped.text).toMatch(/"This is alpha "/);
  });

  test("thinks when asked and answers in JSON when asked", () => {
    const asked = { thinking: { type: "adaptive" }, reasoning_effort: "low" };
    expect(play(dialect, undefined, asked).text).toMatch(/"type":"thinking"|"reasoning_content":"/);
    expect(play(dialect, undefined, { ...asked, stream: true }).text).toMatch(/thinking_delta|"reasoning_content":"/);
    const schema = { type: "object", properties: { n: { type: "integer", minimum: 3 } }, required: ["n"] };
    const structured = play(dialect, undefined, {
      output_config: { format: { type: "json_schema", schema } },
      response_format: { type: "json_schema", json_schema: { name: "x", schema } },
    });
    expect(structured.text).toContain(String.raw`{\"n\":3}`);
  });

  test("calls the tools it is asked to, with arguments of their schema", () => {
    const schema = { type: "object", properties: { city: { type: "string", enum: ["Oslo"] } }, required: ["city"] };
    const tools = [
      dialect === "openai-chat"
        ? { type: "function", function: { name: "weather", parameters: schema } }
        : { name: "weather", input_schema: schema },
    ];
    const messages = [{ role: "user", content: "Please use a tool" }];
    const whole = JSON.parse(play(dialect, undefined, { tools, messages }).text);
    if (dialect === "openai-chat") {
      const [call] = whole.choices[0].message.tool_calls;
      expect(JSON.parse(call.function.arguments)).toEqual({ city: "Oslo" });
      expect(whole.choices[0].finish_reason).toBe("tool_calls");
    } else {
      expect(whole.content[1]).toMatchObject({ type: "tool_use", name: "weather", input: { city: "Oslo" } });
      expect(whole.stop_reason).toBe("tool_use");
    }
    const two = play(dialect, undefined, {
      tools,
      messages: [{ role: "user", content: "use two tools" }],
      stream: true,
    });
    expect(two.text.match(/"name":"weather"/g)?.length).toBe(2);
    expect(play(dialect, undefined, { tools }).text).not.toContain('"weather"');
  });
});

describe.each(DIALECTS)("a %s provider refuses", (dialect) => {
  const cases: readonly [string, Record<string, unknown>][] = [
    ["no model", { model: undefined }],
    ["no messages", { messages: undefined }],
    ["empty messages", { messages: [] }],
    ["a role it does not know", { messages: [{ role: "robot", content: "x" }] }],
    [
      "a tool call without its result",
      {
        messages: [
          { role: "user", content: "x" },
          {
            role: "assistant",
            content: dialect === "openai-chat" ? null : [{ type: "tool_use", id: "t1", name: "n", input: {} }],
            tool_calls: [{ id: "t1", type: "function", function: { name: "n", arguments: "{}" } }],
          },
          { role: "user", content: "y" },
        ],
      },
    ],
  ];
  test.each(cases)("%s", (_, body) => {
    const answer = play(dialect, undefined, body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).error.type).toBe("invalid_request_error");
  });

  test("a body that is not JSON, an unknown path, a model that it does not serve", () => {
    const broken = { ...request(dialect), body: new TextEncoder().encode("{") };
    expect(played(plan(broken, provider(dialect), randomStream(1, "r"))).status).toBe(400);
    const lost = { ...request(dialect), path: "/v1/nothing" };
    expect(played(plan(lost, provider(dialect), randomStream(1, "r"))).status).toBe(404);
    const few = { ...provider(dialect), models: ["gpt-5", "claude-opus*"] };
    expect(played(plan(request(dialect), few, randomStream(1, "r"))).status).toBe(404);
    const served = { ...few, models: ["claude-*"] };
    expect(played(plan(request(dialect), served, randomStream(1, "r"))).status).toBe(200);
  });
});

test("a modern Claude refuses a prefill, an older one takes it", () => {
  const messages = [
    { role: "user", content: "x" },
    { role: "assistant", content: "y" },
  ];
  const answer = play("anthropic-messages", undefined, { messages });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain("does not support assistant message prefill");
  expect(play("anthropic-messages", undefined, { messages, model: "claude-haiku-4-5" }).status).toBe(200);
});

test("the newest Anthropic version takes no sampling parameters, and a version is needed", () => {
  const old = request("anthropic-messages", { temperature: 0.5 });
  const status = (asked: SimRequest) =>
    played(plan(asked, provider("anthropic-messages"), randomStream(1, "r"))).status;
  expect(status(old)).toBe(200);
  expect(status({ ...old, headers: { "anthropic-version": "2026-10-21" } })).toBe(400);
  expect(status({ ...old, headers: {} })).toBe(400);
});

test("counting, embeddings and models are answered", () => {
  const ask = (dialect: DialectId, more: Partial<SimRequest>) =>
    JSON.parse(played(plan({ ...request(dialect), ...more }, provider(dialect), randomStream(1, "r"))).text);
  expect(ask("anthropic-messages", { path: "/v1/messages/count_tokens" }).input_tokens).toBeGreaterThan(10);
  const none = { method: "GET", path: "/v1/models", body: new Uint8Array() };
  expect(ask("anthropic-messages", none).data[0]).toMatchObject({ type: "model" });
  expect(ask("openai-chat", none).object).toBe("list");
  const embed = (body: unknown) => ask("openai-chat", { path: "/v1/embeddings", body: encodeJson(body) });
  const plain = embed({ model: "e", input: ["a", "b"] });
  expect(plain.data.map((item: { embedding: number[] }) => item.embedding.length)).toEqual([16, 16]);
  const packed = embed({ model: "e", input: "a", encoding_format: "base64" });
  const bytes = Buffer.from(packed.data[0].embedding, "base64");
  expect(bytes.readFloatLE(0)).toBeCloseTo(plain.data[0].embedding[0], 6);
});

type Look = Partial<Record<keyof Played, unknown>> & {
  readonly has?: readonly RegExp[];
  readonly not?: readonly RegExp[];
};

/** What each kind looks like: [streamed, whole], with [anthropic, openai] where the status differs. */
const refused = (anthropic: number, openai: number): ((dialect: DialectId) => Look) => {
  return (dialect) => ({
    status: dialect === "openai-chat" ? openai : anthropic,
    type: "application/json",
    ended: "end",
  });
};
const SILENT: Look = { status: undefined, ended: "hang", text: "" };
const LOOKS: Record<FaultScriptKind, readonly [(dialect: DialectId) => Look, (dialect: DialectId) => Look]> = {
  status: [refused(500, 500), refused(500, 500)],
  overloaded: [refused(529, 503), refused(529, 503)],
  "rate-limit": [refused(429, 429), refused(429, 429)],
  "server-error": [refused(500, 500), refused(500, 500)],
  credential: [refused(401, 401), refused(401, 401)],
  "model-missing": [refused(404, 404), refused(404, 404)],
  "bad-request": [refused(400, 400), refused(400, 400)],
  "context-too-long": [refused(400, 400), refused(400, 400)],
  silence: [() => SILENT, () => SILENT],
  "stall-after-headers": [
    () => ({ status: 200, ended: "hang", text: "" }),
    () => ({ status: 200, ended: "hang", text: "" }),
  ],
  "pings-only": [
    () => ({ status: 200, ended: "hang", pieces: 720, not: [CONTENT] }),
    () => ({ status: 200, ended: "hang", has: [/^ +$/] }),
  ],
  "slow-first-token": [
    () => ({ tookMs: 30_590, ended: "end", has: [TERMINAL] }),
    () => ({ tookMs: 30_590, ended: "end", has: [STOP] }),
  ],
  drip: [
    () => ({ tookMs: 200 + 39 * 2000, has: [TERMINAL] }),
    () => ({ tookMs: 590 + 8 * 2000, pieces: 8, has: [STOP] }),
  ],
  stall: [() => ({ status: 200, ended: "hang", has: [CONTENT], not: [STOP] }), () => ({ ended: "hang", not: [STOP] })],
  cut: [
    () => ({ ended: "end", has: [CONTENT], not: [STOP, TERMINAL] }),
    () => ({ status: 200, ended: "end", not: [STOP] }),
  ],
  "cut-body": [() => ({ ended: "close", has: [CONTENT], not: [STOP] }), () => ({ ended: "close", not: [STOP] })],
  reset: [() => ({ status: undefined, ended: "reset", text: "" }), () => ({ status: undefined, ended: "reset" })],
  "error-in-band": [
    () => ({ status: 200, ended: "end", has: [CONTENT, /"error":\{/], not: [STOP, TERMINAL] }),
    () => ({ status: 200, ended: "end", has: [/"error":\{/] }),
  ],
  "role-only-error": [
    () => ({ status: 200, has: [/message_start|"role"/, /"error":\{/], not: [CONTENT] }),
    () => ({ status: 200, has: [/"error":\{/] }),
  ],
  empty: [
    () => ({ status: 200, ended: "end", has: [STOP, TERMINAL], not: [CONTENT] }),
    () => ({ status: 200, has: [STOP, /"content":(?:\[\]|"")/] }),
  ],
  "end-at-once": [() => ({ status: 200, ended: "end", text: "" }), () => ({ status: 200, ended: "end", text: "" })],
  html: [() => ({ status: 200, type: "text/html" }), () => ({ status: 200, type: "text/html" })],
  "cut-json": [
    () => ({ status: 200, ended: "end", not: [STOP, /\n\n$/] }),
    () => ({ status: 200, ended: "end", not: [STOP] }),
  ],
  "byte-by-byte": [() => ({ ended: "end", has: [STOP, TERMINAL] }), () => ({ ended: "end", has: [STOP] })],
  "malformed-frame": [
    () => ({ ended: "end", has: [/"del\n\n|"ind\n\n/, TERMINAL] }),
    () => ({ status: 200, ended: "end", has: [/,\]$/] }),
  ],
  "no-terminator": [() => ({ ended: "end", has: [STOP], not: [TERMINAL] }), () => ({ ended: "end", has: [STOP] })],
  "no-finish": [
    () => ({ ended: "end", has: [CONTENT], not: [STOP, TERMINAL] }),
    () => ({ ended: "end", has: [/_reason":null/], not: [STOP] }),
  ],
};

describe.each(DIALECTS)("faults of a %s provider", (dialect) => {
  test.each(FAULT_SCRIPT_KINDS)("%s", (kind) => {
    for (const [index, stream] of [true, false].entries()) {
      const seen = play(dialect, { kind }, { stream });
      const { has = [], not = [], ...fields } = LOOKS[kind][index]?.(dialect) ?? {};
      expect(seen).toMatchObject(fields);
      for (const pattern of has) expect(seen.text).toMatch(pattern);
      for (const pattern of not) expect(seen.text).not.toMatch(pattern);
    }
  });

  test("`after` counts content events", () => {
    for (const after of [0, 1, 7]) {
      const { text } = play(dialect, { kind: "reset", after }, { stream: true });
      expect(text.match(/text_delta|"delta":\{"content":"[A-Za-z]/g)?.length ?? 0).toBe(after);
    }
    expect(play(dialect, { kind: "cut", after: 999 }, { stream: true }).text).not.toMatch(STOP);
  });

  test("parameters are heard", () => {
    const limited = play(dialect, { kind: "rate-limit", retryAfter: "-1", headers: { "x-limit": "0" }, message: "m" });
    expect(limited.headers).toMatchObject({ "retry-after": "-1", "x-limit": "0" });
    expect(JSON.parse(limited.text).error.message).toBe("m");
    expect(play(dialect, { kind: "rate-limit" }).headers["retry-after"]).toBe("2");
    expect(play(dialect, { kind: "status", status: 503 }).status).toBe(503);
    expect(play(dialect, { kind: "error-in-band", errorType: "api_error" }, { stream: true }).text).toContain(
      '"api_error"',
    );
    expect(play(dialect, { kind: "byte-by-byte" }).pieces).toBe(play(dialect).text.length);
  });
});

test("calm weather has its share of errors, and a fault its share of calls", () => {
  const kinds = (from: SimProvider) =>
    Array.from({ length: 2000 }, (_, index) =>
      planCall(request(from.dialect), from, randomStream(7, `alpha#${index}`)),
    ).map((call) => call.fault);
  const calm = kinds({ ...provider("openai-chat"), errors: 0.1 });
  expect(calm.filter((kind) => kind !== undefined).length).toBeWithin(150, 250);
  expect(new Set(calm)).toEqual(new Set([undefined, "overloaded", "server-error"]));
  const sick = { ...provider("openai-chat"), faults: [{ ...standingFault({ kind: "silence" }), share: 0.4 }] };
  const hit = kinds(sick);
  expect(hit.filter((kind) => kind === "silence").length).toBeWithin(720, 880);
  expect(kinds(sick)).toEqual(hit);
});
