import { describe, expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import type { Call } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Answer, Ending, Reply } from "../core/reply.ts";
import { pipeline } from "../core/service.ts";
import { deadline } from "./deadline.ts";

const NEVER = Number.POSITIVE_INFINITY;
const TOTAL_MS = 10_000;

function harness(deadlineMs = NEVER) {
  const { runtime, clock, advance } = handRuntime(() => fault("bug", "nothing is sent here"));
  const outer = new CancelSource();
  const inner: { fault: Fault | undefined; resolve: (reply: Reply) => void } = { fault: undefined, resolve: () => {} };
  const service = pipeline([deadline(TOTAL_MS)], (_call, scope) => {
    scope.cancel.onCancel((reason) => {
      inner.fault = reason;
    });
    return new Promise((resolve) => {
      inner.resolve = resolve;
    });
  });
  let reply: Reply | undefined;
  // All that the policy reads of a call.
  void service({ id: "c", deadlineMs } as Call, { runtime, cancel: outer, emit: () => {} }).then((settled) => {
    reply = settled;
  });
  let end: (ending: Ending) => void = () => {};
  const ending = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  // All that the policy reads of an answer.
  const commit = () => inner.resolve({ ok: true, ending } as Answer);
  const finish = () => end({ kind: "complete", firstContentMs: 0, tookMs: 0, pausedMs: 0 });
  return { clock, advance, outer, inner, commit, finish, reply: () => reply };
}

describe("until the commit", () => {
  test.each([
    [NEVER, TOTAL_MS],
    [4_000, 4_000],
    [99_000, TOTAL_MS],
  ])("with the client's deadline at %d it is %d", async (deadlineMs, dueMs) => {
    const { advance, inner } = harness(deadlineMs);
    await advance(dueMs - 1);
    expect(inner.fault).toBeUndefined();
    await advance(1);
    expect(inner.fault).toMatchObject({ kind: "deadline-exceeded" });
  });

  test("a refusal leaves no timer", async () => {
    const { advance, inner, clock, reply } = harness();
    inner.resolve({ ok: false, fault: fault("overloaded", "no"), trail: [] });
    await advance(0);
    expect([reply()?.ok, clock.timers]).toEqual([false, 0]);
  });
});

describe("after it", () => {
  test("the route's total no longer holds", async () => {
    const { advance, inner, clock, commit } = harness();
    commit();
    await advance(0);
    expect(clock.timers).toBe(0);
    await advance(TOTAL_MS * 2);
    expect(inner.fault).toBeUndefined();
  });

  test("what the client sent does", async () => {
    const { advance, inner, commit } = harness(15_000);
    commit();
    await advance(14_999);
    expect(inner.fault).toBeUndefined();
    await advance(1);
    expect(inner.fault).toMatchObject({ kind: "deadline-exceeded" });
  });

  test("the end of the answer gives the timer back; until then the client may still leave", async () => {
    const { advance, clock, commit, finish } = harness(15_000);
    commit();
    await advance(0);
    expect(clock.timers).toBe(1);
    finish();
    await advance(0);
    expect(clock.timers).toBe(0);
    const other = harness();
    other.commit();
    await other.advance(0);
    other.outer.cancel(fault("cancelled", "left"));
    expect(other.inner.fault).toMatchObject({ kind: "cancelled" });
  });
});
