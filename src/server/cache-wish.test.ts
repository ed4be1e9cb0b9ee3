import { expect, test } from "bun:test";
import { cacheWish } from "./read-call.ts";

test.each([
  ["no-store", { noStore: true, noCache: false }],
  ["No-Cache , max-age=0", { noStore: false, noCache: true, maxAgeMs: 0 }],
  ["max-stale", { noStore: false, noCache: false, maxStaleMs: Number.POSITIVE_INFINITY }],
  ["only-if-cached, stale-if-error=60", { noStore: false, noCache: false, staleIfErrorMs: 60_000, onlyIfCached: true }],
  ["min-fresh=30", { noStore: false, noCache: false, minFreshMs: 30_000 }],
  ["tag=a/1, Tag=b, no-cache, tag=a/1", { noStore: false, noCache: true, tags: ["a/1", "b"] }],
  ['tag="Product:17", x-tag=no, tag=, tag=sp ace', { noStore: false, noCache: false, tags: ["Product:17"] }],
  ["max-stale=60", { noStore: false, noCache: false, maxStaleMs: 60_000 }],
  ['max-stale="0"', { noStore: false, noCache: false, maxStaleMs: 0 }],
  ["max-stale=-1, x-no-store", { noStore: false, noCache: false }],
  ["", { noStore: false, noCache: false }],
])("cache-control: %s", (text, wish) => {
  expect(cacheWish(text)).toEqual(wish);
});
