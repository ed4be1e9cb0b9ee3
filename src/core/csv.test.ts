import { expect, test } from "bun:test";
import { csvRow } from "./csv.ts";

for (const [cells, row] of [
  [["a,b", 'say "x"', -1.5], '"a,b","say ""x""",-1.5\r\n'],
  [["=1+1", "-2", "@x", "+x"], "'=1+1,'-2,'@x,'+x\r\n"],
  [["two\r\nlines", ""], '"two  lines",\r\n'],
] as const) {
  test(`a row of ${JSON.stringify(cells)}`, () => expect(csvRow(cells)).toBe(row));
}
