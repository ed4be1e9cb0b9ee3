// Edges of a stream that is gone on with, in the virtual world: the form that a model takes, a client that leaves meanwhile,
// what it all cost, thinking that broke off, and a second answer that goes wrong as well.

import { describe, expect, test } from "bun:test";
import type { DialectId } from "../../src/core/call.ts";
import type { Transport } from "../../src/core/runtime.ts";
import { read } from "../support/lanes.ts";
import { ANTHROPIC, bytesOf, CHAT, type Client, on, sim, virtual } from "../support/virtual.ts";

const WORDS = 60;
const CUT = { kind: "cut", after: 40 } as const;
const utf8 = new TextDecoder();
const heardBy = (client: Client) => read(client.call.dialect, bytesOf(client), false);

/** Refuses every request whose last message is the assistant's, as some models do that are not known to. */
function withoutPrefill(transport: Transport): Transport {
  return (request, cancel) => {
    const { messages } = JSON.parse(utf8.decode(request.body)) as { messages: { role: string }[] };
    if (messages.at(-1)?.role !== "assistant") return transport(request, cancel);
    const message =
      "This model does not support assistant message prefill. The conversation must end with a user message.";
    const body = new TextEncoder().encode(
      JSON.stringify({ type: "error", error: { type: "invalid_request_error", message } }),
    );
    return Promise.resolve({
      status: 400,
      headers: { "content-type": "application/json" },
      body: {
        read: () => Promise.resolve(undefined),
        whole: () => Promise.resolve(body),
        cancel: () => {},
      },
    });
  };
}

test("a model that takes no prefix after all is asked in the other form at once, and never again in that one", async () => {
  const here = virtual({
    providers: [sim("alpha", CHAT, { words: WORDS }), sim("beta", ANTHROPIC, { words: WORDS })],
    targets: ["alpha/m", "beta/claude-haiku-4-5"],
    faults: [on("alpha", CUT)],
    route: { resume: "text" },
    transport: (world) => withoutPrefill(world.runtime.transport),
  });
  const first = here.ask({ dialect: CHAT });
  await here.rest();
  const second = here.ask({ dialect: CHAT });
  await here.rest();
  for (const client of [first, second]) {
    const { errors, text } = heardBy(client);
    expect([errors, text.split(" ").length]).toEqual([[], WORDS]);
  }
  const sent = (call: string) =>
    here.events.flatMap((event) => (event.type === "attempt-start" && event.call === call ? [event.target] : []));
  expect(sent(first.call.id)).toEqual(["alpha/m", "beta/claude-haiku-4-5", "beta/claude-haiku-4-5"]);
  expect(sent(second.call.id)).toEqual(["alpha/m", "beta/claude-haiku-4-5"]);
});

describe("a client that leaves while another target is asked", () => {
  test.each([true, false])("and reads on: %p", async (reads) => {
    const here = virtual({
      providers: [sim("alpha", ANTHROPIC, { words: WORDS }), sim("beta", CHAT, { firstTokenMs: 5_000 })],
      faults: [on("alpha", CUT)],
      route: { resume: "text" },
    });
    const client = here.ask({ readEveryMs: reads ? 0 : 20 });
    while (!here.events.some((event) => event.type === "attempt-start" && event.target === "beta/m"))
      await here.world.run(here.world.clock.now() + 50);
    client.cancel.cancel({ kind: "cancelled", message: "the client left" });
    await here.rest();
    const ends = here.events.filter(({ type }) => type === "call-end");
    expect(ends).toHaveLength(1);
    expect(ends[0]).toMatchObject({ ending: "cancelled", fault: "cancelled" });
  });
});

test("usage: the prompt once, as the first told it, and the words that the client has", async () => {
  for (const manner of ["obeys", "anew"] as const) {
    for (const second of [ANTHROPIC, CHAT] as const) {
      const here = virtual({
        providers: [sim("alpha", ANTHROPIC, { words: WORDS }), sim("beta", second, { words: WORDS, manner })],
        faults: [on("alpha", CUT)],
        route: { resume: "text" },
      });
      const client = here.ask({});
      await here.rest();
      const text = utf8.decode(bytesOf(client));
      const told = [...text.matchAll(/"input_tokens":(\d+)/g)].map((match) => Number(match[1]));
      expect(new Set(told).size, "the beginning and the end tell the same").toBe(1);
      const end = here.events.find((event) => event.type === "call-end");
      const output = Number([...text.matchAll(/"output_tokens":(\d+)/g)].at(-1)?.[1]);
      expect(end).toMatchObject({ usage: { inputTokens: told[0], outputTokens: output } });
      const words = heardBy(client).text;
      expect(output).toBeGreaterThanOrEqual(WORDS);
      expect(output).toBeLessThan(words.length / 2);
      // What each took for its own part.
      const attempts = here.events.flatMap((event) => (event.type === "attempt-end" ? [event.usage] : []));
      expect(attempts).toHaveLength(2);
      expect(attempts[1]?.inputTokens ?? 0).toBeGreaterThan(told[0] ?? 0);
    }
  }
});

test.each([ANTHROPIC, CHAT] as const)(
  "thinking that broke off is closed, and goes back to nobody: then %s",
  async (second) => {
    const messages = [{ role: "user", content: "think, then speak" }];
    const body = { model: "chat", max_tokens: 2_000, stream: true, messages, thinking: { type: "adaptive" } };
    const here = virtual({
      providers: [sim("alpha", ANTHROPIC, { words: WORDS }), sim("beta", second, { words: WORDS })],
      faults: [on("alpha", { kind: "cut", after: 2 })],
      route: { resume: "text" },
    });
    const client = here.ask({ body: new TextEncoder().encode(JSON.stringify(body)) });
    await here.rest();
    const { errors, violations, closed, text } = heardBy(client);
    expect([errors, violations, closed, text.split(" ").length]).toEqual([[], [], true, WORDS]);
    const told = utf8.decode(bytesOf(client));
    expect(told.match(/"content_block":\{"type":"thinking"/g)?.length).toBeGreaterThanOrEqual(1);
    expect(told).toContain('"signature":"~hf1.00000000000000000000000000000000"');
  },
);

describe("a second answer that goes wrong as well", () => {
  const play = async (fault: Parameters<typeof on>[1], dialect: DialectId) => {
    const here = virtual({
      providers: [
        sim("alpha", ANTHROPIC, { words: WORDS }),
        sim("beta", dialect, { words: WORDS }),
        sim("gamma", CHAT, { words: WORDS }),
      ],
      targets: ["alpha/m", "beta/m", "gamma/m"],
      faults: [on("alpha", { kind: "cut", after: 20 }), on("beta", fault)],
      route: { resume: "text", attempts: 4 },
    });
    const client = here.ask({});
    await here.rest();
    const { errors, violations, closed, text } = heardBy(client);
    expect([errors, violations, closed, text.split(" ").length]).toEqual([[], [], true, WORDS]);
    return here.events.filter(({ type }) => type === "resume").length;
  };

  test.each(["cut", "stall", "error-in-band", "malformed-frame", "reset"] as const)(
    "it breaks (%s), before its words are joined and after: a third one finishes",
    async (kind) => {
      for (const dialect of [ANTHROPIC, CHAT] as const)
        for (const after of [1, 15, 30]) expect(await play({ kind, after }, dialect)).toBe(2);
    },
  );
});

test("an answer is gone on with twice at most, however many attempts and targets there are", async () => {
  const names = ["alpha", "beta", "gamma", "delta", "epsilon"];
  const here = virtual({
    providers: names.map((name) => sim(name, ANTHROPIC, { words: WORDS })),
    targets: names.map((name) => `${name}/m`),
    faults: names.map((name) => on(name, { kind: "cut", after: 12 })),
    route: { resume: "text", attempts: 9 },
  });
  const client = here.ask({});
  await here.rest();
  const { errors, closed, violations } = heardBy(client);
  expect([errors.length, closed, violations]).toEqual([1, false, []]);
  expect(here.events.filter(({ type }) => type === "resume")).toHaveLength(2);
});

test("a deadline that passes while another target is asked ends the call, with the truth", async () => {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC, { words: WORDS }), sim("beta", CHAT, { words: WORDS, firstTokenMs: 30_000 })],
    faults: [on("alpha", CUT)],
    route: { resume: "text" },
  });
  const client = here.ask({ deadlineMs: 6_000 });
  await here.rest();
  const { errors, closed } = heardBy(client);
  expect([errors.length, closed]).toEqual([1, false]);
  expect(client.endedAtMs).toBeLessThanOrEqual(6_500);
  expect(here.events.filter(({ type }) => type === "call-end")).toHaveLength(1);
});

test("a cut at word 40 of 60 reaches the client as all 60, once, within a second", async () => {
  for (const client of [ANTHROPIC, CHAT] as const) {
    const here = virtual({
      providers: [
        sim("alpha", client, { words: WORDS }),
        sim("beta", client === CHAT ? ANTHROPIC : CHAT, { words: WORDS, firstTokenMs: 200 }),
      ],
      faults: [on("alpha", CUT)],
      route: { resume: "text" },
    });
    const asked = here.ask({ dialect: client });
    await here.rest();
    const cutMs = here.events.find(({ type }) => type === "resume")?.atMs ?? 0;
    const after = asked.pieces.filter(({ atMs }) => atMs >= cutMs);
    expect(heardBy(asked).text.split(" ")).toHaveLength(WORDS);
    const broke = here.events.find((event) => event.type === "attempt-end" && event.target === "alpha/m")?.atMs ?? 0;
    expect((after[0]?.atMs ?? Number.POSITIVE_INFINITY) - broke).toBeLessThanOrEqual(1_000);
  }
});
