// A blackout in the virtual world: every target fails, and the rungs of the ladder are what clients of both dialects get,
// whole and as a stream. Bytes are read by readers that know nothing of the encoders.

import { describe, expect, test } from "bun:test";
import { LOCAL_CALLS } from "../../src/answers/local-model.ts";
import type { DialectId } from "../../src/core/call.ts";
import type { LastResortSettings } from "../../src/core/settings.ts";
import { read } from "../support/lanes.ts";
import { outcomeOf } from "../support/outcome.ts";
import { ANTHROPIC, type Ask, bytesOf, CHAT, type Client, on, sim, virtual } from "../support/virtual.ts";
import { readWhole } from "../support/whole-reader.ts";

const WORDS = 8;
const CANNED: LastResortSettings = {
  type: "canned",
  text: "{model} is away since {since} ({reason}); ask again in {retry}. {not-a-fact}",
};
const LOCAL: LastResortSettings = { type: "local", target: { provider: "gamma", model: "small" } };
const SAID =
  "chat is away since 2026-01-01 00:00 UTC (the provider says it is overloaded); ask again in 5 s. {not-a-fact}";

const blackout = (...names: readonly string[]) => names.map((name) => on(name, { kind: "overloaded" }));

const world = (lastResort: readonly LastResortSettings[], down: readonly string[], local: DialectId = CHAT) =>
  virtual({
    providers: [
      sim("alpha", ANTHROPIC, { words: WORDS }),
      sim("beta", CHAT, { words: WORDS }),
      sim("gamma", local, { words: WORDS }),
    ],
    local: ["gamma"],
    route: { lastResort },
    faults: blackout(...down),
  });

const textOf = (client: Client): string =>
  client.call.stream
    ? read(client.call.dialect, bytesOf(client), false).text
    : readWhole(client.call.dialect, bytesOf(client)).text;

const CLIENTS: readonly DialectId[] = [ANTHROPIC, CHAT];
const COMBINATIONS = CLIENTS.flatMap((dialect) => [true, false].map((stream) => ({ dialect, stream })));

describe.each(COMBINATIONS)("$dialect, stream: $stream", (asked) => {
  test("the canned answer says what it is, and is an answer", async () => {
    const here = world([CANNED], ["alpha", "beta"]);
    const client = here.ask(asked);
    await here.rest();
    expect(textOf(client).replace(/since \S+ \S+ UTC/, "since 2026-01-01 00:00 UTC")).toBe(SAID);
    expect(client.delivery?.status).toBe(200);
    expect(client.delivery?.headers).toMatchObject({
      "x-holdfast-served-by": "canned",
      "x-holdfast-degraded": "canned",
      "x-holdfast-target": "holdfast/canned",
      "x-holdfast-trail": "alpha/m=overloaded, beta/m=overloaded",
      "x-holdfast-attempts": "2",
    });
    if (asked.stream) expect(read(asked.dialect, bytesOf(client), false)).toMatchObject({ violations: [], errors: [] });
    const end = here.events.find(({ type }) => type === "call-end");
    expect(end).toMatchObject({ ending: "complete", servedBy: "canned", degraded: "canned" });
  });

  test.each(CLIENTS)("a local model that speaks %s answers before the sentence", async (local) => {
    const here = world([LOCAL, CANNED], ["alpha", "beta"], local);
    const client = here.ask(asked);
    await here.rest();
    expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "complete" });
    expect(client.delivery?.headers).toMatchObject({
      "x-holdfast-served-by": "local",
      "x-holdfast-degraded": "local",
      "x-holdfast-target": "gamma/small",
      "x-holdfast-attempts": "3",
    });
  });

  test("a local model that is down too gives way to the sentence", async () => {
    const here = world([LOCAL, CANNED], ["alpha", "beta", "gamma"]);
    const client = here.ask(asked);
    await here.rest();
    expect(textOf(client)).toStartWith("chat is away");
    expect(client.delivery?.headers["x-holdfast-trail"]).toEndWith("gamma/small=overloaded");
  });

  test("while one target answers, the ladder is not touched", async () => {
    const here = world([LOCAL, CANNED], ["alpha"]);
    const client = here.ask(asked);
    await here.rest();
    expect(outcomeOf(client, WORDS).kind).toBe("complete");
    expect(client.delivery?.headers["x-holdfast-target"]).toBe("beta/m");
  });

  test("the same call again is answered without the targets", async () => {
    const here = world([CANNED], ["alpha", "beta"]);
    here.ask(asked);
    await here.world.run(1_000);
    const again = here.ask(asked);
    await here.rest();
    expect(textOf(again)).toStartWith("chat is away");
    expect(again.delivery?.headers["x-holdfast-attempts"]).toBe("0");
  });
});

const json = (body: object): Uint8Array => new TextEncoder().encode(JSON.stringify(body));
const messages = [{ role: "user", content: "hello" }];
const base = { model: "chat", max_tokens: 50, messages };
const schema = { type: "object", properties: {}, additionalProperties: false };

const NO_PROSE: readonly (readonly [string, Ask])[] = [
  ["Anthropic, a tool is forced", { dialect: ANTHROPIC, tools: "any" }],
  ["Chat, a tool is forced", { dialect: CHAT, tools: "any" }],
  [
    "Anthropic, JSON by schema",
    {
      dialect: ANTHROPIC,
      body: json({ ...base, output_config: { format: { type: "json_schema", schema } } }),
    },
  ],
  [
    "Chat, JSON by schema",
    {
      dialect: CHAT,
      body: json({ ...base, response_format: { type: "json_schema", json_schema: { name: "s", schema } } }),
    },
  ],
  ["Chat, any JSON", { dialect: CHAT, body: json({ ...base, response_format: { type: "json_object" } }) }],
  ["Chat, two choices", { dialect: CHAT, body: json({ ...base, n: 2 }) }],
  [
    "Anthropic, an answer that is begun",
    { dialect: ANTHROPIC, body: json({ ...base, messages: [...messages, { role: "assistant", content: "{" }] }) },
  ],
];

test.each(NO_PROSE)("no sentence: %s", async (_, ask) => {
  const here = world([CANNED], ["alpha", "beta"]);
  const client = here.ask({ stream: false, ...ask });
  await here.rest();
  const reached = client.delivery?.headers["x-holdfast-served-by"];
  expect([reached, (client.delivery?.status ?? 0) >= 400 || client.delivery?.early]).toEqual([undefined, true]);
});

test("a tool that may be used or not: a sentence will do", async () => {
  const here = world([CANNED], ["alpha", "beta"]);
  const client = here.ask({ stream: false, tools: "auto" });
  await here.rest();
  expect(textOf(client)).toStartWith("chat is away");
});

test("a deadline that passes in an outage is answered with the sentence, not with the model", async () => {
  const here = virtual({
    providers: [sim("alpha", CHAT), sim("gamma", CHAT)],
    local: ["gamma"],
    faults: [on("alpha", { kind: "silence" })],
    route: {
      lastResort: [LOCAL, CANNED],
      timeouts: { connectMs: 5_000, firstTokenMs: 90_000, wholeMs: 90_000, idleMs: 90_000, totalMs: 3_000 },
    },
  });
  const client = here.ask({ dialect: CHAT, stream: false });
  await here.rest();
  expect(client.endedAtMs).toBe(3_000);
  expect(client.delivery?.headers["x-holdfast-trail"]).toBe("alpha/m=deadline-exceeded");
  expect(textOf(client)).toStartWith("chat is away");
});

test("an early opened stream tells in-band who served it", async () => {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC)],
    faults: [on("alpha", { kind: "silence" })],
    route: {
      lastResort: [CANNED],
      timeouts: { connectMs: 5_000, firstTokenMs: 15_000, wholeMs: 15_000, idleMs: 15_000, totalMs: 600_000 },
    },
  });
  const client = here.ask();
  await here.rest();
  expect(client.delivery?.early).toBe(true);
  expect(textOf(client)).toStartWith("chat is away");
  expect(new TextDecoder().decode(bytesOf(client))).toContain('"served_by":"canned","degraded":"canned"');
});

test("a local model is asked a few calls at a time; the rest take the next rung at once", async () => {
  const here = world([LOCAL, CANNED], ["alpha", "beta"]);
  const clients = Array.from({ length: LOCAL_CALLS.default + 3 }, (_, index) =>
    here.ask({ prompt: `question ${index}` }),
  );
  await here.rest();
  const served = clients.map(({ delivery }) => delivery?.headers["x-holdfast-served-by"]);
  expect(served.filter((by) => by === "local").length).toBe(LOCAL_CALLS.default);
  expect(served.filter((by) => by === "canned").length).toBe(3);
  const later = here.ask({ prompt: "later" });
  await here.rest();
  expect(later.delivery?.headers["x-holdfast-served-by"]).toBe("local");
});

test("a local model that an operator took out of rotation is not asked", async () => {
  const here = world([LOCAL], ["alpha", "beta"]);
  here.engine.cells.drains.set("gamma/small", Number.POSITIVE_INFINITY, 0);
  const client = here.ask({ stream: false });
  await here.rest();
  expect(outcomeOf(client, WORDS).kind).toBe("refused");
});
