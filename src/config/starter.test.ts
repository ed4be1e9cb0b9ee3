import { expect, test } from "bun:test";
import { loadSettings } from "./load-yaml.ts";
import { renderProblems } from "./problem.ts";
import { starter } from "./starter.ts";

const KEYS = ["ANTHROPIC", "OPENAI", "GEMINI", "DEEPSEEK", "MISTRAL", "GROQ", "OPENROUTER"].map(
  (name) => `${name}_API_KEY`,
);

/** Every subset of the keys. */
const SUBSETS = Array.from({ length: 2 ** KEYS.length }, (_, bits) => KEYS.filter((_, at) => (bits >> at) & 1));

test("what is written is good, has no secret in it, and needs no editing, whatever keys there are", () => {
  for (const names of SUBSETS) {
    const env = Object.fromEntries(names.map((name) => [name, `secret-of-${name}`]));
    const { text, found } = starter(env, "schema.json");
    expect(found.map(({ variable }) => variable).sort()).toEqual([...names].sort());
    expect(text).toStartWith("# yaml-language-server: $schema=schema.json\n");
    expect(text).not.toContain("secret-of");
    const loaded = loadSettings(text, { file: "holdfast.yaml", env });
    if (!loaded.ok) throw new Error(`${renderProblems(loaded.problems)}\n${text}`);
    expect(renderProblems(loaded.warnings)).toBe("");
    expect(loaded.settings.routes[0]?.targets.length).toBe(Math.max(1, names.length));
  }
});

test("its comments are good too: what holds where nothing is written", () => {
  const env = Object.fromEntries(KEYS.map((name) => [name, "k"]));
  const { text } = starter(env, "s");
  const loaded = loadSettings(text.replace(/^( +)# (\w[\w-]*: [^A-Z])/gm, "$1$2"), { file: "f", env });
  if (!loaded.ok) throw new Error(renderProblems(loaded.problems));
  const plain = loadSettings(text, { file: "f", env });
  expect(loaded.settings).toEqual(plain.ok ? plain.settings : ({} as never));
});

test("the SDK's own url is kept by its variable", () => {
  const { text } = starter({ OPENAI_API_KEY: "k", OPENAI_BASE_URL: "http://10.0.0.1/v1" }, "s");
  expect(text).toContain('openai: { key: "${OPENAI_API_KEY}", url: "${OPENAI_BASE_URL}" }');
});
