// A copy of the status page as files, for a web server that is not the gateway: it stays readable when the gateway is gone,
// and then says so.

import { type GatewayClient, parseJson } from "./gateway-client.ts";

/** Asked of the gateway, and the file that it becomes. */
const FILES: readonly (readonly [path: string, file: string])[] = [
  ["/status", "index.html"],
  ["/history.atom", "history.atom"],
  ["/api/v2/summary.json", "api/v2/summary.json"],
  ["/api/v2/status.json", "api/v2/status.json"],
  ["/api/v2/components.json", "api/v2/components.json"],
  ["/api/v2/incidents.json", "api/v2/incidents.json"],
];

export interface Copied {
  readonly files: ReadonlyMap<string, string>;
  /** ISO 8601. */
  readonly at: string;
}

/** All of the page, or why not: half of an old copy and half of a new one would contradict each other. */
export async function copyPage(gateway: GatewayClient, at: string): Promise<Copied | { readonly problem: string }> {
  const files = new Map<string, string>();
  for (const [path, file] of FILES) {
    const told = await gateway.get(path);
    if (!told.ok) return { problem: told.message };
    files.set(file, told.text);
  }
  return { files, at };
}

/** The copy once the gateway is no longer reached: it must not go on saying that all is well. */
export function unverified({ files, at }: Copied): ReadonlyMap<string, string> {
  const since = `${at.slice(0, 16).replace("T", " ")} UTC`;
  const said = `Not verified since ${since}`;
  const notice = `<div class="headline critical" role="alert">${said}<small>The service that keeps this page cannot be reached. What follows is as it was then.</small></div>`;
  const changed = new Map(files);
  const html = files.get("index.html");
  if (html !== undefined)
    changed.set(
      "index.html",
      html.replace("<header>", () => `<header>\n${notice}`),
    );
  for (const file of ["api/v2/summary.json", "api/v2/status.json"]) {
    const json = parseJson(files.get(file) ?? "");
    if (typeof json !== "object" || json === null) continue;
    changed.set(file, JSON.stringify({ ...json, status: { indicator: "major", description: said } }));
  }
  return changed;
}
