// Spoiled bytes on both sides of a seam, through the whole engine and on all lanes: nothing throws, nothing hangs, the client has
// an end or an error and never both, and no call of a tool that is not whole.

import { expect, test } from "bun:test";
import { delivered, streamed } from "../support/answers-said.ts";
import { rounds } from "../support/effort.ts";
import { handEngine, respond } from "../support/hand-engine.ts";
import { read } from "../support/lanes.ts";
import { ANTHROPIC, CHAT } from "../support/virtual.ts";

const ROUNDS = rounds(1_500);
const LIMIT_MS = 60_000;
const WORDS = "The sea is calm tonight, the tide is full, the moon lies fair upon the straits and gleams";
const CALL = { name: "look", input: { at: "sea", n: [1, 2] } };
const BOTH = [ANTHROPIC, CHAT] as const;
const MODES = ["text", "all", "off"] as const;
const SSE = { "content-type": "text/event-stream" };
const TOOLS = {
  [ANTHROPIC]: [{ name: "look", input_schema: { type: "object" } }],
  [CHAT]: [{ type: "function", function: { name: "look" } }],
};

let state = 5;

function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return (state >>> 8) % below;
}

function oneOf<Item>(items: readonly [Item, ...Item[]]): Item {
  return items[random(items.length)] ?? items[0];
}

/** With letters changed, parts doubled or left out, and perhaps its end. */
function spoiled(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  for (let hits = random(4); hits > 0; hits--) {
    const at = random(bytes.length);
    const how = random(4);
    if (how === 0) bytes.copyWithin(at, random(bytes.length));
    else if (how === 1) bytes.copyWithin(at, Math.min(bytes.length, at + random(80)));
    else bytes[at] = random(256);
  }
  return random(2) === 0 ? bytes : bytes.subarray(0, random(bytes.length));
}

function pieces(text: string): readonly { readonly text: string }[] {
  const size = 1 + random(9);
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => ({
    text: text.slice(at * size, (at + 1) * size),
  }));
}

async function round(): Promise<string> {
  const [target, client] = [oneOf(BOTH), oneOf(BOTH)];
  const cut = 1 + random(WORDS.length - 1);
  const calls = () => (random(3) === 0 ? [CALL] : []);
  const first = spoiled(streamed[target](...pieces(WORDS.slice(0, cut)), ...calls()));
  const from = random(2) === 0 ? 0 : Math.max(0, cut - 30);
  const second = spoiled(streamed[target](...pieces(WORDS.slice(from)), ...calls()));
  const engine = handEngine(
    [target, target],
    ({ url }) => respond(200, url.startsWith("http://p0") ? first : second, SSE),
    { resume: oneOf(MODES), attempts: 2 + random(3) },
  );
  const messages = [{ role: "user", content: "go" }];
  const body = {
    model: "chat",
    max_tokens: 400,
    stream: true,
    messages,
    ...(random(2) === 0 && { tools: TOOLS[client] }),
  };
  const delivery = await engine.ask({ dialect: client, stream: true, body: JSON.stringify(body) });
  const text = await delivered(delivery);
  expect(engine.events.filter(({ type }) => type === "bug")).toEqual([]);
  expect(engine.events.filter(({ type }) => type === "call-end")).toHaveLength(1);
  if (delivery.status !== 200) return "refused";
  const { closed, errors, tools, violations } = read(client, new TextEncoder().encode(text), false);
  expect([closed, errors.length]).toEqual(closed ? [true, 0] : [false, 1]);
  expect(tools.every(({ whole }) => whole)).toBe(true);
  // On the native lane the frames are the provider's own.
  if (target !== client) expect(violations).toEqual([]);
  return closed ? "ended" : "broken";
}

test(
  "spoiled answers",
  async () => {
    const seen = new Set<string>();
    for (let at = 0; at < ROUNDS; at++) seen.add(await round());
    expect([...seen]).toContain("ended");
    expect([...seen]).toContain("broken");
  },
  LIMIT_MS,
);
