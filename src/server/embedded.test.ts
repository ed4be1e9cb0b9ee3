import { expect, test } from "bun:test";
import type { HoldfastConfig, RouteConfig } from "../config/config-object.ts";
import type { WebFetch } from "../runtime/web.ts";
import { createHoldfast, HoldfastConfigError } from "./embedded.ts";

const CONFIG: HoldfastConfig = {
  providers: {
    alpha: { dialect: "openai-chat", url: "https://alpha.example/v1", key: "${ALPHA_KEY}" },
    beta: { dialect: "anthropic-messages", url: "https://beta.example", key: "none" },
  },
  routes: { chat: { targets: ["alpha/a", "beta/b"] }, claude: { targets: ["beta/b"] } },
};
const env = { ALPHA_KEY: "secret" };

const CHAT_REPLY = JSON.stringify({
  id: "c",
  object: "chat.completion",
  created: 0,
  model: "a",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
});
const MESSAGE_REPLY = JSON.stringify({
  id: "m",
  type: "message",
  role: "assistant",
  model: "b",
  content: [{ type: "text", text: "hello" }],
  stop_reason: "end_turn",
  usage: { input_tokens: 1, output_tokens: 1 },
});

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** A world of healthy providers that keeps what it was sent. */
function healthy(): { fetch: WebFetch; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch: WebFetch = async (url, init) => {
    sent.push({ url, init });
    return new Response(url.includes("beta") ? MESSAGE_REPLY : CHAT_REPLY, {
      headers: { "content-type": "application/json" },
    });
  };
  return { fetch, sent };
}

const CHAT = { model: "chat", messages: [{ role: "user", content: "hi" }] };
const MESSAGE = { ...CHAT, model: "claude", max_tokens: 9 };
const post = (body: BodyInit): RequestInit => ({ method: "POST", body });

for (const [url, body, asked] of [
  ["https://api.openai.com/v1/chat/completions", CHAT, "https://alpha.example/v1/chat/completions"],
  ["https://api.deepseek.com/chat/completions", CHAT, "https://alpha.example/v1/chat/completions"],
  ["https://proxy.example/v1/team/openai/chat/completions", CHAT, "https://alpha.example/v1/chat/completions"],
  ["https://api.anthropic.com/v1/messages", MESSAGE, "https://beta.example/v1/messages"],
  ["http://localhost:1/some/base/v1/messages?beta=true", MESSAGE, "https://beta.example/v1/messages?beta=true"],
  ["https://proxy.example/v1/team/anthropic/v1/messages", MESSAGE, "https://beta.example/v1/messages"],
] as const) {
  test(`the path alone chooses the dialect: ${url}`, async () => {
    const { fetch, sent } = healthy();
    const response = await createHoldfast(CONFIG, { env, fetch }).fetch(url, post(JSON.stringify(body)));
    expect(response.status).toBe(200);
    expect(sent.map((one) => one.url)).toEqual([asked]);
  });
}

test("another path is refused in words, and asks no provider", async () => {
  const { fetch, sent } = healthy();
  const response = await createHoldfast(CONFIG, { env, fetch }).fetch("https://api.openai.com/nowhere", post("{}"));
  expect(response.status).toBe(404);
  expect(sent).toEqual([]);
});

test("what a browser's page or a proxy adds does not matter: there is no host to guard", async () => {
  const { fetch } = healthy();
  const headers = { host: "evil.example", origin: "https://evil.example" };
  const init = { ...post(JSON.stringify(CHAT)), headers };
  expect(
    (await createHoldfast(CONFIG, { env, fetch }).fetch("https://x.example/v1/chat/completions", init)).status,
  ).toBe(200);
});

test("what concerns a server alone is checked and not used", async () => {
  const { fetch } = healthy();
  const hash = `sha256:${"0".repeat(64)}`;
  const served = {
    ...CONFIG,
    listen: { host: "0.0.0.0", port: 80 },
    keys: [{ name: "web", hash }],
    admin: { key: "a".repeat(32) },
  };
  const holdfast = createHoldfast(served, { env, fetch });
  const url = "https://x.example/v1/chat/completions";
  expect((await holdfast.fetch(url, post(JSON.stringify(CHAT)))).status).toBe(200);
  expect(() => createHoldfast({ ...served, keys: [{ name: "web" }] }, { env })).toThrow("keys[0].hash");
});

test("other paths go to the first provider of their dialect, unless the configuration says no", async () => {
  const { fetch, sent } = healthy();
  const url = "https://api.openai.com/v1/files?limit=1";
  const response = await createHoldfast(CONFIG, { env, fetch }).fetch(url);
  expect(await response.text()).toBe(CHAT_REPLY);
  const off = createHoldfast({ ...CONFIG, passthrough: "off" }, { env, fetch });
  expect((await off.fetch(url)).status).toBe(404);
  expect(sent.map((one) => one.url)).toEqual(["https://alpha.example/v1/files?limit=1"]);
});

const text = JSON.stringify(CHAT);
const bytes = new TextEncoder().encode(text);
const BODIES: readonly [name: string, body: () => BodyInit][] = [
  ["text", () => text],
  ["bytes", () => bytes],
  ["a buffer", () => bytes.buffer],
  ["a blob", () => new Blob([text])],
  ["a stream", () => new Blob([text.slice(0, 9), text.slice(9)]).stream()],
];
for (const [name, body] of BODIES) {
  test(`a body may be ${name}`, async () => {
    const { fetch, sent } = healthy();
    const holdfast = createHoldfast(CONFIG, { env, fetch });
    const url = new URL("https://api.openai.com/v1/chat/completions");
    for (const ask of [() => holdfast.fetch(url, post(body())), () => holdfast.fetch(new Request(url, post(body())))]) {
      const response = await ask();
      expect(await response.json()).toMatchObject({ choices: [{ message: { content: "hello" } }] });
      const [one] = sent.splice(0);
      expect(await new Response(one?.init.body).json()).toEqual({ ...CHAT, model: "a" });
    }
  });
}

test("providers are asked with their own keys and for plain bytes", async () => {
  const { fetch, sent } = healthy();
  const headers = { authorization: "Bearer unused", cookie: "private=1" };
  const holdfast = createHoldfast(CONFIG, { env, fetch });
  await holdfast.fetch("https://api.openai.com/v1/chat/completions", { ...post(text), headers });
  const asked = new Headers(sent[0]?.init.headers);
  expect(asked.get("authorization")).toBe("Bearer secret");
  expect(asked.get("accept-encoding")).toBe("identity");
  expect(asked.get("cookie")).toBeNull();
});

test("a signal that has aborted already rejects with its reason, and asks no provider", async () => {
  const { fetch, sent } = healthy();
  const holdfast = createHoldfast(CONFIG, { env, fetch });
  const init = { ...post(text), signal: AbortSignal.abort() };
  await expect(holdfast.fetch("https://x.example/v1/chat/completions", init)).rejects.toMatchObject({
    name: "AbortError",
  });
  expect(sent).toEqual([]);
});

/** Providers that accept and say nothing; `left` counts those that were given up. */
function silent(): { fetch: WebFetch; asked: Promise<void>; left: () => number } {
  let left = 0;
  const { promise: asked, resolve: tell } = Promise.withResolvers<void>();
  const fetch: WebFetch = (_url, { signal }) =>
    new Promise((_resolve, reject) => {
      tell();
      signal?.addEventListener("abort", () => {
        left++;
        reject(signal.reason);
      });
    });
  return { fetch, asked, left: () => left };
}

for (const stream of [false, true]) {
  const leave = stream ? "a stream" : "a whole call";
  test(`${leave} before its answer ends with the signal's reason, and the provider is left`, async () => {
    const { fetch, asked, left } = silent();
    const controller = new AbortController();
    const init = { ...post(JSON.stringify({ ...CHAT, stream })), signal: controller.signal };
    const answer = createHoldfast(CONFIG, { env, fetch }).fetch("https://x.example/v1/chat/completions", init);
    await asked;
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    // The provider is let go a moment later: within the time that the product promises.
    for (let i = 0; i < 20 && left() === 0; i++) await Bun.sleep(5);
    expect(left()).toBe(1);
  });
}

const DELTA = `data: {"id":"c","object":"chat.completion.chunk","created":0,"model":"a","choices":[{"index":0,"delta":{"content":"one"},"finish_reason":null}]}\n\n`;

/** A provider whose stream says one word and then nothing, until it is left. */
function halting(): { fetch: WebFetch; left: Promise<unknown> } {
  const { promise: left, resolve } = Promise.withResolvers<unknown>();
  const fetch: WebFetch = async (_url, { signal }) => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(DELTA));
        signal?.addEventListener("abort", () => {
          controller.error(signal.reason);
          resolve(signal.reason);
        });
      },
      cancel: resolve,
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  return { fetch, left };
}

async function begin(signal?: AbortSignal) {
  const { fetch, left } = halting();
  const holdfast = createHoldfast(CONFIG, { env, fetch });
  const init = { ...post(JSON.stringify({ ...CHAT, stream: true })), ...(signal && { signal }) };
  const response = await holdfast.fetch("https://x.example/v1/chat/completions", init);
  // A body of bytes, as every fetch gives it.
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toContain("one");
  return { holdfast, reader, left };
}

test("an abort within a stream ends the body with the reason, and the provider is left", async () => {
  const controller = new AbortController();
  const { reader, left } = await begin(controller.signal);
  const rest = reader.read();
  controller.abort();
  await expect(rest).rejects.toMatchObject({ name: "AbortError" });
  await left;
});

test("a reader that cancels the body leaves the provider", async () => {
  const { reader, left } = await begin();
  await reader.cancel();
  await left;
});

test("close ends what is in flight, every feed of facts, and every later call", async () => {
  const { holdfast, reader, left } = await begin();
  const feed = holdfast.events();
  const rest = reader.read();
  const fact = feed.next();
  holdfast.close();
  holdfast.close();
  await expect(rest).rejects.toMatchObject({ name: "AbortError" });
  await expect(holdfast.fetch("https://x.example/v1/chat/completions", post(text))).rejects.toMatchObject({
    name: "AbortError",
  });
  await left;
  await fact;
  for await (const last of feed) expect(last.type).toMatch(/-end$/);
  expect((await holdfast.events().next()).done).toBe(true);
});

test("every reader gets every fact from its own beginning on", async () => {
  const { fetch } = healthy();
  const holdfast = createHoldfast(CONFIG, { env, fetch });
  const feeds = [holdfast.events(), holdfast.events()];
  await (await holdfast.fetch("https://x.example/v1/chat/completions", post(text))).text();
  const late = holdfast.events();
  holdfast.close();
  const types = (feed: typeof late) => Array.fromAsync(feed, ({ type }) => type);
  const whole = ["call-start", "attempt-start", "attempt-end", "call-commit", "call-end"];
  for (const feed of feeds) expect(await types(feed)).toEqual(expect.arrayContaining(whole));
  expect(await types(late)).toEqual([]);
});

test("a wrong configuration throws once, with every problem", () => {
  const wrong = {
    providers: { alpha: { dialect: "openai-chat" } },
    routes: { chat: { targets: ["alpha/a"], attempts: 99 } },
  };
  // Wrong on purpose.
  const make = () => createHoldfast(wrong as HoldfastConfig);
  expect(make).toThrow(HoldfastConfigError);
  try {
    make();
  } catch (error) {
    const { name, message, problems } = error as HoldfastConfigError; // the test before
    expect(name).toBe("HoldfastConfigError");
    expect(problems.map(({ path }) => path)).toEqual([
      "providers.alpha",
      "providers.alpha.key",
      "routes.chat.attempts",
    ]);
    for (const problem of problems) expect(message).toContain(problem.message);
  }
});

for (const [key, more] of [
  ["canary", { canary: "0.10usd/day" }],
  ["notify", { notify: [{ slack: "https://hooks.example/a" }] }],
] as const) {
  test(`the library refuses \`${key}\`: a gateway does that`, () => {
    const make = () => createHoldfast({ ...CONFIG, ...more } as HoldfastConfig, { env: { ALPHA_KEY: "k" } });
    expect(make).toThrow(`${key}  the library`);
  });
}

test("a variable that is not set is a problem; without `env` the process's own are read", () => {
  expect(() => createHoldfast(CONFIG, { env: {} })).toThrow("ALPHA_KEY is not set");
  process.env.ALPHA_KEY = "secret";
  try {
    createHoldfast(CONFIG).close();
  } finally {
    delete process.env.ALPHA_KEY;
  }
});

test("whatever the types of the configuration know is accepted", () => {
  const route: Required<RouteConfig> = {
    targets: ["alpha/a"],
    timeouts: { connect: "5s", "first-token": "auto", whole: "2m", idle: "auto", total: "10m" },
    attempts: 2,
    "retry-wait": "3s",
    usage: "as-asked",
    strict: true,
    validate: { "min-length": 1 },
    criticality: "critical",
    cache: { outage: "exact", ttl: "1h", "stale-if-error": "7d" },
    "last-resort": ["stale-cache", { canned: "Back soon." }],
  };
  const alpha = {
    dialect: "openai-chat",
    url: "https://alpha.example/v1",
    keys: ["one", "two"],
    tier: "remote",
    region: "eu",
    retention: "none",
  } as const;
  createHoldfast({ listen: { port: 1 }, providers: { alpha }, routes: { chat: route } }).close();
});
