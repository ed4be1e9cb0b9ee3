// Calls that would rather be answered later than not at all, in the virtual world: a blackout while they come, then the way
// back. Each is answered once, in its own dialect, whole or as a stream, to its own tenant alone; live traffic does not feel it.

import { describe, expect, test } from "bun:test";
import type { Database } from "../../src/core/database.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { Settings } from "../../src/core/settings.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import { createDeferral, type Deferral, FAILURES_MAX } from "../../src/server/deferral.ts";
import { createHandler } from "../../src/server/handler.ts";
import { read } from "../support/lanes.ts";
import { ANTHROPIC, bodyOf, CHAT, on, sim, type VirtualOptions, virtual } from "../support/virtual.ts";
import { readWhole } from "../support/whole-reader.ts";

const HOST = "http://127.0.0.1:4000";
const PATHS = { [ANTHROPIC]: "/v1/messages", [CHAT]: "/v1/chat/completions" } as const;
const ASYNC = { prefer: "respond-async" };
const DAY_MS = 86_400_000;

function deferring(options: Partial<VirtualOptions> = {}, database: Database = openMemoryDatabase()) {
  let deferral: Deferral | undefined;
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    route: { lastResort: [{ type: "defer" }] },
    reader: (event: GatewayEvent) => deferral?.read(event),
    ...options,
  });
  const troubles: string[] = [];
  const { runtime } = here.world;
  deferral = createDeferral({ database, runtime, trouble: (message) => void troubles.push(message) });
  deferral.start(here.engine);
  const handler = createHandler(here.engine, { deferral });
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    let response: Response | undefined;
    void Promise.resolve(handler.handle(new Request(HOST + path, init))).then((settled) => {
      response = settled;
    });
    for (let step = 0; response === undefined; step++) {
      if (step > 10_000) throw new Error("it never settles");
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (response === undefined) await here.world.run(here.world.clock.now() + 1);
    }
    return response;
  };
  const post = (ask: Parameters<typeof bodyOf>[0] = {}, headers: Readonly<Record<string, string>> = ASYNC) =>
    send(PATHS[ask.dialect ?? ANTHROPIC], {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: new TextDecoder().decode(bodyOf(ask)),
    });
  const get = (path: string, headers = {}) => send(path, { headers });
  return { ...here, deferral, handler, troubles, send, post, get };
}

const blackout = (forMs: number) => ["alpha", "beta"].map((name) => ({ ...on(name, { kind: "overloaded" }), forMs }));
const runs = (events: readonly GatewayEvent[]) =>
  events.filter((event) => event.type === "deferred" && event.state !== "queued");
const COMBINATIONS = [ANTHROPIC, CHAT].flatMap((dialect) =>
  [true, false].map((stream) => ({ dialect: dialect as typeof ANTHROPIC | typeof CHAT, stream })),
);

describe.each(COMBINATIONS)("$dialect, stream: $stream", (ask) => {
  test("a promise in a blackout, and the answer after it", async () => {
    const here = deferring({ faults: blackout(30_000) });
    const accepted = await here.post(ask);
    expect(accepted.status).toBe(202);
    const { id, ...said } = await accepted.json();
    expect(said).toEqual({ state: "queued", position: 1 });
    const location = accepted.headers.get("location") ?? "";
    expect(Object.fromEntries(accepted.headers)).toMatchObject({
      location: `/v1/deferred/${id}`,
      "retry-after": "5",
      "preference-applied": "respond-async",
      "x-holdfast-served-by": "deferred",
      "x-holdfast-degraded": "deferred",
      "x-holdfast-trail": "alpha/m=overloaded, beta/m=overloaded",
    });
    const waiting = await here.get(location);
    expect([waiting.status, await waiting.json()]).toEqual([202, { id, state: "queued", position: 1 }]);
    await here.rest();
    const done = await here.get(location);
    expect(done.status).toBe(200);
    const bytes = new Uint8Array(await done.arrayBuffer());
    const heard = ask.stream ? read(ask.dialect, bytes, false) : readWhole(ask.dialect, bytes);
    expect(heard.text.split(" ").length).toBeGreaterThan(5);
    expect(done.headers.get("content-type")).toStartWith(ask.stream ? "text/event-stream" : "application/json");
    expect(done.headers.get("x-holdfast-served-by")).toBe("deferred");
    expect(runs(here.events)).toMatchObject([{ call: id, state: "done" }]);
    const again = await here.get(location);
    expect(new Uint8Array(await again.arrayBuffer())).toEqual(bytes);
  });
});

test("after a blackout every job is answered once, and live traffic is as it would be without them", async () => {
  const JOBS = 60;
  const attempt = async (jobs: number, seed: number) => {
    const here = deferring({ faults: blackout(60_000), seed });
    const locations: string[] = [];
    for (let i = 0; i < jobs; i++) {
      const response = await here.post({
        prompt: `job ${i}`,
        stream: i % 2 === 0,
        dialect: i % 3 === 0 ? CHAT : ANTHROPIC,
      });
      expect(response.status).toBe(202);
      locations.push(response.headers.get("location") ?? "");
    }
    const live: ReturnType<typeof here.ask>[] = [];
    for (let second = 0; second < 300; second++) {
      live.push(here.ask({ prompt: `live ${second}`, stream: false }));
      await here.world.run(here.world.clock.now() + 1_000);
    }
    await here.rest();
    const done = await Promise.all(locations.map(async (location) => (await here.get(location)).status));
    const calls = live.map(({ call, delivery, endedAtMs }) => [call.id, delivery?.status, endedAtMs] as const);
    return { done, events: here.events, answered: calls.filter(([, status]) => status === 200).length };
  };
  let alone = 0;
  let shared = 0;
  for (const seed of [1, 2, 3, 4]) {
    alone += (await attempt(0, seed)).answered;
    const both = await attempt(JOBS, seed);
    shared += both.answered;
    expect(both.done).toEqual(Array(JOBS).fill(200));
    expect(runs(both.events).map(({ call }) => call).length).toBe(JOBS);
    expect(new Set(runs(both.events).map(({ call }) => call)).size).toBe(JOBS);
  }
  // Which of some calls on the way back are let in is chance: it is a few of each run's 240 that an open provider could answer.
  expect(shared).toBeGreaterThanOrEqual(alone * 0.99);
});

describe("the same call again is the same job", () => {
  const postTwice = async (first: Record<string, string>, second: Record<string, string>, prompts = ["a", "a"]) => {
    const here = deferring({ faults: blackout(30_000) });
    const one = await here.post({ prompt: prompts[0] ?? "" }, { ...ASYNC, ...first });
    const two = await here.post({ prompt: prompts[1] ?? "" }, { ...ASYNC, ...second });
    return { here, one, two, ids: [(await one.json()).id, (await two.json()).id] };
  };

  test("by its own hash, without another attempt", async () => {
    const { here, ids } = await postTwice({}, {});
    expect(ids[0]).toBe(ids[1]);
    expect(here.events.filter(({ type }) => type === "attempt-start").length).toBe(2);
  });

  test("by its key; another call under the same key is refused", async () => {
    const key = { "idempotency-key": "k" };
    const { ids } = await postTwice(key, key);
    expect(ids[0]).toBe(ids[1]);
    const { two } = await postTwice(key, key, ["a", "b"]);
    expect(two.status).toBe(400);
  });

  test("different calls, and different keys, are different jobs", async () => {
    const { ids } = await postTwice({}, {}, ["a", "b"]);
    const keyed = await postTwice({ "idempotency-key": "k" }, { "idempotency-key": "l" });
    expect([new Set(ids).size, new Set(keyed.ids).size]).toEqual([2, 2]);
  });

  test("a named one gives its reply once it has one; the other is a new call then", async () => {
    const key = { ...ASYNC, "idempotency-key": "k" };
    const { here, ids } = await postTwice(key, {}, ["a", "b"]);
    await here.rest();
    const before = here.events.filter(({ type }) => type === "attempt-start").length;
    const again = await here.post({ prompt: "a" }, key);
    expect([again.status, again.headers.get("x-holdfast-served-by")]).toEqual([200, "deferred"]);
    expect(here.events.filter(({ type }) => type === "attempt-start").length).toBe(before);
    const fresh = await here.post({ prompt: "b", stream: false });
    expect([fresh.status, fresh.headers.get("x-holdfast-served-by")]).toEqual([200, "target"]);
    expect(ids.length).toBe(2);
  });
});

describe("keys", () => {
  const hashOf = (key: string) => `sha256:${new Bun.CryptoHasher("sha256").update(key).digest("hex")}`;
  const withKeys = (here: ReturnType<typeof deferring>, keys: Settings["keys"]) =>
    here.engine.reload({ ...here.engine.settings, keys });
  const ADA = { name: "ada", hash: hashOf("key-of-ada") };
  const BOB = { name: "bob", hash: hashOf("key-of-bob") };

  test("another key's job does not exist, nor does its idempotency-key", async () => {
    const here = deferring({ faults: blackout(30_000) });
    withKeys(here, [ADA, BOB]);
    const keyed = (key: string) => ({ ...ASYNC, "x-api-key": key, "idempotency-key": "k" });
    const location = (await here.post({}, keyed("key-of-ada"))).headers.get("location") ?? "";
    const others = (await here.post({}, keyed("key-of-bob"))).headers.get("location") ?? "";
    expect(others).not.toBe(location);
    for (const method of ["GET", "DELETE"]) {
      const init = { method, headers: { "x-api-key": "key-of-bob", accept: "text/event-stream" } };
      expect((await here.send(location, init)).status).toBe(404);
      expect((await here.send(location, { method })).status).toBe(401);
    }
    await here.rest();
    expect((await here.get(location, { "x-api-key": "key-of-ada" })).status).toBe(200);
    expect((await here.get(location, { "x-api-key": "key-of-bob" })).status).toBe(404);
  });

  test("what the key may do is looked up when the job runs", async () => {
    const here = deferring({ faults: blackout(30_000) });
    withKeys(here, [ADA, BOB]);
    const post = async (key: string) => (await (await here.post({}, { ...ASYNC, "x-api-key": key })).json()).id;
    const [ada, bob] = [await post("key-of-ada"), await post("key-of-bob")];
    withKeys(here, [{ ...BOB, routes: ["other"] }]);
    await here.rest();
    const refused = here.deferral.jobs.find("ada", ada)?.reply;
    expect(refused?.status).toBe(401);
    // In the words of the call's own API.
    expect(JSON.parse(new TextDecoder().decode(refused?.body))).toMatchObject({
      type: "error",
      error: { type: "authentication_error" },
    });
    expect(here.deferral.jobs.find("bob", bob)?.reply?.status).toBe(403);
    expect(here.events.filter(({ type }) => type === "attempt-start").length).toBe(4);
  });
});

test("a deadline that passes in silence is a promise too, and a stream is not opened early for it", async () => {
  const here = deferring({
    providers: [sim("alpha", ANTHROPIC)],
    faults: [{ ...on("alpha", { kind: "silence" }), forMs: 9_000 }],
  });
  const accepted = await here.post({}, { ...ASYNC, "x-holdfast-deadline-ms": "8000" });
  expect(accepted.status).toBe(202);
  await here.rest();
  expect((await here.get(accepted.headers.get("location") ?? "")).status).toBe(200);
});

test.each([
  ["no wish", {}],
  ["another wish", { prefer: "return=minimal" }],
])("%s: nothing is written", async (_, headers) => {
  const here = deferring({ faults: blackout(30_000) });
  const refused = await here.post({ stream: false }, headers);
  expect([refused.status, here.deferral.jobs.counts.jobs]).toEqual([529, 0]);
});

test("an operator sees jobs, and neither prompts nor replies", async () => {
  const here = deferring({ faults: blackout(10_000) });
  const { id } = await (await here.post({ prompt: "a secret" })).json();
  const list = async () => (await here.get("/admin/v1/deferred", { host: "127.0.0.1:4000" })).text();
  const waiting = await list();
  expect(JSON.parse(waiting)).toMatchObject({
    waiting: 1,
    kept: 1,
    deferred: [{ id, tenant: "default", route: "chat", state: "queued", failures: 0 }],
  });
  expect(waiting).not.toContain("secret");
  await here.rest();
  expect(JSON.parse(await list())).toMatchObject({ waiting: 0, deferred: [{ id, state: "done", status: 200 }] });
});

test("a key that is no key is refused", async () => {
  const here = deferring();
  expect((await here.post({}, { ...ASYNC, "idempotency-key": "x".repeat(256) })).status).toBe(400);
});

test("progress as events, until it is over", async () => {
  const here = deferring({ faults: blackout(10_000) });
  const { id } = await (await here.post({ prompt: "first" })).json();
  const response = await here.get(`/v1/deferred/${id}`, { accept: "text/event-stream" });
  const text = response.text();
  await here.rest();
  const events = (await text).split("\n\n").filter((event) => event.startsWith("event: deferred"));
  expect(events.at(0)).toBe(`event: deferred\ndata: {"id":"${id}","state":"queued","position":1}`);
  expect(events.at(-1)).toBe(`event: deferred\ndata: {"id":"${id}","state":"done","position":0}`);
});

describe("the end of a job", () => {
  test("cancelled: it is never run, and gone", async () => {
    const here = deferring({ faults: blackout(30_000) });
    const accepted = await here.post();
    const location = accepted.headers.get("location") ?? "";
    const cancelled = await here.send(location, { method: "DELETE" });
    expect(await cancelled.json()).toMatchObject({ state: "cancelled" });
    await here.rest();
    expect([(await here.get(location)).status, (await here.send(location, { method: "DELETE" })).status]).toEqual([
      410, 410,
    ]);
    expect(here.events.filter(({ type }) => type === "call-start").length).toBe(1);
    expect(here.deferral.jobs.counts).toMatchObject({ jobs: 0, bytes: 0 });
  });

  test("a reply that was fetched may be deleted", async () => {
    const here = deferring({ faults: blackout(5_000) });
    const location = (await here.post()).headers.get("location") ?? "";
    await here.rest();
    expect((await here.send(location, { method: "DELETE" })).status).toBe(200);
    expect([(await here.get(location)).status, here.deferral.jobs.counts.bytes]).toEqual([410, 0]);
  });

  test("a blackout of more than a day: expired, and told so", async () => {
    const here = deferring({ providers: [sim("alpha", ANTHROPIC)], faults: blackout(2 * DAY_MS).slice(0, 1) });
    const location = (await here.post()).headers.get("location") ?? "";
    await here.rest();
    expect((await here.get(location)).status).toBe(410);
    expect(runs(here.events)).toMatchObject([{ state: "expired" }]);
    expect(here.deferral.jobs.counts).toMatchObject({ jobs: 0, bytes: 0 });
  });

  test("what is wrong for every target is the reply", async () => {
    const faults = [
      ...blackout(10_000),
      ...["alpha", "beta"].map((name) => ({ ...on(name, { kind: "bad-request" as const }), atMs: 10_000 })),
    ];
    const here = deferring({ faults });
    const location = (await here.post({ stream: false })).headers.get("location") ?? "";
    await here.rest();
    const reply = await here.get(location);
    expect([reply.status, (await reply.json()).type]).toEqual([400, "error"]);
  });

  test("a job that alone fails while others are answered is given up", async () => {
    let poisoned = "";
    const here = deferring({
      faults: blackout(10_000),
      providers: [sim("alpha", ANTHROPIC)],
      transport: (world) => (request, cancel) => {
        const isPoison = new TextDecoder().decode(request.body ?? new Uint8Array()).includes("poison");
        return world.runtime.transport(
          isPoison ? { ...request, url: request.url.replace("/v1/", "/nowhere/") } : request,
          cancel,
        );
      },
    });
    poisoned = (await here.post({ prompt: "poison", stream: false })).headers.get("location") ?? "";
    for (let i = 0; i < 2_000; i++) {
      here.ask({ prompt: `live ${i}`, stream: false });
      await here.world.run(here.world.clock.now() + 2_000);
    }
    await here.rest();
    const reply = await here.get(poisoned);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.headers.get("x-holdfast-served-by")).toBe("deferred");
    expect(runs(here.events)).toMatchObject([{ state: "dead" }]);
    expect(FAILURES_MAX).toBe(8);
  });
});
