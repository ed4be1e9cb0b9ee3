// The admin API: targets, drain and restore, calls, events; and what drained means for calls.

import { describe, expect, test } from "bun:test";
import { door, MESSAGE, provider, respond, route } from "../../test/support/door.ts";
import { fault } from "../core/fault.ts";
import { createAsides } from "./asides.ts";

const OVERLOADED = JSON.stringify({ type: "error", error: { type: "overloaded_error", message: "busy" } });

async function json(response: Response) {
  return JSON.parse(await response.text());
}

function post(body?: string) {
  return { method: "POST", ...(body !== undefined && { body }) };
}

describe("drain and restore", () => {
  test("a drained target gets no call until it is restored", async () => {
    const { ask, call, sent } = door();
    const drained = await ask("/admin/v1/targets/alpha/m/drain", post());
    expect([drained.status, await json(drained)]).toEqual([200, { target: "alpha/m", state: "drained" }]);
    const response = await call("chat");
    expect(response.headers.get("x-holdfast-trail")).toBe("beta/m=ok");
    expect(await json(await ask("/admin/v1/targets/alpha/m/restore", post()))).toEqual({
      target: "alpha/m",
      state: "ok",
      wasDrained: true,
    });
    await call("chat");
    expect(sent.map(({ url }) => new URL(url).host)).toEqual(["beta.test", "alpha.test"]);
    const again = await json(await ask("/admin/v1/targets/alpha/m/restore", post()));
    expect(again).toMatchObject({ wasDrained: false });
  });

  test("for a time", async () => {
    const { ask, call, advance } = door();
    const drained = await json(await ask("/admin/v1/targets/alpha/m/drain", post('{ "for": "1h" }')));
    expect(drained).toEqual({ target: "alpha/m", state: "drained", drainedUntil: "2026-09-21T15:13:20.000Z" });
    await advance(3_599_000);
    expect((await call("chat")).headers.get("x-holdfast-trail")).toBe("beta/m=ok");
    await advance(2_000);
    expect((await call("chat")).headers.get("x-holdfast-trail")).toBe("alpha/m=ok");
  });

  test("all drained: an honest refusal, and not a moment longer", async () => {
    const { ask, call, sent } = door();
    for (const name of ["alpha", "beta"]) await ask(`/admin/v1/targets/${name}/m/drain`, post());
    const refused = await call("chat");
    expect(refused.status).toBe(529);
    expect(await refused.text()).toContain("taken out of rotation by its operator");
    expect(sent).toEqual([]);
    await ask("/admin/v1/targets/beta/m/restore", post());
    expect((await call("chat")).status).toBe(200);
  });

  test("what was refused for want of a target is not remembered after a restore", async () => {
    const { ask, call } = door({
      answering: ({ url }) => (url.includes("alpha") ? respond(200, MESSAGE) : respond(529, OVERLOADED)),
    });
    await ask("/admin/v1/targets/alpha/m/drain", post());
    expect((await call("chat")).status).toBe(529);
    await ask("/admin/v1/targets/alpha/m/restore", post());
    expect((await call("chat")).status).toBe(200);
  });

  test("it survives a reload", async () => {
    const { ask, call, engine } = door();
    await ask("/admin/v1/targets/alpha/m/drain", post());
    engine.reload({ ...engine.settings });
    expect((await call("chat")).headers.get("x-holdfast-trail")).toBe("beta/m=ok");
  });

  test("models with slashes, written as they are or percent-encoded; a provider as a whole; what patterns lead to", async () => {
    const { ask, call } = door({
      providers: [provider("alpha", ["a"]), provider("beta", ["b"])],
      routes: [route("chat", "alpha/org/model:1", "beta/m"), route("any-*", "alpha/*", "beta/m")],
    });
    const trail = async (model: string) => (await call(model)).headers.get("x-holdfast-trail");
    for (const [target, name, model] of [
      ["alpha/org/model:1", "alpha/org/model:1", "chat"],
      ["alpha%2Forg%2Fmodel%3A1", "alpha/org/model:1", "chat"],
      ["alpha/*", "alpha/*", "chat"],
      ["alpha/*", "alpha/*", "any-thing"],
      ["alpha/any-thing", "alpha/any-thing", "any-thing"],
    ] as const) {
      const drained = await json(await ask(`/admin/v1/targets/${target}/drain`, post()));
      expect(drained).toEqual({ target: name, state: "drained" });
      expect(await trail(model)).toBe("beta/m=ok");
      expect((await ask(`/admin/v1/targets/${target}/restore`, post())).status).toBe(200);
      expect(await trail(model)).toMatch(/^alpha\//);
    }
  });

  test("a client that invents models does not push a drain out", async () => {
    const { ask, call } = door({ routes: [route("any-*", "alpha/*", "beta/m"), route("chat", "alpha/m", "beta/m")] });
    await ask("/admin/v1/targets/alpha/m/drain", post());
    for (let n = 0; n < 1_200; n++) await call(`any-${n}`);
    expect((await call("chat")).headers.get("x-holdfast-trail")).toBe("beta/m=ok");
  });

  test("a slip is answered with the nearest target", async () => {
    const { ask } = door();
    for (const what of ["drain", "restore"]) {
      const response = await ask(`/admin/v1/targets/alhpa/m/${what}`, post());
      expect(response.status).toBe(404);
      expect(await json(response)).toEqual({
        error: {
          code: "unknown-target",
          message: 'No route has the target "alhpa/m". Did you mean "alpha/m"?',
          nearest: "alpha/m",
        },
      });
    }
  });

  for (const body of [
    "{",
    "[]",
    '"1h"',
    '{"for":1}',
    '{"for":"1 hour"}',
    '{"for":"0s"}',
    '{"for":"31d"}',
    '{"fro":"1h"}',
    `${" ".repeat(2_000)}x`,
  ]) {
    test(`the body ${body.trim().slice(0, 20)} is refused`, async () => {
      const { ask, engine } = door();
      const response = await ask("/admin/v1/targets/alpha/m/drain", post(body));
      expect(response.status).toBe(400);
      expect(engine.cells.drains.list()).toEqual([]);
    });
  }

  test("one target of a drained provider cannot be restored alone", async () => {
    const { ask } = door();
    await ask("/admin/v1/targets/alpha/*/drain", post());
    const response = await ask("/admin/v1/targets/alpha/m/restore", post());
    expect([response.status, await json(response)]).toMatchObject([409, { error: { nearest: "alpha/*" } }]);
  });

  test("there is a limit of drained targets, and what has run out makes room", async () => {
    const { ask, advance, engine } = door({ routes: [route("any-*", "alpha/*")] });
    const { drains } = engine.cells;
    for (let n = 0; n < 1_000; n++) drains.set(`alpha/${n}`, 1_000, 0);
    expect((await ask("/admin/v1/targets/alpha/more/drain", post())).status).toBe(409);
    await advance(2_000);
    expect((await ask("/admin/v1/targets/alpha/more/drain", post())).status).toBe(200);
  });
});

describe("targets", () => {
  test("each target of each route, and how it stands", async () => {
    const { ask, call, advance } = door({
      providers: [provider("alpha", ["one", "two"]), provider("beta", ["b"])],
      routes: [route("chat", "alpha/m", "beta/m"), route("any-*", "beta/*")],
      answering: ({ headers }) =>
        headers["x-api-key"] === "one" ? respond(401, OVERLOADED, { "request-id": "r" }) : respond(200, MESSAGE),
    });
    await call("chat");
    await call("any-x");
    await advance(1_000);
    await ask("/admin/v1/targets/beta/m/drain", post('{"for":"30s"}'));
    const { targets } = await json(await ask("/admin/v1/targets"));
    expect(targets).toEqual([
      {
        target: "alpha/m",
        provider: "alpha",
        model: "m",
        routes: ["chat"],
        state: "ok",
        inFlight: 0,
        budgetTokens: 10,
        keys: { all: 2, free: 1 },
        lastFault: {
          fault: "credential-rejected",
          message: expect.stringContaining("401"),
          at: "2026-09-21T14:13:20.000Z",
        },
      },
      {
        target: "beta/m",
        provider: "beta",
        model: "m",
        routes: ["chat"],
        state: "drained",
        drainedUntil: "2026-09-21T14:13:51.000Z",
        inFlight: 0,
        budgetTokens: 10,
        keys: { all: 1, free: 1 },
      },
      { target: "beta/*", provider: "beta", model: "*", routes: ["any-*"], state: "ok", inFlight: 0, budgetTokens: 10 },
      expect.objectContaining({ target: "beta/any-x", routes: ["any-*"], keys: { all: 1, free: 1 } }),
    ]);
  });

  test("paused, without a good key, in flight", async () => {
    const statuses: Record<string, number> = { paused: 429, rejected: 401 };
    const { ask, call } = door({
      providers: [provider("paused", ["a"]), provider("rejected", ["b"]), provider("well", ["c"])],
      routes: [route("chat", "paused/m", "rejected/m", "well/m")],
      answering: ({ url }) => {
        const status = statuses[new URL(url).hostname.split(".")[0] ?? ""];
        return status === undefined ? respond(200, MESSAGE) : respond(status, OVERLOADED, { "retry-after": "20" });
      },
    });
    await call("chat");
    const { targets } = await json(await ask("/admin/v1/targets"));
    expect(targets).toMatchObject([
      { state: "paused", pausedUntil: "2026-09-21T14:13:40.000Z" },
      { state: "no-key", keys: { all: 1, free: 0 } },
      { state: "ok" },
    ]);
  });

  test("an attempt in flight is counted until it ends", async () => {
    let release = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { handler, ask, call } = door({ answering: () => waiting.then(() => respond(200, MESSAGE)) });
    const body = JSON.stringify({ model: "chat", max_tokens: 1, messages: [{ role: "user", content: "x" }] });
    const answering = handler.handle(new Request("http://127.0.0.1/v1/messages", { method: "POST", body }));
    await Bun.sleep(5);
    expect((await json(await ask("/admin/v1/targets"))).targets).toMatchObject([{ inFlight: 1 }, { inFlight: 0 }]);
    release();
    await answering;
    expect((await json(await ask("/admin/v1/targets"))).targets).toMatchObject([{ inFlight: 0 }, { inFlight: 0 }]);
    await call("chat");
  });
});

describe("calls and events", () => {
  test("calls: newest first, by route, fault, time and number", async () => {
    const { ask, call, advance, engine } = door({ routes: [route("chat", "alpha/m"), route("other", "beta/m")] });
    await call("chat");
    await advance(1_000);
    const last = await call("other");
    const models = async (query: string) =>
      (await json(await ask(`/admin/v1/calls${query}`))).calls.map((one: { model: string }) => one.model);
    expect(await models("")).toEqual(["other", "chat"]);
    expect(await models("?limit=1")).toEqual(["other"]);
    expect(await models("?route=chat")).toEqual(["chat"]);
    expect(await models("?fault=overloaded")).toEqual([]);
    expect(await models("?since=2026-09-21T14:13:20.500Z")).toEqual(["other"]);
    expect(await models("?since=1790000000500")).toEqual(["other"]);
    for (const wrong of ["limit=many", "limit=-1", "since=yesterday"]) {
      expect((await ask(`/admin/v1/calls?${wrong}`)).status).toBe(400);
    }
    for (const [wrong, near] of [
      ["fault=overloadd", "overloaded"],
      ["fault=UNKNOWN", undefined],
      ["route=chatt", "chat"],
      ["falt=overloaded", "fault"],
    ] as const) {
      const refused = await ask(`/admin/v1/calls?${wrong}`);
      const { error } = await json(refused);
      expect([refused.status, error.nearest, error.message.includes("allowed: ")]).toEqual([400, near, true]);
    }
    const id = last.headers.get("x-holdfast-call");
    expect(await json(await ask(`/admin/v1/calls/${id}`))).toMatchObject({ id, model: "other", ending: "complete" });
    engine.reload({ ...engine.settings, routes: [route("chat", "alpha/m")] });
    expect(await models("?route=other")).toEqual(["other"]);
    expect((await ask("/admin/v1/calls/call_nobody")).status).toBe(404);
  });

  test("events: facts as they come, a comment in silence, an end at the drain", async () => {
    const { ask, call, advance, handler } = door();
    const response = await ask("/admin/v1/events");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    const next = async () => decoder.decode((await reader.read()).value);
    expect(await next()).toBe(":\n\n");
    await call("chat");
    expect(await next()).toMatch(/^event: call-start\ndata: \{.*"type":"call-start".*\}\n\n$/);
    for (let n = 0; n < 4; n++) expect(await next()).toMatch(/^event: /);
    const silent = reader.read();
    await advance(15_000);
    expect(decoder.decode((await silent).value)).toBe(":\n\n");
    handler.drain();
    expect((await reader.read()).done).toBe(true);
    expect((await ask("/admin/v1/events")).status).toBe(503);
  });

  test("a follower that leaves is forgotten", async () => {
    const { ask, clock } = door();
    for (let n = 0; n < 200; n++) {
      const response = await ask("/admin/v1/events");
      expect(response.status).toBe(200);
      await response.body?.cancel();
    }
    expect(clock.timers).toBe(0);
  });
});

test("kept answers are purged, and a filter that is not understood purges nothing", async () => {
  const { ask, engine } = door();
  const purge = (query: string, method = "POST") => ask(`/admin/v1/cache/purge${query}`, { ...post(), method });
  for (const query of ["", "?route=chat", "?call=c&older-than=60"]) {
    expect(await json(await purge(query))).toEqual({ purged: 0 });
  }
  const kept = {
    texts: ["x"],
    target: "a/m",
    model: "m",
    tenant: "t",
    route: "chat",
    atMs: 0,
    freshUntilMs: 1,
    goneAtMs: 2,
  };
  for (const [call, tags] of [
    ["one", ["product-1", "shop"]],
    ["two", ["product-2", "shop"]],
    ["three", undefined],
  ] as const)
    engine.cells.answers.set({ exact: call }, { ...kept, call, ...(tags && { tags }) });
  const found = [];
  for (const query of [
    "?tag=product",
    "?tag=product-2",
    "?tag=shop&tenant=u",
    "?tag=shop&tenant=t",
    "?call=three",
    "",
  ]) {
    found.push((await json(await purge(query))).purged);
  }
  expect(found).toEqual([0, 1, 0, 1, 1, 0]);
  for (const query of ["?rout=chat", "?older-than=1h", "?route=chatt", "?target=alpha/n"])
    expect((await purge(query)).status).toBe(400);
  expect(await json(await purge("?target=alpha/m"))).toEqual({ purged: 0 });
  expect((await ask("/admin/v1/cache/purge")).status).toBe(405);
});

test("beliefs are told for each target once a call came by", async () => {
  const { ask } = door();
  const beliefs = (await json(await ask("/admin/v1/beliefs"))).beliefs;
  expect(beliefs).toMatchObject([
    { target: "alpha/m", domain: "alpha", state: "healthy", score: 0, ejectAt: 8, admission: 1 },
    { target: "beta/m", state: "healthy" },
  ]);
});

test("calls/{id} knows what was refused before it had a route, and what was passed through", async () => {
  const { ask } = door({ answering: () => respond(200, '{"data":[]}') });
  const headers = { "anthropic-version": "1" };
  for (const [path, wanted] of [
    ["/v1/nope/x", { aside: "passthrough", status: 200, method: "GET", path: "/v1/nope/x", provider: "alpha" }],
    [
      "/v1/messages",
      { aside: "refused", status: 405, fault: "invalid-request", message: "GET is not allowed here; use POST." },
    ],
    [
      "/v1/deferred/x",
      { aside: "refused", status: 404, fault: "not-found", message: "This gateway defers nothing: it has no store." },
    ],
    ["/nowhere", { aside: "refused", status: 404, fault: "not-found" }],
  ] as const) {
    const answered = await ask(path, { headers });
    const id = answered.headers.get("x-holdfast-call");
    const told = await json(await ask(`/admin/v1/calls/${id}`));
    expect(told).toMatchObject({ id, dialect: "anthropic-messages", at: expect.stringMatching(/Z$/), ...wanted });
    expect(answered.status).toBe(wanted.status);
  }
  const bad = await ask("/v1/messages", { method: "POST", body: "{" });
  expect(await json(await ask(`/admin/v1/calls/${bad.headers.get("x-holdfast-call")}`))).toMatchObject({ status: 400 });
});

test("no more than the newest asides are kept", () => {
  const asides = createAsides(() => 0, 2);
  for (const id of ["a", "b", "c"]) asides.refused({ id, dialect: "openai-chat" }, fault("not-found", "x"), 404);
  expect(["a", "b", "c"].map((id) => asides.get(id)?.status)).toEqual([undefined, 404, 404]);
});

test("what is not there says so", async () => {
  const { ask } = door();
  // A gateway that follows none.
  expect((await ask("/admin/v1/incidents")).status).toBe(404);
  for (const path of ["/admin/v1/", "/admin/v1/nothing", "/admin/v2/calls", "/admin/"]) {
    expect([(await ask(path)).status, path]).toEqual([404, path]);
  }
  for (const [path, method] of [
    ["targets", "POST"],
    ["calls", "DELETE"],
    ["events", "PUT"],
    ["targets/alpha/m/drain", "GET"],
  ] as const) {
    const response = await ask(`/admin/v1/${path}`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe(method === "GET" ? "POST" : "GET");
  }
  expect((await ask("/admin/v1/targets/%zz/drain", post())).status).toBe(400);
});
