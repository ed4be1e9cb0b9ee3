// The rungs below a route's targets: which they are, and what is wrong with them. Judges the unchecked tree for what no
// schema can see: that a model is local, that a sentence names only facts that exist.

import { PROVIDERS } from "../../catalog/providers.ts";
import { nearest } from "../core/nearest.ts";
import type { CacheSettings, LastResortSettings, Likeness } from "../core/settings.ts";
import { ROUTE_DEFAULTS, CACHE_DEFAULTS as standard } from "./defaults.ts";
import { asksForNothing } from "./fields.ts";
import type { Issue, Path } from "./problem.ts";
import { splitTarget, targetIssues } from "./routes.ts";
import { at, entriesOf, isMapping, textAt } from "./tree.ts";

const RUNGS_MAX = 8;
const SENTENCE_MAX = 4_000;
/** What a canned sentence may tell of the outage. */
const FACTS = ["model", "reason", "since", "retry"] as const;
/** Names of the rungs that are neither a model nor a sentence. */
const NAMED: ReadonlySet<string> = new Set(["stale-cache", "defer"]);
const ALLOWED = 'stale-cache | provider/model | { canned: "…" } | defer';
const LANGUAGES_MAX = 64;
/** BCP 47 as people write it. */
const LANGUAGE = /^[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}$/i;

type WrittenSentence = string | Readonly<Record<string, string>>;
type Written = readonly (string | { readonly canned: WrittenSentence })[] | "off" | undefined;

/** Where nothing is said of last resorts, kept answers are given, unless none is to be kept. */
export function lastResortOf(written: Written, cache: WrittenCache | "off" | undefined): readonly LastResortSettings[] {
  const keeps = cache === undefined || (typeof cache === "object" && cache.outage !== "off");
  if (written === undefined && keeps) return ROUTE_DEFAULTS.lastResort ?? [];
  if (written === undefined || written === "off") return [];
  return written.flatMap((rung): LastResortSettings[] => {
    if (typeof rung !== "string") return [cannedOf(rung.canned)];
    if (rung === "stale-cache" || rung === "defer") return [{ type: rung }];
    const target = splitTarget(rung);
    return target === undefined ? [] : [{ type: "local", target }];
  });
}

function cannedOf(written: WrittenSentence): LastResortSettings {
  if (typeof written === "string") return { type: "canned", text: written.trim() };
  const languages = Object.entries(written).map(([language, text]) => ({ language, text: text.trim() }));
  return { type: "canned", text: languages[0]?.text ?? "", languages };
}

type WrittenLikeness = Likeness | "semantic" | "off" | undefined;

interface WrittenCache {
  readonly healthy?: WrittenLikeness;
  readonly outage?: WrittenLikeness;
  readonly scope?: CacheSettings["scope"] | undefined;
  readonly ttl?: number | undefined;
  readonly "stale-if-error"?: number | undefined;
  readonly tools?: boolean | undefined;
}

/** Answers are kept where the rung `stale-cache` gives them, though nothing is said of them, and where they are read while all is well. */
export function cacheOf(
  written: WrittenCache | "off" | undefined,
  rungs: readonly LastResortSettings[],
): CacheSettings | undefined {
  if (written === "off") return undefined;
  const { scope, ttl, "stale-if-error": staleIfError, tools } = written ?? {};
  const isRead = rungs.some(({ type }) => type === "stale-cache");
  const outage = isRead ? likenessOf(written?.outage ?? standard.outage) : "off";
  const healthy = likenessOf(written?.healthy ?? standard.healthy);
  if (outage === "off" && healthy === "off") return undefined;
  return {
    healthy,
    outage,
    scope: scope ?? standard.scope,
    ttlMs: ttl ?? standard.ttlMs,
    staleIfErrorMs: staleIfError ?? standard.staleIfErrorMs,
    ...(tools === true && { tools }),
  };
}

/** What is not in this version was refused before. */
function likenessOf(written: Exclude<WrittenLikeness, undefined>): CacheSettings["outage"] {
  return written === "semantic" ? "off" : written;
}

export function lastResortProviders(tree: unknown): string[] {
  return entriesOf(at(tree, ["routes"])).flatMap(([name]) =>
    rungsAt(tree, name).flatMap((rung) => (typeof rung === "string" ? (splitTarget(rung)?.provider ?? []) : [])),
  );
}

export function lastResortIssues(tree: unknown): Issue[] {
  const providers = entriesOf(at(tree, ["providers"])).map(([name]) => name);
  return entriesOf(at(tree, ["routes"])).flatMap(([route]) => {
    const path = ["routes", route, "last-resort"];
    const rungs = rungsAt(tree, route);
    if (rungs.length > RUNGS_MAX)
      return [{ path, message: "is too long", allowed: `at most ${RUNGS_MAX} last resorts` }];
    const kept = keepsAnswers(at(tree, ["routes", route, "cache"]));
    const asked = !asksForNothing(at(tree, ["routes", route, "cache", "outage"]));
    const isWritten = at(tree, path) !== undefined;
    const unread = isWritten && asked && !rungs.includes("stale-cache");
    const issues = rungs.flatMap((rung, index): Issue[] => {
      const place = [...path, index];
      if (isMapping(rung)) return cannedIssues(rung.canned, [...place, "canned"]);
      if (rung === "stale-cache" && !kept) {
        return [{ path: place, message: "has nothing to give: no answer is kept", allowed: "cache: { outage: stem }" }];
      }
      if (rung === "defer" && asksForNothing(at(tree, ["store"]) ?? "sqlite:")) {
        return [{ path: place, message: "needs a store that outlives the gateway", allowed: "store: sqlite:PATH" }];
      }
      if (typeof rung !== "string" || rung.trim() === "" || NAMED.has(rung)) return [];
      return modelIssues(rung, tree, { route, place, providers });
    });
    if (!unread) return issues;
    const message = "keeps answers that nobody gives: `last-resort` has no stale-cache";
    return [...issues, { path: ["routes", route, "cache", "outage"], message, allowed: "last-resort: [stale-cache]" }];
  });
}

/** Unless it was written that they are not. */
function keepsAnswers(cache: unknown): boolean {
  if (cache === undefined) return true;
  if (!isMapping(cache) || Object.keys(cache).length === 0) return false;
  return !Object.hasOwn(cache, "outage") || !asksForNothing(cache.outage);
}

function rungsAt(tree: unknown, route: string): readonly unknown[] {
  const rungs = at(tree, ["routes", route, "last-resort"]);
  return Array.isArray(rungs) ? rungs : [];
}

function modelIssues(
  rung: string,
  tree: unknown,
  where: { readonly route: string; readonly place: Path; readonly providers: readonly string[] },
): Issue[] {
  const target = splitTarget(rung);
  if (target === undefined) {
    const message = `${JSON.stringify(rung)} is no last resort`;
    return [{ path: where.place, message, allowed: ALLOWED, nearest: nearest(rung, [...NAMED]) }];
  }
  const issues = targetIssues(rung, where);
  if (issues.length > 0) return issues;
  const targets = at(tree, ["routes", where.route, "targets"]);
  if (Array.isArray(targets) && targets.some((other) => typeof other === "string" && other.trim() === rung.trim())) {
    return [{ path: where.place, message: "is one of the route's targets: it was tried by then", allowed: ALLOWED }];
  }
  const known = Object.hasOwn(PROVIDERS, target.provider) ? PROVIDERS[target.provider] : undefined;
  if ((textAt(tree, ["providers", target.provider, "tier"]) ?? known?.tier) === "local") return [];
  const message = `is no local model: another provider belongs into \`targets\``;
  return [{ path: where.place, message, allowed: "a model of a provider with `tier: local`" }];
}

/** One sentence, or one for each language. */
function cannedIssues(written: unknown, path: Path): Issue[] {
  if (!isMapping(written)) return sentenceIssues(written, path);
  const languages = Object.keys(written);
  if (languages.length === 0 || languages.length > LANGUAGES_MAX) {
    return [
      { path, message: `has ${languages.length} sentences`, allowed: `1 to ${LANGUAGES_MAX}, one for each language` },
    ];
  }
  return languages.flatMap((language): Issue[] => {
    const place = [...path, language];
    if (!LANGUAGE.test(language)) {
      return [{ path: place, atKey: true, message: "is no language", allowed: "a language tag such as en or pt-BR" }];
    }
    return sentenceIssues(written[language], place);
  });
}

function sentenceIssues(sentence: unknown, path: Path): Issue[] {
  if (typeof sentence !== "string") return [];
  if (sentence.length > SENTENCE_MAX)
    return [{ path, message: "is too long", allowed: `at most ${SENTENCE_MAX} characters` }];
  const facts: readonly string[] = FACTS;
  const unknown = [...sentence.matchAll(/\{([a-z]+)\}/g)]
    .map(([, name = ""]) => name)
    .find((name) => !facts.includes(name));
  if (unknown === undefined) return [];
  const near = nearest(unknown, facts);
  const allowed = facts.map((name) => `{${name}}`).join(" ");
  return [
    { path, message: `names {${unknown}}, which is no fact of an outage`, allowed, nearest: near && `{${near}}` },
  ];
}
