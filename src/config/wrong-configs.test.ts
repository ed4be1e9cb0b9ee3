// Wrong configurations and the exact place and words of what is said of them. `$P` and `$R` stand for good providers
// (three lines) and good routes (two lines).

import { expect, test } from "bun:test";
import { loadSettings } from "./load-yaml.ts";
import { renderProblem } from "./problem.ts";

const PROVIDERS = `providers:
  alpha: { dialect: anthropic-messages, url: "http://127.0.0.1:9001", key: "\${ALPHA_KEY}" }
  beta: { dialect: openai-chat, url: "http://127.0.0.1:9002/v1", key: none }
`;
const ROUTES = `routes:
  chat: { targets: [alpha/claude-sonnet-5, beta/qwen3] }
`;
const ENV = { ALPHA_KEY: "sk-alpha", EMPTY: "", ANTHROPIC_API_KEY: "sk-secret", PORT: "70000" };

/** Place, path, a part of the message, and the nearest name where one is offered. */
type Wanted = readonly [string, string, string, string?];
type Row = readonly [string, ...Wanted[]];

const inRoute = (line: string) => `$P
routes:
  chat:
    targets: [beta/m]
    ${line}
`;
const inProvider = (entry: string) => `providers:
  beta: { dialect: openai-chat, url: "http://127.0.0.1:9002/v1", key: none }
  ${entry}
routes: { chat: { targets: [beta/m] } }
`;
const HASH = `sha256:${"ab".repeat(32)}`;
const later = "not in this version";

const ROWS: readonly Row[] = [
  // The file as such.
  ["", ["1:1", "providers", "at least one provider"], ["1:1", "routes", "at least one route"]],
  ["- a\n", ["1:1", "", "a list is not allowed"]],
  ["hello\n", ["1:1", "", '"hello" is not allowed']],
  ["a: [\n", ["2:1", "", "Flow sequence"]],
  ["a: 'x\n", ["2:1", "", "Missing closing"]],
  ["\tx: 1\n", ["1:1", "", "Tabs"]],
  ["\ufffd\ufffdp\0r\0", ["1:1", "", "not text in UTF-8"]],
  ["$P\n# caf\ufffd\n$R\n", ["4:6", "", "not text in UTF-8"]],
  ["$P\n$R\n\r\rlistne: 1\r", ["8:1", "listne", "unknown key", "listen"]],
  ["a: *nothing\n", ["1:1", "", "Unresolved alias"]],
  ["$P\n$R\n---\nx: 1\n", ["6:1", "", "second document"]],
  ["a: !secret x\n", ["1:4", "", "Unresolved tag"]],
  ["$P\n$R\nroutes: {}\n", ["6:1", "routes", "twice; the first is in line 4"]],
  ["$P\nroutes:\n  4: { targets: [beta/m] }\n  '4': { targets: [beta/m] }\n", ["6:3", "routes.4", "twice"]],
  ["$P\n$R\n? [a]\n: 1\n", ["6:3", "", "is no key"]],
  ["$P\n", ["1:1", "routes", "at least one route"]],
  [
    "$R\n",
    ["1:1", "providers", "at least one"],
    ["2:21", "routes.chat.targets[0]", 'no provider is named "alpha"'],
    ["2:44", "routes.chat.targets[1]", 'named "beta"'],
  ],
  // Unknown keys, at every level.
  ["$P\n$R\nlistne: 1\n", ["6:1", "listne", "unknown key", "listen"]],
  ["$P\n$R\nroute: 1\n", ["6:1", "route", "unknown key", "routes"]],
  ["$P\n$R\n__proto__: 1\n", ["6:1", "__proto__", "unknown key"]],
  ["$P\n$R\nlisten: { prot: 1 }\n", ["6:11", "listen.prot", "unknown key", "port"]],
  [
    inProvider("gamma: { dialect: openai-chat, ulr: 'http://h/v1', key: none }"),
    ["3:3", "providers.gamma", "needs `url`"],
    ["3:34", "providers.gamma.ulr", "unknown key", "url"],
  ],
  [inRoute("atempts: 2"), ["7:5", "routes.chat.atempts", "unknown key", "attempts"]],
  [inRoute("timeout: { connect: 1s }"), ["7:5", "routes.chat.timeout", "unknown key", "timeouts"]],
  [inRoute("timeouts: { fist-token: 3s }"), ["7:17", "routes.chat.timeouts.fist-token", "unknown key", "first-token"]],
  [inRoute("last_resort: []"), ["7:5", "routes.chat.last_resort", "unknown key", "last-resort"]],
  [inRoute("retry_wait: 3s"), ["7:5", "routes.chat.retry_wait", "unknown key", "retry-wait"]],
  // listen
  ["$P\n$R\nlisten: 4000\n", ["6:9", "listen", "4000 is not allowed"]],
  ["$P\n$R\nlisten:\n", ["6:1", "listen", "has no value"]],
  ["$P\n$R\nlisten: { port: 65536 }\n", ["6:17", "listen.port", "from 0 to 65535"]],
  ["$P\n$R\nlisten: { port: http }\n", ["6:17", "listen.port", '"http" is not allowed']],
  ["$P\n$R\nlisten: { port: '${PORT}' }\n", ["6:17", "listen.port", '"${PORT}" is not allowed']],
  ["$P\n$R\nlisten:\n  host: 0.0.0.0\n", ["7:9", "listen.host", "it needs gateway keys (`keys`) and an admin key"]],
  ["$P\n$R\nlisten: { host: '::' }\n", ["6:17", "listen.host", "loopback"]],
  // Providers.
  [inProvider("anthropc: { key: none }"), ["3:3", "providers.anthropc", "needs `dialect` and `url`", "anthropic"]],
  [inProvider("gamma: { url: 'http://h/v1', key: none }"), ["3:3", "providers.gamma", "needs `dialect`"]],
  [
    inProvider("gamma: { dialect: openai-caht, url: 'http://h/v1', key: none }"),
    ["3:21", "providers.gamma.dialect", '"openai-caht"', "openai-chat"],
  ],
  [
    inProvider("gamma: { dialect: openai, url: 'http://h/v1', key: none }"),
    ["3:21", "providers.gamma.dialect", "anthropic-messages | openai-chat", "openai-chat"],
  ],
  [
    inProvider("gamma: { dialect: anthropic, url: 'http://h', key: none }"),
    ["3:21", "providers.gamma.dialect", '"anthropic"', "anthropic-messages"],
  ],
  [inProvider("gamma: { dialect: gemini, url: 'http://h', key: none }"), ["3:21", "providers.gamma.dialect", later]],
  [
    inProvider("gamma: { dialect: openai-responses, url: 'http://h/v1', key: none }"),
    ["3:21", "providers.gamma.dialect", later],
  ],
  [
    inProvider("gamma: { dialect: openai-chat, url: 'h/v1', key: none }"),
    ["3:39", "providers.gamma.url", "is not a URL"],
  ],
  [
    inProvider("gamma: { dialect: openai-chat, url: 'ftp://h/v1', key: none }"),
    ["3:39", "providers.gamma.url", "ftp:// is not spoken"],
  ],
  [
    inProvider("gamma: { dialect: openai-chat, url: 'http://u:p@h/v1', key: none }"),
    ["3:39", "providers.gamma.url", "credentials"],
  ],
  [
    inProvider("gamma: { dialect: openai-chat, url: 'http://h/v1?x=1', key: none }"),
    ["3:39", "providers.gamma.url", "query"],
  ],
  [
    inProvider("gamma: { dialect: openai-chat, url: 'http://h/v1/chat/completions', key: none }"),
    ["3:39", "providers.gamma.url", "the part before it"],
  ],
  [
    inProvider("anthropic: { key: none, url: 'https://api.anthropic.com/v1' }"),
    ["3:32", "providers.anthropic.url", "allowed: https://api.anthropic.com)"],
  ],
  [inProvider("mistral: { dialect: anthropic-messages, key: none }"), ["3:3", "providers.mistral", "needs `url`"]],
  [inProvider("groq: {}"), ["3:3", "providers.groq.key", '"${GROQ_API_KEY}" | none']],
  [inProvider("groq:"), ["3:3", "providers.groq.key", "is missing"]],
  [inProvider("gamma: { dialect: openai-chat, url: 'http://h/v1' }"), ["3:3", "providers.gamma.key", "is missing"]],
  [inProvider("groq: { key: 12 }"), ["3:16", "providers.groq.key", "this value is not allowed"]],
  [inProvider("groq: { key: 'a b' }"), ["3:16", "providers.groq.key", "no header can carry"]],
  [inProvider("groq: { keys: [] }"), ["3:17", "providers.groq.keys", "is empty"]],
  [inProvider("groq: { keys: one }"), ["3:17", "providers.groq.keys", "this value is not allowed"]],
  [inProvider("groq: { keys: ['${ALPHA_KEY}', none] }"), ["3:34", "providers.groq.keys[1]", "no place in a list"]],
  [
    inProvider("groq: { key: '${ALPHA_KEY}', keys: ['${ALPHA_KEY}'] }"),
    ["3:32", "providers.groq.keys", "beside `key`"],
  ],
  [inProvider("groq: { key: none, tier: lcoal }"), ["3:28", "providers.groq.tier", '"lcoal"', "local"]],
  [inProvider("groq: { key: none, status-page: here }"), ["3:35", "providers.groq.status-page", "is not a URL"]],
  [inProvider("groq: { key: none, status-page: 'ftp://h' }"), ["3:35", "providers.groq.status-page", "not spoken"]],
  [
    inProvider("groq: { key: none, status-page: 'https://a:b@h' }"),
    ["3:35", "providers.groq.status-page", "credentials"],
  ],
  [
    inProvider("'a/b': { dialect: openai-chat, url: 'http://h/v1', key: none }"),
    ["3:3", 'providers."a/b"', "no name for a provider"],
  ],
  [inProvider("groq: 3"), ["3:3", "providers.groq.key", "is missing"], ["3:9", "providers.groq", "3 is not allowed"]],
  [
    "providers: [groq]\n$R\n",
    ["1:12", "providers", "a list is not allowed"],
    ["3:21", "routes.chat.targets[0]", "alpha"],
    ["3:44", "routes.chat.targets[1]", "beta"],
  ],
  // The environment.
  [
    inProvider("groq: { key: '${ANTHROPIC_API_KEE}' }"),
    ["3:16", "providers.groq.key", "ANTHROPIC_API_KEE is not set", "ANTHROPIC_API_KEY"],
  ],
  [inProvider("groq: { key: '${EMPTY}' }"), ["3:16", "providers.groq.key", "EMPTY is set but empty"]],
  [inProvider("groq: { key: '${KEY:-x}' }"), ["3:16", "providers.groq.key", "a default is not supported"]],
  [inProvider("groq: { key: '${a b}' }"), ["3:16", "providers.groq.key", "does not name"]],
  [inProvider("groq: { key: '${ALPHA_KEY' }"), ["3:16", "providers.groq.key", "not closed"]],
  [inProvider("groq: { key: '${toString}' }"), ["3:16", "providers.groq.key", "toString is not set"]],
  // Routes and targets.
  ["$P\nroutes: {}\n", ["4:1", "routes", "at least one route"]],
  ["$P\nroutes:\n  chat:\n", ["5:3", "routes.chat", "has no value"]],
  ["$P\nroutes:\n  chat: {}\n", ["5:3", "routes.chat.targets", "is missing"]],
  ["$P\nroutes:\n  chat: { targets: [] }\n", ["5:20", "routes.chat.targets", "is empty"]],
  ["$P\nroutes:\n  chat: { targets: beta/m }\n", ["5:20", "routes.chat.targets", "a list of provider/model"]],
  ["$P\nroutes:\n  chat: { targets: [3] }\n", ["5:21", "routes.chat.targets[0]", "3 is not allowed"]],
  ["$P\nroutes:\n  chat: { targets: [m] }\n", ["5:21", "routes.chat.targets[0]", '"m" is no target']],
  ["$P\nroutes:\n  chat: { targets: [beta/] }\n", ["5:21", "routes.chat.targets[0]", "is no target"]],
  ["$P\nroutes:\n  chat: { targets: [/m] }\n", ["5:21", "routes.chat.targets[0]", "is no target"]],
  [
    "$P\nroutes:\n  chat: { targets: [bta/m] }\n",
    ["5:21", "routes.chat.targets[0]", 'no provider is named "bta"', "beta/m"],
  ],
  [
    "$P\nroutes:\n  chat: { targets: [openai/m] }\n",
    ["5:21", "routes.chat.targets[0]", "in the catalog but not in `providers`"],
  ],
  [
    "$P\nroutes:\n  chat:\n    targets:\n      - beta/m\n      - beta/m\n",
    ["8:9", "routes.chat.targets[1]", "is here twice; the first is targets[0]"],
  ],
  ["$P\nroutes:\n  chat: { targets: ['beta/*'] }\n", ["5:21", "routes.chat.targets[0]", "this route has none"]],
  ["$P\nroutes:\n  'gpt-*': { targets: ['beta/*-gpt'] }\n", ["5:24", "routes.gpt-*.targets[0]", "before its end"]],
  ["$P\nroutes:\n  chat: { targets: ['beta/a b'] }\n", ["5:21", "routes.chat.targets[0]", "has blanks"]],
  ["$P\nroutes:\n  'c*t': { targets: [beta/m] }\n", ["5:3", "routes.c*t", "before its end"]],
  [
    "$P\nroutes:\n  '*': { targets: [beta/m] }\n  '**': { targets: [beta/m] }\n",
    ["6:3", "routes.**", "before its end"],
  ],
  [
    "$P\nroutes:\n  chat: { targets: [beta/m] }\n  'chat ': { targets: [beta/m] }\n",
    ["6:3", 'routes."chat "', 'is the route "chat" again'],
  ],
  ["$P\nroutes:\n  gpt-4.1: { targets: [b/m] }\n", ["5:24", 'routes."gpt-4.1".targets[0]', 'named "b"']],
  // Values of a route.
  [
    inRoute("timeouts: { connect: 5 }"),
    ["7:26", "routes.chat.timeouts.connect", "5 is not allowed here (allowed: a duration such as 500ms"],
  ],
  [inRoute("timeouts: { connect: 0s }"), ["7:26", "routes.chat.timeouts.connect", "more than 0"]],
  [inRoute("timeouts: { total: 25h }"), ["7:24", "routes.chat.timeouts.total", "at most 24h"]],
  [inRoute("timeouts: { first-token: aut }"), ["7:30", "routes.chat.timeouts.first-token", "auto |", "auto"]],
  [inRoute("timeouts: { idle: 5 s }"), ["7:23", "routes.chat.timeouts.idle", '"5 s"']],
  [inRoute("timeouts: 5s"), ["7:15", "routes.chat.timeouts", '"5s" is not allowed here (allowed: a mapping)']],
  [inRoute("attempts: 0"), ["7:15", "routes.chat.attempts", "from 1 to 10"]],
  [inRoute("attempts: 2.5"), ["7:15", "routes.chat.attempts", "2.5 is not allowed"]],
  [inRoute("retry-wait: 6m"), ["7:17", "routes.chat.retry-wait", "at most 5m"]],
  [inRoute("usage: exat"), ["7:12", "routes.chat.usage", "exact | as-asked", "exact"]],
  [inRoute("strict: perhaps"), ["7:13", "routes.chat.strict", "true | false"]],
  [inRoute("criticality: critcal"), ["7:18", "routes.chat.criticality", "critical | default | sheddable", "critical"]],
  // Settings that could do nothing where they stand.
  [
    inRoute("timeouts: { first-token: 15m }"),
    ["7:30", "routes.chat.timeouts.first-token", "does nothing: `total` (10m, where nothing is written) ends the call"],
  ],
  [
    inRoute("timeouts: { connect: 2s, whole: 8s, first-token: 9s, total: 8s }"),
    ["7:37", "routes.chat.timeouts.whole", "`total` (8s) ends the call first (allowed: less than 8s)"],
    ["7:54", "routes.chat.timeouts.first-token", "does nothing"],
  ],
  [
    "$P\nroutes:\n  chat: { targets: [alpha/m], usage: as-asked }\n",
    ["5:38", "routes.chat.usage", "no target of this route speaks openai-chat"],
  ],
  // Known, and not built yet.
  [inRoute("hedge: { after: p95, budget: 2% }"), ["7:12", "routes.chat.hedge", "only one target"]],
  [
    inRoute("hedge: { after: p95, budget: 5% }"),
    ["7:12", "routes.chat.hedge", "only one target"],
    ["7:34", "routes.chat.hedge.budget", "5%"],
  ],
  [
    inRoute("hedge: { aftr: p95 }"),
    ["7:12", "routes.chat.hedge", "only one target"],
    ["7:14", "routes.chat.hedge.aftr", "unknown key", "after"],
  ],
  [inRoute("resume: txt"), ["7:13", "routes.chat.resume", "off | text | all", "text"]],
  [inRoute("warm: 2%"), ["7:11", "routes.chat.warm", "only one target"]],
  [
    inRoute("validate: { pattern: '(a)\\1', json-schema: { type: strnig } }"),
    ["7:26", "routes.chat.validate.pattern", "cannot be used: it refers back"],
    ["7:48", "routes.chat.validate.json-schema", "has a type that does not exist"],
  ],
  [inRoute("validate: { pattern: '(' }"), ["7:26", "routes.chat.validate.pattern", "it is no regular expression"]],
  [
    inRoute("validate: { json-schema: { $ref: other.json } }"),
    ["7:30", "routes.chat.validate.json-schema", "leads nowhere"],
  ],
  [
    inRoute("cache: { healthy: semantic, outage: semantic }\n    last-resort: [stale-cache]"),
    ["7:23", "routes.chat.cache.healthy", later],
    ["7:41", "routes.chat.cache.outage", later],
  ],
  [inRoute("cache: stem"), ["7:12", "routes.chat.cache", "off | { healthy"]],
  [
    inRoute("cache: { outage: off }\n    last-resort: [stale-cache]"),
    ["8:19", "routes.chat.last-resort[0]", "no answer is kept"],
  ],
  [
    inRoute("cache: { outage: exact }\n    last-resort: [{ canned: Back soon. }]"),
    ["7:22", "routes.chat.cache.outage", "has no stale-cache"],
  ],
  [`${inRoute("last-resort: [defer]")}store: memory\n`, ["7:19", "routes.chat.last-resort[0]", "outlives the gateway"]],
  [
    inRoute("last-resort: [stale-cash]"),
    ["7:19", "routes.chat.last-resort[0]", "is no last resort (allowed: stale-cache | ", "stale-cache"],
  ],
  [inRoute("last-resort: [nobody/b]"), ["7:19", "routes.chat.last-resort[0]", "no provider is named"]],
  [inRoute("last-resort: [alpha/b]"), ["7:19", "routes.chat.last-resort[0]", "is no local model"]],
  [inRoute("last-resort: [beta/m]"), ["7:19", "routes.chat.last-resort[0]", "is one of the route's targets"]],
  [
    inRoute("last-resort: [{ canned: 'down since {sinse}' }]"),
    ["7:29", "routes.chat.last-resort[0].canned", "no fact of an outage", "{since}"],
  ],
  [
    inRoute("last-resort: [{ canned: { en: Back soon., german: Bald. } }]"),
    ["7:47", "routes.chat.last-resort[0].canned.german", "is no language"],
  ],
  [
    inRoute("last-resort: [{ canned: { en: Back soon., de: 'seit {sinse}' } }]"),
    ["7:51", "routes.chat.last-resort[0].canned.de", "no fact of an outage", "{since}"],
  ],
  [inRoute("require: { region: eu }"), ["7:14", "routes.chat.require", later]],
  [inRoute("value: 3eur"), ["7:12", "routes.chat.value", "0.40usd"]],
  ["$P\n$R\ncanary: 0.10usd\n", ["6:9", "canary", "an amount a day"]],
  ["$P\n$R\nstatus: { poll: often }\n", ["6:17", "status.poll", "off | auto | a duration"]],
  ["$P\n$R\nstatus: { pol: auto }\n", ["6:11", "status.pol", "unknown key", "poll"]],
  [
    "$P\n$R\nnotify: [{ slack: hooks, on: [incident.openend] }]\n",
    ["6:19", "notify[0].slack", "is no URL"],
    ["6:31", "notify[0].on[0]", "incident.opened |", "incident.opened"],
  ],
  ["$P\n$R\nnotify: [{ on: [incident.opened] }]\n", ["6:10", "notify[0]", "says not where to"]],
  ["$P\n$R\nnotify: [{ slack: 'https://h', teams: 'https://h' }]\n", ["6:10", "notify[0]", "slack and teams"]],
  ["$P\n$R\nnotify: [{ webhook: 'https://h' }]\n", ["6:10", "notify[0]", "needs a `secret`"]],
  ["$P\n$R\nnotify: [{ webhook: 'https://h', secret: hush }]\n", ["6:42", "notify[0].secret", "Standard Webhooks"]],
  ["$P\n$R\nnotify: [{ slack: 'https://h', secret: x }]\n", ["6:32", "notify[0].secret", "it is for webhook"]],
  [
    "$P\n$R\nnotify: [{ email: ops }]\n",
    ["6:10", "notify[0]", "mail needs `smtp`"],
    ["6:19", "notify[0].email", "is no address"],
  ],
  [
    "$P\n$R\nnotify: [{ email: a@b.c, smtp: h, from: x }]\n",
    ["6:32", "notify[0].smtp", "is no mail server"],
    ["6:41", "notify[0].from", "is no address"],
  ],
  [
    "$P\n$R\nnotify: [{ slack: 'https://h', routes: [chatt] }]\n",
    ["6:41", "notify[0].routes[0]", "there is no route", "chat"],
  ],
  ["$P\n$R\nnotify: [{ slack: 'https://h', tenants: [web] }]\n", ["6:42", "notify[0].tenants[0]", "there is no key"]],
  ["$P\n$R\nnotify: [{ slack: 'https://h', on: [] }]\n", ["6:36", "notify[0].on", "nothing would ever be told"]],
  ["$P\n$R\nnotify: [{ slak: 'https://h' }]\n", ["6:12", "notify[0].slak", "", "slack"]],
  [
    "$P\n$R\nslo: [{ route: chta, objective: 99%, window: 30d }]\n",
    ["6:16", "slo[0].route", "no route is named", "chat"],
  ],
  ["$P\n$R\nslo: [{ route: chat, objective: 100%, window: 30d }]\n", ["6:33", "slo[0].objective", "no error budget"]],
  [
    "$P\n$R\nslo: [{ route: chat, objective: 99%, window: moth }]\n",
    ["6:46", "slo[0].window", "month | a duration", "month"],
  ],
  [
    "$P\n$R\nslo: [{ route: chat, objective: 99%, window: month, time-zone: Europe/Belrin }]\n",
    ["6:64", "slo[0].time-zone", "a time zone such as"],
  ],
  [
    "$P\n$R\nslo: [{ route: chat, objective: 99%, window: 30d, time-zone: UTC }]\n",
    ["6:62", "slo[0].time-zone", "means nothing"],
  ],
  ["$P\n$R\nslo: [{ route: chat, objective: 99%, window: 5m }]\n", ["6:46", "slo[0].window", "1h to 90d"]],
  [
    "$P\n$R\nslo: [{ route: chat, objective: 99%, window: 7d, indicator: speed }]\n",
    ["6:61", "slo[0].indicator", "availability | complete-stream"],
  ],
  ["$P\n$R\nstore: postgres://h/db\n", ["6:8", "store", later]],
  ["$P\n$R\nstore: ./holdfast.db\n", ["6:8", "store", "memory | sqlite:PATH"]],
  ["$P\n$R\nstore: sqlite://./holdfast.db\n", ["6:8", "store", "memory | sqlite:PATH"]],
  ["$P\n$R\nshared: redis://h\n", ["6:9", "shared", later]],
  ["$P\n$R\npassthrough: perhaps\n", ["6:14", "passthrough", "off | on"]],
  // Gateway keys, the admin key.
  ["$P\n$R\nkeys: web\n", ["6:7", "keys", "a list of { name, hash, routes }"]],
  ["$P\n$R\nkeys: [{ name: web }]\n", ["6:8", "keys[0].hash", "is missing"]],
  [`$P\n$R\nkeys: [{ hash: '${HASH}' }]\n`, ["6:8", "keys[0].name", "is missing"]],
  [`$P\n$R\nkeys: [{ name: a b, hash: '${HASH}' }]\n`, ["6:16", "keys[0].name", "is no name for a key"]],
  ["$P\n$R\nkeys: [{ name: web, hash: 'sha256:0' }]\n", ["6:27", "keys[0].hash", "64 hex digits"]],
  ["$P\n$R\nkeys: [{ name: web, hash: 'hf_sk-something' }]\n", ["6:27", "keys[0].hash", "is a key, not the hash"]],
  [
    `$P\n$R\nkeys: [{ name: web, hsh: '${HASH}' }]\n`,
    ["6:8", "keys[0].hash", "is missing"],
    ["6:21", "keys[0].hsh", "unknown key", "hash"],
  ],
  [
    `$P\n$R\nkeys:\n  - { name: web, hash: '${HASH}' }\n  - { name: web, hash: '${HASH}' }\n`,
    ["8:13", "keys[1].name", "is here twice; the first is keys[0]"],
    ["8:24", "keys[1].hash", "is the hash of keys[0] again"],
  ],
  [
    `$P\n$R\nkeys: [{ name: web, hash: '${HASH}', routes: [chta, chat, chat] }]\n`,
    ["6:111", "keys[0].routes[0]", 'no route is named "chta" (allowed: chat', "chat"],
    ["6:123", "keys[0].routes[2]", "is here twice"],
  ],
  [`$P\n$R\nkeys: [{ name: web, hash: '${HASH}', routes: [] }]\n`, ["6:110", "keys[0].routes", "could use nothing"]],
  ["$P\n$R\nadmin: { key: 'sk-a b' }\n", ["6:15", "admin.key", "no header can carry"]],
  ["$P\n$R\nadmin: { keey: x }\n", ["6:10", "admin.keey", "unknown key", "key"]],
  ["$P\n$R\nadmin: secret\n", ["6:8", "admin", "off | { key"]],
  ["$P\n$R\nadmin: { key: '' }\n", ["6:15", "admin.key", "is empty"]],
  // Keys of providers from elsewhere.
  [
    inProvider("groq: { key: { fil: x } }"),
    ["3:11", "providers.groq.key.file", "is missing"],
    ["3:18", "providers.groq.key.fil", "unknown key", "file"],
  ],
  [inProvider("groq: { key: { file: x, command: y } }"), ["3:27", "providers.groq.key.command", "unknown key"]],
  [inProvider("groq: { keys: [{ file: '' }] }"), ["3:26", "providers.groq.keys[0].file", "a path"]],
  [inProvider("groq: { key: [a] }"), ["3:16", "providers.groq.key", "{ file: PATH }"]],
];

for (const [text, ...wanted] of ROWS) {
  const lines = wanted.map(([place, path, part]) => `${place} ${path} ${part}`).join(" + ");
  test(`wrong config: ${lines}`, () => {
    const loaded = loadSettings(text.replace("$P\n", PROVIDERS).replace("$R\n", ROUTES), { file: "f", env: ENV });
    if (loaded.ok) throw new Error("was accepted");
    const seen = loaded.problems.map((problem) => [`${problem.line}:${problem.column}`, problem.path, problem.nearest]);
    expect(seen).toEqual(wanted.map(([place, path, , nearest]) => [place, path, nearest]));
    loaded.problems.forEach((problem, index) => {
      expect(renderProblem(problem)).toContain(wanted[index]?.[2] ?? "");
      expect(renderProblem(problem)).not.toContain("sk-");
    });
  });
}
