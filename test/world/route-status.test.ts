// What an application's own screen is told while its providers fail and come back: by state, in a sentence without a vendor's
// name, and without a single request for it.

import { describe, expect, test } from "bun:test";
import type { RouteSettings } from "../../src/core/settings.ts";
import { routeStatus } from "../../src/engine/route-status.ts";
import { createHandler } from "../../src/server/handler.ts";
import { ANTHROPIC, CHAT, on, sim, type Virtual, virtual } from "../support/virtual.ts";

const LADDER: Partial<RouteSettings> = {
  cache: { healthy: "off", outage: "stem", scope: "tenant", ttlMs: 1_000, staleIfErrorMs: 1_000 },
  lastResort: [{ type: "stale-cache" }, { type: "canned", text: "Back soon." }],
};
const DOWN = { kind: "server-error" } as const;

/** Traffic until `untilMs`, then the status. */
async function statusAt(here: Virtual, untilMs: number, route = "chat") {
  for (let atMs = here.world.clock.now(); atMs < untilMs; atMs += 100) {
    await here.world.run(atMs);
    here.ask({ prompt: `at ${atMs}`, stream: false });
  }
  await here.world.run(untilMs);
  return routeStatus(here.engine, route);
}

test("well, by a backup, not at all, and well again", async () => {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    route: LADDER,
    faults: [
      { ...on("alpha", DOWN), atMs: 20_000, forMs: 100_000 },
      { ...on("beta", DOWN), atMs: 60_000, forMs: 60_000 },
    ],
  });
  expect(await statusAt(here, 15_000)).toEqual({
    route: "chat",
    state: "healthy",
    sentence: "Everything works.",
    works: ["target", "stale-cache", "canned"],
  });
  const degraded = await statusAt(here, 50_000);
  expect(degraded).toMatchObject({ state: "degraded", works: ["target", "stale-cache", "canned"] });
  expect(degraded?.sentence).toMatch(/^Answers come from a backup since [0-9-]{10} [0-9:]{5} UTC; /);
  const down = await statusAt(here, 110_000);
  expect(down).toMatchObject({ state: "down", works: ["stale-cache", "canned"] });
  expect(down?.sentence).toMatch(
    /^New answers are not available since [0-9-]{10} [0-9:]{5} UTC\. Still: questions that/,
  );
  const epochMs = here.world.runtime.wallMs() - here.world.clock.now();
  expect(Date.parse(down?.since ?? "") - epochMs).toBeWithin(60_000, 80_000);
  const healed = await statusAt(here, 600_000);
  expect(healed).toMatchObject({ state: "healthy", sentence: "Everything works." });
  for (const status of [degraded, down, healed]) expect(JSON.stringify(status)).not.toMatch(/alpha|beta/);
  const sent = here.events.length;
  routeStatus(here.engine, "chat");
  expect(here.events.length).toBe(sent);
  await here.rest();
});

test("what an operator drained is out, and without last resorts there is nothing left", () => {
  const { engine } = virtual({ providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)] });
  engine.cells.drains.set("alpha/m", Number.POSITIVE_INFINITY, 0);
  expect(routeStatus(engine, "chat")?.state).toBe("degraded");
  engine.cells.drains.set("beta/*", Number.POSITIVE_INFINITY, 0);
  expect(routeStatus(engine, "chat")).toEqual({
    route: "chat",
    state: "down",
    sentence: "New answers are not available. Please try again later.",
    works: [],
  });
});

describe("over HTTP", () => {
  const hash = (key: string) => `sha256:${new Bun.CryptoHasher("sha256").update(key).digest("hex")}`;
  const { engine } = virtual({ providers: [sim("alpha", ANTHROPIC)] });
  const keys = [
    { name: "one", hash: hash("key-one"), routes: ["chat"] },
    { name: "two", hash: hash("key-two"), routes: ["other"] },
  ];
  engine.reload({ ...engine.settings, keys });
  const { handle } = createHandler(engine);
  const get = (query: string, key: string, method = "GET") =>
    handle(
      new Request(`http://127.0.0.1:4000/v1/route-status${query}`, {
        method,
        headers: { authorization: `Bearer ${key}`, host: "127.0.0.1:4000" },
      }),
    );

  test.each([
    ["?route=chat", "key-one", 200],
    ["?route=chat", "key-two", 404],
    ["?route=nobody", "key-one", 404],
    ["?route=", "key-one", 400],
    ["", "key-one", 400],
    ["?route=chat", "wrong", 401],
  ])("%s with %s: %i", async (query, key, status) => {
    const response = await get(query, key);
    expect(response.status).toBe(status);
    if (status === 200) expect(await response.json()).toMatchObject({ route: "chat", state: "healthy" });
    // Not to be used is not told apart from not there.
    if (status === 404) expect(await response.text()).toContain("No such route");
  });

  test("is only read", async () => {
    expect((await get("?route=chat", "key-one", "POST")).status).toBe(405);
  });
});
