// Good configurations, broken in two hundred ways by a seeded generator: reading one never throws, every problem has a
// place inside the text, and what is broken in a way that matters is never accepted.

import { expect, test } from "bun:test";
import { loadSettings } from "./load-yaml.ts";
import { renderProblems } from "./problem.ts";

const GOOD = [
  `listen: { host: 127.0.0.1, port: 4000 }
providers:
  anthropic: { key: "\${KEY}" }
  spare: { dialect: openai-chat, url: "http://127.0.0.1:11434/v1", key: none, tier: local }
routes:
  chat:
    targets: [anthropic/claude-sonnet-5, spare/qwen3]
    timeouts: { connect: 5s, first-token: auto, whole: auto, idle: auto, total: 10m }
    attempts: 3
    retry-wait: 3s
    hedge: off
    usage: exact
store: memory
`,
  `providers:
  one:
    dialect: anthropic-messages
    url: https://one.example
    keys:
      - "\${KEY}"
      - "\${OTHER}"
  two:
    dialect: openai-chat
    url: https://two.example/v1
    key: none
routes:
  claude-*:
    targets:
      - one/*
      - two/*
    criticality: critical
    cache: { healthy: off, outage: off }
  gpt:
    targets:
      - two/gpt
`,
];
const ENV = { KEY: "k", OTHER: "o" };

/** Each makes a text that must not be accepted, or gives `undefined` where it does not apply. */
type Break = (text: string, random: () => number) => string | undefined;

function swap(pattern: RegExp, replacement: string): Break {
  return (text, random) => {
    const matches = [...text.matchAll(pattern)];
    const match = matches[Math.floor(random() * matches.length)];
    if (match === undefined) return undefined;
    return (
      text.slice(0, match.index) + match[0].replace(pattern, replacement) + text.slice(match.index + match[0].length)
    );
  };
}

const MUST_FAIL: readonly Break[] = [
  swap(/targets/g, "target"),
  swap(/dialect/g, "dialekt"),
  swap(/openai-chat|anthropic-messages/g, "carrier-pigeon"),
  swap(/https?:\/\//g, "gopher://"),
  swap(/(one|two|spare|anthropic)\//g, "nobody/"),
  swap(/\$\{(KEY|OTHER)\}/g, "${GONE}"),
  swap(/\$\{(KEY|OTHER)\}/g, "${KEY:-x}"),
  swap(/^providers:/gm, "provider:"),
  swap(/^routes:/gm, "rules:"),
  swap(/(\d+)(s|m)\b/g, "$1 parsecs"),
  swap(/attempts: 3/g, "attempts: many"),
  swap(/critical$/gm, "urgent"),
  swap(/off/g, "text"),
  swap(/memory/g, "sqlite:x"),
  swap(/127\.0\.0\.1, port/g, "0.0.0.0, port"),
  swap(/: \{/g, ": {{"),
  swap(/\[/g, "[["),
  swap(/^ {2}(\w)/gm, "  \t$1"),
];

const NOISE = [
  "{",
  "}",
  "[",
  "]",
  ":",
  "-",
  "\n",
  " ",
  "\t",
  '"',
  "'",
  "*",
  "&a ",
  "${",
  "!!",
  "#",
  "\u0000",
  "é",
  "0",
  "null",
  "? ",
];

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function problemsOf(text: string) {
  const loaded = loadSettings(text, { file: "f", env: ENV });
  const lineCount = text.split("\n").length;
  for (const problem of loaded.ok ? [] : loaded.problems) {
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(lineCount + 1);
    expect(problem.column).toBeGreaterThanOrEqual(1);
  }
  if (!loaded.ok) expect(loaded.problems.length).toBeGreaterThan(0);
  return loaded;
}

test("both good configurations are good", () => {
  for (const text of GOOD) expect(problemsOf(text).ok).toBe(true);
});

test("200 configurations with one thing broken are refused", () => {
  const random = generator(1);
  let count = 0;
  while (count < 200) {
    const text = GOOD[Math.floor(random() * GOOD.length)] ?? "";
    const broken = MUST_FAIL[Math.floor(random() * MUST_FAIL.length)]?.(text, random);
    if (broken === undefined || broken === text) continue;
    count += 1;
    const loaded = problemsOf(broken);
    if (loaded.ok) throw new Error(`accepted:\n${broken}`);
    expect(renderProblems(loaded.problems).split("\n").length).toBe(loaded.problems.length);
  }
});

test("1000 configurations with noise in them never throw", () => {
  const random = generator(2);
  for (let count = 0; count < 1_000; count++) {
    let text = GOOD[count % GOOD.length] ?? "";
    for (let edits = 0; edits <= random() * 3; edits++) {
      const start = Math.floor(random() * text.length);
      const noise = NOISE[Math.floor(random() * NOISE.length)] ?? "";
      text = text.slice(0, start) + noise + text.slice(start + Math.floor(random() * 4));
    }
    problemsOf(text);
  }
});
