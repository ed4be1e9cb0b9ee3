// What a peer tells moves beliefs within their bounds, whatever it tells; and it moves them at all.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { ANTHROPIC, CHAT, sim, virtual } from "../../test/support/virtual.ts";
import type { Evidence } from "../core/evidence.ts";
import { identityOf } from "./keyed-target.ts";
import { createPeers } from "./peers.ts";

function pair() {
  const here = virtual({ providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)] });
  const identity = identityOf({ name: "alpha", url: here.world.url("alpha") }, "m");
  return { here, identity, peers: createPeers(here.engine, "one"), cell: here.engine.cells.belief(identity) };
}

const failure = { failed: true, weight: 1, agoMs: 100 };
const evidence = (identity: string, more: Partial<Evidence>): Evidence => ({
  identity,
  offered: 1,
  attempted: 1,
  outcomes: [],
  probes: [],
  onDuty: false,
  ...more,
});

test("failures elsewhere eject here too, at a discount, and are told as facts", () => {
  const { here, identity, peers, cell } = pair();
  const tell = (count: number) =>
    peers.hear({
      from: "two",
      targets: [evidence(identity, { outcomes: Array.from({ length: count }, () => failure) })],
    });
  tell(2);
  expect(cell.state).toBe("healthy");
  tell(4);
  expect(cell.state).toBe("ejected");
  expect(here.events.filter(({ type }) => type === "belief").length).toBeGreaterThan(0);
});

test("its own name, a target that it does not have: nothing", () => {
  const { identity, peers, cell, here } = pair();
  const outcomes = Array.from({ length: 50 }, () => failure);
  peers.hear({ from: "one", targets: [evidence(identity, { outcomes })] });
  peers.hear({ from: "two", targets: [evidence("nobody", { outcomes })] });
  expect([cell.state, cell.score, here.events.length]).toEqual(["healthy", 0, 0]);
});

test("no batch, however hostile, moves anything out of its bounds", () => {
  const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e308));
  const outcome = fc.record({ failed: fc.boolean(), weight: number, agoMs: number });
  const hostile = fc.record({
    offered: number,
    attempted: number,
    outcomes: fc.array(outcome, { maxLength: 50 }),
    probes: fc.array(fc.constantFrom("well", "unproven", "sick"), { maxLength: 20 }),
    onDuty: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 20 }), (batches) => {
      const { identity, peers, cell } = pair();
      for (const batch of batches) peers.hear({ from: "two", targets: [{ identity, ...batch }] });
      expect(cell.admission >= 0 && cell.admission <= 1).toBe(true);
      expect(Number.isFinite(cell.score) && cell.score >= 0).toBe(true);
      expect(Number.isFinite(cell.offered.perS) && Number.isFinite(cell.attempted.perS)).toBe(true);
    }),
    { numRuns: 60 },
  );
});
