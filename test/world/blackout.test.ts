// A full blackout on a route whose questions come again: nearly every call is answered from what was kept, and at once, since
// nobody waits for targets that are believed to be gone. Times are the world's.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { FaultScript } from "../../src/sim/fault-script.ts";
import { randomStream } from "../../src/sim/random.ts";
import { ANTHROPIC, CHAT, type Client, on, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const DOWN_AT_MS = 60_000;
const DOWN_MS = 300_000;
const EVERY_MS = 100;
const COUNTRIES = ["France", "Spain", "Italy", "Poland", "Norway", "Kenya", "India", "Peru", "Egypt", "Ghana"];
/** The same question in these forms. */
const FORMS = [
  (country: string) => `What is the capital of ${country}?`,
  (country: string) => `what's the capital of ${country.toLowerCase()}`,
  (country: string) => `Hi, can you tell me what is the capital of ${country}?`,
];

const BACK_MS = 60_000;

// The share is of all five minutes: silence takes its time to be noticed, and a limit is asked about now and then.
test.each<[string, FaultScript, number]>([
  ["overloaded", { kind: "overloaded" }, 1],
  ["overloaded, without money for probes", { kind: "overloaded" }, 0],
  ["failing inside", { kind: "server-error" }, 1],
  ["silent", { kind: "silence" }, 1],
  ["refusing its key", { kind: "credential" }, 1],
  ["over its limit, and asking for a short wait", { kind: "rate-limit", retryAfter: "2" }, 1],
  ["over its limit without a word of when", { kind: "status", status: 429 }, 1],
  ["over its limit, and asking for a long wait", { kind: "rate-limit", retryAfter: "20" }, 1],
])("every target %s for five minutes", async (_, script, probesUsdPerDay) => {
  const faults = ["alpha", "beta"].map((name) => ({ ...on(name, script), atMs: DOWN_AT_MS, forMs: DOWN_MS }));
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    route: {
      cache: { healthy: "off", outage: "stem", scope: "tenant", ttlMs: 30_000, staleIfErrorMs: 600_000 },
      lastResort: [{ type: "stale-cache" }],
    },
    faults,
  });
  here.engine.reload({ ...here.engine.settings, probesUsdPerDay });
  const random = randomStream(3, "questions");
  const asked: { readonly client: Client; readonly atMs: number }[] = [];
  for (let atMs = 0, i = 0; atMs < DOWN_AT_MS + DOWN_MS + BACK_MS; atMs += EVERY_MS, i++) {
    await here.world.run(atMs);
    // Until the blackout each country is asked for in one form; then in any, by either dialect, whole or as a stream.
    const form = atMs < DOWN_AT_MS ? FORMS[0] : FORMS[Math.floor(random() * FORMS.length)];
    const prompt = form?.(COUNTRIES[i % COUNTRIES.length] ?? "") ?? "";
    const dialect = random() < 0.5 ? ANTHROPIC : CHAT;
    asked.push({ client: here.ask({ prompt, dialect, stream: random() < 0.5 }), atMs });
  }
  await here.rest();
  const during = asked.filter(({ atMs }) => atMs >= DOWN_AT_MS && atMs < DOWN_AT_MS + DOWN_MS);
  const atOnce = during.filter(
    ({ client, atMs }) =>
      client.delivery?.headers["x-holdfast-served-by"] === "stale-cache" && client.endedAtMs - atMs <= 50,
  );
  expect(atOnce.length / during.length).toBeGreaterThanOrEqual(0.95);
  // And though a kept answer could be given to all, it is noticed that the targets are back.
  const after = asked.filter(({ atMs }) => atMs >= DOWN_AT_MS + DOWN_MS + BACK_MS / 2);
  const anew = after.filter(({ client }) => client.delivery?.headers["x-holdfast-served-by"] === "target");
  expect(anew.length).toBe(after.length);
  const ends = here.events.filter((event) => event.type === "call-end");
  expect(ends.filter(({ ending }) => ending !== "complete")).toEqual([]);
});
