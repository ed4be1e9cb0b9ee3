// A stream that has no answer yet is opened all the same: 200 in time, the facts in-band, errors in-band; exactly one error
// frame for a stream that breaks. Pings are the server's and are not seen here.

import { describe, expect, test } from "bun:test";
import type { DialectId } from "../../src/core/call.ts";
import { asObject, framesOf, type Json, parsed } from "../support/heard.ts";
import { outcomeOf } from "../support/outcome.ts";
import { ANTHROPIC, bytesOf, CHAT, type Client, on, sim, virtual } from "../support/virtual.ts";

const WORDS = 8;
const DIALECT_IDS = [ANTHROPIC, CHAT] as const;
const route = {
  timeouts: { connectMs: 5_000, firstTokenMs: 15_000, wholeMs: 15_000, idleMs: 15_000, totalMs: 600_000 },
};

const world = (client: DialectId, faults: Parameters<typeof virtual>[0]["faults"] = []) =>
  virtual({
    providers: [sim("alpha", client, { words: WORDS }), sim("beta", client, { words: WORDS })],
    targets: ["alpha/m", "beta/n"],
    faults,
    route,
  });

/** The objects of a stream's frames. */
function objects(client: Client): readonly Json[] {
  const { frames } = framesOf(bytesOf(client));
  return frames
    .map((frame) => asObject(parsed(/^data: (.*)$/m.exec(frame)?.[1] ?? "")))
    .filter((object) => object !== undefined);
}

describe.each(DIALECT_IDS)("%s", (dialect) => {
  const silent = on("alpha", { kind: "silence" });

  test("opens after ten seconds with the call's id alone; the facts ride on the first event", async () => {
    const here = world(dialect, [silent]);
    const client = here.ask({ dialect });
    await here.rest();
    expect(client.openedAtMs).toBe(10_000);
    expect(client.delivery).toMatchObject({ status: 200, early: true });
    expect(client.delivery?.headers).toEqual({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-holdfast-call": client.call.id,
    });
    expect(here.events.filter(({ type }) => type === "call-open").map(({ atMs }) => atMs)).toEqual([10_000]);
    const [first, ...rest] = objects(client);
    expect(first?.holdfast).toEqual({
      call: client.call.id,
      target: "beta/n",
      attempts: 2,
      trail: "alpha/m=first-token-timeout, beta/n=ok",
      served_by: "target",
      degraded: "model",
    });
    expect(rest.some((object) => "holdfast" in object)).toBe(false);
    expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "complete", text: expect.stringContaining("beta") });
  });

  test("sooner where the client's own headers are due sooner; not at all for an answer in time", async () => {
    const here = world(dialect, [silent]);
    const client = here.ask({ dialect, openMs: 4_000 });
    await here.rest();
    expect(client.openedAtMs).toBe(4_000);
    const calm = world(dialect);
    const quick = calm.ask({ dialect });
    await calm.rest();
    expect(quick.delivery).toMatchObject({ status: 200, early: false });
    expect(quick.delivery?.headers["x-holdfast-target"]).toBe("alpha/m");
    expect(objects(quick).some((object) => "holdfast" in object)).toBe(false);
    expect(calm.events.some(({ type }) => type === "call-open")).toBe(false);
  });

  test("a refusal after it is one error in-band", async () => {
    const here = world(dialect, [on("*", { kind: "silence" })]);
    const client = here.ask({ dialect });
    await here.rest();
    expect(client.openedAtMs).toBe(10_000);
    const all = objects(client);
    expect(all.length).toBe(1);
    const inside = asObject(dialect === CHAT ? asObject(all[0]?.error)?.holdfast : all[0]?.holdfast);
    expect(inside).toMatchObject({ call: client.call.id });
    expect(inside?.trail).toMatchObject([
      { target: "alpha/m", fault: "first-token-timeout", ms: 15_000 },
      { target: "beta/n", fault: "first-token-timeout", ms: 15_000 },
    ]);
    expect(client.endedAtMs).toBe(30_000);
  });

  test("a break after it is one error in-band, after what was delivered", async () => {
    const here = world(dialect, [silent, on("beta", { kind: "cut", after: 4 })]);
    const client = here.ask({ dialect });
    await here.rest();
    const outcome = outcomeOf(client, WORDS);
    expect(outcome).toMatchObject({ kind: "broken", text: "This is beta with " });
    expect(outcome.message).toContain("beta/n");
    expect(objects(client)[0]?.holdfast).toMatchObject({ target: "beta/n" });
    expect(objects(client).filter((object) => "error" in object).length).toBe(1);
  });

  test("a client that leaves after it is owed nothing", async () => {
    const here = world(dialect, [silent]);
    const client = here.ask({ dialect });
    here.world.clock.after(12_000, () => client.cancel.cancel({ kind: "cancelled", message: "the client left" }));
    await here.rest();
    expect([client.pieces.length, client.endedAtMs]).toEqual([0, 12_000]);
    expect(here.world.attempts()).toBe(1);
    expect(here.events.at(-1)).toMatchObject({ type: "call-end", ending: "cancelled" });
  });

  test("whole calls wait as long as it takes", async () => {
    const here = world(dialect, [silent]);
    const client = here.ask({ dialect, stream: false });
    await here.rest();
    expect(client.delivery).toMatchObject({ status: 200, early: false });
    expect(client.openedAtMs).toBeGreaterThan(15_000);
  });

  test("while a tool call is held it is opened too", async () => {
    const here = world(dialect, [on("alpha", { kind: "drip", delayMs: 8_000 })]);
    const client = here.ask({ dialect, tools: "any" });
    await here.rest();
    expect(client.openedAtMs).toBe(10_000);
    expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "complete", tools: 1 });
  });
});

test.each([
  [ANTHROPIC, CHAT],
  [CHAT, ANTHROPIC],
] as const)("a broken translated stream for %s: the error is in its own dialect, once", async (dialect, target) => {
  const here = virtual({
    providers: [sim("alpha", target, { words: WORDS })],
    faults: [on("alpha", { kind: "error-in-band" })],
  });
  const client = here.ask({ dialect });
  await here.rest();
  const errors = objects(client).filter((object) => "error" in object);
  expect(errors.length).toBe(1);
  expect(errors[0]?.type).toBe(dialect === ANTHROPIC ? "error" : undefined);
  expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "broken", text: "This is alpha " });
});

test("what translation loses is told, in headers and in-band", async () => {
  for (const faults of [[], [on("alpha", { kind: "slow-first-token", delayMs: 12_000 })]]) {
    const here = virtual({ providers: [sim("alpha", CHAT, { words: WORDS })], faults, route });
    const body = new TextEncoder().encode(
      '{"model":"chat","max_tokens":50,"stream":true,"top_k":3,"messages":[{"role":"user","content":"hello"}]}',
    );
    const client = here.ask({ body });
    await here.rest();
    const told = faults.length === 0 ? client.delivery?.headers["x-holdfast-lossy"] : objects(client)[0]?.holdfast;
    expect(told as unknown).toEqual(faults.length === 0 ? "top_k" : expect.objectContaining({ lossy: ["top_k"] }));
  }
});
