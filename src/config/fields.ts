// The building blocks of the schema. A convention holds here: the message of an issue says what is allowed; `issues.ts`
// makes the sentence around it. Objects list their keys so that an unknown one finds its neighbour.

import * as z from "zod";
import { parseDuration } from "./units.ts";

/** A value that `parse` understands; `allowed` is what people read when it does not. */
export function scalar<T>(parse: (value: unknown) => T | undefined, allowed: string) {
  return z.unknown().transform((value, context): T => {
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    context.issues.push({ code: "custom", message: allowed, input: value });
    return z.NEVER;
  });
}

/** A mapping with these keys and no others. */
export function object<Shape extends z.ZodRawShape>(shape: Shape, allowed = "a mapping") {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, { error: (issue) => (issue.code === "unrecognized_keys" ? keys : allowed) });
}

export function list<Item extends z.ZodType>(item: Item, allowed: string) {
  return z.array(item, { error: allowed });
}

/** A mapping from names that the user chooses. */
export function named<Item extends z.ZodType>(item: Item, allowed: string) {
  return z.record(z.string(), item, { error: allowed });
}

export function oneOf<const Name extends string>(...names: readonly Name[]) {
  return scalar((value) => names.find((name) => name === value), names.join(" | "));
}

export function text(allowed: string) {
  return scalar((value) => (typeof value === "string" && value.trim() !== "" ? value : undefined), allowed);
}

export const yesOrNo = scalar(
  (value) => (value === true || value === "true" ? true : isOff(value) || value === "false" ? false : undefined),
  "true | false",
);

/** Digits are taken too: that is what the environment gives. */
export function integer(least: number, most: number) {
  return scalar((value) => {
    const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
    const fits = typeof number === "number" && Number.isInteger(number) && number >= least && number <= most;
    return fits ? number : undefined;
  }, `a whole number from ${least} to ${most}`);
}

const DAY_MS = 86_400_000;

export function durationMs(leastMs: number, mostMs = DAY_MS, more = "") {
  const range = leastMs > 0 ? "more than 0" : "0 or more";
  return scalar(
    (value) => {
      const ms = leastMs === 0 && isOff(value) ? 0 : parseDuration(value);
      return ms !== undefined && ms >= leastMs && ms <= mostMs ? ms : undefined;
    },
    `${more}a duration such as 500ms, 8s or 5m, ${range} and at most ${rounded(mostMs)}`,
  );
}

export function autoOrDurationMs(leastMs: number) {
  const duration = durationMs(leastMs, DAY_MS, "auto | ");
  return z.union([z.literal("auto"), duration], {
    error: `auto | a duration such as 500ms, 8s or 5m, more than 0 and at most ${rounded(DAY_MS)}`,
  });
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
  return typeof value === "object" && Object.values(value).every(asksForNothing);
}

/** A feature: nothing, or what `asking` describes. */
export function feature<Asking extends z.ZodType>(asking: Asking, allowed: string) {
  const nothing = scalar((value) => (asksForNothing(value) ? ("off" as const) : undefined), "off");
  return z.union([nothing, asking], { error: allowed }).optional();
}

function rounded(ms: number): string {
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : `${ms / 60_000}m`;
}
