// Streams of which JSON is asked, through the whole engine: a small one that breaks, or is not of the form, is replaced
// unseen; a large one that breaks is told.

import { describe, expect, test } from "bun:test";
import { delivered, streamed } from "../../test/support/answers-said.ts";
import { handEngine, respond } from "../../test/support/hand-engine.ts";
import { read } from "../../test/support/lanes.ts";
import { ANTHROPIC, CHAT } from "../../test/support/virtual.ts";
import type { DialectId } from "../core/call.ts";
import { FORM_BYTES_MAX } from "./held-form.ts";

const SCHEMA = { type: "object", properties: { n: { type: "string" } }, required: ["n"] };
const ASKS: Readonly<Record<DialectId, object>> = {
  [ANTHROPIC]: { output_config: { format: { type: "json_schema", schema: SCHEMA } } },
  [CHAT]: { response_format: { type: "json_schema", json_schema: { name: "n", schema: SCHEMA } } },
};
const SSE = { "content-type": "text/event-stream" };
const LANES = [
  [ANTHROPIC, ANTHROPIC],
  [CHAT, CHAT],
  [CHAT, ANTHROPIC],
  [ANTHROPIC, CHAT],
] as const;

interface Script {
  readonly first: string;
  readonly resume?: "off" | "text" | "all";
  readonly targets?: number;
}

/** The words of a JSON answer in many pieces. */
const pieces = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, at) => ({ text: text.slice(at * size, (at + 1) * size) }));

async function play(target: DialectId, client: DialectId, { first, resume = "text", targets = 2 }: Script) {
  const engine = handEngine(
    Array.from({ length: targets }, () => target),
    ({ url }) =>
      respond(200, url.startsWith("http://p0") ? first : streamed[target](...pieces('{"n":"second"}', 4)), SSE),
    { resume },
  );
  const base = { model: "chat", max_tokens: 9_000, stream: true, messages: [{ role: "user", content: "go" }] };
  const delivery = await engine.ask({
    dialect: client,
    stream: true,
    body: JSON.stringify({ ...base, ...ASKS[client] }),
  });
  const text = await delivered(delivery);
  const heard = read(client, new TextEncoder().encode(text), false);
  return { text, heard, trail: delivery.headers["x-holdfast-trail"], status: delivery.status };
}

describe.each(LANES)("a target of %s and a client of %s", (target, client) => {
  const good = streamed[target](...pieces('{"n":"the first of them"}', 3));

  const stopAt = good.search(/"end_turn"|"stop"}/);

  test("one that is well is given, natively to the byte", async () => {
    const { text, heard, trail } = await play(target, client, { first: good });
    expect([heard.text, heard.closed, trail]).toEqual(['{"n":"the first of them"}', true, "p0/m0=ok"]);
    if (target === client) expect(text).toBe(good);
  });

  test("one that breaks is begun anew, wherever it breaks", async () => {
    for (let at = 40; at < stopAt; at += 29) {
      const { heard, trail } = await play(target, client, { first: good.slice(0, at) });
      expect([at, heard.text, heard.closed, heard.violations]).toEqual([at, '{"n":"second"}', true, []]);
      expect(trail).toMatch(/^p0\/m0=[a-z-]+, p1\/m1=ok$/);
    }
  });

  test.each([
    ["breaks the schema", '{"n":5}'],
    ["is no JSON", '{"n":"five"'],
  ])("one that %s is never seen, unless there is no other", async (_, said) => {
    const first = streamed[target](...pieces(said, 3));
    const { heard, trail } = await play(target, client, { first });
    expect([heard.text, trail]).toEqual(['{"n":"second"}', "p0/m0=useless-reply, p1/m1=ok"]);
    expect((await play(target, client, { first, targets: 1 })).heard.text).toBe(said);
  });

  test("one that is too large is let go, and told when it breaks", async () => {
    const large = `{"n":"${"many words of it ".repeat(FORM_BYTES_MAX / 16)}"}`;
    const whole = streamed[target](...pieces(large, 4_000));
    const { heard } = await play(target, client, { first: whole.slice(0, -1_000) });
    expect([heard.closed, heard.errors.length, large.startsWith(heard.text)]).toEqual([false, 1, true]);
    expect(heard.text.length).toBeGreaterThan(FORM_BYTES_MAX / 2);
    expect((await play(target, client, { first: whole })).heard).toMatchObject({ text: large, closed: true });
  });

  test("with `off` nothing is held", async () => {
    const { heard } = await play(target, client, { first: good.slice(0, stopAt), resume: "off" });
    expect([heard.closed, heard.errors.length, heard.text.startsWith('{"n"')]).toEqual([false, 1, true]);
  });
});
