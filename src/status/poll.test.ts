import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type Answering, bodyOf, handRuntime, respond, type Sent } from "../../test/support/hand-runtime.ts";
import { fault } from "../core/fault.ts";
import type { PageReading } from "../core/status-page.ts";
import { pageChange } from "./page-change.ts";
import { pageSources } from "./page-source.ts";
import { createPoller, type PollerOptions } from "./poll.ts";
import { createPageMemory, readPage } from "./read-page.ts";

const OWN = new URL("../../test/fixtures/status/", import.meta.url).pathname;
const file = (name: string) => new Uint8Array(readFileSync(OWN + name));
const PAGE = "https://status.example.com";
const SURFACES = { k8w3r06qmzrp: "api" } as const;
const NOT_FOUND = () => respond(404, "<html></html>", { "content-type": "text/html" });

function source(more: object = {}, page = PAGE) {
  const [made] = pageSources([{ name: "p", statusPage: page }], () => ({ surfaces: SURFACES, ...more }));
  if (made === undefined) throw new Error("no page");
  return made;
}

/** Serves files by the end of their path; anything else is not there. */
function serving(files: Readonly<Record<string, string>>): Answering {
  return ({ url }) => {
    const name = Object.entries(files).find(([end]) => url.endsWith(end))?.[1];
    return name === undefined ? NOT_FOUND() : respond(200, file(name));
  };
}

const CLAUDE = { "/api/v2/summary.json": "claude-green.summary.json" };

function started(answering: Answering, more: Partial<PollerOptions> = {}, facts: object = {}) {
  const hand = handRuntime(answering);
  const told: PageReading[] = [];
  const poller = createPoller({ runtime: hand.runtime, idleMs: 300_000, onReading: (now) => told.push(now), ...more });
  poller.watch([source(facts)]);
  const times = () => hand.sent.map(({ url }) => url.replace(PAGE, ""));
  return { hand, told, poller, times };
}

test("finds out the kind of page, keeps to it, and polls every 300 s with jitter while all is well", async () => {
  const { hand, told, poller, times } = started(serving(CLAUDE));
  await hand.advance(1_000);
  expect(told).toMatchObject([{ provider: "p", backend: "statuspage", health: "operational", state: "ok" }]);
  expect(times()).toEqual(["/proxy/status.example.com", "/api/v2/summary.json", "/api/v2/incidents.json"]);
  await hand.advance(299_000);
  expect(told.length).toBe(1);
  await hand.advance(60_000);
  expect(told.length).toBe(2);
  expect(times().slice(3)).toEqual(["/api/v2/summary.json", "/api/v2/incidents.json"]);
  poller.stop();
  await hand.advance(3_600_000);
  expect(told.length).toBe(2);
});

test("the documents of a reading are handed over as they came, each once", async () => {
  const seen: (readonly [url: string, same: boolean])[][] = [];
  const onReading: PollerOptions["onReading"] = (_now, _before, documents) => {
    const wanted = file("claude-green.summary.json");
    seen.push(documents.map(({ url, bytes }) => [url, Buffer.from(bytes).equals(Buffer.from(wanted))]));
  };
  const { hand, poller } = started(serving(CLAUDE), { onReading });
  await hand.advance(1_000);
  expect(seen).toEqual([[[`${PAGE}/api/v2/summary.json`, true]]]);
  poller.stop();
});

test("an open incident is read every 60 s; the floor of a page wins", async () => {
  const open = { "/api/v2/summary.json": "claude-2026-06-23.summary.json" };
  const quick = started(serving(open));
  await quick.hand.advance(700_000);
  expect(quick.told.length).toBeWithin(10, 13);
  const slow = started(serving(open), {}, { floorS: 300 });
  await slow.hand.advance(700_000);
  expect(slow.told.length).toBe(3);
});

test("a vendor that changes is followed at the next reading, and that is told", async () => {
  const files: Record<string, string> = { ...CLAUDE };
  const { hand, told } = started((request) => serving(files)(request));
  await hand.advance(1_000);
  delete files["/api/v2/summary.json"];
  files["/proxy/status.example.com"] = "openai-native-full-outage.json";
  await hand.advance(400_000);
  const [before, after] = [told[0], told.at(-1)];
  if (after === undefined) throw new Error("nothing was read");
  expect(after).toMatchObject({ backend: "incidentio", state: "ok" });
  expect(pageChange(before, after, 0)).toMatchObject({ backend: "incidentio", first: false });
});

test("a failed reading is stale for 30 minutes and unknown after that; it is never an all-clear", async () => {
  let answering: Answering = serving({ "/api/v2/summary.json": "claude-2026-06-23.summary.json" });
  const { hand, told } = started((request) => answering(request));
  await hand.advance(1_000);
  answering = () => respond(503, "no");
  await hand.advance(120_000);
  expect(told.at(-1)).toMatchObject({ state: "stale", health: "major_outage", error: { code: "http" } });
  await hand.advance(3_600_000);
  expect(told.at(-1)).toMatchObject({ state: "error", health: "unknown", incidents: [], components: [] });
  expect(told.at(-1)?.fetchedMs).toBeDefined();
  // Backed off to ten minutes: some six an hour.
  expect(told.length).toBeLessThan(14);
});

test("what is open ends when it is listed no more", async () => {
  let name = "claude-2026-06-23.summary.json";
  const { hand, told } = started(({ url }) => (url.endsWith("summary.json") ? respond(200, file(name)) : NOT_FOUND()));
  await hand.advance(1_000);
  name = "claude-green.summary.json";
  await hand.advance(80_000);
  const [first, second] = told;
  if (first === undefined || second === undefined) throw new Error("not read twice");
  expect(pageChange(undefined, first, 0)).toMatchObject({
    first: true,
    health: "major_outage",
    incidents: [{ open: true }],
  });
  const ended = { id: "jbhf20wjmzrf", open: false, lifecycle: "resolved", endedMs: 7 };
  expect(pageChange(first, second, 7)).toMatchObject({ first: false, health: "operational", incidents: [ended] });
  expect(pageChange(second, second, 8)).toBeUndefined();
});

test("conditional requests: 304 is a fresh reading of what was there", async () => {
  const validators = { etag: '"a"', "last-modified": "Tue, 23 Jun 2026 14:00:00 GMT" };
  const asked: Sent[] = [];
  const { hand, told } = started((request) => {
    if (!request.url.endsWith("summary.json")) return NOT_FOUND();
    asked.push(request);
    return asked.length === 1 ? respond(200, file("claude-green.summary.json"), validators) : respond(304, "");
  });
  await hand.advance(400_000);
  expect(asked[1]?.headers).toMatchObject({ "if-none-match": '"a"', "if-modified-since": validators["last-modified"] });
  expect(told[1]).toMatchObject({ state: "ok", health: "operational" });
  expect(told[1]?.fetchedMs).toBeGreaterThan(told[0]?.fetchedMs ?? Number.NaN);
});

test("a challenge: the other address is read, and the page is left alone for 15 minutes", async () => {
  const challenged: Answering = ({ url }) =>
    url.startsWith(PAGE)
      ? respond(405, "<html>challenge</html>", { "content-type": "text/html" })
      : serving({ "/api/v2/summary.json": "claude-green.summary.json" })({ url } as Sent);
  const withOther = started(challenged, {}, { fallbacks: ["https://other.example.com"] });
  await withOther.hand.advance(1_000);
  expect(withOther.told[0]).toMatchObject({ state: "ok", via: "https://other.example.com/api/v2/summary.json" });
  // For hours the one that challenged us is not even asked.
  const before = withOther.hand.sent.filter(({ url }) => url.startsWith(PAGE)).length;
  await withOther.hand.advance(3_600_000);
  expect(withOther.told.length).toBeGreaterThan(8);
  expect(withOther.hand.sent.filter(({ url }) => url.startsWith(PAGE)).length).toBe(before);
  const alone = started(challenged);
  await alone.hand.advance(800_000);
  expect(alone.told).toMatchObject([
    { state: "error", health: "unknown", error: { code: "blocked", detail: "HTTP 405" } },
  ]);
});

test("a host that forbids what it does not have is asked for the next kind", async () => {
  const hand = handRuntime((request) =>
    request.url.includes("/proxy/") ? respond(403, "<Error/>") : serving(CLAUDE)(request),
  );
  expect((await readPage(source(), createPageMemory(), hand)).reading).toMatchObject({ health: "operational" });
});

test("a page under a path prefix, and one that is a document itself", async () => {
  const prefixed = handRuntime(serving({ "/ai/status/api/v2/summary.json": "named-api.summary.json" }));
  const under = source({ surfaces: {} }, `${PAGE}/ai/status/`);
  expect((await readPage(under, createPageMemory(), prefixed)).reading).toMatchObject({ health: "operational" });
  const feed = handRuntime(serving({ "/feed.xml": "xai.feed.rss" }));
  const one = source({}, `${PAGE}/feed.xml`);
  expect((await readPage(one, createPageMemory(), feed)).reading).toMatchObject({ backend: "rss" });
  expect(feed.sent.length).toBe(1);
});

const HOSTILE: readonly (readonly [string, Answering, object])[] = [
  [
    "HTML everywhere",
    () => respond(200, "<!doctype html><html></html>", { "content-type": "text/html" }),
    { code: "blocked" },
  ],
  ["403", () => respond(403, "no"), { code: "blocked" }],
  ["an empty body", () => respond(200, ""), { code: "schema" }],
  ["10 MB", () => respond(200, new Uint8Array(10 * 1024 * 1024)), { code: "too-large" }],
  ["no connection", () => fault("connect-failed", "refused"), { code: "network" }],
  ["a transport that throws", () => Promise.reject(new Error("bug")), { code: "network" }],
  ["a redirect without end", () => respond(302, "", { location: `${PAGE}/again` }), { code: "http" }],
  ["a redirect to http", () => respond(302, "", { location: "http://status.example.com/" }), { code: "http" }],
  [
    "a redirect to a private address",
    () => respond(302, "", { location: "https://169.254.169.254/" }),
    { code: "blocked" },
  ],
  ["a redirect to a private IPv6", () => respond(302, "", { location: "https://[::1]/" }), { code: "blocked" }],
  ["a redirect to a number", () => respond(302, "", { location: "https://2130706433/" }), { code: "blocked" }],
  [
    "a redirect to a name that is private",
    () => respond(302, "", { location: "https://inside.example.com/" }),
    { code: "blocked" },
  ],
  ["brotli", () => respond(200, "{}", { "content-encoding": "br" }), { code: "schema" }],
  ["broken gzip", () => respond(200, "{}", { "content-encoding": "gzip" }), { code: "schema" }],
  ["304 to nothing", () => respond(304, ""), { code: "http" }],
];

for (const [what, answering, error] of HOSTILE) {
  test(`a page that answers ${what} is unknown`, async () => {
    const hand = handRuntime(answering);
    const resolveHost = async () => ["10.0.0.8"];
    const { reading } = await readPage(source(), createPageMemory(), { runtime: hand.runtime, resolveHost });
    expect(reading).toMatchObject({ health: "unknown", state: "error", error });
  });
}

test("a page that hangs is given up after 10 s, and a redirect to a public host is followed", async () => {
  const hanging = started(() => new Promise(() => {}));
  await hanging.hand.advance(12_000);
  expect(hanging.told).toMatchObject([{ state: "error", error: { code: "timeout" } }]);
  const moved: Answering = ({ url }) =>
    url.startsWith(PAGE)
      ? respond(301, "", { location: url.replace("status.example.com", "new.example.com") })
      : serving(CLAUDE)({ url } as Sent);
  const hand = handRuntime(moved);
  const resolveHost = async () => ["1.1.1.1", "2606:4700::1"];
  const { reading } = await readPage(source(), createPageMemory(), { runtime: hand.runtime, resolveHost });
  expect(reading).toMatchObject({ health: "operational" });
  // Whoever answers another address a moment later is not listened to: it is the checked one that is connected to.
  const led = hand.sent.filter(({ url }) => url.startsWith("https://new.example.com"));
  expect([led.length > 0, new Set(led.map(({ address }) => address))]).toEqual([true, new Set(["1.1.1.1"])]);
  expect(hand.sent.filter(({ url }) => url.startsWith(PAGE)).every(({ address }) => address === undefined)).toBe(true);
  const blind = await readPage(source(), createPageMemory(), { runtime: hand.runtime });
  expect(blind.reading).toMatchObject({ error: { code: "blocked" } });
});

test("compressed all the same, and a bomb", async () => {
  const gzip = { "content-encoding": "gzip" };
  const well = handRuntime(({ url }) =>
    url.endsWith("summary.json") ? respond(200, Bun.gzipSync(file("claude-green.summary.json")), gzip) : NOT_FOUND(),
  );
  expect((await readPage(source(), createPageMemory(), well)).reading).toMatchObject({ health: "operational" });
  const bomb = handRuntime(() => ({
    status: 200,
    headers: gzip,
    body: bodyOf(Bun.gzipSync(new Uint8Array(50_000_000))),
  }));
  expect((await readPage(source(), createPageMemory(), bomb)).reading).toMatchObject({ error: { code: "schema" } });
});

test("hints: read again within 10 s, once however many come, and never a page that does not want us", async () => {
  const { hand, told, poller } = started(serving(CLAUDE));
  await hand.advance(20_000);
  for (let time = 0; time < 1_000; time++) poller.hint(PAGE);
  poller.hint("https://stranger.example.com");
  await hand.advance(5_000);
  expect(told.length).toBe(2);
  for (let second = 0; second < 60; second++) {
    poller.hint(PAGE);
    await hand.advance(1_000);
  }
  expect(told.length).toBeWithin(7, 9);
  const blocked = started(() => respond(403, ""));
  await blocked.hand.advance(2_000);
  blocked.poller.hint(PAGE);
  await blocked.hand.advance(60_000);
  expect(blocked.told.length).toBe(1);
});

test("whoever is told may throw, and pages come and go with the configuration", async () => {
  const hand = handRuntime(serving(CLAUDE));
  let told = 0;
  const onReading = () => {
    told++;
    throw new Error("a reader's bug");
  };
  const poller = createPoller({ runtime: hand.runtime, idleMs: 60_000, onReading });
  poller.watch(
    pageSources(
      [
        { name: "a", statusPage: PAGE },
        { name: "b", statusPage: `${PAGE}/` },
      ],
      () => undefined,
    ),
  );
  await hand.advance(80_000);
  expect(told).toBe(4);
  expect(poller.readings.map(({ provider }) => provider)).toEqual(["a", "b"]);
  poller.watch([]);
  expect(poller.readings).toEqual([]);
  expect(hand.clock.nextDueMs).toBe(Number.POSITIVE_INFINITY);
});
