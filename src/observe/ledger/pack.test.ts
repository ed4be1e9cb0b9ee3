import { expect, test } from "bun:test";
import fc from "fast-check";
import { bucketOf, createVector, FIELDS, FIRST_AT, quantile, type Vector } from "./fields.ts";
import { foldPacked, mergePacked, type Packed } from "./pack.ts";

const vectors = fc
  .array(
    fc.tuple(
      fc.integer({ min: 1, max: 3_000 }),
      fc.array(fc.tuple(fc.nat(FIELDS - 1), fc.nat({ max: 2 ** 40 })), { maxLength: 12 }),
    ),
    { maxLength: 8 },
  )
  .map((series) => new Map(series.map(([id, fields]) => [id, vectorOf(fields)])));

function vectorOf(fields: readonly (readonly [number, number])[]): Vector {
  const vector = createVector();
  for (const [field, value] of fields) vector[field] = value;
  return vector;
}

function read(packed: Packed): Map<number, Vector> {
  const found = new Map<number, Vector>();
  foldPacked(packed, (series) => {
    const vector = found.get(series) ?? createVector();
    found.set(series, vector);
    return vector;
  });
  return found;
}

test("whatever is merged, in whatever portions, is the sum of it", () => {
  fc.assert(
    fc.property(fc.array(vectors, { maxLength: 5 }), (portions) => {
      let packed: Packed | undefined;
      const sums = new Map<number, Vector>();
      for (const portion of portions) {
        packed = mergePacked(packed, portion);
        for (const [series, vector] of portion) {
          const sum = sums.get(series) ?? createVector();
          sums.set(series, sum);
          vector.forEach((value, field) => {
            sum[field] = (sum[field] ?? 0) + value;
          });
        }
      }
      const found = read(packed ?? new Uint8Array());
      for (const [series, sum] of sums) expect(found.get(series) ?? createVector()).toEqual(sum);
    }),
    { numRuns: 200 },
  );
});

test("a series that is not asked for is skipped", () => {
  const packed = mergePacked(undefined, new Map([1, 2, 3].map((id) => [id, vectorOf([[5, id * 1_000]])])));
  const wanted = createVector();
  foldPacked(packed, (series) => (series === 2 ? wanted : undefined));
  expect(wanted[5]).toBe(2_000);
});

test("a successful call takes some 20 bytes", () => {
  const fields = [0, 1, 2, 3, FIRST_AT + 30, FIRST_AT + 120].map((field) => [field, field < 4 ? 1_500 : 1] as const);
  expect(mergePacked(undefined, new Map([[7, vectorOf(fields)]])).length).toBeLessThan(20);
});

test("bytes that are cut or broken are told, never read on", () => {
  const packed = mergePacked(undefined, new Map([[300, vectorOf([[0, 2 ** 40]])]]));
  for (let length = 1; length < packed.length; length++) expect(() => read(packed.slice(0, length))).toThrow();
  expect(() => read(new Uint8Array(20).fill(0xff))).toThrow();
});

test("a quantile is right to the width of a bucket", () => {
  const vector = createVector();
  for (let ms = 1; ms <= 1_000; ms++) {
    const at = FIRST_AT + bucketOf(ms);
    vector[at] = (vector[at] ?? 0) + 1;
  }
  for (const share of [0.1, 0.5, 0.9, 0.99]) {
    const found = quantile(vector, FIRST_AT, share) ?? 0;
    expect(Math.abs(Math.log2(found / (share * 1_000)))).toBeLessThan(0.25);
  }
  expect(quantile(createVector(), FIRST_AT, 0.5)).toBeUndefined();
  expect([0, 0.5, 1, 2, 1e12, Number.POSITIVE_INFINITY].map(bucketOf)).toEqual([0, 0, 0, 4, 79, 79]);
});

test("a number that is too large to be one is written as the largest, and read again", () => {
  for (const value of [Number.MAX_SAFE_INTEGER, 1e17, 1e308, Number.POSITIVE_INFINITY]) {
    const packed = mergePacked(undefined, new Map([[1, vectorOf([[0, value]])]]));
    expect(read(packed).get(1)).toEqual(vectorOf([[0, Number.MAX_SAFE_INTEGER]]));
  }
});
