// The simulated providers on real sockets: every fault as a client's own `fetch` sees it, and healthy answers as the
// official SDKs read them.

import { afterAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import Anthropic from "anthropic-sdk-1";
import OpenAI from "openai-7";
import { startSimProvider } from "../../src/cli/sim-provider.ts";
import type { DialectId } from "../../src/core/call.ts";
import { FAULT_SCRIPT_KINDS, type FaultScriptKind } from "../../src/sim/fault-script.ts";

const FAST = { firstTokenMs: 20, tokensPerS: 1000, words: 20 };
const alpha = startSimProvider({ name: "alpha", dialect: "anthropic-messages", ...FAST });
const beta = startSimProvider({ name: "beta", dialect: "openai-chat", ...FAST });
afterAll(() => {
  alpha.stop();
  beta.stop();
});

const DIALECTS: readonly DialectId[] = ["anthropic-messages", "openai-chat"];
/** For what never ends; what ends is waited for, however slow the machine is. */
const SILENCE_MS = 200;
const PATIENCE_MS = 10_000;

function providerOf(dialect: DialectId) {
  return dialect === "openai-chat" ? beta : alpha;
}

function send(dialect: DialectId, stream: boolean, signal: AbortSignal): Promise<Response> {
  const path = dialect === "openai-chat" ? "/chat/completions" : "/v1/messages";
  return fetch(providerOf(dialect).url + path, {
    method: "POST",
    headers: { "anthropic-version": "2023-06-01", "content-type": "application/json" },
    body: JSON.stringify({ model: "m", max_tokens: 100, stream, messages: [{ role: "user", content: "hello" }] }),
    signal,
  });
}

/** What a client sees: status, text, and how it ended. */
async function seen(dialect: DialectId, stream: boolean, patienceMs = PATIENCE_MS) {
  let status = 0;
  let text = "";
  try {
    const response = await send(dialect, stream, AbortSignal.timeout(patienceMs));
    status = response.status;
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { status, text, ended: "end" };
  } catch (error) {
    const { name, code } = error as { name: string; code?: unknown }; // fetch rejects with errors of both kinds
    return { status, text, ended: name === "TimeoutError" ? "silence" : String(code ?? name) };
  }
}

type Ends = readonly [status: number | [number, number], ended: string, whole?: string];
const SEEN: Record<FaultScriptKind, Ends> = {
  status: [500, "end"],
  overloaded: [[529, 503], "end"],
  "rate-limit": [429, "end"],
  "server-error": [500, "end"],
  credential: [401, "end"],
  "model-missing": [404, "end"],
  "bad-request": [400, "end"],
  "context-too-long": [400, "end"],
  silence: [0, "silence"],
  "stall-after-headers": [200, "silence"],
  "pings-only": [200, "silence"],
  "slow-first-token": [200, "silence"],
  drip: [200, "silence"],
  stall: [200, "silence"],
  cut: [200, "end"],
  "cut-body": [200, "ECONNRESET"],
  reset: [0, "ECONNRESET"],
  "error-in-band": [200, "end"],
  "role-only-error": [200, "end"],
  empty: [200, "end"],
  "end-at-once": [200, "end"],
  html: [200, "end"],
  "cut-json": [200, "end"],
  "byte-by-byte": [200, "end"],
  "malformed-frame": [200, "end"],
  "no-terminator": [200, "end"],
  "no-finish": [200, "end"],
};

describe.each(DIALECTS)("%s faults on a real socket", (dialect) => {
  test.each(FAULT_SCRIPT_KINDS)(
    "%s",
    async (kind) => {
      const provider = providerOf(dialect);
      const [statuses, ended] = SEEN[kind];
      const status = typeof statuses === "number" ? statuses : statuses[dialect === "openai-chat" ? 1 : 0];
      const delay = kind === "pings-only" ? { delayMs: 20 } : {};
      provider.setFault({ kind, ...delay });
      const patienceMs = ended === "silence" ? SILENCE_MS : PATIENCE_MS;
      const [stream, whole] = await Promise.all([seen(dialect, true, patienceMs), seen(dialect, false, patienceMs)]);
      provider.setFault(undefined);
      expect(stream).toMatchObject({ status, ended });
      // A whole answer's headers come with its body: what is late there is silence from the start.
      expect(whole).toMatchObject({ status: kind === "slow-first-token" ? 0 : status, ended });
      if (kind === "pings-only") {
        expect(stream.text).toMatch(/ping|keep-alive/);
        expect(whole.text.trim()).toBe("");
      }
    },
    20_000,
  );

  test("a reset after events delivers the events first", async () => {
    providerOf(dialect).setFault({ kind: "reset", after: 3 }, 1);
    const answer = await seen(dialect, true);
    expect(answer).toMatchObject({ status: 200, ended: "ECONNRESET" });
    expect(answer.text).toContain(`${providerOf(dialect).name} `);
    expect((await seen(dialect, true)).ended).toBe("end");
  });

  test("a client that leaves is noticed at once", async () => {
    const provider = providerOf(dialect);
    for (const kind of ["silence", "stall", "pings-only"] as const) {
      provider.clearLog();
      provider.setFault({ kind }, 1);
      const abort = new AbortController();
      const reply = send(dialect, true, abort.signal).then((response) => response.text());
      reply.catch(() => {});
      await Bun.sleep(80);
      const leftMs = performance.timeOrigin + performance.now();
      abort.abort();
      for (let turn = 0; turn < 200 && provider.log()[0]?.endedAtMs === undefined; turn++) await Bun.sleep(10);
      const [entry] = provider.log();
      expect(entry).toMatchObject({ ended: "client-closed", model: "m", fault: kind });
      // By its leaving, and by nothing that takes seconds.
      expect((entry?.endedAtMs ?? 0) - leftMs).toBeWithin(-1, 1_000);
    }
  });
});

test("a reset is a real RST on the wire", async () => {
  beta.setFault({ kind: "reset", after: 1 }, 1);
  const code = await new Promise((resolve) => {
    const socket = connect(beta.port, "127.0.0.1", () => {
      const body = '{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}';
      socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    socket.on("data", () => {});
    socket.on("end", () => resolve("FIN"));
    socket.on("error", (error) => resolve("code" in error ? error.code : error.name));
  });
  expect(code).toBe("ECONNRESET");
});

test("faults and log are controlled over HTTP", async () => {
  const root = `http://127.0.0.1:${beta.port}`;
  const post = (body: unknown) => fetch(`${root}/sim/fault`, { method: "POST", body: JSON.stringify(body) });
  await fetch(`${root}/sim/log`, { method: "DELETE" });
  expect((await post({ kind: "overloaded", times: 2 })).status).toBe(200);
  const statuses: number[] = [];
  for (let index = 0; index < 3; index++) statuses.push((await seen("openai-chat", false)).status);
  expect(statuses).toEqual([503, 503, 200]);
  await post({ kind: "credential", "retry-after": 3 });
  expect((await send("openai-chat", false, AbortSignal.timeout(PATIENCE_MS))).headers.get("retry-after")).toBe("3");
  await post({ kind: "none" });
  expect((await seen("openai-chat", false)).status).toBe(200);
  const log = await (await fetch(`${root}/sim/log`)).json();
  expect(log.map((entry: { fault?: string }) => entry.fault ?? "none")).toEqual([
    "overloaded",
    "overloaded",
    "none",
    "credential",
    "none",
  ]);
  expect(log[2]).toMatchObject({
    method: "POST",
    path: "/v1/chat/completions",
    model: "m",
    ended: "done",
    eventsWritten: 1,
  });
  const bad = await post({ kind: "overload", times: 0 });
  expect(bad.status).toBe(400);
  expect(await bad.json()).toEqual({
    problems: [expect.stringContaining('"overloaded"'), expect.stringContaining("times")],
  });
  expect((await fetch(`${root}/sim/nothing`)).status).toBe(404);
});

test("a fault with a time is over after it", async () => {
  await Bun.sleep(30);
  await fetch(`http://127.0.0.1:${alpha.port}/sim/fault`, {
    method: "POST",
    body: JSON.stringify({ kind: "overloaded", for: "80ms" }),
  });
  expect((await seen("anthropic-messages", false)).status).toBe(529);
  await Bun.sleep(100);
  expect((await seen("anthropic-messages", false)).status).toBe(200);
});

test("bodies in chunks, broken requests and requests in a row", async () => {
  const exchange = (text: string, closing: string) =>
    new Promise<string>((resolve) => {
      let reply = "";
      const socket = connect(beta.port, "127.0.0.1", () => socket.write(text));
      socket.on("data", (data) => {
        reply += data.toString();
        if (reply.includes(closing)) socket.end();
      });
      socket.on("close", () => resolve(reply));
    });
  const body = '{"model":"m","messages":[{"role":"user","content":"x"}]}';
  const half = [body.slice(0, 20), body.slice(20)].map((part) => `${part.length.toString(16)};x=1\r\n${part}\r\n`);
  const post = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n";
  const chunked = `${post}transfer-encoding: chunked\r\n\r\n${half.join("")}0\r\nt: 1\r\n\r\n`;
  const models = "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n";
  const both = await exchange(chunked + models, '"object":"list"');
  expect(both).toContain('"object":"chat.completion"');
  expect(both).toContain('"object":"list"');
  expect(
    await exchange(`${post}expect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n${body}`, "chat.completion"),
  ).toStartWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200");
  const never = "\0";
  expect(await exchange("nonsense\r\n\r\n", never)).toStartWith("HTTP/1.1 400");
  expect(await exchange(`${post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`, never)).toStartWith(
    "HTTP/1.1 400",
  );
  expect(await exchange(`${post}content-length: 99999999999\r\n\r\n`, never)).toStartWith("HTTP/1.1 413");
  expect(await exchange(`${post}x: ${"y".repeat(70_000)}`, never)).toStartWith("HTTP/1.1 431");
});

test("a slow reader gets everything, however large", async () => {
  const large = startSimProvider({
    name: "large",
    dialect: "openai-chat",
    firstTokenMs: 0,
    tokensPerS: 1e9,
    words: 60_000,
  });
  const response = await fetch(`${large.url}/chat/completions`, {
    method: "POST",
    body: '{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}',
  });
  await Bun.sleep(200);
  const text = await response.text();
  expect(text.length).toBeGreaterThan(5_000_000);
  expect(text).toEndWith("data: [DONE]\n\n");
  large.stop();
});

const WEATHER = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] };

test("the official Anthropic SDK reads whole, streamed, thinking and tool answers", async () => {
  const client = new Anthropic({ apiKey: "sim", baseURL: alpha.url, maxRetries: 0 });
  const ask = {
    model: "claude-sonnet-5",
    max_tokens: 200,
    messages: [{ role: "user" as const, content: "use a tool" }],
  };
  const whole = await client.messages.create(ask);
  const streamed = await client.messages.stream(ask).finalMessage();
  expect(JSON.stringify(streamed.content)).toContain(JSON.stringify(whole.content).slice(1, 60));
  expect(streamed.usage.output_tokens).toBe(20);
  const tools = [{ name: "weather", input_schema: WEATHER }];
  const called = await client.messages.stream({ ...ask, tools, thinking: { type: "adaptive" } }).finalMessage();
  expect(called.content.map((block) => block.type)).toEqual(["thinking", "text", "tool_use"]);
  expect(called.content[2]).toMatchObject({ name: "weather", input: { city: "from alpha" } });
  expect(called.stop_reason).toBe("tool_use");
  expect(
    (await client.messages.countTokens({ model: ask.model, messages: ask.messages })).input_tokens,
  ).toBeGreaterThan(5);
  alpha.setFault({ kind: "overloaded" }, 1);
  // The SDK's promise is lazy and its own: a plain one is what the matcher takes.
  await expect((async () => client.messages.create(ask))()).rejects.toMatchObject({
    status: 529,
    requestID: expect.stringContaining("req_"),
  });
});

test("the official OpenAI SDK reads whole, streamed, tool and embedding answers", async () => {
  const client = new OpenAI({ apiKey: "sim", baseURL: beta.url, maxRetries: 0 });
  const ask = { model: "gpt-5", messages: [{ role: "user" as const, content: "use two tools" }] };
  const whole = await client.chat.completions.create(ask);
  const streamed = await client.chat.completions.stream(ask).finalChatCompletion();
  expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content ?? "");
  const tools = [{ type: "function" as const, function: { name: "weather", parameters: WEATHER } }];
  const options = { include_usage: true };
  const called = await client.chat.completions.stream({ ...ask, tools, stream_options: options }).finalChatCompletion();
  expect(
    called.choices[0]?.message.tool_calls?.map((call) => (call.type === "function" ? call.function.arguments : "")),
  ).toEqual(['{"city":"from beta"}', '{"city":"from beta"}']);
  expect(called.usage?.completion_tokens).toBeGreaterThan(10);
  const embedded = await client.embeddings.create({ model: "e", input: ["a", "b"] });
  expect(embedded.data.map((item) => item.embedding.length)).toEqual([16, 16]);
  expect((await client.models.list()).data[0]?.owned_by).toBe("beta");
});
