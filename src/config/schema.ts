// The whole shape of a configuration, from the first release on. What is not built yet has its shape here too, and is
// refused by name in `later.ts`; what the values mean together is judged beside it, in `load.ts`.

import * as z from "zod";
import { LISTEN_DEFAULTS } from "./defaults.ts";
import { ALLOWED, durationMs, feature, integer, list, named, object, oneOf, scalar, text, told } from "./fields.ts";
import { dailyMoney, lasting, timeZone } from "./quantities.ts";
import { notice } from "./schema-notify.ts";
import { route } from "./schema-route.ts";
import { parseShare } from "./units.ts";

export const DIALECT_NAMES = ["anthropic-messages", "openai-chat", "openai-responses", "gemini"] as const;

const keyText = scalar(
  (value) => (value === false ? "none" : typeof value === "string" && value.trim() !== "" ? value : undefined),
  '"${NAME}" of the environment | none',
  { anyOf: [{ type: "string", minLength: 1 }, { const: false }] },
);

const KEY_SOURCES = '"${NAME}" of the environment | none | { file: PATH } | { command: "…" }';
const keySource = z
  .union(
    [
      keyText,
      object({ file: told(text("a path"), "Its first line is the key; a change is seen within a minute.") }),
      object({ command: told(text("a command line"), "Run by the shell; the first line of its output is the key.") }),
    ],
    { error: KEY_SOURCES },
  )
  .meta({ [ALLOWED]: KEY_SOURCES });

const provider = z
  .preprocess(
    // `ollama:` with nothing after it is a provider from the catalog, as it is there.
    (value) => value ?? {},
    object({
      dialect: told(oneOf(...DIALECT_NAMES).optional(), "Its wire format. A name of the catalog brings it."),
      url: told(
        text("a URL such as https://api.example.com/v1").optional(),
        "As the vendor's SDK takes it: Anthropic without `/v1`, OpenAI with it. A name of the catalog brings it.",
      ),
      key: told(
        keySource.optional(),
        "What is sent as the credential: the key, a file that holds it, or a command that prints it; the latter two are " +
          "read again without a restart. A provider on loopback needs none.",
      ),
      keys: told(
        list(keySource, 'a list such as ["${KEY_ONE}", "${KEY_TWO}"]').optional(),
        "Several of them, instead of `key`: the first is used until it is rejected, out of quota or rate-limited.",
      ),
      tier: told(
        oneOf("remote", "local").optional(),
        "`local`: a model of your own, named so in the answer.",
        "remote",
      ),
      region: told(text("a name such as eu").optional(), "A fact for `require`."),
      retention: told(text("a name such as none or 30d").optional(), "A fact for `require`."),
      "status-page": told(
        feature(text("a URL"), "off | a URL"),
        "Where it tells of its outages; any kind of page that is known is found from its address. A name of the catalog " +
          "brings it.",
      ),
    }),
  )
  .meta({ type: ["object", "null"] });

/** No URL of SQLite: what `sqlite://./a` and `sqlite:///a` mean is another thing in each program. */
const STORES = /^(?:sqlite:(?!\s*\/\/)\s*[^\s:].*|postgres(?:ql)?:\/\/.+)$/;
const store = scalar(
  (value) => (typeof value === "string" && STORES.test(value.trim()) ? value.trim() : undefined),
  "memory | sqlite:PATH | postgres://…",
  { type: "string", pattern: "^(sqlite:(?!//)|postgres(ql)?://).+" },
);

const OBJECTIVE_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._:*/-]{0,63}$/u;
const OBJECTIVE_NAMES = "a name of at most 64 letters, digits, blanks and . _ : / -";
const INDICATORS = "availability | complete-stream | undegraded | { first-token: 2s }";
const indicator = z
  .union(
    [
      oneOf("availability", "complete-stream", "undegraded"),
      object({ "first-token": told(durationMs(1), "Streams whose first token comes within it are good.") }, INDICATORS),
    ],
    { error: INDICATORS },
  )
  .meta({ [ALLOWED]: INDICATORS });
const WINDOWS = "month | a duration such as 30d";
const objective = object({
  name: told(
    scalar((value) => (typeof value === "string" && OBJECTIVE_NAME.test(value) ? value : undefined), OBJECTIVE_NAMES, {
      type: "string",
      minLength: 1,
      maxLength: 64,
    }).optional(),
    "What people call it; absent: the route's name.",
  ),
  route: told(text("a route's name"), "Whose calls."),
  objective: told(
    scalar(parseShare, "a share such as 99.9%", { type: "string", pattern: "%$" }),
    "The share that is good.",
  ),
  window: told(
    z.union([oneOf("month"), lasting], { error: WINDOWS }).meta({ [ALLOWED]: WINDOWS }),
    "Over how long: from 1h to 90d until now, or the calendar month.",
  ),
  "time-zone": told(timeZone.optional(), "In which the calendar month is cut.", "UTC"),
  indicator: told(
    indicator.optional(),
    "Which calls are good. `availability`: answered whole, by a model. `complete-stream`: streams that began and were not " +
      "broken. `undegraded`: answered by the model that was asked.",
    "availability",
  ),
});
const gatewayKey = object({
  name: told(text("a name"), "Who uses it: a tenant."),
  hash: told(text("sha256:…"), "Of the key; the key itself is never kept."),
  routes: told(list(text("a route's name"), "a list of routes").optional(), "Which routes it may use; absent: all."),
});

const HOST = "^[\\w.:%-]{1,253}$";
const hostName = scalar(
  (value) => (typeof value === "string" && new RegExp(HOST).test(value.trim()) ? value : undefined),
  "an address or a host's name, such as 127.0.0.1",
  { type: "string", pattern: HOST },
);
const listen = object({
  host: told(hostName.optional(), "The address to serve on.", LISTEN_DEFAULTS.host),
  port: told(integer(0, 65_535).optional(), "0 picks a free one.", LISTEN_DEFAULTS.port),
});
const probes = object({
  budget: told(
    feature(dailyMoney, "off | 0.50usd/day"),
    "What they may cost; off: a real call is tried instead.",
    "0.50usd/day",
  ),
});
const statusPoll = feature(
  z.union([oneOf("auto"), lasting]).meta({ [ALLOWED]: "auto | a duration" }),
  "off | auto | a duration such as 2m",
);
const status = object({
  poll: told(
    statusPoll,
    "`auto`: every 5 minutes, and every minute while something is open; a duration: instead of the 5 minutes, at least 30s.",
    "auto",
  ),
});
const adminKey = feature(text("a key"), "off | a key");

export const configSchema = object({
  listen: told(listen.optional(), "Where the gateway serves."),
  providers: told(
    named(provider, "a mapping from a name to a provider"),
    "Whom we call. A name of the catalog brings dialect and url; any other needs both.",
  ),
  routes: told(
    named(route, "a mapping from a model's name to a route"),
    "What a client asks for, by the name of the model; `claude-*` matches every name that begins so.",
  ),
  probes: told(
    feature(probes, "off | { budget: 0.50usd/day }"),
    "Asks a provider under suspicion for one token, to learn when it is well again.",
  ),
  canary: told(
    feature(dailyMoney, "off | an amount a day such as 0.10usd/day"),
    "What may be spent on asking targets that get no calls for one token a minute, so that there is evidence of them.",
    "off",
  ),
  status: told(feature(status, "off | { poll: auto }"), "Reads the status pages of the providers in use."),
  notify: told(
    feature(list(notice, "a list"), "[] | a list such as [{ slack: URL, on: [incident.opened] }]"),
    "Who is told of incidents.",
  ),
  slo: told(
    feature(list(objective, "a list"), "[] | a list of { name, route, objective, window, time-zone, indicator }"),
    "What is promised.",
  ),
  store: told(
    feature(store, "memory | sqlite:PATH | postgres://…", ["memory"]),
    "Where it remembers. Where nothing is written: `sqlite:./holdfast.db` with a file, `memory` without one.",
  ),
  shared: told(feature(text("a URL"), "off | redis://…"), "What several gateways share.", "off"),
  keys: told(
    feature(list(gatewayKey, "a list"), "[] | a list of { name, hash, routes }"),
    "Who may call. None: everybody who reaches the gateway, which must then serve on loopback.",
  ),
  admin: told(
    feature(object({ key: told(adminKey, "Opens `/admin`.", "off") }), 'off | { key: "${HOLDFAST_ADMIN_KEY}" }'),
    "The gateway's own API.",
  ),
  "status-page": told(
    feature(oneOf("public"), "private | public", ["private"]),
    "`public`: our own status page needs no key.",
    "private",
  ),
  passthrough: told(
    feature(
      scalar((value) => (value === true || value === "on" ? true : undefined), "on", { enum: ["on", true] }),
      "off | on",
    ),
    "Other `/v1/…` paths go to the first provider of their dialect, unprotected.",
    "on",
  ),
});

export type Config = z.output<typeof configSchema>;
