import { expect, test } from "bun:test";
import { FAULT_SCRIPT_KINDS, parseFault, standingFault } from "./fault-script.ts";
import { randomStream } from "./random.ts";
import { faultAt, shareAt } from "./schedule.ts";
import { parseScript } from "./script.ts";
import { durationMs, nearest, share } from "./words.ts";

test("words of time, share and names", () => {
  expect(["500ms", "8s", "5m", "1h", "7d", "1.5s", 0, 250].map(durationMs)).toEqual([
    500, 8000, 300_000, 3_600_000, 604_800_000, 1500, 0, 250,
  ]);
  expect(["8", "s", "-1s", "", null, -1, Number.NaN].map(durationMs)).toEqual(Array(7).fill(undefined));
  expect(["40%", 0.4, "0%", 1, "101%", 2, "x"].map(share)).toEqual([0.4, 0.4, 0, 1, undefined, undefined, undefined]);
  expect(nearest("overload", FAULT_SCRIPT_KINDS)).toBe("overloaded");
  expect(nearest("zzzzzzzz", FAULT_SCRIPT_KINDS)).toBeUndefined();
});

test("a fault is read in the words of a script and of a JSON client", () => {
  const problems: string[] = [];
  const written = { kind: "rate-limit", at: "10s", for: "1m", on: "alpha", share: "40%", ramp: "5s", every: "2m" };
  expect(parseFault({ ...written, "retry-after": 7, delay: "1s" }, "f", problems)).toEqual({
    kind: "rate-limit",
    atMs: 10_000,
    forMs: 60_000,
    on: ["alpha"],
    share: 0.4,
    rampMs: 5000,
    everyMs: 120_000,
    retryAfter: "7",
    delayMs: 1000,
  });
  const json = parseFault({ kind: "error-in-band", errorType: "api_error", after: 2, delayMs: 5 }, "f", problems);
  expect(json).toMatchObject({ errorType: "api_error", after: 2, delayMs: 5, forMs: Number.POSITIVE_INFINITY });
  expect(problems).toEqual([]);
});

test("every problem of a script is told, with what is allowed and the nearest name", () => {
  const problems = parseScript({
    provider: {},
    providers: { alpha: { dialect: "openai-cat", "first-tokn": "1s", errors: 3 } },
    faults: [
      { kind: "overload", on: "alpa" },
      { kind: "cut", after: -1, at: "soon" },
      7,
      { kind: "status", headers: { a: "\n" } },
    ],
  });
  expect(problems).toEqual([
    expect.stringContaining('"provider" is not a field of a script; did you mean "providers"?'),
    expect.stringContaining('"first-tokn" is not a field of a provider; did you mean "first-token"?'),
    expect.stringContaining('providers.alpha.dialect: "openai-cat" is not a dialect; did you mean "openai-chat"?'),
    expect.stringContaining("providers.alpha.errors: 3 is not a share"),
    expect.stringContaining('faults[0].kind: "overload" is not a kind of fault; did you mean "overloaded"?'),
    expect.stringContaining('faults[1].at: "soon" is not a duration'),
    expect.stringContaining("faults[1].after: -1 is not a number of events"),
    expect.stringContaining("faults[2]: a fault is an object"),
    expect.stringContaining("faults[3].headers"),
  ]);
  expect(parseScript({ faults: [{ kind: "cut", on: "alpa/x" }] })).toEqual([expect.stringContaining("faults[0].on")]);
});

test("a schedule has a time, a ramp and a period", () => {
  const fault = { ...standingFault({ kind: "cut" }), atMs: 1000, forMs: 500, share: 0.8, rampMs: 100, everyMs: 2000 };
  const at = [999, 1000, 1050, 1100, 1499, 1500, 2999, 3050, 3100, 3500];
  expect(at.map((ms) => shareAt(fault, ms))).toEqual([0, 0, 0.4, 0.8, 0.8, 0, 0, 0.4, 0.8, 0]);
});

test("a fault aims at a provider, a model or a prefix of models", () => {
  const hits = (on: readonly string[], model: string) =>
    faultAt([{ ...standingFault({ kind: "cut" }), on }], 0, { provider: "alpha", model }, randomStream(1, "x")) !==
    undefined;
  expect(hits([], "m")).toBe(true);
  expect(hits(["alpha"], "m")).toBe(true);
  expect(hits(["beta", "alpha/m"], "m")).toBe(true);
  expect(hits(["alpha/gpt-*"], "gpt-5")).toBe(true);
  expect(hits(["alpha/gpt-*"], "claude")).toBe(false);
  expect(hits(["beta"], "m")).toBe(false);
});

test("one fault's times do not change whom another one hits", () => {
  const half = { ...standingFault({ kind: "cut" }), share: 0.5 };
  const early = { ...standingFault({ kind: "reset" }), forMs: 10 };
  const whom = (before: number) =>
    Array.from({ length: 64 }, (_, index) =>
      faultAt([{ ...early, forMs: before }, half], 50, { provider: "a", model: "m" }, randomStream(3, `a#${index}`)),
    ).map((fault) => fault?.kind);
  expect(whom(1)).toEqual(whom(49));
});
