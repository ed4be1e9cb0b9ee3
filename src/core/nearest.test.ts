import { expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

const NAMES = ["anthropic", "openai", "openrouter", "ollama", "targets", "timeouts", "claude-sonnet-5", "chat"];

for (const [typed, meant] of [
  ["anthropc", "anthropic"],
  ["antrhopic", "anthropic"],
  ["Anthropic", "anthropic"],
  ["opnai", "openai"],
  ["openrooter", "openrouter"],
  ["olama", "ollama"],
  ["target", "targets"],
  ["timeout", "timeouts"],
  ["tiemouts", "timeouts"],
  ["claude-sonet-5", "claude-sonnet-5"],
  ["claude-sonnet5", "claude-sonnet-5"],
  ["caht", "chat"],
  ["chat", "chat"],
  ["", undefined],
  ["zebra", undefined],
  ["gemini", undefined],
  ["x".repeat(5_000), undefined],
] as const) {
  test(`nearest to "${typed.slice(0, 20)}" is ${meant}`, () => expect(nearest(typed, NAMES)).toBe(meant));
}

test("a one-letter name is not nearest to another letter", () => expect(nearest("a", ["b"])).toBeUndefined());
test("of equals the first wins", () => expect(nearest("cat", ["bat", "hat"])).toBe("bat"));
