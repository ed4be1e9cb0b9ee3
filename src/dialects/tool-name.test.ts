import { expect, test } from "bun:test";
import { changedNames, fittingName } from "./tool-name.ts";

const LONG = `mcp__a_server_with_a_long_name__${"tool_".repeat(12)}`;

test.each([
  ["get_weather", "get_weather"],
  ["a".repeat(64), "a".repeat(64)],
  ["", "_e3b0c44298fc"],
])("%p becomes %p", (name, expected) => expect(fittingName(name, 64)).toBe(expected));

test("what is changed fits, is always the same, and no two become one", () => {
  const names = [`${LONG}x`, `${LONG}y`, "find.file", "find file", "find/file", "работа", "😀"];
  const fitting = names.map((name) => fittingName(name, 64));
  for (const name of fitting) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  expect(new Set(fitting).size).toBe(names.length);
  expect(names.map((name) => fittingName(name, 64))).toEqual(fitting);
});

test("only names that change are remembered", () => {
  const sent = (name: string) => fittingName(name, 64);
  expect(changedNames([{ name: "a" }, { name: "b" }], sent)).toBeUndefined();
  expect([...(changedNames([{ name: "a" }, { name: "b.c" }], sent) ?? [])]).toEqual([[sent("b.c"), "b.c"]]);
});
