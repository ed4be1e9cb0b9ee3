// The whole shape of a configuration, from the first release on. What is not built yet has its shape here too, and is
// refused by name in `later.ts`; what the values mean together is judged in `meaning.ts`.

import * as z from "zod";
import { RETRY_AFTER_MAX_MS } from "../core/fault.ts";
import {
  autoOrDurationMs,
  durationMs,
  feature,
  integer,
  list,
  named,
  object,
  oneOf,
  scalar,
  text,
  yesOrNo,
} from "./fields.ts";
import { parseDuration, parseMoney, parseShare } from "./units.ts";

export const DIALECT_NAMES = ["anthropic-messages", "openai-chat", "openai-responses", "gemini"] as const;

const share = scalar(parseShare, "a share such as 2%");
const money = scalar((value) => parseMoney(value), "an amount such as 0.40usd");
const dailyMoney = scalar((value) => parseMoney(value, true), "an amount a day such as 0.50usd/day");
const lasting = scalar(parseDuration, "a duration such as 500ms, 8s, 5m, 1h or 7d");
const keyText = scalar(
  (value) => (value === false ? "none" : typeof value === "string" && value.trim() !== "" ? value : undefined),
  '"${NAME}" of the environment | none',
);

const provider = z.preprocess(
  // `ollama:` with nothing after it is a provider from the catalog, as it is there.
  (value) => value ?? {},
  object({
    dialect: oneOf(...DIALECT_NAMES).optional(),
    url: text("a URL such as https://api.example.com/v1").optional(),
    key: keyText.optional(),
    keys: list(keyText, 'a list such as ["${KEY_ONE}", "${KEY_TWO}"]').optional(),
    tier: oneOf("remote", "local").optional(),
    region: text("a name such as eu").optional(),
    retention: text("a name such as none or 30d").optional(),
    "status-page": feature(text("a URL"), "off | a URL"),
  }),
);

const timeouts = object({
  connect: durationMs(1).optional(),
  "first-token": autoOrDurationMs(1).optional(),
  whole: autoOrDurationMs(1).optional(),
  idle: autoOrDurationMs(1).optional(),
  total: durationMs(1).optional(),
});

const hedge = object({
  after: z.union([oneOf("p90", "p95", "p99"), lasting], { error: "p90 | p95 | p99 | a duration" }).optional(),
  budget: share.optional(),
});

const validate = object({
  "min-length": integer(0, 1_000_000).optional(),
  pattern: text("a regular expression").optional(),
  "json-schema": z.unknown().optional(),
});

const cache = object({
  healthy: feature(oneOf("exact", "stem", "semantic"), "off | exact | stem | semantic"),
  outage: feature(oneOf("exact", "stem", "semantic"), "off | exact | stem | semantic"),
  ttl: lasting.optional(),
  "stale-if-error": lasting.optional(),
  scope: oneOf("tenant", "route", "global").optional(),
});

const lastResort = z.union([text("stale-cache"), object({ canned: text("a sentence") })], {
  error: 'stale-cache | provider/model | { canned: "…" } | defer',
});

const route = object({
  targets: list(text("provider/model"), "a list of provider/model, best first"),
  timeouts: timeouts.optional(),
  attempts: integer(1, 10).optional(),
  "retry-wait": durationMs(0, RETRY_AFTER_MAX_MS).optional(),
  hedge: feature(hedge, "off | { after: p95, budget: 2% }"),
  resume: feature(oneOf("text", "all"), "off | text | all"),
  usage: oneOf("exact", "as-asked").optional(),
  strict: yesOrNo.optional(),
  criticality: oneOf("critical", "default", "sheddable").optional(),
  warm: feature(share, "off | a share such as 2%"),
  validate: feature(validate, "off | { min-length, pattern, json-schema }"),
  cache: feature(cache, "off | { healthy, outage, ttl, stale-if-error, scope }"),
  "last-resort": feature(list(lastResort, "a list"), "[] | a list of last resorts"),
  require: feature(named(text("a name"), "a mapping such as { region: eu }"), "{} | a mapping such as { region: eu }"),
  value: feature(money, "0 | an amount such as 0.40usd"),
});

export const EVENT_NAMES = [
  "incident.opened",
  "incident.updated",
  "incident.resolved",
  "target.ejected",
  "target.restored",
  "slo.burning",
  "slo.recovered",
  "budget.warning",
] as const;

const notice = z.looseObject({ on: list(oneOf(...EVENT_NAMES), "a list of event names").optional() });
const objective = object({
  name: text("a name").optional(),
  route: text("a route's name"),
  objective: scalar(parseShare, "a share such as 99.9%"),
  window: lasting,
});
const gatewayKey = object({
  name: text("a name"),
  hash: text("sha256:…"),
  routes: list(text("a route's name"), "a list of routes").optional(),
});

export const configSchema = object({
  listen: object({ host: text("127.0.0.1").optional(), port: integer(0, 65_535).optional() }).optional(),
  providers: named(provider, "a mapping from a name to a provider"),
  routes: named(route, "a mapping from a model's name to a route"),
  probes: feature(object({ budget: feature(dailyMoney, "off | 0.50usd/day") }), "off | { budget: 0.50usd/day }"),
  canary: feature(dailyMoney, "off | an amount a day such as 0.10usd/day"),
  status: feature(object({ poll: feature(z.union([oneOf("auto"), lasting]), "off | auto") }), "off | { poll: auto }"),
  notify: feature(list(notice, "a list"), "[] | a list such as [{ slack: URL, on: [incident.opened] }]"),
  slo: feature(list(objective, "a list"), "[] | a list of { name, route, objective, window }"),
  store: feature(text("a store"), "memory | sqlite:PATH | postgres://…"),
  shared: feature(text("a URL"), "off | redis://…"),
  keys: feature(list(gatewayKey, "a list"), "[] | a list of { name, hash, routes }"),
  admin: feature(object({ key: feature(text("a key"), "off | a key") }), 'off | { key: "${HOLDFAST_ADMIN_KEY}" }'),
  "status-page": feature(oneOf("public"), "private | public"),
  passthrough: feature(
    scalar((value) => (value === true || value === "on" ? true : undefined), "on"),
    "off | on",
  ),
});

export type Config = z.output<typeof configSchema>;
