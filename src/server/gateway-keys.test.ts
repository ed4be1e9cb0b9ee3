// Who may ask what: gateway keys on the data paths, the admin key on `/admin`, the guard where there are none; and that no
// key of anybody ever shows.

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { type Answering, type Door, door, MESSAGE, provider, respond, route } from "../../test/support/door.ts";
import type { KeySettings } from "../core/settings.ts";

const WEB = "hf_web-0123456789";
const ALL = "hf_all-0123456789";
const ADMIN = "admin-0123456789abcdef";

function hashed(name: string, key: string, routes?: readonly string[]): KeySettings {
  return { name, hash: `sha256:${createHash("sha256").update(key).digest("hex")}`, ...(routes && { routes }) };
}

const KEYS = [hashed("web", WEB, ["chat", "free-*"]), hashed("all", ALL)];
const ROUTES = [route("chat", "alpha/m"), route("secret-model", "alpha/m"), route("free-*", "alpha/*")];

function keyed(more: Parameters<typeof door>[0] = {}): Door {
  return door({ keys: KEYS, adminKey: ADMIN, routes: ROUTES, ...more });
}

async function json(response: Response): Promise<Record<string, never>> {
  return JSON.parse(await response.text());
}

describe("a key on the data paths", () => {
  for (const [name, headers] of [
    ["none", {}],
    ["a wrong one", { "x-api-key": "hf_wrong" }],
    ["a wrong bearer", { authorization: `Bearer ${WEB}x` }],
    ["its hash instead", { "x-api-key": KEYS[0]?.hash ?? "" }],
    ["the admin key", { "x-api-key": ADMIN }],
    ["another scheme", { authorization: `Basic ${WEB}` }],
    ["an empty one", { "x-api-key": "" }],
    ["a very long one", { "x-api-key": "x".repeat(10_000) }],
  ] as const) {
    test(`${name}: 401 that says nothing more, on every path`, async () => {
      const { ask, sent } = keyed();
      for (const [method, path] of [
        ["POST", "/v1/messages"],
        ["POST", "/v1/messages/count_tokens"],
        ["POST", "/v1/chat/completions"],
        ["POST", "/v1/embeddings"],
        ["GET", "/v1/models"],
        ["GET", "/v1/models/chat"],
        ["GET", "/v1/files"],
        ["DELETE", "/v1/messages"],
      ] as const) {
        const response = await ask(path, { method, headers, ...(method === "POST" && { body: "{}" }) });
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toBe("Bearer");
        const { error } = await json(response);
        expect(error).toMatchObject({ message: "A valid gateway key is needed." });
      }
      expect(sent).toEqual([]);
    });
  }

  test("in either header, and beside one that is meant for somebody else", async () => {
    const { call } = keyed();
    for (const headers of [
      { "x-api-key": WEB },
      { authorization: `Bearer ${WEB}` },
      { authorization: `bearer  ${WEB} ` },
      { "x-api-key": "sk-ant-their-own", authorization: `Bearer ${WEB}` },
      { "x-api-key": WEB, authorization: "Bearer sk-ant-their-own" },
    ]) {
      expect((await call("chat", headers)).status).toBe(200);
    }
  });

  test("its name is the tenant of the call", async () => {
    const { call, events } = keyed();
    await call("chat", { "x-api-key": WEB });
    await call("secret-model", { "x-api-key": ALL });
    const starts = events.flatMap((event) => (event.type === "call-start" ? [event.tenant] : []));
    expect(starts).toEqual(["web", "all"]);
  });

  test("a route that it may not use: 403 without naming others", async () => {
    const { call, sent, events } = keyed();
    const response = await call("secret-model", { "x-api-key": WEB });
    expect(response.status).toBe(403);
    const text = await response.text();
    expect(text).toContain('This key may not use the model \\"secret-model\\".');
    expect(text).not.toContain("chat");
    expect(sent).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "call-end", ending: "refused", fault: "forbidden" });
  });

  test("an unknown model lists the key's routes alone, and suggests none of the others", async () => {
    const { call } = keyed();
    const text = await (await call("secret-modle", { "x-api-key": WEB })).text();
    expect(text).toContain("Routes: chat, free-*.");
    expect(text).not.toContain("secret-model");
    expect(await (await call("secret-modle", { "x-api-key": ALL })).text()).toContain(
      'Did you mean \\"secret-model\\"?',
    );
  });

  test("a pattern in its routes is that route, not what it matches", async () => {
    const { call } = keyed({ routes: [...ROUTES, route("free-special", "alpha/m")] });
    expect((await call("free-anything", { "x-api-key": WEB })).status).toBe(200);
    expect((await call("free-special", { "x-api-key": WEB })).status).toBe(403);
  });

  test("models: the key's own", async () => {
    const { ask } = keyed();
    const list = await json(await ask("/v1/models", { headers: { "x-api-key": WEB } }));
    expect(list.data).toMatchObject([{ id: "chat", object: "model" }]);
    const all = await json(
      await ask("/v1/models", { headers: { "x-api-key": ALL, "anthropic-version": "2023-06-01" } }),
    );
    expect(all).toMatchObject({ data: [{ id: "chat", type: "model" }, { id: "secret-model" }], has_more: false });
    expect((await ask("/v1/models/chat", { headers: { "x-api-key": WEB } })).status).toBe(200);
    expect((await ask("/v1/models/free-x%2Fy", { headers: { "x-api-key": WEB } })).status).toBe(200);
    for (const hidden of ["secret-model", "nothing", "%zz"]) {
      const response = await ask(`/v1/models/${hidden}`, { headers: { "x-api-key": WEB } });
      expect(response.status).toBe(404);
      expect(await response.text()).toContain("No route has the model");
    }
  });

  test("a key that is limited to routes does not pass through", async () => {
    const { ask, sent } = keyed();
    expect((await ask("/v1/files", { headers: { "x-api-key": WEB, "anthropic-version": "1" } })).status).toBe(403);
    expect(sent).toEqual([]);
  });

  test("keys change with a reload", async () => {
    const { call, engine } = keyed();
    expect((await call("chat", { "x-api-key": WEB })).status).toBe(200);
    engine.reload({ ...engine.settings, keys: [hashed("all", ALL)] });
    expect((await call("chat", { "x-api-key": WEB })).status).toBe(401);
    expect((await call("chat", { "x-api-key": ALL })).status).toBe(200);
  });
});

describe("the guard", () => {
  const foreign = { origin: "https://evil.example" };
  const rebound = { host: "evil.example" };

  test("without keys: a foreign Origin or Host is refused on data paths and metrics", async () => {
    const { ask, call } = door();
    for (const headers of [foreign, rebound, { origin: "null" }]) {
      expect((await call("chat", headers)).status).toBe(403);
      for (const path of ["/v1/models", "/metrics", "/", "/v1/files"]) {
        expect((await ask(path, { headers })).status).toBe(403);
      }
    }
    expect((await call("chat", { origin: "http://127.0.0.1:4000" })).status).toBe(200);
  });

  test("with keys neither matters on data paths: a page has no key", async () => {
    const { call } = keyed();
    for (const headers of [foreign, rebound]) {
      expect((await call("chat", { ...headers, "x-api-key": WEB })).status).toBe(200);
      expect((await call("chat", headers)).status).toBe(401);
    }
  });

  test("liveness and readiness are asked by anybody; metrics need no key", async () => {
    const { ask } = keyed();
    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      expect((await ask(path, { headers: rebound })).status).toBe(200);
      expect((await ask(path, { method: "POST", headers: rebound, body: "" })).status).toBe(405);
    }
    expect((await door().ask("/healthz", { headers: rebound })).status).toBe(200);
    expect((await ask("/metrics")).headers.get("content-type")).toContain("text/plain");
  });

  test("admin: the admin key in either header, and no other", async () => {
    const { ask } = keyed();
    for (const headers of [
      { authorization: `Bearer ${ADMIN}` },
      { "x-api-key": ADMIN },
      { ...rebound, "x-api-key": ADMIN },
    ]) {
      expect((await ask("/admin/v1/targets", { headers })).status).toBe(200);
    }
    for (const headers of [{}, { "x-api-key": WEB }, { "x-api-key": ALL }, { authorization: `Bearer ${ADMIN}x` }]) {
      const response = await ask("/admin/v1/targets", { headers });
      expect(response.status).toBe(401);
      expect(await json(response)).toMatchObject({ error: { code: "unauthorized" } });
    }
  });

  test("admin without a key: from this machine alone, whether there are gateway keys or not", async () => {
    for (const { ask } of [door(), door({ keys: KEYS })]) {
      expect((await ask("/admin/v1/targets")).status).toBe(200);
      for (const headers of [foreign, rebound]) {
        const response = await ask("/admin/v1/targets/alpha/m/drain", { method: "POST", headers });
        expect(response.status).toBe(403);
        expect(await json(response)).toMatchObject({ error: { code: "forbidden" } });
      }
    }
  });
});

test("a client's own credential never reaches a provider", async () => {
  for (const dialect of ["anthropic-messages", "openai-chat"] as const) {
    const answering = () => respond(400, "{}");
    const { call, ask, sent } = keyed({ providers: [provider("alpha", ["sk-alpha"], dialect)], answering });
    const headers = {
      "x-api-key": ALL,
      authorization: `Bearer ${ALL}`,
      cookie: `k=${ALL}`,
      "proxy-authorization": ALL,
    };
    await call("chat", headers);
    await ask("/v1/other", { headers: { ...headers, ...(dialect !== "openai-chat" && { "anthropic-version": "1" }) } });
    expect(sent.length).toBe(2);
    for (const request of sent) {
      expect(JSON.stringify(request.headers)).not.toContain(ALL);
      expect(JSON.stringify(request.headers)).toContain("sk-alpha");
    }
  }
});

test("no response and no fact ever holds a key, whatever is asked and answered", async () => {
  const secrets = [WEB, ALL, ADMIN, "sk-provider-one", "sk-provider-two"];
  // A provider that repeats what it was sent.
  const echo =
    (status: number): Answering =>
    (request) => {
      const message = `key rejected: ${request.headers["x-api-key"]}`;
      return respond(status, JSON.stringify({ type: "error", error: { type: "x", message } }));
    };
  const answers: Answering[] = [() => respond(200, MESSAGE), echo(400), echo(401), echo(403), echo(402), echo(500)];
  const paths = [
    "/v1/messages",
    "/v1/chat/completions",
    "/v1/models",
    "/admin/v1/targets",
    "/admin/v1/calls",
    "/metrics",
    "/nowhere",
    "/v1/files",
  ];
  const shown = fc.constantFrom({}, { "x-api-key": WEB }, { authorization: `Bearer ${ALL}` }, { "x-api-key": ADMIN });
  const asked = fc.record({
    path: fc.constantFrom(...paths),
    method: fc.constantFrom("GET", "POST", "PUT"),
    headers: shown,
    model: fc.constantFrom("chat", "secret-model", "unknown"),
    answer: fc.constantFrom(...answers),
    passthrough: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 4 }), async (requests) => {
      let answer: Answering = echo(500);
      const { ask, events, engine } = keyed({
        providers: [provider("alpha", ["sk-provider-one", "sk-provider-two"])],
        answering: (request) => answer(request),
      });
      for (const { path, method, headers, model, passthrough, ...request } of requests) {
        answer = request.answer;
        engine.reload({ ...engine.settings, passthrough });
        const body = JSON.stringify({ model, max_tokens: 1, messages: [{ role: "user", content: "x" }] });
        const response = await ask(path, { method, headers, ...(method !== "GET" && { body }) });
        const text = await response.text();
        const all = text + JSON.stringify([...response.headers]);
        // What a provider says on a path that is passed through is its own.
        const passed = response.headers.get("x-holdfast-degraded") === "passthrough";
        for (const secret of secrets) {
          if (!passed) expect(all).not.toContain(secret);
          expect(JSON.stringify(events)).not.toContain(secret);
        }
      }
    }),
    { numRuns: 150 },
  );
});
