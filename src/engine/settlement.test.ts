import { describe, expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import { CancelSource } from "../core/cancel.ts";
import { type FaultKind, fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { Settlement } from "./settlement.ts";

function settlement() {
  const { runtime, clock, advance } = handRuntime(() => fault("bug", "nothing is sent here"));
  const cancel = new CancelSource();
  const events: GatewayEvent[] = [];
  const scope = { runtime, cancel, emit: (event: GatewayEvent) => void events.push(event) };
  const call = { id: "c1" } as ConstructorParameters<typeof Settlement>[0]; // all that is read of it
  return { made: new Settlement(call, scope, "alpha/m", 2), cancel, events, clock, advance };
}

describe("the end of an attempt", () => {
  test("is told once, with what was known", async () => {
    const { made, events, clock, advance } = settlement();
    await advance(100);
    made.content();
    await advance(50);
    made.content();
    Object.assign(made, { status: 200, requestId: "req_1", usage: { outputTokens: 3 }, committed: true, pausedMs: 7 });
    made.timer.move(1_000);
    const ending = made.settle(undefined);
    expect(ending).toEqual({
      kind: "complete",
      usage: { outputTokens: 3 },
      firstContentMs: 100,
      tookMs: 150,
      pausedMs: 7,
    });
    expect(made.settle(fault("stream-broken", "late")).kind).toBe("broken");
    expect(await made.ending).toBe(ending);
    expect(events).toEqual([
      { type: "attempt-start", atMs: 0, call: "c1", target: "alpha/m", number: 2 },
      {
        type: "attempt-end",
        atMs: 150,
        call: "c1",
        target: "alpha/m",
        number: 2,
        status: 200,
        committed: true,
        firstContentMs: 100,
        tookMs: 150,
        pausedMs: 7,
        usage: { outputTokens: 3 },
        requestId: "req_1",
      },
    ]);
    expect(clock.timers).toBe(0);
    expect(made.record(undefined)).toEqual({ target: "alpha/m", fault: "ok", status: 200, ms: 150 });
  });

  test.each<[FaultKind, string]>([
    ["cancelled", "cancelled"],
    ["client-stall", "cancelled"],
    ["superseded", "cancelled"],
    ["deadline-exceeded", "broken"],
    ["idle-timeout", "broken"],
    ["bug", "broken"],
  ])("%s is %s", (kind, ending) => {
    expect(settlement().made.settle(fault(kind, "why")).kind as string).toBe(ending);
  });

  test("takes it off its scope, so that nothing is kept", () => {
    const { made, cancel } = settlement();
    made.settle(undefined);
    cancel.cancel(fault("cancelled", "left"));
    expect(made.cancel.fault).toBeUndefined();
  });
});

test("its timer cancels it with the deadline that it stands for at that moment", async () => {
  const { made, advance } = settlement();
  made.timer.move(100);
  made.deadline = { passed: () => fault("whole-timeout", "late") };
  await advance(100);
  expect(made.cancel.fault).toMatchObject({ kind: "whole-timeout" });
});
