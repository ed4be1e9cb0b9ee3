// Each reader is told the facts that it names, in the order of the readers, whatever the others do.

import { expect, test } from "bun:test";
import { tellAll } from "./fact-readers.ts";
import type { GatewayEvent } from "./gateway-event.ts";

test("a fact goes to those who read its type, in their order; one that throws harms nobody", () => {
  const seen: string[] = [];
  const told = (who: string) => (event: GatewayEvent, context: string) =>
    void seen.push(`${who} ${event.type} ${context}`);
  const broken = () => {
    throw new Error("a bug of a reader");
  };
  const tell = tellAll<string>([
    { "call-open": told("a"), bug: told("a") },
    broken,
    told("all"),
    { "call-open": broken },
    { "call-open": told("b") },
    {},
  ]);
  const open: GatewayEvent = { type: "call-open", atMs: 0, call: "c" };
  tell(open, "1");
  tell({ type: "bug", atMs: 0, call: "c", message: "" }, "2");
  tell(open, "3");
  expect(seen).toEqual([
    "a call-open 1",
    "all call-open 1",
    "b call-open 1",
    "a bug 2",
    "all bug 2",
    "a call-open 3",
    "all call-open 3",
    "b call-open 3",
  ]);
});
