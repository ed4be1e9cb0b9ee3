// Callbacks of deferred calls, in the virtual world: signed, sent until they have arrived, under one id whenever the process
// ends; and never to where a client must not have us go.

import { describe, expect, test } from "bun:test";
import type { Database } from "../../src/core/database.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { Transport, WireRequest, WireResponse } from "../../src/core/runtime.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import { createDeferral, type Deferral } from "../../src/server/deferral.ts";
import { createHandler } from "../../src/server/handler.ts";
import { ANTHROPIC, bodyOf, on, sim, virtual } from "../support/virtual.ts";

const HOST = "http://127.0.0.1:4000";
const HOOK = "https://app.example/hook?a=1";
const SECRET = `whsec_${btoa("a secret of at least twenty-four bytes")}`;
const ASKING = { prefer: "respond-async", "x-holdfast-callback": HOOK, "x-holdfast-callback-secret": SECRET };
const PUBLIC = ["203.0.114.7"];
const DAY_MS = 86_400_000;

interface Options {
  readonly database?: Database;
  /** Of the receiver, for each request in turn; the last one stays. */
  readonly statuses?: readonly number[];
  /** What the receiver's name leads to, each time it is asked. */
  readonly leadsTo?: () => readonly string[];
  readonly downMs?: number;
}

function deferring({
  database = openMemoryDatabase(),
  statuses = [204],
  leadsTo = () => PUBLIC,
  downMs = 20_000,
}: Options) {
  const posts: (WireRequest & { readonly text: string })[] = [];
  const receive = (request: WireRequest): WireResponse => {
    posts.push({ ...request, text: new TextDecoder().decode(request.body) });
    const status = statuses[Math.min(posts.length, statuses.length) - 1] ?? 500;
    const headers: Record<string, string> =
      status < 400 && status >= 300 ? { location: "https://127.0.0.1/inside" } : {};
    const nothing = () => Promise.resolve(undefined);
    return { status, headers, body: { read: nothing, whole: () => Promise.resolve(new Uint8Array(0)), cancel() {} } };
  };
  let deferral: Deferral | undefined;
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC)],
    // The rung below must not hide what is wrong with a callback.
    route: { lastResort: [{ type: "defer" }, { type: "canned", text: "Back soon." }] },
    faults: [{ ...on("alpha", { kind: "overloaded" }), forMs: downMs }],
    reader: (event: GatewayEvent) => deferral?.read(event),
  });
  const { runtime } = here.world;
  const transport: Transport = (request, cancel) =>
    request.url.includes(".sim") || request.url.includes("alpha")
      ? runtime.transport(request, cancel)
      : Promise.resolve(receive(request));
  const troubles: string[] = [];
  deferral = createDeferral({
    database,
    runtime: { ...runtime, transport },
    trouble: (message) => void troubles.push(message),
    resolveHost: () => Promise.resolve(leadsTo()),
  });
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
  const post = (headers: Readonly<Record<string, string>> = ASKING, prompt = "hello") =>
    send("/v1/messages", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: new TextDecoder().decode(bodyOf({ prompt, stream: false })),
    });
  const listed = async () =>
    (await (await send("/admin/v1/deferred", { headers: { host: "127.0.0.1:4000" } })).json()).deferred;
  return { ...here, deferral, posts, troubles, send, post, listed };
}

/** As a receiver checks it, by the specification. */
function isSigned({
  headers,
  text,
}: {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}): boolean {
  const key = Buffer.from(SECRET.slice("whsec_".length), "base64");
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
  const mac = new Bun.CryptoHasher("sha256", key).update(content).digest("base64");
  return headers["webhook-signature"] === `v1,${mac}`;
}

test("a client is told, signed, at the address that was checked; its reply is there for whoever has the key", async () => {
  const here = deferring({});
  const { id } = await (await here.post()).json();
  expect(here.posts).toEqual([]);
  await here.rest();
  const [told, ...more] = here.posts;
  expect([told?.method, told?.url, told?.address, more.length]).toEqual(["POST", HOOK, PUBLIC[0] ?? "", 0]);
  expect(told?.headers["webhook-id"]).toBe(id);
  expect(told !== undefined && isSigned(told)).toBe(true);
  expect(JSON.parse(told?.text ?? "")).toEqual({
    type: "deferred.done",
    timestamp: expect.any(String),
    data: { id, state: "done", status: 200, location: `/v1/deferred/${id}` },
  });
  expect((await here.send(`/v1/deferred/${id}`, {})).status).toBe(200);
  expect(await here.listed()).toMatchObject([{ id, state: "done" }]);
});

test("a receiver that fails is told again, under the same id, with growing pauses", async () => {
  const here = deferring({ statuses: [500, 503, 302, 429, 200] });
  const { id } = await (await here.post()).json();
  await here.rest();
  expect(here.posts.map(({ headers }) => headers["webhook-id"])).toEqual(Array(5).fill(id));
  expect(here.posts.every(isSigned)).toBe(true);
  // The redirect was not followed.
  expect(new Set(here.posts.map(({ url }) => url))).toEqual(new Set([HOOK]));
  const atS = here.posts.map(({ headers }) => Number(headers["webhook-timestamp"]));
  const pauses = atS.slice(1).map((at, index) => at - (atS[index] ?? 0));
  expect(pauses.every((pause, index) => index === 0 || pause > (pauses[index - 1] ?? 0))).toBe(true);
});

test("one that never takes it is given up when the reply is gone, and that can be seen", async () => {
  const here = deferring({ statuses: [500] });
  const { id } = await (await here.post()).json();
  await here.world.run(here.world.clock.now() + DAY_MS);
  const [job] = await here.listed();
  expect(job).toMatchObject({ id, callback: { state: "given-up", problem: "it answered 500" } });
  expect(here.troubles).toEqual([`the callback of the deferred call ${id} was given up: it answered 500`]);
  const tries = here.posts.length;
  expect(tries).toBeWithin(8, 40);
  await here.rest();
  expect(here.posts.length).toBe(tries);
});

test("a call that expires is told too; one that its client cancelled is not", async () => {
  const here = deferring({ downMs: 3 * DAY_MS });
  const { id } = await (await here.post()).json();
  const { id: gone } = await (await here.post(ASKING, "another")).json();
  await here.send(`/v1/deferred/${gone}`, { method: "DELETE" });
  await here.rest();
  expect(here.posts.map(({ text }) => JSON.parse(text))).toMatchObject([
    { type: "deferred.expired", data: { id, state: "expired" } },
  ]);
});

test("without the header nobody is told", async () => {
  const here = deferring({});
  expect((await here.post({ prefer: "respond-async" })).status).toBe(202);
  await here.rest();
  expect(here.posts).toEqual([]);
});

test("a process that ends at any write: each promised call is told of by the next one, under its id", async () => {
  for (let survives = 0; survives < 24; survives++) {
    const database = openMemoryDatabase();
    let left = Number.POSITIVE_INFINITY;
    const mortal: Database = {
      ...database,
      transaction(work) {
        if (left-- <= 0) throw new Error("the process has ended");
        return database.transaction(work);
      },
    };
    const first = deferring({ database: mortal, statuses: [500, 200] });
    const ids = new Set<string>();
    for (let number = 0; number < 4; number++) {
      const response = await first.post(ASKING, `question ${number}`);
      if (response.status === 202) ids.add((await response.json()).id);
      if (number === 1) left = survives;
    }
    await first.world.run(first.world.clock.now() + 25_000 + survives * 300);
    first.deferral.stop();
    const told = new Set(first.posts.filter((_, index) => index > 0).map(({ headers }) => headers["webhook-id"] ?? ""));
    const second = deferring({ database, downMs: 0 });
    await second.rest();
    for (const { headers } of second.posts) told.add(headers["webhook-id"] ?? "");
    expect([survives, [...ids].filter((id) => !told.has(id))]).toEqual([survives, []]);
  }
});

describe("refused when it is asked for, with 400, and nothing is written", () => {
  const hook = (url: string, secret: string | undefined = SECRET) => ({
    prefer: "respond-async",
    "x-holdfast-callback": url,
    ...(secret !== "" && { "x-holdfast-callback-secret": secret }),
  });

  test.each([
    "http://app.example/hook",
    "ftp://app.example/",
    "file:///etc/passwd",
    "app.example/hook",
    "https://user:password@app.example/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[2002:7f00:1::]/",
    `https://app.example/${"x".repeat(2_048)}`,
  ])("%s", async (url) => {
    const here = deferring({});
    const response = await here.post(hook(url));
    expect([response.status, here.deferral.jobs.counts.jobs]).toEqual([400, 0]);
    expect((await response.json()).error.message).toContain("x-holdfast-callback");
  });

  test.each<[string, readonly string[]]>([
    ["a name of this machine", ["127.0.0.1"]],
    ["a name of the network's own", ["10.0.0.5"]],
    ["a name that is public and private", ["203.0.114.7", "192.168.0.1"]],
    ["a name of the cloud's own data", ["169.254.169.254"]],
    ["a name in another writing", ["::ffff:127.0.0.1"]],
    ["a name that leads nowhere", []],
  ])("%s", async (_, addresses) => {
    const here = deferring({ leadsTo: () => addresses });
    const response = await here.post();
    expect([response.status, here.deferral.jobs.counts.jobs]).toEqual([400, 0]);
    expect((await response.json()).error.message).toContain("was not deferred: the header x-holdfast-callback");
  });

  test.each(["", "secret", "whsec_", `whsec_${btoa("short")}`, `whsec_${btoa("x".repeat(65))}`])(
    "a secret that signs nothing: %p",
    async (secret) => {
      const here = deferring({});
      const response = await here.post(hook(HOOK, secret));
      expect([response.status, here.deferral.jobs.counts.jobs]).toEqual([400, 0]);
    },
  );
});

test("a name that leads inside by the time of the callback is not gone to", async () => {
  let addresses = PUBLIC;
  const here = deferring({ leadsTo: () => addresses });
  const { id } = await (await here.post()).json();
  addresses = ["127.0.0.1"];
  await here.rest();
  expect(here.posts).toEqual([]);
  expect(await here.listed()).toMatchObject([
    { id, state: "done", callback: { state: "given-up", problem: "it leads into a network that is not public" } },
  ]);
});

test("a name that is not known for a while is asked for again", async () => {
  const answers = [PUBLIC, [], [], PUBLIC];
  const here = deferring({ leadsTo: () => answers.shift() ?? PUBLIC });
  await here.post();
  await here.rest();
  expect(here.posts.length).toBe(1);
});

test("one tenant's receivers that hang hold up nobody else's", async () => {
  const database = openMemoryDatabase();
  const here = deferring({ database });
  const insert = database.prepare(
    `INSERT INTO deferred_callback (id, tenant, url, secret, state, status, bornMs, attempts, nextMs, givenUp)
     VALUES (?, ?, ?, ?, 'done', 200, ?, 0, 0, 0)`,
  );
  const bornMs = Math.floor(here.world.runtime.wallMs());
  for (let number = 0; number < 30; number++) insert.run(`busy${number}`, "busy", HOOK, SECRET, bornMs);
  insert.run("other", "other", HOOK, SECRET, bornMs);
  here.deferral.stop();
  const next = deferring({ database });
  await next.world.run(next.world.clock.now() + 1);
  expect(next.posts.slice(0, 3).map(({ headers }) => headers["webhook-id"])).toContain("other");
  await next.rest();
  expect(next.posts.length).toBe(31);
});
