// Without a configuration: the provider keys that the environment has, and the catalog, make one. Pure; it is written as
// a configuration and judged like any other.

import type { ModelClass } from "../../catalog/model.ts";
import { FAMILIES, modelsOf, standIn } from "../../catalog/models.ts";
import { PROVIDERS } from "../../catalog/providers.ts";
import { LISTEN_DEFAULTS } from "./defaults.ts";
import type { Environment } from "./environment.ts";
import { type Loaded, settingsFrom } from "./load.ts";
import type { Path } from "./problem.ts";
import { isLoopback } from "./url.ts";

export interface ZeroConfig {
  /** What the environment amounts to, as somebody would have written it. */
  readonly config: WrittenConfig;
  readonly loaded: Loaded;
  /** Providers with a key, and where it was found. */
  readonly found: readonly { readonly provider: string; readonly variable: string }[];
  /** What was seen and not followed, for people. */
  readonly notes: readonly string[];
}

export interface WrittenConfig {
  readonly providers: Readonly<Record<string, { readonly key: string; readonly url?: string }>>;
  readonly routes: Readonly<Record<string, { readonly targets: readonly string[] }>>;
}

/** `undefined` when no provider of the catalog has a key. `port`: where the gateway itself will serve. */
export function zeroConfig(env: Environment, port: number = LISTEN_DEFAULTS.port): ZeroConfig | undefined {
  const found = Object.entries(PROVIDERS).flatMap(([provider, { keyVariable }]) =>
    keyVariable !== undefined && isSet(env, keyVariable) ? [{ provider, variable: keyVariable }] : [],
  );
  if (found.length === 0) return undefined;
  const notes: string[] = [];
  const providers = Object.fromEntries(
    found.map(({ provider, variable }) => [
      provider,
      { key: `\${${variable}}`, ...ownUrl(provider, env, { port, notes }) },
    ]),
  );
  const names = found.map(({ provider }) => provider);
  const config = { providers, routes: Object.fromEntries([...ownNames(names), ...patterns(names)]) };
  return { config, loaded: fromEnvironment(settingsFrom(config, { env })), found, notes };
}

function isSet(env: Environment, name: string): boolean {
  return Object.hasOwn(env, name) && (env[name] ?? "").trim() !== "";
}

interface Surroundings {
  readonly port: number;
  readonly notes: string[];
}

/** Another url, as the vendor's SDK reads it; not the gateway's own, which is there for the applications beside it. */
function ownUrl(provider: string, env: Environment, { port, notes }: Surroundings): { url?: string } {
  const variable = PROVIDERS[provider]?.urlVariable;
  if (variable === undefined || !isSet(env, variable)) return {};
  const url = URL.parse(env[variable]?.trim() ?? "");
  const itself = url !== null && isLoopback(url.hostname) && portOf(url) === port;
  if (!itself) return { url: `\${${variable}}` };
  notes.push(`${variable} points at this gateway itself; ${provider} is called at its own address`);
  return {};
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

type Written = readonly [string, WrittenConfig["routes"][string]];

/** Each model of the catalog by its own name; the first provider that has it wins. */
function ownNames(providers: readonly string[]): Written[] {
  const seen = new Set<string>();
  return providers.flatMap((provider) =>
    modelsOf(provider).flatMap((model): Written[] => {
      if (seen.has(model.name)) return [];
      seen.add(model.name);
      return [[model.name, { targets: [`${provider}/${model.name}`, ...elsewhere(provider, model.class, providers)] }]];
    }),
  );
}

/** Names that the catalog does not know, by their beginning. */
function patterns(providers: readonly string[]): Written[] {
  return FAMILIES.filter(({ provider }) => providers.includes(provider)).map(({ prefix, provider, class: wanted }) => [
    `${prefix}*`,
    { targets: [`${provider}/*`, ...elsewhere(provider, wanted, providers)] },
  ]);
}

function elsewhere(provider: string, wanted: ModelClass | undefined, providers: readonly string[]): string[] {
  if (wanted === undefined) return [];
  return providers.flatMap((other) => {
    const model = other === provider ? undefined : standIn(other, wanted);
    return model === undefined ? [] : [`${other}/${model.name}`];
  });
}

/** What nobody wrote came from the environment (a key, a url) or from the catalog. */
function fromEnvironment(loaded: Loaded): Loaded {
  if (!loaded.ok) return loaded;
  return {
    ...loaded,
    originOf(path: Path) {
      const origin = loaded.originOf(path);
      if (origin.from !== "object") return origin;
      return { ...origin, from: origin.variables === undefined ? "catalog" : "environment" };
    },
  };
}

/** A line for people: which providers, and how many routes. */
export function zeroConfigText({ found, config }: ZeroConfig): string {
  const providers = found.map(({ provider, variable }) => `${provider} (${variable})`).join(", ");
  const count = Object.keys(config.routes).length;
  return `no holdfast.yaml: ${providers} from the environment, ${count} routes; \`holdfast explain\` shows them`;
}
