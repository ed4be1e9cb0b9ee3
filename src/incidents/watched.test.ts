// While an incident is watched: what begins its clean minutes anew, and what may not hold it open.

import { describe, expect, test } from "bun:test";
import { believe, call, MIN, only, open, pass, S, T0 } from "../../test/support/incident-book.ts";
import type { Book } from "./book.ts";
import { fateOf, noteCall } from "./calls.ts";
import { noteAttemptEnd, noteProbe } from "./follow.ts";
import { passTime } from "./recover.ts";

test("while it is watched, suspicion is enough to begin the ten minutes anew; it is no relapse", () => {
  const book = open();
  believe(book, "ejected", T0);
  believe(book, "ramp", T0 + MIN);
  believe(book, "healthy", T0 + 2 * MIN);
  believe(book, "suspect", T0 + 9 * MIN);
  pass(book, T0 + 9 * MIN, T0 + 13 * MIN);
  expect(only(book).state).toBe("monitoring");
  believe(book, "healthy", T0 + 13 * MIN);
  pass(book, T0 + 13 * MIN, T0 + 23 * MIN);
  expect([only(book).state, only(book).relapses]).toEqual(["resolved", []]);
});

describe("a target that nobody asks for any more", () => {
  /** Two targets fell; one of them is well and busy, the other is not asked. */
  function half(untilMs: number, each: (atMs: number, book: Book) => void = () => {}): Book {
    const book = open();
    believe(book, "ejected", T0);
    believe(book, "ejected", T0, "alpha/n");
    believe(book, "ramp", T0 + MIN);
    believe(book, "healthy", T0 + 2 * MIN);
    for (let atMs = T0 + 2 * MIN; atMs <= untilMs; atMs += S) {
      noteAttemptEnd(book, "alpha/m", undefined, atMs);
      each(atMs, book);
      passTime(book, atMs);
    }
    return book;
  }

  test("ends with ten minutes in which all calls were answered, not with twenty", () => {
    const book = half(T0 + 13 * MIN);
    expect([only(book).state, (only(book).resolvedMs ?? 0) <= T0 + 12 * MIN + 2 * S]).toEqual(["resolved", true]);
  });

  test("does not keep the incident open; as sick as it was when somebody asks again, it opens the same one", () => {
    const book = half(T0 + 30 * MIN);
    expect(only(book).state).toBe("resolved");
    expect(only(book).updates.some(({ text }) => text.includes("alpha/n has not been asked for 10 min"))).toBe(true);
    noteProbe(book, { target: "alpha/n", ok: false, fault: "overloaded" }, T0 + 40 * MIN);
    expect([only(book).state, only(book).reopened]).toEqual(["identified", 1]);
  });

  test("keeps it open while it is probed, while calls are led past it, and where nothing of its provider answers", () => {
    const probed = half(T0 + 30 * MIN, (atMs, book) => {
      if ((atMs - T0) % MIN === 0) noteProbe(book, { target: "alpha/n", ok: false, fault: "overloaded" }, atMs);
    });
    const past = half(T0 + 30 * MIN, (atMs, book) => {
      const ended = call("beta/m", [["beta/m"]]);
      if ((atMs - T0) % MIN === 0) noteCall(book, ended, fateOf(ended), atMs);
    });
    const alone = open();
    believe(alone, "ejected", T0);
    pass(alone, T0, T0 + 30 * MIN);
    expect([probed, past, alone].map((book) => only(book).state)).toEqual([
      "identified",
      "investigating",
      "investigating",
    ]);
  });
});
