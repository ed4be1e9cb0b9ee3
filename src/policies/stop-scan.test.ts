import { expect, test } from "bun:test";
import { StopScan } from "./stop-scan.ts";

function scan(stops: readonly string[], before: string, pieces: readonly string[]): [string, string | undefined] {
  const scan = new StopScan(stops, before);
  let out = "";
  for (const piece of pieces) {
    const { said, stop } = scan.take(piece);
    out += said;
    if (stop !== undefined) return [out, stop];
  }
  return [out, undefined];
}

test.each<[string, readonly string[], string, readonly string[], string, string | undefined]>([
  ["one across the seam", ["END"], "the E", ["ND of it"], "", "END"],
  ["one across the seam, letter by letter", ["<stop>"], "text <st", ["o", "p", ">", "more"], "op", "<stop>"],
  ["the first of two", ["two", "on"], "o", ["n and two"], "", "on"],
  ["one behind the seam", ["###"], "text", [" a ### b"], " a ", "###"],
  ["one that its provider looks for itself", ["###"], "text", [" and ", "# ### b"], " and # ### b", undefined],
  ["one that the client had before", ["END"], "END", [" and more"], " and more", undefined],
  ["none", [], "text", ["more"], "more", undefined],
  ["an empty one", [""], "text", ["more"], "more", undefined],
])("%s", (_, stops, before, pieces, out, stop) => expect(scan(stops, before, pieces)).toEqual([out, stop]));
