import { expect, test } from "bun:test";
import { htmlOf } from "./html.ts";
import { markdownOf, type Page } from "./page.ts";

const HOSTILE = "<img src=x onerror=alert(1)>|`x`\n# [a](b)\u0007";

const PAGE: Page = {
  title: HOSTILE,
  about: [HOSTILE],
  sections: [
    {
      title: HOSTILE,
      lines: [HOSTILE],
      table: { head: ["name", HOSTILE], rows: [[HOSTILE, "1"]] },
      plot: {
        title: HOSTILE,
        text: HOSTILE,
        kind: "lines",
        unit: "share",
        at: ["2026-11-01T00:00Z", "2026-11-02T00:00Z"],
        series: [{ name: HOSTILE, values: [null, 0.5] }],
      },
    },
  ],
};

test("no name becomes markup, in either format", () => {
  const html = htmlOf(PAGE);
  expect(html).not.toContain("<img");
  expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;");
  expect(html).not.toMatch(/<script|https?:\/\//);
  expect(html).not.toContain("\u0007");
  const markdown = markdownOf(PAGE);
  expect(markdown).not.toMatch(/(?<!\\)<img|(?<!\\)`x|(?<!\\)\[a/);
  expect(markdown.split("\n").filter((line) => line.startsWith("#"))).toHaveLength(2);
  expect(markdown.split("\n").filter((line) => line.startsWith("|"))).toHaveLength(3);
});
