// Names of models: whether one that somebody wrote in their own words is one that is configured. Pure; which words name a
// model at all is found where they are read.

/** Parts of a name that make it another model. */
export const VARIANTS: readonly string[] = [
  "mini",
  "nano",
  "micro",
  "lite",
  "flash",
  "pro",
  "turbo",
  "max",
  "codex",
  "chat",
  "reasoner",
  "large",
  "medium",
  "small",
  "oss",
  "scout",
  "maverick",
  "instruct",
  "thinking",
  "embed",
];

/** Whether a configured model is one that `named` means, which a status page named: a family, or a family with its version. */
export function isMeant(model: string, named: string): boolean {
  const own = tokens(model);
  const asked = tokens(named);
  const words = asked.filter((token) => !/^\d+$/.test(token));
  if (!words.every((word) => own.includes(word))) return false;
  const numbers = asked.filter((token) => /^\d+$/.test(token));
  // A family alone means all of it.
  if (asked.length === 1 && /^[a-z]+$/.test(named)) return true;
  if (!sameNumbers(own, numbers)) return false;
  // "GPT-5" is not GPT-5 mini.
  return own.every((token) => !VARIANTS.includes(token) || words.includes(token));
}

/** The version, whole: 4 is neither 4.5 nor 14. A date or a build behind it is none of its parts. */
function sameNumbers(own: readonly string[], numbers: readonly string[]): boolean {
  const mine = own.filter((token) => /^\d{1,2}$/.test(token));
  return mine.length === numbers.length && mine.every((number, at) => number === numbers[at]);
}

function tokens(name: string): readonly string[] {
  return name
    .toLowerCase()
    .split(/[^a-z0-9+]+/)
    .filter((token) => token !== "");
}
