import { expect, test } from "bun:test";
import type { HeaderMap } from "../core/runtime.ts";
import { wholeResponse } from "./whole-response.ts";

const BODY = new TextEncoder().encode("{}");

function headersOf(call: string, more: HeaderMap = {}): HeaderMap {
  return {
    "x-holdfast-call": call,
    "x-holdfast-attempts": "1",
    "x-holdfast-trail": "a/m=ok",
    "x-holdfast-target": "a/m",
    "x-holdfast-served-by": "target",
    "content-type": "application/json",
    ...more,
  };
}

test("each has its own headers, whatever those before it had", async () => {
  const asked: HeaderMap[] = [
    headersOf("c1", { "anthropic-ratelimit-requests-remaining": "7" }),
    headersOf("c2"),
    headersOf("c3", { "x-holdfast-degraded": "model", "x-holdfast-target": "b/m" }),
    headersOf("c4"),
    headersOf("c5", { "content-type": "text/plain" }),
    { "content-type": "application/json", "x-holdfast-call": "c6" },
    { "x-holdfast-trail": "a/m=ok", "x-holdfast-call": "c7" },
    headersOf("c8"),
  ];
  const responses = asked.map((headers, index) => wholeResponse(BODY, 200 + index, headers));
  expect(responses.map(({ headers }) => Object.fromEntries(headers))).toEqual(asked);
  expect(responses.map(({ status }) => status)).toEqual(asked.map((_, index) => 200 + index));
  expect(await Promise.all(responses.map((response) => response.text()))).toEqual(asked.map(() => "{}"));
});

test("more trails than are kept", () => {
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 600; at++) {
      const headers = headersOf(`c${at}`, { "x-holdfast-trail": `a/${at}=ok` });
      expect(Object.fromEntries(wholeResponse(BODY, 200, headers).headers)).toEqual({ ...headers });
    }
  }
});
