// Probes ask something that has a right answer. A provider that answers everything with nothing, or with nonsense, is not
// well for its status 200; a model that never answers sums comes back all the same; and what a route asks of its answers
// is not asked of a probe.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { DialectId } from "../../src/core/call.ts";
import { noteAnswer } from "../../src/health/probe-answer.ts";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import { ANTHROPIC, CHAT, on, sim, type Virtual, type VirtualOptions, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const [SICK_MS, GARBAGE_MS, WELL_MS, END_MS] = [60_000, 90_000, 150_000, 330_000];

interface Played extends Partial<VirtualOptions> {
  /** Canaries have had right answers. */
  readonly known?: boolean;
}

async function play(dialect: DialectId, { known = false, ...more }: Played): Promise<Virtual> {
  const here = virtual({ providers: [sim("alpha", dialect), sim("beta", CHAT)], ...more });
  const { probeHabit } = here.engine.cells.belief(here.engine.routes.get("chat")?.keyed[0]?.identity ?? "");
  for (let count = 0; known && count < 200; count++) noteAnswer(probeHabit, "right");
  for (let atMs = 0, call = 0; atMs < END_MS; atMs += 250, call++) {
    await here.world.run(atMs);
    here.ask({ prompt: `question ${call}` });
  }
  await here.rest();
  return here;
}

function fault(kind: ScheduledFault["kind"], fromMs: number, untilMs: number, more: Partial<ScheduledFault> = {}) {
  return { ...on("alpha", { kind }), atMs: fromMs, forMs: untilMs - fromMs, ...more };
}

/** When alpha got calls again. */
function returnsOf({ events }: Virtual): number[] {
  return events.flatMap((event) =>
    event.type === "belief" && event.target === "alpha/m" && event.state === "ramp" ? [event.atMs] : [],
  );
}

function probesOf({ events }: Virtual, fromMs: number, untilMs: number) {
  return events.flatMap((event) =>
    event.type === "probe" && event.target === "alpha/m" && event.atMs >= fromMs && event.atMs < untilMs ? [event] : [],
  );
}

describe.each([ANTHROPIC, CHAT] as const)("%s", (dialect) => {
  test.each([
    ["nothing", {}],
    ["nonsense", { message: "kelp and tide and rock" }],
  ])("a sick provider that then answers everything with %s is not taken for well", async (_, more) => {
    const here = await play(dialect, {
      known: true,
      faults: [fault("overloaded", SICK_MS, GARBAGE_MS), fault("empty", GARBAGE_MS, WELL_MS, more)],
    });
    const garbage = probesOf(here, GARBAGE_MS + 1_000, WELL_MS);
    expect(garbage.length).toBeGreaterThan(8);
    expect(garbage.every(({ ok, status }) => !ok && status === 200)).toBe(true);
    const after = returnsOf(here).filter((atMs) => atMs >= GARBAGE_MS);
    expect(after).toHaveLength(1);
    expect(after[0]).toBeGreaterThanOrEqual(WELL_MS);
    expect(after[0]).toBeLessThanOrEqual(WELL_MS + 30_000);
    const probes = probesOf(here, WELL_MS, END_MS);
    expect(probes.length > 0 && probes.every(({ ok, answer }) => ok && answer === "right")).toBe(true);
  });

  test("a model that never answers sums comes back, by more probes", async () => {
    const here = await play(dialect, {
      faults: [fault("overloaded", SICK_MS, WELL_MS)],
      transport:
        ({ runtime }) =>
        (request, cancel) => {
          const text = new TextDecoder().decode(request.body).replace("What is", "Consider");
          return runtime.transport({ ...request, body: new TextEncoder().encode(text) }, cancel);
        },
    });
    const probes = probesOf(here, WELL_MS, END_MS);
    expect(probes.every(({ ok, answer }) => ok && answer === "other")).toBe(true);
    const [back = Number.NaN] = returnsOf(here);
    expect(back).toBeGreaterThan(WELL_MS + 25_000);
    expect(back).toBeLessThanOrEqual(WELL_MS + 40_000);
  });

  test("a route that validates its answers gets its target back", async () => {
    const here = await play(dialect, {
      route: { validate: { minLength: 20 } },
      faults: [fault("overloaded", SICK_MS, WELL_MS)],
    });
    expect(returnsOf(here)[0]).toBeLessThanOrEqual(WELL_MS + 30_000);
  });
});
