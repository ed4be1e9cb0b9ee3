// `holdfast status`: what the status pages of the providers in use say, read now, beside what a running gateway believes.
// It needs no gateway; how pages are read is `status/`'s business.

import { renderProblems } from "../config/problem.ts";
import type { Settings } from "../core/settings.ts";
import type { PageReading } from "../core/status-page.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { resolveHost } from "../runtime/resolve-host.ts";
import { usedSources } from "../server/page-watch.ts";
import { readingView } from "../server/reading-view.ts";
import { createPageMemory, readPage } from "../status/read-page.ts";
import { type Command, misuse } from "./command.ts";
import { DEFAULT_FILE, readConfiguration } from "./config-file.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import { GATEWAY_FLAGS, GATEWAY_URL_HELP, type GatewayClient, openGateway, urlOf } from "./gateway-client.ts";
import { exportPage } from "./status-export.ts";
import { beliefOf, type ProviderBelief, statusLines } from "./status-text.ts";

const HELP = `holdfast status [--config FILE] [--gateway URL] [--json]
holdfast status --export FOLDER [--every 1m] [--gateway URL]

What the providers in use say of themselves on their status pages, read now: how their API stands, what is open, for which
models and since when, where it was read. Beside it what a running gateway believes by its own calls, where one is reached.
A page that cannot be read or understood is unknown, never well.

With --export: the gateway's own status page as files, for a web server that outlives the gateway.

  --config FILE   the configuration (default: ${DEFAULT_FILE}, else the provider keys in the environment)
  --json          one object on one line for each provider
  --export FOLDER writes index.html, history.atom and api/v2/*.json there
  --every 1m      again and again, until it is stopped; when the gateway is not reached the files say so
${GATEWAY_URL_HELP}

HOLDFAST_ADMIN_KEY in the environment is the gateway's admin key, where it has one.

Exit codes: 0 told, whatever the pages say; 1 the page could not be exported; 2 bad use, or the configuration is wrong.`;

export const status: Command = { summary: "what providers say on their status pages", help: HELP, run: runStatus };

const FLAGS = {
  export: { type: "string" },
  every: { type: "string" },
  ...GATEWAY_FLAGS,
} as const;

async function runStatus(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return misuse("status", parsed.message);
  const folder = textFlag(parsed.flags, "export");
  const every = textFlag(parsed.flags, "every");
  if (folder !== undefined) return exportOwn(parsed.flags, folder, every);
  if (every !== undefined) return misuse("status", "--every goes with --export FOLDER");
  const settings = await settingsOf(textFlag(parsed.flags, "config"));
  if (typeof settings === "string") {
    console.error(settings);
    return 2;
  }
  const named = textFlag(parsed.flags, "gateway");
  const gateway = await openGateway({ gateway: named ?? urlOf(settings.listen) });
  if ("problem" in gateway) return misuse("status", gateway.problem);
  const [readings, known] = await Promise.all([readAll(settings), askGateway(gateway, named !== undefined)]);
  if (parsed.flags.json === true) {
    for (const reading of readings) {
      const belief = beliefOf(reading.provider, known.beliefs);
      console.log(JSON.stringify({ ...readingView(reading), ...(belief && { belief }) }));
    }
    return 0;
  }
  const runtime = createBunRuntime();
  console.log(statusLines(readings, known.beliefs, runtime.wallMs()).join("\n"));
  if (known.hooks.length > 0) {
    console.log("webhooks of these pages may be sent to the gateway, as a hint to read them again:");
    for (const { page, path } of known.hooks) console.log(`  ${page}  ›  ${gateway.url}${path}`);
  }
  return 0;
}

async function exportOwn(flags: Flags, folder: string, every: string | undefined): Promise<number> {
  const gateway = await openGateway(flags);
  return "problem" in gateway ? misuse("status", gateway.problem) : exportPage(gateway, folder, every);
}

async function settingsOf(named: string | undefined): Promise<Settings | string> {
  const config = await readConfiguration(named);
  if (config.from === "unreadable") return config.message;
  if (config.from === "nothing") {
    return `there is no ${DEFAULT_FILE} here and no provider key in the environment; \`holdfast init\` writes a first one`;
  }
  return config.loaded.ok ? config.loaded.settings : renderProblems(config.loaded.problems);
}

/** One for each provider that a route uses, in the configuration's order; without a page: unknown. */
async function readAll(settings: Settings): Promise<readonly PageReading[]> {
  const reach = { runtime: createBunRuntime(), resolveHost };
  const sources = usedSources(settings);
  const read = await Promise.all(sources.map((source) => readPage(source, createPageMemory(), reach)));
  const byProvider = new Map(
    sources.flatMap(({ providers }, at) => providers.map((provider) => [provider, read[at]?.reading] as const)),
  );
  const used = new Set(settings.routes.flatMap(({ targets }) => targets.map(({ provider }) => provider)));
  return settings.providers
    .filter(({ name }) => used.has(name))
    .map(({ name }) => ({ provider: name, ...(byProvider.get(name) ?? NO_PAGE) }));
}

const NO_PAGE: Omit<PageReading, "provider"> = {
  page: "",
  backend: "unknown",
  health: "unknown",
  components: [],
  incidents: [],
  state: "error",
  error: { code: "schema", detail: "no status page is configured, and the catalog knows none" },
};

interface Known {
  readonly beliefs: readonly ProviderBelief[];
  readonly hooks: readonly { readonly page: string; readonly path: string }[];
}

/** Nothing where no gateway runs: only one that was named is missed. */
async function askGateway(gateway: GatewayClient, named: boolean): Promise<Known> {
  const [beliefs, pages] = await Promise.all([gateway.get("/admin/v1/beliefs"), gateway.get("/admin/v1/status")]);
  if (!beliefs.ok && (named || beliefs.status !== undefined)) console.error(`holdfast status: ${beliefs.message}`);
  return {
    beliefs: beliefs.ok ? listAt<ProviderBelief>(beliefs.json, "beliefs") : [],
    hooks: pages.ok ? listAt<Known["hooks"][number]>(pages.json, "hooks") : [],
  };
}

/** Made by the gateway at the other end: its shape is taken on trust. */
function listAt<Item>(json: unknown, key: string): readonly Item[] {
  const value: unknown = typeof json === "object" && json !== null ? Reflect.get(json, key) : undefined;
  return Array.isArray(value) ? (value as readonly Item[]) : [];
}
