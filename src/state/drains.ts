// Which targets an operator took out of rotation. Apart from the other cells, for these must never be evicted: a client
// that invents model names would put a drained target back.

import type { Drains } from "../core/cell.ts";

const DRAINS_MAX = 1_000;

export function createDrains(): Drains {
  const drained = new Map<string, number>();
  return {
    untilMs(target) {
      if (drained.size === 0) return 0;
      const provider = target.slice(0, target.indexOf("/"));
      return Math.max(drained.get(target) ?? 0, drained.get(`${provider}/*`) ?? 0);
    },
    set(target, untilMs, nowMs) {
      for (const [name, dueMs] of drained) if (dueMs <= nowMs) drained.delete(name);
      if (drained.size >= DRAINS_MAX && !drained.has(target)) return false;
      drained.set(target, untilMs);
      return true;
    },
    restore: (target) => drained.delete(target),
    list: () => [...drained],
  };
}
