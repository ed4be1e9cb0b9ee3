// A route with `validate`: what fails it is never seen by a client, whole or streamed, native or translated.

import { describe, expect, test } from "bun:test";
import { delivered, streamed, whole } from "../../test/support/answers-said.ts";
import { handEngine, respond } from "../../test/support/hand-engine.ts";
import { ANTHROPIC, CHAT } from "../../test/support/virtual.ts";
import type { DialectId } from "../core/call.ts";

const validate = { minLength: 5, pattern: "sea" };
const GOOD = { text: "The sea is calm." };
const BAD = { text: "The lake is calm." };
const SSE = { "content-type": "text/event-stream" };

async function play(target: DialectId, client: DialectId, stream: boolean, first: string, targets = 2) {
  const good = stream ? streamed : whole;
  const engine = handEngine(
    Array.from({ length: targets }, () => target),
    ({ url }) => respond(200, url.startsWith("http://p0") ? first : good[target](GOOD), stream ? SSE : undefined),
    { validate },
  );
  const delivery = await engine.ask({ dialect: client, stream });
  const text = await delivered(delivery);
  const ends = engine.events.flatMap((event) => (event.type === "attempt-end" ? [event.fault ?? "ok"] : []));
  return {
    text,
    trail: delivery.headers["x-holdfast-trail"],
    status: delivery.status,
    ends,
    timers: engine.clock.timers,
  };
}

describe.each([
  [ANTHROPIC, ANTHROPIC],
  [CHAT, CHAT],
  [CHAT, ANTHROPIC],
  [ANTHROPIC, CHAT],
] as const)("a target of %s and a client of %s", (target, client) => {
  describe.each([false, true])("stream: %p", (stream) => {
    const said = stream ? streamed : whole;

    test("an answer that fits is given, byte for byte on the native lane", async () => {
      const answer = said[target](GOOD);
      const played = await play(target, client, stream, answer);
      expect(played).toMatchObject({ trail: "p0/m0=ok", ends: ["ok"] });
      expect(played.text).toContain("The sea is calm.");
      if (target === client) expect(played.text).toBe(answer);
    });

    test("an answer that does not fit is never seen", async () => {
      const played = await play(target, client, stream, said[target](BAD));
      expect(played).toMatchObject({ trail: "p0/m0=useless-reply, p1/m1=ok", ends: ["useless-reply", "ok"] });
      expect(played.text).toContain("sea");
      expect(played.text).not.toContain("lake");
    });

    test("no answer fits: that is an error, though it was the last one", async () => {
      const played = await play(target, client, stream, said[target](BAD), 1);
      expect(played.status).toBe(client === ANTHROPIC ? 529 : 503);
      expect(played.text).not.toContain("lake");
    });

    test("an answer that calls a tool is given", async () => {
      const played = await play(target, client, stream, said[target]({ name: "look", input: {} }));
      expect(played).toMatchObject({ trail: "p0/m0=ok" });
    });
  });

  test("a stream that breaks in its middle is replaced, unseen", async () => {
    const cut = streamed[target](GOOD);
    const played = await play(target, client, true, cut.slice(0, cut.indexOf("calm") + 40));
    expect(played).toMatchObject({ status: 200, trail: "p0/m0=stream-broken, p1/m1=ok" });
  });
});
