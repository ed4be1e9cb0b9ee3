// The reference page that tells what becomes of a call, made from the matrix's results. Pure; the matrix's test compares
// the page with it and, with UPDATE_DOCS=1, writes it.

import type { FaultScriptKind } from "../../src/sim/fault-script.ts";
import { CLIENTS } from "./clients.ts";
import type { Result } from "./run-matrix.ts";
import type { Scenario } from "./scenarios.ts";

/** From the root. */
export const SURVIVAL_PAGE = "docs/reference/survival.md";

const WORDS = {
  primary: "the primary answers",
  backup: "the backup answers",
  resumed: "the backup goes on with it",
  calls: "the calls that were whole ²",
  error: "**error**",
  corrupt: "**CORRUPT**",
  either: "**error**, or the backup answers ¹",
  goesOn: "the backup goes on with it, or answers ¹",
  wholeCalls: "the calls that were whole ², or the backup answers ¹",
} as const;
const ASKED = {
  text: "text",
  tool: "a tool call",
  tools: "two tool calls",
  "text-tool": "text, then a tool call",
} as const;

/** What the primary does, of a stream and, where that differs, of a whole answer. */
const SAYS: Readonly<Record<FaultScriptKind, readonly [streamed: string, whole?: string]>> = {
  status: ["answers 500"],
  overloaded: ["says that it is overloaded: 529 (Anthropic), 503 (OpenAI)"],
  "rate-limit": ["limits our rate: 429 with a long `retry-after`"],
  "server-error": ["answers 500"],
  credential: ["rejects our key: 401"],
  "model-missing": ["does not know the model: 404"],
  "bad-request": ["refuses the request: 400"],
  "context-too-long": ["finds the prompt too long: 400"],
  silence: ["accepts the request and never answers"],
  "stall-after-headers": ["sends 200 and headers, then nothing"],
  "pings-only": ["sends 200 and then only keep-alives"],
  "slow-first-token": ["begins too late", "answers too late"],
  drip: ["is too slow between events", "sends its answer too slowly"],
  stall: ["falls silent", "falls silent after half of its answer"],
  cut: ["ends cleanly, but without an ending", "ends cleanly after half of its answer"],
  "cut-body": ["closes the connection", "closes the connection after half of its answer"],
  reset: ["resets the connection", "resets the connection"],
  "error-in-band": ["sends an error inside its 200", "sends 200 with an error"],
  "role-only-error": ["sends its first event and then an error inside its 200", "sends 200 with an error"],
  empty: ["ends well without any content"],
  "end-at-once": ["sends 200 and headers and ends"],
  html: ["sends 200 with a page of HTML"],
  "cut-json": ["ends inside an event", "sends half of its JSON"],
  "byte-by-byte": ["sends every byte by itself"],
  "malformed-frame": ["sends an event that does not parse", "sends JSON that does not parse"],
  "no-terminator": ["says why it stopped, but not that it ended", "is well"],
  "no-finish": ["ends without saying why it stopped"],
};

/** What is told of a result: where two ends are right, which of them it was is left to chance. */
function endOf(result: Result): keyof typeof WORDS {
  if (result.outcome === "corrupt") return "corrupt";
  const expected = expectedOf(result);
  if (!expected.includes(" or ")) return result.outcome;
  return expected.endsWith("resumed") ? "goesOn" : expected.endsWith("calls") ? "wholeCalls" : "either";
}

export function expectedOf({ scenario, primaryDialect, clientDialect }: Result): string {
  return scenario.expected(primaryDialect, clientDialect);
}

export function renderSurvival(results: readonly Result[]): string {
  return `# What survives

The official SDKs (${CLIENTS.map(({ name }) => name).join(", ")}), unmodified and with their own
retries on, call the gateway over real sockets. Its route has a primary that fails in one scripted way and a healthy
backup of the other dialect. Every fault meets every SDK, with the primary in either dialect. A stream is read event by
event and by the SDK's own accumulator.

${summary(results)}

That the backup goes on means: one text, of the primary's words up to the break and the backup's from there on, each word
once, and the right end. Otherwise an answer counts only if it is the provider's whole text, word for word, its tool calls parse and are equal to the
provider's, and its end is the right one. *Error* means that the SDK throws, after a text that is marked as incomplete by
that and by nothing else: no part of an answer is ever reported as a whole one. No call is repeated by an SDK, and no call
sends more than three requests to providers.

## Streams

${section(results.filter(({ scenario }) => scenario.stream))}

¹ When a connection breaks, the platform may drop what it had received and not yet handed on. If nothing was released to
the client by then, the backup answers and the client sees nothing of it.

² Tool calls that the client has are whole, and it will run them: the turn ends there, and no second model is asked, which
might make them again.

## Whole answers

${section(results.filter(({ scenario }) => !scenario.stream))}

## What the SDKs say

The classes and words of the errors above, without those of ¹. \`MODEL\` stands for the model asked for.

${errors(results)}

This page is made by the tests in \`test/sdk\`; with \`UPDATE_DOCS=1\` they write it.
`;
}

function summary(results: readonly Result[]): string {
  const count = (end: keyof typeof WORDS) => results.filter((result) => endOf(result) === end).length;
  const rows = (
    ["primary", "backup", "resumed", "goesOn", "calls", "wholeCalls", "error", "either", "corrupt"] as const
  ).map((end) => {
    const words = end === "corrupt" ? "a part, or something else, reported as a whole answer" : WORDS[end];
    return `| ${words} | ${count(end)} |`;
  });
  return `| what became of the call | cases |\n|---|---|\n${rows.join("\n")}\n| all | ${results.length} |`;
}

/** One row for all that a fault does to the same end. */
function section(results: readonly Result[]): string {
  const rows = [...Map.groupBy(results, ({ scenario }) => faultName(scenario))].flatMap(([name, own]) => {
    const scenarios = Map.groupBy([...Map.groupBy(own, ({ scenario }) => scenario)], ([, cases]) => ends(cases));
    return [...scenarios].map(([words, [...alike]]) => {
      const places = [...new Set(alike.map(([scenario]) => placeOf(scenario)))].join("; ");
      return `| ${name} | ${places} | ${words} |`;
    });
  });
  return [
    "| the primary | asked for, or when it strikes | client of its dialect | client of the other dialect |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function ends(results: readonly Result[]): string {
  const isSame = ({ primaryDialect, clientDialect }: Result) => primaryDialect === clientDialect;
  return `${cell(results.filter(isSame))} | ${cell(results.filter((result) => !isSame(result)))}`;
}

function faultName({ fault, stream, variant }: Scenario): string {
  if (fault === undefined) return "is well";
  if (variant !== undefined) return variant;
  const [streamed, whole = streamed] = SAYS[fault.kind];
  return stream ? streamed : whole;
}

function placeOf({ when, asked }: Scenario): string {
  return when === "" ? ASKED[asked] : when;
}

/** One word where all agree; else by the client's dialect, else by the SDK. */
function cell(results: readonly Result[]): string {
  const words = told(results);
  if (words.length === 1) return words[0] ?? "";
  for (const key of ["clientDialect", "client", "style"] as const) {
    const groups = Map.groupBy(results, (result) => result[key]);
    if ([...groups.values()].every((group) => told(group).length === 1)) {
      return [...groups]
        .map(([name, group]) => `${NAMES.get(name) ?? name}: ${told(group)[0]}`)
        .sort()
        .join("; ");
    }
  }
  return words.join(" or ");
}

const NAMES = new Map<string, string>([
  ["anthropic-messages", "Anthropic's SDKs"],
  ["openai-chat", "OpenAI's SDKs"],
]);

function told(results: readonly Result[]): readonly string[] {
  return [...new Set(results.map((result) => WORDS[endOf(result)]))];
}

function errors(results: readonly Result[]): string {
  const found = new Map<string, Set<string>>();
  for (const result of results) {
    if (endOf(result) !== "error" || result.error === undefined) continue;
    const row = `\`${result.error.name}\` | ${plain(result.error.message)}`;
    found.set(row, (found.get(row) ?? new Set()).add(result.client));
  }
  const rows = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([row, clients]) => `| ${row} | ${CLIENTS.flatMap(({ name }) => (clients.has(name) ? [name] : [])).join(", ")} |`,
    );
  return ["| class | message | SDK |", "|---|---|---|", ...rows].join("\n");
}

/** Without what differs from run to run. */
function plain(message: string): string {
  return message
    .replace(/(primary|backup)\/[\w-]+/g, "$1/MODEL")
    .replaceAll("|", "\\|")
    .replaceAll("\n", " ");
}
