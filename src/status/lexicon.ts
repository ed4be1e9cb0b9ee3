// Which models a title is about. No page of the large providers has a component for each model, so the words of the title
// are all there is: names of families as data, a version before or after them, and whether a configured model is meant.

import { VARIANTS } from "../core/model-name.ts";

interface Family {
  /** As it stands in a model's name. */
  readonly token: string;
  /** As people write it, where that is another word. */
  readonly pattern?: string;
  /** Put before the family in the name that is given. */
  readonly maker?: string;
  /** Common words and short names count only with a version beside them. */
  readonly needsVersion?: true;
}

const FAMILIES: readonly Family[] = [
  { token: "opus", maker: "claude" },
  { token: "sonnet", maker: "claude" },
  { token: "haiku", maker: "claude" },
  { token: "fable", maker: "claude" },
  { token: "mythos", maker: "claude" },
  { token: "gpt", needsVersion: true },
  { token: "o", needsVersion: true },
  { token: "codex" },
  { token: "gemini", needsVersion: true },
  { token: "gemma" },
  { token: "grok", needsVersion: true },
  { token: "llama" },
  { token: "deepseek", needsVersion: true },
  { token: "qwen" },
  { token: "kimi" },
  { token: "glm" },
  { token: "minimax", needsVersion: true },
  { token: "codestral" },
  { token: "devstral" },
  { token: "magistral" },
  { token: "ministral" },
  { token: "pixtral" },
  { token: "mixtral" },
  { token: "mistral", needsVersion: true },
  { token: "command", needsVersion: true },
  { token: "whisper" },
];

/** Versions that are words. */
const WORD_VERSIONS: readonly string[] = ["large", "medium", "small", "r+", "r", "a", "chat", "reasoner"];

const NAMES_MAX = 12;
const VERSION = String.raw`(?:v|r|k|m)?\d{1,2}(?:[.-]\d{1,2})?o?`;
const WORDS = WORD_VERSIONS.map((word) => word.replace("+", String.raw`\+`)).join("|");
const TAIL = String.raw`((?:[ -](?:${VARIANTS.join("|")})\b)*)`;

/** Families with the version on either side: "Claude Sonnet 4.5", "Claude 3.5 Sonnet", "GPT-4o mini", "o3". */
const FINDERS = FAMILIES.map((family) => ({
  family,
  pattern: new RegExp(
    String.raw`(?<![\w.])(?:(\d(?:\.\d)?) )?${family.pattern ?? family.token}(?:[ -]?(${VERSION}|${WORDS})(?![\w]|\.\d))?(?![\w])${TAIL}`,
    "gi",
  ),
}));

/** Names of models or families, lower-case with dashes (`claude-sonnet-4-5`, `haiku`, `gpt-4o-mini`); empty: none is named. */
export function modelsNamed(title: string): readonly string[] {
  const text = spread(title.slice(0, 1_000));
  const named = new Set<string>();
  for (const { family, pattern } of FINDERS) {
    for (const [, before, after, tail = ""] of text.matchAll(pattern)) {
      const version = after ?? before;
      if (version === undefined && family.needsVersion === true) continue;
      if (family.token === "o" && !/^[134]$/.test(version ?? "")) continue;
      named.add(nameOf(family, version, tail));
      if (named.size >= NAMES_MAX) return [...named];
    }
  }
  return [...named];
}

/** "Sonnet 4 and 4.5" and "Opus 4/4.1" name two models each. */
function spread(title: string): string {
  return title.replace(
    /\b([A-Za-z]{3,10})[ -](\d{1,2}(?:\.\d{1,2})?)((?:(?:, (?:and )?| and | & ?|\/)\d{1,2}(?:\.\d{1,2})?(?![\w.%])(?! (?:min|hour|request|user|percent)))+)/g,
    (_, family: string, first: string, more: string) =>
      [first, ...(more.match(/\d{1,2}(?:\.\d{1,2})?/g) ?? [])].map((version) => `${family} ${version}`).join(", "),
  );
}

function nameOf({ token, maker }: Family, version: string | undefined, tail: string): string {
  const variants = tail
    .toLowerCase()
    .replace(/^[ -]+/, "")
    .replace(/[ -]+/g, "-");
  if (version === undefined) return variants === "" ? token : `${token}-${variants}`;
  const numbered = version.toLowerCase().replace(/\./g, "-");
  const base = token === "o" ? `o${numbered}` : `${maker === undefined ? "" : `${maker}-`}${token}-${numbered}`;
  return variants === "" ? base : `${base}-${variants}`;
}
