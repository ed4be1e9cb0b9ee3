import { expect, test } from "bun:test";
import { MODELS } from "../../catalog/models.ts";
import { loadSettings } from "./load-yaml.ts";
import { renderProblems } from "./problem.ts";

function warned(target: string, provider = "key: none"): string {
  const [name] = target.split("/");
  const text = `providers: { ${name}: { ${provider} } }\nroutes: { chat: { targets: ["${target}"] } }\n`;
  const loaded = loadSettings(text, { file: "f.yaml", env: {} });
  if (!loaded.ok) throw new Error(renderProblems(loaded.problems));
  return renderProblems(loaded.warnings);
}

test.each([
  ["anthropic/claude-sonet-5", "anthropic/claude-sonnet-5"],
  ["anthropic/cluade-opus-5", "anthropic/claude-opus-5"],
  ["anthropic/claude-hiaku-9", "anthropic/claude-haiku-9"],
  ["openai/gpt-6-lunar", "openai/gpt-6-luna"],
  ["gemini/gemini-3.8-flahs", "gemini/gemini-3.8-flash"],
])("%s: did you mean %s?", (target, meant) => {
  expect(warned(target)).toContain(
    `f.yaml:2:29  routes.chat.targets[0]  "${target.slice(target.indexOf("/") + 1)}" is no model that the catalog knows`,
  );
  expect(warned(target)).toContain(`did you mean "${meant}"?`);
});

test.each([
  "anthropic/claude-sonnet-7",
  "anthropic/claude-opus-5-20261101",
  "anthropic/claude-mythos-1",
  "openai/gpt-5",
  "openai/gpt-5-mini",
  "openai/gpt-5-codex",
  "openai/o3",
  "openai/text-embedding-3-small",
  "mistral/codestral-latest",
  "groq/llama-4-maverick",
  ...MODELS.map(({ provider, name }) => `${provider}/${name}`),
])("%s may well be one", (target) => {
  expect(warned(target)).toBe("");
});

test("nothing is known of names at a url of one's own", () => {
  expect(warned("anthropic/claude-sonet-5", 'key: none, url: "http://127.0.0.1:1"')).toBe("");
});
