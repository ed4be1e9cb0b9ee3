// What a provider's entry means: the catalog fills in what is known, and the rest has to be there. Judges the unchecked
// tree, so that every problem is found at once; shapes are the schema's business and are passed over here.

import { PROVIDERS } from "../../catalog/providers.ts";
import type { DialectId } from "../core/call.ts";
import { nearest } from "../core/nearest.ts";
import type { KeySource, ProviderSettings } from "../core/settings.ts";
import { asksForNothing } from "./fields.ts";
import type { Issue, Path } from "./problem.ts";
import { at, entriesOf, isVoid, textAt } from "./tree.ts";
import { checkUrl, type UrlVerdict } from "./url.ts";

export interface ProviderFindings {
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** Means something only without issues. */
  readonly settings: readonly ProviderSettings[];
}

interface Findings {
  readonly issues: Issue[];
  readonly warnings: Issue[];
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const EXAMPLE = "a mapping such as { anthropic: { key: ${ANTHROPIC_API_KEY} } }";

/** `tree` with the environment filled in, `written` as the user typed it. */
export function readProviders(tree: unknown, written: unknown): ProviderFindings {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const entries = entriesOf(at(tree, ["providers"]));
  if (isVoid(at(tree, ["providers"]))) {
    issues.push({ path: ["providers"], atKey: true, message: "needs at least one provider", allowed: EXAMPLE });
  }
  const settings = entries.flatMap(([name]) => readProvider(name, tree, written, { issues, warnings }) ?? []);
  return { issues, warnings, settings };
}

function readProvider(name: string, tree: unknown, written: unknown, found: Findings): ProviderSettings | undefined {
  const path: Path = ["providers", name];
  const known = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
  if (!NAME.test(name)) {
    const allowed = "letters, digits, `.`, `_` and `-`, at most 64, the first a letter or digit";
    found.issues.push({ path, atKey: true, message: "is no name for a provider", allowed });
  }
  const ownDialect = dialectOf(textAt(tree, [...path, "dialect"]));
  const dialect = ownDialect ?? known?.dialect;
  const ownUrl = textAt(tree, [...path, "url"]);
  // The catalog's url speaks the catalog's dialect and no other.
  const urlText = ownUrl ?? (ownDialect === undefined || ownDialect === known?.dialect ? known?.url : undefined);
  needBoth(name, tree, found.issues, urlText !== undefined);
  const verdict = urlText === undefined ? undefined : checkUrl(urlText, dialect);
  if (verdict !== undefined) tellUrl([...path, "url"], verdict, ownUrl !== undefined, found);
  const local = verdict?.ok === true && verdict.loopback;
  const tier = textAt(tree, [...path, "tier"]) ?? known?.tier ?? "remote";
  const keyless = known === undefined ? local || tier === "local" : known.keyVariable === undefined || local;
  const keys = readKeys(name, tree, written, { ...found, keyless });
  tellFacts(path, tree, found.warnings);
  // A stand-in on this machine has the name of a provider, and not its page.
  const statusPage = readStatusPage([...path, "status-page"], tree, local ? undefined : known?.statusPage, found);
  if (dialect === undefined || verdict?.ok !== true) return undefined;
  const region = textAt(tree, ["providers", name, "region"])?.trim();
  const settings = { name, dialect, url: verdict.url, keys, tier: tier === "local" ? "local" : "remote" } as const;
  return { ...settings, ...(region && { region }), ...(statusPage !== undefined && { statusPage }) };
}

/** The catalog's, unless another or none is written. */
function readStatusPage(path: Path, tree: unknown, known: string | undefined, found: Findings): string | undefined {
  if (asksForNothing(at(tree, path))) return at(tree, path) === undefined ? known : undefined;
  const text = textAt(tree, path);
  const page = text !== undefined && URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (page === undefined) {
    if (text !== undefined) found.issues.push({ path, message: "is not a URL", allowed: STATUS_PAGE });
    return undefined;
  }
  const isHttp = page.protocol === "https:" || page.protocol === "http:";
  if (!isHttp || page.username !== "" || page.password !== "") {
    const message = isHttp ? "holds credentials; a status page needs none" : `${page.protocol}// is not spoken here`;
    found.issues.push({ path, message, allowed: STATUS_PAGE });
  }
  return page.href.replace(/\/+$/, "");
}

const STATUS_PAGE = "off | an http or https URL without credentials";

function dialectOf(text: string | undefined): DialectId | undefined {
  return text === "anthropic-messages" || text === "openai-chat" ? text : undefined;
}

/** A provider that the catalog does not know needs its dialect and its url. */
function needBoth(name: string, tree: unknown, issues: Issue[], hasUrl: boolean): void {
  const path: Path = ["providers", name];
  const known = Object.hasOwn(PROVIDERS, name);
  const missing = [
    ...(known || at(tree, [...path, "dialect"]) !== undefined ? [] : ["dialect"]),
    ...(hasUrl || at(tree, [...path, "url"]) !== undefined ? [] : ["url"]),
  ];
  if (missing.length === 0) return;
  const needs = `needs ${missing.map((key) => `\`${key}\``).join(" and ")}`;
  const message = known ? `${needs}: this dialect is not the catalog's` : `is not in the catalog, so it ${needs}`;
  // With a dialect or a url of its own the name is meant as it is.
  const meant = missing.length === 2 ? nearest(name, Object.keys(PROVIDERS)) : undefined;
  issues.push({
    path,
    atKey: true,
    message,
    allowed: `in the catalog: ${Object.keys(PROVIDERS).join(", ")}`,
    nearest: meant,
  });
}

function tellUrl(path: Path, verdict: UrlVerdict, written: boolean, found: Findings): void {
  if (!verdict.ok) found.issues.push({ path, message: verdict.message, allowed: verdict.allowed });
  else if (verdict.warning !== undefined && written) found.warnings.push({ path, message: verdict.warning });
}

function tellFacts(path: Path, tree: unknown, warnings: Issue[]): void {
  for (const fact of ["region", "retention"]) {
    if (textAt(tree, [...path, fact]) === undefined) continue;
    warnings.push({ path: [...path, fact], message: "is a fact for `require`, which is not in this version" });
  }
}

function readKeys(name: string, tree: unknown, written: unknown, found: Findings & { keyless: boolean }): KeySource[] {
  const path: Path = ["providers", name];
  const single = at(tree, [...path, "key"]);
  const many = at(tree, [...path, "keys"]);
  if (single !== undefined && many !== undefined) {
    found.issues.push({
      path: [...path, "keys"],
      atKey: true,
      message: "stands beside `key`",
      allowed: "one of the two",
    });
  }
  if ((single ?? many) === undefined && !found.keyless) {
    const variable = PROVIDERS[name]?.keyVariable ?? `${name.toUpperCase().replace(/\W/g, "_")}_API_KEY`;
    found.issues.push({ path: [...path, "key"], message: "is missing", allowed: `"\${${variable}}" | none` });
  }
  if (Array.isArray(many) && many.length === 0) {
    found.issues.push({ path: [...path, "keys"], message: "is empty", allowed: "at least one key, or `key: none`" });
  }
  const places: Path[] = Array.isArray(many) ? many.map((_, index) => [...path, "keys", index]) : [[...path, "key"]];
  return places.flatMap((place) => readKey(place, tree, written, found) ?? []);
}

function readKey(path: Path, tree: unknown, written: unknown, found: Findings): KeySource | undefined {
  const file = textAt(tree, [...path, "file"]);
  const command = textAt(tree, [...path, "command"]);
  if (file !== undefined) return { file };
  if (command !== undefined) return { command };
  const key = textAt(tree, path);
  if (key === undefined) return undefined;
  const inList = typeof path.at(-1) === "number";
  if (key === "none" || key === "off") {
    if (inList) found.issues.push({ path, message: "`none` has no place in a list of keys", allowed: "key: none" });
    return undefined;
  }
  // Anything else would not survive as a header.
  if (!/^[\x21-\x7e]{1,4096}$/.test(key)) {
    found.issues.push({ path, message: "is not a key: it has blanks or letters that no header can carry" });
  }
  if (!textAt(written, path)?.includes("${")) {
    const message = "is a key in the file itself; whoever reads the file can use it";
    found.warnings.push({ path, message, allowed: '"${NAME}" of the environment' });
  }
  return key;
}
