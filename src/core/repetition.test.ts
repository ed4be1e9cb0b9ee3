import { expect, test } from "bun:test";
import { endsInLoop } from "./repetition.ts";

const rows = (count: number, row: (i: number) => string) => Array.from({ length: count }, (_, i) => row(i)).join("\n");
const PROSE = "The tide comes in twice a day, and the kelp holds on. ";

test.each([
  ["a word", "Sure. Here is what I found: ".concat("the ".repeat(400))],
  ["one mark", `It is done${"!".repeat(2_000)}`],
  ["a sentence", `Well. ${"I will check the file again. ".repeat(60)}`],
  [
    "a paragraph",
    PROSE.concat(
      "Let me think about that. I will read the file first and then I will write the test for it.\n\n".repeat(20),
    ),
  ],
  ["a token without blanks", `x${"ab".repeat(900)}`],
  ["letters of another script", `はい。${"そうです。".repeat(200)}`],
  ["cut in the middle of a unit", `${"one two three ".repeat(80)}one tw`],
  ["ending in white space", `${"the ".repeat(400)}\n\n`],
  ["the same line of a list", `Items:\n${"- item\n".repeat(200)}`],
])("a loop: %s", (_, text) => expect(endsInLoop(text)).toBe(true));

test.each([
  ["nothing", ""],
  ["prose", PROSE.repeat(3)],
  ["laughter", `${"ha ".repeat(60)}`],
  ["a long list", rows(300, (i) => `${i + 1}. item number ${i + 1}`)],
  ["a list of equal words that ends", `${"- yes\n".repeat(300)}\nThat is all of them.`],
  ["a table", `| a | b |\n|---|---|\n${rows(120, (i) => `| ${i} | ${i * i} |`)}`],
  ["a table with wide borders", `|${"-".repeat(300)}|${"-".repeat(300)}|\n| a | b |`],
  ["an array of zeros", `const t = [${"0, ".repeat(512)}0];`],
  ["code with a closing brace", `function f() {\n${"  step();\n".repeat(100)}}`],
  ["a rule", "=".repeat(800)],
  ["a picture", rows(24, (i) => `${" ".repeat(24 - i)}${"*".repeat(2 * i + 1)}`)],
  ["a chessboard", rows(8, (i) => (i % 2 === 0 ? "# . # . # . # ." : ". # . # . # . #"))],
  ["a song's refrain", `${rows(3, () => `${PROSE}\n${"Row, row, row your boat\n".repeat(4)}`)}`],
  ["numbers that count", rows(400, String)],
  ["base64 of zeros, then more", `${"A".repeat(3_000)}QmFzZQ==`],
])("no loop: %s", (_, text) => expect(endsInLoop(text)).toBe(false));

test("what stands before the end is not looked at, and the work is bounded", () => {
  expect(endsInLoop("the ".repeat(10_000).concat(PROSE.repeat(2)))).toBe(false);
  expect(endsInLoop("a".repeat(20_000_000))).toBe(true);
});
