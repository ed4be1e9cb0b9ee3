// What the ledger must know of the configuration and of prices: whom a route asks first, what its calls are worth, where a
// provider is, what a model costs. Looked up once for each name; a reload of the configuration asks again.

import type { ProviderSettings, Settings } from "../../core/settings.ts";
import type { Usage } from "../../core/usage.ts";

/** Of a million tokens, in dollars, as a price list says. Caches and batches may be cheaper or dearer: that is left out. */
export interface TokenPrice {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  /** It says nothing of longer prompts. */
  readonly promptTokensMax?: number;
  /** The last day of it, `2026-12-31`. */
  readonly until?: string;
  /** Where it was read, and the day on which it was last checked. */
  readonly source: string;
  readonly verified: string;
}

/** A price that money in the ledger was counted by. */
export interface UsedPrice extends TokenPrice {
  /** `provider/model` */
  readonly target: string;
}

/** `undefined`: unknown. No price is ever guessed. The url is absent where the provider is not in the configuration any more. */
export type PriceOf = (
  provider: Pick<ProviderSettings, "name"> & { url?: string },
  model: string,
) => TokenPrice | undefined;

export interface Facts {
  /** The target that a call of this route asks first, when all is well; `undefined` when the route is gone. */
  primary(route: string, model: string): string | undefined;
  /** What a completed call of the route is worth; `undefined`: nobody said. */
  valueUsd(route: string): number | undefined;
  /** "" when nobody said. */
  region(provider: string): string;
  /** In billionths of a dollar; `undefined` when a price or a count of tokens is not known. */
  costNano(target: string, usage: Usage, wallMs: number): number | undefined;
  /** Prices that were used and are not noted yet; whoever notes them takes them out. */
  readonly used: UsedPrice[];
}

/** Names of models come from clients where a route is a pattern. */
const NAMES_MAX = 2_000;
const DAY_MS = 86_400_000;

interface Priced extends TokenPrice {
  readonly untilMs: number;
}

export function createFacts(settings: () => Settings, priceOf: PriceOf): Facts {
  /** By route and model. */
  const primaries = new Map<string, Map<string, string | undefined>>();
  const prices = new Map<string, Priced | undefined>();
  const used: UsedPrice[] = [];
  let seen: Settings | undefined;
  const now = (): Settings => {
    const current = settings();
    if (current !== seen) {
      seen = current;
      primaries.clear();
      prices.clear();
    }
    return current;
  };
  const seek = (providers: Settings["providers"], target: string): Priced | undefined => {
    const found = noted(prices, target, priced(priceOf, providers, target));
    if (found !== undefined && used.length < NAMES_MAX) used.push({ ...found, target });
    return found;
  };
  return {
    used,
    primary(route, model) {
      const { routes } = now();
      const models = primaries.get(route);
      const known = models?.get(model);
      if (models !== undefined && (known !== undefined || models.has(model))) return known;
      return noted(models ?? noted(primaries, route, new Map()), model, primaryOf(routes, route, model));
    },
    valueUsd: (route) => now().routes.find(({ name }) => name === route)?.valueUsd,
    region: (provider) => now().providers.find(({ name }) => name === provider)?.region ?? "",
    costNano(target, usage, wallMs) {
      const { providers } = now();
      const known = prices.get(target);
      const price = known !== undefined || prices.has(target) ? known : seek(providers, target);
      return price && costOf(price, usage, wallMs);
    },
  };
}

function noted<T>(known: Map<string, T>, key: string, made: T): T {
  if (known.size >= NAMES_MAX) known.clear();
  known.set(key, made);
  return made;
}

function primaryOf(routes: Settings["routes"], name: string, model: string): string | undefined {
  const first = routes.find((route) => route.name === name)?.targets[0];
  if (first === undefined) return undefined;
  const prefix = name.endsWith("*") ? name.length - 1 : 0;
  const matched = first.model === "*" ? model : first.model.replace("*", () => model.slice(prefix));
  return `${first.provider}/${matched}`;
}

/** `provider/model`, split at the first slash. */
export function splitTarget(target: string): readonly [provider: string, model: string] {
  const slash = target.indexOf("/");
  return slash < 0 ? [target, ""] : [target.slice(0, slash), target.slice(slash + 1)];
}

function priced(priceOf: PriceOf, providers: Settings["providers"], target: string): Priced | undefined {
  const [name, model] = splitTarget(target);
  const price = priceOf(providers.find((provider) => provider.name === name) ?? { name }, model);
  if (price === undefined) return undefined;
  const untilMs = price.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(price.until) + DAY_MS;
  return { ...price, untilMs };
}

function costOf(price: Priced, { inputTokens, outputTokens }: Usage, wallMs: number): number | undefined {
  if (inputTokens === undefined || wallMs >= price.untilMs) return undefined;
  if (price.promptTokensMax !== undefined && inputTokens > price.promptTokensMax) return undefined;
  // Embeddings have no output, and say nothing of it.
  return 1_000 * (inputTokens * price.inputPerMillion + (outputTokens ?? 0) * price.outputPerMillion);
}
