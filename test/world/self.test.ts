// Our own network fails: every provider at once takes no connection. Nobody is ejected for it, it is told as what it is, and
// when it is over the best target has its calls back within seconds, without a ramp (probes of the others apart).

import { expect, setDefaultTimeout, test } from "bun:test";
import { ANTHROPIC, CHAT, on, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const [FROM_MS, UNTIL_MS, END_MS] = [120_000, 180_000, 300_000];

const NAMES = ["alpha", "beta", "gamma"] as const;

async function play(names: readonly string[], [first = "", second = "", third = ""]: readonly string[] = NAMES) {
  const here = virtual({
    providers: [sim(first, ANTHROPIC), sim(second, CHAT), sim(third, ANTHROPIC)],
    faults: names.map((name) => ({ ...on(name, { kind: "reset" }), atMs: FROM_MS, forMs: UNTIL_MS - FROM_MS })),
  });
  for (let atMs = 0, call = 0; atMs < END_MS; atMs += 200, call++) {
    await here.world.run(atMs);
    here.ask({ prompt: `question ${call}`, tenant: `t${call % 2}` });
  }
  await here.rest();
  return {
    here,
    told: here.events.flatMap((event) => (event.type === "self-suspicion" ? [event.state] : [])),
    ejected: here.events.filter((event) => event.type === "belief" && event.state === "ejected").length,
  };
}

test("all at once: we suspect ourselves", async () => {
  const { here, told, ejected } = await play(["alpha", "beta", "gamma"]);
  expect(ejected).toBe(0);
  expect(told).toEqual(["began", "ended"]);
  const after = here.world.log.filter(({ atMs }) => atMs >= UNTIL_MS + 10_000);
  expect(after.filter(({ provider }) => provider === "alpha").length / after.length).toBeGreaterThan(0.9);
});

test("two of three, while the third answers: they are ejected like any other", async () => {
  const { told, ejected } = await play(["alpha", "beta"]);
  expect(told).toEqual([]);
  expect(ejected).toBeGreaterThanOrEqual(2);
});

test.each(["silence", "reset"] as const)(
  "%s everywhere, where every target is in use: a trickle is sent, the others are told at once, and it is over at once",
  async (kind) => {
    const names = ["alpha", "beta", "gamma"] as const;
    const targets = (first: number) => names.map((_, at) => `${names[(first + at) % names.length]}/m`);
    const here = virtual({
      providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT), sim("gamma", ANTHROPIC)],
      routes: { one: targets(0), two: targets(1), three: targets(2) },
      faults: names.map((name) => ({ ...on(name, { kind }), atMs: FROM_MS, forMs: 180_000 })),
    });
    const asked: { readonly atMs: number; readonly client: ReturnType<typeof here.ask> }[] = [];
    for (let atMs = 0, call = 0; atMs < FROM_MS + 240_000; atMs += 200, call++) {
      await here.world.run(atMs);
      const model = ["one", "two", "three"][call % 3] ?? "one";
      asked.push({ atMs, client: here.ask({ prompt: `question ${call}`, model, stream: call % 5 > 0 }) });
    }
    await here.rest();
    const sent = here.events.filter(
      ({ type, atMs }) => type === "attempt-start" && atMs >= FROM_MS + 20_000 && atMs < FROM_MS + 180_000,
    );
    // Each route has a trickle of its own. Without the rule it was one attempt a call, and three where nothing connects.
    expect(sent.length / (160 * 5)).toBeLessThanOrEqual(0.2);
    const late = asked.filter(({ atMs, client }) => atMs >= FROM_MS + 190_000 && client.delivery?.status !== 200);
    expect(late).toEqual([]);
  },
);

test("all regions of one vendor at once: that is the vendor's own trouble", async () => {
  const regions = ["eu.alpha", "us.alpha", "ap.alpha"];
  const { told, ejected } = await play(regions, regions);
  expect(told).toEqual([]);
  expect(ejected).toBeGreaterThanOrEqual(3);
});
