import { expect, test } from "bun:test";
import { handEngine, respond } from "../../test/support/hand-engine.ts";
import { ANTHROPIC } from "../../test/support/virtual.ts";
import { encodedBody } from "./encoded-body.ts";

test.each([
  ["gzip", "content-encoding gzip"],
  ["BR", "content-encoding br"],
  [" zstd, gzip ", "content-encoding zstd, gzip"],
  ["<script>", "content-encoding unknown"],
])("%s is a fault that says so", (value, says) => {
  const found = encodedBody({ "content-encoding": value });
  expect(found).toMatchObject({ kind: "malformed-reply", message: expect.stringContaining(says) });
});

test.each([[{}], [{ "content-encoding": "identity" }], [{ "content-encoding": "" }]])("%j is none", (headers) => {
  expect(encodedBody(headers)).toBeUndefined();
});

test.each([true, false])("an attempt fails by it at its headers (stream: %s)", async (stream) => {
  const reply = respond(200, "\u001f\u008b", { "content-encoding": "gzip" });
  const { ask, events } = handEngine([ANTHROPIC], () => reply, { attempts: 1 });
  await ask({ stream });
  const end = events.find((event) => event.type === "attempt-end");
  expect(end).toMatchObject({ fault: "malformed-reply", message: expect.stringContaining("content-encoding gzip") });
});
