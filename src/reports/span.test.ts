import { expect, test } from "bun:test";
import { isoOfMinute, spanOf } from "./span.ts";

const NOW = Date.UTC(2026, 10, 27, 15, 30, 20);

for (const [wish, from, to] of [
  [{}, "2026-11-01T00:00Z", "2026-11-27T15:31Z"],
  [{ month: "2026-02" }, "2026-02-01T00:00Z", "2026-03-01T00:00Z"],
  [{ month: "2028-02" }, "2028-02-01T00:00Z", "2028-03-01T00:00Z"],
  [{ month: "2026-12" }, "2026-12-01T00:00Z", "2027-01-01T00:00Z"],
  [{ from: "2026-10-25", to: "2026-10-26" }, "2026-10-25T00:00Z", "2026-10-26T00:00Z"],
  [{ from: "2026-11-01T08:30", to: "2026-11-01T08:31Z" }, "2026-11-01T08:30Z", "2026-11-01T08:31Z"],
  [{ from: "2026-11-01T08:30+02:00" }, "2026-11-01T06:30Z", "2026-11-27T15:31Z"],
] as const) {
  test(`${JSON.stringify(wish)} is ${from} to ${to}`, () => {
    const span = spanOf(wish, NOW);
    if (typeof span === "string") throw new Error(span);
    expect([isoOfMinute(span.fromMinute), isoOfMinute(span.toMinute)]).toEqual([from, to]);
  });
}

for (const [wish, part] of [
  [{ month: "2026-13" }, "no month"],
  [{ month: "11-2026" }, "no month"],
  [{ month: "2026-11", to: "2026-11-02" }, "one of the two"],
  [{ from: "yesterday" }, "no date"],
  [{ from: "2026-02-30T25:00" }, "no date"],
  [{ from: "2026-11-02", to: "2026-11-01" }, "not after"],
  [{ from: "2020-01-01" }, "longer than"],
] as const) {
  test(`${JSON.stringify(wish)} is refused: ${part}`, () => expect(spanOf(wish, NOW)).toContain(part));
}
