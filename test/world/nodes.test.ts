// The nodes of belief in the virtual world: one sick key, or one sick region, is left alone and takes nobody else with it; what
// is above it is left when the others say the same. The rules are `health/key-node.test.ts` and `health/pool.ts`.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Transport } from "../../src/core/runtime.ts";
import { randomStream } from "../../src/sim/random.ts";
import type { World } from "../../src/sim/world.ts";
import { ANTHROPIC, CHAT, on, sim, type Virtual, type VirtualOptions, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const [FROM_MS, UNTIL_MS, END_MS] = [60_000, 180_000, 360_000];
const RATE_PER_S = 10;

async function traffic(options: VirtualOptions): Promise<Virtual> {
  const here = virtual(options);
  for (let tick = 0; tick < (END_MS / 1_000) * RATE_PER_S; tick++) {
    await here.world.run((tick * 1_000) / RATE_PER_S);
    here.ask({ prompt: `q${tick}` });
  }
  await here.rest();
  return here;
}

const ejected = (here: Virtual) =>
  here.events.flatMap((event) => (event.type === "belief" && event.state === "ejected" ? [event.target] : []));
const answered = (here: Virtual) =>
  here.events.filter((event) => event.type === "call-end" && event.ending === "complete").length;

describe("one of a provider's two keys is sick", () => {
  /** Of calls with these keys a share is told that the provider is overloaded, at once or after a while. */
  async function play(sick: readonly string[], share: number, afterMs: number) {
    const sent: { readonly atMs: number; readonly key: string }[] = [];
    const random = randomStream(1, "keys");
    const transport =
      (world: World): Transport =>
      async (request, cancel) => {
        const key = request.headers["x-api-key"] ?? "";
        const atMs = world.clock.now();
        if (key !== "") sent.push({ atMs, key });
        if (!sick.includes(key) || atMs < FROM_MS || atMs >= UNTIL_MS || random() >= share) {
          return world.runtime.transport(request, cancel);
        }
        await new Promise<void>((resolve) => world.clock.after(afterMs, resolve));
        const whole = () => Promise.resolve(new TextEncoder().encode('{"error":{"type":"overloaded_error"}}'));
        const body = { read: () => Promise.resolve(undefined), whole, cancel() {} };
        return { status: 529, headers: { "content-type": "application/json" }, body };
      };
    const here = await traffic({
      providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
      keys: { alpha: ["k1", "k2"] },
      transport,
    });
    const within = (key: string, fromMs: number, untilMs: number) =>
      sent.filter((each) => each.key === key && each.atMs >= fromMs && each.atMs < untilMs).length;
    return { here, within };
  }

  test.each([
    [0.4, 20],
    [1, 20],
  ])("for %d of its calls, told after %d ms: the other serves, the target is never left", async (share, afterMs) => {
    const { here, within } = await play(["k1"], share, afterMs);
    expect(answered(here)).toBe((END_MS / 1_000) * RATE_PER_S);
    expect(ejected(here)).toEqual([]);
    const calls = ((UNTIL_MS - FROM_MS - 20_000) / 1_000) * RATE_PER_S;
    expect(within("k1", FROM_MS + 20_000, UNTIL_MS)).toBeLessThanOrEqual(0.03 * calls);
    expect(within("k2", FROM_MS + 20_000, UNTIL_MS)).toBeGreaterThan(0.95 * calls);
    // A minute after it is well again it has its calls back: prompt caches are its account's.
    expect(within("k1", UNTIL_MS + 60_000, END_MS)).toBeGreaterThan(0.99 * ((END_MS - UNTIL_MS - 60_000) / 100));
  });

  test("and says so late: the target is left for the silence, once, and comes back with the other", async () => {
    const { here, within } = await play(["k1"], 1, 2_000);
    expect(ejected(here)).toEqual(["alpha/m"]);
    expect(answered(here)).toBe((END_MS / 1_000) * RATE_PER_S);
    expect(within("k1", FROM_MS + 20_000, UNTIL_MS)).toBeLessThanOrEqual(0.03 * 1_000);
  });

  test("and so is the other: the target is left within seconds", async () => {
    const { here } = await play(["k1", "k2"], 0.4, 20);
    const left = here.events.find((event) => event.type === "belief" && event.state === "ejected");
    expect(left?.atMs).toBeLessThanOrEqual(FROM_MS + 5_000);
  });
});

describe("regions of one vendor", () => {
  const [EU, US] = ["eu.alpha", "us.alpha"];
  const providers = [sim(EU, ANTHROPIC), sim(US, ANTHROPIC), sim("beta", CHAT)];
  const sick = (name: string) => ({
    ...on(name, { kind: "overloaded" as const }),
    atMs: FROM_MS,
    forMs: UNTIL_MS - FROM_MS,
    share: 0.4,
  });

  test("one is sick: it alone is left, and the other carries its calls", async () => {
    const here = await traffic({ providers, faults: [sick(EU)] });
    expect([...new Set(ejected(here))]).toEqual([`${EU}/m`]);
    expect(answered(here)).toBe((END_MS / 1_000) * RATE_PER_S);
    const during = here.world.log.filter(({ atMs }) => atMs > FROM_MS + 10_000 && atMs < UNTIL_MS);
    expect(during.filter(({ provider }) => provider === US).length).toBeGreaterThan(0.95 * during.length);
  });

  test("both are: both are left, the second on less evidence of its own", async () => {
    const here = await traffic({ providers, faults: [sick(EU), sick(US)] });
    expect(new Set(ejected(here))).toEqual(new Set([`${EU}/m`, `${US}/m`]));
    const second = here.events.find(
      (event) => event.type === "belief" && event.target === `${US}/m` && event.state === "ejected",
    );
    expect(second?.type === "belief" && second.cause?.siblings).toBeGreaterThan(0);
  });
});
