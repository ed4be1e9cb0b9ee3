// Which proxy a request goes through. Bun's `fetch` reads the usual variables by itself; this is the same reading, for what
// `fetch` does not do: asking the right host whether it is there, and keeping what stays on this machine away from proxies.

type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** A request to this machine itself never needs one, and a corporate proxy could not serve it. */
export function isLoopbackUrl(url: URL): boolean {
  return LOOPBACK.test(url.hostname);
}

/** True when some request of this process may go through a proxy. */
export function hasProxy(env: Environment): boolean {
  return ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].some((name) => read(env, name) !== undefined);
}

/** The proxy's own url; `undefined` when the request goes straight to its host. */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  if (isLoopbackUrl(url)) return undefined;
  const own = read(env, url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY") ?? read(env, "ALL_PROXY");
  if (own === undefined || isExempt(url, read(env, "NO_PROXY") ?? "")) return undefined;
  return URL.parse(own.includes("://") ? own : `http://${own}`) ?? undefined;
}

function read(env: Environment, name: string): string | undefined {
  return env[name.toLowerCase()] || env[name] || undefined;
}

/** `NO_PROXY`: names and addresses, each with all that is below it; `host:port`; `*` for everything. */
function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const isAddress = url.hostname.startsWith("[") || /^\d+(?:\.\d+){3}$/.test(host);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(",").some((part) => {
    const entry = part.trim().toLowerCase();
    if (entry === "*") return true;
    const ported = /^([^:]+|\[[^\]]+\]):(\d+)$/.exec(entry);
    if (ported !== null && ported[2] !== port) return false;
    const name = (ported?.[1] ?? entry).replace(/^\[|\]$/g, "").replace(/^\*?\./, "");
    return name !== "" && (host === name || (!isAddress && host.endsWith(`.${name}`)));
  });
}
