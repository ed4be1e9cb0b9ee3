// The words of a script: durations, shares, and the nearest name for one that is misspelt. Pure; the gateway's own
// configuration has its own schema.

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const SHARE = /^(\d+(?:\.\d+)?)%$/;

/** Milliseconds of `500ms 8s 5m 1h 7d`; a bare number counts as milliseconds. `undefined`: not a duration. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const match = DURATION.exec(value.trim());
  return match === null ? undefined : Number(match[1]) * (UNITS[match[2] ?? ""] ?? Number.NaN);
}

/** 0..1 of `40%` or `0.4`. `undefined`: not a share. */
export function share(value: unknown): number | undefined {
  const match = typeof value === "string" ? SHARE.exec(value.trim()) : null;
  const number = match === null ? value : Number(match[1]) / 100;
  return typeof number === "number" && number >= 0 && number <= 1 ? number : undefined;
}

/** The allowed name that is closest to a misspelt one, if any is close. */
export function nearest(name: string, allowed: readonly string[]): string | undefined {
  // A hostile length would make the comparison quadratic for nothing.
  if (name.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(name.length / 3)) + 1;
  for (const candidate of allowed) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `"cuts" is not a fault kind; did you mean "cut"? Allowed: …` */
export function unknownName(name: string, what: string, allowed: readonly string[]): string {
  const near = nearest(name, allowed);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return `"${name.slice(0, 64)}" is not ${what}${hint}${hint === "" ? ";" : ""} allowed: ${allowed.join(", ")}`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
