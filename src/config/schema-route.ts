// The shape of one route, whole from the first release on; what is not built yet is refused by name in `later.ts`.

import * as z from "zod";
import { RETRY_AFTER_MAX_MS } from "../core/fault.ts";
import { ROUTE_DEFAULTS } from "./defaults.ts";
import {
  ALLOWED,
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
  told,
  yesOrNo,
} from "./fields.ts";
import { lasting, money, share } from "./quantities.ts";
import { durationText } from "./units.ts";

const { timeouts: standard } = ROUTE_DEFAULTS;

const timeouts = object({
  connect: told(
    durationMs(1).optional(),
    "How long a host may take to accept a connection.",
    durationText(standard.connectMs),
  ),
  "first-token": told(
    autoOrDurationMs(1).optional(),
    "Streams: from the request to the first content. `auto`: 30s, 300s for a model that thinks unseen; where the route has other targets, the first attempt gets 4 times what 99% of the target's own took, at least 10s.",
    standard.firstTokenMs,
  ),
  whole: told(
    autoOrDurationMs(1).optional(),
    "One attempt that is no stream. `auto`: 30s (300s) and 1s for each 20 tokens it may write, or for up to 100 where the target is known to be as fast.",
    standard.wholeMs,
  ),
  idle: told(
    autoOrDurationMs(1).optional(),
    "Streams: silence while we are reading. `auto`: 45s without a byte, 60s without progress (300s while it thinks).",
    standard.idleMs,
  ),
  total: told(
    durationMs(1).optional(),
    "The whole call until its first content is released; after that only `idle` and the client's own deadline hold.",
    durationText(standard.totalMs),
  ),
});

const hedgeAfter = z
  .union([oneOf("p90", "p95", "p99"), lasting], { error: "p90 | p95 | p99 | a duration" })
  .meta({ [ALLOWED]: "p90 | p95 | p99 | a duration" });

const shareUpTo = (most: number) =>
  scalar(
    (value) => {
      const found = share.safeParse(value);
      return found.success && found.data <= most ? found.data : undefined;
    },
    `a share of at most ${most * 100}%`,
    { anyOf: [{ type: "string", pattern: "^\\d+(\\.\\d+)?%$" }, { const: 0 }] },
  );
const hedgeBudget = shareUpTo(0.02);
const warmShare = shareUpTo(0.2);
const hedge = object({
  after: told(
    hedgeAfter.optional(),
    "When the second request is sent: once this share of the first target's own first contents would have come, at least 1.5s; or a time.",
    "p95",
  ),
  budget: told(
    hedgeBudget.optional(),
    "The largest share of calls that may be sent twice; where prices are known also at most 3% of what the calls cost.",
    "2%",
  ),
});

const validate = object({
  "min-length": told(integer(0, 1_000_000).optional(), "The fewest characters of an answer."),
  pattern: told(text("a regular expression").optional(), "What an answer must match."),
  "json-schema": told(z.unknown().optional(), "What an answer must be, as JSON Schema."),
});

const CACHE_KEYS = "off | exact | stem | semantic";
const cache = object({
  healthy: told(feature(oneOf("exact", "stem", "semantic"), CACHE_KEYS), "While the providers are well.", "off"),
  outage: told(feature(oneOf("exact", "stem", "semantic"), CACHE_KEYS), "When no target can answer.", "stem"),
  ttl: told(lasting.optional(), "How long an answer is fresh.", "1h"),
  "stale-if-error": told(lasting.optional(), "How long after that it may still be given in an outage.", "7d"),
  scope: told(oneOf("tenant", "route", "global").optional(), "Who shares answers.", "tenant"),
  tools: told(yesOrNo.optional(), "Answers that call the client's tools are kept as well.", false),
});

const LAST_RESORTS = 'stale-cache | provider/model | { canned: "…" } | defer';
const SENTENCE = "a sentence | { en: …, de: … }";
const sentence = z
  .union([text("a sentence"), named(text("a sentence"), SENTENCE)], { error: SENTENCE })
  .meta({ [ALLOWED]: SENTENCE });
const lastResort = z
  .union(
    [
      text("stale-cache"),
      object({
        canned: told(
          sentence,
          "What is said then, or for each language what is said in it (the first to whoever reads none of them); `{model}` `{reason}` `{since}` `{retry}` are facts of the outage.",
        ),
      }),
    ],
    {
      error: LAST_RESORTS,
    },
  )
  .meta({ [ALLOWED]: LAST_RESORTS });

export const route = object({
  targets: told(
    list(text("provider/model"), "a list of provider/model, best first"),
    "Who answers, best first. `provider/*` carries over what the route's own `*` matched.",
  ),
  timeouts: told(timeouts.optional(), "How long each part of a call may take."),
  attempts: told(
    integer(1, 10).optional(),
    "All upstream requests of one call; at most two of them go to one provider.",
    ROUTE_DEFAULTS.attempts,
  ),
  "retry-wait": told(
    durationMs(0, RETRY_AFTER_MAX_MS).optional(),
    "A provider's `retry-after` of at most this is waited for once; a longer one fails over at once.",
    durationText(ROUTE_DEFAULTS.retryWaitMs),
  ),
  hedge: told(
    feature(hedge, "off | { after: p95, budget: 2% }"),
    "A second request in parallel when the first is late.",
    "off",
  ),
  resume: told(
    feature(oneOf("text", "all"), "off | text | all"),
    "Goes on after a break in mid-answer: text without tools, or all text. Small JSON that was asked for is held until it is whole.",
    "text",
  ),
  usage: told(
    oneOf("exact", "as-asked").optional(),
    "`exact`: usage is always asked of a Chat provider; `as-asked`: the client's bytes are left alone.",
    ROUTE_DEFAULTS.usage,
  ),
  strict: told(
    yesOrNo.optional(),
    "Refuse with 400 what a translation would lose, instead of naming it in `x-holdfast-lossy`.",
    ROUTE_DEFAULTS.strict,
  ),
  criticality: told(
    oneOf("critical", "default", "sheddable").optional(),
    "Which calls are still tried when no target is believed to answer: critical ones more, sheddable ones hardly. `x-holdfast-criticality` of a call wins.",
    ROUTE_DEFAULTS.criticality,
  ),
  warm: told(
    feature(warmShare, "off | a share such as 2%, at most 20%"),
    "A share of new conversations that goes to the other targets, to keep them warm: costs money and changes who answers.",
    "off",
  ),
  validate: told(
    feature(validate, "off | { min-length, pattern, json-schema }"),
    "An answer that fails it fails over.",
    "off",
  ),
  cache: told(
    feature(cache, "off | { healthy, outage, ttl, stale-if-error, scope, tools }"),
    "Answers that are kept and given again. Where nothing is said: as its keys' defaults say.",
  ),
  "last-resort": told(
    feature(list(lastResort, "a list"), "[] | a list of last resorts"),
    "What is given when no target can answer, in this order: a kept answer, a model of `tier: local`, a prepared sentence, or the promise of a later answer (`defer`, needs `store: sqlite:PATH`).",
    "[stale-cache]",
  ),
  require: told(
    feature(named(text("a name"), "a mapping such as { region: eu }"), "{} | a mapping such as { region: eu }"),
    "Facts that a target must have to be used, in an outage too.",
  ),
  value: told(feature(money, "0 | an amount such as 0.40usd"), "What a completed call is worth.", 0),
});
