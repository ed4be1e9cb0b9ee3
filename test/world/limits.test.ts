// Limits in the virtual world: what hangs at one provider, or belongs to one tenant, is not felt by others; when nobody answers
// little is sent, and who is told so is told at once.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ANTHROPIC, type Ask, CHAT, type Client, on, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const SILENT = { ...on("alpha", { kind: "silence" }), atMs: 60_000, forMs: 120_000 };

/** Two routes: one at a provider that hangs for two minutes, one at another. Slow timeouts, so that much could pile up. */
async function play(hangs: boolean) {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    faults: hangs ? [SILENT] : [],
    routes: { chat: ["alpha/m"], other: ["beta/m"] },
    route: { timeouts: { connectMs: 5_000, firstTokenMs: 60_000, wholeMs: 60_000, idleMs: 60_000, totalMs: 600_000 } },
  });
  const others: ReturnType<typeof here.ask>[] = [];
  let most = 0;
  for (let tick = 0; tick < 240 * 20; tick++) {
    await here.world.run(tick * 50);
    here.ask({ prompt: `a${tick}`, tenant: "greedy" });
    if (tick % 4 === 0) others.push(here.ask({ prompt: `b${tick}`, tenant: "modest", model: "other" }));
    most = Math.max(most, here.world.inFlight());
  }
  await here.rest();
  const tookMs = others.map(({ call, endedAtMs }) => endedAtMs - startOf(here.events, call.id)).sort((a, b) => a - b);
  return { here, most, others, slowestMs: tookMs.at(-1) ?? 0, middleMs: tookMs[tookMs.length >> 1] ?? 0 };
}

function startOf(events: ReturnType<typeof virtual>["events"], id: string): number {
  return events.find((event) => event.type === "call-start" && event.call === id)?.atMs ?? 0;
}

describe("one provider hangs", () => {
  test("its calls do not pile up, and those to another provider feel nothing", async () => {
    const calm = await play(false);
    const hung = await play(true);
    expect(hung.others.every(({ delivery }) => delivery?.status === 200)).toBe(true);
    expect(hung.slowestMs).toBe(calm.slowestMs);
    expect(hung.middleMs).toBe(calm.middleMs);
    // 20 calls a second that wait 60 s each would be 1 200.
    expect(hung.most).toBeLessThan(300);
    const told = hung.here.events.filter((event) => event.type === "call-end" && event.fault === "busy");
    expect(told.length).toBeGreaterThan(0);
    expect(hung.here.checker.held).toBe(true);
  });
});

/** Five calls a second for eight minutes; from the second minute on, `share` of what all targets get fails. */
async function outage(share: number, more: Partial<Ask> = {}, seed = 1) {
  const faults = ["alpha", "beta"].map((name) => ({
    ...on(name, { kind: "overloaded" }),
    atMs: 60_000,
    forMs: 300_000,
    share,
  }));
  const here = virtual({
    seed,
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    faults,
    ...(more.model === "spoken" && { route: { lastResort: [{ type: "canned", text: "Back soon." }] } }),
  });
  const levels = ["critical", "default", "sheddable"] as const;
  const asked: { readonly client: Client; readonly atMs: number; readonly level: (typeof levels)[number] }[] = [];
  for (let tick = 0; tick < 480 * 5; tick++) {
    await here.world.run(tick * 200);
    const level = levels[tick % levels.length] ?? "default";
    asked.push({ client: here.ask({ prompt: `q${tick}`, criticality: level }), atMs: tick * 200, level });
  }
  await here.rest();
  const within = (fromMs: number, untilMs: number) => asked.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
  const sent = new Map<string, number>();
  for (const event of here.events) {
    if (event.type === "attempt-start") sent.set(event.call, (sent.get(event.call) ?? 0) + 1);
  }
  const attempts = (some: readonly { readonly client: Client }[]) =>
    some.reduce((sum, { client }) => sum + (sent.get(client.call.id) ?? 0), 0);
  const answered = (some: readonly { readonly client: Client }[]) =>
    some.filter(({ client }) => client.delivery?.headers["x-holdfast-served-by"] === "target").length;
  return { here, within, attempts, answered };
}

describe("nobody answers", () => {
  test("a trickle is sent, mostly critical; the others are told at once; recovery is noticed in seconds", async () => {
    const { within, attempts, answered } = await outage(1);
    const believed = within(90_000, 360_000);
    expect(attempts(believed) / believed.length).toBeLessThan(0.1);
    expect(attempts(believed)).toBeGreaterThan(30);
    const of = (level: string) => attempts(believed.filter((each) => each.level === level));
    expect(of("critical")).toBeGreaterThan(2 * of("default"));
    expect(of("sheddable")).toBeLessThan(of("default") + 3);
    const shed = believed.filter(({ client }) => client.delivery?.headers["x-holdfast-attempts"] === "0");
    expect(shed.length).toBeGreaterThan(0.9 * believed.length);
    for (const { client, atMs } of shed) {
      expect(client.delivery).toMatchObject({ status: 529, headers: { "x-should-retry": "false" } });
      expect(client.delivery?.headers["x-holdfast-trail"]).toBe("alpha/m=overloaded, beta/m=overloaded");
      expect(Number(client.delivery?.headers["retry-after"])).toBeLessThanOrEqual(60);
      expect(client.endedAtMs - atMs).toBe(0);
    }
    const after = within(370_000, 480_000);
    expect(answered(after)).toBe(after.length);
  });

  test("the last resort is reached at once", async () => {
    const { within } = await outage(1, { model: "spoken" });
    const spoken = within(90_000, 360_000).filter(
      ({ client }) => client.delivery?.headers["x-holdfast-attempts"] === "0",
    );
    expect(spoken.length).toBeGreaterThan(1_000);
    for (const { client } of spoken) expect(client.delivery?.headers["x-holdfast-served-by"]).toBe("canned");
    expect(Math.max(...spoken.map(({ client, atMs }) => client.openedAtMs - atMs))).toBe(0);
  });

  test("while four in ten calls fail everywhere, nobody is shed", async () => {
    const { here, within, answered } = await outage(0.4);
    expect(here.events.filter(({ type }) => type === "call-shed")).toEqual([]);
    const sick = within(60_000, 360_000);
    // Two targets, an attempt each.
    expect(answered(sick) / sick.length).toBeGreaterThan(0.8);
  });
});

test("a deadline that no target can meet is told at once; most of those that can be met are tried", async () => {
  const here = virtual({ providers: [sim("alpha", ANTHROPIC, { firstTokenMs: 2_000 })] });
  for (let tick = 0; tick < 100; tick++) {
    await here.world.run(tick * 1_000);
    here.ask({ prompt: `q${tick}` });
  }
  const calls: { readonly client: Client; readonly atMs: number }[] = [];
  for (let tick = 100; tick < 200; tick++) {
    const atMs = tick * 1_000;
    await here.world.run(atMs);
    calls.push({ client: here.ask({ prompt: `q${tick}`, deadlineMs: atMs + (tick % 2 === 0 ? 1_000 : 3_000) }), atMs });
  }
  await here.rest();
  const late = calls.filter((_, index) => index % 2 === 0);
  const shed = late.filter(({ client }) => client.delivery?.headers["x-holdfast-attempts"] === "0");
  expect(shed.length).toBeGreaterThan(40);
  for (const { client, atMs } of shed) {
    expect(client.delivery?.status).toBe(504);
    expect(client.endedAtMs - atMs).toBe(0);
  }
  const met = calls.filter((_, index) => index % 2 === 1);
  expect(met.every(({ client }) => client.delivery?.status === 200)).toBe(true);
});
