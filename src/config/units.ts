// Durations, shares and money as they are written in a configuration. Pure parsing; limits belong to the schema.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms 8s 5m 1h 7d` in milliseconds; a bare 0 needs no unit. `undefined` when it is none. */
export function parseDuration(value: unknown): number | undefined {
  if (value === 0 || value === "0") return 0;
  if (typeof value !== "string") return undefined;
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(value.trim());
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  return unitMs === undefined ? undefined : Math.round(Number(match?.[1]) * unitMs);
}

/** As one would write it: `5s`, `10m`, `1.5s`, `250ms`. */
export function durationText(ms: number): string {
  const whole = ["d", "h", "m", "s"].find((name) => ms >= (UNIT_MS[name] ?? 0) && ms % (UNIT_MS[name] ?? 1) === 0);
  const unit = whole ?? (ms > 1_000 ? "s" : "ms");
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}

/** `2%` as 0.02; a bare 0 needs no sign. Between 0 and 1. */
export function parseShare(value: unknown): number | undefined {
  if (value === 0 || value === "0") return 0;
  if (typeof value !== "string") return undefined;
  const match = /^(\d{1,3}(?:\.\d{1,9})?)%$/.exec(value.trim());
  // 99.9 / 100 is 0.9990000000000001.
  const share = match === null ? Number.NaN : Number((Number(match[1]) / 100).toPrecision(12));
  return share <= 1 ? share : undefined;
}

/** `0.40usd` as dollars; `perDay` takes `0.50usd/day`. A bare 0 needs no unit. */
export function parseMoney(value: unknown, perDay = false): number | undefined {
  if (value === 0 || value === "0") return 0;
  if (typeof value !== "string") return undefined;
  const match = /^(\d{1,9}(?:\.\d{1,9})?)usd(\/day)?$/i.exec(value.trim());
  if (match === null || (match[2] !== undefined) !== perDay) return undefined;
  return Number(match[1]);
}
