// The data paths over the engine in the virtual world: who is refused, how, and in whose words. Answers and streams are
// `answer.test.ts`; keys and the admin paths have their own tests.

import { afterEach, describe, expect, test } from "bun:test";
import { HOST, type HttpWorld, httpWorld } from "../../test/support/http-world.ts";
import { ANTHROPIC, CHAT, on, ROUTE, sim } from "../../test/support/virtual.ts";

let here: HttpWorld;
const MESSAGES = "/v1/messages";
const COMPLETIONS = "/v1/chat/completions";

function open(faults: Parameters<typeof httpWorld>[0]["faults"] = []): HttpWorld {
  here = httpWorld({ providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)], faults });
  return here;
}

afterEach(async () => {
  // Whatever happened: nothing is under way any more.
  expect(here.handler.open).toBe(0);
  await here.rest();
});

const user = [{ role: "user", content: "hello" }];
const anthropic = (more: object = {}) => ({ model: "chat", max_tokens: 9, messages: user, ...more });
const chat = (more: object = {}) => ({ model: "chat", messages: user, ...more });

async function errorOf(response: Response) {
  const body = await response.json();
  return { status: response.status, headers: response.headers, body, ...body.error };
}

describe("a request that is wrong", () => {
  const wrong: readonly (readonly [name: string, body: string])[] = [
    ["no JSON", "hello"],
    ["nothing", ""],
    ["half of it", '{"model":"chat","messages":['],
    ["a list", "[]"],
    ["no model", '{"max_tokens":9,"messages":[{"role":"user","content":"x"}]}'],
    ["a model that is no text", '{"model":7,"max_tokens":9,"messages":[{"role":"user","content":"x"}]}'],
    ["an empty model", '{"model":"","max_tokens":9,"messages":[{"role":"user","content":"x"}]}'],
    [
      "a model too long to be one",
      `{"model":"${"x".repeat(5_000)}","max_tokens":9,"messages":[{"role":"user","content":"x"}]}`,
    ],
    ["no messages", '{"model":"chat","max_tokens":9}'],
    ["messages that are no list", '{"model":"chat","max_tokens":9,"messages":"x"}'],
    [
      "a stream that is no boolean",
      '{"model":"chat","max_tokens":9,"stream":"yes","messages":[{"role":"user","content":"x"}]}',
    ],
    ["two models", '{"model":"chat","max_tokens":9,"messages":[{"role":"user","content":"x"}],"model":"other"}'],
    ["an escaped second model", '{"model":"chat","max_tokens":9,"messages":[],"mod\\u0065l":"other"}'],
    ["two streams", '{"model":"chat","stream":true,"max_tokens":9,"messages":[{"role":"user"}],"stream":false}'],
    ["a byte order mark", '\ufeff{"model":"chat","max_tokens":9,"messages":[{"role":"user","content":"x"}]}'],
  ];

  test.each(wrong)("%s: 400 in the words of the dialect", async (_, body) => {
    open();
    for (const path of [MESSAGES, COMPLETIONS]) {
      const found = await errorOf(await here.post(path, body));
      expect([path, found.status, found.type]).toEqual([path, 400, "invalid_request_error"]);
      expect(found.message.length).toBeGreaterThan(10);
      expect(found.headers.get("x-should-retry")).toBe("false");
      expect(found.headers.get("content-type")).toBe("application/json");
      expect(found.headers.get("x-holdfast-call")).toMatch(/^call_[0-9a-z]{20}$/);
      if (path === MESSAGES) expect(found.body.type).toBe("error");
      else expect(found).toHaveProperty("param");
    }
    expect(here.world.attempts()).toBe(0);
  });

  test("what is no UTF-8", async () => {
    open();
    const body = Buffer.concat([
      Buffer.from('{"model":"chat","max_tokens":9,"messages":[],"x":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expect((await here.send(MESSAGES, { method: "POST", body })).status).toBe(400);
  });

  test.each([
    ["x-holdfast-deadline-ms", ["soon", "-1", "0", " ", "1e400"]],
    ["x-holdfast-criticality", ["urgent", ""]],
    ["x-holdfast-strict", ["yes", "1"]],
    ["x-holdfast-resume", ["on", "true"]],
    ["content-encoding", ["gzip", "br"]],
  ])("%s", async (name, values) => {
    open();
    for (const value of values) {
      const found = await errorOf(await here.post(MESSAGES, anthropic(), { [name]: value }));
      expect([value, found.status]).toEqual([value, 400]);
      expect(found.message).toContain(name);
    }
    expect(here.world.attempts()).toBe(0);
  });

  test("hints of an SDK that make no sense are as good as absent", async () => {
    open();
    const headers = { "x-stainless-retry-count": "many", "x-stainless-timeout": "-5" };
    expect((await here.post(MESSAGES, anthropic(), headers)).status).toBe(200);
  });
});

describe("a body that is too large", () => {
  test("by its stated length, before it is read", async () => {
    open();
    const response = await here.post(MESSAGES, anthropic(), { "content-length": "33554433" });
    expect(await errorOf(response)).toMatchObject({ status: 413, type: "request_too_large" });
  });

  test("by what comes, without a stated length", async () => {
    open();
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++;
        controller.enqueue(new Uint8Array(4_194_304));
      },
    });
    const response = await here.send(COMPLETIONS, { method: "POST", body });
    expect(await errorOf(response)).toMatchObject({ status: 413, code: "request_too_large" });
    expect(sent).toBeLessThan(12);
  });
});

describe("a path", () => {
  test.each(["/v1beta/models/gemini-3-pro:generateContent", "/v1/models/gemini-3-pro:streamGenerateContent"])(
    "%s: the API is refused by its name",
    async (path) => {
      open();
      const found = await errorOf(await here.post(path, "{}"));
      expect(found).toMatchObject({
        status: 404,
        message: expect.stringContaining("The Gemini API is not in this version"),
      });
      expect(here.world.attempts()).toBe(0);
    },
  );

  test.each(["GET", "HEAD", "PUT", "DELETE"])("%s of a call is not allowed, and POST is named", async (method) => {
    open();
    for (const path of [MESSAGES, COMPLETIONS, "/v1/messages/count_tokens", "/v1/embeddings"]) {
      const response = await here.send(path, { method });
      expect([path, response.status, response.headers.get("allow")]).toEqual([path, 405, "POST"]);
    }
  });

  test("that does not exist is told in the dialect of the asker", async () => {
    open();
    for (const path of ["/nowhere", "/v2/messages", "/constructor", "/__proto__"]) {
      expect(await errorOf(await here.send(path))).toMatchObject({ status: 404, type: "invalid_request_error" });
      const headers = { "anthropic-version": "2023-06-01" };
      expect(await errorOf(await here.send(path, { headers }))).toMatchObject({ status: 404, type: "not_found_error" });
    }
  });

  test("for life and readiness", async () => {
    open();
    for (const method of ["GET", "HEAD"]) {
      expect((await here.send("/healthz", { method })).status).toBe(200);
      expect((await here.send("/readyz", { method })).status).toBe(200);
    }
    expect((await here.send("/healthz", { method: "POST" })).status).toBe(405);
    here.handler.drain();
    expect([(await here.send("/healthz")).status, (await here.send("/readyz")).status]).toEqual([200, 503]);
  });

  test("a query goes along to a provider of the same dialect", async () => {
    open();
    expect((await here.post(`${MESSAGES}?beta=true`, anthropic())).status).toBe(200);
    expect(here.world.log[0]?.path).toBe("/v1/messages?beta=true");
  });
});

test("a model that no route has: 404, with the routes and the nearest name", async () => {
  open();
  const found = await errorOf(await here.post(MESSAGES, anthropic({ model: "caht" })));
  expect(found).toMatchObject({ status: 404, type: "not_found_error" });
  expect(found.message).toContain('Did you mean "chat"?');
  expect(found.message).toContain("Routes: chat");
  const other = await errorOf(await here.post(COMPLETIONS, chat({ model: "caht" })));
  expect(other).toMatchObject({ status: 404, type: "invalid_request_error", code: "model_not_found", param: "model" });
});

describe("who asks", () => {
  const ask = (headers: Record<string, string>) => here.post(MESSAGES, anthropic(), headers);

  test.each(["evil.test", "evil.test:4000", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1:4000", "[::2]"])(
    "with the Host %s is refused (DNS rebinding)",
    async (host) => {
      open();
      expect(await errorOf(await ask({ host }))).toMatchObject({ status: 403, type: "permission_error" });
      expect((await here.send("/v1/models", { headers: { host } })).status).toBe(403);
    },
  );

  test.each(["localhost:4000", "127.0.0.1", "127.8.9.1:80", "[::1]:4000", "LOCALHOST"])(
    "with the Host %s is not",
    async (host) => {
      open();
      expect((await ask({ host })).status).toBe(200);
    },
  );

  test.each(["http://evil.test", "null", "https://127.0.0.1:4000", "http://127.0.0.1:5000"])(
    "with the Origin %s is refused (cross-site)",
    async (origin) => {
      open();
      expect((await ask({ host: "127.0.0.1:4000", origin })).status).toBe(403);
    },
  );

  test("from the gateway's own pages is not", async () => {
    open();
    expect((await ask({ host: "127.0.0.1:4000", origin: HOST })).status).toBe(200);
  });
});

test("while it drains it refuses calls and says that another may take them at once", async () => {
  open();
  here.handler.drain();
  const found = await errorOf(await here.post(MESSAGES, anthropic()));
  expect([found.status, found.headers.get("x-should-retry"), found.headers.get("retry-after")]).toEqual([
    529,
    "true",
    "1",
  ]);
  expect(found.headers.get("connection")).toBe("close");
  const other = await errorOf(await here.post(COMPLETIONS, chat()));
  expect([other.status, other.headers.get("x-should-retry"), other.headers.get("retry-after")]).toEqual([
    503,
    "true",
    "1",
  ]);
});

test("the routes are models, in both shapes; patterns are none", async () => {
  here = httpWorld({ providers: [sim("alpha", CHAT)] });
  const settings = here.engine.settings;
  const route = { ...ROUTE, targets: [{ provider: "alpha", model: "m" }] };
  here.engine.reload({ ...settings, routes: ["chat", "claude-*", "fast"].map((name) => ({ ...route, name })) });
  const openai = await (await here.send("/v1/models")).json();
  expect(openai).toMatchObject({ object: "list", data: [{ id: "chat", object: "model" }, { id: "fast" }] });
  const response = await here.send("/v1/models", { headers: { "anthropic-version": "2023-06-01" } });
  expect(await response.json()).toMatchObject({
    data: [
      { type: "model", id: "chat" },
      { type: "model", id: "fast" },
    ],
    has_more: false,
    first_id: "chat",
    last_id: "fast",
  });
  expect((await here.send("/v1/models", { method: "HEAD" })).status).toBe(200);
});

describe("final errors", () => {
  test.each([
    ["overloaded", 529, 503],
    ["credential", 529, 503],
    ["rate-limit", 429, 429],
    ["html", 529, 503],
  ] as const)("%s everywhere", async (kind, forAnthropic, forOpenai) => {
    open([on("*", { kind, retryAfter: "400" })]);
    for (const [path, body, status] of [
      [MESSAGES, anthropic(), forAnthropic],
      [COMPLETIONS, chat(), forOpenai],
    ] as const) {
      const found = await errorOf(await here.post(path, body));
      expect([path, found.status]).toEqual([path, status]);
      expect(found.headers.get("x-should-retry")).toBe("false");
      expect(Number(found.headers.get("retry-after"))).toBeWithin(1, 61);
      const told = path === MESSAGES ? found.body.holdfast : found.body.error.holdfast;
      expect(told.call).toBe(found.headers.get("x-holdfast-call"));
      expect(told.trail.map(({ target }: { target: string }) => target)).toEqual(["alpha/m", "beta/m"]);
      expect(found.headers.get("x-holdfast-trail")).toMatch(/^alpha\/m=[a-z-]+, beta\/m=[a-z-]+$/);
      expect(JSON.stringify(found.body)).not.toContain("key-of-");
    }
  });

  test("the deadline: 504", async () => {
    open([on("*", { kind: "silence" })]);
    const headers = { "x-holdfast-deadline-ms": "1500" };
    expect(await errorOf(await here.post(MESSAGES, anthropic(), headers))).toMatchObject({ status: 504 });
    expect(here.world.clock.now()).toBe(1_500);
    expect(await errorOf(await here.post(COMPLETIONS, chat(), headers))).toMatchObject({
      status: 504,
      type: "timeout",
    });
  });
});
