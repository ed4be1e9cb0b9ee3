// Good configurations, broken in two hundred ways by a seeded generator: reading one never throws, every problem has a
// place inside the text, and what is broken in a way that matters is never accepted.

import { expect, test } from "bun:test";
import * as z from "zod";
import { rounds } from "../../test/support/effort.ts";
import { loadSettings } from "./load-yaml.ts";
import { renderProblems } from "./problem.ts";
import { configSchema } from "./schema.ts";

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
const ENV = { KEY: "k", OTHER: "o", ADMIN: "an-admin-key-of-some-length" };

/** One key a line, so that a problem's line says which was meant; `#` marks names of the user's own choice. */
const EVERY_KEY = `listen:
  host: 127.0.0.1
  port: 4000
providers:
  one: #
    dialect: anthropic-messages
    url: https://one.example
    keys:
      - "\${KEY}"
      - file: /run/secrets/one
  two: #
    dialect: openai-chat
    url: https://two.example/v1
    key:
      command: print-the-key
    tier: remote
    region: eu
    retention: none
    status-page: off
routes:
  chat: #
    targets:
      - one/claude-sonnet-5
      - two/qwen3
    timeouts:
      connect: 5s
      first-token: auto
      whole: auto
      idle: 45s
      total: 10m
    attempts: 3
    retry-wait: 3s
    hedge: off
    resume: off
    usage: as-asked
    strict: true
    criticality: default
    warm: off
    validate: off
    cache:
      healthy: off
      outage: off
      ttl: 1h
      stale-if-error: 7d
      tools: false
      scope: tenant
    last-resort: []
    require: {}
    value: 0
probes:
  budget: off
canary: off
status:
  poll: off
notify:
  - slack: https://hooks.test/a
    on:
      - incident.opened
    severity: major
    routes:
      - chat
    tenants:
      - web
    name: ops
  - teams: https://hooks.test/b
  - discord: https://hooks.test/c
  - pagerduty: a-routing-key
    url: https://events.test/v2/enqueue
  - email: ops@example.test
    smtp: smtp://mail.test:587
    from: bot@example.test
  - webhook: https://hooks.test/d
    secret: whsec_${btoa("0123456789012345678901234567")}
slo:
  - name: support
    route: chat
    objective: 99.9%
    window: month
    time-zone: Europe/Berlin
    indicator: undegraded
store: memory
shared: off
keys:
  - name: web
    hash: sha256:${"0a".repeat(32)}
    routes:
      - chat
admin:
  key: "\${ADMIN}"
status-page: private
passthrough: off
`;

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
  swap(/memory/g, "sqlite"),
  swap(/usage: exact/g, "usage: as-asked-by"),
  swap(/total: 10m/g, "total: 4s"),
  swap(/first-token: auto/g, "first-token: 10m"),
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

test("the good configurations are good", () => {
  for (const text of [...GOOD, EVERY_KEY]) {
    const loaded = problemsOf(text);
    if (!loaded.ok) throw new Error(renderProblems(loaded.problems));
  }
});

/** Every key of the schema, whatever it stands in. */
function keysOf(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(keysOf);
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => [
    ...(name === "properties" ? Object.keys(value) : []),
    ...keysOf(value),
  ]);
}

/** Below what is not built yet, and refused as a whole. */
const NOT_SHOWN = ["after", "budget", "min-length", "pattern", "json-schema", "canned", "on"];

test("the configuration with every key has every key", () => {
  const keys = new Set(keysOf(z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" })));
  const missing = [...keys].filter((key) => !new RegExp(`^[ -]*${key}:`, "m").test(EVERY_KEY));
  expect(missing.filter((key) => !NOT_SHOWN.includes(key))).toEqual([]);
});

/** Wrong for every key: a mapping that no key takes, a list in a list, a text that means nothing anywhere. */
const NONSENSE = ["{ never-a-key: 1 }", "[[[]]]", "\u00a7 \u00a7"];

/** Any text may be one. */
const FREE = ["file", "command", "region", "retention"];

const LINES = EVERY_KEY.split("\n");

for (const [index, line] of LINES.entries()) {
  const key = /^( *(?:- )?)([\w-]+):(.*)$/.exec(line);
  if (key === null || line.endsWith("#")) continue;
  const [, indent = "", name = "", value = ""] = key;
  const bads = FREE.includes(name) ? NONSENSE.slice(0, 2) : NONSENSE;
  test(`line ${index + 1}, ${name}: a problem with it is told in its line`, () => {
    const wrong = [
      `${indent}${name}x:${value}`,
      ...(value === "" ? [] : bads.map((bad) => `${indent}${name}: ${bad}`)),
    ];
    for (const changed of wrong) {
      const loaded = problemsOf(LINES.with(index, changed).join("\n"));
      if (loaded.ok) throw new Error(`accepted: ${changed}`);
      expect([changed, loaded.problems.map((problem) => problem.line)]).toEqual([
        changed,
        expect.arrayContaining([index + 1]),
      ]);
    }
  });
}

test("configurations with one thing broken are refused", () => {
  const random = generator(1);
  let count = 0;
  while (count < rounds(200)) {
    const text = GOOD[Math.floor(random() * GOOD.length)] ?? "";
    const broken = MUST_FAIL[Math.floor(random() * MUST_FAIL.length)]?.(text, random);
    if (broken === undefined || broken === text) continue;
    count += 1;
    const loaded = problemsOf(broken);
    if (loaded.ok) throw new Error(`accepted:\n${broken}`);
    expect(renderProblems(loaded.problems).split("\n").length).toBe(loaded.problems.length);
  }
});

test("configurations with noise in them never throw", () => {
  const random = generator(2);
  for (let count = 0; count < rounds(1_000); count++) {
    let text = GOOD[count % GOOD.length] ?? "";
    for (let edits = 0; edits <= random() * 3; edits++) {
      const start = Math.floor(random() * text.length);
      const noise = NOISE[Math.floor(random() * NOISE.length)] ?? "";
      text = text.slice(0, start) + noise + text.slice(start + Math.floor(random() * 4));
    }
    problemsOf(text);
  }
});
