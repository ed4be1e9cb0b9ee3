import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { STATUS_PAGES } from "../../catalog/status-pages.ts";
import type { PageReading } from "../core/status-page.ts";
import { assemble } from "./assemble.ts";
import { isPageError } from "./page-document.ts";
import { pageWord, WORD_MS } from "./page-word.ts";
import { parse } from "./parse.ts";

const OWN = new URL("../../test/fixtures/status/", import.meta.url).pathname;
const SURFACES = STATUS_PAGES["status.claude.com"]?.surfaces ?? {};
const NOW = Date.parse("2026-06-23T14:30:00Z");

function reading(file: string, more: Partial<PageReading> = {}): PageReading {
  const document = parse(readFileSync(OWN + file), "", NOW);
  if (isPageError(document)) throw new Error(document.detail);
  const content = assemble([document], SURFACES, NOW);
  return { provider: "anthropic", page: "https://status.claude.com", ...content, state: "ok", fetchedMs: NOW, ...more };
}

const WORDS: readonly (readonly [string, object | undefined])[] = [
  ["claude-green.summary.json", { health: "operational", models: [] }],
  ["claude-2026-06-23.summary.json", { health: "major_outage", models: [], incident: { id: "jbhf20wjmzrf" } }],
  ["claude-opus-only.summary.json", { health: "degraded", models: ["claude-opus-4-5"] }],
  // Web, console and billing are no word about calls.
  ["claude-login.summary.json", { health: "operational", models: [] }],
  ["claude-usage-page.summary.json", { health: "operational", models: [] }],
  ["claude-usage-page-api-listed.summary.json", { health: "operational", models: [] }],
  ["claude-maintenance.summary.json", { health: "maintenance" }],
  ["claude-api-gone.summary.json", undefined],
  ["azure-region.rss", undefined],
  ["aws-multiple-with-bedrock.json", { health: "major_outage" }],
  ["gcp-gemini-open.json", { health: "partial_outage", models: ["gemini-3-6-flash"] }],
];

for (const [file, expected] of WORDS) {
  test(`the word of ${file}`, () => {
    const word = pageWord(reading(file), 5);
    if (expected === undefined) expect(word).toBeUndefined();
    else expect(word).toMatchObject({ ...expected, untilMs: 5 + WORD_MS });
  });
}

test("what is stale or was not read says nothing", () => {
  for (const state of ["stale", "error"] as const) {
    expect(pageWord(reading("claude-2026-06-23.summary.json", { state }), 0)).toBeUndefined();
  }
});
