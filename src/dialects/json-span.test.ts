// The span scan against JSON.parse as its oracle, and the ways a body can try to say two things at once.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isFault } from "../core/fault.ts";
import { insertKey, scanTopLevel, spanText, spanValue, splice } from "./json-span.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const WANTED: ReadonlySet<string> = new Set(["model", "stream", "messages", "n"]);

/** Arbitrary JSON text of an object, with free white space and escapes in its strings. */
const space = fc.constantFrom("", "", " ", "\n", "\t ", "\r\n");
const stringText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 8 }).map((text) => JSON.stringify(text).slice(1, -1)),
      fc.constantFrom('\\"', "\\\\", "\\n", "\\u0041", "\\ud83d\\ude00", "{", "}", "[", "]", ",", ":", "🪨é"),
    ),
    { maxLength: 20 },
  )
  .map((parts) => `"${parts.join("")}"`);
const valueText = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    stringText,
    fc.constantFrom("true", "false", "null", "0", "-1.5e+3", "17"),
    fc
      .array(fc.tuple(space, tie("value"), space), { maxLength: 4 })
      .map((items) => `[${items.map((i) => i.join("")).join(",")}]`),
    fc
      .array(fc.tuple(stringText, space, tie("value")), { maxLength: 4 })
      .map((items) => `{${items.map(([key, gap, value]) => `${key}${gap}:${value}`).join(",")}}`),
  ),
})).value;
const key = fc.oneof(
  fc.constantFrom("model", "stream", "messages", "n"),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const bodyText = fc
  .tuple(
    space,
    fc.uniqueArray(fc.tuple(key, space, valueText, space), {
      selector: ([name]) => name.toUpperCase().toLowerCase(),
      maxLength: 8,
    }),
    space,
  )
  .filter(([, members]) => members.every(([name]) => WANTED.has(name) || !WANTED.has(name.toUpperCase().toLowerCase())))
  .map(
    ([before, members, after]) =>
      `${before}{${before}${members.map(([k, a, v, b]) => `${JSON.stringify(k)}${a}:${b}${v}${a}`).join(",")}}${after}`,
  );

describe("scanTopLevel", () => {
  test("spans hold the values that JSON.parse gives", () => {
    fc.assert(
      fc.property(bodyText, (text) => {
        const body = encode(text);
        const spans = scanTopLevel(body, WANTED);
        if (isFault(spans)) throw new Error(`${spans.message}: ${text}`);
        const parsed: Record<string, unknown> = JSON.parse(text);
        expect([...spans.keys()].sort()).toEqual(
          Object.keys(parsed)
            .filter((name) => WANTED.has(name))
            .sort(),
        );
        for (const [name, span] of spans) expect(spanValue(body, span)).toEqual(parsed[name]);
      }),
      { numRuns: 500 },
    );
  });

  test("a splice of one value leaves every other byte", () => {
    fc.assert(
      fc.property(bodyText, (text) => {
        const body = encode(text);
        const spans = scanTopLevel(body, WANTED);
        const span = isFault(spans) ? undefined : spans.get("model");
        if (span === undefined) return;
        const out = splice(body, [{ span, bytes: encode('"other"') }]);
        expect(decode(out)).toBe(`${decode(body.subarray(0, span.start))}"other"${decode(body.subarray(span.end))}`);
        expect(JSON.parse(decode(out))).toEqual({ ...JSON.parse(text), model: "other" });
      }),
      { numRuns: 300 },
    );
  });

  test("a cut body is always a fault", () => {
    fc.assert(
      fc.property(bodyText, fc.nat(), (text, where) => {
        const body = encode(text.trim());
        expect(isFault(scanTopLevel(body.subarray(0, where % body.length), WANTED))).toBe(true);
      }),
    );
  });

  test("arbitrary bytes never throw", () => {
    const brackets = fc
      .array(fc.constantFrom(...'{}[]",:\\ m1'), { maxLength: 60 })
      .map((chars) => encode(chars.join("")));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), brackets), (body) => void scanTopLevel(body, WANTED)),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["", "empty"],
    ["  \n", "empty"],
    ["[]", "at byte 0"],
    ["nope", "at byte 0"],
    ['{"model"', "too early"],
    ['{"model":"a"', "too early"],
    ['{"model":"a}', "too early"],
    ['{"model":"a"} {}', "at byte 14"],
    ['{"model":"a",}', "at byte 13"],
    ['{,"model":"a"}', "at byte 1"],
    ['{"a":[1,2},"b":1}', "does not match at byte 9"],
    ['{"a":[1 /* " */]}', "at byte 8"],
    ['{"a":,"model":1}', "at byte 5"],
    ['{"model" "a"}', "at byte 9"],
    ['{"model":"a" "b":1}', "at byte 13"],
    [`{"a":${"[".repeat(5000)}`, "levels of nesting"],
    ['{"model":"a","model":"b"}', '"model" is there twice, again at byte 21'],
    ['{"mod\\u0065l":"a"}', 'written "model"'],
    ['{"model":"a","\\u006dodel":"b"}', 'written "model"'],
    ['{"model":"a","Model":"b"}', 'written "model"'],
    ['{"\u017ftream":true}', 'written "stream"'],
    ['{"mo\\xdel":"a"}', "not a JSON string"],
  ])("refuses %s", (text, says) => {
    const got = scanTopLevel(encode(text), WANTED);
    expect(isFault(got) && got.kind === "invalid-request" && got.message).toContain(says);
  });

  test("other keys may repeat, be escaped, be long", () => {
    const got = scanTopLevel(encode(`{"x":1,"x":2,"\\u0078":3,"${"k".repeat(500)}\\n":4,"model":"m"}`), WANTED);
    expect(!isFault(got) && [...got.keys()]).toEqual(["model"]);
  });

  test("a nested wanted key is not a top-level one", () => {
    const body = encode('{"a":{"model":"x"},"model":"m","b":[{"model":"y"}]}');
    const got = scanTopLevel(body, WANTED);
    expect(!isFault(got) && spanText(body, got.get("model")!)).toBe('"m"');
  });

  test.each([22, 23, 24, 25, 26, 27])("escapes around the switch to the native search: %d", (length) => {
    for (const tail of ['\\"', "\\\\", '\\\\\\"', "\\\\\\\\"]) {
      const text = `{"a":"${"x".repeat(length)}${tail}${"y".repeat(40)}${tail}","model":"m"}`;
      const got = scanTopLevel(encode(text), WANTED);
      expect(!isFault(got) && got.size).toBe(1);
    }
  });
});

test.each([
  ['{"a":1}', '{"b":2,"a":1}'],
  [" { } ", ' {"b":2 } '],
  ["[1]", "[1]"],
])("insertKey into %s", (before, after) => {
  expect(decode(insertKey(encode(before), '"b":2'))).toBe(after);
});
