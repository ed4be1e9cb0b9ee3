// An incident as a drill: whatever it was, the scenario reads.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { rounds } from "../../test/support/effort.ts";
import { believe, fail, only, open } from "../../test/support/incident-book.ts";
import type { FaultKind } from "../core/fault.ts";
import { readScenario } from "../sim/scenario.ts";
import { createBook } from "./book.ts";
import { noteAttemptEnd, noteBelief, noteProbe } from "./follow.ts";
import { setRoutes } from "./recover.ts";
import { scenarioOf } from "./scenario.ts";

const T0 = Date.UTC(2026, 5, 23, 14, 8);
const S = 1_000;

const dialects = ["anthropic-messages", "openai-chat"] as const;
const faults: readonly FaultKind[] = [
  "overloaded",
  "server-error",
  "connect-failed",
  "stream-broken",
  "quota-exhausted",
];

test("an outage of seconds is played as one: so long, and as bad as it was, whatever came after it", () => {
  for (const startS of [3, 25, 52]) {
    const t0 = T0 + startS * S;
    const book = open();
    fail(book, 3, t0);
    believe(book, "ejected", t0 + S);
    for (const atS of [6, 11, 16]) noteProbe(book, { target: "alpha/m", ok: false, fault: "overloaded" }, t0 + atS * S);
    for (const atS of [21, 26, 31]) noteProbe(book, { target: "alpha/m", ok: true }, t0 + atS * S);
    believe(book, "ramp", t0 + 31 * S);
    for (let call = 0; call < 200; call++) noteAttemptEnd(book, "alpha/m", undefined, t0 + 32 * S + call * 100);
    const yaml = scenarioOf(only(book), { providers: [], routes: [] });
    expect(yaml).toContain('{ on: "alpha", kind: overloaded, at: 120s, for: 16s, share: 100% }');
  }
});

test("whatever an incident was, its drill reads", () => {
  fc.assert(
    fc.property(
      fc.record({
        name: fc.constantFrom("alpha", "a b", "ünï", "-x", "p".repeat(80)),
        route: fc.constantFrom("chat", "claude-*", 'q"uote', "a: b"),
        kinds: fc.uniqueArray(fc.constantFrom(...faults), { minLength: 1 }),
        lastS: fc.integer({ min: 1, max: 200_000 }),
        failed: fc.integer({ min: 0, max: 20 }),
        dialect: fc.constantFrom(...dialects),
        spare: fc.boolean(),
        known: fc.boolean(),
      }),
      ({ name, route, kinds, lastS, failed, dialect, spare, known }) => {
        const model = route.endsWith("*") ? "*" : "m";
        const targets = [{ provider: name, model }, ...(spare ? [{ provider: "beta", model }] : [])];
        const book = createBook("at-once");
        setRoutes(
          book,
          [{ name: route, domains: targets.map(({ provider }) => provider), targets: [`${name}/m`] }],
          T0,
        );
        for (const kind of kinds) noteAttemptEnd(book, `${name}/m`, kind, T0);
        noteBelief(book, { target: `${name}/m`, domain: name, state: "ejected" }, T0 + S);
        const incident = [...book.incidents.values()].at(-1);
        if (incident === undefined) throw new Error("none");
        for (let atS = 2; atS < lastS; atS += lastS / 300) {
          for (let count = 0; count < failed; count++) noteAttemptEnd(book, `${name}/m`, "overloaded", T0 + atS * S);
        }
        const providers = targets.map(({ provider }) => ({ name: provider, dialect }));
        const yaml = scenarioOf(
          incident,
          known ? { providers, routes: [{ name: route, targets }] } : { providers: [], routes: [] },
        );
        const read = readScenario(yaml, { file: "x.yaml", name: "x" });
        if (!read.ok) throw new Error(`${JSON.stringify(read.problems)}\n${yaml}`);
        expect(incident.minutes.length).toBeLessThanOrEqual(240);
      },
    ),
    { numRuns: rounds(200) },
  );
}, 30_000);
