// The providers behind a test's gateway: simulated ones in pairs (a primary and a backup of the other dialect), one that
// keeps the requests it got, and what a simulated provider is going to say.

import { type RunningSimProvider, type SimProviderOptions, startSimProvider } from "../../src/cli/sim-provider.ts";
import type { DialectId } from "../../src/core/call.ts";
import type { HeaderMap } from "../../src/core/runtime.ts";
import { listen } from "../../src/runtime/socket-server.ts";
import type { Ask } from "../../src/sim/ask.ts";
import { complete } from "../../src/sim/completion.ts";
import { type FaultScript, standingFault } from "../../src/sim/fault-script.ts";
import type { Manner } from "../../src/sim/going-on.ts";
import { planCall, SIM_PROVIDER_DEFAULTS } from "../../src/sim/provider.ts";
import { randomStream } from "../../src/sim/random.ts";

export const DIALECTS: readonly DialectId[] = ["anthropic-messages", "openai-chat"];

export function otherDialect(dialect: DialectId): DialectId {
  return dialect === "openai-chat" ? "anthropic-messages" : "openai-chat";
}

/** Fast enough for thousands of calls, slow enough that what comes before a break is delivered before it. */
export const FAST = { firstTokenMs: 10, tokensPerS: 200, words: 24 } as const;

export interface Pair {
  readonly primary: RunningSimProvider;
  readonly backup: RunningSimProvider;
  stop(): void;
}

export type PairOptions = Pick<SimProviderOptions, "firstTokenMs" | "tokensPerS" | "words"> & {
  readonly fault?: FaultScript;
  readonly backupFault?: FaultScript;
  /** How the backup goes on with the primary's answer. */
  readonly manner?: Manner;
};

/** `primary` speaks `dialect`, `backup` the other one; both are named so. */
export function startPair(dialect: DialectId, { fault, backupFault, manner, ...pace }: PairOptions = {}): Pair {
  const primary = startSimProvider({ ...FAST, ...pace, name: "primary", dialect, faults: standing(fault) });
  const backup = startSimProvider({
    ...FAST,
    ...pace,
    name: "backup",
    dialect: otherDialect(dialect),
    faults: standing(backupFault),
    ...(manner !== undefined && { manner }),
  });
  return {
    primary,
    backup,
    stop() {
      primary.stop();
      backup.stop();
    },
  };
}

function standing(fault: FaultScript | undefined) {
  return fault === undefined ? [] : [standingFault(fault)];
}

/** A configuration in which every model is served by `providers`, best first. `route` holds further lines of the route. */
export function configOf(providers: readonly { name: string; dialect: DialectId; url: string }[], route = ""): string {
  const lines = providers.map(
    ({ name, dialect, url }) => `  ${name}: { dialect: ${dialect}, url: "${url}", key: none }`,
  );
  const targets = providers.map(({ name }) => `"${name}/*"`).join(", ");
  return `providers:\n${lines.join("\n")}\nroutes:\n  "*":\n    targets: [${targets}]\n${route}`;
}

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: HeaderMap;
  /** Parsed. */
  readonly body: unknown;
}

export interface RecordingProvider {
  readonly name: string;
  readonly dialect: DialectId;
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  stop(): void;
}

/** A healthy simulated provider that keeps what it was sent. */
export function startRecordingProvider(name: string, dialect: DialectId): RecordingProvider {
  const requests: ReceivedRequest[] = [];
  const provider = { ...SIM_PROVIDER_DEFAULTS, ...FAST, name, dialect };
  const server = listen({
    host: "127.0.0.1",
    port: 0,
    respond(request) {
      const { path, headers, body } = request;
      requests.push({ path, headers, body: JSON.parse(new TextDecoder().decode(body)) });
      return { plays: planCall(request, provider, randomStream(requests.length, name)).steps };
    },
  });
  const url = `http://127.0.0.1:${server.port}${dialect === "openai-chat" ? "/v1" : ""}`;
  return { name, dialect, url, requests, stop: server.stop };
}

/** What a request asks for, as far as the answer depends on it. */
export type Question = Pick<Ask, "model" | "prompt" | "tools" | "choice">;

export interface Said {
  readonly text: string;
  readonly tools: readonly { readonly name: string; readonly input: unknown }[];
}

/** The whole answer of the simulated provider `name` to a question, from the model of it and not from the wire. */
export function answerOf(name: string, question: Question, words: number = FAST.words): Said {
  const ask: Ask = {
    ...question,
    stream: false,
    maxTokens: Number.POSITIVE_INFINITY,
    thinking: "none",
    parallel: true,
    stops: [],
    includeUsage: false,
    inputTokens: 1,
  };
  const { blocks } = complete(ask, { provider: name, words, createdS: 0 }, () => 0.5);
  return {
    text: blocks.flatMap((block) => (block.type === "text" ? block.pieces : [])).join(""),
    tools: blocks.flatMap((block) => (block.type === "tool" ? [{ name: block.name, input: block.input }] : [])),
  };
}
