// Who is told: one kind of channel each, what that kind needs, names that exist. Judges the unchecked tree; shapes are the
// schema's business and are passed over here.

import type { Severity } from "../core/incident.ts";
import { nearest } from "../core/nearest.ts";
import type { ChannelSettings, ChannelTarget, NoticeType } from "../core/notice.ts";
import { isWebhookSecret } from "../core/webhook-secret.ts";
import { asksForNothing } from "./fields.ts";
import type { Issue, Path } from "./problem.ts";
import { at, entriesOf, isMapping, textAt } from "./tree.ts";

const KINDS = ["slack", "teams", "discord", "pagerduty", "email", "webhook"] as const;
type Kind = (typeof KINDS)[number];
/** What belongs to one kind alone. */
const OWN: Readonly<Record<string, Kind>> = { smtp: "email", from: "email", secret: "webhook", url: "pagerduty" };
const KEYS: readonly string[] = [...KINDS, ...Object.keys(OWN), "on", "severity", "routes", "tenants", "name"];
const CHANNELS_MAX = 50;
const RECIPIENTS_MAX = 50;
const DEFAULT_ON: readonly NoticeType[] = ["incident.opened", "incident.updated", "incident.resolved"];
const PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue";
const ADDRESS = /^(?:[^<>\r\n]{0,128}<)?[^\s<>@,;]{1,64}@[^\s<>@,;]{1,255}>?$/;

interface WrittenChannel {
  readonly slack?: string | undefined;
  readonly teams?: string | undefined;
  readonly discord?: string | undefined;
  readonly pagerduty?: string | undefined;
  readonly email?: string | readonly string[] | undefined;
  readonly webhook?: string | undefined;
  readonly on?: readonly NoticeType[] | undefined;
  readonly severity?: Severity | undefined;
  readonly routes?: readonly string[] | undefined;
  readonly tenants?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly smtp?: string | undefined;
  readonly from?: string | undefined;
  readonly secret?: string | undefined;
  readonly url?: string | undefined;
}

/** Everything was checked before. */
export function channelsOf(written: readonly WrittenChannel[]): readonly ChannelSettings[] {
  const names = new Set<string>();
  return written.map((one) => {
    const target = targetOf(one);
    const base = one.name?.trim() ?? target.type;
    let name = base;
    for (let number = 2; names.has(name); number++) name = `${base}-${number}`;
    names.add(name);
    return {
      name,
      target,
      on: one.on ?? DEFAULT_ON,
      ...(one.severity !== undefined && { severity: one.severity }),
      ...(one.routes !== undefined && { routes: one.routes.map((route) => route.trim()) }),
      ...(one.tenants !== undefined && { tenants: one.tenants.map((tenant) => tenant.trim()) }),
    };
  });
}

function targetOf(one: WrittenChannel): ChannelTarget {
  if (one.slack !== undefined) return { type: "slack", url: one.slack.trim() };
  if (one.teams !== undefined) return { type: "teams", url: one.teams.trim() };
  if (one.discord !== undefined) return { type: "discord", url: one.discord.trim() };
  if (one.pagerduty !== undefined) {
    return { type: "pagerduty", routingKey: one.pagerduty.trim(), url: one.url?.trim() ?? PAGERDUTY_URL };
  }
  if (one.webhook !== undefined) return { type: "webhook", url: one.webhook.trim(), secret: (one.secret ?? "").trim() };
  const to = typeof one.email === "string" ? [one.email] : (one.email ?? []);
  return {
    type: "email",
    to: to.map((address) => address.trim()),
    from: one.from?.trim() ?? "",
    smtp: one.smtp?.trim() ?? "",
  };
}

export function notifyIssues(tree: unknown): Issue[] {
  const listed: unknown = at(tree, ["notify"]);
  if (!Array.isArray(listed)) return [];
  if (listed.length > CHANNELS_MAX) {
    return [{ path: ["notify"], message: `has ${listed.length} channels`, allowed: `at most ${CHANNELS_MAX}` }];
  }
  const names = new Set<string>();
  return listed.flatMap((one: unknown, index): Issue[] => {
    const path: Path = ["notify", index];
    if (!isMapping(one)) return [];
    const kinds = KINDS.filter((kind) => one[kind] !== undefined);
    const [kind] = kinds;
    // A key that is none of ours was meant to say it.
    if (kind === undefined && Object.keys(one).some((key) => !KEYS.includes(key))) return [];
    if (kind === undefined || kinds.length > 1) {
      const message =
        kind === undefined ? "says not where to" : `leads to ${kinds.join(" and ")}: each needs an entry of its own`;
      return [{ path, atKey: true, message, allowed: `one of ${KINDS.join(", ")}` }];
    }
    return [
      ...addressIssues(tree, path, kind),
      ...strangers(one, path, kind),
      ...namesIssues(tree, path),
      ...twice(tree, path, names),
    ];
  });
}

function addressIssues(tree: unknown, path: Path, kind: Kind): Issue[] {
  if (kind === "email") return mailIssues(tree, path);
  if (kind === "pagerduty") {
    const key = textAt(tree, [...path, kind]);
    const wrong = key !== undefined && !/^[\x21-\x7e]{8,128}$/.test(key);
    const issues: Issue[] = wrong ? [{ path: [...path, kind], message: "is no integration key" }] : [];
    return [...issues, ...urlIssues(tree, [...path, "url"])];
  }
  const issues = urlIssues(tree, [...path, kind]);
  return kind === "webhook" ? [...issues, ...secretIssues(tree, path)] : issues;
}

function urlIssues(tree: unknown, path: Path): Issue[] {
  const url = textAt(tree, path);
  if (url === undefined || (/^https?:\/\/[^/\s]+/i.test(url) && URL.canParse(url))) return [];
  return [{ path, message: "is no URL", allowed: "https://…" }];
}

function secretIssues(tree: unknown, path: Path): Issue[] {
  const allowed = "`whsec_` and 24 to 64 bytes in base64, such as: printf whsec_; openssl rand -base64 32";
  const secret = textAt(tree, [...path, "secret"]);
  if (secret === undefined) {
    const isThere = at(tree, [...path, "secret"]) !== undefined;
    return isThere ? [] : [{ path, atKey: true, message: "a webhook is signed: it needs a `secret`", allowed }];
  }
  return isWebhookSecret(secret)
    ? []
    : [{ path: [...path, "secret"], message: "is no secret of Standard Webhooks", allowed }];
}

function mailIssues(tree: unknown, path: Path): Issue[] {
  const written = at(tree, [...path, "email"]);
  const listed: readonly unknown[] = Array.isArray(written) ? written : [written];
  const issues: Issue[] = [];
  if (listed.length === 0 || listed.length > RECIPIENTS_MAX) {
    issues.push({
      path: [...path, "email"],
      message: `has ${listed.length} addresses`,
      allowed: `1 to ${RECIPIENTS_MAX}`,
    });
  }
  for (const [index, one] of listed.entries()) {
    if (typeof one !== "string" || ADDRESS.test(one.trim())) continue;
    issues.push({
      path: Array.isArray(written) ? [...path, "email", index] : [...path, "email"],
      message: "is no address",
    });
  }
  for (const key of ["smtp", "from"]) {
    if (at(tree, [...path, key]) !== undefined) continue;
    const allowed = key === "smtp" ? "smtp://user:password@host:587" : "Holdfast <ops@example.com>";
    return [...issues, { path, atKey: true, message: `mail needs \`${key}\``, allowed }];
  }
  const smtp = textAt(tree, [...path, "smtp"]);
  if (smtp !== undefined && !(/^smtps?:\/\/[^/\s]+/i.test(smtp) && URL.canParse(smtp))) {
    issues.push({
      path: [...path, "smtp"],
      message: "is no mail server",
      allowed: "smtp://user:password@host:587 | smtps://…",
    });
  }
  const from = textAt(tree, [...path, "from"]);
  if (from !== undefined && !ADDRESS.test(from)) issues.push({ path: [...path, "from"], message: "is no address" });
  return issues;
}

function strangers(one: Readonly<Record<string, unknown>>, path: Path, kind: Kind): Issue[] {
  return Object.keys(one)
    .filter((key) => Object.hasOwn(OWN, key) && OWN[key] !== kind)
    .map((key) => ({ path: [...path, key], atKey: true, message: `does nothing here: it is for ${OWN[key]}` }));
}

function namesIssues(tree: unknown, path: Path): Issue[] {
  const routes = entriesOf(at(tree, ["routes"])).map(([name]) => name.trim());
  const keys: unknown = at(tree, ["keys"]);
  const tenants = asksForNothing(keys)
    ? ["default"]
    : (Array.isArray(keys) ? keys : []).flatMap((_, index) => textAt(tree, ["keys", index, "name"]) ?? []);
  const on: unknown = at(tree, [...path, "on"]);
  const never = Array.isArray(on) && on.length === 0;
  const silent: Issue[] = never ? [{ path: [...path, "on"], message: "is empty: nothing would ever be told" }] : [];
  return [
    ...silent,
    ...unknownNames(tree, [...path, "routes"], routes),
    ...unknownNames(tree, [...path, "tenants"], tenants),
  ];
}

function unknownNames(tree: unknown, path: Path, known: readonly string[]): Issue[] {
  const listed: unknown = at(tree, path);
  if (!Array.isArray(listed)) return [];
  if (listed.length === 0) return [{ path, message: "is empty: nothing would ever be told" }];
  return listed.flatMap((one: unknown, index): Issue[] => {
    if (typeof one !== "string" || one.trim() === "" || known.includes(one.trim())) return [];
    const message = `there is no ${path.at(-1) === "routes" ? "route" : "key"} named ${JSON.stringify(one)}`;
    return [{ path: [...path, index], message, allowed: known.slice(0, 12).join(", "), nearest: nearest(one, known) }];
  });
}

function twice(tree: unknown, path: Path, names: Set<string>): Issue[] {
  const name = textAt(tree, [...path, "name"]);
  if (name === undefined) return [];
  if (!/^[\w .-]{1,64}$/.test(name)) {
    return [
      {
        path: [...path, "name"],
        message: "is no name",
        allowed: "letters, digits, blanks, `.`, `_` and `-`, at most 64",
      },
    ];
  }
  if (names.has(name)) return [{ path: [...path, "name"], message: "is here twice" }];
  names.add(name);
  return [];
}

/** `written` is the tree as the user typed it: addresses of channels are secrets. */
export function notifyWarnings(tree: unknown, written: unknown): Issue[] {
  const listed: unknown = at(tree, ["notify"]);
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((_, index) =>
    ["slack", "teams", "discord", "pagerduty", "smtp", "secret"].flatMap((key): Issue[] => {
      const path: Path = ["notify", index, key];
      const value = textAt(written, path);
      const isSecret =
        value !== undefined && !value.includes("${") && (key !== "smtp" || /\/\/[^/]*:[^/]*@/.test(value));
      if (!isSecret || isNear(value)) return [];
      const message = "is a secret in the file itself; whoever reads the file can use it";
      return [{ path, message, allowed: '"${NAME}" of the environment' }];
    }),
  );
}

function isNear(url: string): boolean {
  return /^\w+:\/\/(?:[^/@]*@)?(?:localhost|127\.|\[::1\])/.test(url);
}
