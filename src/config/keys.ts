// Who may ask: gateway keys, the admin key, and that a gateway which others can reach has both. Judges the unchecked tree,
// so that every problem is found at once; shapes are the schema's business and are passed over here.

import { nearest } from "../core/nearest.ts";
import type { KeySettings } from "../core/settings.ts";
import { asksForNothing } from "./fields.ts";
import type { Issue, Path } from "./problem.ts";
import { at, entriesOf, textAt } from "./tree.ts";
import { isLoopback } from "./url.ts";

/** Each key of a call is compared with all of them. */
const KEYS_MAX = 1_000;
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const HASH = /^sha256:[0-9a-f]{64}$/i;
const ADMIN_KEY_SHORT = 16;

export function keyIssues(tree: unknown): Issue[] {
  const keys = at(tree, ["keys"]);
  const listed: readonly unknown[] = Array.isArray(keys) ? keys : [];
  if (listed.length > KEYS_MAX) {
    return [{ path: ["keys"], message: `has ${listed.length} keys`, allowed: `at most ${KEYS_MAX}` }];
  }
  const names = new Map<string, number>();
  const hashes = new Map<string, number>();
  const routes = entriesOf(at(tree, ["routes"])).map(([name]) => name.trim());
  const issues = listed.flatMap((_, index) => [
    ...nameIssues(tree, index, names),
    ...hashIssues(tree, index, hashes),
    ...routesIssues(tree, ["keys", index, "routes"], routes),
  ]);
  return [...issues, ...adminIssues(tree)];
}

/** A gateway that others can reach, and that anybody could use. */
export function hostIssues(tree: unknown): Issue[] {
  const host = textAt(tree, ["listen", "host"]);
  if (host === undefined || isLoopback(host)) return [];
  const lacking = [
    ...(asksForNothing(at(tree, ["keys"])) ? ["gateway keys (`keys`)"] : []),
    ...(asksForNothing(at(tree, ["admin", "key"])) ? ["an admin key (`admin: { key }`)"] : []),
  ];
  if (lacking.length === 0) return [];
  const message = `${JSON.stringify(host)} is open to others: it needs ${lacking.join(" and ")}`;
  return [{ path: ["listen", "host"], message, allowed: "a loopback address: 127.0.0.1, ::1, localhost" }];
}

/** `written` is the tree as the user typed it. */
export function keyWarnings(tree: unknown, written: unknown): Issue[] {
  const path: Path = ["admin", "key"];
  const key = textAt(tree, path);
  if (key === undefined || asksForNothing(key)) return [];
  if (!textAt(written, path)?.includes("${")) {
    const message = "is a key in the file itself; whoever reads the file can use it";
    return [{ path, message, allowed: '"${NAME}" of the environment' }];
  }
  return key.length < ADMIN_KEY_SHORT ? [{ path, message: `is short: under ${ADMIN_KEY_SHORT} characters` }] : [];
}

/** Everything was checked before. */
export function readGatewayKeys(
  keys: readonly { readonly name: string; readonly hash: string; readonly routes?: readonly string[] | undefined }[],
): readonly KeySettings[] {
  return keys.map(({ name, hash, routes }) => ({
    name: name.trim(),
    hash: hash.trim().toLowerCase(),
    ...(routes && { routes: routes.map((route) => route.trim()) }),
  }));
}

function nameIssues(tree: unknown, index: number, seen: Map<string, number>): Issue[] {
  const path: Path = ["keys", index, "name"];
  const name = textAt(tree, path);
  if (name === undefined) return [];
  if (!NAME.test(name)) {
    const allowed = "letters, digits, `.`, `_` and `-`, at most 64, the first a letter or digit";
    return [{ path, message: "is no name for a key", allowed }];
  }
  const first = seen.get(name);
  seen.set(name, first ?? index);
  return first === undefined ? [] : [{ path, message: `is here twice; the first is keys[${first}]` }];
}

function hashIssues(tree: unknown, index: number, seen: Map<string, number>): Issue[] {
  const path: Path = ["keys", index, "hash"];
  const hash = textAt(tree, path)?.toLowerCase();
  if (hash === undefined) return [];
  if (!HASH.test(hash)) {
    const allowed = "`sha256:` and 64 hex digits, as `holdfast keys create` prints it";
    const isKey = hash.startsWith("hf_");
    return [{ path, message: isKey ? "is a key, not the hash of one" : "is not the hash of a key", allowed }];
  }
  const first = seen.get(hash);
  seen.set(hash, first ?? index);
  return first === undefined ? [] : [{ path, message: `is the hash of keys[${first}] again` }];
}

function routesIssues(tree: unknown, path: Path, routes: readonly string[]): Issue[] {
  const named = at(tree, path);
  if (!Array.isArray(named)) return [];
  if (named.length === 0) {
    return [{ path, message: "is empty: the key could use nothing", allowed: "at least one route, or no `routes`" }];
  }
  const seen = new Set<string>();
  return named.flatMap((route: unknown, index): Issue[] => {
    if (typeof route !== "string" || route.trim() === "") return [];
    const name = route.trim();
    const place = [...path, index];
    if (seen.has(name)) return [{ path: place, message: "is here twice" }];
    seen.add(name);
    if (routes.includes(name)) return [];
    const allowed = routes.slice(0, 12).join(", ");
    const message = `no route is named ${JSON.stringify(name)}`;
    return [{ path: place, message, ...(allowed && { allowed }), nearest: nearest(name, routes) }];
  });
}

function adminIssues(tree: unknown): Issue[] {
  const path: Path = ["admin", "key"];
  const written = at(tree, path);
  // It would open `/admin` to everybody on this machine, and whoever wrote it believes that it is closed.
  if (typeof written === "string" && written.trim() === "") {
    return [{ path, message: "is empty", allowed: 'off | "${HOLDFAST_ADMIN_KEY}"' }];
  }
  const key = textAt(tree, path);
  if (key === undefined || /^[\x21-\x7e]{1,512}$/.test(key)) return [];
  return [{ path, message: "is not a key: it has blanks or letters that no header can carry, or over 512 of them" }];
}
