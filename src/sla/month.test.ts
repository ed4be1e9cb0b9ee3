import { expect, test } from "bun:test";
import { dayAfter, dayOf, monthRange } from "./month.ts";

const utc = (text: string): number => Date.parse(text) / 60_000;

for (const [month, zone, from, to] of [
  ["2026-06", "UTC", "2026-06-01T00:00Z", "2026-07-01T00:00Z"],
  ["2026-12", "UTC", "2026-12-01T00:00Z", "2027-01-01T00:00Z"],
  ["2024-02", "UTC", "2024-02-01T00:00Z", "2024-03-01T00:00Z"],
  // An hour less in March, an hour more in November.
  ["2026-03", "America/Los_Angeles", "2026-03-01T08:00Z", "2026-04-01T07:00Z"],
  ["2026-11", "America/Los_Angeles", "2026-11-01T07:00Z", "2026-12-01T08:00Z"],
  ["2026-03", "Europe/Berlin", "2026-02-28T23:00Z", "2026-03-31T22:00Z"],
  ["2026-06", "Asia/Kolkata", "2026-05-31T18:30Z", "2026-06-30T18:30Z"],
  ["2026-06", "Pacific/Kiritimati", "2026-05-31T10:00Z", "2026-06-30T10:00Z"],
  // Midnight of the first does not exist: clocks go from 23:59 to 01:00.
  ["2017-10", "America/Asuncion", "2017-10-01T04:00Z", "2017-11-01T03:00Z"],
] as const) {
  test(`${month} in ${zone}`, () => {
    expect(monthRange(month, zone)).toEqual({ fromMinute: utc(from), toMinute: utc(to) });
  });
}

test("the months of a year follow one another without a gap, in every zone", () => {
  for (const zone of ["UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "America/St_Johns"]) {
    let last: number | undefined;
    for (let number = 1; number <= 12; number += 1) {
      const range = monthRange(`2026-${String(number).padStart(2, "0")}`, zone);
      if (range === undefined) throw new Error(zone);
      if (last !== undefined) expect(range.fromMinute).toBe(last);
      expect(dayOf(range.fromMinute, zone)).toBe(`2026-${String(number).padStart(2, "0")}-01`);
      last = range.toMinute;
    }
  }
});

test("what is no month and what is no zone", () => {
  for (const month of ["2026-13", "2026-00", "2026-6", "June", "2026-06-01", ""]) {
    expect(monthRange(month, "UTC")).toBeUndefined();
  }
  expect(monthRange("2026-06", "Mars/Olympus")).toBeUndefined();
});

test("days ahead", () => {
  const minute = utc("2026-06-30T23:30Z");
  expect(dayAfter(minute, "UTC", { days: 30 })).toBe("2026-07-30");
  expect(dayAfter(minute, "Europe/Berlin", { days: 30 })).toBe("2026-07-31");
  expect(dayAfter(minute, "UTC", { months: 2 })).toBe("2026-08-31");
  expect(dayAfter(utc("2026-12-31T12:00Z"), "UTC", { months: 2 })).toBe("2027-02-28");
});
