// Calls that not every target of a route has: nothing is sent to those that have not, and no attempt is lost by them.

import { expect, test } from "bun:test";
import { handEngine, respond } from "../../test/support/hand-engine.ts";
import { ANTHROPIC, CHAT } from "../../test/support/virtual.ts";

const VECTORS = JSON.stringify({
  object: "list",
  model: "m",
  data: [{ object: "embedding", index: 0, embedding: [1] }],
});
const EMBED = { dialect: CHAT, operation: "embed", body: JSON.stringify({ model: "chat", input: "x" }) } as const;

test("embeddings go to the first target that has them, however few attempts the route has", async () => {
  const engine = handEngine([ANTHROPIC, ANTHROPIC, CHAT], () => respond(200, VECTORS), { attempts: 1 });
  const { status, headers } = await engine.ask(EMBED);
  expect(status).toBe(200);
  expect(headers["x-holdfast-trail"]).toBe("p0/m0=unsupported, p1/m1=unsupported, p2/m2=ok");
  expect(headers["x-holdfast-attempts"]).toBe("1");
  expect(engine.sent.map(({ url }) => url)).toEqual(["http://p2.test/embeddings"]);
});

test("what no target of the route has is a 400", async () => {
  const engine = handEngine([ANTHROPIC], () => respond(200, VECTORS));
  expect((await engine.ask(EMBED)).status).toBe(400);
  expect(engine.sent).toEqual([]);
});
