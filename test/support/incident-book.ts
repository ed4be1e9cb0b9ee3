// A book of incidents in a test's hand: two routes over two providers, and what happens to them at times that the test names.

import { expect } from "bun:test";
import type { BeliefState } from "../../src/core/cell.ts";
import type { FaultKind } from "../../src/core/fault.ts";
import { type Book, createBook } from "../../src/incidents/book.ts";
import type { EndedCall } from "../../src/incidents/calls.ts";
import { noteAttemptEnd, noteBelief } from "../../src/incidents/follow.ts";
import { passTime, setRoutes } from "../../src/incidents/recover.ts";

export const T0 = Date.UTC(2026, 5, 23, 14, 8);
export const S = 1_000;
export const MIN = 60 * S;

const ROUTES = [
  { name: "chat", domains: ["alpha", "beta"], targets: ["alpha/m", "alpha/n", "beta/m"] },
  { name: "mail", domains: ["beta", "alpha"], targets: ["beta/m", "alpha/m"] },
];

export function open(): Book {
  const book = createBook("at-once");
  setRoutes(book, ROUTES, T0 - MIN);
  return book;
}

export function believe(book: Book, state: BeliefState, atMs: number, target = "alpha/m"): void {
  noteBelief(book, { target, domain: target.split("/")[0] ?? "", state }, atMs);
}

export function fail(
  book: Book,
  times: number,
  atMs: number,
  fault: FaultKind = "overloaded",
  target = "alpha/m",
): void {
  for (let count = 0; count < times; count++) noteAttemptEnd(book, target, fault, atMs + count * 100);
}

/** Lets time pass as the shell does. */
export function pass(book: Book, fromMs: number, untilMs: number): void {
  for (let atMs = fromMs; atMs <= untilMs; atMs += S) passTime(book, atMs);
}

export const only = (book: Book) => {
  expect(book.incidents.size).toBe(1);
  const [incident] = book.incidents.values();
  if (incident === undefined) throw new Error("none");
  return incident;
};

export function call(
  target: string,
  tried: readonly [string, FaultKind?][],
  more: Partial<NonNullable<EndedCall["end"]>> = {},
) {
  const ended: EndedCall = {
    start: { route: "chat", tenant: "web" },
    end: { ending: "complete", target, servedBy: "target", ...more },
    attempts: tried.map(([one, fault]) => ({ start: { target: one }, end: { fault } })),
  };
  return ended;
}
