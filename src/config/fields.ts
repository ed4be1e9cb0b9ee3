// The building blocks of the schema. A convention holds here: the message of an issue says what is allowed; `issues.ts`
// makes the sentence around it. Objects list their keys so that an unknown one finds its neighbour.

import * as z from "zod";
import { parseDuration } from "./units.ts";

/** What an editor and the reference are told of a value: JSON Schema. */
export type Fragment = Readonly<Record<string, unknown>>;

/** Where a schema keeps what is allowed, in words. Keywords of our own are not in the JSON Schema that is published. */
export const ALLOWED = "x-allowed";
/** zod keeps no `default` of a value that it transforms. */
export const STANDARD = "x-standard";

/** A value that `parse` understands; `allowed` is what people read when it does not, `fragment` what editors check. */
export function scalar<T>(parse: (value: unknown) => T | undefined, allowed: string, fragment: Fragment = {}) {
  return z
    .unknown()
    .transform((value, context): T => {
      const parsed = parse(value);
      if (parsed !== undefined) return parsed;
      context.issues.push({ code: "custom", message: allowed, input: value });
      return z.NEVER;
    })
    .meta({ ...orVariable(fragment), [ALLOWED]: allowed });
}

/** Any value may come from the environment. */
function orVariable(fragment: Fragment): Fragment {
  const takesText = fragment.type === "string" && fragment.pattern === undefined;
  if (takesText || Object.keys(fragment).length === 0) return fragment;
  return { anyOf: [fragment, { type: "string", pattern: "\\$\\{[A-Za-z_]\\w*\\}" }] };
}

/** Adds to a key what it is for, and what holds where it is not written. */
export function told<Key extends z.ZodType>(key: Key, what: string, standard?: string | number | boolean): Key {
  return key.meta({ description: what, ...(standard !== undefined && { [STANDARD]: standard }) });
}

/** A mapping with these keys and no others. */
export function object<Shape extends z.ZodRawShape>(shape: Shape, allowed = "a mapping") {
  const keys = Object.keys(shape).join(", ");
  return z
    .strictObject(shape, { error: (issue) => (issue.code === "unrecognized_keys" ? keys : allowed) })
    .meta({ [ALLOWED]: allowed });
}

export function list<Item extends z.ZodType>(item: Item, allowed: string) {
  return z.array(item, { error: allowed }).meta({ [ALLOWED]: allowed });
}

/** A mapping from names that the user chooses. */
export function named<Item extends z.ZodType>(item: Item, allowed: string) {
  return z.record(z.string(), item, { error: allowed }).meta({ [ALLOWED]: allowed });
}

export function oneOf<const Name extends string>(...names: readonly Name[]) {
  return scalar((value) => names.find((name) => name === value), names.join(" | "), { enum: names });
}

export function text(allowed: string) {
  const parse = (value: unknown) => (typeof value === "string" && value.trim() !== "" ? value : undefined);
  return scalar(parse, allowed, { type: "string", minLength: 1 });
}

export const yesOrNo = scalar(
  (value) => (value === true || value === "true" ? true : isOff(value) || value === "false" ? false : undefined),
  "true | false",
  { enum: [true, false, "off"] },
);

/** Digits are taken too: that is what the environment gives. */
export function integer(least: number, most: number) {
  return scalar(
    (value) => {
      const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
      const fits = typeof number === "number" && Number.isInteger(number) && number >= least && number <= most;
      return fits ? number : undefined;
    },
    `a whole number from ${least} to ${most}`,
    { type: "integer", minimum: least, maximum: most },
  );
}

const DAY_MS = 86_400_000;
const DURATION: Fragment = { type: "string", pattern: "^\\d+(\\.\\d+)?(ms|s|m|h|d)$" };

export function durationMs(leastMs: number, mostMs = DAY_MS, more = "") {
  const range = leastMs > 0 ? "more than 0" : "0 or more";
  return scalar(
    (value) => {
      const ms = leastMs === 0 && isOff(value) ? 0 : parseDuration(value);
      return ms !== undefined && ms >= leastMs && ms <= mostMs ? ms : undefined;
    },
    `${more}a duration such as 500ms, 8s or 5m, ${range} and at most ${rounded(mostMs)}`,
    leastMs === 0 ? { anyOf: [DURATION, { enum: ["off", false, 0] }] } : DURATION,
  );
}

export function autoOrDurationMs(leastMs: number) {
  const duration = durationMs(leastMs, DAY_MS, "auto | ");
  const allowed = `auto | a duration such as 500ms, 8s or 5m, more than 0 and at most ${rounded(DAY_MS)}`;
  return z.union([z.literal("auto"), duration], { error: allowed }).meta({ [ALLOWED]: allowed });
}

/** `off` and `false` mean the same everywhere. */
export function isOff(value: unknown): boolean {
  return value === "off" || value === false;
}

/**
 * True for every way to ask for nothing: `off`, `false`, `none`, `memory`, zero in any unit, an empty list or mapping, and
 * a mapping whose values all ask for nothing. A configuration may always say so, whatever this version can do.
 */
export function asksForNothing(value: unknown): boolean {
  if (value === undefined || value === null || isOff(value) || value === 0) return true;
  if (typeof value === "string") {
    return /^(?:|none|memory|private|0+(?:\.0+)?(?:%|ms|s|m|h|d|usd(?:\/day)?)?)$/.test(value.trim());
  }
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.values(value).every(asksForNothing);
}

/** A feature: nothing (also by the names of `nothings`), or what `asking` describes. */
export function feature<Asking extends z.ZodType>(asking: Asking, allowed: string, nothings: readonly string[] = []) {
  // A mapping that has keys is `asking`'s to read, so that an unknown key in it is found.
  const hasKeys = (value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  const parse = (value: unknown) => (asksForNothing(value) && !hasKeys(value) ? ("off" as const) : undefined);
  const nothing = scalar(parse, "off", { enum: [...nothings, "off", false, "none", 0] });
  return z
    .union([nothing, asking], { error: allowed })
    .optional()
    .meta({ [ALLOWED]: allowed });
}

function rounded(ms: number): string {
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : `${ms / 60_000}m`;
}
