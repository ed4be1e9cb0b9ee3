// The rule as a table: each row is a situation and the one move that follows from it.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FAULTS, type FaultKind, fault } from "../core/fault.ts";
import { type Candidate, hedgeMove, nextMove, type Situation, type Tried } from "./next-move.ts";

const calm: Candidate = {
  domain: "a",
  pausedMs: 0,
  waitedFor: false,
  mayRetry: true,
  failedBefore: false,
  drained: false,
  noKey: false,
  spareKey: false,
  admitted: true,
  strained: false,
  full: false,
  crowded: false,
  soonestMs: 0,
};
const a = calm;
const b: Candidate = { ...calm, domain: "b" };
const c: Candidate = { ...calm, domain: "c" };

function tried(candidate: number, kind: FaultKind, retryAfterMs?: number): Tried {
  return { candidate, fault: fault(kind, "", retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function spare(candidate: Candidate): Candidate {
  return { ...candidate, spareKey: true };
}

function paused(candidate: Candidate): Candidate {
  return { ...candidate, pausedMs: 60_000 };
}

function when(candidates: readonly Candidate[], history: readonly Tried[], more: Partial<Situation> = {}): Situation {
  return { candidates, history, attemptsMax: 3, retryWaitMs: 3_000, remainingMs: 600_000, random: 0.5, ...more };
}

const go = (candidate: number, afterMs = 0, retry = false) => ({ type: "try" as const, candidate, afterMs, retry });
const stop = { type: "stop" as const };

const ROWS: readonly (readonly [string, Situation, ReturnType<typeof go> | typeof stop])[] = [
  ["first: the best target", when([a, b], []), go(0)],
  ["first: one that asked to be left alone comes last", when([{ ...a, pausedMs: 9_000 }, b], []), go(1)],
  [
    "first: all paused, the shortest pause, waited for",
    when(
      [
        { ...a, pausedMs: 2_000 },
        { ...b, pausedMs: 1_000 },
      ],
      [],
    ),
    go(1, 1_100),
  ],
  [
    "first: paused for so short that an answer is still in time",
    { ...when([{ ...a, pausedMs: 1_000, soonestMs: 500 }], []), remainingMs: 1_800 },
    go(0, 1_100),
  ],
  [
    "first: paused for so long that none is: it is not waited for",
    { ...when([{ ...a, pausedMs: 1_000, soonestMs: 900 }], []), remainingMs: 1_800 },
    go(0),
  ],
  ["first: all paused for long: never fail closed", when([{ ...a, pausedMs: 60_000 }], []), go(0)],
  [
    "a sibling that its provider's page spares comes in the route's order, before other providers",
    when([a, { ...a, spared: true }, b], [tried(0, "overloaded")]),
    go(1),
  ],
  ["another sibling comes after them", when([a, a, b], [tried(0, "overloaded")]), go(2)],
  [
    "a spared one that belief holds back comes after them too",
    when([a, { ...a, spared: true, admitted: false }, b], [tried(0, "overloaded")]),
    go(2),
  ],
  ["first: one that failed this very call before comes last", when([{ ...a, failedBefore: true }, b], []), go(1)],
  ["first: one without room is passed over", when([{ ...a, full: true }, b], []), go(1)],
  [
    "first: nobody has room",
    when(
      [
        { ...a, full: true },
        { ...b, full: true },
      ],
      [],
    ),
    stop,
  ],
  [
    "a failed one is not tried again when it has filled up",
    when([{ ...a, full: true }], [tried(0, "server-error")]),
    stop,
  ],
  ["no target at all", when([], []), stop],
  ["overloaded: the next domain at once", when([a, b], [tried(0, "overloaded")]), go(1)],
  ["overloaded: never the same domain first", when([a, { ...a }, c], [tried(0, "overloaded")]), go(2)],
  [
    "overloaded: the same domain's other model when nothing else is left",
    when([a, { ...a }], [tried(0, "overloaded")]),
    go(1),
  ],
  [
    "server error: once more on the same target, full jitter",
    when([a, b], [tried(0, "server-error")]),
    go(0, 125, true),
  ],
  ["server error twice: elsewhere", when([a, b], [tried(0, "server-error"), tried(0, "server-error")]), go(1)],
  ["server error, budget spent: elsewhere", when([{ ...a, mayRetry: false }, b], [tried(0, "server-error")]), go(1)],
  ["connect failed: once more", when([a, b], [tried(0, "connect-failed")]), go(0, 125, true)],
  [
    "short retry-after: waited for on the same target",
    when([a, b], [tried(0, "rate-limited", 1_000)]),
    go(0, 1_100, true),
  ],
  [
    "short retry-after: another call waits already",
    when([{ ...a, waitedFor: true }, b], [tried(0, "rate-limited", 1_000)]),
    go(1),
  ],
  [
    "short retry-after: another waits, nowhere else to go",
    when([{ ...a, waitedFor: true }], [tried(0, "rate-limited", 1_000)]),
    go(0, 1_100, true),
  ],
  ["long retry-after: elsewhere", when([a, b], [tried(0, "rate-limited", 3_001)]), go(1)],
  [
    "short retry-after that does not fit the deadline",
    when([a, b], [tried(0, "rate-limited", 1_000)], { remainingMs: 900 }),
    go(1),
  ],
  [
    "short retry-after waited for once only",
    when([a, b], [tried(0, "rate-limited", 1_000), tried(0, "rate-limited", 1_000)]),
    go(1),
  ],
  ["rate limit without retry-after: elsewhere", when([a, b], [tried(0, "rate-limited")]), go(1)],
  ["overloaded with a short retry-after: waited for", when([a, b], [tried(0, "overloaded", 500)]), go(0, 550, true)],
  [
    "it has shown the form that it takes: asked so at once",
    when([a, b], [{ candidate: 0, fault: fault("unsupported", "", { taught: true }) }]),
    go(0),
  ],
  [
    "it refuses that form, too: elsewhere",
    when(
      [a, b],
      [0, 0].map((candidate) => ({ candidate, fault: fault("unsupported", "", { taught: true }) })),
    ),
    go(1),
  ],
  ["a caller's fault: final", when([a, b], [tried(0, "invalid-request")]), stop],
  ["the caller left: final", when([a, b], [tried(0, "cancelled")]), stop],
  ["our key is rejected: elsewhere", when([a, b], [tried(0, "credential-rejected")]), go(1)],
  ["our key is rejected: never again there", when([a], [tried(0, "credential-rejected")]), stop],
  ["our key is rejected: the provider's next key", when([spare(a), b], [tried(0, "credential-rejected")]), go(0)],
  ["our key is limited: the next key, without a wait", when([spare(a), b], [tried(0, "rate-limited", 1_000)]), go(0)],
  ["our credit is used up: the next key", when([spare(a), b], [tried(0, "quota-exhausted")]), go(0)],
  [
    "the second key fails too: elsewhere, two attempts a domain",
    when([spare(a), b], [tried(0, "credential-rejected"), tried(0, "rate-limited", 1_000)]),
    go(1),
  ],
  [
    "a spare key is no reason to ask an overloaded provider again",
    when([spare(a), b], [tried(0, "overloaded")]),
    go(1),
  ],
  [
    "first: a target without a good key comes last",
    when(
      [
        { ...a, noKey: true },
        { ...b, pausedMs: 60_000 },
      ],
      [],
    ),
    go(1),
  ],
  ["first: no target has a good key: never fail closed", when([{ ...a, noKey: true }], []), go(0)],
  ["first: a drained target is passed over", when([{ ...a, drained: true }, b], []), go(1)],
  [
    "all drained: stop",
    when(
      [
        { ...a, drained: true },
        { ...b, drained: true },
      ],
      [],
    ),
    stop,
  ],
  ["drained and paused: the drained one is not the last hope", when([{ ...a, drained: true }, paused(b)], []), go(1)],
  ["drained meanwhile: not tried again", when([{ ...a, drained: true }, b], [tried(0, "server-error")]), go(1)],
  ["drained meanwhile, nowhere to go: stop", when([{ ...a, drained: true }], [tried(0, "overloaded")]), stop],
  [
    "the other domain is drained: overload is tried again where it was",
    when([a, { ...b, drained: true }], [tried(0, "overloaded")]),
    go(0, 125, true),
  ],
  ["this target cannot: elsewhere", when([a, b], [tried(0, "unsupported")]), go(1)],
  ["silence: elsewhere", when([a, b], [tried(0, "first-token-timeout")]), go(1)],
  ["single domain: overload is tried again, backed off", when([a], [tried(0, "overloaded")]), go(0, 125, true)],
  ["single domain: two attempts at most", when([a], [tried(0, "overloaded"), tried(0, "overloaded")]), stop],
  ["single domain: no budget, no retry", when([{ ...a, mayRetry: false }], [tried(0, "overloaded")]), stop],
  ["single domain: a long retry-after is not broken", when([a], [tried(0, "rate-limited", 30_000)]), stop],
  ["single domain: silence used up the patience", when([a], [tried(0, "first-token-timeout")]), stop],
  [
    "the cap counts everything sent",
    when([a, b, c], [tried(0, "overloaded"), tried(1, "overloaded")], { attemptsMax: 2 }),
    stop,
  ],
  ["every target tried", when([a, b], [tried(0, "overloaded"), tried(1, "overloaded")]), stop],
  [
    "the second target's server error is retried too",
    when([a, b], [tried(0, "overloaded"), tried(1, "server-error")]),
    go(1, 250, true),
  ],
];

describe("nextMove", () => {
  for (const [name, situation, move] of ROWS) test(name, () => expect(nextMove(situation)).toEqual(move));

  test("never leaves its bounds, whatever providers and clocks say", () => {
    const kinds = Object.keys(FAULTS) as FaultKind[]; // the table's own keys
    const candidate = fc.record({
      domain: fc.constantFrom("a", "b", "c"),
      pausedMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
      waitedFor: fc.boolean(),
      mayRetry: fc.boolean(),
      failedBefore: fc.boolean(),
      drained: fc.boolean(),
      noKey: fc.boolean(),
      spareKey: fc.boolean(),
      admitted: fc.boolean(),
      strained: fc.boolean(),
      full: fc.boolean(),
      crowded: fc.boolean(),
      soonestMs: fc.integer({ min: 0, max: 700_000 }),
    });
    const scenario = fc.record({
      candidates: fc.array(candidate, { minLength: 1, maxLength: 5 }),
      kinds: fc.array(fc.constantFrom(...kinds), { minLength: 8, maxLength: 8 }),
      waits: fc.array(fc.option(fc.double({ min: 0, max: 300_000, noNaN: true }), { nil: undefined }), {
        minLength: 8,
        maxLength: 8,
      }),
      attemptsMax: fc.integer({ min: 1, max: 6 }),
      remainingMs: fc.double({ min: -1_000, max: 1e9, noNaN: true }),
      random: fc.double({ min: 0, max: 0.999999, noNaN: true }),
    });
    fc.assert(
      fc.property(scenario, ({ candidates, kinds: drawn, waits, ...rest }) => {
        const history: Tried[] = [];
        for (let i = 0; i < 8; i++) {
          const move = nextMove({ candidates, history, retryWaitMs: 3_000, ...rest });
          if (move.type === "stop") return;
          expect(history.length).toBeLessThan(rest.attemptsMax);
          expect(move.afterMs).toBeGreaterThanOrEqual(0);
          expect(move.afterMs).toBeLessThanOrEqual(8_000);
          expect(candidates[move.candidate]?.drained).toBe(false);
          const domain = candidates[move.candidate]?.domain;
          const onDomain = history.filter((entry) => candidates[entry.candidate]?.domain === domain).length;
          expect(onDomain).toBeLessThan(2);
          history.push(tried(move.candidate, drawn[i] ?? "overloaded", waits[i]));
        }
        throw new Error("a call that never ends");
      }),
      { numRuns: 500 },
    );
  });
});

describe("hedge: a second attempt beside the first, at 0", () => {
  const other = (more: Partial<Candidate>) => [a, { ...b, ...more }, c];
  test.each([
    ["the next domain", when([a, b, c], []), 1],
    ["never the same domain", when([a, a, c], []), 2],
    ["nor any of it, if there is no other", when([a, a], []), undefined],
    ["never one that is held back", when(other({ admitted: false }), []), 2],
    ["never a suspect", when(other({ strained: true }), []), 2],
    ["never one that asked to be left alone", when(other({ pausedMs: 10 }), []), 2],
    ["never a drained one", when(other({ drained: true }), []), 2],
    ["never one without a key", when(other({ noKey: true }), []), 2],
    ["never one that failed this call before", when(other({ failedBefore: true }), []), 2],
    ["not without room for a second attempt", when([a, b], [], { attemptsMax: 1 }), undefined],
    ["not when the time is up", when([a, b], [], { remainingMs: 0 }), undefined],
    ["not after a failure: that is a fallback", when([a, b, c], [tried(0, "overloaded")]), undefined],
  ])("%s", (_, now, candidate) => {
    expect(hedgeMove(now, 0)).toEqual(candidate === undefined ? { type: "stop" } : { type: "hedge", candidate });
  });
});
