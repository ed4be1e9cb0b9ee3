import { expect, test } from "bun:test";
import { FAULTS, type FaultKind } from "../../core/fault.ts";
import { classOf, isFailure } from "./classify.ts";

for (const [fault, status, expected] of [
  [undefined, 200, "ok"],
  ["server-error", 500, "error500"],
  ["server-error", 502, "error5xx"],
  ["server-error", undefined, "inBand"],
  ["server-error", 200, "inBand"],
  ["overloaded", 529, "overloaded529"],
  ["overloaded", 503, "error5xx"],
  ["overloaded", 200, "inBand"],
  ["rate-limited", 429, "limited429"],
  ["quota-exhausted", 429, "account"],
  ["first-token-timeout", undefined, "timeout"],
  ["idle-timeout", 200, "timeout"],
  ["connect-failed", undefined, "unreachable"],
  ["stream-broken", 200, "broken"],
  ["empty-reply", 200, "malformed"],
  ["useless-reply", 200, "malformed"],
  ["invalid-request", 400, "callerErrors"],
  ["unsupported", undefined, "callerErrors"],
  ["cancelled", 500, "brokenOff"],
  ["superseded", undefined, "brokenOff"],
  ["deadline-exceeded", undefined, "brokenOff"],
  ["bug", undefined, "ours"],
] as const) {
  test(`${fault ?? "no fault"}, status ${status ?? "none"}: ${expected}`, () => {
    expect(classOf(fault, status)).toBe(expected);
  });
}

test("only a provider's or the network's faults are failures of a provider", () => {
  for (const [kind, { blame }] of Object.entries(FAULTS)) {
    const failure = isFailure(classOf(kind as FaultKind, undefined)); // the keys of FAULTS are fault kinds
    expect([kind, failure]).toEqual([kind, blame === "provider" || blame === "network"]);
  }
});
