// Which entries of a configuration are regions, or accounts, of one vendor: as far as their addresses tell. What they have in
// common is only ever a hint; what fails is judged entry by entry.

import type { ProviderSettings } from "../core/settings.ts";

/** By the name of an entry, for those that share a vendor with another: the name under which its addresses are registered. */
export function vendorsOf(providers: readonly Pick<ProviderSettings, "name" | "url">[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string[]>();
  for (const { name, url } of providers) {
    const owner = ownerOf(url);
    owners.set(owner, [...(owners.get(owner) ?? []), name]);
  }
  return new Map(
    [...owners].flatMap(([owner, names]) => (names.length < 2 ? [] : names.map((name) => [name, owner] as const))),
  );
}

/** `bedrock-runtime.eu-west-1.amazonaws.com` → `amazonaws.com`; an address without a name stands for itself. */
function ownerOf(url: string): string {
  const { hostname, host } = new URL(url);
  const labels = hostname.split(".");
  const isName = labels.length > 1 && !/^[\d.]+$/.test(hostname) && !hostname.startsWith("[");
  if (!isName) return host;
  // `co.uk` and the like: two letters after at most three.
  const [second = "", last = ""] = labels.slice(-2);
  return labels.slice(last.length === 2 && second.length <= 3 ? -3 : -2).join(".");
}
