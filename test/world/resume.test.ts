// Streams that break half-way, in the virtual world: every fault, after every frame, for all pairs of dialects, against
// backups that go on as they were asked and others that do not. What the client has in the end is an exact join or a
// truthful error, never anything else.

import { describe, expect, test } from "bun:test";
import type { DialectId } from "../../src/core/call.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import { fault } from "../../src/core/fault.ts";
import { deliver } from "../../src/engine/deliver.ts";
import type { FaultScript } from "../../src/sim/fault-script.ts";
import type { Manner } from "../../src/sim/going-on.ts";
import { read } from "../support/lanes.ts";
import { ANTHROPIC, type Ask, bytesOf, CHAT, type Client, callOf, on, sim, virtual } from "../support/virtual.ts";

const WORDS = 60;
const BOTH: readonly DialectId[] = [ANTHROPIC, CHAT];
const PAIRS = BOTH.flatMap((client) => BOTH.flatMap((first) => BOTH.map((second) => ({ client, first, second }))));

interface Scene {
  readonly client: DialectId;
  readonly first: DialectId;
  readonly second: DialectId;
  readonly fault: FaultScript;
  readonly manner?: Manner;
  readonly ask?: Ask;
  readonly mode?: "off" | "text" | "all";
  readonly model?: string;
  readonly attempts?: number;
}

async function play({ client, first, second, fault, manner, ask, mode, attempts, model = "m" }: Scene) {
  const here = virtual({
    providers: [
      sim("alpha", first, { words: WORDS }),
      sim("beta", second, { words: WORDS, ...(manner && { manner }) }),
    ],
    targets: ["alpha/m", `beta/${model}`],
    faults: [on("alpha", fault)],
    route: { resume: mode ?? "text", ...(attempts && { attempts }) },
  });
  const asked = here.ask({ dialect: client, stream: true, ...ask });
  await here.rest();
  return { here, asked, heard: read(client, bytesOf(asked), false), text: new TextDecoder().decode(bytesOf(asked)) };
}

/** What both providers say: the words of the first up to the seam, those of the second from there on. */
function isJoined(text: string): boolean {
  const words = text.split(" ");
  return /^This is alpha with m: /.test(text) && words.length === WORDS && text.endsWith(".");
}

describe.each(PAIRS)("a $client client of $first, then $second", (pair) => {
  for (const kind of ["cut", "reset", "cut-body", "error-in-band", "malformed-frame", "stall"] as const) {
    test(`${kind}, wherever it comes: all ${WORDS} words, once`, async () => {
      for (let after = 1; after <= WORDS; after += after < 8 || after > 52 ? 1 : 5) {
        const { heard, here } = await play({ ...pair, fault: { kind, after } });
        expect([heard.violations, heard.errors, heard.closed], `after ${after}`).toEqual([[], [], true]);
        expect(isJoined(heard.text) || heard.text.startsWith("This is beta"), `after ${after}: ${heard.text}`).toBe(
          true,
        );
        expect(heard.text.split(" "), `after ${after}`).toHaveLength(WORDS);
        const end = here.events.find(({ type }) => type === "call-end");
        expect(end).toMatchObject({ ending: "complete" });
      }
    });
  }
});

const SEAM = { client: ANTHROPIC, first: ANTHROPIC, second: CHAT, fault: { kind: "cut", after: 40 } } as const;

test("one id, the seam told on a known event, who goes on in the model of a Chat stream, attempts and trail of both", async () => {
  for (const client of BOTH) {
    const { text, asked, here } = await play({ ...SEAM, client, first: client, second: client });
    const ids = new Set([...text.matchAll(/"id":\s*"((?:msg|chatcmpl)[\w-]+)"/g)].map((match) => match[1]));
    expect(ids.size).toBe(1);
    const seam = /"holdfast":(\{"resume":\{[^}]*\}\})/.exec(text)?.[1] ?? "{}";
    // On the first event behind the seam and on the last that has JSON, and once as a comment for people.
    expect(text.match(/"holdfast":\{"resume":/g)).toHaveLength(2);
    expect(text.match(/^: holdfast/gm)).toHaveLength(1);
    expect(JSON.parse(seam)).toMatchObject({
      resume: { from: "alpha/m", to: "beta/m", cause: "stream-broken", how: "anchor" },
    });
    const end = here.events.find(({ type }) => type === "call-end");
    expect(end).toMatchObject({ ending: "complete", attempts: 2 });
    expect(here.events.filter(({ type }) => type === "resume")).toHaveLength(1);
    expect(asked.delivery?.headers["x-holdfast-trail"]).toBe("alpha/m=ok");
  }
});

test("the client has the rest within a second of the cut", async () => {
  const { asked } = await play(SEAM);
  const gaps = asked.pieces.map(({ atMs }, index) => atMs - (asked.pieces[index - 1]?.atMs ?? atMs));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1_000);
});

test("the trail of a break: how long each attempt took until then, and its own fault", async () => {
  const here = virtual({
    providers: [sim("alpha", CHAT, { words: WORDS }), sim("beta", CHAT)],
    targets: ["alpha/m", "beta/m"],
    faults: [on("alpha", { kind: "stall", after: 20 }), on("beta", { kind: "overloaded" })],
    route: { resume: "text", attempts: 2 },
  });
  const asked = here.ask({ dialect: CHAT, stream: true });
  await here.rest();
  const trail = /"trail":(\[.*?\])/.exec(new TextDecoder().decode(bytesOf(asked)))?.[1] ?? "[]";
  const [first, second] = JSON.parse(trail);
  expect(first).toMatchObject({ target: "alpha/m", fault: "idle-timeout" });
  // Its silence is part of it.
  expect(first.ms).toBeGreaterThan(15_000);
  expect(second).toMatchObject({ target: "beta/m", fault: "overloaded" });
});

test("usage is that of the whole answer", async () => {
  const { text } = await play(SEAM);
  const output = [...text.matchAll(/"output_tokens":(\d+)/g)].map((match) => Number(match[1]));
  expect(output.at(-1)).toBeGreaterThan(WORDS / 2);
});

test("a stop string that began before the seam ends the answer where the client has no more of it", async () => {
  const { text } = await play({ ...SEAM, second: ANTHROPIC, model: "claude-haiku-4-5" });
  // The word at the seam and the next one, as one stop string: neither provider says both.
  const words = read(ANTHROPIC, new TextEncoder().encode(text), false).text.split(" ");
  const stop = words.slice(38, 42).join(" ");
  const body = { model: "chat", max_tokens: 500, stream: true, messages: [{ role: "user", content: "hello" }] };
  const stops = new TextEncoder().encode(JSON.stringify({ ...body, stop_sequences: [stop] }));
  const ask = { body: stops };
  const { heard, here } = await play({ ...SEAM, second: ANTHROPIC, model: "claude-haiku-4-5", ask });
  expect([heard.errors, heard.violations, heard.text.includes(stop), heard.stop]).toEqual([
    [],
    [],
    false,
    "stop_sequence",
  ]);
  expect(here.events.find(({ type }) => type === "call-end")).toMatchObject({ ending: "complete" });
});

describe("how the backup goes on", () => {
  for (const manner of ["obeys", "anew", "preamble", "rewords", "blanks"] as const) {
    test(`${manner}: the whole answer`, async () => {
      for (const after of [12, 25, 40, 55]) {
        const { heard } = await play({ ...SEAM, fault: { kind: "reset", after }, manner });
        expect([heard.errors, heard.violations]).toEqual([[], []]);
        expect(isJoined(heard.text), `${after}: ${heard.text}`).toBe(true);
      }
    });
  }
  for (const manner of ["other", "refuses"] as const) {
    test(`${manner}: a truthful error, and nothing of it`, async () => {
      const { heard, here } = await play({ ...SEAM, manner, attempts: 2 });
      expect(heard.errors).toHaveLength(1);
      expect(heard.closed).toBe(false);
      expect(heard.text.split(" ").length).toBeLessThan(WORDS);
      expect(here.events.find(({ type }) => type === "call-end")).toMatchObject({ ending: "broken" });
    });
  }
  test("a model that takes a prefix is given one; one that does not is asked otherwise", async () => {
    for (const [model, how] of [
      ["claude-haiku-4-5", "prefix"],
      ["claude-opus-4-8", "anchor"],
    ] as const) {
      const { heard, here } = await play({ ...SEAM, second: ANTHROPIC, model });
      expect(isJoined(heard.text)).toBe(true);
      expect(here.events.find(({ type }) => type === "resume")).toMatchObject({ how });
    }
  });
});

describe("what is not gone on with", () => {
  const broken = (client: Client, errors: number) =>
    expect(read(client.call.dialect, bytesOf(client), false).errors).toHaveLength(errors);

  test("resume: off", async () => {
    const { heard } = await play({ ...SEAM, mode: "off" });
    expect([heard.errors.length, heard.closed]).toEqual([1, false]);
  });

  test("text beside tools, unless `all` is asked for", async () => {
    const ask: Ask = { tools: "auto", prompt: "no call" };
    // The word in the prompt makes the simulated model call; here it only speaks.
    const body = (dialect: DialectId) =>
      new TextEncoder().encode(
        JSON.stringify({
          model: "chat",
          max_tokens: 500,
          stream: true,
          messages: [{ role: "user", content: "speak" }],
          tools:
            dialect === ANTHROPIC
              ? [{ name: "weather", input_schema: { type: "object" } }]
              : [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }],
        }),
      );
    for (const client of BOTH) {
      const scene = { ...SEAM, client, ask: { ...ask, body: body(client) } };
      broken((await play(scene)).asked, 1);
      const { heard } = await play({ ...scene, mode: "all" });
      expect([heard.errors, isJoined(heard.text)]).toEqual([[], true]);
    }
  });

  test("a client that has left: nothing is asked of anybody", async () => {
    const here = virtual({
      providers: [sim("alpha", ANTHROPIC, { words: WORDS }), sim("beta", CHAT)],
      faults: [on("alpha", { kind: "stall", after: 30 })],
      route: { resume: "text" },
    });
    const client = here.ask({ stream: true });
    await here.world.run(2_000);
    client.cancel.cancel({ kind: "cancelled", message: "the client left" });
    await here.rest();
    expect(here.events.filter(({ type }) => type === "attempt-start")).toHaveLength(1);
  });

  test("an answer that breaks again and again: the cap on attempts holds", async () => {
    const here = virtual({
      providers: ["alpha", "beta", "gamma"].map((name) => sim(name, ANTHROPIC, { words: WORDS })),
      targets: ["alpha/m", "beta/m", "gamma/m"],
      route: { resume: "text" },
      faults: ["alpha", "beta", "gamma"].map((name) => on(name, { kind: "cut", after: 30 })),
    });
    const client = here.ask({ stream: true });
    await here.rest();
    expect(here.events.filter(({ type }) => type === "attempt-start").length).toBeLessThanOrEqual(3);
    const heard = read(ANTHROPIC, bytesOf(client), false);
    expect(heard.errors.length + (heard.closed ? 1 : 0)).toBe(1);
    expect(heard.violations).toEqual([]);
  });
});

test.each(PAIRS)(
  "calls of a second model are whole and made once, wherever it breaks too: $client, $first, $second",
  async (pair) => {
    const schema = { type: "object", properties: { city: { type: "string" } } };
    const isAnthropic = pair.client === ANTHROPIC;
    const tool = isAnthropic
      ? { name: "weather", input_schema: schema }
      : { type: "function", function: { name: "weather", parameters: schema } };
    const thinks = isAnthropic ? { thinking: { type: "adaptive" } } : { reasoning_effort: "high" };
    const messages = [{ role: "user", content: "think, then use two tools" }];
    const body = { model: "chat", max_tokens: 500, stream: true, messages, tools: [tool], ...thinks };
    const forced = isAnthropic ? { type: "any" } : "required";
    for (const [resume, choice] of [
      ["text", {}],
      ["text", { tool_choice: forced }],
      ["all", {}],
      ["all", { tool_choice: forced }],
    ] as const) {
      const ask = { dialect: pair.client, body: new TextEncoder().encode(JSON.stringify({ ...body, ...choice })) };
      for (let after = 1; after < 22; after++) {
        const providers = [sim("alpha", pair.first), sim("beta", pair.second), sim("gamma", pair.first)];
        const faults = [on("alpha", { kind: "cut", after: 3 }), on("beta", { kind: "cut", after })];
        const here = virtual({ providers, faults, route: { resume } });
        const client = here.ask(ask);
        await here.rest();
        const { tools, violations, closed, errors } = read(pair.client, bytesOf(client), false);
        const where = `${resume}, after ${after}`;
        const speakers = new Set(tools.map(({ json }) => /from (\w+)/.exec(json)?.[1]));
        expect([violations, tools.every(({ whole }) => whole), speakers.size <= 1], where).toEqual([[], true, true]);
        expect([closed, errors.length], where).toEqual(closed ? [true, 0] : [false, 1]);
        // The client runs the calls that it has.
        if (tools.length > 0) expect(closed, where).toBe(true);
      }
    }
  },
);

test.each([
  ["leaves while words come", 5, { kind: "drip", delayMs: 100 }],
  ["leaves after a break that it did not read", 5, { kind: "cut", after: 30 }],
  ["leaves while another target is asked", 40, { kind: "cut", after: 30 }],
  ["leaves an answer that is whole", 5, undefined],
] as const)("a client that stops reading and %s: its call ends", async (_, reads, script) => {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC, { words: WORDS }), sim("beta", CHAT, { words: WORDS, firstTokenMs: 5_000 })],
    faults: script === undefined ? [] : [on("alpha", script)],
    route: { resume: "text" },
  });
  const cancel = new CancelSource();
  const delivering = deliver(here.engine, callOf("call_1", {}), cancel, 10_000);
  await here.world.run(300);
  const { body } = await delivering;
  if (body instanceof Uint8Array) throw new Error("not a stream");
  let isReading = false;
  for (let read = 0; read < reads; read++) {
    // One reader, that may still wait when it leaves.
    if (!isReading) {
      isReading = true;
      void body.read().then(() => {
        isReading = false;
      });
    }
    await here.world.run(here.world.clock.now() + 20);
  }
  await here.world.run(here.world.clock.now() + 1_000);
  cancel.cancel(fault("cancelled", "the client left"));
  await here.rest();
  expect(here.events.filter(({ type }) => type === "call-end")).toHaveLength(1);
});
