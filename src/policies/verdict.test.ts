// What the client is told, as a table over histories.

import { describe, expect, test } from "bun:test";
import { type FaultKind, fault } from "../core/fault.ts";
import { verdict } from "./verdict.ts";

const ROWS: readonly (readonly [string, readonly (readonly [FaultKind, number?])[], FaultKind, number?])[] = [
  ["nothing was tried", [], "overloaded"],
  ["a 400 that is true for every target", [["invalid-request"]], "invalid-request"],
  ["a 400 found after an overload is still the caller's", [["overloaded"], ["invalid-request"]], "invalid-request"],
  [
    "all rate-limited: the earliest wait",
    [
      ["rate-limited", 9_000],
      ["rate-limited", 4_000],
    ],
    "rate-limited",
    4_000,
  ],
  ["rate limit and overload: overload", [["rate-limited", 9_000], ["overloaded"]], "overloaded", 9_000],
  ["no target can do it", [["unsupported"], ["unsupported"]], "unsupported"],
  ["one cannot, the other fails", [["unsupported"], ["overloaded"]], "overloaded"],
  ["one cannot, the other is rate-limited", [["lossy"], ["rate-limited", 5]], "rate-limited", 5],
  ["our key is rejected everywhere", [["credential-rejected"], ["credential-rejected"]], "credential-rejected"],
  ["silence everywhere", [["first-token-timeout"], ["first-token-timeout"]], "first-token-timeout"],
  ["failures of several kinds", [["server-error"], ["first-token-timeout"], ["empty-reply"]], "overloaded"],
];

describe("verdict", () => {
  for (const [name, faults, kind, retryAfterMs] of ROWS) {
    test(name, () => {
      const history = faults.map(([of, wait], candidate) => ({
        candidate,
        fault: fault(of, `message of ${candidate}`, wait === undefined ? {} : { retryAfterMs: wait }),
      }));
      const told = verdict(history, (index) => `p/${index}`);
      expect(told.kind).toBe(kind);
      expect(told.retryAfterMs).toBe(retryAfterMs);
    });
  }

  test("names every target and why", () => {
    const history = [
      { candidate: 0, fault: fault("overloaded", "") },
      { candidate: 1, fault: fault("empty-reply", "") },
    ];
    expect(verdict(history, (index) => `p/${index}`).message).toMatch(/p\/0: .*overloaded.*p\/1: .*content/);
  });
});
