import { describe, expect, test } from "bun:test";
import { settingsFrom } from "./load.ts";
import { loadSettings, TEXT_LENGTH_MAX } from "./load-yaml.ts";
import { renderProblems } from "./problem.ts";

const ENV = { ANTHROPIC_API_KEY: "sk-a", ONE: "k1", TWO: "k2", PORT: "5001" };

function good(text: string) {
  const loaded = loadSettings(text, { file: "holdfast.yaml", env: ENV });
  if (!loaded.ok) throw new Error(renderProblems(loaded.problems));
  return loaded;
}

const SMALL = `
providers:
  anthropic: { key: "\${ANTHROPIC_API_KEY}" }
  ollama:
routes:
  chat: { targets: [anthropic/claude-sonnet-5, ollama/library/qwen3:8b] }
`;

test("the catalog brings dialect and url, and the rest is the defaults", () => {
  const { settings, warnings } = good(SMALL);
  expect(warnings).toEqual([]);
  expect(settings).toEqual({
    listen: { host: "127.0.0.1", port: 4000 },
    providers: [
      {
        name: "anthropic",
        dialect: "anthropic-messages",
        url: "https://api.anthropic.com",
        keys: ["sk-a"],
        tier: "remote",
        statusPage: "https://status.claude.com",
      },
      { name: "ollama", dialect: "openai-chat", url: "http://127.0.0.1:11434/v1", keys: [], tier: "local" },
    ],
    routes: [
      {
        name: "chat",
        targets: [
          { provider: "anthropic", model: "claude-sonnet-5" },
          { provider: "ollama", model: "library/qwen3:8b" },
        ],
        timeouts: { connectMs: 5_000, firstTokenMs: "auto", wholeMs: "auto", idleMs: "auto", totalMs: 600_000 },
        attempts: 3,
        retryWaitMs: 3_000,
        resume: "text",
        usage: "exact",
        strict: false,
        criticality: "default",
        cache: { healthy: "off", outage: "stem", scope: "tenant", ttlMs: 3_600_000, staleIfErrorMs: 604_800_000 },
        lastResort: [{ type: "stale-cache" }],
      },
    ],
    keys: [],
    passthrough: true,
    status: { idleMs: 300_000 },
  });
});

test("lines may end in every way that YAML knows", () => {
  const { settings } = good(SMALL);
  for (const end of ["\r\n", "\r"]) expect(good(`${SMALL.replaceAll("\n", end)}\r`).settings).toEqual(settings);
});

test("every value that is built now is taken over", () => {
  const { settings, warnings } = good(`
listen: { host: localhost, port: "\${PORT}" }
providers:
  a: { dialect: anthropic-messages, url: "http://10.0.0.7:8080/base/", keys: ["\${ONE}", "\${TWO}"] }
  b: { dialect: openai-chat, url: "HTTP://[::1]:9/v1///", key: none, tier: local }
routes:
  "claude-*":
    targets: ["a/*", "b/x"]
    timeouts: { connect: 250ms, first-token: 1.5s, whole: 2m, idle: auto, total: 1h }
    attempts: 5
    retry-wait: off
    usage: as-asked
    strict: true
    criticality: sheddable
    cache: off
  "*": { targets: ["b/*"], timeouts: {}, retry-wait: 0 }
`);
  expect(warnings.map(({ path, message }) => `${path} ${message}`)).toEqual([
    "routes.claude-*.attempts more than 4 are never made: at most 2 of a call go to one provider",
  ]);
  expect(settings.listen).toEqual({ host: "localhost", port: 5001 });
  expect(settings.providers.map(({ url, keys, tier }) => [url, keys, tier])).toEqual([
    ["http://10.0.0.7:8080/base", ["k1", "k2"], "remote"],
    ["http://[::1]:9/v1", [], "local"],
  ]);
  expect(settings.routes[0]).toEqual({
    name: "claude-*",
    targets: [
      { provider: "a", model: "*" },
      { provider: "b", model: "x" },
    ],
    timeouts: { connectMs: 250, firstTokenMs: 1_500, wholeMs: 120_000, idleMs: "auto", totalMs: 3_600_000 },
    attempts: 5,
    retryWaitMs: 0,
    resume: "text",
    usage: "as-asked",
    strict: true,
    criticality: "sheddable",
  });
  expect(settings.routes[1]?.retryWaitMs).toBe(0);
});

const NOTHING = ["off", "false", "none", "0", "[]", "{}", ""];
const FEATURES = [
  "probes",
  "canary",
  "status",
  "notify",
  "slo",
  "store",
  "shared",
  "keys",
  "admin",
  "status-page",
  "passthrough",
];
test("a sentence in several languages: the first is for everybody else", () => {
  const { settings } = good(
    SMALL.replace("targets:", 'last-resort: [{ canned: { en: " Back soon.", de: Bald. } }], targets:'),
  );
  expect(settings.routes[0]?.lastResort).toEqual([
    {
      type: "canned",
      text: "Back soon.",
      languages: [
        { language: "en", text: "Back soon." },
        { language: "de", text: "Bald." },
      ],
    },
  ]);
});

describe("what is kept, and when it is read", () => {
  const of = (more: string): unknown[] => {
    const { cache, lastResort = [] } = good(SMALL.replace("targets:", `${more} targets:`)).settings.routes[0] ?? {};
    return [cache?.healthy, cache?.outage, cache?.scope, lastResort.map(({ type }) => type)];
  };

  test.each<[string, unknown[]]>([
    ["{}", ["off", "stem", "tenant", ["stale-cache"]]],
    ["cache: off", [undefined, undefined, undefined, []]],
    ["last-resort: []", [undefined, undefined, undefined, []]],
    ["last-resort: [{ canned: Back soon. }]", [undefined, undefined, undefined, ["canned"]]],
    ["last-resort: [stale-cache]", ["off", "stem", "tenant", ["stale-cache"]]],
    ["cache: { ttl: 5m }", ["off", "stem", "tenant", ["stale-cache"]]],
    ["cache: { outage: exact }", ["off", "exact", "tenant", ["stale-cache"]]],
    ["cache: { healthy: exact }", ["exact", "stem", "tenant", ["stale-cache"]]],
    ["cache: { healthy: exact, outage: off }", ["exact", "off", "tenant", []]],
    ["cache: { outage: off }", [undefined, undefined, undefined, []]],
    ["cache: { scope: route }, last-resort: []", [undefined, undefined, undefined, []]],
    ["cache: off, last-resort: [{ canned: Back soon. }]", [undefined, undefined, undefined, ["canned"]]],
  ])("%s", (written, expected) => {
    expect(of(written === "{}" ? "" : `${written},`)).toEqual(expected);
  });
});

const ROUTE_FEATURES = ["resume", "validate", "cache", "last-resort", "require", "value"];

test("whatever asks for nothing is accepted, built or not", () => {
  for (const nothing of NOTHING) {
    for (const feature of FEATURES) good(`${SMALL}\n${feature}: ${nothing}\n`);
    for (const feature of ROUTE_FEATURES) good(SMALL.replace("targets:", `${feature}: ${nothing || "off"}, targets:`));
  }
  for (const line of [
    "store: memory",
    "status-page: private",
    "probes: { budget: 0usd/day }",
    "status: { poll: off }",
    "admin: { key: none }",
  ]) {
    good(`${SMALL}\n${line}\n`);
  }
  for (const value of [
    "cache: { healthy: off, outage: off, ttl: 1h, stale-if-error: 7d, scope: tenant }",
    "hedge: { after: p95, budget: 0% }",
    "warm: 0%",
    "value: 0usd",
  ]) {
    good(SMALL.replace("targets:", `${value}, targets:`));
  }
});

test("status pages: the catalog's, another or none; read unless it is said not to", () => {
  const pages = (more: string) => good(SMALL.replace("key:", `${more} key:`)).settings.providers[0]?.statusPage;
  expect(pages("")).toBe("https://status.claude.com");
  expect(pages("status-page: off,")).toBeUndefined();
  expect(pages("status-page: 'http://10.0.0.5:8080/status/',")).toBe("http://10.0.0.5:8080/status");
  expect(pages("url: 'http://127.0.0.1:9000',")).toBeUndefined();
  expect(pages("url: 'https://proxy.example',")).toBe("https://status.claude.com");
  expect(good(SMALL).settings.status).toEqual({ idleMs: 300_000 });
  expect(good(`${SMALL}\nstatus: off\n`).settings.status).toBeUndefined();
  expect(good(`${SMALL}\nstatus: { poll: auto }\n`).settings.status).toEqual({ idleMs: 300_000 });
  expect(good(`${SMALL}\nstatus: { poll: 2m }\n`).settings.status).toEqual({ idleMs: 120_000 });
  expect(good(`${SMALL}\nstatus: { poll: 1s }\n`).settings.status).toEqual({ idleMs: 30_000 });
});

test("objectives: named after their route, of availability, unless they say otherwise", () => {
  const more =
    "slo: [{ route: chat, objective: 99.9%, window: 30d }, { name: fast, route: chat, objective: 95%, window: 7d, indicator: { first-token: 2s } }]";
  expect(good(`${SMALL}\n${more}\n`).settings.slos).toEqual([
    { name: "chat", route: "chat", objective: 0.999, windowMs: 2_592_000_000, indicator: { kind: "availability" } },
    {
      name: "fast",
      route: "chat",
      objective: 0.95,
      windowMs: 604_800_000,
      indicator: { kind: "first-token", withinMs: 2_000 },
    },
  ]);
});

test("a store is memory, or the path of a file", () => {
  expect(good(SMALL).settings.store).toBeUndefined();
  expect(good(`${SMALL}\nstore: memory\n`).settings.store).toBe("memory");
  expect(good(`${SMALL}\nstore: sqlite:./holdfast.db\n`).settings.store).toEqual({ path: "./holdfast.db" });
});

test("warnings: a key in the file, a url without a path, an idle fact, an idle provider", () => {
  const { warnings } = good(`
providers:
  anthropic: { key: sk-in-the-file, region: eu }
  mine: { dialect: openai-chat, url: "http://127.0.0.1:9" }
  openai: { key: none }
routes: { chat: { targets: [anthropic/m, mine/m] } }
`);
  expect(renderProblems(warnings)).toBe(
    [
      'holdfast.yaml:3:21  providers.anthropic.key  is a key in the file itself; whoever reads the file can use it (allowed: "${NAME}" of the environment)',
      "holdfast.yaml:3:45  providers.anthropic.region  is a fact for `require`, which is not in this version",
      "holdfast.yaml:4:38  providers.mine.url  has no path; most OpenAI-compatible servers want http://127.0.0.1:9/v1",
      "holdfast.yaml:5:3  providers.openai  is used by no route",
    ].join("\n"),
  );
});

test("the same object for the library: paths without lines", () => {
  const providers = { anthropic: { key: "${ANTHROPIC_API_KEY}" } };
  const loaded = settingsFrom(
    { providers, routes: { chat: { targets: ["anthropic/m"], resume: false } } },
    { env: ENV },
  );
  expect(loaded.ok && loaded.settings.providers[0]?.keys).toEqual(["sk-a"]);
  const wrong = settingsFrom(
    { providers, routes: { chat: { targets: ["anthropc/m"], require: { region: "eu" } } } },
    { env: ENV },
  );
  expect(wrong.ok ? "" : renderProblems(wrong.problems)).toBe(
    [
      'routes.chat.targets[0]  no provider is named "anthropc" (allowed: anthropic; did you mean "anthropic/m"?)',
      "routes.chat.require  not in this version (allowed: {})",
    ].join("\n"),
  );
});

test("objects that are no configuration are refused, never thrown at", () => {
  const loop: Record<string, unknown> = {};
  loop.providers = loop;
  for (const value of [null, undefined, 3, "x", [], () => 1, Symbol("s"), loop, { routes: new Map() }, new Date(0)]) {
    expect(settingsFrom(value, { env: {} }).ok).toBe(false);
  }
});

test("a hostile file is refused quickly", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi".replace(/./g, (name) => `${name}: &${name} [${Array(9).fill(`*${String.fromCharCode(name.charCodeAt(0) - 1)}`)}]\n`)}`;
  for (const text of [bomb, "x".repeat(TEXT_LENGTH_MAX + 1), "[".repeat(2_000), `a: &a { b: *a }`]) {
    expect(loadSettings(text, { file: "f", env: {} }).ok).toBe(false);
  }
});
