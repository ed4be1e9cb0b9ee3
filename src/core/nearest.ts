// The nearest known name to a mistyped one, for "did you mean". Not a search: it answers only when a slip is likely.

const LENGTH_MAX = 120;
const NAMES_MAX = 2_000;

/**
 * The name of `names` that `name` was probably meant to be: at most a third of its letters wrong, swapped, missing or
 * added (case aside), and at most four. The first of equals; `undefined` when nothing is near. Both inputs are bounded,
 * for `name` may come from a stranger.
 */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  if (name.length === 0 || name.length > LENGTH_MAX) return undefined;
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.min(4, Math.max(1, Math.floor(name.length / 3))) + 1;
  let seen = 0;
  for (const candidate of names) {
    seen += 1;
    if (seen > NAMES_MAX) break;
    if (candidate.length > LENGTH_MAX || Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Damerau–Levenshtein in its restricted form: insertions, deletions, substitutions and swaps of neighbours cost 1. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
