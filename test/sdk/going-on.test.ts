// Every way of breaking off against every way of going on, for every official SDK on real sockets: the whole answer, or the truth.

import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { BACKUPS, BREAKS, GOING_ON_PAGE, type GoneOn, mayBeLost, renderGoingOn, runGoingOn } from "./going-on.ts";

const LIMIT_MS = 120_000;

let results: readonly GoneOn[] = [];

beforeAll(async () => {
  results = await runGoingOn();
}, LIMIT_MS);

test.each(BACKUPS.map((backup) => [backup.says, backup] as const))("a backup that %s", (_, backup) => {
  const own = results.filter((result) => result.backup === backup);
  expect(own).toHaveLength(BREAKS.length * 2 * 4);
  expect(own.filter((result) => result.outcome !== backup.expected && !mayBeLost(result))).toEqual([]);
  const truth = /broke off and is incomplete/;
  expect(own.filter(({ outcome, said }) => outcome === "error" && !truth.test(said))).toEqual([]);
});

test("the reference page says what happened", async () => {
  const page = Bun.file(join(import.meta.dir, "../..", GOING_ON_PAGE));
  const rendered = renderGoingOn(results);
  if (process.env.UPDATE_DOCS === "1") await Bun.write(page, rendered);
  expect(rendered).toBe(await page.text());
});
