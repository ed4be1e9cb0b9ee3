// Streams that break, against backups that go on with them in each of the ways in which models are known to, for every SDK on
// real sockets. Says of every case what the SDK's user got, and writes the page of it; it asserts nothing.

import type { DialectId } from "../../src/core/call.ts";
import type { FaultScriptKind } from "../../src/sim/fault-script.ts";
import type { Manner } from "../../src/sim/going-on.ts";
import { startGateway } from "../support/gateway.ts";
import { answerOf, configOf, DIALECTS, type Question, startPair } from "../support/providers.ts";
import { CLIENTS, type SdkClient } from "./clients.ts";
import { described, inBatches, isJoined, ROUTE } from "./run-matrix.ts";

/** From the root. */
export const GOING_ON_PAGE = "docs/reference/resume.md";

export interface Backup {
  readonly says: string;
  readonly manner: Manner;
  /** The model asked for; what Claude up to 4.5 takes, others do not. */
  readonly model: string;
  /** The stream breaks while the primary thinks. */
  readonly inThinking?: true;
  readonly expected: "whole" | "error";
}

const UNKNOWN = "some-model";
export const BACKUPS: readonly Backup[] = [
  { says: "repeats the last words, as it was asked", manner: "obeys", model: UNKNOWN, expected: "whole" },
  { says: "is given the text as a prefix (Claude 4.5)", manner: "obeys", model: "claude-haiku-4-5", expected: "whole" },
  { says: "refuses the prefix: 400", manner: "obeys", model: "claude-mythos-4-5", expected: "whole" },
  { says: "begins the whole answer anew", manner: "anew", model: UNKNOWN, expected: "whole" },
  { says: "adds a preamble", manner: "preamble", model: UNKNOWN, expected: "whole" },
  { says: "re-words the words at the seam", manner: "rewords", model: UNKNOWN, expected: "whole" },
  { says: "doubles blanks", manner: "blanks", model: UNKNOWN, expected: "whole" },
  { says: "is asked after thinking alone", manner: "obeys", model: UNKNOWN, inThinking: true, expected: "whole" },
  { says: "refuses to go on", manner: "refuses", model: UNKNOWN, expected: "error" },
  { says: "says something else", manner: "other", model: UNKNOWN, expected: "error" },
];

export const BREAKS: readonly FaultScriptKind[] = ["cut", "reset", "stall", "error-in-band", "malformed-frame"];
/** Content events; of thinking there are more than two. */
const PLACES = [8, 16] as const;
const IN_THINKING = 2;
const THINKS: Readonly<Record<DialectId, object>> = {
  "anthropic-messages": { thinking: { type: "adaptive" } },
  "openai-chat": { reasoning_effort: "high" },
};
const AT_ONCE = 5;

export interface GoneOn {
  readonly backup: Backup;
  readonly fault: FaultScriptKind;
  readonly client: string;
  readonly clientDialect: DialectId;
  readonly primaryDialect: DialectId;
  readonly outcome: "whole" | "error" | "corrupt";
  /** What was thrown, or what was taken for an answer. */
  readonly said: string;
  readonly trail: string;
}

interface Unit extends Pick<GoneOn, "backup" | "fault" | "primaryDialect"> {
  readonly number: number;
}

export async function runGoingOn(): Promise<readonly GoneOn[]> {
  const units = BACKUPS.flatMap((backup) =>
    BREAKS.flatMap((fault) => DIALECTS.map((primaryDialect) => ({ backup, fault, primaryDialect }))),
  ).map((unit, number) => ({ ...unit, number }));
  return (await inBatches(units, AT_ONCE, runUnit)).flat();
}

async function runUnit(unit: Unit): Promise<readonly GoneOn[]> {
  const { backup, fault, primaryDialect, number } = unit;
  const after = backup.inThinking ? IN_THINKING : PLACES[number % PLACES.length];
  const pair = startPair(primaryDialect, { fault: { kind: fault, ...(after && { after }) }, manner: backup.manner });
  try {
    return await Promise.all(CLIENTS.map((client) => runCase(unit, client, [pair.primary, pair.backup])));
  } finally {
    pair.stop();
  }
}

async function runCase(
  { number, ...unit }: Unit,
  client: SdkClient,
  providers: Parameters<typeof configOf>[0],
): Promise<GoneOn> {
  const { backup } = unit;
  const gateway = startGateway(configOf(providers, ROUTE));
  const question: Question = { model: backup.model, prompt: "Tell me of the sea.", tools: [], choice: "auto" };
  const fields = backup.inThinking ? THINKS[client.dialect] : {};
  // Both ways of reading a stream are met by each backup and each break.
  const style = (number + CLIENTS.indexOf(client)) % 2 === 0 ? "raw" : "helper";
  const told = await client.ask(gateway.url, style, question, { fields }).then(
    ({ text, finish }) => {
      const isEnd = finish === "end_turn" || finish === "stop";
      const answer = (name: string) => answerOf(name, question);
      const isWhole = text === answer("backup").text || isJoined(text, answer);
      return { outcome: isEnd && isWhole ? ("whole" as const) : ("corrupt" as const), said: text };
    },
    (error: unknown) => ({ outcome: "error" as const, said: described(error).message }),
  );
  const trail = gateway.eventsOf("attempt-end").map(({ target, fault = "ok" }) => `${target}=${fault}`);
  await gateway.stop();
  return { ...unit, client: client.name, clientDialect: client.dialect, ...told, trail: trail.join(", ") };
}

const HEADS = DIALECTS.flatMap((client) =>
  DIALECTS.map((primary) => ({ client, primary, head: `${nameOf(client)} client, ${nameOf(primary)} breaks` })),
);

function nameOf(dialect: DialectId): string {
  return dialect === "anthropic-messages" ? "Anthropic" : "OpenAI";
}

/** A reset may take with it all that had come: then nothing was shown, and the backup answers from its beginning. */
export function mayBeLost({ fault, outcome, backup }: GoneOn): boolean {
  return fault === "reset" && outcome === "whole" && backup.expected === "error";
}

const OUTCOMES = { whole: "the whole answer", error: "**error**", corrupt: "**CORRUPT**" } as const;

export function renderGoingOn(results: readonly GoneOn[]): string {
  const rows = BACKUPS.map((backup) => {
    const cells = HEADS.map(({ client, primary }) => {
      const own = results.filter(
        (result) =>
          result.backup === backup &&
          result.clientDialect === client &&
          result.primaryDialect === primary &&
          !mayBeLost(result),
      );
      return [...new Set(own.map(({ outcome }) => OUTCOMES[outcome]))].sort().join(", or ");
    });
    return `| ${backup.says} | ${cells.join(" | ")} |`;
  });
  return `# What a broken stream becomes

The official SDKs (${CLIENTS.map(({ name }) => name).join(", ")}), unmodified, read a stream over real sockets. Its
provider breaks it in its middle: it ends without an ending, resets the connection, falls silent, sends an error, or sends an
event that does not parse. The backup, of the other dialect, is asked to go on, and does so in its own way. What becomes of
tool calls and of other faults is on the page [What survives](survival.md).

| the backup | ${HEADS.map(({ head }) => head).join(" | ")} |
|---|${HEADS.map(() => "---").join("|")}|
${rows.join("\n")}

*The whole answer*: the words of the one up to the break, those of the other from there on, each word once, and the right end; or
all of the other's where nothing had been shown, which a reset connection may come to. *Error*: the SDK throws, and the message says that the answer broke off and
is incomplete. Each cell stands for ${(CLIENTS.length / 2) * BREAKS.length} calls; ${results.length} in all, of which ${results.filter(({ outcome }) => outcome === "corrupt").length} were
anything else.
`;
}
