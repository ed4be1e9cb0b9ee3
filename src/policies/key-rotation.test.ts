// Which key, as a table: each row is a state of the keys and the one that is taken.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type FaultKind, fault } from "../core/fault.ts";
import { isKeyFault, type KeyState, keyStanding, noteFault, noteSuccess, pickKey, takeKey } from "./key-rotation.ts";

const NOW = 1_000_000;

function key(more: { restsMs?: number; sure?: boolean; strikes?: number; pausedMs?: number } = {}): KeyState {
  const { restsMs = 0, sure = false, strikes = restsMs > 0 ? 1 : 0, pausedMs = 0 } = more;
  return {
    key: { restUntilMs: restsMs === 0 ? 0 : NOW + restsMs, strikes, sure },
    pause: {
      pausedUntilMs: pausedMs === 0 ? 0 : NOW + pausedMs,
      limitedUntilMs: 0,
      waiting: false,
      refusesPrefix: false,
    },
  };
}

describe("pickKey", () => {
  for (const [name, keys, wanted] of [
    ["no key at all", [], -1],
    ["the first, always: caches live there", [key(), key(), key()], 0],
    ["the first is limited: the next", [key({ pausedMs: 900 }), key()], 1],
    ["the first is rejected: the next", [key({ restsMs: 9_000, sure: true }), key()], 1],
    ["the first is under doubt: the next", [key({ restsMs: 9_000 }), key()], 1],
    ["all limited: the first that comes back", [key({ pausedMs: 900 }), key({ pausedMs: 800 })], 1],
    ["limited is better than rejected", [key({ restsMs: 1, sure: true }), key({ pausedMs: 200_000 })], 1],
    ["doubt is better than certainty", [key({ restsMs: 1, sure: true }), key({ restsMs: 59_000 })], 1],
    ["all rejected: never fail closed", [key({ restsMs: 9_000, sure: true }), key({ restsMs: 8_000, sure: true })], 1],
    ["a rest that is over", [key({ restsMs: -1, strikes: 2, sure: true }), key()], 0],
  ] as const) {
    test(name, () => expect(pickKey(keys, NOW)).toBe(wanted));
  }
});

describe("keyStanding", () => {
  for (const [name, keys, wanted] of [
    ["one good key", [key()], { pausedMs: 0, noKey: false, spareKey: false }],
    ["one limited key", [key({ pausedMs: 900 })], { pausedMs: 900, noKey: false, spareKey: false }],
    ["one rejected key", [key({ restsMs: 900, sure: true })], { pausedMs: 0, noKey: true, spareKey: false }],
    ["one doubtful key", [key({ restsMs: 900 })], { pausedMs: 0, noKey: false, spareKey: false }],
    ["one of two is limited", [key({ pausedMs: 900 }), key()], { pausedMs: 0, noKey: false, spareKey: true }],
    [
      "both limited",
      [key({ pausedMs: 900 }), key({ pausedMs: 300 })],
      { pausedMs: 300, noKey: false, spareKey: false },
    ],
    [
      "rejected and limited",
      [key({ restsMs: 50, sure: true }), key({ pausedMs: 300 })],
      { pausedMs: 300, noKey: false, spareKey: false },
    ],
    ["none could be read", [], { pausedMs: 0, noKey: true, spareKey: false }],
  ] as const) {
    test(name, () => expect(keyStanding(keys, NOW)).toEqual(wanted));
  }
});

describe("what came of it", () => {
  const note = (
    state: KeyState,
    kind: FaultKind,
    more: { status?: number; retryAfterMs?: number; several?: boolean } = {},
  ) => {
    const { status, retryAfterMs, several = false } = more;
    const found = fault(kind, "", retryAfterMs === undefined ? {} : { retryAfterMs });
    noteFault(state, { fault: found, status, several, nowMs: NOW });
    return { restMs: state.key.restUntilMs - NOW, sure: state.key.sure, pauseMs: state.pause.pausedUntilMs - NOW };
  };

  test("a rate limit pauses the key at this target alone, as long as it was asked for", () => {
    expect(note(key(), "rate-limited", { retryAfterMs: 30_000 })).toMatchObject({ pauseMs: 30_000, sure: false });
    expect(note(key(), "rate-limited", { several: true })).toMatchObject({ pauseMs: 5_000 });
    expect(note(key(), "rate-limited")).toMatchObject({ pauseMs: 0 });
    const state = key();
    note(state, "rate-limited", { retryAfterMs: 1 });
    expect(state.key).toEqual({ restUntilMs: 0, strikes: 0, sure: false });
  });

  test("401, 402 and a spend limit are certain at once; a 403 may be about what was asked", () => {
    expect(note(key(), "credential-rejected", { status: 401 })).toMatchObject({ restMs: 60_000, sure: true });
    expect(note(key(), "quota-exhausted", { status: 402 })).toMatchObject({ restMs: 60_000, sure: true });
    expect(note(key(), "quota-exhausted", { status: 429, retryAfterMs: 200_000 })).toMatchObject({ restMs: 200_000 });
    const state = key();
    expect(note(state, "credential-rejected", { status: 403 }).sure).toBe(false);
    expect(note(state, "credential-rejected", { status: 403 }).sure).toBe(false);
    expect(note(state, "credential-rejected", { status: 403 }).sure).toBe(true);
  });

  test("a success in between forgets the doubt", () => {
    const state = key();
    for (let round = 0; round < 5; round++) {
      note(state, "credential-rejected", { status: 403 });
      note(state, "credential-rejected", { status: 403 });
      noteSuccess(state);
    }
    expect(state.key).toEqual({ restUntilMs: 0, strikes: 0, sure: false });
  });

  test("other faults say nothing of a key", () => {
    for (const kind of ["overloaded", "server-error", "invalid-request", "stream-broken", "model-missing"] as const) {
      const state = key();
      note(state, kind, { status: 401, retryAfterMs: 9 });
      expect(state).toEqual(key());
      expect(isKeyFault(kind)).toBe(false);
    }
  });

  test("a key that rested is tried by one call at a time", () => {
    const state = key({ restsMs: -1, strikes: 1, sure: true });
    takeKey(state, NOW);
    expect(pickKey([state, key()], NOW)).toBe(1);
    expect(pickKey([state, key()], NOW + 10_000)).toBe(0);
    const fresh = key();
    takeKey(fresh, NOW);
    expect(fresh).toEqual(key());
  });
});

test("whatever happened, one of the keys is taken, and a good one before any other", () => {
  const state = fc.record({
    restsMs: fc.integer({ min: -100, max: 100_000 }),
    sure: fc.boolean(),
    pausedMs: fc.integer({ min: -100, max: 300_000 }),
  });
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (drawn) => {
      const keys = drawn.map((one) => key(one));
      const picked = pickKey(keys, NOW);
      expect(keys[picked]).toBeDefined();
      const good = drawn.findIndex(({ restsMs, pausedMs }) => restsMs <= 0 && pausedMs <= 0);
      if (good >= 0) expect(picked).toBe(good);
    }),
  );
});
