import { describe, expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import type { Call } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { type Fault, type FaultKind, fault } from "../core/fault.ts";
import type { Reply } from "../core/reply.ts";
import { pipeline } from "../core/service.ts";
import { createCells } from "../state/cells.ts";
import { REPEAT_MS, refused, remembered } from "./refused.ts";

function call(more: Partial<Call> = {}): Call {
  // All that the policy reads of a call.
  return {
    id: "c",
    operation: "generate",
    dialect: "openai-chat",
    query: "",
    tenant: "t",
    body: new TextEncoder().encode("body"),
    ...more,
  } as Call;
}

function harness(reason: Fault) {
  const { runtime, advance, clock } = handRuntime(() => fault("bug", "nothing is sent here"));
  const cells = createCells();
  let asked = 0;
  const trail = [{ target: "a/m", fault: reason.kind, ms: 1 }] as const;
  const service = pipeline([refused(cells)], async (): Promise<Reply> => {
    asked++;
    return { ok: false, fault: reason, trail };
  });
  const scope = { runtime, cancel: new CancelSource(), emit: () => {} };
  return { ask: (made = call()) => service(made, scope), cells, advance, clock, asked: () => asked };
}

describe("an identical call", () => {
  test("is answered the same for five seconds, without asking", async () => {
    const { ask, advance, asked } = harness(fault("overloaded", "no"));
    const first = await ask();
    await advance(REPEAT_MS - 1);
    expect(await ask()).toMatchObject({ ...first });
    expect(asked()).toBe(1);
    await advance(1);
    await ask();
    expect(asked()).toBe(2);
  });

  test.each([
    [2_000, 2_000],
    [0, 0],
    [30_000, 30_000],
    [300_000, 60_000],
  ])("with a retry-after of %d ms for %d ms", async (retryAfterMs, keptMs) => {
    const { ask, advance, asked } = harness(fault("rate-limited", "no", { retryAfterMs }));
    await ask();
    await advance(Math.max(0, keptMs - 1));
    await ask();
    expect(asked()).toBe(keptMs === 0 ? 2 : 1);
    await advance(1);
    await ask();
    expect(asked()).toBe(keptMs === 0 ? 3 : 2);
  });

  test("is asked for again when something has changed", async () => {
    const { ask, asked, cells } = harness(fault("overloaded", "no"));
    await ask();
    cells.refused.clear();
    await ask();
    expect(asked()).toBe(2);
  });
});

test.each<[string, Partial<Call>]>([
  ["tenant", { tenant: "other" }],
  ["operation", { operation: "embed" }],
  ["dialect", { dialect: "anthropic-messages" }],
  ["query", { query: "?beta=true" }],
  ["body", { body: new TextEncoder().encode("Body") }],
])("another %s is another call", async (_, more) => {
  const { ask, asked } = harness(fault("overloaded", "no"));
  await ask();
  await ask(call(more));
  expect(asked()).toBe(2);
});

test.each<FaultKind>(["invalid-request", "cancelled", "context-too-long", "deadline-exceeded", "busy", "bug"])(
  "%s is not kept: it says nothing of the providers",
  async (kind) => {
    const { ask, asked, cells, clock } = harness(fault(kind, "no"));
    await ask();
    await ask();
    expect([asked(), cells.refused.isEmpty(clock.now())]).toEqual([2, true]);
  },
);

test("bodies over a megabyte are not hashed", async () => {
  const { ask, asked, cells, clock } = harness(fault("overloaded", "no"));
  const large = call({ body: new Uint8Array(1_048_577) });
  await ask(large);
  await ask(large);
  expect([asked(), remembered(cells, large, clock.now())]).toEqual([2, undefined]);
});

test("what was spent and who failed adds up over the client's retries, for a minute", async () => {
  const { ask, cells, clock, advance } = harness(fault("overloaded", "no"));
  await ask();
  await advance(REPEAT_MS);
  await ask();
  expect(remembered(cells, call(), clock.now())).toMatchObject({ attempts: 2, failed: new Set(["a/m"]) });
  await advance(59_999);
  expect(remembered(cells, call(), clock.now())?.attempts).toBe(2);
  await advance(1);
  expect(remembered(cells, call(), clock.now())).toBeUndefined();
});
