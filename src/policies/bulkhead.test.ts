// The rule: who still fits. That one provider's silence leaves the others alone is shown in test/world/limits.test.ts.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { IntakeCell } from "../core/cell.ts";
import { createCells } from "../state/cells.ts";
import { enterIntake, INTAKE_MAX, INTAKE_MIN, intakeLimit, isIntakeFull, leaveIntake } from "./bulkhead.ts";

function filled(counts: Readonly<Record<string, number>>, strained = false): IntakeCell {
  const cell = createCells().intake("p");
  for (const [tenant, count] of Object.entries(counts)) {
    for (let each = 0; each < count; each++) enterIntake(cell, { tenant, strained }, 0);
  }
  return cell;
}

describe("the limit", () => {
  const HOUR_MS = 3_600_000;
  test.each([
    ["well: huge", filled({ a: 10 }), false, 0, INTAKE_MAX],
    ["under suspicion: half as many again as it had while it was well", filled({ a: 300 }), true, 0, 450],
    ["never below the least", filled({ a: 3 }), true, 0, INTAKE_MIN],
    ["the peak is halved in ten minutes", filled({ a: 300 }), true, 600_000, 225],
    ["and forgotten", filled({ a: 300 }), true, HOUR_MS, INTAKE_MIN],
    ["what it has under suspicion is no peak", filled({ a: 300 }, true), true, 0, INTAKE_MIN],
  ] as const)("%s", (_, cell, strained, nowMs, limit) => {
    expect(intakeLimit(cell, strained, nowMs)).toBe(limit);
  });
});

describe("shares", () => {
  const full = (cell: IntakeCell, tenant: string) => isIntakeFull(cell, { tenant, strained: false }, 0);
  test("a tenant alone gets nearly all, and another then still has room", () => {
    const cell = filled({ a: Math.floor((INTAKE_MAX * 8) / 9) + 1 });
    expect(full(cell, "a")).toBe(true);
    expect(full(cell, "b")).toBe(false);
  });
  test("ten greedy tenants and one modest one: the modest one always has room", () => {
    const cell = filled({ modest: 100 });
    for (let each = 0; each < 3 * INTAKE_MAX; each++) {
      const tenant = `greedy${each % 10}`;
      if (!full(cell, tenant)) enterIntake(cell, { tenant, strained: false }, 0);
    }
    expect(cell.calls).toBeLessThan(INTAKE_MAX);
    expect(full(cell, "modest")).toBe(false);
    const shares = [...cell.tenants.entries()].filter(([tenant]) => tenant !== "modest").map(([, count]) => count);
    expect(Math.max(...shares) / Math.min(...shares)).toBeLessThan(1.1);
  });
});

test("whatever comes and goes, nothing is counted twice and no limit leaves its bounds", () => {
  const step = fc.record({
    tenant: fc.constantFrom("a", "b", "c"),
    leaves: fc.boolean(),
    strained: fc.boolean(),
    nowMs: fc.oneof(fc.integer({ min: -1e9, max: 1e9 }), fc.constant(Number.MAX_SAFE_INTEGER)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cell = filled({});
      for (const { tenant, leaves, strained, nowMs } of steps) {
        if (leaves) leaveIntake(cell, tenant);
        else enterIntake(cell, { tenant, strained }, nowMs);
        const limit = intakeLimit(cell, strained, nowMs);
        if (!(limit >= INTAKE_MIN && limit <= INTAKE_MAX) || cell.calls < 0) return false;
        if ([...cell.tenants.values()].some((count) => count <= 0)) return false;
      }
      return true;
    }),
  );
});
