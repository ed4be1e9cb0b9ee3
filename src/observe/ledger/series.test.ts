import { expect, test } from "bun:test";
import { createSeriesBook, OTHER, type SeriesBook } from "./series.ts";

function count(book: SeriesBook, model: string, tenant: string): void {
  const branch = book.step(book.step(book.root.attempts, model), tenant);
  const name = { kind: "attempts", provider: "p", account: "", region: "", model, route: "r", tenant } as const;
  const { vector } = book.at(branch, 1) ?? book.named(branch, 1, name);
  vector[0] = (vector[0] ?? 0) + 1;
}

test("names that clients make up share one series beyond the limit, and no count is lost", () => {
  const book = createSeriesBook(10, 100);
  for (let number = 0; number < 5_000; number++) count(book, `model-${number}`, `tenant-${number % 7}`);
  for (let number = 0; number < 5_000; number++) count(book, `model-${number}`, "again");
  const deltas = book.take();
  expect(deltas.length).toBeLessThanOrEqual(11);
  expect(deltas.reduce((sum, { vector }) => sum + (vector[0] ?? 0), 0)).toBe(10_000);
  expect(deltas.some(({ series }) => series.name.model === OTHER && series.name.tenant === OTHER)).toBe(true);
  expect(book.root.attempts.next.size).toBeLessThanOrEqual(40);
});

test("a vector that was stored is used again, and empty", () => {
  const book = createSeriesBook();
  count(book, "m", "t");
  const [first] = book.take();
  expect(first?.vector[0]).toBe(1);
  book.done(first === undefined ? [] : [first]);
  count(book, "m", "t");
  count(book, "n", "t");
  expect(book.take().map(({ vector }) => vector[0])).toEqual([1, 1]);
});
