import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PAGES } from "./reference.ts";
import { ROOT } from "./steps.ts";

for (const { path, text } of PAGES) {
  test(`${path} is what the source says`, () => expect(readFileSync(join(ROOT, path), "utf8")).toBe(text()));
}
