// The shell around the rule: attempts counted and told, cells kept, the call's own end never blamed on a target. Which move
// is right is `next-move.test.ts`; how it plays out in time is shown in the virtual world.

import { describe, expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import type { Call } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Answer, Ending, Reply } from "../core/reply.ts";
import { createCells } from "../state/cells.ts";
import { type Earlier, pursue } from "./pursue.ts";
import type { Pursued } from "./pursuit.ts";
import { QUEUE_MAX } from "./shed.ts";

const RULES = { route: "r", criticality: "default" as const, attemptsMax: 3, retryWaitMs: 3_000, totalMs: 60_000 };
const NEVER = Number.POSITIVE_INFINITY;
// What pursue reads of a call.
const CALL = { id: "c1", deadlineMs: NEVER, retryCount: 0 } as Call;

const overloaded = fault("overloaded", "no");
const serverError = fault("server-error", "no");

function answer(target: string, ending: Promise<Ending> = new Promise(() => {})): Answer {
  return {
    ok: true,
    target,
    dialect: "openai-chat",
    status: 200,
    headers: { "x-request-id": "theirs" },
    frames: { read: () => Promise.resolve(undefined) },
    ending,
    servedBy: "target",
    lossy: [],
    trail: [{ target, fault: "ok", ms: 1 }],
    cancel: { cancel() {} },
  };
}

type Answering = (number: number, cancel: CancelSource) => Fault | Answer;

interface More extends Partial<typeof RULES> {
  /** Targets without room. */
  readonly full?: readonly string[];
  /** Targets to which nothing can be sent. */
  readonly unasked?: readonly string[];
  readonly soonestMs?: number;
  /** From the first attempt on. */
  readonly downSoon?: boolean;
}

function harness(answers: Readonly<Record<string, Answering>>, earlier?: Earlier, more: More = {}) {
  const { runtime, clock, advance } = handRuntime(() => fault("bug", "nothing is sent here"));
  const cells = createCells();
  const cancel = new CancelSource();
  const events: GatewayEvent[] = [];
  const made: string[] = [];
  const targets = Object.entries(answers).map(([id, respond]): Pursued => {
    const [domain = "", model = ""] = id.split("/");
    return {
      id,
      identity: id,
      domain,
      model,
      stand: () => ({ admitted: true, strained: false, down: false, hopeful: false, hushed: false, mute: false }),
      soonestMs: () => more.soonestMs ?? 0,
      isDown: () => more.downSoon === true && made.length > 0,
      isFull: () => more.full?.includes(id) === true,
      keys: () => ({ pausedMs: 0, noKey: false, spareKey: false }),
      attempt: async (_call, _scope, number): Promise<Reply> => {
        made.push(`${number} ${id}`);
        const found = respond(number, cancel);
        if ("ok" in found) return found;
        const record = {
          target: id,
          fault: found.kind,
          ms: 1,
          ...(more.unasked?.includes(id) && { skipped: true as const }),
        };
        return { ok: false, fault: found, trail: [record] };
      },
    };
  });
  const service = pursue(targets, { ...RULES, outage: cells.outage(RULES.route), ...more }, cells, () => earlier);
  const scope = { runtime, cancel, emit: (event: GatewayEvent) => void events.push(event) };
  const run = async (call = CALL) => {
    let reply: Reply | undefined;
    void service(call, scope).then((settled) => {
      reply = settled;
    });
    await advance(0);
    while (reply === undefined && clock.timers > 0) await advance(clock.nextDueMs - clock.now());
    if (reply === undefined) throw new Error("no reply");
    return reply;
  };
  return { run, cells, cancel, events, made, clock, advance };
}

describe("an answer", () => {
  test("of the first target keeps its headers; after a failover they are another's and go", async () => {
    const first = await harness({ "a/m": () => answer("a/m") }).run();
    expect(first).toMatchObject({ ok: true, headers: { "x-request-id": "theirs" } });
    expect(first).not.toHaveProperty("degraded");
    const { run, made } = harness({ "a/m": () => overloaded, "b/n": () => answer("b/n") });
    expect(await run()).toMatchObject({
      ok: true,
      headers: {},
      degraded: "model",
      trail: [
        { target: "a/m", fault: "overloaded" },
        { target: "b/n", fault: "ok" },
      ],
    });
    expect(made).toEqual(["1 a/m", "2 b/n"]);
  });

  test("of the same model elsewhere is not degraded", async () => {
    const reply = await harness({ "a/m": () => overloaded, "b/m": () => answer("b/m") }).run();
    expect(reply).not.toHaveProperty("degraded");
  });

  test("funds a retry only once it has ended well", async () => {
    for (const kind of ["complete", "broken", "cancelled"] as const) {
      const ending = Promise.resolve({ kind, firstContentMs: 1, tookMs: 1, pausedMs: 0 });
      const { run, cells } = harness({ "a/m": () => answer("a/m", ending) });
      cells.budget("a").tokens = 0;
      await run();
      await ending;
      await Promise.resolve();
      expect(cells.budget("a").tokens).toBe(kind === "complete" ? 0.1 : 0);
    }
  });
});

describe("faults", () => {
  test("a same-target retry is waited for, told, and spent", async () => {
    const { run, cells, events, made, clock } = harness({
      "a/m": (number) => (number === 1 ? serverError : answer("a/m")),
    });
    await run();
    expect(made).toEqual(["1 a/m", "2 a/m"]);
    expect(events).toEqual([{ type: "retry-wait", atMs: 0, call: "c1", target: "a/m", delayMs: 125 }]);
    expect([clock.now(), cells.budget("a").tokens]).toEqual([125, 9]);
  });

  test("a pause that the provider asked for is noted with the target, the longest counting", async () => {
    const slow = fault("overloaded", "no", { retryAfterMs: 30_000 });
    const { run, cells, advance } = harness({ "a/m": () => slow, "b/m": () => answer("b/m") });
    await run();
    expect(cells.target("a/m").pausedUntilMs).toBe(30_000);
    cells.target("a/m").pausedUntilMs = 90_000;
    await advance(1_000);
    await run();
    expect(cells.target("a/m").pausedUntilMs).toBe(90_000);
  });

  test("what could not be asked costs nothing: neither an attempt, nor one of its domain's two, nor a number", async () => {
    const lossy = () => fault("lossy", "top_k");
    const unasked = ["a/m", "a/n", "b/m"];
    const { run, made } = harness(
      { "a/m": lossy, "a/n": lossy, "b/m": lossy, "a/o": () => overloaded, "c/m": () => answer("c/m") },
      undefined,
      { attemptsMax: 2, unasked },
    );
    expect(await run()).toMatchObject({ ok: true, target: "c/m" });
    expect(made).toEqual(["1 a/m", "1 a/n", "1 b/m", "1 a/o", "2 c/m"]);
    const all = harness({ "a/m": lossy, "a/n": lossy, "b/m": lossy }, undefined, { unasked });
    expect(await all.run()).toMatchObject({ ok: false, fault: { kind: "lossy" } });
    expect(all.made).toHaveLength(3);
  });

  test("the cap holds over targets, and one that is final ends it", async () => {
    const all = { "a/m": () => overloaded, "b/m": () => overloaded, "c/m": () => overloaded, "d/m": () => overloaded };
    const capped = harness(all);
    expect(await capped.run()).toMatchObject({ ok: false, fault: { kind: "overloaded" } });
    expect(capped.made.length).toBe(3);
    const final = harness({ "a/m": () => fault("invalid-request", "yours"), "b/m": () => answer("b/m") });
    expect(await final.run()).toMatchObject({ ok: false, fault: { kind: "invalid-request" } });
    expect(final.made).toEqual(["1 a/m"]);
  });
});

describe("a call that the client sends again", () => {
  const earlier = { attempts: 2, failed: new Set(["a/m"]) };
  const again = { ...CALL, retryCount: 1 };

  test("has what is left of its attempts, one at least, and goes first where it has not failed", async () => {
    const answers = { "a/m": () => overloaded, "b/m": () => overloaded, "c/m": () => overloaded };
    const left = harness(answers, earlier);
    await left.run(again);
    expect(left.made).toEqual(["1 b/m"]);
    const none = harness(answers, { attempts: 9, failed: new Set(["a/m", "b/m", "c/m"]) });
    await none.run(again);
    expect(none.made).toEqual(["1 a/m"]);
    const roomy = harness(answers, earlier, { attemptsMax: 5 });
    await roomy.run(again);
    expect(roomy.made).toEqual(["1 b/m", "2 c/m", "3 a/m"]);
  });

  test("what is known counts only for a retry", async () => {
    const { run, made } = harness({ "a/m": () => overloaded, "b/m": () => overloaded }, earlier);
    await run();
    expect(made).toEqual(["1 a/m", "2 b/m"]);
  });
});

describe("the call's own end", () => {
  test("during an attempt stops it all, with its own fault", async () => {
    const gone = fault("cancelled", "left");
    const { run, made } = harness({
      "a/m": (_, cancel) => {
        cancel.cancel(gone);
        return overloaded;
      },
      "b/m": () => answer("b/m"),
    });
    expect(await run()).toMatchObject({ ok: false, fault: gone, trail: [{ target: "a/m" }] });
    expect(made).toEqual(["1 a/m"]);
  });

  test("during a wait too: no timer and no waiting mark stay", async () => {
    const { run, made, cancel, cells, clock, advance } = harness({
      "a/m": () => fault("overloaded", "no", { retryAfterMs: 2_000 }),
    });
    const reply = run();
    await advance(500);
    expect(cells.target("a/m").waiting).toBe(true);
    cancel.cancel(fault("cancelled", "left"));
    expect(await reply).toMatchObject({ ok: false, fault: { kind: "cancelled" } });
    expect([made.length, clock.timers, cells.target("a/m").waiting]).toEqual([1, 0, false]);
  });
});

describe("targets without room", () => {
  test("are passed over, named in the trail and no attempt", async () => {
    const { run, made, events } = harness({ "a/m": () => answer("a/m"), "b/m": () => answer("b/m") }, undefined, {
      full: ["a/m"],
    });
    expect(await run()).toMatchObject({
      ok: true,
      target: "b/m",
      trail: [
        { target: "a/m", fault: "busy", skipped: true },
        { target: "b/m", fault: "ok" },
      ],
    });
    expect(made).toEqual(["1 b/m"]);
    expect(events).toMatchObject([{ type: "target-full", target: "a/m" }]);
  });
  test.each<[string, deadlineMs: number, waitedMs: number]>([
    ["a second at most", NEVER, 1_000],
    ["and no more than a twentieth of the time that is left", 4_000, 200],
  ])("when all are, it waits: %s; then busy", async (_, deadlineMs, waitedMs) => {
    const { run, made, clock, cells } = harness({ "a/m": () => answer("a/m") }, undefined, { full: ["a/m"] });
    expect(await run({ ...CALL, deadlineMs })).toMatchObject({
      ok: false,
      fault: { kind: "busy", retryAfterMs: 5_000 },
    });
    expect([made, clock.now(), cells.admission(RULES.route).waiting]).toEqual([[], waitedMs, 0]);
  });
  test("room that comes is taken within a tenth of a second", async () => {
    const full = ["a/m"];
    const { run, clock, advance } = harness({ "a/m": () => answer("a/m") }, undefined, { full });
    const reply = run();
    await advance(340);
    full.pop();
    expect(await reply).toMatchObject({ ok: true });
    expect(clock.now()).toBeLessThanOrEqual(440);
  });
  test("where as many wait as may, it is told at once; and who leaves waits no more", async () => {
    const { run, clock, cells, cancel } = harness({ "a/m": () => answer("a/m") }, undefined, { full: ["a/m"] });
    cells.admission(RULES.route).waiting = QUEUE_MAX;
    expect(await run()).toMatchObject({ ok: false, fault: { kind: "busy" } });
    expect(clock.now()).toBe(0);
    cells.admission(RULES.route).waiting = 0;
    const reply = run();
    cancel.cancel(fault("cancelled", "left"));
    expect(await reply).toMatchObject({ ok: false, fault: { kind: "cancelled" } });
    expect([cells.admission(RULES.route).waiting, clock.timers]).toEqual([0, 0]);
  });
  test("after a failure too, if there is one that was not tried", async () => {
    const full = ["b/m"];
    const { run, made, advance } = harness({ "a/m": () => overloaded, "b/m": () => answer("b/m") }, undefined, {
      full,
    });
    const reply = run();
    await advance(250);
    full.pop();
    expect(await reply).toMatchObject({ ok: true, target: "b/m" });
    expect(made.at(-1)).toBe("3 b/m");
  });
  test("what would come too late is not waited for", async () => {
    const { run, made, clock } = harness({ "a/m": () => answer("a/m") }, undefined, { full: ["a/m"], soonestMs: 900 });
    // One of twenty tries all the same; this one does not.
    expect(await run({ ...CALL, deadlineMs: 800 })).toMatchObject({ ok: false, fault: { kind: "deadline-exceeded" } });
    expect([made, clock.now()]).toEqual([[], 0]);
  });
});

test("an outage that is noticed on the way ends the pursuit, once a few have shown that nobody answers", async () => {
  const { run, made, cells } = harness({ "a/m": () => overloaded, "b/m": () => overloaded }, undefined, {
    downSoon: true,
  });
  await run();
  expect(made).toEqual(["1 a/m", "2 b/m"]);
  cells.admission(RULES.route).tried = 20;
  expect(await run()).toMatchObject({ ok: false, fault: { kind: "overloaded" } });
  expect(made).toEqual(["1 a/m", "2 b/m", "1 a/m"]);
});
