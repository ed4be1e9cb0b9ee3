import { expect, test } from "bun:test";
import { originText } from "./origin.ts";
import { zeroConfig, zeroConfigText } from "./zero-config.ts";

const ENV = { ANTHROPIC_API_KEY: "sk-ant", OPENAI_API_KEY: "sk-oai", DEEPSEEK_API_KEY: "  " };

function good(env: Readonly<Record<string, string>>, port?: number) {
  const zero = zeroConfig(env, port);
  if (zero === undefined || !zero.loaded.ok) throw new Error(JSON.stringify(zero?.loaded));
  return { ...zero, loaded: zero.loaded };
}

test("no key, no configuration", () => {
  expect(zeroConfig({})).toBeUndefined();
  expect(zeroConfig({ ANTHROPIC_API_KEY: "", OPENAI_API_KEY: " " })).toBeUndefined();
  expect(zeroConfig(Object.create({ OPENAI_API_KEY: "inherited" }))).toBeUndefined();
});

test("each model is a route by its own name, then one of its class elsewhere", () => {
  const { config, found, loaded } = good(ENV);
  expect(found).toEqual([
    { provider: "anthropic", variable: "ANTHROPIC_API_KEY" },
    { provider: "openai", variable: "OPENAI_API_KEY" },
  ]);
  expect(config.routes["claude-sonnet-5"]?.targets).toEqual(["anthropic/claude-sonnet-5", "openai/gpt-6-sol"]);
  expect(config.routes["claude-haiku-4-5"]?.targets).toEqual(["anthropic/claude-haiku-4-5", "openai/gpt-6-luna"]);
  expect(config.routes["gpt-6-astra"]?.targets).toEqual(["openai/gpt-6-astra", "anthropic/claude-opus-5-5"]);
  expect(config.routes["deepseek-flash"]).toBeUndefined();
  expect(loaded.warnings).toEqual([]);
  expect(loaded.settings.providers.map(({ name, url, keys }) => [name, url, keys])).toEqual([
    ["anthropic", "https://api.anthropic.com", ["sk-ant"]],
    ["openai", "https://api.openai.com/v1", ["sk-oai"]],
  ]);
});

test("names that the catalog does not know are carried over to their provider", () => {
  const { config } = good(ENV);
  expect(config.routes["claude-*"]?.targets).toEqual(["anthropic/*", "openai/gpt-6-sol"]);
  expect(config.routes["claude-opus-*"]?.targets).toEqual(["anthropic/*", "openai/gpt-6-astra"]);
  expect(config.routes["gpt-*"]?.targets).toEqual(["openai/*", "anthropic/claude-sonnet-5-5"]);
  expect(config.routes["text-embedding-*"]?.targets).toEqual(["openai/*"]);
  expect(config.routes["gemini-*"]).toBeUndefined();
});

test("one key alone has routes with one target", () => {
  const { config } = good({ GROQ_API_KEY: "gsk" });
  expect(config.routes["openai/gpt-oss-120b"]?.targets).toEqual(["groq/openai/gpt-oss-120b"]);
});

test("all keys: every route is good and no target is there twice", () => {
  const names = ["ANTHROPIC", "OPENAI", "GEMINI", "DEEPSEEK", "MISTRAL", "GROQ", "OPENROUTER"];
  const zero = good(Object.fromEntries(names.map((name) => [`${name}_API_KEY`, "k"])));
  expect(zero.found.length).toBe(7);
  for (const { targets } of zero.loaded.settings.routes) {
    expect(new Set(targets.map(({ provider }) => provider)).size).toBe(targets.length);
  }
  expect(zeroConfigText(zero)).toContain("openrouter (OPENROUTER_API_KEY) from the environment");
});

test("the SDKs' base urls are followed, unless they point at the gateway itself", () => {
  const elsewhere = good({ ...ENV, ANTHROPIC_BASE_URL: "http://127.0.0.1:9100", OPENAI_BASE_URL: " " });
  expect(elsewhere.notes).toEqual([]);
  expect(elsewhere.loaded.settings.providers[0]?.url).toBe("http://127.0.0.1:9100");
  for (const own of ["http://127.0.0.1:4000", "http://localhost:4000/", "http://[::1]:4000/v1"]) {
    const { notes, loaded } = good({ ...ENV, ANTHROPIC_BASE_URL: own });
    expect(notes).toEqual(["ANTHROPIC_BASE_URL points at this gateway itself; anthropic is called at its own address"]);
    expect(loaded.settings.providers[0]?.url).toBe("https://api.anthropic.com");
  }
  expect(good({ ...ENV, ANTHROPIC_BASE_URL: "http://127.0.0.1:4000" }, 5000).notes).toEqual([]);
});

test("a key or a url that cannot be used is told by its path, without the secret", () => {
  const zero = zeroConfig({ ANTHROPIC_API_KEY: "sk with blanks", OPENAI_API_KEY: "k", OPENAI_BASE_URL: "nonsense" });
  const problems = zero?.loaded.ok === false ? zero.loaded.problems : [];
  expect(problems.map(({ path }) => path)).toEqual(["providers.anthropic.key", "providers.openai.url"]);
  expect(JSON.stringify(problems)).not.toContain('blanks"');
});

test("values say that they came from the environment and the catalog", () => {
  const { loaded } = good({ ...ENV, OPENAI_BASE_URL: "http://127.0.0.1:1/v1" });
  const from = (...path: string[]) => originText(loaded.originOf(path));
  expect(from("providers", "anthropic", "key")).toBe("${ANTHROPIC_API_KEY}");
  expect(from("providers", "anthropic", "url")).toBe("catalog");
  expect(from("providers", "openai", "url")).toBe("${OPENAI_BASE_URL}");
  expect(from("routes", "claude-sonnet-5", "targets")).toBe("catalog");
  expect(from("routes", "claude-sonnet-5", "attempts")).toBe("default");
});
