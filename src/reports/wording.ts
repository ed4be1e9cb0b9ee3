// Numbers as people read them, the same in every report and wherever it is made.

/** `12 345`: thousands apart by a narrow space. */
export function countText(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** `99.95 %`: rounded down, with as many digits as what is missing to 100 % takes, at most 6. */
export function shareText(share: number | undefined): string {
  if (share === undefined) return "unknown";
  if (share >= 1) return "100\u202f%";
  for (let digits = 2; digits <= 6; digits++) {
    const scale = 10 ** digits;
    const floored = Math.floor(share * 100 * scale + 1e-9) / scale;
    if (floored < 100 && 100 - floored <= 2 * (100 - share * 100)) return `${floored.toFixed(digits)}\u202f%`;
  }
  return ">99.9999\u202f%";
}

export function msText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}\u202fms`;
  return ms < 120_000 ? `${(ms / 1_000).toFixed(1)}\u202fs` : `${Math.round(ms / 60_000)}\u202fmin`;
}

/** `$12.34`; small amounts with two digits that count. */
export function usdText(usd: number | undefined): string {
  if (usd === undefined) return "unknown";
  if (usd === 0) return "$0";
  const sign = usd < 0 ? "-" : "";
  const size = Math.abs(usd);
  if (size >= 0.1) {
    const cents = Math.round(size * 100);
    return `${sign}$${countText(Math.floor(cents / 100))}.${String(cents % 100).padStart(2, "0")}`;
  }
  return `${sign}$${size.toPrecision(2).includes("e") ? size.toFixed(9).replace(/0+$/, "") : size.toPrecision(2)}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
