import { expect, test } from "bun:test";
import type { SloSettings } from "../core/settings.ts";
import { openMemoryDatabase } from "../runtime/sqlite.ts";
import { createSloStore, readSloStore } from "./slo-store.ts";
import { count, countsOf, createSloWindow } from "./slo-window.ts";

const MONTH_MS = 30 * 86_400_000;
const SLO: SloSettings = {
  name: "support",
  route: "chat",
  objective: 0.999,
  windowMs: MONTH_MS,
  indicator: { kind: "availability" },
};
const NONE = new Map();
const START_MS = Date.UTC(2026, 5, 23);

test("a window outlives its process, without what has grown too old", () => {
  const database = openMemoryDatabase();
  expect(readSloStore(database)).toBeUndefined();
  const store = createSloStore(database, START_MS);
  const first = createSloWindow(MONTH_MS, START_MS);
  let saved = first.newest;
  for (let minute = 0; minute < 600; minute += 1) {
    count(first, START_MS + minute * 60_000, minute % 10 === 0);
    if (minute % 7 !== 0) continue;
    store.save(SLO, { window: first, sinceSlot: saved, burning: "page", quarters: NONE });
    saved = first.newest;
  }
  store.save(SLO, { window: first, sinceSlot: saved, burning: "page", quarters: NONE });
  const laterMs = START_MS + 20 * 3_600_000;
  const second = createSloWindow(MONTH_MS, laterMs);
  expect(store.load(SLO, second)).toBe("page");
  expect(countsOf(second, MONTH_MS, laterMs)).toEqual({ total: 600, bad: 60 });
  const muchLaterMs = START_MS + MONTH_MS + 300 * 60_000;
  const third = createSloWindow(MONTH_MS, muchLaterMs);
  readSloStore(database)?.load(SLO, third);
  expect(countsOf(third, MONTH_MS, muchLaterMs)).toEqual({ total: 299, bad: 29 });
  store.save(SLO, { window: third, sinceSlot: third.newest, burning: undefined, quarters: NONE });
  expect(database.prepare("SELECT count(*) AS n FROM slo_slot").get()).toEqual({ n: 299 });
  expect(store.load(SLO, createSloWindow(MONTH_MS, muchLaterMs))).toBeUndefined();
  // Whoever looks after months finds nothing of an objective that nobody follows any longer.
  createSloStore(database, muchLaterMs + 4 * MONTH_MS);
  expect(database.prepare("SELECT count(*) AS n FROM slo_slot").get()).toEqual({ n: 0 });
});

test("an objective that was changed begins anew", () => {
  const store = createSloStore(openMemoryDatabase(), START_MS);
  const window = createSloWindow(MONTH_MS, START_MS);
  count(window, START_MS, true);
  store.save(SLO, { window, sinceSlot: window.newest, burning: undefined, quarters: NONE });
  const other = createSloWindow(MONTH_MS, START_MS);
  store.load({ ...SLO, indicator: { kind: "undegraded" } }, other);
  expect(countsOf(other, MONTH_MS, START_MS).total).toBe(0);
});
