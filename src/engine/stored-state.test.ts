// Requests that go on with what is stored at a provider: they stay there, whatever happens to it.

import { expect, test } from "bun:test";
import { delivered, whole } from "../../test/support/answers-said.ts";
import { handEngine, respond } from "../../test/support/hand-engine.ts";
import { ANTHROPIC, CHAT } from "../../test/support/virtual.ts";

const OVERLOADED = JSON.stringify({ type: "error", error: { type: "overloaded_error", message: "busy" } });
const ask = (more: object) =>
  JSON.stringify({ model: "chat", max_tokens: 9, messages: [{ role: "user", content: "on" }], ...more });

test.each([
  ["a container", { container: "container_1" }, "container"],
  ["a container with skills", { container: { id: "container_1", skills: [] } }, "container"],
  ["a thread", { thread: { type: "continue", id: "thread_1" } }, "thread"],
])("%s is known to the first provider of its dialect only", async (_, more, field) => {
  const engine = handEngine([CHAT, ANTHROPIC, ANTHROPIC], ({ url }) =>
    url.startsWith("http://p1") ? respond(529, OVERLOADED) : respond(200, whole[ANTHROPIC]({ text: "hi" })),
  );
  const delivery = await engine.ask({ body: ask(more) });
  expect(delivery.status).toBe(529);
  expect(delivery.headers["x-holdfast-trail"]).toBe("p0/m0=unsupported, p1/m1=overloaded, p2/m2=unsupported");
  expect(engine.sent.map(({ url }) => url)).toEqual(["http://p1.test/v1/messages"]);
  expect(await delivered(delivery)).not.toContain(`"${field}_1"`);
});

test.each([
  ["nothing stored", {}],
  ["a container that is to be made", { container: { skills: [{ type: "anthropic", skill_id: "pdf" }] } }],
  ["a thread that begins", { thread: { type: "create" } }],
])("%s goes to any of them", async (_, more) => {
  const engine = handEngine([ANTHROPIC, ANTHROPIC], ({ url }) =>
    url.startsWith("http://p0") ? respond(529, OVERLOADED) : respond(200, whole[ANTHROPIC]({ text: "hi" })),
  );
  expect((await engine.ask({ body: ask(more) })).headers["x-holdfast-trail"]).toBe("p0/m0=overloaded, p1/m1=ok");
});
