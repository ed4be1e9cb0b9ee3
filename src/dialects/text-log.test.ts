import { expect, test } from "bun:test";
import { TextLog } from "./text-log.ts";

const escapedOf = (text: string) => JSON.stringify(text).slice(1, -1);

test.each([0, 1, 300, 511, 512, 513, 5_000, 8_192, 9_000, 40_000])(
  "the tail of %d pieces is the end of what was added",
  (count) => {
    const log = new TextLog();
    const pieces = Array.from({ length: count }, (_, i) => `${i}"`);
    for (const piece of pieces) log.addText(piece);
    const escaped = escapedOf(pieces.join(""));
    const tail = log.tail(4_096);
    expect(escaped.endsWith(tail)).toBe(true);
    expect(tail.length).toBe(Math.min(4_096, escaped.length));
    expect(log.read()).toBe(pieces.join(""));
  },
);
