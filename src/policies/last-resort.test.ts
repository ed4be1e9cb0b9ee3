// Which refusals the rungs are asked for, in which order, and what becomes of the refusal when none of them answers.

import { describe, expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import type { Call } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { FAULTS, type FaultKind, fault } from "../core/fault.ts";
import type { Outage, Rung } from "../core/last-resort.ts";
import type { Answer, AttemptRecord, Refusal, Reply } from "../core/reply.ts";
import { pipeline } from "../core/service.ts";
import { createCells } from "../state/cells.ts";
import { lastResort } from "./last-resort.ts";

// The policy reads nothing of a call.
const CALL = { id: "c" } as Call;
const TRIED: AttemptRecord = { target: "a/m", fault: "overloaded", ms: 1 };
const LOCAL: AttemptRecord = { target: "spare/m", fault: "ok", ms: 2 };

const ANSWER: Answer = {
  ok: true,
  target: "x/m",
  dialect: "openai-chat",
  status: 200,
  headers: {},
  frames: { read: () => Promise.resolve(undefined) },
  ending: Promise.resolve({ kind: "complete", firstContentMs: 0, tookMs: 0, pausedMs: 0 }),
  servedBy: "canned",
  degraded: "canned",
  lossy: [],
  trail: [],
  cancel: { cancel() {} },
};

const refusal = (kind: FaultKind, more: Partial<Refusal> = {}): Refusal => ({
  ok: false,
  fault: fault(kind, "no"),
  trail: [TRIED],
  ...more,
});

function harness(rungs: readonly (Reply | (() => Reply))[]) {
  const { runtime, advance } = handRuntime(() => fault("bug", "nothing is sent here"));
  const cell = createCells().outage("chat");
  const cancel = new CancelSource();
  const seen: Outage[] = [];
  const ladder = rungs.map(
    (reply): Rung => ({
      serve: (outage) => async () => {
        seen.push(outage);
        return typeof reply === "function" ? reply() : reply;
      },
    }),
  );
  const scope = { runtime, cancel, emit: () => {} };
  const ask = (below: Reply) => pipeline([lastResort(ladder, cell)], () => Promise.resolve(below))(CALL, scope);
  return { ask, advance, cancel, cell, seen, runtime };
}

describe("the rungs are asked", () => {
  // The keys of the table are its kinds.
  test.each(Object.keys(FAULTS) as FaultKind[])("for %s, unless that is the caller's", async (kind) => {
    const { ask, seen } = harness([ANSWER]);
    const reply = await ask(refusal(kind));
    const callers = FAULTS[kind].blame === "caller";
    expect([reply.ok, seen.length]).toEqual(callers ? [false, 0] : [true, 1]);
  });

  test("in their order, until one answers", async () => {
    const { ask, seen } = harness([refusal("busy", { trail: [] }), ANSWER, ANSWER]);
    expect(await ask(refusal("overloaded"))).toMatchObject({ ok: true, trail: [TRIED], servedBy: "canned" });
    expect(seen.length).toBe(2);
  });

  test("never when a target answers", async () => {
    const { ask, seen } = harness([ANSWER]);
    const answered: Answer = { ...ANSWER, servedBy: "target" };
    expect(await ask(answered)).toBe(answered);
    expect(seen.length).toBe(0);
  });
});

describe("when none answers", () => {
  test("the refusal stands as it was", async () => {
    const below = refusal("overloaded", { remembered: true });
    expect(await harness([refusal("busy", { trail: [] })]).ask(below)).toBe(below);
    expect(await harness([]).ask(below)).toBe(below);
  });

  test("what was tried for it is told", async () => {
    const failed: AttemptRecord = { ...LOCAL, fault: "server-error" };
    const { ask } = harness([refusal("server-error", { trail: [failed] })]);
    expect(await ask(refusal("overloaded"))).toEqual({
      ok: false,
      fault: fault("overloaded", "no"),
      trail: [TRIED, failed],
    });
  });

  test("a client that left meanwhile is the end of it", async () => {
    const here = harness([
      () => {
        here.cancel.cancel(fault("cancelled", "gone"));
        return refusal("cancelled", { trail: [] });
      },
      ANSWER,
    ]);
    expect(await here.ask(refusal("overloaded"))).toMatchObject({ ok: false, fault: { kind: "cancelled" } });
  });
});

test("attempts of a remembered refusal are not this call's", async () => {
  const { ask, seen } = harness([{ ...ANSWER, trail: [LOCAL] }]);
  expect(await ask(refusal("overloaded", { remembered: true }))).toMatchObject({ trail: [LOCAL] });
  await ask(refusal("overloaded"));
  expect(seen.map(({ attempts }) => attempts)).toEqual([0, 1]);
});

test("an outage began with the first refusal since a target answered", async () => {
  const { ask, advance, seen, cell, runtime } = harness([ANSWER]);
  const startMs = runtime.wallMs();
  await ask(refusal("overloaded"));
  await advance(90_000);
  await ask(refusal("overloaded"));
  // The caller's own fault says nothing of the route.
  await ask(refusal("invalid-request"));
  expect(seen.map(({ sinceWallMs }) => sinceWallMs)).toEqual([startMs, startMs]);
  await ask({ ...ANSWER, servedBy: "target" });
  expect(cell.sinceMs).toBeUndefined();
  await ask(refusal("overloaded"));
  expect(seen.at(-1)?.sinceWallMs).toBe(runtime.wallMs());
});
