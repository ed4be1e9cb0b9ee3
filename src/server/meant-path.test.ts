import { expect, test } from "bun:test";
import { door } from "../../test/support/door.ts";
import { meantPath } from "./meant-path.ts";

const PATHS = ["/v1/messages", "/v1/chat/completions", "/v1/models"];

test.each([
  ["/v1/v1/messages", "/v1/messages"],
  ["/v1/v1/v1/messages/", "/v1/messages"],
  ["/messages", "/v1/messages"],
  ["/chat/completions", "/v1/chat/completions"],
  ["//v1//chat/completions", "/v1/chat/completions"],
  ["/v1/models/", "/v1/models"],
  ["/v1/%6dessages", "/v1/messages"],
  ["/v1/chat%2Fcompletions", "/v1/chat/completions"],
  ["/v1/%6dessages%", undefined],
  ["/v1/messages", undefined],
  ["/v1/messages/batches", undefined],
  ["/v1x/messages", undefined],
  ["/", undefined],
  [`/${"/v1".repeat(100)}/messages`, undefined],
])("%s: %s", (path, meant) => {
  expect(meantPath(path, PATHS)).toBe(meant);
});

test("whoever has the base URL wrong is told, and is never passed through without protection", async () => {
  const { ask, sent } = door();
  for (const [path, meant] of [
    ["/chat/completions", "/v1/chat/completions"],
    ["/v1/v1/messages", "/v1/messages"],
    ["/v1/messages/", "/v1/messages"],
    ["//v1/embeddings", "/v1/embeddings"],
    ["/v1/%6Dessages", "/v1/messages"],
  ] as const) {
    const response = await ask(path, { method: "POST", body: "{}" });
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining(`Did you mean ${meant}?`)]);
  }
  expect(sent).toEqual([]);
});

test("a model that is none is told the nearest", async () => {
  const response = await door().ask("/v1/models/caht");
  expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('Did you mean \\"chat\\"?')]);
});
