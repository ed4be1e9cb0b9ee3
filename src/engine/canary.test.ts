import { expect, test } from "bun:test";
import { ANTHROPIC, CHAT, on, sim, type VirtualOptions, virtual } from "../../test/support/virtual.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { standingFault } from "../sim/fault-script.ts";
import { keepCanaries } from "./canary.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Probe = Extract<GatewayEvent, { type: "probe" }>;

function watched(options: Partial<VirtualOptions> = {}, canaryUsdPerDay = 10) {
  const here = virtual({ providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)], ...options });
  const { engine, world } = here;
  const settings = engine.settings;
  const budget = (usd: number) => engine.reload(usd === 0 ? settings : { ...settings, canaryUsdPerDay: usd });
  budget(canaryUsdPerDay);
  const canaries = keepCanaries(engine);
  const asked = (target: string) =>
    here.events.filter((event): event is Probe => event.type === "probe" && event.target === target);
  return { ...here, canaries, budget, asked, until: (ms: number) => world.run(ms) };
}

test("with no call at all there is evidence of each target, in its own dialect, and it is no call", async () => {
  const { until, asked, events, canaries, world } = watched();
  await until(HOUR);
  canaries.stop();
  await until(HOUR + MINUTE);
  for (const target of ["alpha/m", "beta/m"]) {
    expect(asked(target).length).toBeGreaterThan(50);
    expect(asked(target)[5]).toMatchObject({
      canary: true,
      ok: true,
      status: 200,
      requestId: expect.stringMatching(/./),
    });
  }
  // Half a minute into each.
  expect(
    new Set(
      asked("alpha/m").map(({ atMs }) => Math.floor((world.runtime.wallMs() - world.clock.now() + atMs) / MINUTE)),
    ).size,
  ).toBe(asked("alpha/m").length);
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["probe"]));
  expect(world.timers()).toBe(0);
  expect(world.log.every(({ fault }) => fault === undefined)).toBe(true);
});

test("a target that routing has left is asked each minute, by a small budget too, and is not believed for it", async () => {
  const down = { ...standingFault({ kind: "server-error" }), on: ["alpha"], atMs: 0, forMs: 3 * HOUR };
  const { until, ask, asked, engine, canaries } = watched({ faults: [down] }, 0.1);
  for (let count = 0; count < 40; count++) ask({ prompt: `question ${count}` });
  await until(MINUTE);
  const cell = engine.cells.belief(engine.routes.get("chat")?.keyed[0]?.identity ?? "");
  expect(cell.state).toBe("ejected");
  const { score } = cell;
  await until(3 * HOUR - MINUTE);
  const failed = asked("alpha/m").filter(({ canary }) => canary);
  // 0.10 USD are 200 questions; nobody else asks.
  expect(failed.length).toBeGreaterThan(170);
  expect(failed.every(({ ok, status, fault }) => !ok && status === 500 && fault === "server-error")).toBe(true);
  expect(cell.score).toBeLessThanOrEqual(score);
  await until(4 * HOUR);
  expect(cell.state).toBe("ejected");
  expect(asked("alpha/m").length + asked("beta/m").length).toBeLessThanOrEqual(200 + 1);
  canaries.stop();
});

test("nobody is asked unasked, nor one that is drained, local, or asked by clients", async () => {
  const { until, asked, budget, canaries, engine, ask } = watched(
    { local: ["beta"], targets: ["alpha/m", "beta/m"] },
    0,
  );
  await until(10 * MINUTE);
  expect(asked("alpha/m")).toEqual([]);
  budget(10);
  canaries.reload();
  await until(20 * MINUTE);
  const before = asked("alpha/m").length;
  expect(before).toBeGreaterThan(3);
  expect(asked("beta/m")).toEqual([]);
  engine.cells.drains.set("alpha/m", Number.POSITIVE_INFINITY, 0);
  await until(30 * MINUTE);
  engine.cells.drains.restore("alpha/m");
  expect(asked("alpha/m")).toHaveLength(before);
  for (let minute = 30; minute < 40; minute++) {
    await until(minute * MINUTE + 1_000);
    ask({ prompt: `question ${minute}` });
  }
  await until(40 * MINUTE);
  // One: the minute that had begun when the first came.
  expect(asked("alpha/m").length - before).toBeLessThanOrEqual(1);
  budget(0);
  canaries.reload();
  await until(60 * MINUTE);
  expect(asked("alpha/m").length - before).toBeLessThanOrEqual(1);
});

test("one that is slow to answer has failed after ten seconds; one that takes no such question is not asked for long", async () => {
  const silent = watched({ faults: [on("alpha", { kind: "silence" })] });
  await silent.until(20 * MINUTE);
  silent.canaries.stop();
  expect(silent.asked("alpha/m")[0]).toMatchObject({ ok: false, fault: "first-token-timeout", tookMs: 10_000 });
  const wrong = watched({ faults: [on("alpha", { kind: "bad-request" })] });
  await wrong.until(2 * HOUR);
  wrong.canaries.stop();
  expect(wrong.asked("alpha/m")).toEqual([]);
  const sent = wrong.world.log.filter(({ provider }) => provider === "alpha").length;
  expect([sent > 0, sent <= 4]).toEqual([true, true]);
});
