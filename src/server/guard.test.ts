import { expect, test } from "bun:test";
import { checkOrigin, isLoopback } from "./guard.ts";

const check = (headers: Record<string, string>) => checkOrigin(new Headers(headers))?.kind;

test.each(["localhost", "localhost:1", "127.0.0.1", "127.255.0.9:65535", "[::1]", "[::1]:80", "::1", "LocalHost"])(
  "%s is loopback",
  (host) => expect(isLoopback(host)).toBe(true),
);

test.each([
  "",
  "0.0.0.0",
  "128.0.0.1",
  "127.0.0.1.evil.test",
  "evil.test:127",
  "localhost.",
  "a@localhost",
  "[::1",
  "127.1",
])("%j is not", (host) => expect(isLoopback(host)).toBe(false));

test("a foreign Host is refused, none is not", () => {
  expect(check({ host: "evil.test" })).toBe("forbidden");
  expect(check({})).toBeUndefined();
});

test("an Origin must be the gateway's own, to the port", () => {
  const host = "127.0.0.1:4000";
  expect(check({ host, origin: "http://127.0.0.1:4000" })).toBeUndefined();
  for (const origin of [
    "null",
    "http://127.0.0.1",
    "http://localhost:4000",
    "https://127.0.0.1:4000",
    "http://evil.test",
  ])
    expect(check({ host, origin })).toBe("forbidden");
  // Without a Host there is nothing that it could be the same as.
  expect(check({ origin: "http://127.0.0.1:4000" })).toBe("forbidden");
});
