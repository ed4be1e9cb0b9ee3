// Calls that do not stand where SDKs look for them: their frames are mended, all others are left alone.

import { expect, test } from "bun:test";
import { openTap } from "./tap.ts";

const encoder = new TextEncoder();
const utf8 = new TextDecoder();
const call = (name: string, index?: number) => ({
  ...(index !== undefined && { index }),
  id: `id_${name}`,
  type: "function",
  function: { name, arguments: "{}" },
});
const frame = (...calls: object[]) =>
  encoder.encode(
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { tool_calls: calls }, finish_reason: null }] })}\n\n`,
  );

test.each([
  ["as they should be", [frame(call("f", 0)), frame(call("g", 1))], [undefined, undefined]],
  ["counted from 1", [frame(call("f", 1)), frame(call("g", 2))], ["0", "1"]],
  ["all of them 0", [frame(call("f", 0)), frame(call("g", 0))], [undefined, "1"]],
  ["in one frame, without any", [frame(call("f"), call("g"))], ["0,1"]],
] as const)("%s", (_, frames, wanted) => {
  const tap = openTap({ dropUsage: false });
  const told = frames.map((bytes) => {
    tap.see(bytes);
    if (tap.mended === undefined) return undefined;
    const { choices } = JSON.parse(utf8.decode(tap.mended).slice("data: ".length)) as {
      choices: { delta: { tool_calls: { index: number; function: { arguments: string } }[] } }[];
    };
    return (choices[0]?.delta.tool_calls ?? []).map(({ index }) => index).join();
  });
  expect(told).toEqual([...wanted]);
});

test("a frame that follows a mended one is its own again", () => {
  const tap = openTap({ dropUsage: false });
  tap.see(frame(call("f", 3)));
  expect(tap.mended).toBeDefined();
  tap.see(encoder.encode("data: [DONE]\n\n"));
  expect(tap.mended).toBeUndefined();
});
