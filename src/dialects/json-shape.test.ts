// What the reader of shapes takes is JSON to `JSON.parse` as well, and what it finds is what that finds; twins, disguised names
// and other shapes it leaves alone.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { countAt, readShape, shapeOf } from "./json-shape.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const INNER = shapeOf([["n", 1]]);
const SHAPE = shapeOf([
  ["a", 0],
  ["one", 2, { only: INNER }],
  ["in", 3, { object: INNER }],
]);
const places = new Int32Array(8);
const reads = (text: string) => readShape(encode(text), SHAPE, places);

test.each([
  '{"a":1,"a":1}',
  '{"in":{"n":1},"one":[{"n":1}]}',
  '{"\\u0061":1}',
  '{"a":1e}',
  '{"a":1.}',
  '{"a":01}',
  '{"a":-}',
  '{"a":+1}',
  '{"a":1 2}',
  '{"a":nul}',
  '{"a":"\t"}',
  '{"a":"\\x"}',
  '{"a":1,}',
  '{"a":1}}',
  '{"a":1',
  '{"a"}',
  '{"a":[1,]}',
  '{"a":{"b":1,}}',
  '{"one":[]}',
  '{"one":[{},{}]}',
  '{"one":{}}',
  '\ufeff{"a":1}',
  `{"a":${"[".repeat(40)}${"]".repeat(40)}}`,
  "[]",
  "",
])("leaves %s to a parser", (text) => {
  expect(reads(text)).toBe(false);
});

test.each([
  [' { "x" : [ 1 , { } , "é" ] , "a" : 12 } \n', 12],
  ['{"a":null}', undefined],
  ["{}", undefined],
  ['{"a":0}', 0],
  ['{"a":1.5e+3}', -1],
  ['{"a":-1}', -1],
  ['{"a":1234567890123456}', -1],
  ['{"a":true,"in":null,"one":[{"n":{"a":2}}]}', -1],
])("reads %s", (text, count) => {
  expect(reads(text)).toBe(true);
  expect(countAt(encode(text), places, 0)).toBe(count);
});

const token = fc.constantFrom(...'{}[],:" -+.eE019\\utn', "null", "true", '"a":', '"in":{', '"one":[{', "1");
test("nothing that is no JSON is read", () => {
  const some = fc.oneof(
    fc.array(token, { maxLength: 12 }).map((parts) => `{"a":${parts.join("")}}`),
    fc.tuple(fc.json(), token, fc.nat()).map(([json, by, where]) => {
      const text = `{"a":${json}}`;
      const at = where % text.length;
      return text.slice(0, at) + by + text.slice(at + 1);
    }),
  );
  fc.assert(
    fc.property(some, (text) => {
      if (reads(text)) expect(typeof JSON.parse(text)).toBe("object");
    }),
    { numRuns: 5_000 },
  );
});

test("any value of JSON is read", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (json) => {
      const text = `{"x":${json},"a":${json}}`;
      expect(reads(text)).toBe(true);
      const [start, end] = places;
      expect(JSON.parse(new TextDecoder().decode(encode(text).subarray(start, end)))).toEqual(JSON.parse(json));
    }),
  );
});
