import { expect, test } from "bun:test";
import { loadSettings } from "./load-yaml.ts";
import { renderProblems } from "./problem.ts";

const ENV = { ADMIN: "an-admin-key-of-some-length", SHORT: "short", DIR: "/run/secrets", KEY_ONE: "k1" };
const SMALL = `
providers: { ollama: }
routes:
  chat: { targets: [ollama/qwen3] }
  "claude-*": { targets: [ollama/qwen3] }
`;
const HASH = `sha256:${"ab".repeat(32)}`;
const OTHER = `sha256:${"0".repeat(64)}`;

function load(text: string) {
  return loadSettings(SMALL + text, { file: "f", env: ENV });
}

function good(text: string) {
  const loaded = load(text);
  if (!loaded.ok) throw new Error(renderProblems(loaded.problems));
  return loaded;
}

test("keys, the admin key and passthrough are taken over", () => {
  const { settings, warnings } = good(`
keys:
  - { name: web, hash: "${HASH.toUpperCase().replace("SHA256", "sha256")}", routes: [chat, claude-*] }
  - { name: batch.2, hash: "${OTHER}" }
admin: { key: "\${ADMIN}" }
passthrough: off
`);
  expect(warnings).toEqual([]);
  expect(settings.keys).toEqual([
    { name: "web", hash: HASH, routes: ["chat", "claude-*"] },
    { name: "batch.2", hash: OTHER },
  ]);
  expect(settings.adminKey).toBe(ENV.ADMIN);
  expect(settings.passthrough).toBe(false);
});

test("without a word: no keys, no admin key, and other paths pass through", () => {
  const { settings } = good("");
  expect([settings.keys, settings.adminKey, settings.passthrough]).toEqual([[], undefined, true]);
  expect(good("passthrough: on").settings.passthrough).toBe(true);
  expect(good("passthrough: false").settings.passthrough).toBe(false);
  expect(good("admin: { key: off }").settings.adminKey).toBeUndefined();
});

test("a host that others reach needs both keys", () => {
  const keys = `keys: [{ name: web, hash: "${HASH}" }]`;
  const admin = 'admin: { key: "${ADMIN}" }';
  const listen = "listen: { host: 0.0.0.0 }";
  expect(good(`${listen}\n${keys}\n${admin}`).settings.listen.host).toBe("0.0.0.0");
  for (const [text, lacking] of [
    [listen, "needs gateway keys (`keys`) and an admin key (`admin: { key }`)"],
    [`${listen}\n${keys}`, "it needs an admin key"],
    [`${listen}\n${admin}`, "it needs gateway keys"],
    [`${listen}\n${admin}\nkeys: []`, "it needs gateway keys"],
    [`${listen}\n${keys}\nadmin: { key: none }`, "it needs an admin key"],
  ] as const) {
    const loaded = load(text);
    expect(loaded.ok ? "accepted" : renderProblems(loaded.problems)).toContain(lacking);
  }
});

test("an admin key in the file, or a short one, is warned of and not shown", () => {
  const written = renderProblems(good("admin: { key: plainly-written-here }").warnings);
  expect(written).toContain("is a key in the file itself");
  const short = renderProblems(good('admin: { key: "${SHORT}" }').warnings);
  expect(short).toContain("is short");
  expect(written + short).not.toMatch(/plainly|: short\b/);
});

test("provider keys may come from files and commands", () => {
  const { settings, warnings } = withProvider();
  expect(warnings).toEqual([]);
  expect(settings.providers[0]?.keys).toEqual([
    "k1",
    { file: "/run/secrets/key" },
    { command: "vault read -field=key secret/openai" },
  ]);
});

function withProvider() {
  const text = `
providers:
  openai: { keys: ["\${KEY_ONE}", { file: "\${DIR}/key" }, { command: "vault read -field=key secret/openai" }] }
routes: { chat: { targets: [openai/gpt] } }
`;
  const loaded = loadSettings(text, { file: "f", env: ENV });
  if (!loaded.ok) throw new Error(renderProblems(loaded.problems));
  return loaded;
}
