import { expect, test } from "bun:test";
import { isMeant } from "../core/model-name.ts";
import { modelsNamed } from "./lexicon.ts";
import { sparesApi, surfaceOfName } from "./surfaces.ts";

const TITLES: readonly (readonly [string, readonly string[]])[] = [
  ["Elevated error rate across multiple models", []],
  ["Elevated errors across many Claude models", []],
  ["Elevated errors on Claude Opus 4.5", ["claude-opus-4-5"]],
  ["Elevated errors on Opus 4.6 and Sonnet 4.6", ["claude-opus-4-6", "claude-sonnet-4-6"]],
  ["Elevated errors for Sonnet 4, 4.5 and 4.6", ["claude-sonnet-4", "claude-sonnet-4-5", "claude-sonnet-4-6"]],
  ["Degraded quality on Claude 3.5 Sonnet", ["claude-sonnet-3-5"]],
  ["Haiku is slow", ["haiku"]],
  ["Claude Fable 5.2: elevated errors", ["claude-fable-5-2"]],
  ["Opus 4/4.1 elevated errors", ["claude-opus-4", "claude-opus-4-1"]],
  ["Elevated errors on Sonnet 4.5 for 30 minutes", ["claude-sonnet-4-5"]],
  ["Sonnet 5 and 12 users affected", ["claude-sonnet-5"]],
  ["Increased errors for GPT-5.2", ["gpt-5-2"]],
  ["gpt-4o-mini and GPT-4.1 nano latency", ["gpt-4o-mini", "gpt-4-1-nano"]],
  ["Errors with o3 and o4-mini", ["o3", "o4-mini"]],
  ["GPT store is unavailable", []],
  ["Custom GPTs fail to load", []],
  ["Elevated 429s on Gemini 3.6 Flash", ["gemini-3-6-flash"]],
  ["Gemini API is slow", []],
  ["Completion API Degraded - glm-5-2", ["glm-5-2"]],
  ["Grok 4 API errors", ["grok-4"]],
  ["Mistral Large degraded", ["mistral-large"]],
  ["Mistral API unavailable", []],
  ["Codestral completions are failing", ["codestral"]],
  ["Command R+ elevated errors", ["command-r+"]],
  ["DeepSeek V4 Flash unavailable", ["deepseek-v4-flash"]],
  ["Kimi K2 elevated latency", ["kimi-k2"]],
  ["Llama 3.3 70B elevated latency", ["llama-3-3"]],
  ["Opusculum and haikuesque words", []],
  ["", []],
];

for (const [title, models] of TITLES) {
  test(`models of a title: ${title}`, () => {
    expect([...modelsNamed(title)].sort()).toEqual([...models].sort());
  });
}

const MEANT: readonly (readonly [model: string, named: string, boolean])[] = [
  ["claude-sonnet-5", "sonnet", true],
  ["claude-sonnet-5", "claude-sonnet-5", true],
  ["claude-sonnet-4-5-20250929", "claude-sonnet-4-5", true],
  ["claude-sonnet-4-20250514", "claude-sonnet-4-5", false],
  ["claude-sonnet-4-5", "claude-sonnet-4", false],
  ["claude-3-5-sonnet-20241022", "claude-sonnet-3-5", true],
  ["claude-opus-5", "sonnet", false],
  ["anthropic/claude-opus-4.6", "claude-opus-4-6", true],
  ["gpt-5.2", "gpt-5-2", true],
  ["gpt-5.2", "gpt-5", false],
  ["gpt-5-mini", "gpt-5", false],
  ["gpt-4o-mini", "gpt-4o-mini", true],
  ["gpt-4o", "gpt-4o-mini", false],
  ["o3", "o3", true],
  ["o3-mini", "o3", false],
  ["gemini-3.6-flash", "gemini-3-6-flash", true],
  ["mistral-large-latest", "mistral-large", true],
  ["llama-3.3-70b-versatile", "llama-3-3", true],
  ["deepseek-v4-flash", "deepseek-v4-flash", true],
  ["qwen3", "haiku", false],
];

for (const [model, named, meant] of MEANT) {
  test(`${named} ${meant ? "means" : "does not mean"} ${model}`, () => {
    expect(isMeant(model, named)).toBe(meant);
  });
}

test("a component's surface by its name", () => {
  const names = {
    "Claude API (api.anthropic.com)": "api",
    "claude.ai": "web",
    "Claude Console (platform.claude.com)": "console",
    "Claude Code": "agent",
    "Chat Completions": "api",
    Login: "auth",
    "Usage page": "billing",
    "API Requests": "api",
    "API documentation": "other",
    "Fine-tuning API": "other",
    Actions: "other",
  };
  for (const [name, surface] of Object.entries(names)) expect([name, surfaceOfName(name)]).toEqual([name, surface]);
});

test("words that spare the API, and words that only look like it", () => {
  expect(sparesApi("The usage page does not load. API requests are not affected.")).toBe(true);
  expect(sparesApi("The API is unaffected by this")).toBe(true);
  expect(sparesApi("There is no impact to the API")).toBe(true);
  expect(sparesApi("API requests are affected")).toBe(false);
  expect(sparesApi("The API is down. Logins are not affected")).toBe(false);
});
