// Where a client may have us post to: public addresses over TLS, and nowhere else. Looked at when it is asked for and again
// each time something is sent, and what is connected to is the very address that was looked at (a name may lead elsewhere a
// moment later). Redirects are not followed by whoever sends.

import { isPublicAddress } from "../core/public-address.ts";
import type { Clock } from "../core/runtime.ts";

export type ResolveHost = (host: string) => Promise<readonly string[]>;

const URL_MAX = 2_048;
const RESOLVE_MS = 5_000;
const ADDRESS = /^[\d.]+$|:/;

/** Why it is none, as far as its letters tell. */
export function callbackProblem(text: string): string | undefined {
  if (text.length > URL_MAX || !/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return "it is no URL";
  const { protocol, username, password, hostname } = new URL(text);
  if (protocol !== "https:") return "it is not https";
  if (username !== "" || password !== "") return "it has a password in it";
  return ADDRESS.test(hostname) && !isPublicAddress(hostname) ? NOT_PUBLIC : undefined;
}

const NOT_PUBLIC = "it leads into a network that is not public";

export type Checked =
  /** `address` is absent where the URL names it itself. */
  | { readonly address?: string }
  /** `passing`: another time it may be known. */
  | { readonly problem: string; readonly passing: boolean };

/** Where it leads now. `text` has no problem of its own. Never rejects, and takes no longer than 5 s. */
export async function checkCallback(
  text: string,
  resolveHost: ResolveHost | undefined,
  clock: Clock,
): Promise<Checked> {
  const written = callbackProblem(text);
  if (written !== undefined) return { problem: written, passing: false };
  const { hostname } = new URL(text);
  if (ADDRESS.test(hostname)) return {};
  if (resolveHost === undefined) return { problem: "this gateway resolves no names", passing: false };
  const found = await within(clock, resolveHost(hostname));
  const [address] = found;
  if (address === undefined) return { problem: "its host is not known", passing: true };
  return found.every(isPublicAddress) ? { address } : { problem: NOT_PUBLIC, passing: false };
}

function within(clock: Clock, resolving: Promise<readonly string[]>): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const disarm = clock.after(RESOLVE_MS, () => resolve([]));
    const done = (found: readonly string[]): void => {
      disarm();
      resolve(found);
    };
    resolving.then(done, () => done([]));
  });
}
