// Reads what a simulated provider can serve from the words of a script.

import { asRecord, type JsonRecord } from "./json.ts";
import type { Supply, WarmUp } from "./supply.ts";
import { durationMs, share } from "./words.ts";

export const SUPPLY_FIELDS = [
  "concurrency",
  "queue",
  "capacity",
  "requests-per-minute",
  "input-tokens-per-minute",
  "warm-up",
  "prompt-cache",
] as const;

type Read = <T>(name: string, parse: (value: unknown) => T | undefined, allowed: string) => T | undefined;

const WARM_UP_FIELDS = ["at", "for", "from", "to"];
const PLACES_MAX = 10_000;

/** Absent: nothing is said of it. `read` tells what is wrong. */
export function readSupply(fields: JsonRecord, read: Read): Supply | undefined {
  if (!SUPPLY_FIELDS.some((name) => fields[name] !== undefined)) return undefined;
  const found = {
    concurrency: read("concurrency", (value) => count(value, 1), `a whole number from 1 to ${PLACES_MAX}`),
    queue: read("queue", (value) => count(value, 0), `a whole number from 0 to ${PLACES_MAX}`),
    capacityPerS: read("capacity", positive, "requests a second, over 0"),
    requestsPerMin: read("requests-per-minute", positive, "a number over 0"),
    inputTokensPerMin: read("input-tokens-per-minute", positive, "a number over 0"),
    warmUp: read("warm-up", warmUpOf, "{ at: 7m, for: 400s, from: 5%, to: 130% } (`to` at most 500%, default 100%)"),
    promptCacheMs: read("prompt-cache", longer, "a duration over 0 such as 5m"),
  };
  // What is absent is left out.
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Supply;
}

/** What makes no sense together, as problems with their place. */
export function supplyProblems({ concurrency, capacityPerS, queue, warmUp }: Supply, where: string): readonly string[] {
  return [
    ...(queue !== undefined && concurrency === undefined ? [`${where}.queue: a queue needs \`concurrency\``] : []),
    ...(warmUp !== undefined && concurrency === undefined && capacityPerS === undefined
      ? [`${where}.warm-up: what grows is \`concurrency\` or \`capacity\`; neither is there`]
      : []),
  ];
}

function warmUpOf(value: unknown): WarmUp | undefined {
  const source = asRecord(value);
  if (source === undefined || Object.keys(source).some((key) => !WARM_UP_FIELDS.includes(key))) return undefined;
  const [atMs, forMs] = [durationMs(source.at), durationMs(source.for)];
  const [from, to] = [share(source.from), source.to === undefined ? 1 : grownShare(source.to)];
  if (atMs === undefined || forMs === undefined || forMs === 0 || from === undefined || to === undefined) {
    return undefined;
  }
  return { atMs, forMs, from, to };
}

/** More than all is possible here. */
function grownShare(value: unknown): number | undefined {
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?)%$/.exec(value.trim()) : null;
  const number = match === null ? value : Number(match[1]) / 100;
  return typeof number === "number" && number >= 0 && number <= 5 ? number : undefined;
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 && Number.isFinite(value) ? value : undefined;
}

function longer(value: unknown): number | undefined {
  const ms = durationMs(value);
  return ms === 0 ? undefined : ms;
}

function count(value: unknown, least: number): number | undefined {
  const fits = typeof value === "number" && Number.isInteger(value) && value >= least && value <= PLACES_MAX;
  return fits ? value : undefined;
}
