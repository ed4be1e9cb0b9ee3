// Prompts that do not fit, through the whole engine: the target that cannot hold one is never asked, and named.

import { expect, test } from "bun:test";
import { delivered, whole } from "../../test/support/answers-said.ts";
import { handEngine, respond } from "../../test/support/hand-engine.ts";
import { ANTHROPIC } from "../../test/support/virtual.ts";

const WINDOWS: Readonly<Record<string, number>> = { m0: 8_000, m1: 8_000, m2: 100_000 };
const LONG = JSON.stringify({
  model: "chat",
  max_tokens: 5,
  messages: [{ role: "user", content: "words of a long prompt ".repeat(10_000) }],
});
const SAYS_TOO_LONG = JSON.stringify({
  type: "error",
  error: { type: "invalid_request_error", message: "prompt is too long: 250000 tokens > 200000 maximum" },
});

function engineOf(contextOf: (model: string) => number | undefined, tooLong: readonly string[] = []) {
  return handEngine(
    [ANTHROPIC, ANTHROPIC, ANTHROPIC],
    ({ url }) =>
      tooLong.some((name) => url.startsWith(`http://${name}`))
        ? respond(400, SAYS_TOO_LONG)
        : respond(200, whole[ANTHROPIC]({ text: "hi" })),
    {},
    contextOf,
  );
}

test("what cannot hold the prompt is skipped, named in the trail and not counted", async () => {
  const engine = engineOf((model) => WINDOWS[model]);
  const { headers } = await engine.ask({ body: LONG });
  expect(headers["x-holdfast-trail"]).toBe("p0/m0=context-too-long, p1/m1=context-too-long, p2/m2=ok");
  expect(headers["x-holdfast-attempts"]).toBe("1");
  expect(engine.sent.map(({ url }) => url)).toEqual(["http://p2.test/v1/messages"]);
});

test("a short prompt goes where it always went, and so does one whose client asked for a larger window", async () => {
  const engine = engineOf((model) => WINDOWS[model]);
  expect((await engine.ask({})).headers["x-holdfast-trail"]).toBe("p0/m0=ok");
  const enlarged = await engine.ask({ body: LONG, headers: { "anthropic-beta": "context-1m-2025-08-07" } });
  expect(enlarged.headers["x-holdfast-trail"]).toBe("p0/m0=ok");
});

test("where nothing seems large enough a guess refuses nothing", async () => {
  const engine = engineOf(() => 8_000);
  expect((await engine.ask({ body: LONG })).headers["x-holdfast-trail"]).toBe("p0/m0=ok");
});

test("a provider's own word sends the call to a larger one only, and is the answer where there is none", async () => {
  const engine = engineOf((model) => WINDOWS[model], ["p0"]);
  expect((await engine.ask({})).headers["x-holdfast-trail"]).toBe("p0/m0=context-too-long, p2/m2=ok");
  const none = engineOf(() => 8_000, ["p0"]);
  const refused = await none.ask({});
  expect(refused).toMatchObject({ status: 400, headers: { "x-holdfast-trail": "p0/m0=context-too-long" } });
  expect(await delivered(refused)).toContain("prompt is too long");
});

test("a limit on output that all share passes over none", async () => {
  const engine = engineOf(() => undefined);
  const body = JSON.stringify({ ...JSON.parse(LONG), max_tokens: 9_999 });
  // All have the same limit here: nothing is passed over.
  expect((await engine.ask({ body })).headers["x-holdfast-trail"]).toBe("p0/m0=ok");
});
