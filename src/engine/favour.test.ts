// Which share of calls warms whom, and that a conversation is found again whatever its client wrote around it.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { stemOf } from "../dialects/stem.ts";
import { placeOf } from "../health/ramp.ts";
import { createConversations } from "../state/conversations.ts";
import { warmed } from "./favour.ts";

const encoder = new TextEncoder();
const stem = (value: unknown) => {
  const found = stemOf(encoder.encode(typeof value === "string" ? value : JSON.stringify(value)));
  return found && [new TextDecoder().decode(found.bytes), found.continued];
};
const user = (content: unknown) => ({ role: "user", content });

test("warm: its share of the calls, evenly over the others, and never the places of a ramp", () => {
  const counts = [0, 0, 0, 0];
  for (let id = 0; id < 50_000; id++) {
    const place = warmed(placeOf(`call_${id}`), 0.1, 3) ?? 0;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  expect(counts[1]).toBeWithin(2_200, 2_800);
  expect(counts[2]).toBeWithin(2_200, 2_800);
  expect(counts[3]).toBe(0);
  expect([warmed(0.01, 0.02, 3), warmed(0.999999, 0.02, 1), warmed(0.9999999999, 0.02, 3)]).toEqual([
    undefined,
    undefined,
    2,
  ]);
});

test.each([
  ["the first question", { messages: [user("a")] }, ['{"role":"user","content":"a"}', false]],
  [
    "and what came before it",
    {
      model: "m",
      messages: [{ role: "system", content: "s" }, user("a"), { role: "assistant", content: "b" }, user("c")],
    },
    ['{"role":"system","content":"s"},{"role":"user","content":"a"}', true],
  ],
  ["no question", { messages: [{ role: "system", content: "s" }] }, undefined],
  ["no messages", { input: "x" }, undefined],
  ["no list", { messages: {} }, undefined],
  ["nonsense in it", '{"messages":[1, "x", null, [] ]}', undefined],
  ["cut", '{"messages":[{"role":"user"', undefined],
])("stem: %s", (_, body, expected) => {
  expect(stem(body)).toEqual(expected as ReturnType<typeof stem>);
});

test("stem: any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => stemOf(bytes) === undefined || true));
});

test("conversations are forgotten in time, and the oldest where there are too many", () => {
  const cell = createConversations();
  const stay = { target: "b/m", sinceMs: 0, untilMs: 100 };
  cell.set("first", stay);
  expect([cell.get("first", 99), cell.get("first", 100), cell.isEmpty(99)]).toEqual([stay, undefined, true]);
  for (let each = 0; each <= 10_000; each++) cell.set(`c${each}`, stay);
  expect([cell.get("c0", 1), cell.get("c10000", 1)]).toEqual([undefined, stay]);
  expect(cell.isEmpty(100)).toBe(true);
});
