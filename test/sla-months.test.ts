// Each evaluator against the brute force on 10 000 random months, with gaps, open months, changes of daylight saving and clocks
// that jumped; and the borders of those months against the calendar itself.

import { expect, test } from "bun:test";
import { dayOf, monthRange } from "../src/sla/month.ts";
import { judgeRandomMonth, ZONES } from "./support/sla-oracle.ts";

const MONTHS = 10_000;

test("10 000 random months: each evaluator equals the brute force", () => {
  for (let seed = 0; seed < MONTHS; seed += 1) judgeRandomMonth(seed);
}, 120_000);

test("a month begins and ends where the calendar of its zone says", () => {
  for (const timeZone of ZONES) {
    const local = new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit" });
    const monthOf = (minute: number) => local.format(minute * 60_000);
    for (let index = 0; index < 20 * 12; index += 1) {
      const month = new Date(Date.UTC(2011, index)).toISOString().slice(0, 7);
      const { fromMinute = 0, toMinute = 0 } = monthRange(month, timeZone) ?? {};
      const inside = [fromMinute, toMinute - 1].map(monthOf);
      expect([timeZone, ...inside]).toEqual([timeZone, month, month]);
      expect([fromMinute - 1, toMinute].map(monthOf)).not.toContain(month);
      expect(dayOf(fromMinute, timeZone)).toBe(`${month}-01`);
    }
  }
}, 60_000);
