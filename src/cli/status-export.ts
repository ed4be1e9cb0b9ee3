// `holdfast status --export FOLDER`: a copy of the gateway's own status page as files, for a web server that is not the
// gateway. It stays readable when the gateway is gone, and then says so.

import { join } from "node:path";
import { parseDuration } from "../config/units.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import { sleep } from "../core/timing.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { putTextFile, readTextFile, untilStopped } from "../runtime/command-io.ts";
import { misuse } from "./command.ts";
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

/** File names and texts. */
export type Copy = ReadonlyMap<string, string>;

/** Once, or with `every` (such as `1m`) until it is stopped. Gives the exit code. */
export async function exportPage(gateway: GatewayClient, folder: string, every: string | undefined): Promise<number> {
  const everyMs = every === undefined ? undefined : parseDuration(every);
  if (every !== undefined && (everyMs === undefined || everyMs < 1_000)) {
    return misuse("status", `--every ${every}: a duration such as 1m, at least 1s`);
  }
  const exporter = createExporter(gateway, folder);
  const done = await exporter();
  if (everyMs === undefined) {
    if (done) console.log(`wrote ${folder}: ${FILES.length} files`);
    return done ? 0 : 1;
  }
  const { clock } = createBunRuntime();
  const stopped = new CancelSource();
  void untilStopped().then(() => stopped.cancel(fault("cancelled", "stopped")));
  while (stopped.fault === undefined) {
    await sleep(clock, everyMs, stopped);
    if (stopped.fault === undefined) await exporter();
  }
  return 0;
}

/** Writes the page as it is; where it cannot be had, what was there before with the word that nobody has verified it. */
function createExporter(gateway: GatewayClient, folder: string): () => Promise<boolean> {
  let last: Copy | undefined;
  let reached = true;
  return async () => {
    const copied = await copyPage(gateway);
    const isHere = !("problem" in copied);
    if (!isHere && reached) console.error(`holdfast status: ${copied.problem}`);
    reached = isHere;
    if (isHere) {
      last = copied;
      return write(folder, copied);
    }
    last ??= await readBack(folder);
    if (last !== undefined) await write(folder, unverified(last));
    return false;
  };
}

/** All of the page, or why not: half of an old copy and half of a new one would contradict each other. */
export async function copyPage(gateway: GatewayClient): Promise<Copy | { readonly problem: string }> {
  const files = new Map<string, string>();
  for (const [path, file] of FILES) {
    const told = await gateway.get(path);
    if (!told.ok) return { problem: told.message };
    files.set(file, told.text);
  }
  return files;
}

/** The copy once the gateway is no longer reached: it must not go on saying that all is well. */
export function unverified(files: Copy): Copy {
  const html = files.get("index.html") ?? "";
  if (html.includes(UNVERIFIED)) return files;
  const asOf = /as of ([\d-]{10} [\d:]{5} UTC)/.exec(html)?.[1];
  const said = `${UNVERIFIED}${asOf === undefined ? "" : ` since ${asOf}`}`;
  const notice = `<div class="headline critical" role="alert">${said}<small>The service that keeps this page cannot be reached. What follows is as it was then.</small></div>`;
  const changed = new Map(files);
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

const UNVERIFIED = "Not verified";

/** What an earlier run has left there. */
async function readBack(folder: string): Promise<Copy | undefined> {
  const files = new Map<string, string>();
  for (const [, file] of FILES) {
    const read = await readTextFile(join(folder, file));
    if ("text" in read) files.set(file, read.text);
  }
  return files.has("index.html") ? files : undefined;
}

async function write(folder: string, files: Copy): Promise<boolean> {
  for (const [file, text] of files) {
    const problem = await putTextFile(join(folder, file), text);
    if (problem === undefined) continue;
    console.error(`holdfast status: ${problem}`);
    return false;
  }
  return true;
}
