// What goes wrong at the primary, when, and what was asked for: the rows of the matrix, with what must become of each.

import type { DialectId } from "../../src/core/call.ts";
import type { Ask } from "../../src/sim/ask.ts";
import { FAULT_SCRIPT_KINDS, type FaultScript, type FaultScriptKind } from "../../src/sim/fault-script.ts";

/** `text`: words; `tool`, `tools`: one tool call or two and nothing else; `text-tool`: words, then a tool call. */
export type Asked = "text" | "tool" | "tools" | "text-tool";

/**
 * `primary`: its own whole answer; `backup`: the other's; `resumed`: the words of the primary up to the break and those of
 * the backup from there on; `calls`: the tool calls that were whole by then, and the end of the turn; `error`: the SDK
 * throws, and what it says is true. Of a broken connection the platform may drop what it had received and not yet handed on: then nothing was released, and the backup
 * answers.
 */
export type Expected =
  | "primary"
  | "backup"
  | "resumed"
  | "calls"
  | "error"
  | "backup or error"
  | "backup or resumed"
  | "backup or calls";

export interface Scenario {
  readonly id: string;
  /** Absent: nothing is wrong. */
  readonly fault?: FaultScript;
  /** For people: when the fault strikes; empty: it has no place. */
  readonly when: string;
  /** For people: what is special about this fault of its kind. */
  readonly variant?: string;
  readonly asked: Asked;
  readonly stream: boolean;
  expected(primary: DialectId, client: DialectId): Expected;
}

type Ends = Scenario["expected"];

/** Content events of a text answer: as the simulated providers are set up. */
const FIRST_THIRD = 4;
const LATER = 16;
/** The words before a tool call are three content events, its arguments more than two. */
const IN_TOOL = 1;
const IN_TOOL_AFTER_TEXT = 4;
/** A call has three or four, by the dialect. */
const IN_SECOND_TOOL = 5;

/** Faults that may strike at any place of a stream. */
const PLACED: readonly FaultScriptKind[] = ["stall", "cut", "cut-body", "reset", "error-in-band", "malformed-frame"];

/** Pings must come for a fault of pings only; a drip must outlast the timeouts. */
const PARAMETERS: Partial<Record<FaultScriptKind, Omit<FaultScript, "kind">>> = {
  "pings-only": { delayMs: 50 },
  drip: { delayMs: 4_000 },
  "rate-limit": { retryAfter: "30" },
};

/** Of the kinds without a place, those that do not end in a rescue. */
const STREAM_ENDS: Partial<Record<FaultScriptKind, Ends>> = {
  // One word came, which both begin with.
  drip: () => "backup",
  "byte-by-byte": () => "primary",
  "no-terminator": () => "primary",
  // All of its words came: the backup has none to add, and ends it.
  "no-finish": () => "primary",
  "cut-json": () => "resumed",
  "bad-request": ownMistake,
};
const TOOL_ENDS: Partial<Record<FaultScriptKind, Ends>> = {
  "byte-by-byte": () => "primary",
  "no-terminator": () => "primary",
  // A call is released when it is whole: a Messages stream says so at once, a Chat stream by its finish.
  "no-finish": (primary) => (primary === "openai-chat" ? "backup" : "primary"),
};
const WHOLE_ENDS: Partial<Record<FaultScriptKind, Ends>> = {
  "byte-by-byte": () => "primary",
  "no-terminator": () => "primary",
  "bad-request": ownMistake,
};

/** Told as the provider told it where the request was the caller's own to the byte; one that we wrote proves nothing. */
function ownMistake(primary: DialectId, client: DialectId): Expected {
  return primary === client ? "error" : "backup";
}

const VARIANTS: readonly (readonly [variant: string, fault: FaultScript, ends?: Expected])[] = [
  ["answers 402: our credit is used up", { kind: "status", status: 402 }],
  ["answers 403: our key may not do this", { kind: "status", status: 403 }],
  ["answers 408", { kind: "status", status: 408 }],
  ["answers 502", { kind: "status", status: 502 }],
  ["answers 504", { kind: "status", status: 504 }],
  ["limits our rate: 429 with a `retry-after` that the route waits for", { kind: "rate-limit", retryAfter: "0.05" }],
  ["limits our rate: 429 with a `retry-after` that is no time", { kind: "rate-limit", retryAfter: "soon" }],
  ["is slow between events, but in time", { kind: "drip", delayMs: 20 }, "primary"],
  ["begins late, but in time", { kind: "slow-first-token", delayMs: 100 }, "primary"],
];

function rows(): readonly Scenario[] {
  const list: Scenario[] = [];
  for (const stream of [true, false]) {
    list.push(scenario({ when: "", asked: "text", stream }, "primary"));
    list.push(scenario({ when: "", asked: "text-tool", stream }, "primary"));
    list.push(scenario({ when: "", asked: "tools", stream }, "primary"));
    for (const kind of FAULT_SCRIPT_KINDS) {
      if (stream && PLACED.includes(kind)) list.push(...placed(kind));
      else list.push(...unplaced(kind, stream));
    }
    for (const [variant, fault, ends = "backup"] of VARIANTS) {
      list.push(scenario({ when: "", variant, fault, asked: "text", stream }, ends));
    }
  }
  return list;
}

function unplaced(kind: FaultScriptKind, stream: boolean): readonly Scenario[] {
  const fault = { kind, ...PARAMETERS[kind] };
  const row = { when: "", fault, stream };
  const text = scenario({ ...row, asked: "text" }, (stream ? STREAM_ENDS : WHOLE_ENDS)[kind] ?? "backup");
  // What never looks at the request does the same to every one.
  if (BLIND.has(kind)) return [text];
  return [text, scenario({ ...row, asked: "tool" }, (stream ? TOOL_ENDS : WHOLE_ENDS)[kind] ?? "backup")];
}

const BLIND: ReadonlySet<FaultScriptKind> = new Set<FaultScriptKind>([
  "status",
  "overloaded",
  "rate-limit",
  "server-error",
  "credential",
  "model-missing",
  "bad-request",
  "context-too-long",
  "silence",
  "stall-after-headers",
  "pings-only",
  "html",
  "end-at-once",
]);

function placed(kind: FaultScriptKind): readonly Scenario[] {
  const at = (when: string, after: number, asked: Asked, ends: Expected) =>
    scenario({ when, fault: { kind, after }, asked, stream: true }, ends);
  const isLost = kind === "cut-body" || kind === "reset";
  const broken = isLost ? "backup or error" : "error";
  const resumed = isLost ? "backup or resumed" : "resumed";
  return [
    ...(kind === "reset"
      ? [scenario({ when: "at once", fault: { kind }, asked: "text", stream: true }, "backup")]
      : []),
    at("before the content", 0, "text", "backup"),
    at("in the first third of the text", FIRST_THIRD, "text", resumed),
    at("later in the text", LATER, "text", resumed),
    at("inside a tool call", IN_TOOL, "tool", "backup"),
    at("inside a tool call after text", IN_TOOL_AFTER_TEXT, "text-tool", broken),
    at("inside a second tool call", IN_SECOND_TOOL, "tools", isLost ? "backup or calls" : "calls"),
  ];
}

function scenario(row: Omit<Scenario, "id" | "expected">, ends: Expected | Ends): Scenario {
  const name = [row.fault?.kind ?? "healthy", row.variant ?? "", row.when, row.asked, row.stream ? "stream" : "whole"];
  const expected = typeof ends === "string" ? () => ends : ends;
  return { ...row, id: name.filter((part) => part !== "").join(", "), expected };
}

export const SCENARIOS: readonly Scenario[] = rows();

const TOOLS: Ask["tools"] = [
  {
    name: "get_weather",
    schema: {
      type: "object",
      properties: {
        city: { type: "string" },
        days: { type: "integer", minimum: 3 },
        unit: { enum: ["celsius", "fahrenheit"] },
        places: { type: "array", items: { type: "string" }, minItems: 2 },
      },
      required: ["city", "days", "unit", "places"],
    },
  },
];

/** The question that is answered with what `asked` says. */
export function questionOf(asked: Asked, model: string): Pick<Ask, "model" | "prompt" | "tools" | "choice"> {
  if (asked === "text") return { model, prompt: "Tell me of the sea.", tools: [], choice: "auto" };
  const prompt = asked === "tools" ? "Please use two tools." : "Please use a tool.";
  return { model, prompt, tools: TOOLS, choice: asked === "text-tool" ? "auto" : "any" };
}
